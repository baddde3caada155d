/*
 * trail.c: reading a trail, which another process may be writing: only whole lines are given out, a
 * begun one waits for its end. One line is at most TRAIL_LINE_MAX bytes, so the buffer never grows.
 */
#include "core/api/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/api/trail_reader.h"
#include "core/base/bounds.h"
#include "core/base/fd.h"

enum { TAIL_FIRST = 16 * 1024 };

/* A regular file, or nothing: a FIFO would make us wait. */
static int open_regular(int dirfd, const char *name, int *ret)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	*ret = fd_steal(&fd);
	return 0;
}

/* The session's state directory alone. */
static int open_state(const char *id, int *ret_fd, struct error *err)
{
	struct located l;
	int r = locate_open(id, &l, err);

	if (r < 0)
		return r;
	*ret_fd = fd_steal(&l.state_fd);
	locate_close(&l);
	return *ret_fd < 0 ? error_set(err, ENOENT, "session %s: has no files yet", id) : 0;
}

int trail_open_in(int state_fd, struct trail_reader **ret, struct error *err)
{
	struct trail_reader *t = calloc(1, sizeof(*t));
	int r = -ENOMEM;

	if (!t)
		return error_errno(err, ENOMEM, TRAIL_FILE);
	t->fd = t->watch = -1;
	t->data = malloc(TRAIL_LINE_MAX + 1);
	if (t->data)
		r = open_regular(state_fd, TRAIL_FILE, &t->fd);
	if (r < 0) {
		trail_close(t);
		return error_errno(err, r, TRAIL_FILE);
	}
	*ret = t;
	return 0;
}

int trail_open(const char *id, struct trail_reader **ret, struct error *err)
{
	CLEANUP_FD int state_fd = -1;
	int r = open_state(id, &state_fd, err);

	return r < 0 ? r : trail_open_in(state_fd, ret, err);
}

void trail_close(struct trail_reader *t)
{
	if (!t)
		return;
	fd_close(&t->fd);
	fd_close(&t->watch);
	free(t->data);
	free(t);
}

size_t trail_rest(const struct trail_reader *t)
{
	return t->end - t->start;
}

/* The events are forgotten before the file is read: what is written after that makes a new one. */
static void drain_watch(const struct trail_reader *t)
{
	char events[1024];

	while (t->watch >= 0 && read(t->watch, events, sizeof(events)) > 0)
		;
}

/* Reads more into the buffer. Bytes read, 0 at the end so far, or -errno. */
static ssize_t fill(struct trail_reader *t)
{
	ssize_t n;

	if (t->start > 0) {
		memmove(t->data, t->data + t->start, t->end - t->start);
		t->end -= t->start;
		t->start = 0;
	}
	if (t->end > TRAIL_LINE_MAX)
		return -EBADMSG;
	do
		n = read(t->fd, t->data + t->end, TRAIL_LINE_MAX + 1 - t->end);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	t->end += (size_t)n;
	return n;
}

int trail_next(struct trail_reader *t, const char **ret_line, size_t *ret_len, struct error *err)
{
	size_t looked = 0;
	bool drained = false;

	for (;;) {
		char *from = t->data + t->start;
		char *end = memchr(from + looked, '\n', t->end - t->start - looked);
		ssize_t n;

		if (end) {
			*ret_line = from;
			*ret_len = (size_t)(end - from);
			t->start += *ret_len + 1;
			t->line++;
			return 1;
		}
		looked = t->end - t->start;
		if (!drained)
			drain_watch(t);
		drained = true;
		n = fill(t);
		if (n == -EBADMSG)
			return error_set(err, EBADMSG,
			                 TRAIL_FILE ": line %llu is longer than %d bytes",
			                 (unsigned long long)t->line + 1, TRAIL_LINE_MAX);
		if (n < 0)
			return error_errno(err, (int)n, TRAIL_FILE);
		if (n == 0)
			return 0;
	}
}

int trail_watch_fd(struct trail_reader *t)
{
	char path[64];

	if (t->watch >= 0)
		return t->watch;
	t->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", t->fd);
	if (t->watch >= 0 && inotify_add_watch(t->watch, path, IN_MODIFY) < 0)
		fd_close(&t->watch);
	return t->watch;
}

/* Where the newest n whole lines of text begin; *ret_found is how many there are, up to n. */
static const char *last_lines(const char *text, const char *end, int n, int *ret_found)
{
	const char *at = end;

	*ret_found = 0;
	while (at > text && *ret_found < n) {
		const char *before = memrchr(text, '\n', (size_t)(at - 1 - text));

		at = before ? before + 1 : text;
		++*ret_found;
	}
	return at;
}

static void format_lines(const char *at, const char *end, struct buf *out)
{
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		trail_format(at, (size_t)(stop - at), out);
		buf_addc(out, '\n');
		at = stop + 1;
	}
}

/* Formats the newest n lines that stand within the last `window` bytes. 1 when there may be more of
 * them before it. */
static int tail_window(int fd, off_t size, size_t window, int n, struct buf *out)
{
	CLEANUP_FREE char *text = malloc(window);
	off_t from = size > (off_t)window ? size - (off_t)window : 0;
	const char *start, *end, *at;
	int found;
	ssize_t got = text ? pread(fd, text, window, from) : -1;

	if (got < 0)
		return text ? -errno : -ENOMEM;
	end = memrchr(text, '\n', (size_t)got);
	if (!end)
		return from > 0;
	end++;
	start = text;
	if (from > 0) /* the first line of the window is cut */
		start = (const char *)memchr(text, '\n', (size_t)got) + 1;
	at = last_lines(start, end, n, &found);
	if (found < n && from > 0)
		return 1;
	format_lines(at, end, out);
	return 0;
}

int trail_tail(const char *id, int n, struct buf *ret_lines, struct error *err)
{
	CLEANUP_FD int state_fd = -1;
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r = open_state(id, &state_fd, err);

	if (r < 0)
		return r;
	r = open_regular(state_fd, TRAIL_FILE, &fd);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, TRAIL_FILE);
	if (n > TRAIL_TAIL_MAX)
		n = TRAIL_TAIL_MAX;
	r = n > 0;
	for (size_t window = TAIL_FIRST; r == 1; window *= 4) {
		r = tail_window(fd, st.st_size, window, n, ret_lines);
		/* n lines of the longest kind are read by now: what is there is no trail */
		if (r == 1 && window > (size_t)TRAIL_TAIL_MAX * TRAIL_LINE_MAX)
			r = -EBADMSG;
	}
	if (r == 0 && ret_lines->failed)
		r = -ENOMEM;
	return r < 0 ? error_errno(err, r, TRAIL_FILE) : 0;
}

int output_open(const char *id, int *ret_fd_old, int *ret_fd, struct error *err)
{
	CLEANUP_FD int state_fd = -1;
	CLEANUP_FD int old = -1;
	CLEANUP_FD int now = -1;
	int r = open_state(id, &state_fd, err);

	if (r < 0)
		return r;
	/* the newer first: a rotation in between then shows a part twice, and loses nothing */
	r = open_regular(state_fd, "output", &now);
	if (r < 0 && r != -ENOENT)
		return error_errno(err, r, "output");
	r = open_regular(state_fd, "output.1", &old);
	if (r < 0 && r != -ENOENT)
		return error_errno(err, r, "output.1");
	*ret_fd_old = fd_steal(&old);
	*ret_fd = fd_steal(&now);
	return 0;
}
