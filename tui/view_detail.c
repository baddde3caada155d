/*
 * view_detail.c: everything about one session on a sheet that scrolls: what it is, what it uses,
 * its layers (and why one is not enforced), its mounts and limits, the last five minutes, the
 * newest records of its trail. From 110 columns on in two columns.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/graph.h"
#include "tui/view.h"
#include "tui/words.h"

enum {
	TWO_COLUMNS_W = 110,
	SHEET_LINES = 900, /* more is not drawn: what a record can hold is bounded, too */
	LABEL_W = 11,
	TRAIL_SHORT = 8,
	ROWS_SHOWN = 100,
	REASON_LINES = 4,
};

/* A place to write lines one below the other. */
struct sheet {
	struct app *a;
	struct grid *g;
	const struct session_view *v;
	int x, y, w;
};

static void heading(struct sheet *s, const char *text)
{
	if (s->y > 0)
		s->y++;
	grid_str(s->g, s->x, s->y++, s->w, ROLE_HEADING, text);
}

static int label(struct sheet *s, const char *text)
{
	int w = s->w > 40 ? LABEL_W : 8;

	grid_str(s->g, s->x, s->y, w - 1, ROLE_MUTED, text);
	return w;
}

static void fact(struct sheet *s, const char *name, enum theme_role role, const char *text)
{
	int w = label(s, name);

	grid_str(s->g, s->x + w, s->y++, s->w - w, role, text);
}

static void draw_facts(struct sheet *s)
{
	CLEANUP_BUF struct buf command = BUF_INIT;
	const struct session_view *v = s->v;
	const struct session_record *r = v->record;
	char text[400];
	char time[32];
	char age[16];

	words_command(r, (size_t)s->w * 4, &command);
	fact(s, "command", ROLE_TEXT, buf_str(&command));
	if (v->live && v->have_board && v->board.last_command[0] != '\0')
		fact(s, "now", ROLE_TEXT, v->board.last_command);
	fact(s, "project", ROLE_TEXT, words_text(r->project));
	fact(s, "name", ROLE_TEXT, r->name);
	snprintf(text, sizeof(text), "%.60s, revision %u", words_text(r->policy),
	         v->live && v->have_board && v->board.policy_revision > 0 ? v->board.policy_revision
	                                                                  : r->policy_revision);
	fact(s, "policy", ROLE_TEXT, text);
	words_time(r->started_wall, s->a->model.wall, time, sizeof(time));
	text_format_duration(words_ran(v, s->a->model.now), age, sizeof(age));
	if (v->live) {
		snprintf(text, sizeof(text), "%s, %s ago", time, age);
		fact(s, "started", ROLE_TEXT, text);
	} else {
		char ended[32];

		words_time(r->ended_wall, s->a->model.wall, ended, sizeof(ended));
		snprintf(text, sizeof(text), "%s, ended %s after %s", time, ended, age);
		fact(s, "started", ROLE_TEXT, text);
		words_state(v, s->a->model.now, false, time, sizeof(time));
		fact(s, "ended", words_state_role(v, s->a->model.now),
		     r->reason != NULL && *r->reason != '\0' ? r->reason : time);
	}
	if (words_stale(v, s->a->model.now)) {
		text_format_duration(s->a->model.now - v->board.updated, age, sizeof(age));
		snprintf(text, sizeof(text),
		         "no answer from its supervisor for %s: what stands here is old", age);
		fact(s, "", ROLE_FAILED, text);
	}
}

static int text_width_of(const struct sheet *s)
{
	return s->w > 56 ? 17 : s->w > 40 ? 14 : s->w - (s->w > 40 ? LABEL_W : 8);
}

static int meter_width(const struct sheet *s)
{
	int room = s->w - LABEL_W - text_width_of(s) - 1;

	if (s->w <= 40 || room < 8)
		return 0;
	return room < 16 ? room : room < 32 ? 12 : 18;
}

/* One line: label, words, a meter, and the last minutes at the right. */
static void gauge(struct sheet *s, const char *name, const char *text, int64_t value, int64_t full,
                  enum graph_what what)
{
	int w = label(s, name);
	int x = w + text_width_of(s) + 1;
	int meter_w = meter_width(s);

