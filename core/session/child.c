/*
 * child.c: pid 1 and the agent. System calls only: no allocation, no stdio, no formatting (the
 * process was cloned from the supervisor and shares its pages copy-on-write). Order: wait for the
 * parent's go (ids mapped, cgroup joined) → layers identity … landlock → ready, wait for go → fork
 * the agent (session, terminal, seccomp last, execve) → serve as pid 1.
 */
#include "core/session/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/seccomp_base.h"

enum { FD_SYNC = 3, FD_SLAVE = 4, FD_KEEP = 5 }; /* pid 1's descriptors once it serves */

static void say(int sync, struct child_message *m, int fd)
{
	(void)fd_send(sync, m, sizeof(*m), &fd, fd >= 0 ? 1 : 0, MSG_NOSIGNAL);
}

static _Noreturn void fail(int sync, unsigned layer, int error, const char *what)
{
	struct child_message m = { .kind = CHILD_FAILED,
		                   .layer = (uint8_t)layer,
		                   .error = error < 0 ? -error : error };

	strncpy(m.what, what ? what : "", sizeof(m.what) - 1);
	say(sync, &m, -1);
	_exit(1);
}

static void wait_for_go(int sync)
{
	struct child_message m = { 0 };

	if (fd_recv(sync, &m, sizeof(m), NULL, 0, 0) != sizeof(m) || m.kind != CHILD_GO)
		_exit(1);
}

/* Puts the needed descriptors at fixed numbers and closes every other one: nothing of the host is
 * inherited. */
static void keep_only(int sync, int slave)
{
	int null;

	/* out of the way of the fixed numbers first */
	sync = fcntl(sync, F_DUPFD_CLOEXEC, 64);
	if (slave >= 0)
		slave = fcntl(slave, F_DUPFD_CLOEXEC, 64);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (sync < 0 || null < 0)
		_exit(1);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	dup3(sync, FD_SYNC, O_CLOEXEC);
	if (slave >= 0)
		dup3(slave, FD_SLAVE, O_CLOEXEC);
	close_range(slave >= 0 ? FD_KEEP : FD_SLAVE, ~0U, 0);
}

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };

	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &dfl, NULL);
	unblock_signals();
}

static int agent_streams(const struct child_fds *fds, int slave)
{
	const int from[3] = { slave >= 0 ? slave : fds->in, slave >= 0 ? slave : fds->out,
		              slave >= 0 ? slave : fds->err };

	if (setsid() < 0)
		return -errno;
	if (slave >= 0 && ioctl(slave, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int i = 0; i < 3; i++) {
		int fd = from[i] >= 0 ? fcntl(from[i], F_DUPFD, 64) : open("/dev/null", O_RDWR);

		if (fd < 0)
			return -errno;
		if (dup2(fd, i) < 0)
			return -errno;
		close(fd);
	}
	return 0;
}

/* As execvp(3): the first candidate that is there is run; a permission error is remembered. */
static int agent_exec(const struct plan *p)
{
	int seen = ENOENT;

	for (char **path = p->exec_paths; *path; path++) {
		execve(*path, p->request->argv, p->launch.envp);
		if (errno == EACCES)
			seen = EACCES;
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
	}
	return seen;
}

/* The agent's descriptors between its last layer and execve, which closes them. */
enum { FD_TELL = 3, FD_TO_PARENT = 4, FD_TOLD = 5, FD_FIRST_CLOSED = 6 };

static void send_listener(const struct layer_report *report, int fd)
{
	struct child_message m = { .kind = CHILD_LISTENER };
	const int fds[2] = { fd, FD_TOLD };

	(void)fd_send(report->announce_to, &m, sizeof(m), fds, 2, MSG_NOSIGNAL);
	(void)close(FD_TOLD);
}

/* Tells over the pipe that execve closes (before it was sent, over the socket); an empty `what` of
 * no layer means execve itself. */
static _Noreturn void agent_fail(unsigned layer, int error, const char *what)
{
	struct child_message m = { .kind = CHILD_FAILED,
		                   .layer = (uint8_t)layer,
		                   .error = error < 0 ? -error : error };

	strncpy(m.what, what ? what : "", sizeof(m.what) - 1);
	(void)!write(fcntl(FD_TOLD, F_GETFD) < 0 ? FD_TELL : FD_TO_PARENT, &m, sizeof(m));
	_exit(127);
}

struct agent_start {
	const struct plan *plan;
	const struct child_fds *fds;
	int slave;
};

/* Shares pid 1's memory until execve (CLONE_VM | CLONE_VFORK, as posix_spawn(3) does: nothing is
 * copied); never returns. */
static int agent_main(void *arg)
{
	const struct agent_start *start = arg;
	const struct plan *p = start->plan;
	const struct child_fds *fds = start->fds;
	int slave = start->slave;
	struct layer_report report = { .what = "", .master_fd = -1, .slave_fd = -1 };
	enum layer_id failed = LAYER_SECCOMP;
	int sync = fcntl(fds->sync, F_DUPFD_CLOEXEC, 128);
	int told[2] = { -1, -1 };
	int r = agent_streams(fds, slave);

	/* made here, so that pid 1 has no end of it: end-of-file is execve and nothing else */
	if (r == 0 && pipe2(told, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0 && ((told[0] = fcntl(told[0], F_DUPFD_CLOEXEC, 130)) < 0 ||
	               (told[1] = fcntl(told[1], F_DUPFD_CLOEXEC, 130)) < 0))
		r = -errno;
	if (r < 0)
		fail(sync, LAYER_COUNT, r, "terminal and standard streams");
	unblock_signals(); /* execve(2) resets the one handler that pid 1 has set */
	(void)dup3(told[1], FD_TELL, O_CLOEXEC);
	(void)dup3(sync, FD_TO_PARENT, O_CLOEXEC);
	(void)dup3(told[0], FD_TOLD, O_CLOEXEC);
	close_range(FD_FIRST_CLOSED, ~0U, 0);
	report.announce = send_listener;
	report.announce_to = FD_TO_PARENT;
	r = layers_enter(&p->launch, LAYER_SECCOMP, LAYER_SECCOMP, &failed, &report);
	if (r < 0)
		agent_fail(LAYER_SECCOMP, r, report.what);
	agent_fail(LAYER_COUNT, agent_exec(p), "");
	return 0;
}

static void on_child(int sig)
{
	(void)sig;
}

/* Reaps what is orphaned here; returns true with the agent's status once it is gone. */
static bool reap(pid_t agent, int *ret_status)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid <= 0)
			return false;
		if (pid == agent) {
			*ret_status = status;
			return true;
		}
	}
}

