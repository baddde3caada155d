/*
 * policy.h: what a session may do, as one immutable value. JSON becomes a struct policy here and
 * nowhere else.
 *
 * A loaded policy is complete: `extends` was followed, every part has a value, every value is in
 * range. What a launch's options change is changed on a private copy before the launch
 * (policy_set). Everything in it is owned by it and freed with it. Lists keep the order of the
 * file; a child's list replaces its parent's (an empty list allows nothing), except `hide` and
 * network.deny, which add up, since deny wins.
 */
#ifndef WARDER_POLICY_POLICY_H
#define WARDER_POLICY_POLICY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/json.h"

/* The ordered list of layers: names in policies (`required`), on screens, in the trail. */
enum layer_id {
	LAYER_IDENTITY,
	LAYER_MOUNTS,
	LAYER_NETWORK,
	LAYER_LIMITS,
	LAYER_ENVIRONMENT,
	LAYER_CAPABILITIES,
	LAYER_NO_NEW_PRIVS,
	LAYER_LANDLOCK,
	LAYER_SECCOMP,
	LAYER_COUNT,
};
extern const char *const layer_names[LAYER_COUNT + 1]; /* NULL-terminated */

enum workspace_mode { WORKSPACE_RW, WORKSPACE_RO, WORKSPACE_COW };
enum network_mode { NETWORK_NONE, NETWORK_FILTERED };
enum on_unknown { ON_UNKNOWN_DENY, ON_UNKNOWN_ASK };
enum exec_mode { EXEC_LOG, EXEC_ASK, EXEC_DENY };
enum exec_action { EXEC_ACTION_ALLOW, EXEC_ACTION_ASK, EXEC_ACTION_DENY };
enum on_denied { ON_DENIED_ERRNO, ON_DENIED_KILL };
enum toggle_id {
	TOGGLE_PTRACE,
	TOGGLE_USER_NAMESPACES,
	TOGGLE_RAW_SOCKETS,
	TOGGLE_KEYRING,
	TOGGLE_PERF,
	TOGGLE_IO_URING,
	TOGGLE_MEMFD_EXEC,
	TOGGLE_COUNT,
};
extern const char *const workspace_names[], *const network_names[], *const exec_mode_names[];
extern const char *const exec_action_names[];
extern const char *const toggle_names[TOGGLE_COUNT + 1];

struct policy_mount {
	char *source; /* as written: absolute, or ~/… of the session's user */
	char *target; /* absolute inside, or ~/… (= /home/agent/…) */
	bool writable;
};

struct policy_tmpfs {
	char *target;
	uint64_t size; /* bytes */
};

/* One destination: a name (exact, or *.suffix), or an address range; a port range. */
struct policy_destination {
	char *host;              /* lower case, no trailing dot; NULL for a range of addresses */
	bool wildcard;           /* host is the suffix after "*." */
	int family;              /* AF_INET or AF_INET6 for ranges */
	struct in6_addr address; /* network order; IPv4 in the first four bytes */
	int prefix;
	uint16_t port_min, port_max; /* 0..65535 when none was given */
	char *text;                  /* as written, for screens */
};

struct policy_exec_rule {
	char **match; /* argv patterns, NULL-terminated */
	enum exec_action action;
};

struct policy_variable {
	char *name;
	char *value;
};

struct policy {
	char *name, *description;
	char *file;              /* where it came from */
	char *extends;           /* its parent's name, or NULL */
	char sha256[DIGEST_HEX]; /* of policy_print's bytes, so options count */
	uint32_t revision;       /* 1 at launch */