	grid_str(s->g, s->x + w, s->y, text_width_of(s), ROLE_TEXT, text);
	if (full > 0 && meter_w > 0)
		graph_meter(s->g, s->x + x, s->y, meter_w, value, full);
	x += meter_w + 1;
	if (x + 8 <= s->w && s->v->live && s->v->have_board)
		graph_draw(s->g, (struct rect){ s->x + x, s->y, s->w - x, 1 }, &s->v->board, what,
		           full, 0);
	s->y++;
}

/* What is left of a session that has ended. */
static void draw_totals(struct sheet *s)
{
	const struct session_record *r = s->v->record;
	char text[64];
	char a[16] = "-";
	char b[16];

	if (r->cpu_ns >= 0)
		text_format_duration((uint64_t)r->cpu_ns, a, sizeof(a));
	fact(s, "cpu time", ROLE_TEXT, a);
	words_size(words_memory(s->v), a, sizeof(a));
	words_size(words_memory_limit(s->v), b, sizeof(b));
	snprintf(text, sizeof(text), "%s of %s", a, b);
	gauge(s, "mem. peak", text, words_memory(s->v), words_memory_limit(s->v), GRAPH_MEMORY);
	words_size(r->read_bytes, a, sizeof(a));
	words_size(r->write_bytes, b, sizeof(b));
	snprintf(text, sizeof(text), "read %s, written %s", a, b);
	fact(s, "disk", ROLE_TEXT, text);
}

static void draw_cpu_memory(struct sheet *s)
{
	const struct session_view *v = s->v;
	int64_t cores = v->live && v->have_board && v->board.cpus_limit_milli > 0
	                        ? v->board.cpus_limit_milli
	                        : v->record->cpus_milli;
	int64_t memory = words_memory(v);
	int64_t limit = words_memory_limit(v);
	const char *doubt = words_limits_hold(v) ? "" : "?";
	char text[64];
	char a[16];
	char b[16];

	if (!v->live) {
		draw_totals(s);
		return;
	}
	words_percent(words_cpu(v), a, sizeof(a));
	if (cores > 0)
		snprintf(text, sizeof(text), "%s%% of %lld%%%s", a, (long long)(cores / 10), doubt);
	else
		snprintf(text, sizeof(text), "%s%%, no limit", a);
	gauge(s, "cpu", text, words_cpu(v), cores, GRAPH_CPU);
	words_size(memory, a, sizeof(a));
	words_size(limit, b, sizeof(b));
	if (limit > 0)
		snprintf(text, sizeof(text), "%s of %s%s", a, b, doubt);
	else
		snprintf(text, sizeof(text), "%s, no limit", a);
	gauge(s, "memory", text, memory, limit, GRAPH_MEMORY);
	snprintf(a, sizeof(a), "%lld", (long long)words_pids(v));
	if (words_pids_limit(v) > 0)
		snprintf(text, sizeof(text), "%s of %lld%s", words_pids(v) < 0 ? "-" : a,
		         (long long)words_pids_limit(v), doubt);
	else
		snprintf(text, sizeof(text), "%s, no limit", words_pids(v) < 0 ? "-" : a);
	gauge(s, "processes", text, words_pids(v), words_pids_limit(v), GRAPH_PIDS);
}

static void draw_rates(struct sheet *s)
{
	const struct session_view *v = s->v;
	const struct board_sample *now =
		v->live && v->have_board ? board_sample(&v->board, 0) : NULL;
	char text[64];
	char a[16];
	char b[16];

	if (now == NULL)
		return;
	words_size(now->read_rate, a, sizeof(a));
	words_size(now->write_rate, b, sizeof(b));
	snprintf(text, sizeof(text), "r %s w %s /s", a, b);
	gauge(s, "disk", text, -1, 0, GRAPH_IO);
	if (now->net_in_rate >= 0 || now->net_out_rate >= 0) {
		words_size(now->net_in_rate, a, sizeof(a));
		words_size(now->net_out_rate, b, sizeof(b));
		snprintf(text, sizeof(text), "in %s out %s /s", a, b);
		gauge(s, "network", text, -1, 0, GRAPH_NET);
	}
}

