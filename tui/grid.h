/*
 * grid.h: a screen as cells, without a terminal. Everything the dashboard shows is drawn here
 * first; one back end (draw.c) copies the cells to the terminal.
 *
 * What must hold: a cell never holds a control character or half of a wide one, whatever bytes were
 * drawn: text becomes printable here, by construction (core/base/text.h), so that no caller can
 * forget it. Drawing outside the grid is cut.
 */
#ifndef WARDER_TUI_GRID_H
#define WARDER_TUI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"
#include "tui/theme.h"

enum {
	GRID_SIDE_MAX = 1000
}; /* columns or rows that are drawn; a larger terminal stays blank beyond */

enum grid_flag {
	GRID_SELECTED = 1, /* on the selected row: the theme's `selected` background */
	GRID_HIDDEN = 2,   /* stands for a character that must not be shown as it is: reversed */
};

struct grid_cell {
	uint32_t cp;      /* 0 in the right half of a wide character */
	uint32_t mark[2]; /* combining characters; 0 = none */
	uint8_t width;    /* 1 or 2; 0: the right half */
	uint8_t role;     /* enum theme_role */
	uint8_t flags;    /* enum grid_flag */
	uint8_t unused;
};

struct grid {
	int w, h;
	/* The terminal takes nothing else: glyphs have stand-ins, other characters become '?'. */
	bool ascii;
	int cursor_x, cursor_y;  /* -1: no cursor */
	struct grid_cell *cells; /* h rows of w; owned */
};

struct rect {
	int x, y, w, h;
};

/* Makes it w by h (1..GRID_SIDE_MAX each, cut to that) and blank. 0 or -ENOMEM (the grid is then
 * as it was). */
int grid_size(struct grid *g, int w, int h);
void grid_free(struct grid *g);
void grid_clear(struct grid *g);
static inline struct grid_cell *grid_at(const struct grid *g, int x, int y)
{
	return &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
}

/* Draws bytes from (x, y) in at most w columns, made safe; what does not fit is cut and the last
 * column says so. Returns the columns used. Work is bounded by w, not by len. */
int grid_text(struct grid *g, int x, int y, int w, enum theme_role role, const char *bytes,
              size_t len);
int grid_str(struct grid *g, int x, int y, int w, enum theme_role role, const char *s);
int grid_strf(struct grid *g, int x, int y, int w, enum theme_role role, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* Flush right in w columns. */
void grid_right(struct grid *g, int x, int y, int w, enum theme_role role, const char *s);
/* One glyph of width 1. */
void grid_glyph(struct grid *g, int x, int y, enum theme_role role, uint32_t cp);
void grid_fill(struct grid *g, struct rect area, uint32_t cp, enum theme_role role);
/* A frame around area, blank inside, with a title in its upper edge. */
void grid_box(struct grid *g, struct rect area, enum theme_role role, const char *title);
void grid_flag(struct grid *g, struct rect area, enum grid_flag flag);
/* Copies rows from..from+to.h of src into `to`. */
void grid_copy(struct grid *g, struct rect to, const struct grid *src, int from);
/* The text of all rows, one a line, without spaces at the end. */
void grid_dump(const struct grid *g, struct buf *out);

#endif
