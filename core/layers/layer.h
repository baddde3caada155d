/*
 * layer.h: the seam between a launch and its isolation layers.
 *
 * A layer is a name and at most five functions, any of which may be absent (layers.c is THE
 * ordered table with the reason for each place). `prepare` runs in the supervisor before anything
 * is started: open, resolve, compile, audit, refuse. `settle` runs in the supervisor between clone
 * and the child's first step (id maps, cgroup). `enter` runs in the cloned child: system calls
 * only, no allocation, no stdio, no formatting. On failure it leaves a text that prepare made in
 * report->what and returns -errno; the child sends both up, the supervisor speaks. `describe` is
 * pure: rows for screen, show and trail alike. `release` undoes what outlives the namespaces
 * (cgroup, uid range).
 */
#ifndef WARDER_LAYERS_LAYER_H
#define WARDER_LAYERS_LAYER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/policy/policy.h"

enum { AGENT_UID = 1000, AGENT_GID = 1000 }; /* inside, always; never 0 */
#define AGENT_NAME       "agent"
#define AGENT_HOME       "/home/agent"
#define WORKSPACE_TARGET "/workspace"

enum layer_state { LAYER_OFF, LAYER_DEGRADED, LAYER_ENFORCED };
extern const char *const layer_state_names[]; /* "off", "degraded", "enforced" */

struct layer_status {
	enum layer_state state;
	char reason[200]; /* empty when enforced with nothing to add; why degraded; who switched
			   * it off */
};

/* What every layer may know of a launch. Owned by the session's plan. */
struct launch {
	const struct policy *policy;
	char id[13];
	bool root_mode;  /* euid 0: ids of our own, host cgroups, idmapped mounts */
	uid_t owner_uid; /* whose session it is */
	gid_t owner_gid;
	const char *owner_name;
	const char *owner_home;          /* host path */
	const char *runtime_dir;         /* $RUNTIME/warder: ids/ (uid slots) lives there */
	const char *state_dir;           /* $STATE/warder: cache/ lives there */
	const char *project;             /* absolute host path, mounted at /workspace */
	const char *hostname;            /* inside */
	const char *const *host_environ; /* the caller's environment, for environment.pass;
					     * NULL-terminated */
	const char *const *env_named;    /* variables given with -e NAME or -e K=V, as "K=V";
					     * allowed to look secret */
	const char *const *allow_risky;  /* paths given with --allow-risky; NULL-terminated */
	bool allow_degraded[LAYER_COUNT];
	bool tty;            /* wants a pseudo-terminal */
	const char *workdir; /* inside, absolute */
	bool audit_only;     /* prepare for `warder audit` and --dry-run: create
					     * nothing that outlives it */

	/* filled by layers */
	struct layer_status status[LAYER_COUNT];
	void *state[LAYER_COUNT]; /* each layer's own, made by prepare, freed by release */
	int cgroup_fd;            /* v2 directory for CLONE_INTO_CGROUP, or -1; by
				   * limits.prepare; borrowed */
	uid_t host_uid;           /* what AGENT_UID is outside; by identity.prepare */
	gid_t host_gid;
	char **envp;        /* the agent's environment; by environment.prepare; owned by
				   * that layer */
	struct buf notices; /* one line each: things an operator should hear at launch
				   * (reported variables, hidden files) */
};

/* What the child tells when a step fails. */
struct layer_report {
	const char *what; /* prepared text, e.g. "mount /workspace"; valid in parent and child
			   * (the child is a fork) */
	int master_fd;    /* the pseudo-terminal's master that mounts.enter opened, or -1: sent
			   * up by the child */
	int slave_fd;
	/* seccomp.enter hands over where executions are announced, at once: the filters after it
	 * may refuse to send. It closes fd itself. NULL: nobody watches. */
	void (*announce)(const struct layer_report *report, int fd);
	int announce_to; /* the child's socket */
};

/* One row of a description: printed as "KEY VALUE" on screen, as a member in JSON. Values may hold
 * hostile bytes. */
struct layer_row {
	char key[32];
	char value[256];
};
struct layer_rows {
	struct layer_row *rows; /* owned */
	int n, cap;
};
void layer_row_add(struct layer_rows *r, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void layer_rows_free(struct layer_rows *r);

struct layer {
	const char *name;
	const char *why_here; /* why it is entered at this place of the order */
	int (*prepare)(struct launch *l, struct error *err);
	int (*settle)(struct launch *l, pid_t child, struct error *err);
	int (*enter)(const struct launch *l, struct layer_report *report);
	void (*describe)(const struct launch *l, struct layer_rows *rows);
	void (*release)(struct launch *l);
};
extern const struct layer *const layers[LAYER_COUNT]; /* in enum layer_id's order, which is the
						       * order of entering */

/* Sets a layer's status. Degraded or off and required by the policy and not in allow_degraded:
 * returns -EPERM with err "LAYER: REASON" and the hint (the remedy, or --allow-degraded LAYER). */
int layer_settle_status(struct launch *l, enum layer_id id, enum layer_state state,
                        struct error *err, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* prepare of every layer in order; on failure what was prepared is released. */
int layers_prepare(struct launch *l, struct error *err);
int layers_settle(struct launch *l, pid_t child, struct error *err);
/* In the child: every layer from `first` to `last`; returns 0 or -errno with *failed set. */
int layers_enter(const struct launch *l, enum layer_id first, enum layer_id last,
                 enum layer_id *failed, struct layer_report *report);
void layers_release(struct launch *l); /* in reverse order; safe on a half-prepared launch */

extern const struct layer layer_identity, layer_mounts, layer_network, layer_limits,
	layer_environment, layer_capabilities, layer_no_new_privs, layer_landlock, layer_seccomp;

/* One line of `warder audit`. */
enum audit_verdict { AUDIT_OK, AUDIT_RISKY_ALLOWED, AUDIT_REFUSED };
struct audit_finding {
	enum audit_verdict verdict;
	char what[32];     /* "mount", "environment", "hide" */
	char subject[512]; /* path or variable's name; never a value */
	char reason[256];
};
struct audit {
	struct audit_finding *findings; /* owned */
	int n, cap;
	bool failed; /* a finding was lost for want of memory: the launch must be refused */
};
void audit_add(struct audit *a, enum audit_verdict v, const char *what, const char *subject,
               const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void audit_free(struct audit *a);
/* The whole audit of a launch (project, every mount, environment), as mounts.prepare and
 * environment.prepare apply it, without stopping at the first refusal. */
int mounts_audit(struct launch *l, struct audit *a, struct error *err);
int environment_audit(struct launch *l, struct audit *a, struct error *err);

/* Each layer tried for real on this machine, for `warder doctor`. Starts short-lived children. */
struct probe_result {
	enum layer_state state;
	char detail[256]; /* what was tried and what the kernel said */
	char remedy[256]; /* the exact command or setting, or "" */
};
int layers_probe(enum layer_id id, struct probe_result *ret); /* 0 always; errors are results */

#endif