static void draw_time(struct sheet *s)
{
	const struct session_view *v = s->v;
	bool limited;
	uint64_t left = words_left(v, s->a->model.now, &limited);
	uint64_t age = words_ran(v, s->a->model.now);
	char text[64];
	char a[16];
	char b[16];
	int w;

	if (!v->live)
		return;
	text_format_duration(age, a, sizeof(a));
	text_format_duration(left, b, sizeof(b));
	snprintf(text, sizeof(text), limited ? "%s, %s left" : "%s, no limit", a, b);
	w = label(s, "time");
	grid_str(s->g, s->x + w, s->y, s->w - w,
	         limited && left < 60 * NS_PER_SEC ? ROLE_HIGH : ROLE_TEXT, text);
	if (limited && meter_width(s) > 0)
		graph_meter(s->g, s->x + w + text_width_of(s) + 1, s->y, meter_width(s),
		            (int64_t)(age / NS_PER_SEC), (int64_t)((age + left) / NS_PER_SEC));
	s->y++;
}

static void draw_usage(struct sheet *s)
{
	draw_cpu_memory(s);
	draw_rates(s);
	draw_time(s);
}

static enum theme_role layer_role(const struct record_layer *l)
{
	if (strcmp(l->status, "enforced") == 0)
		return ROLE_ENFORCED;
	return strcmp(l->status, "degraded") == 0 ? ROLE_DEGRADED : ROLE_OFF;
}

/* Ends the line: behind x when there is room, else on the lines below. */
static void reason(struct sheet *s, int x, const char *text)
{
	int y = s->y++;

	if ((int)text_columns(text) <= s->w - x)
		grid_str(s->g, s->x + x, y, s->w - x, ROLE_TEXT, text);
	else
		s->y += view_wrapped(s->g, (struct rect){ s->x + 2, s->y, s->w - 2, REASON_LINES },
		                     ROLE_TEXT, text);
}

/* Several a line; the reasons of those that are not enforced below. */
static void draw_layers_short(struct sheet *s)
{
	const struct session_record *r = s->v->record;
	int columns = s->w >= 72 ? 3 : s->w >= 48 ? 2 : 1;
	int w = s->w / columns;

	for (int i = 0; i < r->n_layers; i++) {
		const struct record_layer *l = &r->layers[i];
		int x = s->x + i % columns * w;

		grid_str(s->g, x, s->y, 13, ROLE_TEXT, l->name);
		grid_str(s->g, x + 14, s->y, w - 15, layer_role(l), l->status);
		if (i % columns == columns - 1 || i == r->n_layers - 1)
			s->y++;
	}
	for (int i = 0; i < r->n_layers; i++) {
		const struct record_layer *l = &r->layers[i];
		int x;

		if (layer_role(l) == ROLE_ENFORCED)
			continue;
		x = grid_strf(s->g, s->x, s->y, s->w, layer_role(l), "! %.40s %.16s", l->name,
		              l->status);
		x += grid_str(s->g, s->x + x, s->y, s->w - x, ROLE_TEXT, ": ");
		reason(s, x, words_text(l->reason));
	}
}

static void draw_layers_long(struct sheet *s)
{
	const struct session_record *r = s->v->record;

	for (int i = 0; i < r->n_layers; i++) {
		const struct record_layer *l = &r->layers[i];
		const char *detail = words_text(l->reason);
		char row[300] = "";

		if (*detail == '\0' && l->n_rows > 0 && strcmp(l->name, "mounts") != 0) {
			snprintf(row, sizeof(row), "%.80s %.200s", words_text(l->rows[0].key),
			         words_text(l->rows[0].value));
			detail = row;
		}
		grid_str(s->g, s->x, s->y, 13, ROLE_TEXT, l->name);
		grid_str(s->g, s->x + 14, s->y, 9, layer_role(l), l->status);
		if (layer_role(l) == ROLE_ENFORCED)
			grid_str(s->g, s->x + 24, s->y++, s->w - 24, ROLE_MUTED, detail);
		else
			reason(s, 24, detail);
	}
}

