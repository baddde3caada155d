/*
 * output.c: the bounded record of the session's output. It never blocks the session: a full disk
 * ends the keeping, not the agent.
 */
#include "core/session/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/fd.h"

static int open_fresh(struct output *o)
{
	o->fd = openat(o->dirfd, "output", O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
	               0600);
	if (o->fd < 0)
		return -errno;
	if (o->opened)
		o->opened(o->owner, o->fd);
	return 0;
}

int output_create(struct output *o, int dirfd, uint64_t cap, void (*opened)(void *owner, int fd),
                  void *owner, struct error *err)
{
	int r;

	*o = (struct output){ .dirfd = dirfd, .half = cap / 2, .opened = opened, .owner = owner };
	r = open_fresh(o);
	return r < 0 ? error_errno(err, r, "output file") : 0;
}

static int rotate(struct output *o)
{
	fd_close(&o->fd);
	if (renameat(o->dirfd, "output", o->dirfd, "output.1") < 0)
		return -errno;
	o->in_file = 0;
	return open_fresh(o);
}

int output_add(struct output *o, const void *data, size_t len)
{
	const char *at = data;
	int r = 0;

	o->total += len;
	while (len > 0 && o->failed == 0 && o->half > 0) {
		size_t n = len;

		if (o->in_file >= o->half && (r = rotate(o)) < 0)
			break;
		if (n > o->half - o->in_file)
			n = (size_t)(o->half - o->in_file);
		r = fd_write_all(o->fd, at, n);
		if (r < 0)
			break;
		o->in_file += n;
		at += n;
		len -= n;
	}
	if (r < 0)
		o->failed = r;
	return r;
}

void output_close(struct output *o)
{
	fd_close(&o->fd);
}
