/*
 * harness.c: see harness.h.
 */
#include "tests/screen/harness.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"

static int on_property(VTermProp prop, VTermValue *val, void *user)
{
	struct harness *t = user;

	if (prop == VTERM_PROP_ALTSCREEN)
		t->alternate = val->boolean;
	if (prop == VTERM_PROP_CURSORVISIBLE)
		t->cursor_seen = val->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = { .settermprop = on_property };

static void child(const char *const *argv, const char *const *env)
{
	const char *program = argv[0] != NULL ? argv[0] : getenv("WARDER");
	const char *words[32] = { program };
	sigset_t none;

	for (int i = 1; i < 31 && argv[i] != NULL; i++)
		words[i] = argv[i];
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
	setenv("WARDER_THEME_DIR", "themes", 1);
	for (int i = 0; env != NULL && env[i] != NULL; i++)
		putenv((char *)(uintptr_t)env[i]);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, (char *const *)(uintptr_t)words);
	_exit(127);
}

/* Those of a new pseudo-terminal; the program's own is given them before it runs. */
static void default_modes(struct termios *ret)
{
	int master;
	int slave;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, ret), 0);
	close(master);
	close(slave);
}

void harness_start(struct harness *t, const char *const *argv, const char *const *env, int w, int h)
{
	struct winsize size = { .ws_col = (unsigned short)w, .ws_row = (unsigned short)h };

	*t = (struct harness){ .w = w, .h = h, .cursor_seen = true };
	assert_non_null(argv[0] != NULL ? argv[0] : getenv("WARDER"));
	default_modes(&t->before);
	t->pid = forkpty(&t->master, NULL, &t->before, &size);
	assert_true(t->pid >= 0);
	if (t->pid == 0)
		child(argv, env);
	t->vt = vterm_new(h, w);
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_set_callbacks(t->screen, &callbacks, t);
	vterm_screen_reset(t->screen, 1);
}

/* Takes what comes within ms. False at the end of the output. */
static bool take(struct harness *t, int ms)
{
	struct pollfd p = { .fd = t->master, .events = POLLIN };
	char bytes[8192];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return true;
	n = read(t->master, bytes, sizeof(bytes));
	if (n <= 0)
		return false; /* EIO: the other side is closed */
	buf_add(&t->raw, bytes, (size_t)n);
	vterm_input_write(t->vt, bytes, (size_t)n);
	vterm_screen_flush_damage(t->screen);
	while ((n = (ssize_t)vterm_output_read(t->vt, bytes, sizeof(bytes))) > 0)
		if (write(t->master, bytes, (size_t)n) != n)
			break;
	return true;
}

