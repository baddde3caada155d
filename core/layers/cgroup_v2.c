/*
 * cgroup_v2.c: the v2 half of a session's cgroup.
 *
 * Where warder/ stands is found by trying, in this order: $WARDER_CGROUP (for operators and tests);
 * then for root the tree's root, for users the subtree of their user manager (user@UID.service:
 * systemd gives it to them with controllers) and the parent of their own cgroup; last, for both,
 * the own cgroup itself. The first place with every controller wins, else the one with most. A user
 * may only use a place that its processes can be moved to: both ends' common ancestor must be
 * theirs, so a child is cloned into the new cgroup as a trial.
 *
 * No internal processes: a cgroup other than the root that gives controllers to its children has no
 * processes itself (cgroup-v2.rst). warder/ and u-UID never have any. When our own cgroup is the
 * place, this process moves itself, and only itself, into a leaf `warder-supervisors` beside
 * warder/.
 *
 * In rootless mode the session's files belong to the very uid of the agent: what keeps it from
 * writing to them is that no cgroup file system is mounted inside, and the mount option nsdelegate,
 * which systemd sets.
 */
#include "core/layers/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"

enum { CPU_PERIOD_US = 100000, CPU_QUOTA_MIN_US = 1000 /* the kernel refuses less */ };

static const struct {
	const char *name;
	int flags;
} files[V2_FILES] = {
	[V2_KILL] = { "cgroup.kill", O_WRONLY },
	[V2_FREEZE] = { "cgroup.freeze", O_RDWR },
	[V2_EVENTS] = { "cgroup.events", O_RDONLY },
	[V2_CPU_STAT] = { "cpu.stat", O_RDONLY },
	[V2_CPU_MAX] = { "cpu.max", O_RDWR },
	[V2_MEMORY_MAX] = { "memory.max", O_RDWR },
	[V2_MEMORY_SWAP_MAX] = { "memory.swap.max", O_RDWR },
	[V2_MEMORY_CURRENT] = { "memory.current", O_RDONLY },
	[V2_MEMORY_PEAK] = { "memory.peak", O_RDONLY },
	[V2_MEMORY_EVENTS] = { "memory.events", O_RDONLY },
	[V2_PIDS_MAX] = { "pids.max", O_RDWR },
	[V2_PIDS_CURRENT] = { "pids.current", O_RDONLY },
	[V2_IO_STAT] = { "io.stat", O_RDONLY },
};

static const struct {
	const char *name;
	unsigned bit;
} controllers[] = {
	{ "cpu", CTL_CPU },
	{ "memory", CTL_MEMORY },
	{ "pids", CTL_PIDS },
	{ "io", CTL_IO },
};
#define LEAF "warder-supervisors"

enum { N_CONTROLLERS = sizeof(controllers) / sizeof(controllers[0]) };

void cgroup_v2_init(struct cgroup_v2 *v2)
{
	*v2 = (struct cgroup_v2){ .base = -1, .dir = -1 };
	for (int i = 0; i < V2_FILES; i++)
		v2->fd[i] = -1;
}

void cgroup_v2_close(struct cgroup_v2 *v2)
{
	cgroup_close_all(v2->fd, V2_FILES);
	fd_close(&v2->dir);
	fd_close(&v2->base);
	v2->controllers = 0;
}

