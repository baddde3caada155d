/*
 * registry.c: the directory is the registry. A session appears by rename(2) with its lock held, and disappears as a whole: a
 * viewer never sees half of one. Names are symlinks, since symlink(2) is atomic and says EEXIST.
 */
#include "core/session/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/layers/cgroup.h"
#include "core/layers/identity.h"

#define STAGING ".new-"

enum { STALE_SECONDS = 60, CGROUP_WAIT_MS = 3000 };

static int make_dir(int parent, const char *name, int *ret_fd)
{
	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	*ret_fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? -errno : 0;
}

void seat_grant(const struct plan *p, int fd)
{
	if (p->launch.owner_uid != geteuid() || p->operator_gid != (gid_t)-1)
		(void)fd_grant_read(fd, p->launch.owner_uid, p->operator_gid);
}

/* A launch that was killed before it was published leaves .new-<id> with a free lock: taken away by the next launch, once it
 * is old enough to be no launch that has yet to take its lock. */
static void sweep(const struct plan *p, const char *name)
{
	CLEANUP_FD int dir = openat(p->places.runtime_sessions_fd, name,
				    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP_FD int lock = dir >= 0 ? openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 || st.st_mtime + STALE_SECONDS > time(NULL))
		return;
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		return;
	if (lock >= 0)
		registry_end_cgroup(lock, name + strlen(STAGING));
	(void)identity_reclaim(p->places.runtime, name + strlen(STAGING));
	(void)fd_remove_tree(p->places.state_sessions_fd, name + strlen(STAGING));
	(void)fd_remove_tree(p->places.runtime_sessions_fd, name);
}

int registry_end_cgroup(int lock_fd, const char *id)
{
	struct cgroup *c = NULL;
	char text[16] = "";
	int64_t uid;
	ssize_t n = pread(lock_fd, text, sizeof(text) - 1, 0);
	int r;

	if (n <= 0 || text_parse_int(text, 0, UINT32_MAX, &uid, NULL) < 0)
		return -EBADMSG;
	r = cgroup_open((uid_t)uid, id, &c, NULL);
	if (r < 0 || !c)
		return r;
	r = cgroup_kill(c);
	if (r == 0)
		r = cgroup_remove(c, CGROUP_WAIT_MS);
	cgroup_free(c);
	return r;
}

/* Counts live sessions cheaply: entries of the directory. */
static int too_many(const struct plan *p, struct error *err)
{
	int fd = openat(p->places.runtime_sessions_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	int n = 0;

	if (!d) {
		fd_close(&fd);
		return error_errno(err, errno, "%s/sessions", p->places.runtime);
	}
	while ((e = readdir(d))) {
		if (strncmp(e->d_name, STAGING, strlen(STAGING)) == 0)
			sweep(p, e->d_name);
		n++;
	}
	closedir(d);
	if (n - 2 < SESSIONS_MAX)
		return 0;
	error_set(err, EUSERS, "launch: %d sessions are live, the most that warder keeps", SESSIONS_MAX);
	error_hint(err, "warder ps shows them, warder kill ends some");
	return -EUSERS;
}

static int take_name(const struct plan *p, struct error *err)
{
	char path[96], id[32];
	ssize_t n;

	if (mkdirat(p->places.runtime_fd, "names", 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "%s/names", p->places.runtime);
	snprintf(path, sizeof(path), "names/%s", p->name);
	for (int tries = 0; tries < 3; tries++) {
		if (symlinkat(p->launch.id, p->places.runtime_fd, path) == 0)
			return 0;
		if (errno != EEXIST)
			return error_errno(err, errno, "%s/%s", p->places.runtime, path);
		n = readlinkat(p->places.runtime_fd, path, id, sizeof(id) - 1);
		if (n < 0)
			continue;
		id[n] = '\0';
		if (session_id_valid(id) && places_session_alive(&p->places, id) != 0 &&
		    places_session_alive(&p->places, id) != -ENOENT)
			break;
		/* its session is gone: the name is free */
		registry_drop_name(&p->places, p->name, id);
	}
	error_set(err, EEXIST, "--name %s: taken by a live session", p->name);
	error_hint(err, "choose another name, or end that one: warder kill %s", p->name);
	return -EEXIST;
}

void registry_drop_name(const struct places *places, const char *name, const char *id)
{
	char path[96], target[32];
	ssize_t n;

	snprintf(path, sizeof(path), "names/%s", name);
	n = readlinkat(places->runtime_fd, path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	if (strcmp(target, id) == 0)
		(void)unlinkat(places->runtime_fd, path, 0);
}

int seat_take(const struct plan *p, struct seat *ret, struct error *err)
{
	char staging[32];
	int r = too_many(p, err);

	*ret = SEAT_INIT;
	if (r == 0)
		r = take_name(p, err);
	if (r < 0)
		return r;
	snprintf(staging, sizeof(staging), STAGING "%s", p->launch.id);
	r = make_dir(p->places.runtime_sessions_fd, staging, &ret->runtime_fd);
	if (r < 0) {
		error_errno(err, r, "%s/sessions/%s", p->places.runtime, p->launch.id);
		goto fail;
	}
	ret->lock_fd = openat(ret->runtime_fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	/* it holds the owner's uid: enough for a reaper to find the cgroup when nothing else was written */
	if (ret->lock_fd < 0 || flock(ret->lock_fd, LOCK_EX | LOCK_NB) < 0 ||
	    dprintf(ret->lock_fd, "%u", (unsigned)p->launch.owner_uid) < 0) {
		r = error_errno(err, errno, "%s/sessions/%s/lock", p->places.runtime, p->launch.id);
		goto fail;
	}
	r = make_dir(p->places.state_sessions_fd, p->launch.id, &ret->state_fd);
	if (r < 0) {
		error_errno(err, r, "%s/sessions/%s", p->places.state, p->launch.id);
		goto fail;
	}
	seat_grant(p, ret->lock_fd);
	seat_grant(p, ret->runtime_fd);
	seat_grant(p, ret->state_fd);
	return 0;
fail:
	seat_leave(p, ret, true);
	return r;
}

int seat_publish(const struct plan *p, struct seat *s, struct error *err)
{
	char staging[32];

	snprintf(staging, sizeof(staging), STAGING "%s", p->launch.id);
	if (renameat(p->places.runtime_sessions_fd, staging, p->places.runtime_sessions_fd,
		     p->launch.id) < 0)
		return error_errno(err, errno, "%s/sessions/%s", p->places.runtime, p->launch.id);
	s->published = true;
	return 0;
}

void seat_leave(const struct plan *p, struct seat *s, bool record_too)
{
	char gone[32];

	/* renamed away first: what a viewer can see of it is whole or nothing, and its lock is held to the end */
	snprintf(gone, sizeof(gone), STAGING "%s", p->launch.id);
	if (s->published)
		(void)renameat(p->places.runtime_sessions_fd, p->launch.id,
			       p->places.runtime_sessions_fd, gone);
	if (s->runtime_fd >= 0)
		(void)fd_remove_tree(p->places.runtime_sessions_fd, gone);
	if (record_too && s->state_fd >= 0)
		(void)fd_remove_tree(p->places.state_sessions_fd, p->launch.id);
	registry_drop_name(&p->places, p->name, p->launch.id);
	fd_close(&s->runtime_fd);
	fd_close(&s->state_fd);
	fd_close(&s->lock_fd);
}
