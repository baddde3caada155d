/*
 * app.h: the dashboard without a terminal: what is open, what a key does, what is to be said. Keys
 * and seconds go in; a grid and wishes (quit, attach, suspend) come out. dashboard.c connects it to
 * a terminal, the tests to a script.
 *
 * What must hold: nothing that ends a session happens without a dialog that opened on Cancel and
 * named it; orders carry the identities that were on the screen; while such a dialog is open the
 * list stands still. Read-only refuses every change.
 */
#ifndef WARDER_TUI_APP_H
#define WARDER_TUI_APP_H

#include "tui/cmdlog.h"
#include "tui/form.h"
#include "tui/input.h"
#include "tui/keymap.h"
#include "tui/layout.h"
#include "tui/model.h"

enum screen { SCREEN_LIST, SCREEN_DETAIL, SCREEN_HELP, SCREEN_LAUNCH };
enum typing { TYPING_NOTHING, TYPING_FILTER, TYPING_COMMAND, TYPING_SEARCH, TYPING_COMMANDS };
enum detail_tab { TAB_OVERVIEW, TAB_COMMANDS };
enum wish { WISH_NOTHING, WISH_QUIT, WISH_ATTACH, WISH_SUSPEND, WISH_REDRAW };

enum dialog_kind {
	DIALOG_NONE,
	DIALOG_STOP,
	DIALOG_KILL,
	DIALOG_SIGNAL,
	DIALOG_SORT,
	DIALOG_WRITABLE,
	DIALOG_PANIC,
};

struct choice {
	char label[72];
	uint32_t key; /* chooses and does it at once; 0 = none */
	int value;
	bool danger;
};

enum { DIALOG_LINES = 12, DIALOG_CHOICES = 16 };

struct dialog {
	enum dialog_kind kind;
	char title[120];
	char lines[DIALOG_LINES][240]; /* raw: made safe by the grid */
	int n_lines;
	struct choice choices[DIALOG_CHOICES];
	int n_choices, at;
	struct id_set targets;
	struct id_set thawed; /* panic: which were running before */
	struct input typed;   /* panic */
	uint64_t since;
};

struct alert {
	char text[700]; /* raw */
	bool bad;
	uint64_t until; /* ns; 0 = nothing to say */
};

struct app {
	struct source *source;
	struct model model;
	struct theme theme;
	unsigned theme_changes;
	bool ascii;
	int w, h;

	enum screen screen, back; /* back: where help returns to */
	enum typing typing;
	struct input input;
	struct filter before_filter; /* what Esc goes back to */
	struct dialog dialog;
	struct form form;
	struct alert alert;
	bool read_only, read_only_forced, frozen, preview, pasting;
	uint64_t frozen_since;
	double rate;          /* seconds between two samples */
	int undone;           /* orders under way */
	bool launching;       /* one of them is the form's */
	struct id_set ending; /* what we were told to end: its end is no news */

	char detail_id[SOURCE_ID];
	int detail_top, help_top;
	int page, length;    /* of what is scrolled, as last drawn */
	struct layout drawn; /* where everything stands on the screen: for the mouse */
	struct layout_columns columns;
	bool mouse; /* it is ours, not the terminal's */
	char clicked[SOURCE_ID];
	uint64_t clicked_at;
	struct input search; /* help */
	struct buf trail;    /* of trail_id */
	char trail_id[SOURCE_ID];
	uint64_t trail_seq;
	int mark_anchor;

	enum detail_tab tab;
	struct cmdlog log; /* the commands of log_id; "" = nobody's */
	char log_id[SOURCE_ID];
	char log_error[300]; /* why it cannot be read; "" = it can */
	bool log_behind;     /* its end was not reached yet */
	bool expanded;       /* the command under the cursor, in a panel */
	int panel_top, panel_page, panel_length;

	enum wish wish;
	char wish_id[SOURCE_ID];
};

struct app_options {
	const char *theme; /* NULL = dark, or mono where that is wanted */
	const char *user;
	bool read_only, ascii;
};

/* Loads the theme and scans once. err: no such theme, no memory. The source stays the caller's. */
int app_open(struct app *a, struct source *s, const struct app_options *o, struct error *err);
void app_close(struct app *a);
void app_resize(struct app *a, int w, int h);
void app_key(struct app *a, uint32_t key);
void app_paste(struct app *a, bool begin);
enum app_mouse { MOUSE_CLICK, MOUSE_UP, MOUSE_DOWN };
/* A click points and, the second one, opens; the wheel moves. Neither does anything to a session,
 * nor to a dialog. */
void app_mouse(struct app *a, enum app_mouse what, int x, int y);
void app_tick(struct app *a);     /* a sample is due */
void app_scan(struct app *a);     /* sessions came or went */
void app_outcomes(struct app *a); /* an order has come back */
bool app_stands_still(const struct app *a);
/* Draws everything. 0 or -ENOMEM. */
int app_draw(struct app *a, struct grid *g);

/* ---- between the files of the app ---- */

void app_say(struct app *a, bool bad, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void app_rebuild(struct app *a);
uint64_t app_now(struct app *a);
/* Whether an action may go ahead here and now; says why not. */
bool app_allowed(struct app *a, const struct key_entry *e);
void app_act(struct app *a, enum action action);
enum key_place app_place(const struct app *a);
/* What an action is for: the marked sessions, or the one under the cursor or open. 0 or -ENOMEM. */
int app_targets(struct app *a, bool live_only, struct id_set *ret);
void app_order(struct app *a, enum order_kind verb, int signal, struct id_set *targets);
void app_launch(struct app *a);
void app_set_theme(struct app *a, const char *name);
void app_set_filter(struct app *a, const char *text);

/* The Commands tab (app_commands.c). */
bool app_in_commands(const struct app *a);
void app_set_tab(struct app *a, enum detail_tab tab);
/* Takes a bounded part of what the trail has more. */
void app_commands_read(struct app *a);
bool app_commands_behind(const struct app *a); /* there is more to take at once */
/* To be polled for more; -1: nothing is wanted now. */
int app_commands_fd(const struct app *a);
void app_commands_leave(struct app *a);
void app_commands_move(struct app *a, int by);
void app_commands_turn(struct app *a, int by); /* a page: of the panel, if it is open */
/* False when there was nothing to go back from but the tab itself. */
bool app_commands_back(struct app *a);

void dialog_open_stop(struct app *a, bool kill);
void dialog_open_sort(struct app *a);
void dialog_open_writable(struct app *a);
void dialog_open_panic(struct app *a);
void dialog_key(struct app *a, uint32_t key);
void dialog_close(struct app *a);

void typing_open(struct app *a, enum typing what);
void typing_key(struct app *a, uint32_t key);

#endif
