/*
 * profile.h: seccomp profiles in Docker's format (moby profiles/seccomp; OCI runtime-spec
 * "seccomp"), unchanged, so that people bring theirs: read, checked, and reduced to what applies on
 * this machine. No libseccomp here: names of system calls stay names (layers/seccomp.c resolves
 * them).
 *
 * Understood: defaultAction, defaultErrnoRet, archMap, architectures, syscalls[] with names or the
 * old name, action, errnoRet, args (index, value, valueTwo, op), includes/excludes (caps, arches,
 * minKernel), comment; flags and listenerPath are refused with a reason (SECCOMP_FILTER_FLAG_LOG
 * and SPEC_ALLOW flags accepted and ignored if harmless).
 */
#ifndef WARDER_POLICY_PROFILE_H
#define WARDER_POLICY_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

enum profile_action {
	PROFILE_ALLOW,
	PROFILE_ERRNO,
	PROFILE_KILL_PROCESS, /* SCMP_ACT_KILL and SCMP_ACT_KILL_PROCESS: never a lone thread */
	PROFILE_TRAP,
	PROFILE_LOG, /* allowed and logged by the kernel */
};
enum profile_op {
	PROFILE_NE,
	PROFILE_LT,
	PROFILE_LE,
	PROFILE_EQ,
	PROFILE_GE,
	PROFILE_GT,
	PROFILE_MASKED_EQ, /* (arg & value) == value_two */
};

struct profile_arg {
	unsigned index; /* 0..5 */
	uint64_t value, value_two;
	enum profile_op op;
};

struct profile_rule {
	char **names; /* NULL-terminated */
	enum profile_action action;
	int errno_ret; /* for PROFILE_ERRNO */
	struct profile_arg *args;
	int n_args;
	char place[48]; /* "syscalls[12]", for errors found later */
};

struct profile {
	char *file;
	char sha256[65]; /* of the file's bytes: part of the filter cache's key */
	enum profile_action default_action;
	int default_errno;
	struct profile_rule *rules; /* only those that apply here */
	int n_rules;
};

struct profile_machine {
	const char *arch; /* Docker's (Go's) name, as "amd64" */
	unsigned kernel_major, kernel_minor;
	const char *const *caps; /* that the agent holds; NULL-terminated or NULL: none */
};

/* Loads and reduces a profile. Errors: file and JSON path. A name that no architecture knows is
 * not found here. */
int profile_load(const char *file, const struct profile_machine *machine, struct profile **ret,
                 struct error *err);
int profile_parse(const char *file, const char *text, size_t len,
                  const struct profile_machine *machine, struct profile **ret, struct error *err);
void profile_free(struct profile *p);
/* What uname(2) says. The result points to static storage. */
struct profile_machine profile_this_machine(void);

#endif
