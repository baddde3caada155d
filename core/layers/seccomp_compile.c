/*
 * seccomp_compile.c: struct profile to BPF, by libseccomp. Runs in the supervisor before
 * anything is started.
 *
 * What Docker and runc do with the same file is what happens here: a rule whose action is the
 * default's is left out; arguments of one rule are all required, unless an index is named twice:
 * then each is a rule of its own, any of which suffices (libseccomp takes an index once a rule).
 * Names of calls that only other architectures have are skipped.
 */
#include "core/layers/seccomp_compile.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/seccomp_calls.h"

enum { CALL_ELSEWHERE = -1, ARGS_MAX = 6 };

struct call_name {
	const char *name;
	int nr; /* or CALL_ELSEWHERE */
};

/* Past the table of libseccomp 2.5.4, whose newest calls are of Linux 5.17. */
static const struct call_name newer_calls[] = {
	{ "cachestat", 451 },
	{ "fchmodat2", CALL_FCHMODAT2 },
#ifdef __x86_64__
	{ "map_shadow_stack", 453 },
	{ "uretprobe", 335 },
	{ "uprobe", 336 },
#else
	{ "map_shadow_stack", CALL_ELSEWHERE },
	{ "uretprobe", CALL_ELSEWHERE },
	{ "uprobe", CALL_ELSEWHERE },
#endif
	{ "futex_wake", 454 },
	{ "futex_wait", 455 },
	{ "futex_requeue", 456 },
	{ "statmount", 457 },
	{ "listmount", 458 },
	{ "lsm_get_self_attr", 459 },
	{ "lsm_set_self_attr", 460 },
	{ "lsm_list_modules", 461 },
	{ "mseal", 462 },
	{ "setxattrat", 463 },
	{ "getxattrat", 464 },
	{ "listxattrat", 465 },
	{ "removexattrat", 466 },
	{ "open_tree_attr", CALL_OPEN_TREE_ATTR },
	{ "file_getattr", 468 },
	{ "file_setattr", CALL_NEWEST },
	{ "listns", 470 }, /* past CALL_NEWEST: named in profiles, answered ENOSYS */
	{ "riscv_hwprobe", CALL_ELSEWHERE },
	{ "riscv_flush_icache", CALL_ELSEWHERE },
};

static const uint32_t known_arches[] = {
	SCMP_ARCH_X86,   SCMP_ARCH_X86_64, SCMP_ARCH_ARM,     SCMP_ARCH_AARCH64,
	SCMP_ARCH_MIPS,  SCMP_ARCH_MIPS64, SCMP_ARCH_PPC,     SCMP_ARCH_PPC64LE,
	SCMP_ARCH_S390X, SCMP_ARCH_PARISC, SCMP_ARCH_RISCV64,
};

