/*
 * The filters of our own: first what the base program answers, call by call, then what the
 * kernel makes of it in a child that has installed it. The kernel's own refusal often looks like
 * the filter's, so the program's answer is the proof, and the child shows that it is in force
 * and that ordinary work goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/layers/seccomp_base.h"

#define HIGH     0x100000000ULL
#define ALLOWED  0
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct bpf_program program;
static const bool all_off[TOGGLE_COUNT];

struct call {
	unsigned nr;
	uint64_t args[6];
	int error; /* or ALLOWED */
};

static int answer(unsigned nr, const uint64_t args[6])
{
	uint32_t r = bpf_run(program.insns, program.n, bpf_native_arch, nr, args);

	if (r == SECCOMP_RET_ALLOW)
		return ALLOWED;
	assert_int_equal(r & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_ERRNO);
	return (int)(r & SECCOMP_RET_DATA);
}

static void check(const struct call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int got = answer(calls[i].nr, calls[i].args);

		if (got != calls[i].error)
			fail_msg("row %zu: call %u: errno %d, not %d", i, calls[i].nr, got,
			         calls[i].error);
	}
}

static void build(const bool toggles[TOGGLE_COUNT])
{
	assert_int_equal(seccomp_base_build(toggles, &program), 0);
	assert_true(program.n > 0 && program.n < 1024);
}

static void build_with(enum toggle_id on)
{
	bool toggles[TOGGLE_COUNT] = { false };

	toggles[on] = true;
	build(toggles);
}

static void test_foreign_calls_do_not_exist(void **state)
{
	static const uint64_t none[6];

	(void)state;
	build(all_off);
	for (uint32_t nr = 0; nr < 600; nr++) {
		assert_int_equal(bpf_run(program.insns, program.n, AUDIT_ARCH_I386, nr, none),
		                 SECCOMP_RET_ERRNO | ENOSYS);
		assert_int_equal(bpf_run(program.insns, program.n, AUDIT_ARCH_ARM, nr, none),
		                 SECCOMP_RET_ERRNO | ENOSYS);
#ifdef __x86_64__
		assert_int_equal(answer(0x40000000 | nr, none), ENOSYS);
#endif
	}
	assert_int_equal(answer(600, none), ENOSYS);
	assert_int_equal(answer(0xffffffff, none), ENOSYS);
	assert_int_equal(answer(SYS_getpid, none), ALLOWED);
}

static void test_sockets(void **state)
{
	static const struct call calls[] = {
		{ SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, ALLOWED },
		{ SYS_socket, { AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0 }, ALLOWED },
		{ SYS_socket, { AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0 }, ALLOWED },
		{ SYS_socket, { AF_INET, SOCK_DGRAM, IPPROTO_UDP }, ALLOWED },
		{ SYS_socket, { AF_INET6, SOCK_STREAM, IPPROTO_TCP }, ALLOWED },
		{ SYS_socket, { AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6 }, ALLOWED },
		{ SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE }, ALLOWED },
		{ SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT }, EPROTONOSUPPORT },
		{ SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER }, EPROTONOSUPPORT },
		{ SYS_socket,
		  { AF_NETLINK | HIGH, SOCK_RAW, NETLINK_XFRM | HIGH },
		  EPROTONOSUPPORT },
		{ SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_VSOCK | HIGH, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_VSOCK | 1ULL << 63, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_BLUETOOTH, SOCK_RAW, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { UINT64_MAX, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP }, EPERM },
		{ SYS_socket, { AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW }, EPERM },
		{ SYS_socket, { AF_INET | HIGH, SOCK_RAW | HIGH, 1 }, EPERM },
		{ SYS_socket, { AF_INET6, SOCK_RAW, IPPROTO_RAW }, EPERM },
		{ SYS_socket, { AF_INET, SOCK_PACKET, 0 }, EPERM },
		{ SYS_socket, { AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP }, EPERM },
		{ SYS_socket, { AF_INET, SOCK_STREAM, IPPROTO_SCTP }, EPROTONOSUPPORT },
		{ SYS_socketpair, { AF_UNIX, SOCK_STREAM, 0 }, ALLOWED },
		{ SYS_socketpair, { AF_TIPC, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ SYS_socketpair, { AF_TIPC | HIGH, SOCK_STREAM, 0 }, EAFNOSUPPORT },
	};
	static const struct call raw[] = {
		{ SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP }, ALLOWED },
		{ SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, ALLOWED },
		{ SYS_socket, { AF_INET, SOCK_STREAM, 0 }, ALLOWED },
		{ SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
		{ SYS_socket, { AF_INET, SOCK_STREAM, IPPROTO_SCTP }, EPROTONOSUPPORT },
	};

	(void)state;
	build(all_off);
	check(calls, COUNT(calls));
	build_with(TOGGLE_RAW_SOCKETS);
	check(raw, COUNT(raw));
}

