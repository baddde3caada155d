/*
 * cgroup.h: one session's cgroup, v2 or v1 (or v1 controllers beside a v2 tree without any:
 * "hybrid") behind one interface.
 *
 * Tree: warder/u-UID/s-ID in every hierarchy used; in rootless mode below the caller's own
 * delegated v2 cgroup. All files that are needed after launch are opened at creation, so that a
 * supervisor without privileges can go on using them.
 * Sources: Documentation/admin-guide/cgroup-v2.rst,
 * cgroup-v1/{memory,cpuacct,freezer-subsystem,pids}.rst.
 */
#ifndef WARDER_LAYERS_CGROUP_H
#define WARDER_LAYERS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"

struct cgroup;

struct cgroup_limits {
	uint64_t memory; /* bytes; swap is not a way round it */
	uint32_t cpus_milli;
	uint32_t pids;
};

/* Everything unknown is -1 (usage) so that it is shown as null, never as 0. */
struct cgroup_usage {
	int64_t cpu_ns, memory, memory_peak, pids, read_bytes, write_bytes;
	int64_t throttled_ns, oom_kills;
};

struct cgroup_world {
	bool v2;      /* a v2 tree with the controllers that we need (pure) */
	bool v1;      /* v1 hierarchies */
	bool v2_kill; /* cgroup.kill and cgroup.freeze, in a v2 tree with or without controllers */
	bool delegated; /* rootless: a v2 cgroup that this user may use */
	char why[256];  /* what is missing, in words; "" if nothing */
};
/* What this machine offers this process. Tried (directories made and removed), not guessed. */
int cgroup_world(struct cgroup_world *ret);

/* Makes warder/u-UID/s-ID and writes limits. -ENOTSUP with the reason when there is no usable
 * hierarchy. */
int cgroup_create(uid_t uid, const char *id, const struct cgroup_limits *lim, struct cgroup **ret,
                  struct error *err);
/* For a reaper: takes up what a dead supervisor left. 0 with *ret = NULL when there is nothing. */
int cgroup_open(uid_t uid, const char *id, struct cgroup **ret, struct error *err);
/* The v2 directory for CLONE_INTO_CGROUP, or -1. Borrowed. */
int cgroup_clone_fd(const struct cgroup *c);
/* Moves a process into every hierarchy that it is not in yet. The first move waits for an RCU grace
 * period (5 to 12 ms); cgroup_enter does not, so a launch uses clone and that. */
int cgroup_join(struct cgroup *c, pid_t pid, struct error *err);
/* The v2 tree only: nothing is done when clone joined it. */
int cgroup_join_v2(struct cgroup *c, pid_t pid, struct error *err);
/* In a single-threaded child: moves itself into the v1 hierarchies ("0" to `tasks` needs no lock
 * over all processes, measured 25 us). System calls only. 0 or -errno. */
int cgroup_enter(const struct cgroup *c);
int cgroup_set_limits(struct cgroup *c, const struct cgroup_limits *lim, struct error *err);
void cgroup_usage(struct cgroup *c, struct cgroup_usage *ret); /* by pread on kept fds */
/* Readable (v1: eventfd; v2: inotify) when to look at oom_kills; cgroup_usage drains it. -1 without
 * one. Borrowed. */
int cgroup_oom_fd(const struct cgroup *c);
/* Freeze and thaw: asks; cgroup_frozen tells (0 no, 1 yes, -errno). -ENOTSUP without a freezer. */
int cgroup_freeze(struct cgroup *c, bool frozen);
int cgroup_frozen(const struct cgroup *c);
/* SIGKILL to all, forks included: cgroup.kill where there is one; else freeze, kill each, thaw,
 * until empty. */
int cgroup_kill(struct cgroup *c);
int cgroup_populated(const struct cgroup *c); /* 1 or 0 */
/* Removes the directories (and u-UID, warder when they are empty). Retries for up to `wait_ms`
 * while the kernel is still letting go of dead tasks. 0 or -errno. */
int cgroup_remove(struct cgroup *c, unsigned wait_ms);
void cgroup_free(struct cgroup *c);              /* closes; does not remove */
const char *cgroup_kind(const struct cgroup *c); /* "v2", "v1", "v1+v2", for screens */
const char *cgroup_path(const struct cgroup *c); /* "warder/u-1000/s-0123456789ab" */
/* Limits that no hierarchy here can hold ("cpu, pids"), "" when all are held. */
const char *cgroup_missing(const struct cgroup *c);
/* Something to add about limits that are held ("no swap accounting …"), or "". */
const char *cgroup_note(const struct cgroup *c);

/* The session's cgroup that limits.prepare made, for the supervisor (usage, freeze, kill); NULL if
 * degraded. */
struct launch;
struct cgroup *limits_cgroup(const struct launch *l);

#endif
