/*
 * grid.c: see grid.h. Every character enters a cell through put(), which cuts at the edges, keeps
 * wide characters whole and replaces what the terminal cannot take.
 */
#include "tui/grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands for our own glyphs on a terminal without UTF-8. */
static const struct {
	uint32_t cp;
	char ascii;
} stand_ins[] = {
	{ 0x2026, '~' }, { 0x2500, '-' }, { 0x2502, '|' }, { 0x250c, '+' }, { 0x2510, '+' },
	{ 0x2514, '+' }, { 0x2518, '+' }, { 0x251c, '+' }, { 0x2524, '+' }, { 0x252c, '+' },
	{ 0x2534, '+' }, { 0x253c, '+' }, { 0x2581, '_' }, { 0x2582, '.' }, { 0x2583, ':' },
	{ 0x2584, '-' }, { 0x2585, '=' }, { 0x2586, '+' }, { 0x2587, '*' }, { 0x2588, '#' },
	{ 0x2591, '.' }, { 0x25b8, '>' }, { 0x25cf, '*' }, { 0x00b7, '.' }, { 0x2191, '^' },
	{ 0x2193, 'v' },
};

static const struct grid_cell blank = { .cp = ' ', .width = 1, .role = ROLE_TEXT };

static int side(int n)
{
	if (n < 1)
		return 1;
	return n > GRID_SIDE_MAX ? GRID_SIDE_MAX : n;
}

int grid_size(struct grid *g, int w, int h)
{
	struct grid_cell *cells;

	w = side(w);
	h = side(h);
	if (g->cells == NULL || g->w != w || g->h != h) {
		cells = calloc((size_t)w * (size_t)h, sizeof(*cells));
		if (cells == NULL)
			return -ENOMEM;
		free(g->cells);
		g->cells = cells;
		g->w = w;
		g->h = h;
	}
	grid_clear(g);
	return 0;
}

void grid_free(struct grid *g)
{
	free(g->cells);
	*g = (struct grid){ .cursor_x = -1, .cursor_y = -1 };
}

void grid_clear(struct grid *g)
{
	for (size_t i = 0; i < (size_t)g->w * (size_t)g->h; i++)
		g->cells[i] = blank;
	g->cursor_x = -1;
	g->cursor_y = -1;
}

static bool inside(const struct grid *g, int x, int y)
{
	return x >= 0 && y >= 0 && x < g->w && y < g->h;
}

/* Before a cell is overwritten: the other half of a wide character there becomes a blank. */
static void unpair(struct grid *g, int x, int y)
{
	struct grid_cell *cell = grid_at(g, x, y);

	if (cell->width == 2 && x + 1 < g->w)
		*grid_at(g, x + 1, y) = blank;
	if (cell->width == 0 && x > 0)
		*grid_at(g, x - 1, y) = blank;
}

static uint32_t to_ascii(uint32_t cp)
{
	if (cp < 0x80)
		return cp;
	for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]); i++)
		if (stand_ins[i].cp == cp)
			return (uint32_t)stand_ins[i].ascii;
	return '?';
}

/* cp is printable, width 1 or 2 columns. */
static void put(struct grid *g, int x, int y, uint32_t cp, int width, enum theme_role role,
                unsigned flags)
{
	if (g->ascii) {
		cp = to_ascii(cp);
		if (width == 2 && inside(g, x + 1, y))
			put(g, x + 1, y, cp, 1, role, flags);
		width = 1;
	}
	if (!inside(g, x, y))
		return;
	if (width == 2 && x + 1 >= g->w) {
		cp = ' ';
		width = 1;
	}
	unpair(g, x, y);
	*grid_at(g, x, y) = (struct grid_cell){
		.cp = cp,
		.width = (uint8_t)width,
		.role = (uint8_t)role,
		.flags = (uint8_t)flags,
	};
	if (width == 2) {
		unpair(g, x + 1, y);
		*grid_at(g, x + 1, y) = (struct grid_cell){
			.width = 0,
			.role = (uint8_t)role,
			.flags = (uint8_t)flags,
		};
	}
}

static bool is_variation(uint32_t cp)
{
	return (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0100 && cp <= 0xe01ef);
}

/* A combining character joins the cell before it. Variation selectors are dropped: terminals
 * differ in the width they make. */
static void join(struct grid *g, int x, int y, uint32_t cp)
{
	struct grid_cell *cell;

	if (g->ascii || is_variation(cp) || !inside(g, x, y))
		return;
	cell = grid_at(g, x, y);
	if (cell->width == 0 && x > 0)
		cell = grid_at(g, x - 1, y);
	for (size_t i = 0; i < 2; i++) {
		if (cell->mark[i] == 0) {
			cell->mark[i] = cp;
			return;
		}
	}
}

static void cut(struct grid *g, int x, int y, int w, enum theme_role role)
{
	if (w > 0)
		put(g, x + w - 1, y, 0x2026, 1, role, 0);
}

/* One character, or the escape that stands for it. Returns its columns, -1 when they do not fit. */
static int put_unit(struct grid *g, int x, int y, int left, enum theme_role role, const char *unit,
                    size_t n, bool hidden, bool first)
{
	uint32_t cp;
	int width;

	if (!hidden) {
		text_utf8_decode(unit, n, &cp);
		width = text_width(cp);
		if (width == 0) {
			if (!first)
				join(g, x - 1, y, cp);
			return 0;
		}
		if (width > left)
			return -1;
		put(g, x, y, cp, width, role, 0);
		return width;
	}
	if ((int)n > left)
		return -1;
	for (size_t i = 0; i < n; i++)
		put(g, x + (int)i, y, (unsigned char)unit[i], 1, role, GRID_HIDDEN);
	return (int)n;
}