static void test_terminals(void **state)
{
	static const struct call calls[] = {
		{ SYS_ioctl, { 0, TIOCSTI }, EPERM },
		{ SYS_ioctl, { 0, TIOCSTI | HIGH }, EPERM },
		{ SYS_ioctl, { 0, TIOCLINUX }, EPERM },
		{ SYS_ioctl, { 0, TIOCLINUX | 1ULL << 40 }, EPERM },
		{ SYS_ioctl, { 0, TIOCSETD }, EPERM },
		{ SYS_ioctl, { 0, TIOCCONS }, EPERM },
		{ SYS_ioctl, { 0, TIOCGWINSZ }, ALLOWED },
		{ SYS_ioctl, { 0, TIOCSWINSZ }, ALLOWED },
		{ SYS_ioctl, { 0, TIOCSCTTY }, ALLOWED },
		{ SYS_prctl, { PR_SET_MM }, EPERM },
		{ SYS_prctl, { PR_SET_MM | HIGH }, EPERM },
		{ SYS_prctl, { PR_SET_NAME }, ALLOWED },
	};

	(void)state;
	build(all_off);
	check(calls, COUNT(calls));
}

static void test_set_id_bits(void **state)
{
	static const struct call calls[] = {
		{ SYS_fchmod, { 3, 04755 }, EPERM },
		{ SYS_fchmod, { 3, 02755 | HIGH }, EPERM },
		{ SYS_fchmod, { 3, 01777 }, ALLOWED },
		{ SYS_fchmodat, { 3, 0, 04000 }, EPERM },
		{ SYS_fchmodat, { 3, 0, 0755 }, ALLOWED },
		{ 452, { 3, 0, 02000, 0 }, EPERM },
		{ 452, { 3, 0, 0644, 0 }, ALLOWED },
		{ SYS_mknodat, { 3, 0, S_IFREG | 04755 }, EPERM },
		{ SYS_mknodat, { 3, 0, S_IFIFO | 0644 }, ALLOWED },
		{ SYS_mkdirat, { 3, 0, 02755 }, EPERM },
		{ SYS_openat, { 3, 0, O_CREAT | O_WRONLY, 04755 }, EPERM },
		{ SYS_openat, { 3, 0, O_CREAT | HIGH, 02755 | HIGH }, EPERM },
		{ SYS_openat, { 3, 0, O_TMPFILE | O_RDWR, 04755 }, EPERM },
		{ SYS_openat, { 3, 0, O_CREAT | O_WRONLY, 0755 }, ALLOWED },
		{ SYS_openat, { 3, 0, O_RDONLY | O_DIRECTORY, 06777 }, ALLOWED },
		{ SYS_openat2, { 3 }, ENOSYS },
#ifdef __x86_64__
		{ SYS_chmod, { 0, 04755 }, EPERM },
		{ SYS_chmod, { 0, 0755 }, ALLOWED },
		{ SYS_open, { 0, O_CREAT, 04755 }, EPERM },
		{ SYS_open, { 0, O_TMPFILE | O_RDWR, 02000 }, EPERM },
		{ SYS_open, { 0, O_RDONLY, 04755 }, ALLOWED },
		{ SYS_creat, { 0, 02700 }, EPERM },
		{ SYS_creat, { 0, 0600 }, ALLOWED },
		{ SYS_mknod, { 0, S_IFREG | 02755 }, EPERM },
		{ SYS_mkdir, { 0, 0755 }, ALLOWED },
#endif
	};

	(void)state;
	build(all_off);
	check(calls, COUNT(calls));
}

