/*
 * layout.h: where everything stands, for any size. Pure: a size and what there is to show in,
 * rectangles out.
 *
 * What must hold, for every size from 1x1 up: no two areas overlap, none leaves the screen, and
 * there always is a body or a summary. An area without room has w or h 0.
 */
#ifndef WARDER_TUI_LAYOUT_H
#define WARDER_TUI_LAYOUT_H

#include <stdbool.h>

#include "tui/grid.h"

enum { LAYOUT_TINY_W = 30, LAYOUT_TINY_H = 6 }; /* below these only a line or a few are shown */

struct layout_want {
	int alert;    /* lines of what is to be said above the list */
	bool heading; /* column headings */
	bool preview;
};

struct layout {
	bool tiny;
	struct rect summary; /* first line */
	struct rect alert;
	struct rect heading;
	struct rect body;
	struct rect edge; /* between body and preview */
	struct rect preview;
	struct rect state; /* last line but one */
	struct rect keys;  /* last line */
};

void layout_compute(int w, int h, const struct layout_want *want, struct layout *ret);
/* A dialog of at most w by h, in the middle of the screen; never larger than it. */
struct rect layout_dialog(int screen_w, int screen_h, int w, int h);

/* The list's columns that fit in `w`, in the order shown. */
enum layout_column {
	LIST_ID,
	LIST_NAME,
	LIST_USER,
	LIST_POLICY,
	LIST_STATE,
	LIST_LAYERS,
	LIST_AGE,
	LIST_CPU,
	LIST_SPARK,
	LIST_MEMORY,
	LIST_PIDS,
	LIST_LEFT,
	LIST_COMMAND,
	LIST_COLUMNS,
};
struct layout_columns {
	int x[LIST_COLUMNS]; /* from the line's left edge */
	int w[LIST_COLUMNS]; /* 0 = not shown */
};
/* name_w: the longest name among them; 0: none has one. */
void layout_columns(int w, int name_w, struct layout_columns *ret);

#endif
