/*
 * tty.c: termios saved and restored, and the private modes of DEC and xterm (ctlseqs) that
 * programs leave behind.
 *
 * The handler for fatal signals only calls tcsetattr and write, which signal-safety(7) allows,
 * and lets the signal take its course.
 */
#include "tui/tty.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
enum { N_FATAL = sizeof(fatal_signals) / sizeof(fatal_signals[0]) };

static struct {
	volatile sig_atomic_t entered;
	int fd;
	struct termios before;
	struct sigaction handlers[N_FATAL];
	bool at_exit;
	char reset[TTY_RESET_MAX]; /* of every mode: a handler cannot know which were changed */
	size_t reset_len;
} saved;

static void on_fatal(int sig)
{
	if (saved.entered) {
		saved.entered = 0;
		if (write(saved.fd, saved.reset, saved.reset_len) < 0) {
			/* nothing can be done about it here */
		}
		tcsetattr(saved.fd, TCSANOW, &saved.before);
	}
	raise(sig); /* SA_RESETHAND: now with its default action */
}

static void catch_fatal(void)
{
	struct sigaction sa = { .sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND };

	sigemptyset(&sa.sa_mask);
	for (int i = 0; i < N_FATAL; i++)
		sigaction(fatal_signals[i], &sa, &saved.handlers[i]);
}

static struct termios changed_settings(const struct termios *before, enum tty_mode mode)
{
	struct termios t = *before;

	if (mode == TTY_RAW || mode == TTY_BYTES) {
		cfmakeraw(&t);
		if (mode == TTY_BYTES)
			t.c_oflag |= before->c_oflag & (OPOST | ONLCR);
	} else {
		t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		t.c_cc[VSUSP] =
			_POSIX_VDISABLE; /* a stopped painter would leave its screen behind */
	}
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return t;
}

int tty_enter(int fd, enum tty_mode mode)
{
	const struct tty_modes all = { .changed = UINT32_MAX, .escapes = true };
	struct termios t;

	if (saved.entered)
		return -EBUSY;
	if (tcgetattr(fd, &saved.before) < 0)
		return -errno;
	saved.fd = fd;
	saved.reset_len = tty_modes_reset(&all, saved.reset);
	if (!saved.at_exit && atexit(tty_leave) == 0)
		saved.at_exit = true;
	t = changed_settings(&saved.before, mode);
	saved.entered = 1;
	catch_fatal();
	if (tcsetattr(fd, TCSADRAIN, &t) < 0) {
		int r = -errno;

		tty_leave();
		return r;
	}
	return 0;
}

void tty_leave(void)
{
	if (!saved.entered)
		return;
	saved.entered = 0;
	tcsetattr(saved.fd, TCSAFLUSH, &saved.before);
	for (int i = 0; i < N_FATAL; i++)
		sigaction(fatal_signals[i], &saved.handlers[i], NULL);
}

/* Private modes ("CSI ? N h" sets, "l" clears) and how a shell expects them. */
static const struct {
	unsigned number;
	bool normal;
} modes[] = {
	{ 1, false },                                                       /* cursor keys */
	{ 5, false },                                                       /* reverse video */
	{ 6, false },                                                       /* origin */
	{ 7, true },                                                        /* autowrap */
	{ 9, false },                                                       /* mouse, X10 */
	{ 25, true },                                                       /* cursor visible */
	{ 47, false },                                                      /* alternate screen */
	{ 1000, false },                                                    /* mouse */
	{ 1001, false }, { 1002, false }, { 1003, false }, { 1004, false }, /* focus reports */
	{ 1005, false }, { 1006, false }, { 1015, false }, { 1016, false },
	{ 1047, false },                  /* alternate screen */
	{ 1049, false }, { 2004, false }, /* bracketed paste */
	{ 2026, false },                  /* synchronized output */
	{ 2031, false },                  /* colour scheme reports */
	{ 2048, false },                  /* size reports */
};
enum { N_MODES = sizeof(modes) / sizeof(modes[0]) };
static_assert(N_MODES <= 32, "tty_modes.changed has a bit for each");
static_assert(N_MODES * 10 + 64 <= TTY_RESET_MAX, "a reset of every mode fits");

enum { SCAN_TEXT, SCAN_ESCAPE, SCAN_CSI, SCAN_PRIVATE };

static void apply(struct tty_modes *m, bool set)
{
	for (unsigned n = 0; n < m->n_numbers; n++) {
		for (unsigned i = 0; i < N_MODES; i++) {
			if (modes[i].number != m->numbers[n])
				continue;
			if (modes[i].normal == set)
				m->changed &= ~(1u << i);
			else
				m->changed |= 1u << i;
		}
	}
}

static void end_number(struct tty_modes *m)
{
	if (m->n_numbers < sizeof(m->numbers) / sizeof(m->numbers[0]))
		m->numbers[m->n_numbers++] = m->number;
	m->number = 0;
}

static void scan_private(struct tty_modes *m, char c)
{
	if (c >= '0' && c <= '9') {
		if (m->number < 100000)
			m->number = m->number * 10 + (unsigned)(c - '0');
		return;
	}
	end_number(m);
	if (c == ';')
		return;
	if (c == 'h' || c == 'l')
		apply(m, c == 'h');
	m->state = SCAN_TEXT;
}

void tty_modes_scan(struct tty_modes *m, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c == '\033') {
			m->escapes = true;
			m->state = SCAN_ESCAPE;
		} else if (m->state == SCAN_ESCAPE) {
			m->state = c == '[' ? SCAN_CSI : SCAN_TEXT;
			if (c == 'c')
				m->changed = 0; /* full reset */
		} else if (m->state == SCAN_CSI) {
			m->state = c == '?' ? SCAN_PRIVATE : SCAN_TEXT;
			m->number = m->n_numbers = 0;
		} else if (m->state == SCAN_PRIVATE) {
			scan_private(m, c);
		}
	}
}

size_t tty_modes_reset(const struct tty_modes *m, char *out)
{
	/* Insert mode, margins (which move the cursor: kept), character set, colours, cursor
	 * shape, and the keyboard protocols of kitty and xterm. Terminals ignore those that they
	 * do not know. */
	static const char rest[] =
		"\033[4l\0337\033[r\0338\033(B\017\033[0m\033[0 q\033>\033[<u\033[>4;0m";
	size_t len = 0;

	for (unsigned i = 0; i < N_MODES; i++) {
		if (m->changed & 1u << i)
			len += (size_t)snprintf(out + len, TTY_RESET_MAX - len, "\033[?%u%c",
			                        modes[i].number, modes[i].normal ? 'h' : 'l');
	}
	if (m->escapes) {
		memcpy(out + len, rest, sizeof(rest) - 1);
		len += sizeof(rest) - 1;
	}
	return len;
}