static void test_always_refused(void **state)
{
	static const struct call calls[] = {
		{ SYS_clone3, { 0 }, ENOSYS },
		{ SYS_bpf, { 0 }, EPERM },
		{ SYS_userfaultfd, { 0 }, EPERM },
		{ SYS_init_module, { 0 }, EPERM },
		{ SYS_finit_module, { 0 }, EPERM },
		{ SYS_delete_module, { 0 }, EPERM },
		{ SYS_kexec_load, { 0 }, EPERM },
		{ SYS_kexec_file_load, { 0 }, EPERM },
		{ SYS_reboot, { 0 }, EPERM },
		{ SYS_acct, { 0 }, EPERM },
		{ SYS_swapon, { 0 }, EPERM },
		{ SYS_swapoff, { 0 }, EPERM },
		{ SYS_quotactl, { 0 }, EPERM },
		{ 443, { 0 }, EPERM },
		{ SYS_syslog, { 0 }, EPERM },
		{ SYS_settimeofday, { 0 }, EPERM },
		{ SYS_clock_settime, { 0 }, EPERM },
		{ SYS_open_by_handle_at, { 0 }, EPERM },
		{ SYS_seccomp,
		  { SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER },
		  EPERM },
		{ SYS_seccomp,
		  { SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | HIGH | 1 },
		  EPERM },
		{ SYS_seccomp, { SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC }, ALLOWED },
#ifdef __x86_64__
		{ SYS_modify_ldt, { 1 }, EPERM },
		{ SYS_iopl, { 3 }, EPERM },
		{ SYS_ioperm, { 0, 1, 1 }, EPERM },
#endif
		{ SYS_read, { 0 }, ALLOWED },
		{ SYS_write, { 0 }, ALLOWED },
		{ SYS_sendmsg, { 0 }, ALLOWED },
		{ SYS_close, { 0 }, ALLOWED },
		{ SYS_execve, { 0 }, ALLOWED },
		{ SYS_exit_group, { 0 }, ALLOWED },
		{ SYS_landlock_create_ruleset, { 0 }, ALLOWED },
		{ SYS_memfd_create, { 0, 1 }, ALLOWED },
		{ SYS_pidfd_open, { 0 }, ALLOWED },
		{ SYS_clone, { SIGCHLD }, ALLOWED },
		{ SYS_clone, { CLONE_VM | CLONE_VFORK | SIGCHLD }, ALLOWED },
		{ SYS_unshare, { CLONE_FILES }, ALLOWED },
	};

	(void)state;
	build(all_off);
	check(calls, COUNT(calls));
	for (int t = 0; t < TOGGLE_COUNT; t++) {
		static const uint64_t none[6];

		build_with((enum toggle_id)t);
		assert_int_equal(answer(SYS_bpf, none), EPERM);
		assert_int_equal(answer(SYS_clone3, none), ENOSYS);
		assert_int_equal(answer(SYS_openat2, none), ENOSYS);
		assert_int_equal(answer(0xffffffff, none), ENOSYS);
	}
}

