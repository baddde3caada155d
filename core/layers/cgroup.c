/*
 * cgroup.c: one session's cgroup over both halves: v2 for what it can, v1 for the rest.
 *
 * Killing must leave no window in which a forking session escapes. cgroup.kill is that by itself
 * (the kernel kills forks in flight too). Without it: no new tasks (pids.max 0), freeze, signal
 * every process of the still picture, thaw; again until nobody is left.
 */
#include "core/layers/cgroup.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/layers/cgroup_impl.h"

enum {
	KILL_PASSES =
		100, /* freeze, signal, thaw; two do for anything but tasks stuck in the kernel */
	FREEZE_WAIT_MS = 50, /* for each pass; signals are sent even if some are not frozen yet */
	REMOVE_STEP_NS = 500000,
};

static void sleep_ns(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static int new_cgroup(uid_t uid, const char *id, struct cgroup **ret, struct error *err)
{
	struct cgroup *c;
	size_t len = strlen(id);

	/* Part of a path: nothing but what ids are made of. */
	if (len == 0 || len >= CGROUP_ID_MAX ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return error_set(err, EINVAL, "cgroup: bad session id");
	c = calloc(1, sizeof(*c));
	if (!c)
		return error_errno(err, ENOMEM, "cgroup");
	c->uid = uid;
	c->oom_fd = -1;
	cgroup_v1_init(&c->v1);
	cgroup_v2_init(&c->v2);
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->path, sizeof(c->path), "warder/u-%u/s-%s", (unsigned)uid, id);
	*ret = c;
	return 0;
}

void cgroup_free(struct cgroup *c)
{
	if (!c)
		return;
	fd_close(&c->oom_fd);
	cgroup_v1_close(&c->v1);
	cgroup_v2_close(&c->v2);
	free(c);
}

static struct cgroup_host *read_host(struct error *err)
{
	struct cgroup_host *host = malloc(sizeof(*host));
	int r = host ? cgroup_host_read(host) : -ENOMEM;

	if (r == 0)
		return host;
	free(host);
	error_errno(err, r, "cgroup: /proc/self/mountinfo");
	return NULL;
}

static void find_missing(struct cgroup *c)
{
	static const char *const names[] = { "cpu", "memory", "pids" };
	unsigned held = c->v1.controllers | c->v2.controllers;

	c->missing[0] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(c->missing);

		if (!(held & 1U << i))
			snprintf(c->missing + len, sizeof(c->missing) - len, "%s%s",
			         len ? ", " : "", names[i]);
	}
}

static int apply_limits(struct cgroup *c, const struct cgroup_limits *lim, struct error *err)
{
	const char *what = "";
	int r = cgroup_v2_limit(c, lim, &what);

	if (r == 0)
		r = cgroup_v1_limit(c, lim, &what);
	return r < 0 ? error_errno(err, r, "cgroup: %s: %s", c->path, what) : 0;
}

static void watch_oom(struct cgroup *c)
{
	int fd = -1;

	if (c->v2.controllers & CTL_MEMORY)
		fd = cgroup_v2_watch_oom(c);
	else if (c->v1.controllers & CTL_MEMORY)
		fd = cgroup_v1_watch_oom(c);
	c->oom_fd = fd < 0 ? -1 : fd; /* without: the count is still read with the other figures */
}

int cgroup_create(uid_t uid, const char *id, const struct cgroup_limits *lim, struct cgroup **ret,
                  struct error *err)
{
	CLEANUP_FREE struct cgroup_host *host = read_host(err);
	struct cgroup *c = NULL;
	int r;

	if (!host)
		return -EIO;
	r = new_cgroup(uid, id, &c, err);
	if (r < 0)
		return r;
	r = cgroup_v2_create(c, host);
	if (r != -EEXIST && (c->v2.controllers & CTL_LIMITS) != CTL_LIMITS)
		r = cgroup_v1_create(c, host, (CTL_LIMITS | CTL_IO) & ~c->v2.controllers);
	if (r == -EEXIST)
		error_set(err, EEXIST, "cgroup: %s is there already", c->path);
	else if (!((c->v1.controllers | c->v2.controllers) & CTL_LIMITS))
		r = error_set(err, ENOTSUP, "%s", host->why);
	else
		r = apply_limits(c, lim, err);
	if (r < 0) {
		cgroup_remove(c, 100);
		cgroup_free(c);
		return r;
	}
	c->limits = *lim;
	find_missing(c);
	if (c->missing[0] && !c->note[0])
		snprintf(c->note, sizeof(c->note), "%.120s", host->why);
	watch_oom(c);
	*ret = c;
	return 0;
}