static void draw_row(struct sheet *s, const char *layer, const struct record_row *row)
{
	int layer_w = *layer != '\0' ? 14 : 0;
	int key_w = s->w >= 56 ? 24 - layer_w / 2 : (s->w - layer_w) / 2;
	int x = s->x;

	grid_str(s->g, x, s->y, layer_w - 1, ROLE_MUTED, layer);
	x += layer_w;
	grid_str(s->g, x, s->y, key_w - 1, ROLE_TEXT, words_text(row->key));
	x += key_w;
	grid_str(s->g, x, s->y++, s->x + s->w - x, ROLE_MUTED, words_text(row->value));
}

/* What each layer says of itself: mounts first, since they are what people look for. */
static void draw_layer_rows(struct sheet *s)
{
	const struct session_record *r = s->v->record;

	for (int pass = 0; pass < 2; pass++) {
		bool titled = false;

		for (int i = 0; i < r->n_layers; i++) {
			const struct record_layer *l = &r->layers[i];
			bool mounts = strcmp(l->name, "mounts") == 0;

			if (mounts != (pass == 0) || l->n_rows == 0)
				continue;
			if (!titled)
				heading(s, mounts ? "MOUNTS" : "IN DETAIL");
			titled = true;
			for (int k = 0; k < l->n_rows && k < ROWS_SHOWN; k++)
				draw_row(s, mounts ? "" : l->name, &l->rows[k]);
		}
	}
}

static void draw_limits(struct sheet *s)
{
	const struct session_record *r = s->v->record;
	char memory[16];
	char time[24];
	char idle[24];
	char text[160];

	heading(s, words_limits_hold(s->v) ? "LIMITS" : "LIMITS, NOT ALL ENFORCED: SEE LAYERS");
	words_size(words_memory_limit(s->v), memory, sizeof(memory));
	text_format_duration_exact(r->timeout_ns, time, sizeof(time));
	text_format_duration_exact(r->idle_timeout_ns, idle, sizeof(idle));
	snprintf(text, sizeof(text), "memory %s, cpus %u.%02u, processes %lld, time %s, idle %s",
	         memory, r->cpus_milli / 1000, r->cpus_milli % 1000 / 10,
	         (long long)words_pids_limit(s->v), time, idle);
	grid_str(s->g, s->x, s->y++, s->w, ROLE_TEXT, text);
}

static void history_title(struct sheet *s, enum graph_what what, char *out, size_t size)
{
	const struct board_data *d = &s->v->board;
	int64_t most = -1;
	char text[24];
	char span[16];

	for (unsigned i = 0; i < BOARD_SAMPLES && board_sample(d, i) != NULL; i++) {
		int64_t value = graph_value(board_sample(d, i), what);

		most = value > most ? value : most;
	}
	if (what == GRAPH_CPU)
		snprintf(text, sizeof(text), "%lld%%", (long long)(most < 0 ? 0 : (most + 5) / 10));
	else
		words_size(most, text, sizeof(text));
	text_format_duration((d->sample_count <= BOARD_SAMPLES ? d->sample_count : BOARD_SAMPLES) *
	                             NS_PER_SEC,
	                     span, sizeof(span));
	snprintf(out, size, "%s, LAST %s: AT MOST %s", what == GRAPH_CPU ? "CPU" : "MEMORY", span,
	         most < 0 ? "-" : text);
}

static void draw_history(struct sheet *s, int rows)
{
	const struct session_view *v = s->v;
	char title[80];

	if (!v->live || !v->have_board || v->board.sample_count == 0)
		return;
	history_title(s, GRAPH_CPU, title, sizeof(title));
	heading(s, title);
	graph_draw(s->g, (struct rect){ s->x, s->y, s->w, rows }, &v->board, GRAPH_CPU,
	           v->board.cpus_limit_milli, 0);
	s->y += rows;
	history_title(s, GRAPH_MEMORY, title, sizeof(title));
	heading(s, title);
	graph_draw(s->g, (struct rect){ s->x, s->y, s->w, rows - 1 }, &v->board, GRAPH_MEMORY,
	           words_memory_limit(v), 0);
	s->y += rows - 1;
}

/* The newest first: what has just happened is looked for, and the last lines may be out of sight.
 */
