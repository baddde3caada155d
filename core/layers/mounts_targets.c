/*
 * mounts_targets.c: where asked mounts may stand, and in which order. A mount point is made only in
 * a tmpfs of ours. Below a bind of the host it must be there already, as a directory for a
 * directory and as a file for a file: nothing is ever made on the host for the sake of a mount, not
 * even through a symlinked parent.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"

char *target_expand(const char *target)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (target[0] == '~' && (!target[1] || target[1] == '/')) {
		buf_adds(&b, AGENT_HOME);
		target++;
	}
	for (const char *c = target; *c; c++) {
		if (*c != '/' || (c[1] && c[1] != '/'))
			buf_addc(&b, *c);
	}
	if (b.len == 0)
		buf_adds(&b, "/");
	return buf_steal(&b);
}

/* Whether `path` is `dir` or lies below it; both absolute or both relative. */
static bool within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool has_dots(const char *path)
{
	for (const char *at = strstr(path, "/."); at; at = strstr(at + 1, "/.")) {
		const char *end = at[2] == '.' ? at + 3 : at + 2;

		if (*end == '\0' || *end == '/')
			return true;
	}
	return false;
}

int target_check(const char *target, bool tmpfs, struct error *err)
{
	static const char *const whole[] = { "/proc", "/sys",   "/dev",   "/bin",    "/sbin",
		                             "/lib",  "/lib32", "/lib64", "/libx32", NULL };
	static const char *const exact[] = { "/",    "/usr", "/etc",           "/home",
		                             "/var", "/run", WORKSPACE_TARGET, NULL };
	bool taken = false;

	if (target[0] != '/' || has_dots(target))
		return error_set(err, EINVAL,
		                 "mount at %s: expected an absolute path without . or ..", target);
	if (tmpfs && strcmp(target, "/dev/shm") == 0)
		return 0;
	for (const char *const *p = whole; *p; p++)
		taken |= within(target, *p);
	for (const char *const *p = exact; *p; p++)
		taken |= strcmp(target, *p) == 0;
	if (taken)
		return error_set(err, EINVAL, "mount at %s: that place is the session's own",
		                 target);
	return 0;
}

static int depth(const char *path)
{
	int n = 0;

	while (*path)
		n += *path++ == '/';
	return n;
}

static int by_depth(const void *a, const void *b)
{
	const struct step *x = a, *y = b;
	int dx = depth(x->path), dy = depth(y->path);

	return dx != dy ? dx - dy : strcmp(x->path, y->path);
}

/* The mount that a path lies in, among those before it: the longest prefix, the latest of equals.
 * NULL: the root. */
static const struct step *mount_above(const struct mounts *m, int before, const char *path)
{
	const struct step *found = NULL;

	for (int i = 0; i < before; i++) {
		const struct step *s = &m->steps[i];

		if (s->kind != STEP_TREE && s->kind != STEP_TMPFS)
			continue;
		if (strcmp(s->path, path) != 0 && within(path, s->path) &&
		    (!found || strlen(s->path) >= strlen(found->path)))
			found = s;
	}
	return found;
}

static int must_exist(const struct step *s, const struct step *above, struct error *err)
{
	CLEANUP_FD int fd =
		fd_openat2(above->source.fd, s->path + strlen(above->path) + 1, O_PATH | O_CLOEXEC,
	                   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	struct stat st;

	if (fd == -ENOENT) {
		error_set(err, ENOENT, "mount at /%s: not there in %s", s->path,
		          above->source.path);
		error_hint(err, "make it there first: nothing is made on the host for a mount");
		return -ENOENT;
	}
	if (fd < 0)
		return error_errno(err, fd, "mount at /%s: in %s", s->path, above->source.path);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "mount at /%s", s->path);
	if (!S_ISDIR(st.st_mode) != !s->directory)
		return error_set(err, s->directory ? ENOTDIR : EISDIR, "mount at /%s: %s", s->path,
		                 s->directory ? "a file stands where a directory is mounted"
		                              : "a directory stands where a file is mounted");
	return 0;
}

int target_order(struct mounts *m, int first, struct error *err)
{
	if (m->n - first > 1)
		qsort(m->steps + first, (size_t)(m->n - first), sizeof(*m->steps), by_depth);
	for (int i = first; i < m->n; i++) {
		struct step *s = &m->steps[i];
		const struct step *above = mount_above(m, i, s->path);
		int r;

		if (i > first && strcmp(s->path, m->steps[i - 1].path) == 0)
			return error_set(err, EEXIST, "mount at /%s: asked for twice", s->path);
		if (!above || above->kind == STEP_TMPFS)
			continue;
		s->create = false;
		r = must_exist(s, above, err);
		if (r < 0)
			return r;
	}
	return 0;
}
