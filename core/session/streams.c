/*
 * streams.c: bytes from the agent go to the output file and to every attached client; bytes from
 * clients go to the agent. Input is one bounded buffer: while it is not empty, writers' sockets
 * are not read. Reading the agent's output stops while the launcher's queue is full, so that
 * `warder run … | less` loses nothing.
 */
#include "core/session/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/control.h"
#include "core/session/publish.h"

enum { CHUNK = 32 * 1024, CHUNKS_PER_TURN = 8 };

static void told(struct session *s, const void *data, size_t len, uint8_t id)
{
	int r = output_add(&s->output, data, len);

	if (r < 0)
		publish_limit(s, "disk", "output is no longer kept: %s", strerror(-r));
	control_output(s, id, data, len);
}

/* False at the end of the stream. */
static bool drain(struct stream *st, unsigned turns)
{
	struct session *s = st->session;
	unsigned char chunk[CHUNK];

	while (turns-- > 0 && (!s->out_paused || s->init_gone)) {
		ssize_t n = read(st->source.fd, chunk, sizeof(chunk));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		told(s, chunk, (size_t)n, st->id);
	}
	return true;
}

static void on_output(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct stream *st = src->owner;

	(void)events;
	st->session->last_activity = now;
	if (!drain(st, CHUNKS_PER_TURN)) {
		st->open = false;
		loop_remove(st->session->loop, src);
	}
}

static int input_fd(const struct session *s)
{
	return s->box.master >= 0 ? s->box.master : s->box.in;
}

static void write_input(struct session *s)
{
	while (s->in_off < s->in_len) {
		ssize_t n = write(input_fd(s), s->in_data + s->in_off, s->in_len - s->in_off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) { /* the agent closed its stdin */
			s->in_off = s->in_len;
			s->in_eof = true;
			break;
		}
		s->in_off += (size_t)n;
	}
	s->in_len = s->in_off = 0;
	if (s->in_eof && s->box.in >= 0) {
		loop_remove(s->loop, &s->in_source);
		fd_close(&s->in_source.fd);
		fd_close(&s->box.in);
	}
}

static void on_input(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct session *s = src->owner;

	(void)events;
	(void)now;
	write_input(s);
	if (s->in_len > 0)
		return;
	loop_remove(s->loop, src);
	control_resume_input(s);
}

bool streams_want_input(const struct session *s)
{
	return s->in_len == 0;
}

void streams_input(struct session *s, const void *data, size_t len)
{
	s->last_activity = clock_now();
	if (input_fd(s) < 0 || s->in_eof || len > PACKET_MAX || s->in_len > 0)
		return;
	memcpy(s->in_data, data, len);
	s->in_len = len;
	s->in_off = 0;
	write_input(s);
	if (s->in_len > 0 && loop_add(s->loop, &s->in_source) < 0)
		s->in_len = s->in_off = 0;
}

void streams_input_eof(struct session *s)
{
	if (s->box.master >= 0) {
		const unsigned char end = 4; /* VEOF: what a terminal says at its end of input */

		streams_input(s, &end, 1);
		return;
	}
	s->in_eof = true;
	if (s->in_len == 0)
		write_input(s);
}

void streams_resize(struct session *s, unsigned rows, unsigned cols, bool nudge)
{
	struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	if (s->box.master < 0 || rows == 0 || cols == 0 || rows > 1000 || cols > 4000)
		return;
	if (nudge && rows > 1) { /* a program redraws on SIGWINCH, which comes only with a change */
		ws.ws_row--;
		(void)ioctl(s->box.master, TIOCSWINSZ, &ws);
		ws.ws_row++;
	}
	(void)ioctl(s->box.master, TIOCSWINSZ, &ws);
	publish_terminal(s, rows, cols);
}

void streams_pause(struct session *s, bool pause)
{
	struct stream *both[2] = { &s->out, &s->err };

	if (s->out_paused == pause)
		return;
	s->out_paused = pause;
	/* taken out, not only muted: a hang-up cannot be muted (epoll_ctl(2)) and would be heard
	 * again and again */
	for (int i = 0; i < 2; i++) {
		if (pause)
			loop_remove(s->loop, &both[i]->source);
		else if (both[i]->open)
			(void)loop_add(s->loop, &both[i]->source);
	}
}

static int stream_open(struct session *s, struct stream *st, int fd, uint8_t id)
{
	*st = (struct stream){ .session = s, .id = id, .open = fd >= 0 };
	st->source =
		(struct loop_fd){ .fd = fd, .events = EPOLLIN, .ready = on_output, .owner = st };
	return fd >= 0 ? loop_add(s->loop, &st->source) : 0;
}

static int dup_cloexec(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int streams_open(struct session *s, struct error *err)
{
	bool tty = s->box.master >= 0;
	int r;

	s->in_data = malloc(PACKET_MAX);
	r = s->in_data ? 0 : -ENOMEM;
	if (r == 0)
		r = stream_open(s, &s->out, tty ? s->box.master : s->box.out, 1);
	if (r == 0)
		r = stream_open(s, &s->err, tty ? -1 : s->box.err, 2);
	/* epoll knows a descriptor once: waiting to write to the terminal needs one of its own */
	s->in_source = (struct loop_fd){ .fd = input_fd(s) >= 0 ? dup_cloexec(input_fd(s)) : -1,
		                         .events = EPOLLOUT,
		                         .ready = on_input,
		                         .owner = s };
	return r < 0 ? error_errno(err, r, "terminal and standard streams") : 0;
}

void streams_finish(struct session *s)
{
	struct stream *both[2] = { &s->out, &s->err };

	s->out_paused = false;
	for (int i = 0; i < 2; i++) {
		if (both[i]->open)
			(void)drain(both[i], 1024);
		both[i]->open = false;
		loop_remove(s->loop, &both[i]->source);
	}
	loop_remove(s->loop, &s->in_source);
	fd_close(&s->in_source.fd);
	free(s->in_data);
	s->in_data = NULL;
}
