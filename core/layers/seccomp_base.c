/*
 * seccomp_base.c: the filter beneath every profile, and those of pid 1 and of the supervisor.
 *
 * People bring profiles, and real ones have holes: Docker's compares socket's family over 64
 * bits where the kernel takes 32, and leaves TIOCSTI and modify_ldt open. So beneath the profile
 * stands a table of refusals that hold whatever it says:
 *
 * - calls of another architecture (int 0x80), of x32, and newer than this table do not exist:
 *   ENOSYS;
 * - arguments that the kernel takes as an int are compared in their low 32 bits, never more;
 * - socket families and protocols are allowed by list: what is not named here loads no kernel
 *   module;
 * - no file gets a set-user-id or set-group-id bit: in an idmapped project it would be the
 *   owner's *on the host*. openat2 and clone3 hide their arguments in memory, where a filter
 *   cannot look: ENOSYS, on which callers fall back.
 *
 * Every test is on number and register arguments only. What the table does not name is allowed
 * here, without a look at arguments, so that the kernel's own bitmap of constant answers (Linux
 * 5.11) skips the program for most calls. Arguments of frequent calls are tested first.
 *
 * No allocation and no failure after prepare: enter only installs.
 */
#include "core/layers/seccomp_base.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "core/layers/seccomp_calls.h"

/* Groups of refusals. Each filter chooses; a toggle of the policy takes one out. */
enum {
	GROUP_ALWAYS = 1 << 0,
	GROUP_NAMESPACES = 1 << 1, /* namespaces and mounts */
	GROUP_PTRACE = 1 << 2,
	GROUP_KEYRING = 1 << 3,
	GROUP_PERF = 1 << 4,
	GROUP_IO_URING = 1 << 5,
	GROUP_MEMFD_EXEC = 1 << 6,
	GROUP_RAW_SOCKETS = 1 << 7,
	GROUP_HIDDEN = 1 << 8, /* calls whose arguments are in memory */
	GROUP_SET_ID = 1 << 9,
};

static const unsigned toggle_groups[TOGGLE_COUNT] = {
	[TOGGLE_PTRACE] = GROUP_PTRACE,
	[TOGGLE_USER_NAMESPACES] = GROUP_NAMESPACES,
	[TOGGLE_RAW_SOCKETS] = GROUP_RAW_SOCKETS,
	[TOGGLE_KEYRING] = GROUP_KEYRING,
	[TOGGLE_PERF] = GROUP_PERF,
	[TOGGLE_IO_URING] = GROUP_IO_URING,
	[TOGGLE_MEMFD_EXEC] = GROUP_MEMFD_EXEC,
};

enum {
	SUPERVISOR_GROUPS = GROUP_ALWAYS | GROUP_KEYRING | GROUP_PERF | GROUP_IO_URING,
};

enum base_test {
	TEST_NONE,  /* refused whatever its arguments */
	TEST_BITS,  /* refused when the argument has one of the bits */
	TEST_EQUAL, /* refused when the argument is the value */
};

/* Rules of one call stand together: they become one block. */
struct base_rule {
	int nr;
	unsigned group;
	int error;
	enum base_test test;
	unsigned arg;
	uint32_t value;
	/* If not 0, the rule counts only when that argument has one of these bits. */
	unsigned only_arg;
	uint32_t only_bits;
};

#define SET_ID (S_ISUID | S_ISGID)
/* Only with these does the kernel look at open's mode. O_TMPFILE contains O_DIRECTORY. */
#define OPEN_CREATES (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#define CLONE_NAMESPACES                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
#define SOCK_TYPE_MASK 0xf /* the kernel's, include/linux/net.h: the rest are flags */
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U /* Linux 6.3; before it EINVAL */
#endif

#define REFUSE(call, why, code)                                                                    \
	{                                                                                          \
		.nr = (call), .group = (why), .error = (code)                                      \
	}
#define REFUSE_BITS(call, why, n, bits)                                                            \
	{                                                                                          \
		.nr = (call), .group = (why), .error = EPERM, .test = TEST_BITS, .arg = (n),       \
		.value = (bits)                                                                    \
	}