int grid_text(struct grid *g, int x, int y, int w, enum theme_role role, const char *bytes,
              size_t len)
{
	const char *p = bytes;
	const char *end = bytes + len;
	int col = 0;
	int idle = 0;

	if (y < 0 || y >= g->h || w <= 0)
		return 0;
	if (w > g->w - x)
		w = g->w - x;
	/* A run of combining characters takes no column: it is bounded on its own. */
	while (p < end && idle < 64) {
		char unit[TEXT_SAFE_UNIT];
		bool hidden;
		size_t n = text_safe_next(&p, end, false, unit, &hidden);
		int used = put_unit(g, x + col, y, w - col, role, unit, n, hidden, col == 0);

		if (used < 0) {
			for (; col < w; col++)
				put(g, x + col, y, ' ', 1, role, 0);
			cut(g, x, y, w, role);
			return w;
		}
		idle = used > 0 ? 0 : idle + 1;
		col += used;
	}
	return col;
}

int grid_str(struct grid *g, int x, int y, int w, enum theme_role role, const char *s)
{
	return grid_text(g, x, y, w, role, s, strlen(s));
}

int grid_strf(struct grid *g, int x, int y, int w, enum theme_role role, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return grid_str(g, x, y, w, role, text);
}

void grid_right(struct grid *g, int x, int y, int w, enum theme_role role, const char *s)
{
	int columns = (int)text_columns(s);

	if (columns < w)
		grid_str(g, x + w - columns, y, columns, role, s);
	else
		grid_str(g, x, y, w, role, s);
}

void grid_glyph(struct grid *g, int x, int y, enum theme_role role, uint32_t cp)
{
	put(g, x, y, cp, 1, role, 0);
}

void grid_fill(struct grid *g, struct rect area, uint32_t cp, enum theme_role role)
{
	for (int y = area.y; y < area.y + area.h; y++)
		for (int x = area.x; x < area.x + area.w; x++)
			put(g, x, y, cp, 1, role, 0);
}

void grid_box(struct grid *g, struct rect area, enum theme_role role, const char *title)
{
	int right = area.x + area.w - 1;
	int bottom = area.y + area.h - 1;

	grid_fill(g, area, ' ', ROLE_DIALOG);
	if (area.w < 2 || area.h < 2)
		return;
	for (int x = area.x + 1; x < right; x++) {
		put(g, x, area.y, 0x2500, 1, role, 0);
		put(g, x, bottom, 0x2500, 1, role, 0);
	}
	for (int y = area.y + 1; y < bottom; y++) {
		put(g, area.x, y, 0x2502, 1, role, 0);
		put(g, right, y, 0x2502, 1, role, 0);
	}
	put(g, area.x, area.y, 0x250c, 1, role, 0);
	put(g, right, area.y, 0x2510, 1, role, 0);
	put(g, area.x, bottom, 0x2514, 1, role, 0);
	put(g, right, bottom, 0x2518, 1, role, 0);
	if (area.w > 6)
		grid_strf(g, area.x + 2, area.y, area.w - 4, ROLE_TITLE, " %s ", title);
}

void grid_flag(struct grid *g, struct rect area, enum grid_flag flag)
{
	for (int y = area.y; y < area.y + area.h; y++)
		for (int x = area.x; x < area.x + area.w; x++)
			if (inside(g, x, y))
				grid_at(g, x, y)->flags |= (uint8_t)flag;
}

void grid_copy(struct grid *g, struct rect to, const struct grid *src, int from)
{
	for (int y = 0; y < to.h && from + y < src->h; y++) {
		for (int x = 0; x < to.w && x < src->w; x++) {
			const struct grid_cell *cell = grid_at(src, x, from + y);

			if (cell->width == 0 || !inside(g, to.x + x, to.y + y))
				continue;
			if (cell->width == 2 && x + 1 >= to.w)
				cell = &blank;
			put(g, to.x + x, to.y + y, cell->cp, cell->width,
			    (enum theme_role)cell->role, cell->flags);
			memcpy(grid_at(g, to.x + x, to.y + y)->mark, cell->mark,
			       sizeof(cell->mark));
		}
	}
}

static void add_utf8(struct buf *out, uint32_t cp)
{
	if (cp < 0x80) {
		buf_addc(out, (char)cp);
		return;
	}
	if (cp < 0x800) {
		buf_addc(out, (char)(0xc0 | cp >> 6));
	} else {
		if (cp < 0x10000) {
			buf_addc(out, (char)(0xe0 | cp >> 12));
		} else {
			buf_addc(out, (char)(0xf0 | cp >> 18));
			buf_addc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
		}
		buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
	}
	buf_addc(out, (char)(0x80 | (cp & 0x3f)));
}

void grid_dump(const struct grid *g, struct buf *out)
{
	for (int y = 0; y < g->h; y++) {
		int last = g->w - 1;

		while (last >= 0 && grid_at(g, last, y)->cp == ' ')
			last--;
		for (int x = 0; x <= last; x++) {
			const struct grid_cell *cell = grid_at(g, x, y);

			if (cell->width == 0)
				continue;
			add_utf8(out, cell->cp);
			for (size_t i = 0; i < 2 && cell->mark[i] != 0; i++)
				add_utf8(out, cell->mark[i]);
		}
		buf_addc(out, '\n');
	}
}
