/*
 * attach.c: the relay. One loop over four descriptors: the connection, standard input, standard
 * output or error, and signals. At most one packet of output and one block of input are held;
 * while they cannot go on, nothing more is read from where they came, which is all the
 * back-pressure there is. Nothing here makes a shared descriptor non-blocking: it would change
 * for the shell too. Writes follow a POLLOUT and are at most PIPE_BUF long.
 */
#include "tui/attach.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "tui/tty.h"

enum { INPUT_CHUNK = 8192, PATTERNS = 3, PATTERN_MAX = 16 };
enum { POLL_LINK, POLL_INPUT, POLL_OUTPUT, POLL_SIGNALS, POLL_COUNT };

struct relay {
	const struct attach_options *o;
	struct attach_result *result;
	int signal_fd;
	bool accepted; /* the supervisor said yes to our request, or none was needed */
	bool done;
	int failed; /* -errno of a refusal; err is filled */

	char input[INPUT_CHUNK + PATTERN_MAX]; /* not yet sent */
	size_t input_len;
	bool input_open, eof_due, resize_due;

	char patterns[PATTERNS][PATTERN_MAX]; /* what detaches; "" = unused */
	char held[PATTERN_MAX];               /* the beginning of a pattern */
	size_t held_len;

	char packet[PACKET_MAX];
	const char *output; /* into packet */
	size_t output_len;
	int output_fd;
	bool dead[3]; /* by descriptor: writing failed, the rest is dropped */
	struct tty_modes modes;
};

static void finish(struct relay *r, enum attach_end end)
{
	r->result->end = end;
	r->done = true;
}

/* False when the connection is full. A closed one shows when it is read. */
static bool push(struct relay *r, uint8_t type, const void *payload, size_t len)
{
	return link_send(r->o->fd, type, payload, len) != -EAGAIN;
}

static void send_signal(struct relay *r, int sig)
{
	struct packet_signal p = { .signal = sig };

	r->result->signal = sig;
	if (!r->o->read_only && !push(r, PACKET_SIGNAL, &p, sizeof(p)))
		link_signal(r->o->id, sig, NULL); /* full of input: by a connection of its own */
}

static bool window_size(uint16_t *rows, uint16_t *cols)
{
	struct winsize ws;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_row == 0 || ws.ws_col == 0)
		return false;
	*rows = ws.ws_row;
	*cols = ws.ws_col;
	return true;
}

/* Sends what waits, in the order in which it matters. */
static void send_due(struct relay *r)
{
	struct packet_resize size;

	if (r->resize_due &&
	    (!window_size(&size.rows, &size.cols) || push(r, PACKET_RESIZE, &size, sizeof(size))))
		r->resize_due = false;
	if (r->input_len > 0 && push(r, PACKET_INPUT, r->input, r->input_len))
		r->input_len = 0;
	if (r->eof_due && r->input_len == 0 && push(r, PACKET_INPUT_EOF, NULL, 0))
		r->eof_due = false;
}

static bool sending_blocked(const struct relay *r)
{
	return r->resize_due || r->input_len > 0 || r->eof_due;
}

/* ---- input ---- */

static void make_patterns(struct relay *r)
{
	const char *keys = r->o->detach_keys;
	int letter;

	if (keys == NULL || *keys == '\0')
		return;
	snprintf(r->patterns[0], PATTERN_MAX, "%s", keys);
	if (keys[1] != '\0' || (unsigned char)keys[0] > 26)
		return;
	/* An agent's program may have switched the keyboard to kitty's or xterm's protocol:
	 * the same key, spelled out. */
	letter = 'a' + keys[0] - 1;
	snprintf(r->patterns[1], PATTERN_MAX, "\033[%d;5u", letter);
	snprintf(r->patterns[2], PATTERN_MAX, "\033[27;5;%d~", letter);
}

/* 1: held is a whole pattern; 0: the beginning of one; -1: neither. */
static int match_held(const struct relay *r)
{
	int best = -1;

	for (int i = 0; i < PATTERNS; i++) {
		size_t len = strlen(r->patterns[i]);

		if (len < r->held_len || memcmp(r->patterns[i], r->held, r->held_len) != 0)
			continue;
		if (len == r->held_len)
			return 1;
		best = 0;
	}
	return best;
}

static void release_held(struct relay *r, size_t n)
{
	if (!r->o->read_only) {
		memcpy(r->input + r->input_len, r->held, n);
		r->input_len += n;
	}
	r->held_len -= n;
	memmove(r->held, r->held + n, r->held_len);
}

/* Passes typed bytes on, less the keys that detach. Each byte is emitted once, so input never
 * overflows. */
static void take_typed(struct relay *r, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && !r->done; i++) {
		int m;

		r->held[r->held_len++] = bytes[i];
		while (r->held_len > 0 && (m = match_held(r)) != 0) {
			if (m > 0) {
				push(r, PACKET_DETACH, NULL, 0);
				finish(r, ATTACH_DETACHED);
				return;
			}
			release_held(r, 1);
		}
	}
	if (r->held_len > 0 && r->held[0] == '\033')
		release_held(
			r,
			r->held_len); /* the Escape key alone: it must not wait for the next one */
}