static const enum scmp_compare compare_ops[] = {
	[PROFILE_NE] = SCMP_CMP_NE,
	[PROFILE_LT] = SCMP_CMP_LT,
	[PROFILE_LE] = SCMP_CMP_LE,
	[PROFILE_EQ] = SCMP_CMP_EQ,
	[PROFILE_GE] = SCMP_CMP_GE,
	[PROFILE_GT] = SCMP_CMP_GT,
	[PROFILE_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static uint32_t scmp_action(enum profile_action action, int errno_ret)
{
	switch (action) {
	case PROFILE_ALLOW:
		return SCMP_ACT_ALLOW;
	case PROFILE_ERRNO:
		return SCMP_ACT_ERRNO((uint32_t)errno_ret);
	case PROFILE_TRAP:
		return SCMP_ACT_TRAP;
	case PROFILE_LOG:
		return SCMP_ACT_LOG;
	case PROFILE_KILL_PROCESS:
		break;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static uint32_t default_action(const struct profile *p, enum on_denied on_denied)
{
	if (p->default_action == PROFILE_ERRNO && on_denied == ON_DENIED_KILL)
		return SCMP_ACT_KILL_PROCESS;
	return scmp_action(p->default_action, p->default_errno);
}

/* 0 with its number here or CALL_ELSEWHERE; -ENOENT when nobody knows the name. */
static int resolve(const char *name, int *ret)
{
	int nr = seccomp_syscall_resolve_name(name);

	if (nr != __NR_SCMP_ERROR) {
		*ret = nr >= 0 ? nr : CALL_ELSEWHERE;
		return 0;
	}
	for (size_t i = 0; i < sizeof(newer_calls) / sizeof(newer_calls[0]); i++) {
		if (strcmp(name, newer_calls[i].name) == 0) {
			*ret = newer_calls[i].nr;
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(known_arches) / sizeof(known_arches[0]); i++) {
		if (seccomp_syscall_resolve_name_arch(known_arches[i], name) != __NR_SCMP_ERROR) {
			*ret = CALL_ELSEWHERE;
			return 0;
		}
	}
	return -ENOENT;
}

/* The same rule twice is no mistake. */
static int rule_add(scmp_filter_ctx ctx, uint32_t action, int nr, unsigned n,
                    const struct scmp_arg_cmp *args)
{
	int r = seccomp_rule_add_array(ctx, action, nr, n, args);

	return r == -EEXIST ? 0 : r;
}

static int call_add(scmp_filter_ctx ctx, const struct profile_rule *rule, uint32_t action, int nr)
{
	struct scmp_arg_cmp args[ARGS_MAX], one;
	bool seen[ARGS_MAX] = { false }, repeated = false;
	int r = 0;

	for (int i = 0; i < rule->n_args; i++) {
		if (rule->args[i].index >= ARGS_MAX)
			return -EINVAL;
		repeated = repeated || seen[rule->args[i].index];
		seen[rule->args[i].index] = true;
	}
	for (int i = 0; i < rule->n_args && r == 0; i++) {
		const struct profile_arg *a = &rule->args[i];

		one = (struct scmp_arg_cmp){ .arg = a->index,
			                     .op = compare_ops[a->op],
			                     .datum_a = a->value,
			                     .datum_b = a->value_two };
		if (repeated)
			r = rule_add(ctx, action, nr, 1, &one);
		else
			args[i] = one;
	}
	return repeated ? r : rule_add(ctx, action, nr, (unsigned)rule->n_args, args);
}

static int rule_names_add(scmp_filter_ctx ctx, const struct profile *p,
                          const struct profile_rule *rule, uint32_t default_act, struct error *err)
{
	const uint32_t action = scmp_action(rule->action, rule->errno_ret);

	for (char **name = rule->names; *name; name++) {
		int nr, r;

		r = resolve(*name, &nr);
		if (r < 0)
			return error_set(err, EINVAL, "%s: %s.names: unknown system call \"%s\"",
			                 p->file, rule->place, *name);
		if (nr == CALL_ELSEWHERE || action == default_act)
			continue;
		r = call_add(ctx, rule, action, nr);
		if (r < 0)
			return error_errno(err, r, "%s: %s: \"%s\" is refused by libseccomp",
			                   p->file, rule->place, *name);
	}
	return 0;
}

/* libseccomp 2.5 exports to a descriptor only. */
static int export(scmp_filter_ctx ctx, const char *file, struct bpf_program *ret, struct error *err)
{
	CLEANUP_FD int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return error_errno(err, errno, "memfd_create");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return error_errno(err, r, "%s: libseccomp cannot write the filter", file);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "%s: filter", file);
	if ((size_t)st.st_size > sizeof(ret->insns))
		return error_set(err, E2BIG,
		                 "%s: compiles to %zu instructions; the kernel takes %d", file,
		                 (size_t)st.st_size / sizeof(ret->insns[0]), SECCOMP_INSNS_MAX);
	if (pread(fd, ret->insns, (size_t)st.st_size, 0) != st.st_size)
		return error_set(err, EIO, "%s: filter: short read", file);
	ret->n = (uint16_t)((size_t)st.st_size / sizeof(ret->insns[0]));
	ret->failed = false;
	return 0;
}

int seccomp_compile(const struct profile *p, enum on_denied on_denied, struct bpf_program *ret,
                    struct error *err)
{
	const uint32_t default_act = default_action(p, on_denied);
	scmp_filter_ctx ctx = seccomp_init(default_act);
	int r;

	if (!ctx)
		return error_set(err, EINVAL, "%s: defaultAction: refused by libseccomp", p->file);
	/* Level 2 makes a binary tree of the call numbers. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		error_errno(err, r, "%s: libseccomp", p->file);
	for (int i = 0; i < p->n_rules && r == 0; i++)
		r = rule_names_add(ctx, p, &p->rules[i], default_act, err);
	if (r == 0)
		r = export(ctx, p->file, ret, err);
	seccomp_release(ctx);
	return r;
}

void seccomp_compiler(char *out, size_t size)
{
	const struct scmp_version *v = seccomp_version();

	snprintf(out, size, "%u.%u.%u", v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0);
}
