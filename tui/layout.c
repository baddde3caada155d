/*
 * layout.c: see layout.h. Lines are dealt from the outside in: what is most needed first, and the
 * body gets the rest.
 */
#include "tui/layout.h"

#include <string.h>

enum {
	PREVIEW_SIDE_W = 140, /* from this width on the preview stands beside the list */
	PREVIEW_SIDE_COLUMNS = 54,
	PREVIEW_BELOW_W = 60,
	PREVIEW_BELOW_H = 36, /* and from this height below it */
	PREVIEW_BELOW_LINES = 16,
	NAME_AND_SPARK_W = 96, /* below, a name is worth more than the sparkline */
	LIST_GUTTER = 3,       /* cursor, mark, and ! for a layer that is not enforced */
};

enum { ALERT_LINES_H = 14 }; /* from this height on it may take several, up to a quarter */

static struct rect line(int w, int *y)
{
	return (struct rect){ .x = 0, .y = (*y)++, .w = w, .h = 1 };
}

static void split(const struct layout_want *want, int screen_h, struct layout *l)
{
	struct rect *body = &l->body;

	if (!want->preview)
		return;
	if (body->w >= PREVIEW_SIDE_W) {
		int w = body->w - PREVIEW_SIDE_COLUMNS;
		int y = l->heading.h > 0 ? l->heading.y : body->y;

		l->edge = (struct rect){ w, y, 1, body->y + body->h - y };
		l->preview = (struct rect){ w + 2, y, body->w - w - 2, l->edge.h };
		body->w = w;
		l->heading.w = l->heading.h > 0 ? w : 0;
	} else if (body->w >= PREVIEW_BELOW_W && screen_h >= PREVIEW_BELOW_H) {
		int h = screen_h >= 44 ? PREVIEW_BELOW_LINES + 4 : PREVIEW_BELOW_LINES;

		body->h -= h + 1;
		l->edge = (struct rect){ 0, body->y + body->h, body->w, 1 };
		l->preview = (struct rect){ 1, l->edge.y + 1, body->w - 2, h };
	}
}

static void tiny(int w, int h, const struct layout_want *want, struct layout *l)
{
	int y = 0;

	l->tiny = true;
	if (want->alert > 0 && h == 1)
		l->alert = line(w, &y);
	else
		l->summary = line(w, &y);
	if (want->alert > 0 && h >= 3)
		l->alert = line(w, &y);
	if (h >= 5) {
		h--;
		l->keys = (struct rect){ 0, h, w, 1 };
	}
	l->body = (struct rect){ 0, y, h > y ? w : 0, h > y ? h - y : 0 };
}

void layout_compute(int w, int h, const struct layout_want *want, struct layout *ret)
{
	struct layout l = { .tiny = false };
	int y = 0;

	if (w < LAYOUT_TINY_W || h < LAYOUT_TINY_H) {
		tiny(w, h, want, &l);
		*ret = l;
		return;
	}
	l.summary = line(w, &y);
	if (want->alert > 0) {
		l.alert = line(w, &y);
		if (h >= ALERT_LINES_H)
			l.alert.h = want->alert < h / 4 ? want->alert : h / 4;
		y += l.alert.h - 1;
	}
	if (want->heading && h >= 8)
		l.heading = line(w, &y);
	l.state = (struct rect){ 0, h - 2, w, 1 };
	l.keys = (struct rect){ 0, h - 1, w, 1 };
	l.body = (struct rect){ 0, y, w, h - 2 - y };
	split(want, h, &l);
	*ret = l;
}

struct rect layout_dialog(int screen_w, int screen_h, int w, int h)
{
	struct rect r;

	r.w = w < screen_w ? w : screen_w;
	r.h = h < screen_h ? h : screen_h;
	r.x = (screen_w - r.w) / 2;
	r.y = (screen_h - r.h) / 3;
	return r;
}

/* In the order of need; each takes its least width plus a space. COMMAND gets what is left. */
static const struct {
	enum layout_column column;
	int least, from; /* shown from this width on */
} needs[] = {
	{ LIST_ID, 6, 0 },       { LIST_STATE, 7, 0 },    { LIST_USER, 6, 26 },
	{ LIST_CPU, 5, 32 },     { LIST_COMMAND, 8, 48 }, { LIST_MEMORY, 11, 56 },
	{ LIST_LEFT, 6, 64 },    { LIST_NAME, 10, 72 },   { LIST_SPARK, 8, 72 },
	{ LIST_AGE, 6, 88 },     { LIST_PIDS, 4, 94 },    { LIST_POLICY, 8, 98 },
	{ LIST_LAYERS, 4, 112 },
};
/* What the columns grow to, one after the other, once all that fit are there. */
static const struct {
	enum layout_column column;
	int to, from;
} grows[] = {
	{ LIST_STATE, 10, 36 },   { LIST_USER, 7, 60 },    { LIST_COMMAND, 16, 0 },
	{ LIST_NAME, 20, 80 },    { LIST_SPARK, 12, 96 },  { LIST_STATE, 15, 100 },
	{ LIST_USER, 9, 110 },    { LIST_ID, 12, 130 },    { LIST_COMMAND, 24, 0 },
	{ LIST_POLICY, 12, 130 }, { LIST_SPARK, 30, 150 }, { LIST_USER, 14, 150 },
};

void layout_columns(int w, int name_w, struct layout_columns *ret)
{
	int room = w - LIST_GUTTER;
	int x = LIST_GUTTER;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		int least = needs[i].least;
		int from = needs[i].from;

		if (i == 0 && room < least)
			least = room > 0 ? room : 0;
		if (needs[i].column == LIST_NAME && name_w < least)
			least = name_w;
		if (needs[i].column == LIST_SPARK && name_w > 0)
			from = NAME_AND_SPARK_W;
		if (w < from || room < least || least == 0)
			continue;
		ret->w[needs[i].column] = least;
		room -= least + 1;
	}
	for (size_t i = 0; i < sizeof(grows) / sizeof(grows[0]) && room > 0; i++) {
		int *cw = &ret->w[grows[i].column];
		bool name = grows[i].column == LIST_NAME && name_w < grows[i].to;
		int more = (name ? name_w : grows[i].to) - *cw;

		if (*cw == 0 || w < grows[i].from || more <= 0)
			continue;
		more = more < room ? more : room;
		*cw += more;
		room -= more;
	}
	if (room > 0)
		ret->w[ret->w[LIST_COMMAND] > 0 ? LIST_COMMAND : LIST_STATE] += room;
	for (int c = 0; c < LIST_COLUMNS; c++) {
		ret->x[c] = x;
		if (ret->w[c] > 0)
			x += ret->w[c] + 1;
	}
	/* STATE alone may have grown over the edge by the gap that follows a column. */
	for (int c = 0; c < LIST_COLUMNS; c++)
		if (ret->w[c] > 0 && ret->x[c] + ret->w[c] > w)
			ret->w[c] = ret->x[c] < w ? w - ret->x[c] : 0;
}