/* The operator's terminal is gone. */
static void hang_up(struct relay *r)
{
	if (r->o->forward_signals)
		send_signal(r, SIGHUP);
	r->result->signal = SIGHUP;
	finish(r, ATTACH_SIGNALLED);
}

static void read_input(struct relay *r)
{
	char bytes[INPUT_CHUNK];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0 && r->o->raw) {
		take_typed(r, bytes, (size_t)n);
	} else if (n > 0) {
		memcpy(r->input, bytes, (size_t)n);
		r->input_len = (size_t)n;
	} else {
		r->input_open = false;
		if (r->o->raw)
			hang_up(r);
		else
			r->eof_due = true;
	}
	send_due(r);
}

/* ---- output ---- */

static void output_failed(struct relay *r, int code)
{
	if (r->result->output_error == 0)
		r->result->output_error = code;
	r->dead[r->output_fd] = true;
	r->output_len = 0;
	if (code == EPIPE && r->o->forward_signals) {
		send_signal(r, SIGPIPE); /* what a program in a pipeline would have got */
	} else if (!r->o->forward_signals) {
		r->result->signal = SIGPIPE;
		finish(r, ATTACH_SIGNALLED);
	}
}

static void write_output(struct relay *r)
{
	size_t len = r->output_len < PIPE_BUF ? r->output_len : PIPE_BUF;
	ssize_t n = write(r->output_fd, r->output, len);

	if (n < 0) {
		if (errno != EINTR && errno != EAGAIN)
			output_failed(r, errno);
		return;
	}
	if (r->o->raw)
		tty_modes_scan(&r->modes, r->output, (size_t)n);
	r->output += n;
	r->output_len -= (size_t)n;
}

static void take_output(struct relay *r, const char *payload, size_t len)
{
	if (len < 2)
		return;
	r->output_fd = payload[0] == 2 ? STDERR_FILENO : STDOUT_FILENO;
	if (r->dead[r->output_fd])
		return;
	r->output = payload + 1;
	r->output_len = len - 1;
}

/* ---- the connection ---- */

static void refused(struct relay *r, const struct packet_head *head, const void *payload,
                    struct error *err)
{
	struct packet_error e;

	r->done = true;
	if (packet_payload(head, payload, &e, sizeof(e)) < 0) {
		r->failed = error_set(err, EPROTO, "the supervisor's answer makes no sense");
		return;
	}
	e.text[sizeof(e.text) - 1] = '\0';
	e.hint[sizeof(e.hint) - 1] = '\0';
	r->failed = error_set(err, e.code, "%s", e.text);
	if (e.hint[0] != '\0')
		error_hint(err, "%s", e.hint);
}

static void take_packet(struct relay *r, const struct packet_head *head, const void *payload,
                        struct error *err)
{
	struct packet_gap gap;

	switch (head->type) {
	case PACKET_OK:
		r->accepted = true;
		break;
	case PACKET_ERROR:
		if (!r->accepted)
			refused(r, head, payload, err);
		break; /* later ones answer signals that came too late */
	case PACKET_OUTPUT:
		take_output(r, payload, head->length);
		break;
	case PACKET_GAP:
		if (packet_payload(head, payload, &gap, sizeof(gap)) == 0)
			r->result->gap += gap.bytes;
		break;
	case PACKET_ENDED:
		if (packet_payload(head, payload, &r->result->ended, sizeof(r->result->ended)) < 0)
			break;
		r->result->ended.reason[sizeof(r->result->ended.reason) - 1] = '\0';
		finish(r, ATTACH_ENDED);
		break;
	default:
		break; /* of a later version */
	}
}

static void read_link(struct relay *r, struct error *err)
{
	struct packet_head head;
	const void *payload;
	ssize_t n = link_recv(r->o->fd, r->packet, sizeof(r->packet));

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0)
		finish(r, ATTACH_LOST);
	else if (packet_decode(r->packet, (size_t)n, &head, &payload) == 0)
		take_packet(r, &head, payload, err);
}

/* ---- signals ---- */

static int enter(const struct relay *r)
{
	return tty_enter(STDIN_FILENO, r->o->lines ? TTY_BYTES : TTY_RAW);
}

static void stop_and_come_back(struct relay *r)
{
	tty_leave();
	raise(SIGSTOP);
	enter(r);
	r->resize_due = !r->o->read_only;
}

static void take_signal(struct relay *r, int sig)
{
	switch (sig) {
	case SIGWINCH:
		r->resize_due = !r->o->read_only;
		break;
	case SIGTSTP:
		stop_and_come_back(r);
		break;
	case SIGCONT: /* the shell may have changed the terminal meanwhile */
		tty_leave();
		enter(r);
		r->resize_due = !r->o->read_only;
		break;
	default:
		if (sig == SIGHUP && r->o->raw) {
			hang_up(r);
		} else if (r->o->forward_signals) {
			send_signal(r, sig);
		} else {
			r->result->signal = sig;
			finish(r, ATTACH_SIGNALLED);
		}
		break;
	}
	send_due(r);
}

