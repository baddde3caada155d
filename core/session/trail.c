/*
 * trail.c: the record of what happened, append-only. A write that fails half-way is cut off again,
 * so that the file always ends in a whole line and the chain always verifies; after a failure
 * nothing more is written (t->failed says why) and the supervisor decides what that means for the
 * session.
 */
#include "core/session/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

#define TRAIL_FILE "trail.jsonl"

int trail_create(struct trail *t, int dirfd, struct error *err)
{
	*t = (struct trail){ .fd = -1, .chain = CHAIN_START };
	t->fd = openat(dirfd, TRAIL_FILE, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return t->fd < 0 ? error_errno(err, errno, "trail: create %s", TRAIL_FILE) : 0;
}

/* seq and chain of the last whole line. */
static int last_line(struct trail *t, const char *text, size_t len, struct error *err)
{
	const char *start = len ? memrchr(text, '\n', len - 1) : NULL;
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root, at;
	const char *chain;
	int64_t seq;
	int r;

	if (len == 0)
		return 0;
	start = start ? start + 1 : text;
	r = json_parse(TRAIL_FILE, start, len - (size_t)(start - text), &doc, err);
	if (r < 0)
		return r;
	root = json_root(TRAIL_FILE, doc);
	at = json_member(&root, "seq");
	r = json_int(&at, 1, INT64_MAX / 2, &seq, err);
	at = json_member(&root, "chain");
	if (r == 0)
		r = json_string(&at, &chain, err);
	if (r == 0 && strlen(chain) != CHAIN_HEX - 1)
		r = json_error(&at, err, "expected %d hex digits", CHAIN_HEX - 1);
	if (r < 0)
		return r;
	t->seq = (uint64_t)seq;
	memcpy(t->chain, chain, CHAIN_HEX);
	return 0;
}

static int resume(struct trail *t, int dirfd, struct error *err)
{
	enum { TAIL = TRAIL_LINE_MAX * 2 };
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	const char *end;
	off_t from;
	ssize_t n;

	*t = (struct trail){ .fd = -1, .chain = CHAIN_START };
	t->fd = openat(dirfd, TRAIL_FILE, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (t->fd < 0)
		return error_errno(err, errno, "trail: open %s", TRAIL_FILE);
	if (fstat(t->fd, &st) < 0)
		return error_errno(err, errno, "trail: %s", TRAIL_FILE);
	from = st.st_size > TAIL ? st.st_size - TAIL : 0;
	text = malloc(TAIL);
	if (!text)
		return error_errno(err, ENOMEM, "trail");
	n = pread(t->fd, text, TAIL, from);
	if (n < 0)
		return error_errno(err, errno, "trail: read %s", TRAIL_FILE);
	end = memrchr(text, '\n', (size_t)n);
	n = end ? end - text + 1 : 0;
	if (from + n < st.st_size && ftruncate(t->fd, from + n) < 0)
		return error_errno(err, errno, "trail: cut the torn end of %s", TRAIL_FILE);
	return last_line(t, text, (size_t)n, err);
}

int trail_resume(struct trail *t, int dirfd, struct error *err)
{
	int r = resume(t, dirfd, err);

	if (r < 0)
		fd_close(&t->fd);
	return r;
}

void trail_finish(struct trail *t)
{
	trail_sync(t);
	fd_close(&t->fd);
}

struct json_writer trail_begin(struct trail *t, struct buf *b, const char *kind)
{
	struct json_writer w = json_writer(b);

	json_put_object(&w, NULL);
	json_put_uint(&w, "seq", t->seq + 1);
	json_put_time(&w, "time", clock_wall());
	json_put_string(&w, "kind", kind);
	if (t->policy_sha256) {
		json_put_uint(&w, "policy_revision", t->policy_revision);
		json_put_string(&w, "policy_sha256", t->policy_sha256);
	}
	return w;
}

int trail_put(struct trail *t, struct json_writer *w, struct buf *b)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	char chain[CHAIN_HEX];
	struct stat st;
	int r = t->failed;

	json_put_end(w, '}');
	memcpy(chain, t->chain, sizeof(chain));
	chain_append(&line, chain, buf_str(b), b->len);
	if (r == 0 && (line.failed || b->failed))
		r = -ENOMEM;
	if (r == 0 && fstat(t->fd, &st) < 0)
		r = -errno;
	if (r == 0 && st.st_size > TRAIL_FILE_MAX)
		r = -EFBIG;
	if (r == 0) {
		r = fd_write_all(t->fd, line.data, line.len);
		if (r < 0)
			(void)!ftruncate(t->fd, st.st_size);
	}
	buf_free(b);
	t->failed = r;
	if (r < 0)
		return r;
	memcpy(t->chain, chain, sizeof(chain));
	t->seq++;
	t->dirty = true;
	return 0;
}

void trail_sync(struct trail *t)
{
	if (t->fd >= 0 && t->dirty && fdatasync(t->fd) < 0)
		t->failed = -errno;
	t->dirty = false;
}