/* The words of cgroup.controllers or cgroup.subtree_control as bits. */
static unsigned read_controllers(int dir, const char *file)
{
	CLEANUP_FREE char *text = NULL;
	char *save = NULL;
	unsigned bits = 0;
	size_t len;

	if (fd_read_file(dir, file, 4096, &text, &len, NULL) < 0)
		return 0;
	for (char *w = strtok_r(text, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		for (int i = 0; i < N_CONTROLLERS; i++)
			if (strcmp(w, controllers[i].name) == 0)
				bits |= controllers[i].bit;
	return bits;
}

/* Gives the children of `dir` every controller that it has itself. */
static void enable_controllers(int dir, void *arg)
{
	unsigned due = read_controllers(dir, "cgroup.controllers");
	int *ret = arg;

	if (due)
		due &= ~read_controllers(dir, "cgroup.subtree_control");

	for (int i = 0; i < N_CONTROLLERS; i++) {
		char word[16];
		int r;

		if (!(due & controllers[i].bit))
			continue;
		snprintf(word, sizeof(word), "+%s", controllers[i].name);
		r = fd_write_value(dir, "cgroup.subtree_control", word);
		if (r < 0 && ret)
			*ret = r;
	}
}

/* The root alone may have processes and give controllers to children; it has no cgroup.type. */
static bool is_root(int dir)
{
	return faccessat(dir, "cgroup.type", F_OK, 0) < 0;
}

static bool has_processes(int dir)
{
	CLEANUP_FD int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char byte;

	return read(procs, &byte, 1) != 0;
}

/* Keeps the rule of no internal processes in a place that is to give controllers to children. It is
 * looked at, not tried: cpu and pids could be given all the same, and then no process may enter any
 * child (the place turns threaded). When it is our own cgroup, we step aside, ourselves only. 0 or
 * -EBUSY. */
static int make_room(int base, bool own)
{
	if (is_root(base) || !read_controllers(base, "cgroup.controllers") || !has_processes(base))
		return 0;
	if (!own || (mkdirat(base, LEAF, 0755) < 0 && errno != EEXIST))
		return -EBUSY;
	if (fd_write_value(base, LEAF "/cgroup.procs", "0") == 0 && !has_processes(base))
		return 0;
	fd_write_value(base, "cgroup.procs", "0");
	unlinkat(base, LEAF, AT_REMOVEDIR);
	return -EBUSY;
}

/* Whether this process may put children there: a clone into it that ends at once. 0 or -errno. */
static int try_clone_into(int dir)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .cgroup = (uint64_t)dir };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	if (pid < 0) /* a kernel without it: the move will tell */
		return errno == ENOSYS || errno == EINVAL || errno == E2BIG ? 0 : -errno;
	while (waitpid((pid_t)pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return 0;
}

static void open_files(struct cgroup_v2 *v2)
{
	for (int i = 0; i < V2_FILES; i++)
		v2->fd[i] = openat(v2->dir, files[i].name, files[i].flags | O_CLOEXEC);
	v2->controllers = read_controllers(v2->dir, "cgroup.controllers");
}

static const char *blocked_by(int r)
{
	switch (-r) {
	case EBUSY:
		return "processes sit in it, so that it cannot give controllers to children (no "
		       "internal processes)";
	case EROFS:
		return "the cgroup file system is mounted read-only";
	default:
		return strerror(-r);
	}
}

/* One place: sets c->v2 with whatever controllers it gives. */
static int create_at(struct cgroup *c, struct cgroup_host *host, const char *path, bool own)
{
	int r, refused = 0;

	cgroup_v2_init(&c->v2);
	c->v2.base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->v2.base < 0) {
		r = -errno;
		cgroup_why(host, "%.150s: %s", path, strerror(errno));
		return r;
	}
	r = make_room(c->v2.base, own);
	if (r < 0) {
		cgroup_why(host, "%.120s: %s", path, blocked_by(r));
		cgroup_v2_close(&c->v2);
		return r;
	}
	enable_controllers(c->v2.base, &refused);
	c->v2.dir = cgroup_mkdirs(c->v2.base, c, enable_controllers, NULL);
	if (c->v2.dir < 0) {
		r = c->v2.dir;
		cgroup_why(host, "cannot make %.120s/%s: %s", path, c->path, blocked_by(r));
	} else {
		r = geteuid() == 0 ? 0 : try_clone_into(c->v2.dir);
		if (r < 0) {
			cgroup_why(host, "processes cannot be moved to %.150s: %s", path,
			           blocked_by(r));
			cgroup_rmdirs(c->v2.base, c);
		}
	}
	if (r < 0) {
		cgroup_v2_close(&c->v2);
		return r;
	}
	open_files(&c->v2);
	if (refused < 0)
		cgroup_why(host, "%.120s: %s", path, blocked_by(refused));
	else if ((c->v2.controllers & CTL_LIMITS) != CTL_LIMITS)
		cgroup_why(host, "%.150s was not given every controller", path);
	return 0;
}

struct place {
	char path[PATH_MAX];
	bool own; /* our own cgroup: we may have to step aside in it */
};
enum { PLACES_MAX = 4 };

static void place_add(struct place *places, int *n, const char *path, bool own)
{
	if (!path[0] || *n == PLACES_MAX)
		return;
	for (int i = 0; i < *n; i++)
		if (strcmp(places[i].path, path) == 0)
			return;
	snprintf(places[*n].path, sizeof(places[*n].path), "%s", path);
	places[(*n)++].own = own;
}

/* ".../user@1000.service" out of our own path, or the place where systemd has it. */
static void user_manager(const struct cgroup_tree *tree, const char *own, char ret[PATH_MAX])
{
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "/user@%u.service", (unsigned)geteuid());
	at = strstr(own, name);
	if (at)
		snprintf(ret, PATH_MAX, "%.*s%s", (int)(at - own), own, name);
	else if (snprintf(ret, PATH_MAX, "%.3000s/user.slice/user-%u.slice%s", tree->mount,
	                  (unsigned)geteuid(), name) >= PATH_MAX)
		ret[0] = '\0';
}

