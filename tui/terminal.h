/*
 * terminal.h: the terminal, behind draw.c (output, modes) and keys.c (input): the only files that
 * know curses.
 *
 * What must hold: however the program ends (return, exit, a signal that ends it, a crash) the
 * terminal is as it was before.
 */
#ifndef WARDER_TUI_TERMINAL_H
#define WARDER_TUI_TERMINAL_H

#include <signal.h>

#include "tui/grid.h"
#include "tui/theme.h"

/* Takes the terminal on stdin and stdout. Signals HUP, INT, TERM, QUIT, TSTP, WINCH and CONT are
 * blocked but while terminal_poll_mask() is in force. err: not a terminal, unknown type, or one
 * that cannot move its cursor. */
int terminal_open(const struct theme *theme, struct error *err);
void terminal_close(void); /* fine when not open */
/* Hands the terminal to others for a while, and takes it back. */
void terminal_leave(void);
void terminal_return(void);
void terminal_suspend(void); /* stops the process group, as Ctrl-Z does; returns when continued */
void terminal_theme(const struct theme *theme);
void terminal_size(int *ret_w, int *ret_h);
/* Brings the terminal to what the grid holds; sends what differs. */
void terminal_draw(const struct grid *g);
void terminal_mouse(bool on);             /* clicks and the wheel come as events, or stay there */
void terminal_redraw(void);               /* the next draw sends everything */
const sigset_t *terminal_poll_mask(void); /* for ppoll(2) */
/* HUP, INT, TERM or QUIT that asks to end; TSTP that asks to stop; 0 = none. Clears it. */
int terminal_signal(void);

enum terminal_event {
	EVENT_NONE,
	EVENT_KEY,
	EVENT_PASTE,
	EVENT_PASTE_END,
	EVENT_CLICK,
	EVENT_WHEEL_UP,
	EVENT_WHEEL_DOWN,
	EVENT_RESIZE,
	EVENT_GONE
};
/* The next thing that happened, without waiting. *ret_key for EVENT_KEY (codes of keymap.h).
 * GONE: the terminal hung up. */
enum terminal_event terminal_event(uint32_t *ret_key);
/* Where the last click was. */
void terminal_pointer(int *ret_x, int *ret_y);

/* ---- draw.c to keys.c ---- */
void terminal_define_keys(void);

#endif