void harness_send_bytes(struct harness *t, const char *bytes, size_t len)
{
	while (len > 0) {
		struct pollfd p = { .fd = t->master, .events = POLLIN | POLLOUT };
		ssize_t n = 0;

		if (poll(&p, 1, HARNESS_WAIT_MS) <= 0)
			fail_msg("the program takes no input");
		if ((p.revents & POLLIN) != 0 && !take(t, 0))
			return;
		if ((p.revents & POLLOUT) != 0)
			n = write(t->master, bytes, len < 256 ? len : 256);
		if (n < 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

void harness_send(struct harness *t, const char *bytes)
{
	harness_send_bytes(t, bytes, strlen(bytes));
}

static void add_cell(struct buf *out, const VTermScreenCell *cell)
{
	if (cell->chars[0] == 0) {
		buf_addc(out, ' ');
		return;
	}
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i] != 0; i++) {
		uint32_t cp = cell->chars[i];

		if (cp == (uint32_t)-1)
			continue; /* right half of a wide character */
		if (cp < 0x80) {
			buf_addc(out, (char)cp);
		} else if (cp < 0x800) {
			buf_addc(out, (char)(0xc0 | cp >> 6));
			buf_addc(out, (char)(0x80 | (cp & 0x3f)));
		} else if (cp < 0x10000) {
			buf_addc(out, (char)(0xe0 | cp >> 12));
			buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
			buf_addc(out, (char)(0x80 | (cp & 0x3f)));
		} else {
			buf_addc(out, (char)(0xf0 | cp >> 18));
			buf_addc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
			buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
			buf_addc(out, (char)(0x80 | (cp & 0x3f)));
		}
	}
}

static void add_row(struct harness *t, int y, struct buf *out)
{
	size_t start = out->len;

	for (int x = 0; x < t->w; x++) {
		VTermScreenCell cell = harness_cell(t, x, y);

		add_cell(out, &cell);
	}
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

void harness_text(struct harness *t, struct buf *out)
{
	for (int y = 0; y < t->h; y++) {
		add_row(t, y, out);
		buf_addc(out, '\n');
	}
}

int harness_row(struct harness *t, const char *text)
{
	for (int y = 0; y < t->h; y++) {
		struct buf row = BUF_INIT;
		bool found;

		add_row(t, y, &row);
		found = strstr(buf_str(&row), text) != NULL;
		buf_free(&row);
		if (found)
			return y;
	}
	return -1;
}

bool harness_shows(struct harness *t, const char *text)
{
	return harness_row(t, text) >= 0;
}

static void wait_for(struct harness *t, const char *text, bool wanted)
{
	uint64_t deadline = clock_now() + HARNESS_WAIT_MS * NS_PER_MS;

	while (harness_shows(t, text) != wanted) {
		struct buf screen = BUF_INIT;
		bool more = take(t, 100);

		if (more && clock_now() < deadline)
			continue;
		if (harness_shows(t, text) == wanted)
			return;
		harness_text(t, &screen);
		fail_msg("%s \"%s\" on the screen:\n%s", wanted ? "no" : "still", text,
		         buf_str(&screen));
	}
}

void harness_wait_text(struct harness *t, const char *text)
{
	wait_for(t, text, true);
}

void harness_wait_no_text(struct harness *t, const char *text)
{
	wait_for(t, text, false);
}

void harness_wait_cell(struct harness *t, int x, int y, uint32_t cp)
{
	uint64_t deadline = clock_now() + HARNESS_WAIT_MS * NS_PER_MS;

	while (harness_cell(t, x, y).chars[0] != cp) {
		struct buf screen = BUF_INIT;

		if (take(t, 100) && clock_now() < deadline)
			continue;
		harness_text(t, &screen);
		fail_msg("no '%c' at %d,%d:\n%s", (char)cp, x, y, buf_str(&screen));
	}
}

void harness_resize(struct harness *t, int w, int h)
{
	struct winsize size = { .ws_col = (unsigned short)w, .ws_row = (unsigned short)h };

	t->w = w;
	t->h = h;
	vterm_set_size(t->vt, h, w);
	assert_int_equal(ioctl(t->master, TIOCSWINSZ, &size), 0);
}

int harness_wait_end(struct harness *t)
{
	uint64_t deadline = clock_now() + HARNESS_WAIT_MS * NS_PER_MS;

	while (!t->ended) {
		bool more = take(t, 50);
		pid_t r = waitpid(t->pid, &t->status, WNOHANG);

		t->ended = r == t->pid;
		if (!t->ended && clock_now() > deadline)
			fail_msg("the program does not end (output %s)", more ? "open" : "closed");
	}
	while (take(t, 0)) {
		struct pollfd p = { .fd = t->master, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
	}
	return t->status;
}

VTermScreenCell harness_cell(struct harness *t, int x, int y)
{
	VTermScreenCell cell = { .width = 1 };

	vterm_screen_get_cell(t->screen, (VTermPos){ .row = y, .col = x }, &cell);
	return cell;
}

bool harness_sent(const struct harness *t, const char *bytes)
{
	return t->raw.len > 0 && memmem(t->raw.data, t->raw.len, bytes, strlen(bytes)) != NULL;
}

/* The last place of bytes in the output, or -1. */
static long last_sent(const struct harness *t, const char *bytes)
{
	size_t n = strlen(bytes);

	for (long i = (long)t->raw.len - (long)n; i >= 0; i--)
		if (memcmp(t->raw.data + i, bytes, n) == 0)
			return i;
	return -1;
}

void harness_assert_restored(struct harness *t)
{
	struct termios now;

	assert_true(t->cursor_seen);
	assert_false(t->alternate);
	assert_true(last_sent(t, "\033[?2004l") > last_sent(t, "\033[?2004h"));
	assert_int_equal(tcgetattr(t->master, &now), 0);
	assert_int_equal(now.c_lflag, t->before.c_lflag);
	assert_int_equal(now.c_iflag, t->before.c_iflag);
	assert_int_equal(now.c_oflag, t->before.c_oflag);
}

void harness_stop(struct harness *t)
{
	if (!t->ended) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, &t->status, 0);
	}
	close(t->master);
	vterm_free(t->vt);
	buf_free(&t->raw);
}