static int list_places(const struct cgroup_host *host, struct place places[PLACES_MAX])
{
	const char *asked = secure_getenv("WARDER_CGROUP");
	char own[PATH_MAX], other[PATH_MAX], *slash;
	size_t len = strlen(host->v2.mount);
	int n = 0;

	if (asked && strncmp(asked, host->v2.mount, len) == 0 && asked[len] == '/')
		place_add(places, &n, asked, false);
	cgroup_own_path(&host->v2, own);
	if (geteuid() == 0) {
		place_add(places, &n, host->v2.mount, false);
	} else {
		user_manager(&host->v2, own, other);
		place_add(places, &n, other, strcmp(other, own) == 0);
		snprintf(other, sizeof(other), "%s", own);
		slash = strrchr(other, '/');
		if (slash && strlen(other) > len) {
			*slash = '\0';
			place_add(places, &n, other, false);
		}
	}
	place_add(places, &n, own, true);
	return n;
}

static int score(const struct cgroup_v2 *v2)
{
	return v2->dir < 0 ? -1 : __builtin_popcount(v2->controllers & CTL_LIMITS);
}

static void drop(struct cgroup *c, struct cgroup_v2 *v2)
{
	if (v2->dir >= 0)
		cgroup_rmdirs(v2->base, c);
	cgroup_v2_close(v2);
}

int cgroup_v2_create(struct cgroup *c, struct cgroup_host *host)
{
	CLEANUP_FREE struct place *places = calloc(PLACES_MAX, sizeof(*places));
	struct cgroup_v2 best;
	int n, r = -ENOTSUP, failed;

	if (!places)
		return -ENOMEM;
	if (!host->v2.mount[0])
		return -ENOTSUP;
	cgroup_v2_init(&best);
	n = list_places(host, places);
	for (int i = 0; i < n && score(&best) < 3; i++) {
		/* A tree without controllers (v1 has them) is as good in the first place as in any.
		 */
		if (best.dir >= 0 && geteuid() == 0 &&
		    !read_controllers(best.base, "cgroup.controllers"))
			break;
		failed = create_at(c, host, places[i].path, places[i].own);
		if (failed < 0) {
			r = failed;
			if (r == -EEXIST)
				break;
		} else if (score(&c->v2) > score(&best)) {
			drop(c, &best);
			best = c->v2;
		} else {
			drop(c, &c->v2);
		}
	}
	c->v2 = best;
	return best.dir >= 0 && r != -EEXIST ? 0 : r;
}