#define REFUSE_EQUAL(call, why, n, v)                                                              \
	{                                                                                          \
		.nr = (call), .group = (why), .error = EPERM, .test = TEST_EQUAL, .arg = (n),      \
		.value = (v)                                                                       \
	}
#define REFUSE_MODE(call, n) REFUSE_BITS(call, GROUP_SET_ID, n, SET_ID)
#define REFUSE_CREATE(call, flags, n)                                                              \
	{                                                                                          \
		.nr = (call), .group = GROUP_SET_ID, .error = EPERM, .test = TEST_BITS,            \
		.arg = (n), .value = SET_ID, .only_arg = (flags), .only_bits = OPEN_CREATES        \
	}

static const struct base_rule rules[] = {
	REFUSE_CREATE(__NR_openat, 2, 3),
	/* Input pushed into a terminal, its selection pasted, the console moved here, a line
	 * discipline's module loaded. */
	REFUSE_EQUAL(__NR_ioctl, GROUP_ALWAYS, 1, TIOCSTI),
	REFUSE_EQUAL(__NR_ioctl, GROUP_ALWAYS, 1, TIOCLINUX),
	REFUSE_EQUAL(__NR_ioctl, GROUP_ALWAYS, 1, TIOCCONS),
	REFUSE_EQUAL(__NR_ioctl, GROUP_ALWAYS, 1, TIOCSETD),
	REFUSE_BITS(__NR_clone, GROUP_NAMESPACES, 0, CLONE_NAMESPACES),
	/* Rewrites what /proc/PID/cmdline shows. */
	REFUSE_EQUAL(__NR_prctl, GROUP_ALWAYS, 0, PR_SET_MM),

	REFUSE_MODE(__NR_fchmod, 1),
	REFUSE_MODE(__NR_fchmodat, 2),
	REFUSE_MODE(CALL_FCHMODAT2, 2),
	REFUSE_MODE(__NR_mkdirat, 2),
	REFUSE_MODE(__NR_mknodat, 2),
#ifdef __x86_64__
	REFUSE_CREATE(__NR_open, 1, 2),
	REFUSE_MODE(__NR_creat, 1),
	REFUSE_MODE(__NR_chmod, 1),
	REFUSE_MODE(__NR_mkdir, 1),
	REFUSE_MODE(__NR_mknod, 1),
#endif
	REFUSE(__NR_openat2, GROUP_HIDDEN, ENOSYS),
	REFUSE(__NR_clone3, GROUP_HIDDEN, ENOSYS),

	{ .nr = __NR_memfd_create,
	  .group = GROUP_MEMFD_EXEC,
	  .error = EINVAL,
	  .test = TEST_BITS,
	  .arg = 1,
	  .value = MFD_EXEC },
	REFUSE_BITS(__NR_execveat, GROUP_MEMFD_EXEC, 4, AT_EMPTY_PATH),

	/* A listener made inside would answer for the calls of others. */
	REFUSE_BITS(__NR_seccomp, GROUP_ALWAYS, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER),

	/* CLONE_NEWTIME is one of clone's signal bits, so it can only be asked of unshare. */
	REFUSE_BITS(__NR_unshare, GROUP_NAMESPACES, 0, CLONE_NAMESPACES | CLONE_NEWTIME),
	REFUSE(__NR_setns, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_mount, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_umount2, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_pivot_root, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_chroot, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_open_tree, GROUP_NAMESPACES, EPERM),
	REFUSE(CALL_OPEN_TREE_ATTR, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_move_mount, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_mount_setattr, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_fsopen, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_fsconfig, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_fsmount, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_fspick, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_sethostname, GROUP_NAMESPACES, EPERM),
	REFUSE(__NR_setdomainname, GROUP_NAMESPACES, EPERM),

	REFUSE(__NR_ptrace, GROUP_PTRACE, EPERM),
	REFUSE(__NR_process_vm_readv, GROUP_PTRACE, EPERM),
	REFUSE(__NR_process_vm_writev, GROUP_PTRACE, EPERM),
	REFUSE(__NR_pidfd_getfd, GROUP_PTRACE, EPERM),
	REFUSE(__NR_kcmp, GROUP_PTRACE, EPERM),

	REFUSE(__NR_keyctl, GROUP_KEYRING, EPERM),
	REFUSE(__NR_add_key, GROUP_KEYRING, EPERM),
	REFUSE(__NR_request_key, GROUP_KEYRING, EPERM),

	REFUSE(__NR_perf_event_open, GROUP_PERF, EPERM),

	REFUSE(__NR_io_uring_setup, GROUP_IO_URING, ENOSYS),
	REFUSE(__NR_io_uring_enter, GROUP_IO_URING, ENOSYS),
	REFUSE(__NR_io_uring_register, GROUP_IO_URING, ENOSYS),

	REFUSE(__NR_bpf, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_userfaultfd, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_open_by_handle_at, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_init_module, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_finit_module, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_delete_module, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_kexec_load, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_kexec_file_load, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_reboot, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_acct, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_swapon, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_swapoff, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_quotactl, GROUP_ALWAYS, EPERM),
	REFUSE(CALL_QUOTACTL_FD, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_syslog, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_settimeofday, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_clock_settime, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_vhangup, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_nfsservctl, GROUP_ALWAYS, ENOSYS),
	REFUSE(__NR_lookup_dcookie, GROUP_ALWAYS, EPERM),
#ifdef __x86_64__
	REFUSE(__NR_modify_ldt, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_ioperm, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_iopl, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_uselib, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_ustat, GROUP_ALWAYS, EPERM),
	REFUSE(__NR_sysfs, GROUP_ALWAYS, EPERM),
	REFUSE(__NR__sysctl, GROUP_ALWAYS, ENOSYS),
	REFUSE(__NR_create_module, GROUP_ALWAYS, ENOSYS),
	REFUSE(__NR_query_module, GROUP_ALWAYS, ENOSYS),
	REFUSE(__NR_get_kernel_syms, GROUP_ALWAYS, ENOSYS),
#endif
};

enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

/* One refusal inside its call's block. A test clobbers the accumulator, which the block does not
 * need again. */
static void emit_refusal(struct bpf_program *p, const struct base_rule *r)
{
	size_t only = 0, tested;

	if (r->test == TEST_NONE) {
		bpf_return_errno(p, r->error);
		return;
	}
	if (r->only_bits) {
		bpf_load_arg(p, r->only_arg);
		only = bpf_block(p, BPF_JSET, r->only_bits);
	}
	bpf_load_arg(p, r->arg);
	tested = bpf_block(p, r->test == TEST_BITS ? BPF_JSET : BPF_JEQ, r->value);
	bpf_return_errno(p, r->error);
	bpf_block_end(p, tested);
	if (r->only_bits)
		bpf_block_end(p, only);
}

static void emit_rules(struct bpf_program *p, unsigned groups)
{
	for (int i = 0; i < RULE_COUNT;) {
		const int nr = rules[i].nr;
		unsigned here = 0;
		size_t block;
		int end = i;

		while (end < RULE_COUNT && rules[end].nr == nr)
			here |= rules[end++].group;
		if (here & groups) {
			block = bpf_block(p, BPF_JEQ, (uint32_t)nr);
			for (; i < end; i++) {
				if (rules[i].group & groups)
					emit_refusal(p, &rules[i]);
			}
			bpf_return(p, SECCOMP_RET_ALLOW);
			bpf_block_end(p, block);
		}
		i = end;
	}
}

static void emit_allow_equal(struct bpf_program *p, uint32_t value)
{
	size_t block = bpf_block(p, BPF_JEQ, value);

	bpf_return(p, SECCOMP_RET_ALLOW);
	bpf_block_end(p, block);
}

/* An internet socket's type and protocol. Others (SCTP, DCCP, UDP-Lite, SMC) would load modules;
 * SOCK_PACKET, of old, is a packet socket by another name. */
static void emit_inet(struct bpf_program *p, bool raw)
{
	static const uint32_t protocols[] = {
		0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_MPTCP
	};

	bpf_load_arg(p, 1);
	bpf_add(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, SOCK_TYPE_MASK);
	if (raw)
		emit_allow_equal(p, SOCK_RAW);
	bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, SOCK_STREAM);
	bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SOCK_DGRAM);
	bpf_return_errno(p, EPERM);
	bpf_load_arg(p, 2);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		emit_allow_equal(p, protocols[i]);
	bpf_return_errno(p, EPROTONOSUPPORT);
}

