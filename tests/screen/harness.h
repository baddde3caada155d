/*
 * harness.h: the real program on a real pseudo-terminal, seen through a terminal emulator
 * (libvterm). Nothing sleeps: every wait is for something to appear, with a deadline that fails the
 * test.
 */
#ifndef WARDER_TESTS_HARNESS_H
#define WARDER_TESTS_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>
#include <vterm.h>

#include "core/base/text.h"

enum { HARNESS_WAIT_MS = 20000 };

struct harness {
	pid_t pid;
	int master;
	VTerm *vt;
	VTermScreen *screen;
	int w, h;
	bool alternate, cursor_seen; /* as the terminal stands now */
	bool ended;
	int status;            /* of waitpid, once ended */
	struct termios before; /* modes before the program touched them */
	struct buf raw;        /* every byte it has sent */
};

/* Starts argv (argv[0] NULL: $WARDER) with a terminal of w by h. env: "K=V" added to a clean
 * environment; NULL-terminated. */
void harness_start(struct harness *t, const char *const *argv, const char *const *env, int w,
                   int h);
void harness_send(struct harness *t, const char *bytes);
void harness_send_bytes(struct harness *t, const char *bytes, size_t len);
/* Fail the test when it does not come in time. */
void harness_wait_text(struct harness *t, const char *text);
void harness_wait_no_text(struct harness *t, const char *text);
void harness_wait_cell(struct harness *t, int x, int y, uint32_t cp);
void harness_resize(struct harness *t, int w, int h);
/* Waits for the end of the program and of its output. Returns the status as waitpid(2). */
int harness_wait_end(struct harness *t);
/* The screen's text, a line a row, without spaces at the end. */
void harness_text(struct harness *t, struct buf *out);
bool harness_shows(struct harness *t, const char *text);
VTermScreenCell harness_cell(struct harness *t, int x, int y);
/* Row of the first line with text; -1 if none. */
int harness_row(struct harness *t, const char *text);
/* Nothing is left of the program's modes: main screen, cursor seen, paste off, termios as
 * before. */
void harness_assert_restored(struct harness *t);
bool harness_sent(const struct harness *t,
                  const char *bytes); /* did these bytes go to the terminal? */
void harness_stop(struct harness *t); /* kills what still runs, frees all */

#endif
