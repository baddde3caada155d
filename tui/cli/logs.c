/*
 * logs.c: warder logs. Output is kept in two files that take turns; following reads one to its
 * end and goes on with the one that replaced it.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/api/trail.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "tui/cli/choose.h"
#include "tui/cli/print.h"
#include "tui/cli/safe_lines.h"
#include "tui/cli/verbs.h"

enum { CHUNK = 64 * 1024, FOLLOW_MS = 200 };

struct logs_options {
	bool follow, raw;
};

struct logs {
	const struct logs_options *o;
	const char *id;
	struct sessions *list;
	struct safe_lines safe;
	char chunk[CHUNK];
};

/* From the descriptor's offset to its end for now. 0, -errno of reading with err, or 1:
 * writing failed and was said. */
static int copy_rest(struct logs *l, int fd, struct error *err)
{
	for (;;) {
		ssize_t n = read(fd, l->chunk, sizeof(l->chunk));
		struct buf out = BUF_INIT;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "the kept output");
		if (n == 0)
			return 0;
		if (l->o->raw)
			buf_add(&out, l->chunk, (size_t)n);
		else
			safe_lines_add(&l->safe, l->chunk, (size_t)n, &out);
		if (print_out(&out) != 0)
			return 1;
	}
}

static bool same_file(int a, int b)
{
	struct stat sa;
	struct stat sb;

	return a >= 0 && b >= 0 && fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool still_live(struct logs *l)
{
	const struct session_view *v;

	if (sessions_scan(l->list, false, NULL) < 0)
		return false;
	v = sessions_by_id(l->list, l->id);
	return v != NULL && session_state_live(v->state);
}

/* Was the file replaced? Then what is left of the old one, what came between, and on to the new. */
static int follow_turn(struct logs *l, int *fd, struct error *err)
{
	CLEANUP_FD int old = -1;
	CLEANUP_FD int now = -1;
	int r = copy_rest(l, *fd, err);

	if (r != 0)
		return r;
	if (output_open(l->id, &old, &now, NULL) < 0 || now < 0 || same_file(now, *fd))
		return 0;
	r = copy_rest(l, *fd, err); /* it may have grown before it was replaced */
	if (r == 0 && old >= 0 && !same_file(old, *fd)) {
		print_notice("logs: some output came faster than it could be read and is no longer "
		             "kept");
		r = copy_rest(l, old, err);
	}
	fd_close(fd);
	*fd = fd_steal(&now);
	return r != 0 ? r : copy_rest(l, *fd, err);
}

static int show(struct logs *l, struct error *err)
{
	CLEANUP_FD int old = -1;
	CLEANUP_FD int fd = -1;
	int r = output_open(l->id, &old, &fd, err);

	if (r == 0 && old >= 0)
		r = copy_rest(l, old, err);
	if (r == 0 && fd >= 0)
		r = copy_rest(l, fd, err);
	while (r == 0 && l->o->follow && fd >= 0) {
		bool live = still_live(l); /* asked before reading: nothing comes after the end */

		r = follow_turn(l, &fd, err);
		if (!live)
			break;
		poll(NULL, 0, FOLLOW_MS);
	}
	return r;
}

static int logs_main(const struct verb *v, int argc, char **argv)
{
	struct logs_options o = { .follow = false };
	const struct session_view *view = NULL;
	struct logs *l = calloc(1, sizeof(*l));
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	char **refs = NULL;
	char id[16] = "";
	int n = 0;
	int status = 1;
	int r;

	if (l == NULL) {
		error_errno(&err, ENOMEM, "output");
		return verb_fail(v, &err, 1);
	}
	if (verb_begin(v, argc, argv, &o, 1, 1, &refs, &n, &status) < 0) {
		free(l);
		return status;
	}
	l->o = &o;
	r = choose_one(refs[0], &l->list, &view, &err);
	if (r == 0) {
		memcpy(id, view->id, sizeof(id));
		l->id = id;
		r = show(l, &err);
	}
	if (r == 0) {
		safe_lines_end(&l->safe, &out);
		r = print_out(&out);
	}
	if (l->list != NULL)
		sessions_close(l->list);
	free(l);
	free(refs);
	return r < 0 ? verb_fail(v, &err, 1) : r;
}

static const struct cli_option logs_options[] = {
	{ 'f', "follow", .argument = NULL, .offset = offsetof(struct logs_options, follow),
	  .help = "go on until the session ends" },
	{ 0, "raw", .argument = NULL, .offset = offsetof(struct logs_options, raw),
	  .help = "every byte as printed, escape sequences included" },
	{ .name = NULL },
};

const struct verb verb_logs = {
	.name = "logs",
	.operands = "SESSION [-f] [--raw]",
	.summary = "Show what a session printed",
	.options = logs_options,
	.text = "The newest part is kept, bounded by limits.output of the policy. Control "
		"characters are shown as escapes unless "
		"--raw is given.",
	.main = logs_main,
};
