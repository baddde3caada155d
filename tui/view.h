/*
 * view.h: the screens, drawn from the app into a grid. Pure: what is drawn follows from the app
 * alone.
 */
#ifndef WARDER_TUI_VIEW_H
#define WARDER_TUI_VIEW_H

#include "tui/app.h"

/* Sorts by the column whose heading stands at x; once more turns the order round. */
void view_heading_clicked(struct app *a, int x);
void view_list(struct app *a, struct grid *g, const struct layout *l);
void view_detail(struct app *a, struct grid *g, const struct layout *l);
/* The second tab, below the tabs; what the bottom line says there. */
void view_commands(struct app *a, struct grid *g, struct rect area);
void view_commands_state(struct app *a, struct grid *g, struct rect r);
void view_launch(struct app *a, struct grid *g, const struct layout *l);
void view_help(struct app *a, struct grid *g, const struct layout *l);
void view_dialog(struct app *a, struct grid *g);
void view_panic(struct app *a, struct grid *g);

/* Everything about one session in `area`, from line *top on (moved back when too far). Returns
 * how many lines there are. */
int view_overview(struct app *a, struct grid *g, struct rect area, const struct session_view *v,
                  int *top, bool with_trail);
/* Wraps at spaces into the lines of `r`; the last one is cut. Returns how many were taken. */
int view_wrapped(struct grid *g, struct rect r, enum theme_role role, const char *text);
/* "KEY label" pairs from the key table, as many as fit. */
void view_keys(struct app *a, struct grid *g, struct rect area);

#endif