int cgroup_open(uid_t uid, const char *id, struct cgroup **ret, struct error *err)
{
	CLEANUP_FREE struct cgroup_host *host = read_host(err);
	struct cgroup *c = NULL;
	int r, found_v2, found_v1;

	if (!host)
		return -EIO;
	r = new_cgroup(uid, id, &c, err);
	if (r < 0)
		return r;
	found_v2 = cgroup_v2_open(c, host);
	found_v1 = cgroup_v1_open(c, host);
	if (found_v2 < 0 && found_v1 < 0) {
		cgroup_free(c);
		c = NULL;
	} else {
		find_missing(c);
	}
	*ret = c;
	return 0;
}

int cgroup_clone_fd(const struct cgroup *c)
{
	return c->v2.dir;
}

/* Calls fn for every process listed in a cgroup until it returns true. The list is opened anew: v1
 * shows what it was at the first read of a descriptor, for as long as that is in use. */
static bool each_pid(int dir, bool (*fn)(pid_t pid, void *arg), void *arg)
{
	CLEANUP_FD int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char text[4096];
	long pid = 0;
	ssize_t n;

	while ((n = read(procs, text, sizeof(text))) > 0 || (n < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < n; i++) {
			if (isdigit((unsigned char)text[i])) {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			/* 0 is a process of another pid namespace; 1 is never one of ours. */
			if (pid > 1 && fn((pid_t)pid, arg))
				return true;
			pid = 0;
		}
	}
	return false;
}

static bool pid_is(pid_t pid, void *arg)
{
	return pid == *(pid_t *)arg;
}

static bool pid_any(pid_t pid, void *arg)
{
	(void)pid, (void)arg;
	return true;
}

static bool pid_kill(pid_t pid, void *arg)
{
	(void)arg;
	kill(pid, SIGKILL);
	return false;
}

static int join_one(const struct cgroup *c, int dir, pid_t pid, struct error *err)
{
	char number[24];
	int r;

	if (dir < 0 || each_pid(dir, pid_is, &pid))
		return 0;
	snprintf(number, sizeof(number), "%d", (int)pid);
	r = fd_write_value(dir, "cgroup.procs", number);
	return r < 0 ? error_errno(err, r, "cgroup: moving process %d to %s", (int)pid, c->path)
	             : 0;
}

int cgroup_join_v2(struct cgroup *c, pid_t pid, struct error *err)
{
	return join_one(c, c->v2.dir, pid, err);
}

int cgroup_join(struct cgroup *c, pid_t pid, struct error *err)
{
	int r = cgroup_join_v2(c, pid, err);

	for (int i = 0; i < V1_COUNT && r == 0; i++)
		r = join_one(c, c->v1.dir[i], pid, err);
	return r;
}

int cgroup_enter(const struct cgroup *c)
{
	for (int i = 0; i < V1_COUNT; i++)
		if (c->v1.tasks[i] >= 0 && pwrite(c->v1.tasks[i], "0", 1, 0) < 0)
			return -errno;
	return 0;
}

int cgroup_set_limits(struct cgroup *c, const struct cgroup_limits *lim, struct error *err)
{
	int r = apply_limits(c, lim, err);

	if (r < 0) {
		apply_limits(c, &c->limits, NULL); /* whole or not at all */
		return r;
	}
	c->limits = *lim;
	return 0;
}

void cgroup_usage(struct cgroup *c, struct cgroup_usage *ret)
{
	char events[4096]; /* of inotify or the 8 bytes of an eventfd; what they say is read below
			    */

	*ret = (struct cgroup_usage){ -1, -1, -1, -1, -1, -1, -1, -1 };
	while (c->oom_fd >= 0 && read(c->oom_fd, events, sizeof(events)) > 0)
		;
	cgroup_v2_usage(c, ret);
	cgroup_v1_usage(c, ret);
}

int cgroup_oom_fd(const struct cgroup *c)
{
	return c->oom_fd;
}

int cgroup_freeze(struct cgroup *c, bool frozen)
{
	if (c->v2.fd[V2_FREEZE] >= 0)
		return cgroup_put(c->v2.fd[V2_FREEZE], frozen ? "1" : "0");
	if (c->v1.fd[V1_FREEZER_STATE] >= 0)
		return cgroup_put(c->v1.fd[V1_FREEZER_STATE], frozen ? "FROZEN" : "THAWED");
	return -ENOTSUP;
}

int cgroup_frozen(const struct cgroup *c)
{
	char state[32];
	int64_t v;
	int r;

	if (c->v2.fd[V2_FREEZE] >= 0) {
		v = cgroup_get_key(c->v2.fd[V2_EVENTS], "frozen");
		return v < 0 ? -ENODATA : v != 0;
	}
	if (c->v1.fd[V1_FREEZER_STATE] < 0)
		return -ENOTSUP;
	r = cgroup_get(c->v1.fd[V1_FREEZER_STATE], state, sizeof(state));
	return r < 0 ? r : strncmp(state, "FROZEN", 6) == 0;
}

/* Calls fn for every process of the session; one that was not cloned into the v2 tree may be in v1
 * alone. */
static bool each_process(const struct cgroup *c, bool (*fn)(pid_t pid, void *arg))
{
	if (c->v2.dir >= 0 && each_pid(c->v2.dir, fn, NULL))
		return true;
	for (int i = 0; i < V1_COUNT; i++)
		if (c->v1.base[i] >= 0 && each_pid(c->v1.dir[i], fn, NULL))
			return true;
	return false;
}

int cgroup_populated(const struct cgroup *c)
{
	if (cgroup_get_key(c->v2.fd[V2_EVENTS], "populated") > 0)
		return 1;
	return each_process(c, pid_any);
}

static int kill_by_freezing(struct cgroup *c)
{
	cgroup_put(c->v2.fd[V2_PIDS_MAX], "0");
	cgroup_put(c->v1.fd[V1_PIDS_MAX], "0");
	for (int pass = 0; pass < KILL_PASSES; pass++) {
		if (cgroup_freeze(c, true) == 0)
			for (int ms = 0; ms < FREEZE_WAIT_MS && cgroup_frozen(c) == 0; ms++)
				sleep_ns(NS_PER_MS);
		each_process(c, pid_kill);
		cgroup_freeze(c, false);
		if (cgroup_populated(c) == 0)
			return 0;
		sleep_ns(NS_PER_MS);
	}
	return cgroup_populated(c) == 0 ? 0 : -ETIMEDOUT;
}

int cgroup_kill(struct cgroup *c)
{
	int r;

	if (c->v2.fd[V2_KILL] < 0)
		return kill_by_freezing(c);
	r = cgroup_put(c->v2.fd[V2_KILL], "1");
	if (r < 0)
		return kill_by_freezing(c);
	return 0;
}

/* One round over all hierarchies: 0 when nothing is left, else the last failure. */
static int remove_once(struct cgroup *c)
{
	int left = 0, r;

	if (c->v2.base >= 0) {
		r = cgroup_rmdirs(c->v2.base, c);
		if (r < 0)
			left = r;
	}
	for (int i = 0; i < V1_COUNT; i++) {
		if (c->v1.base[i] < 0)
			continue;
		r = cgroup_rmdirs(c->v1.base[i], c);
		if (r < 0)
			left = r;
	}
	return left;
}

int cgroup_remove(struct cgroup *c, unsigned wait_ms)
{
	uint64_t end = clock_now() + wait_ms * NS_PER_MS;
	int r;

	while ((r = remove_once(c)) == -EBUSY && clock_now() < end)
		sleep_ns(REMOVE_STEP_NS);
	return r;
}

const char *cgroup_kind(const struct cgroup *c)
{
	bool v1 = c->v1.controllers != 0;

	if (c->v2.dir < 0)
		return "v1";
	return v1 ? "v1+v2" : "v2";
}

const char *cgroup_path(const struct cgroup *c)
{
	return c->path;
}

const char *cgroup_missing(const struct cgroup *c)
{
	return c->missing;
}

const char *cgroup_note(const struct cgroup *c)
{
	return c->note;
}

int cgroup_world(struct cgroup_world *ret)
{
	static const struct cgroup_limits trial = { .memory = 1 << 26,
		                                    .cpus_milli = 1000,
		                                    .pids = 16 };
	CLEANUP_FREE struct cgroup_host *host = read_host(NULL);
	struct error err = ERROR_INIT;
	struct cgroup *c = NULL;
	char id[CGROUP_ID_MAX];

	if (!host)
		return -EIO;
	*ret = (struct cgroup_world){ .v1 = false };
	for (int i = 0; i < V1_COUNT; i++)
		ret->v1 = ret->v1 || host->v1[i].mount[0];
	snprintf(id, sizeof(id), "probe-%d", (int)getpid());
	if (cgroup_create(geteuid(), id, &trial, &c, &err) < 0) {
		snprintf(ret->why, sizeof(ret->why), "%.255s", err.text);
		return 0;
	}
	ret->v2 = (c->v2.controllers & CTL_LIMITS) == CTL_LIMITS;
	ret->v2_kill = c->v2.fd[V2_KILL] >= 0 && c->v2.fd[V2_FREEZE] >= 0;
	ret->delegated = geteuid() != 0 && c->v2.dir >= 0;
	if (c->missing[0])
		snprintf(ret->why, sizeof(ret->why), "no %s controller: %.200s", c->missing,
		         c->note);
	cgroup_remove(c, 100);
	cgroup_free(c);
	return 0;
}
