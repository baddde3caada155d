/*
 * tty.h: the operator's terminal while something else than lines goes through it, without curses.
 * Whatever way a front end ends, normally, by a signal or by a crash, the terminal is as it was
 * before.
 */
#ifndef WARDER_TUI_TTY_H
#define WARDER_TUI_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tty_mode {
	TTY_RAW,   /* every byte as it is, for an attached session */
	TTY_BYTES, /* the same, but lines that come out keep their line feeds: no session
		    * terminal made CR LF of them */
	TTY_KEYS,  /* single keys without echo; Ctrl-C still makes a signal */
};

/* Saves the settings of fd and changes them; one terminal at a time. 0 or -errno. */
int tty_enter(int fd, enum tty_mode mode);
/* Back to what tty_enter saved; input that was typed ahead is dropped, so that an answer which an
 * agent provoked (a cursor report) is not read by the shell as typed. Fine when nothing was
 * entered. */
void tty_leave(void);

/*
 * What passed to the terminal changed its modes; tty_modes_reset undoes exactly that: alternate
 * screen, hidden cursor, mouse, bracketed paste, keyboard protocols, margins, colours. Nothing
 * seen: nothing sent.
 */
struct tty_modes {
	uint32_t changed; /* bits of the table in tty.c */
	bool escapes;     /* some escape sequence was seen */
	unsigned state;   /* of the scanner */
	unsigned number;
	unsigned numbers[16];
	unsigned n_numbers;
};
void tty_modes_scan(struct tty_modes *m, const char *bytes, size_t len);
/* Writes what is needed to out (at least TTY_RESET_MAX bytes); returns its length. */
enum { TTY_RESET_MAX = 512 };
size_t tty_modes_reset(const struct tty_modes *m, char *out);

#endif
