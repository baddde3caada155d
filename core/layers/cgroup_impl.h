/*
 * cgroup_impl.h: what cgroup.c, cgroup_v1.c and cgroup_v2.c share; nobody else includes it.
 *
 * cgroup_tree.c finds the mounted trees and makes directories; cgroup.c joins the halves; each half
 * owns its descriptors, which are all opened when the cgroup is made or found and closed by
 * cgroup_free. A slot that is not used holds -1.
 */
#ifndef WARDER_LAYERS_CGROUP_IMPL_H
#define WARDER_LAYERS_CGROUP_IMPL_H

#include <limits.h>

#include "core/layers/cgroup.h"

/* The controllers that carry limits, and io for the figures. */
enum {
	CTL_CPU = 1,
	CTL_MEMORY = 2,
	CTL_PIDS = 4,
	CTL_IO = 8,
	CTL_LIMITS = CTL_CPU | CTL_MEMORY | CTL_PIDS
};

/* v1 hierarchies that are used; the last two only where no v2 tree does their work. */
enum v1_id { V1_CPU, V1_MEMORY, V1_PIDS, V1_BLKIO, V1_CPUACCT, V1_FREEZER, V1_COUNT };

/* A mounted hierarchy: where its root and this process's own cgroup are. Empty strings when it is
 * not there. */
struct cgroup_tree {
	const char *mount;
	const char *root; /* which part of the hierarchy is mounted; "/" outside of containers */
	const char *own;
};

struct cgroup_host {
	struct cgroup_tree v2;
	struct cgroup_tree v1[V1_COUNT];
	char why[256]; /* the last thing that could not be had, in words */
	size_t used;
	char text[8 * PATH_MAX]; /* what the trees point to; three paths each, most of them short */
};

enum v2_file {
	V2_KILL,
	V2_FREEZE,
	V2_EVENTS,
	V2_CPU_STAT,
	V2_CPU_MAX,
	V2_MEMORY_MAX,
	V2_MEMORY_SWAP_MAX,
	V2_MEMORY_CURRENT,
	V2_MEMORY_PEAK,
	V2_MEMORY_EVENTS,
	V2_PIDS_MAX,
	V2_PIDS_CURRENT,
	V2_IO_STAT,
	V2_FILES,
};

struct cgroup_v2 {
	int base; /* the cgroup below which warder/ stands */
	int dir;  /* warder/u-UID/s-ID, or -1: no v2 tree is used */
	unsigned controllers;
	int fd[V2_FILES];
};

enum v1_file {
	V1_CPU_QUOTA,
	V1_CPU_PERIOD,
	V1_CPU_STAT,
	V1_MEMORY_LIMIT,
	V1_MEMSW_LIMIT,
	V1_MEMORY_USAGE,
	V1_MEMORY_MAX_USAGE,
	V1_OOM_CONTROL,
	V1_PIDS_MAX,
	V1_PIDS_CURRENT,
	V1_CPUACCT_USAGE,
	V1_BLKIO_BYTES,
	V1_FREEZER_STATE,
	V1_FILES,
};

struct cgroup_v1 {
	int base[V1_COUNT];
	int dir[V1_COUNT];
	int tasks[V1_COUNT];
	unsigned controllers;
	int fd[V1_FILES];
};

enum { CGROUP_ID_MAX = 32 }; /* session ids have 12; probes and tests name themselves */

struct cgroup {
	uid_t uid;
	char id[CGROUP_ID_MAX];
	char path[64 + CGROUP_ID_MAX];
	struct cgroup_limits limits;
	struct cgroup_v1 v1;
	struct cgroup_v2 v2;
	int oom_fd;
	char note[128];
	char missing[32];
};

/* Reads /proc/self/mountinfo and /proc/self/cgroup. 0 or -errno. */
int cgroup_host_read(struct cgroup_host *ret);
/* PATH of this process's own cgroup in a tree, on this machine's file system. */
void cgroup_own_path(const struct cgroup_tree *tree, char ret[PATH_MAX]);
void cgroup_why(struct cgroup_host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cgroup_close_all(int *fds, int n);

/* One write(2) at offset 0, and one read; 0 or -errno (-EBADF for a slot that is not open). */
int cgroup_put(int fd, const char *value);
int cgroup_put_number(int fd, uint64_t value);
int cgroup_get(int fd, char *ret, size_t size);
/* -1 when the file, the key or the number is not there. */
int64_t cgroup_get_number(int fd);
int64_t cgroup_get_key(int fd, const char *key);

/* Makes base/warder/u-UID/s-ID, racing with others who make and remove the upper two. `level` (may
 * be NULL) is called for each of the two before anything is made in it. Returns the directory's
 * descriptor or -errno; -EEXIST when s-ID is there already. */
int cgroup_mkdirs(int base, const struct cgroup *c, void (*level)(int dir, void *arg), void *arg);
/* The reverse, upper directories only when they are empty; 0, -EBUSY while tasks are left, or
 * -errno. */
int cgroup_rmdirs(int base, const struct cgroup *c);
/* Opens an existing base/warder/u-UID/s-ID. */
int cgroup_opendir(int base, const struct cgroup *c);

void cgroup_v2_init(struct cgroup_v2 *v2);
void cgroup_v2_close(struct cgroup_v2 *v2);
/* Makes the session's directory in the v2 tree, with as many of the limits' controllers as can be
 * had. 0 or -errno with host->why set. */
int cgroup_v2_create(struct cgroup *c, struct cgroup_host *host);
int cgroup_v2_open(struct cgroup *c, struct cgroup_host *host); /* -ENOENT: nothing left there */
int cgroup_v2_limit(struct cgroup *c, const struct cgroup_limits *lim, const char **ret_what);
void cgroup_v2_usage(const struct cgroup *c, struct cgroup_usage *ret);
int cgroup_v2_watch_oom(const struct cgroup *c); /* an inotify descriptor or -errno */

void cgroup_v1_init(struct cgroup_v1 *v1);
void cgroup_v1_close(struct cgroup_v1 *v1);
/* The same for v1, for the controllers in `want` that v2 did not give, and the helpers. */
int cgroup_v1_create(struct cgroup *c, struct cgroup_host *host, unsigned want);
int cgroup_v1_open(struct cgroup *c, struct cgroup_host *host);
int cgroup_v1_limit(struct cgroup *c, const struct cgroup_limits *lim, const char **ret_what);
void cgroup_v1_usage(const struct cgroup *c, struct cgroup_usage *ret);
int cgroup_v1_watch_oom(const struct cgroup *c); /* an eventfd or -errno */

#endif