int cgroup_v2_open(struct cgroup *c, struct cgroup_host *host)
{
	CLEANUP_FREE struct place *places = calloc(PLACES_MAX, sizeof(*places));
	int n;

	if (!places)
		return -ENOMEM;
	if (!host->v2.mount[0])
		return -ENOENT;
	n = list_places(host, places);
	for (int i = 0; i < n; i++) {
		cgroup_v2_init(&c->v2);
		c->v2.base = open(places[i].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		c->v2.dir = c->v2.base < 0 ? -1 : cgroup_opendir(c->v2.base, c);
		if (c->v2.dir >= 0) {
			open_files(&c->v2);
			return 0;
		}
		cgroup_v2_close(&c->v2);
		c->v2.dir = -1;
	}
	return -ENOENT;
}

static int limit_memory(struct cgroup *c, uint64_t bytes)
{
	int r = cgroup_put(c->v2.fd[V2_MEMORY_SWAP_MAX], "0");

	if (r == -EBADF) /* no swap accounting in this kernel: memory.max stands alone */
		snprintf(c->note, sizeof(c->note), "swap is not accounted by this kernel");
	else if (r < 0)
		return r;
	r = fd_write_value(c->v2.dir, "memory.oom.group", "1");
	if (r < 0 && r != -ENOENT)
		return r;
	return cgroup_put_number(c->v2.fd[V2_MEMORY_MAX], bytes);
}

int cgroup_v2_limit(struct cgroup *c, const struct cgroup_limits *lim, const char **ret_what)
{
	uint64_t quota = (uint64_t)lim->cpus_milli * (CPU_PERIOD_US / 1000);
	char cpu[48];
	int r = 0;

	if (c->v2.controllers & CTL_MEMORY) {
		*ret_what = "memory.max";
		r = limit_memory(c, lim->memory);
	}
	if (r == 0 && c->v2.controllers & CTL_PIDS) {
		*ret_what = "pids.max";
		r = cgroup_put_number(c->v2.fd[V2_PIDS_MAX], lim->pids);
	}
	if (r == 0 && c->v2.controllers & CTL_CPU) {
		*ret_what = "cpu.max";
		snprintf(cpu, sizeof(cpu), "%llu %d",
		         (unsigned long long)(quota < CPU_QUOTA_MIN_US ? CPU_QUOTA_MIN_US : quota),
		         CPU_PERIOD_US);
		r = cgroup_put(c->v2.fd[V2_CPU_MAX], cpu);
	}
	return r;
}

/* io.stat: "MAJ:MIN rbytes=N wbytes=N …" a line a device. */
static void usage_io(int fd, struct cgroup_usage *ret)
{
	char text[4096];

	if (cgroup_get(fd, text, sizeof(text)) < 0)
		return;
	ret->read_bytes = ret->write_bytes = 0;
	for (const char *p = text; (p = strstr(p, "rbytes=")); p++)
		ret->read_bytes += strtoll(p + 7, NULL, 10);
	for (const char *p = text; (p = strstr(p, "wbytes=")); p++)
		ret->write_bytes += strtoll(p + 7, NULL, 10);
}

void cgroup_v2_usage(const struct cgroup *c, struct cgroup_usage *ret)
{
	const struct cgroup_v2 *v2 = &c->v2;
	int64_t us = cgroup_get_key(v2->fd[V2_CPU_STAT], "usage_usec");

	if (us >= 0)
		ret->cpu_ns = us * 1000;
	if (v2->controllers & CTL_CPU) {
		us = cgroup_get_key(v2->fd[V2_CPU_STAT], "throttled_usec");
		ret->throttled_ns = us < 0 ? -1 : us * 1000;
	}
	if (v2->controllers & CTL_MEMORY) {
		ret->memory = cgroup_get_number(v2->fd[V2_MEMORY_CURRENT]);
		ret->memory_peak = cgroup_get_number(v2->fd[V2_MEMORY_PEAK]);
		ret->oom_kills = cgroup_get_key(v2->fd[V2_MEMORY_EVENTS], "oom_kill");
	}
	if (v2->controllers & CTL_PIDS)
		ret->pids = cgroup_get_number(v2->fd[V2_PIDS_CURRENT]);
	if (v2->controllers & CTL_IO)
		usage_io(v2->fd[V2_IO_STAT], ret);
}

int cgroup_v2_watch_oom(const struct cgroup *c)
{
	CLEANUP_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[64];

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", c->v2.fd[V2_MEMORY_EVENTS]);
	if (inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return -errno;
	return fd_steal(&fd);
}