/* What each toggle opens, and that no other one does. */
static const struct {
	enum toggle_id toggle;
	struct call call;
} behind[] = {
	{ TOGGLE_PTRACE, { SYS_ptrace, { 0 }, EPERM } },
	{ TOGGLE_PTRACE, { SYS_process_vm_readv, { 0 }, EPERM } },
	{ TOGGLE_PTRACE, { SYS_process_vm_writev, { 0 }, EPERM } },
	{ TOGGLE_PTRACE, { SYS_pidfd_getfd, { 0 }, EPERM } },
	{ TOGGLE_PTRACE, { SYS_kcmp, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_unshare, { CLONE_NEWUSER }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_unshare, { CLONE_NEWTIME | HIGH }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_clone, { HIGH | CLONE_NEWNET | SIGCHLD }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_setns, { 3, 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_mount, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_umount2, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_pivot_root, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_open_tree, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { 467, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_move_mount, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_fsopen, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_fsconfig, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_fsmount, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_fspick, { 0 }, EPERM } },
	{ TOGGLE_USER_NAMESPACES, { SYS_mount_setattr, { 0 }, EPERM } },
	{ TOGGLE_KEYRING, { SYS_keyctl, { 0 }, EPERM } },
	{ TOGGLE_KEYRING, { SYS_add_key, { 0 }, EPERM } },
	{ TOGGLE_KEYRING, { SYS_request_key, { 0 }, EPERM } },
	{ TOGGLE_PERF, { SYS_perf_event_open, { 0 }, EPERM } },
	{ TOGGLE_IO_URING, { SYS_io_uring_setup, { 0 }, ENOSYS } },
	{ TOGGLE_IO_URING, { SYS_io_uring_enter, { 0 }, ENOSYS } },
	{ TOGGLE_IO_URING, { SYS_io_uring_register, { 0 }, ENOSYS } },
	{ TOGGLE_MEMFD_EXEC, { SYS_execveat, { 3, 0, 0, 0, AT_EMPTY_PATH }, EPERM } },
	{ TOGGLE_MEMFD_EXEC, { SYS_execveat, { 3, 0, 0, 0, AT_EMPTY_PATH | HIGH }, EPERM } },
	{ TOGGLE_MEMFD_EXEC, { SYS_memfd_create, { 0, 0x10 }, EINVAL } },
};

static void test_toggles(void **state)
{
	(void)state;
	build(all_off);
	for (size_t i = 0; i < COUNT(behind); i++)
		check(&behind[i].call, 1);
	for (int t = 0; t < TOGGLE_COUNT; t++) {
		build_with((enum toggle_id)t);
		for (size_t i = 0; i < COUNT(behind); i++) {
			struct call c = behind[i].call;

			if ((int)behind[i].toggle == t)
				c.error = ALLOWED;
			check(&c, 1);
		}
	}
}

/* ---- in a child that has the filter ---- */

/* Returns what `body` returned (0 or a line number), or 1000 + the signal that ended it. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int line = body();

		if (line)
			dprintf(2, "failed at line %d, errno %d\n", line, errno);
		/* Not _exit(3): a sanitizer's does more than a filter allows. */
		syscall(SYS_exit_group, line ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (!(cond))                                                                       \
			return __LINE__;                                                           \
	} while (0)
#define FAILS(call, e) MUST((call) < 0 && errno == (e))

#ifdef __x86_64__
static long int80_getpid(void)
{
	long r = 20; /* __NR_getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(r) : : "r8", "r9", "r10", "r11", "memory");
	return (int)r;
}

static int body_int80_native(void)
{
	return int80_getpid() == getpid() ? 0 : __LINE__;
}

static int body_int80_filtered(void)
{
	build(all_off);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(bpf_install(program.insns, program.n) == 0);
	MUST(int80_getpid() == -ENOSYS);
	FAILS(syscall(0x40000000 | SYS_getpid), ENOSYS);
	return 0;
}

static void test_int80(void **state)
{
	(void)state;
	if (in_child(body_int80_native) != 0) {
		print_message("skipped: this kernel has no 32-bit calls to refuse\n");
		skip();
	}
	assert_int_equal(in_child(body_int80_filtered), 0);
}
#endif

static int body_base(void)
{
	char name[] = "/tmp/warder-base-XXXXXX";
	struct iovec bytes = { name, sizeof(name) };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	struct open_how how = { .flags = O_RDONLY };
	int status, sv[2];
	pid_t pid;
	int fd;

	build(all_off);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(bpf_install(program.insns, program.n) == 0);
	MUST((fd = mkstemp(name)) >= 0);
	MUST(fchmod(fd, 0755) == 0);
	FAILS(fchmod(fd, 04755), EPERM);
	FAILS(chmod(name, 02755), EPERM);
	FAILS(fchmodat(AT_FDCWD, name, 06755, 0), EPERM);
	FAILS(open("/tmp", O_TMPFILE | O_RDWR, 04700), EPERM);
	MUST(unlink(name) == 0);
	FAILS(open(name, O_CREAT | O_WRONLY, 04755), EPERM);
	FAILS(access(name, F_OK), ENOENT);
	FAILS(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)), ENOSYS);
	FAILS(syscall(SYS_clone3, NULL, 0), ENOSYS);
	FAILS(syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
	FAILS(syscall(SYS_unshare, CLONE_NEWUSER), EPERM);
	FAILS(syscall(SYS_ioctl, fd, TIOCSTI | HIGH, "x"), EPERM);
	FAILS(ioctl(fd, TCGETS, name), ENOTTY);
	FAILS(syscall(SYS_socket, AF_VSOCK | HIGH, SOCK_STREAM, 0), EAFNOSUPPORT);
	MUST(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) >= 0);
	MUST(socket(AF_INET6, SOCK_STREAM, 0) >= 0 || errno == EAFNOSUPPORT);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == 0);
	MUST(sendmsg(sv[0], &message, 0) == sizeof(name));
	MUST((pid = fork()) >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exec 3>&1; test -d / && echo >/dev/null",
		      (char *)NULL);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

static int body_init(void)
{
	struct timespec ts;
	int pipefd[2], status;
	pid_t child;
	char c;

	MUST(pipe(pipefd) == 0);
	MUST((child = fork()) >= 0);
	if (child == 0) {
		pause();
		_exit(0);
	}
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	MUST(seccomp_enter_init() == 0);
	MUST(write(pipefd[1], "x", 1) == 1 && read(pipefd[0], &c, 1) == 1);
	MUST(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	MUST(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts) == 0);
	MUST(kill(child, SIGKILL) == 0);
	MUST(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGKILL);
	MUST(syscall(SYS_getpid) == getpid());
	MUST(close(pipefd[0]) == 0);
	FAILS(open("/", O_RDONLY), EPERM);
	FAILS(syscall(SYS_mmap, NULL, 4096, 3, 0x22, -1, 0), EPERM);
	FAILS(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM);
	FAILS(syscall(SYS_execve, "/bin/true", NULL, NULL), EPERM);
	FAILS(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
	FAILS(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0), EPERM);
	FAILS(prctl(PR_SET_DUMPABLE, 1), EPERM);
	FAILS(syscall(100000), ENOSYS);
	return 0;
}

static int body_supervisor(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
	char seen = 0, here = 'y';
	struct iovec to = { &seen, 1 }, from = { &here, 1 };
	char *argv[] = { (char[]){ "true" }, NULL };
	int status, sv[2];
	pid_t pid;

	MUST(seccomp_enter_supervisor() == 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) >= 0);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == 0);
	MUST(posix_spawnp(&pid, "true", NULL, NULL, argv, NULL) == 0);
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	MUST(process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1 && seen == 'y');
	MUST((pid = fork()) >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	MUST(ptrace(PTRACE_SEIZE, pid, 0, 0) == 0);
	MUST(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	FAILS(syscall(SYS_setns, -1, 0), EBADF);
	FAILS(syscall(SYS_mount_setattr, -1, "", 0, NULL, 0), EINVAL);
	FAILS(syscall(SYS_bpf, -1, NULL, 0), EPERM);
	FAILS(syscall(SYS_keyctl, -1, 0, 0, 0, 0), EPERM);
	FAILS(syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0), EPERM);
	FAILS(syscall(SYS_io_uring_setup, 1, NULL), ENOSYS);
	FAILS(syscall(SYS_userfaultfd, -1), EPERM);
	FAILS(syscall(SYS_reboot, 0, 0, 0, NULL), EPERM);
	FAILS(syscall(SYS_kexec_load, 0, 0, NULL, 0), EPERM);
	FAILS(socket(AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
	return 0;
}

static void test_base_in_force(void **state)
{
	(void)state;
	assert_int_equal(in_child(body_base), 0);
}

static void test_init_filter(void **state)
{
	(void)state;
	assert_int_equal(in_child(body_init), 0);
}

static void test_supervisor_filter(void **state)
{
	(void)state;
	assert_int_equal(in_child(body_supervisor), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_calls_do_not_exist),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_set_id_bits),
		cmocka_unit_test(test_always_refused),
		cmocka_unit_test(test_toggles),
#ifdef __x86_64__
		cmocka_unit_test(test_int80),
#endif
		cmocka_unit_test(test_base_in_force),
		cmocka_unit_test(test_init_filter),
		cmocka_unit_test(test_supervisor_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
