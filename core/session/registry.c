/*
 * registry.c: the directory is the registry. A session appears by rename(2) with its lock held,
 * and disappears as a whole: a viewer never sees half of one. Names are symlinks, since symlink(2)
 * is atomic and says EEXIST.
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

#define STAGING ".new-" /* a launch that is not published yet */
#define LEAVING ".old-" /* an ended session on its way out: its record stays */

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

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A launch that was killed before it was published leaves .new-<id> with a free lock, an end that
 * was killed .old-<id>: taken away by the next launch, once it is old enough to be no launch that
 * has yet to take its lock. */
static void sweep(const struct places *places, const char *name)
{
	CLEANUP_FD int dir = openat(places->runtime_sessions_fd, name,
	                            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP_FD int lock = dir >= 0 ? openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	const char *id = name + strlen(STAGING);
	struct stat st;
	int r = 0;

	if (dir < 0 || fstat(dir, &st) < 0 || st.st_mtime + STALE_SECONDS > time(NULL))
		return;
	if (lock >= 0 && fd_locked(lock) != 0)
		return;
	if (lock >= 0)
		r = registry_end_cgroup(lock, id);
	/* -EBADMSG: killed before it had written whose it was, and so before it made a cgroup */
	if (r < 0 && r != -EBADMSG)
		return;
	(void)identity_reclaim(places->runtime, id);
	if (has_prefix(name, STAGING))
		(void)fd_remove_tree(places->state_sessions_fd, id);
	registry_drop_name(places, NULL, id);
	(void)fd_remove_tree(places->runtime_sessions_fd, name);
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
		if (has_prefix(e->d_name, STAGING) || has_prefix(e->d_name, LEAVING))
			sweep(&p->places, e->d_name);
		n++;
	}
	closedir(d);
	if (n - 2 < SESSIONS_MAX)
		return 0;
	error_set(err, EUSERS, "launch: %d sessions are live, the most that warder keeps",
	          SESSIONS_MAX);
	error_hint(err, "warder ps shows them, warder kill ends some");
	return -EUSERS;
}

/* The directory of names, locked: to look at a link and to replace it is one step. Only its owner
 * may open it, so that nobody else can hold the lock. */
static int names_open(const struct places *places)
{
	CLEANUP_FD int fd = openat(places->runtime_fd, "names",
	                           O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -errno;
	return fd_steal(&fd);
}

/* Whose name it is; "" when nobody's. */
static void name_target(int names, const char *name, char out[32])
{
	ssize_t n = readlinkat(names, name, out, 31);

	out[n > 0 ? n : 0] = '\0';
}

/* A launch that is not published yet holds its name too. */
static bool name_in_use(const struct places *places, const char *id)
{
	char staging[48];

	snprintf(staging, sizeof(staging), STAGING "%s", id);
	for (int i = 0; session_id_valid(id) && i < 2; i++) {
		int r = places_session_alive(places, i ? id : staging);

		if (r != 0 && r != -ENOENT)
			return true;
	}
	return false;
}

static int take_name(const struct plan *p, struct error *err)
{
	CLEANUP_FD int names = -1;
	char target[32];

	if (mkdirat(p->places.runtime_fd, "names", 0700) < 0 && errno != EEXIST)
		return error_errno(err, errno, "%s/names", p->places.runtime);
	names = names_open(&p->places);
	if (names < 0)
		return error_errno(err, names, "%s/names", p->places.runtime);
	name_target(names, p->name, target);
	if (name_in_use(&p->places, target)) {
		error_set(err, EEXIST, "--name %s: taken by a live session", p->name);
		error_hint(err, "choose another name, or end that one: warder kill %s", p->name);
		return -EEXIST;
	}
	(void)unlinkat(names, p->name, 0);
	if (symlinkat(p->launch.id, names, p->name) < 0)
		return error_errno(err, errno, "%s/names/%s", p->places.runtime, p->name);
	return 0;
}

static void drop_if(int names, const char *name, const char *id)
{
	char target[32];

	name_target(names, name, target);
	if (strcmp(target, id) == 0)
		(void)unlinkat(names, name, 0);
}

void registry_drop_name(const struct places *places, const char *name, const char *id)
{
	int names = names_open(places);
	DIR *d = !name && names >= 0 ? fdopendir(names) : NULL;
	struct dirent *e;

	if (name && names >= 0)
		drop_if(names, name, id);
	while (d && (e = readdir(d)))
		drop_if(names, e->d_name, id);
	if (d)
		closedir(d);
	else
		fd_close(&names);
}

static int take_lock(const struct plan *p, struct seat *s)
{
	int r;

	s->lock_fd = openat(s->runtime_fd, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	r = s->lock_fd < 0 ? -errno : fd_lock(s->lock_fd);

	if (r < 0)
		return r;
	/* it holds the owner's uid: enough for a reaper to find the cgroup when nothing else was
	 * written */
	return dprintf(s->lock_fd, "%u", (unsigned)p->launch.owner_uid) < 0 ? -errno : 0;
}

/* Directory and lock first: whatever is made after them is found by them if this process is killed.
 */
int seat_take(const struct plan *p, struct seat *ret, struct error *err)
{
	char staging[32];
	int r = too_many(p, err);

	*ret = SEAT_INIT;
	if (r < 0)
		return r;
	snprintf(staging, sizeof(staging), STAGING "%s", p->launch.id);
	r = make_dir(p->places.runtime_sessions_fd, staging, &ret->runtime_fd);
	if (r == 0)
		r = take_lock(p, ret);
	if (r < 0) {
		error_errno(err, r, "%s/sessions/%s", p->places.runtime, p->launch.id);
		goto fail;
	}
	r = take_name(p, err);
	if (r < 0)
		goto fail;
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

int record_replace(int state_fd, const void *data, size_t len)
{
	CLEANUP_FD int fd = openat(state_fd, RECORD_SPARE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, len);

	if (r == 0 && ftruncate(fd, (off_t)len) < 0)
		r = -errno;
	if (r == 0 && renameat(state_fd, RECORD_SPARE, state_fd, RECORD_FILE) < 0)
		r = -errno;
	return r;
}

int registry_remove(const struct places *places, const char *id)
{
	char leaving[32];

	snprintf(leaving, sizeof(leaving), LEAVING "%s", id);
	if (renameat(places->runtime_sessions_fd, id, places->runtime_sessions_fd, leaving) < 0 &&
	    errno != ENOENT)
		return -errno;
	return fd_remove_tree(places->runtime_sessions_fd, leaving);
}

void seat_leave(const struct plan *p, struct seat *s, bool record_too)
{
	char staging[32];

	snprintf(staging, sizeof(staging), STAGING "%s", p->launch.id);
	if (s->published)
		(void)registry_remove(&p->places, p->launch.id);
	if (record_too && s->state_fd >= 0)
		(void)fd_remove_tree(p->places.state_sessions_fd, p->launch.id);
	if (!s->published && s->runtime_fd >= 0)
		(void)fd_remove_tree(p->places.runtime_sessions_fd, staging);
	registry_drop_name(&p->places, p->name, p->launch.id);
	fd_close(&s->runtime_fd);
	fd_close(&s->state_fd);
	fd_close(&s->lock_fd);
}