static void emit_socket(struct bpf_program *p, bool raw)
{
	size_t call = bpf_block(p, BPF_JEQ, __NR_socket), family;

	bpf_load_arg(p, 0);
	emit_allow_equal(p, AF_UNIX);
	if (raw)
		emit_allow_equal(p, AF_PACKET);
	family = bpf_block(p, BPF_JEQ, AF_NETLINK);
	bpf_load_arg(p, 2);
	emit_allow_equal(p, NETLINK_ROUTE);
	bpf_return_errno(p, EPROTONOSUPPORT);
	bpf_block_end(p, family);
	bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, AF_INET);
	bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_INET6);
	bpf_return_errno(p, EAFNOSUPPORT);
	emit_inet(p, raw);
	bpf_block_end(p, call);

	call = bpf_block(p, BPF_JEQ, __NR_socketpair);
	bpf_load_arg(p, 0);
	emit_allow_equal(p, AF_UNIX);
	bpf_return_errno(p, EAFNOSUPPORT);
	bpf_block_end(p, call);
}

/* Another architecture, and what came after us; x32's calls have bit 30 set, so they are past
 * every number too. Leaves the call's number in the accumulator. */
static void emit_head(struct bpf_program *p)
{
	size_t block;

	bpf_load_arch(p);
	bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, bpf_native_arch);
	bpf_return_errno(p, ENOSYS);
	bpf_load_nr(p);
	block = bpf_block(p, BPF_JGT, CALL_NEWEST);
	bpf_return_errno(p, ENOSYS);
	bpf_block_end(p, block);
}

static int base_build(struct bpf_program *p, unsigned groups)
{
	p->n = 0;
	p->failed = false;
	emit_head(p);
	emit_socket(p, !(groups & GROUP_RAW_SOCKETS));
	emit_rules(p, groups);
	bpf_return(p, SECCOMP_RET_ALLOW);
	return p->failed ? -E2BIG : 0;
}

int seccomp_base_build(const bool toggles[TOGGLE_COUNT], struct bpf_program *ret)
{
	unsigned groups = ~0U;

	for (int i = 0; i < TOGGLE_COUNT; i++) {
		if (toggles[i])
			groups &= ~toggle_groups[i];
	}
	return base_build(ret, groups);
}

int seccomp_enter_supervisor(void)
{
	static struct bpf_program program;
	int r = base_build(&program, SUPERVISOR_GROUPS);

	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return bpf_install(program.insns, program.n);
}

static const uint32_t init_calls[] = {
	__NR_read,          __NR_readv,           __NR_write,        __NR_writev,
	__NR_sendmsg,       __NR_sendto,          __NR_recvmsg,      __NR_recvfrom,
	__NR_ppoll,         __NR_epoll_pwait,     __NR_epoll_ctl,    __NR_close,
	__NR_fcntl,         __NR_shutdown,        __NR_wait4,        __NR_waitid,
	__NR_kill,          __NR_tgkill,          __NR_pidfd_open,   __NR_pidfd_send_signal,
	__NR_rt_sigaction,  __NR_rt_sigprocmask,  __NR_rt_sigreturn, __NR_rt_sigtimedwait,
	__NR_rt_sigsuspend, __NR_rt_sigpending,   __NR_signalfd4,    __NR_restart_syscall,
	__NR_clock_gettime, __NR_clock_nanosleep, __NR_nanosleep,    __NR_gettimeofday,
	__NR_getpid,        __NR_getppid,         __NR_gettid,       __NR_getuid,
	__NR_futex,         __NR_sched_yield,     __NR_exit,         __NR_exit_group,
#ifdef __x86_64__
	__NR_poll,          __NR_epoll_wait,      __NR_time,         __NR_pause,
#endif
};

int seccomp_enter_init(void)
{
	static struct bpf_program program;

	program.n = 0;
	emit_head(&program);
	for (size_t i = 0; i < sizeof(init_calls) / sizeof(init_calls[0]); i++)
		emit_allow_equal(&program, init_calls[i]);
	bpf_return_errno(&program, EPERM);
	return program.failed ? -E2BIG : bpf_install(program.insns, program.n);
}