static _Noreturn void serve(pid_t agent)
{
	struct pollfd pfd = { .fd = FD_SYNC, .events = POLLIN };
	sigset_t none;
	int status;

	sigemptyset(&none);
	for (;;) {
		struct child_message m = { 0 };

		if (reap(agent, &status)) {
			m = (struct child_message){ .kind = CHILD_EXITED, .value = status };
			say(FD_SYNC, &m, -1);
			_exit(0); /* the kernel kills what is left in the namespace */
		}
		if (ppoll(&pfd, 1, NULL, &none) < 0)
			continue;
		if (fd_recv(FD_SYNC, &m, sizeof(m), NULL, 0, MSG_DONTWAIT) == 0)
			_exit(1); /* the supervisor is gone */
		if (m.kind == CHILD_SIGNAL)
			(void)kill(-1, m.value);
	}
}

/* Everything up to landlock; the agent's own last layer is seccomp. */
static int enter_layers(const struct plan *p, int sync)
{
	struct layer_report report = { .what = "", .master_fd = -1, .slave_fd = -1 };
	enum layer_id failed = LAYER_IDENTITY;
	struct child_message m = { .kind = CHILD_READY };
	int r = layers_enter(&p->launch, LAYER_IDENTITY, LAYER_LANDLOCK, &failed, &report);

	if (r < 0)
		fail(sync, failed, r, report.what);
	/* changing ids cleared both (prctl(2)); a parent that died before this is seen as
	 * end-of-file on sync */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		fail(sync, LAYER_COUNT, errno, "parent-death signal");
	say(sync, &m, report.master_fd);
	fd_close(&report.master_fd);
	return report.slave_fd;
}

/* The environment that the supervisor was started with: pid 1 is a copy of it and is visible
 * inside. */
static void blank_environment(void)
{
	for (char **e = environ; e && *e; e++)
		memset(*e, 0, strlen(*e));
}

void child_main(const struct plan *p, const struct child_fds *fds)
{
	struct sigaction sa = { .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP };
	struct child_message m = { .kind = CHILD_AGENT };
	static _Alignas(16) char stack[64 * 1024];
	struct agent_start start;
	sigset_t chld;
	int slave, pidfd;
	pid_t agent;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "warder-init");
	reset_signals();
	blank_environment();
	wait_for_go(fds->sync);
	slave = enter_layers(p, fds->sync);
	wait_for_go(fds->sync);

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	(void)sigaction(SIGCHLD, &sa, NULL);
	start = (struct agent_start){ .plan = p, .fds = fds, .slave = slave };
	agent = clone(agent_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
	if (agent < 0)
		fail(fds->sync, LAYER_COUNT, errno, "start of the command");
	pidfd = (int)syscall(SYS_pidfd_open, agent, 0);
	if (pidfd < 0)
		fail(fds->sync, LAYER_COUNT, errno, "pidfd_open");
	say(fds->sync, &m, pidfd);
	keep_only(fds->sync, slave);
	if (seccomp_enter_init() < 0)
		_exit(1);
	serve(agent);
}