static void read_signals(struct relay *r)
{
	struct signalfd_siginfo si;

	while (!r->done && read(r->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		take_signal(r, (int)si.ssi_signo);
}

/* Those that end or change the relay. One that the caller ignores (nohup) stays ignored. */
static void signals_wanted(bool raw, sigset_t *set)
{
	static const int always[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	static const int with_terminal[] = { SIGWINCH, SIGTSTP, SIGCONT };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		struct sigaction sa;

		if (sigaction(always[i], NULL, &sa) < 0 || sa.sa_handler != SIG_IGN)
			sigaddset(set, always[i]);
	}
	for (size_t i = 0; raw && i < sizeof(with_terminal) / sizeof(with_terminal[0]); i++)
		sigaddset(set, with_terminal[i]);
}

/* ---- the loop ---- */

static int poll_once(struct relay *r, struct error *err)
{
	bool want_input = r->input_open && !sending_blocked(r) && (r->o->raw || !r->o->read_only);
	short link_events =
		(short)((r->output_len == 0 ? POLLIN : 0) | (sending_blocked(r) ? POLLOUT : 0));
	struct pollfd p[POLL_COUNT] = {
		[POLL_LINK] = { link_events ? r->o->fd : -1, link_events, 0 },
		[POLL_INPUT] = { want_input ? STDIN_FILENO : -1, POLLIN, 0 },
		[POLL_OUTPUT] = { r->output_len > 0 ? r->output_fd : -1, POLLOUT, 0 },
		[POLL_SIGNALS] = { r->signal_fd, POLLIN, 0 },
	};

	if (poll(p, POLL_COUNT, -1) < 0)
		return errno == EINTR ? 0 : error_errno(err, errno, "poll");
	if (p[POLL_SIGNALS].revents)
		read_signals(r);
	if (!r->done && p[POLL_OUTPUT].revents)
		write_output(r);
	if (!r->done && p[POLL_LINK].revents) {
		send_due(r);
		if (r->output_len == 0)
			read_link(r, err);
	}
	if (!r->done && p[POLL_INPUT].revents)
		read_input(r);
	return r->failed;
}

static int request(struct relay *r, struct error *err)
{
	struct packet_attach a = { .flags = 0 };
	int e;

	if (!r->o->request) {
		r->accepted = true;
		return 0;
	}
	if (r->o->read_only)
		a.flags |= ATTACH_READ_ONLY;
	if (r->o->replay)
		a.flags |= ATTACH_REPLAY;
	if (r->o->raw)
		window_size(&a.rows, &a.cols);
	e = link_send(r->o->fd, PACKET_ATTACH, &a, sizeof(a));
	return e < 0 ? error_errno(err, e, "attach") : 0;
}

static void restore(struct relay *r, const sigset_t *mask)
{
	char reset[TTY_RESET_MAX];
	size_t len = tty_modes_reset(&r->modes, reset);

	/* A terminal that is gone needs none. */
	if (r->o->raw && len > 0 && isatty(STDOUT_FILENO))
		(void)fd_write_all(STDOUT_FILENO, reset, len);
	/* What is said next shall not stand behind the agent's prompt. */
	if (r->o->raw && r->result->end == ATTACH_DETACHED && isatty(STDOUT_FILENO))
		(void)fd_write_all(STDOUT_FILENO, "\r\n", 2);
	if (r->o->raw)
		tty_leave();
	fd_close(&r->signal_fd);
	sigprocmask(SIG_SETMASK, mask, NULL);
}

int attach_relay(const struct attach_options *o, struct attach_result *ret, struct error *err)
{
	struct attach_result result = { .end = ATTACH_LOST };
	struct relay r = { .o = o, .result = &result, .input_open = true };
	sigset_t wanted;
	sigset_t before;
	int e;

	make_patterns(&r);
	signals_wanted(o->raw, &wanted);
	sigprocmask(SIG_BLOCK, &wanted, &before);
	r.signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	e = r.signal_fd < 0 ? error_errno(err, errno, "signalfd") : request(&r, err);
	if (e == 0 && o->raw) {
		e = enter(&r);
		if (e < 0)
			error_errno(err, e, "the terminal");
		r.resize_due = !o->read_only; /* it may have changed since the launch */
		send_due(&r);
	}
	while (e == 0 && !r.done)
		e = poll_once(&r, err);
	restore(&r, &before);
	if (e == 0)
		*ret = result;
	return e;
}

void attach_keys_name(const char *keys, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (; *keys != '\0' && len < size; keys++) {
		const char *gap = len > 0 ? " " : "";
		int n;

		if ((unsigned char)*keys < ' ')
			n = snprintf(out + len, size - len, "%sCtrl-%c", gap, *keys + '@');
		else
			n = snprintf(out + len, size - len, "%s%c", gap, *keys);
		len += (size_t)n;
	}
}