	struct {
		char *profile; /* absolute; resolved beside the policy that names it */
		enum on_denied on_denied;
	} seccomp;
	char **capabilities; /* kept ones: always empty, others are refused at load */
	struct {
		char *root; /* "host" or an image's name */
		bool read_only;
		enum workspace_mode workspace;
		struct policy_mount *mounts;
		int n_mounts;
		struct policy_tmpfs *tmpfs;
		int n_tmpfs;
		char **hide; /* globs from the workspace on; NULL-terminated, never NULL */
	} filesystem;
	struct {
		enum network_mode mode;
		struct policy_destination *allow, *deny;
		int n_allow, n_deny;
		enum on_unknown on_unknown;
		char *upstream_proxy;
	} network;
	struct {
		enum exec_mode mode;
		struct policy_exec_rule *rules;
		int n_rules;
		uint64_t approval_timeout_ns;
	} exec;
	struct {
		uint64_t memory;     /* bytes */
		uint32_t cpus_milli; /* thousandths of a core */
		uint32_t pids;
		uint64_t disk; /* bytes: the home tmpfs */
		uint32_t open_files;
		uint64_t timeout_ns;      /* 0 = none */
		uint64_t idle_timeout_ns; /* 0 = none */
		uint64_t output;          /* bytes of terminal output kept */
	} limits;
	struct {
		char **pass; /* names; NULL-terminated */
		struct policy_variable *set;
		int n_set;
	} environment;
	bool toggles[TOGGLE_COUNT];
	bool required[LAYER_COUNT];
};

/* Finds and loads a policy. `ref` is a path (it has a '/' or ends in ".json") or a name looked
 * up in search directories: $WARDER_POLICY_DIR if set (alone, for tests), else
 * ~/.config/warder/policies (of `home`; may be NULL), /etc/warder/policies, the installed data
 * directory, the build tree's policies/. Every error names file, JSON path and what was
 * expected. */
int policy_load(const char *ref, const char *home, struct policy **ret, struct error *err);
/* The same from text already read, for tests and fuzzing; `file` names it. */
int policy_parse(const char *file, const char *text, size_t len, const char *home,
                 struct policy **ret, struct error *err);
struct policy *policy_copy(const struct policy *p); /* NULL without memory */
void policy_free(struct policy *p);
static inline void policy_freep(struct policy **p)
{
	policy_free(*p);
}
#define CLEANUP_POLICY __attribute__((cleanup(policy_freep)))

/* Changes one scalar on a private copy, by its path in the file ("limits.memory" = "1g",
 * "network.mode" = "none", "filesystem.workspace" = "ro", "filesystem.read_only" = "true",
 * "exec.mode", "seccomp.profile", toggles.*, limits.*). Values are checked as in a file.
 * Recomputes sha256. */
int policy_set(struct policy *p, const char *path, const char *value, struct error *err);
/* Each adds to a list. A mount or tmpfs takes the place of what the policy has at that target, a
 * variable that of its old value; network.mode stays as it is. */
int policy_add_mount(struct policy *p, const char *source, const char *target, bool writable,
                     struct error *err);
int policy_add_tmpfs(struct policy *p, const char *target, uint64_t size, struct error *err);
int policy_add_allow(struct policy *p, const char *host_port, struct error *err);
int policy_add_variable(struct policy *p, const char *name, const char *value, struct error *err);

/* What a policy asks for that this version or any machine cannot enforce, said in words
 * ("exec.mode: …"); loud, not silent. 0, or -ENOTSUP with the first such key. Called by policy
 * check and by every launch. */
int policy_enforceable(const struct policy *p, struct error *err);

/* The whole policy as JSON in a fixed order of keys (what `policy show --json` prints and sha256
 * covers). */
void policy_print(const struct policy *p, struct buf *out);
/* A destination's rule as in the file; parse of "host[:port]", "*.suffix:port", "addr/len:port",
 * "[v6]:port". */
int policy_destination_parse(const char *text, struct policy_destination *ret, struct error *err);
void policy_destination_free(struct policy_destination *d);

struct policy_entry {
	char name[64];
	char file[512];
};
/* Names and files found in the search directories, first found wins, sorted. Returns the count;
 * the caller frees. */
int policy_list(const char *home, struct policy_entry **ret, struct error *err);

#endif