static void draw_trail(struct sheet *s, int most)
{
	const char *text = s->a->trail.len > 0 ? s->a->trail.data : "";
	const char *end = text + s->a->trail.len;

	heading(s, "RECENT, NEWEST FIRST");
	if (end == text)
		grid_str(s->g, s->x, s->y++, s->w, ROLE_MUTED, "nothing recorded");
	for (int n = 0; end > text && n < most; n++) {
		const char *line;

		if (end[-1] == '\n')
			end--;
		line = end;
		while (line > text && line[-1] != '\n')
			line--;
		grid_text(s->g, s->x, s->y++, s->w, ROLE_TEXT, line, (size_t)(end - line));
		end = line;
	}
}

static int draw_sheet(struct app *a, struct grid *g, const struct session_view *v, int w, int h,
                      bool with_trail)
{
	struct sheet s = { .a = a, .g = g, .v = v, .x = 0, .w = w };
	struct sheet t = s;

	if (w >= TWO_COLUMNS_W) {
		s.w = w / 2 - 1;
		t.x = w / 2 + 2;
		t.w = w - t.x;
	}
	draw_facts(&s);
	s.y++;
	draw_usage(&s);
	if (w >= TWO_COLUMNS_W) {
		heading(&t, "LAYERS");
		draw_layers_long(&t);
		draw_limits(&t);
		draw_layer_rows(&t);
		draw_history(&s, h > 30 ? 6 : 4);
		if (with_trail)
			draw_trail(&s, h - s.y > 10 ? h - s.y - 2 : TRAIL_SHORT);
		return s.y > t.y ? s.y : t.y;
	}
	heading(&s, "LAYERS");
	draw_layers_short(&s);
	if (with_trail)
		draw_trail(&s, TRAIL_SHORT);
	draw_history(&s, 4);
	draw_limits(&s);
	draw_layer_rows(&s);
	return s.y;
}

int view_overview(struct app *a, struct grid *g, struct rect area, const struct session_view *v,
                  int *top, bool with_trail)
{
	struct grid sheet = { .w = 0 };
	int lines = 0;

	if (area.w < 1 || area.h < 1 || grid_size(&sheet, area.w, SHEET_LINES) < 0)
		return 0;
	sheet.ascii = g->ascii;
	lines = draw_sheet(a, &sheet, v, area.w, area.h, with_trail);
	if (lines > SHEET_LINES)
		lines = SHEET_LINES;
	if (*top > lines - area.h)
		*top = lines - area.h;
	if (*top < 0)
		*top = 0;
	grid_copy(g, area, &sheet, *top);
	grid_free(&sheet);
	return lines;
}

static void draw_tabs(const struct app *a, struct grid *g, struct rect line)
{
	static const char *const names[] = { "1 Overview", "2 Commands" };
	int x = line.x + 2;

	grid_fill(g, line, 0x2500, ROLE_BORDER);
	for (size_t i = 0; i < 2; i++) {
		bool open = i == (size_t)a->tab;

		x += grid_strf(g, x, line.y, line.x + line.w - x, open ? ROLE_TITLE : ROLE_MUTED,
		               open ? "[%s]" : " %s ", names[i]);
	}
	grid_str(g, x, line.y, 1, ROLE_BORDER, " ");
}

void view_detail(struct app *a, struct grid *g, const struct layout *l)
{
	const struct session_view *v = model_find(&a->model, a->detail_id);
	struct rect area = l->body;

	a->page = area.h;
	a->length = 0;
	if (v == NULL) {
		grid_strf(g, area.x + 1, area.y, area.w - 1, ROLE_MUTED,
		          "%s is gone: its record was deleted", a->detail_id);
		return;
	}
	if (!l->tiny && area.h > 4) {
		draw_tabs(a, g, (struct rect){ area.x, area.y, area.w, 1 });
		area.y++;
		area.h--;
	}
	if (app_in_commands(a)) {
		view_commands(a, g, area);
		return;
	}
	if (area.w > 40) {
		area.x++;
		area.w -= 2;
	}
	a->page = area.h;
	a->length = view_overview(a, g, area, v, &a->detail_top, true);
}
