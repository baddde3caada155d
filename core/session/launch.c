/*
 * launch.c: clone, settle, go, ready, go, exec. The parent speaks for the child: a step that
 * failed there becomes "mounts: mount /x: Permission denied" here. On every failure the child is
 * killed and reaped before returning.
 */
#include "core/session/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/layers/identity.h"
#include "core/layers/mounts.h"
#include "core/session/child.h"
#include "core/session/notify.h"

#define NAMESPACES                                                                                 \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

enum {
	LAUNCH_TIMEOUT_MS = 20000
}; /* one step of the child; generous: a machine under load,
				     * never a hang */

struct pipes {
	int in[2], out[2], err[2], sync[2];
};

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->in[i]);
		fd_close(&p->out[i]);
		fd_close(&p->err[i]);
		fd_close(&p->sync[i]);
	}
}

/* A pipe that the agent may also open by name (/dev/stdout): it must own it. */
static int agent_pipe(const struct plan *p, int fds[2], int agent_end)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	if (p->launch.root_mode &&
	    fchown(fds[agent_end], p->launch.host_uid, p->launch.host_gid) < 0)
		return -errno;
	return fd_set_nonblock(fds[!agent_end], true);
}

static int pipes_open(const struct plan *p, struct pipes *ret)
{
	int r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret->sync) < 0)
		return -errno;
	if (p->launch.tty)
		return 0;
	if (p->request->interactive)
		r = agent_pipe(p, ret->in, 0);
	if (r == 0)
		r = agent_pipe(p, ret->out, 1);
	if (r == 0)
		r = agent_pipe(p, ret->err, 1);
	return r;
}

static pid_t clone_into(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int clone_error(int code, struct error *err)
{
	error_errno(err, code, "identity: new namespaces");
	if (code == EPERM || code == EACCES || code == ENOSPC || code == EUSERS)
		error_hint(err, "%s", identity_userns_remedy());
	return -code;
}

/* The next message of the child, with at most two descriptors. */
static int hear(int sync, struct child_message *m, int ret_fds[2], struct error *err)
{
	struct pollfd pfd = { .fd = sync, .events = POLLIN };
	int fds[2] = { -1, -1 };
	int n;

	do
		n = poll(&pfd, 1, LAUNCH_TIMEOUT_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return error_set(err, ETIMEDOUT, "launch: the sandbox did not answer within %d s",
		                 LAUNCH_TIMEOUT_MS / 1000);
	if (fd_recv(sync, m, sizeof(*m), fds, 2, 0) != sizeof(*m)) {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return error_set(err, ECHILD, "launch: the sandbox ended before it was ready");
	}
	m->what[sizeof(m->what) - 1] = '\0';
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

static int child_error(const struct child_message *m, struct error *err)
{
	const char *layer = m->layer < LAYER_COUNT ? layer_names[m->layer] : "launch";

	if (m->error == ESTALE)
		return error_set(err, ESTALE, "%s: %s: changed since it was audited", layer,
		                 m->what);
	return error_errno(err, m->error, "%s: %s", layer, m->what);
}

static int expect_two(int sync, enum child_kind kind, int ret_fds[2], struct error *err)
{
	struct child_message m = { 0 };
	int fds[2] = { -1, -1 };
	int r = hear(sync, &m, fds, err);

	if (r < 0)
		return r;
	if (m.kind != kind) {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		if (m.kind == CHILD_FAILED)
			return child_error(&m, err);
		return error_set(err, EPROTO, "launch: unexpected word %u from the sandbox",
		                 m.kind);
	}
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

static int expect(int sync, enum child_kind kind, int *ret_fd, struct error *err)
{
	int fds[2] = { -1, -1 };
	int r = expect_two(sync, kind, fds, err);

	fd_close(&fds[1]);
	if (r == 0)
		*ret_fd = fds[0];
	return r;
}

static int go(int sync)
{
	struct child_message m = { .kind = CHILD_GO };

	return fd_send(sync, &m, sizeof(m), NULL, 0, MSG_NOSIGNAL) == sizeof(m) ? 0 : -EPIPE;
}

/* The host pid behind a pidfd (pidfd_open(2), "Pid:" in fdinfo); 0 if unknown. */
static pid_t pidfd_pid(int pidfd)
{
	char path[64];
	CLEANUP_FREE char *text = NULL;
	size_t len;
	const char *at;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (fd_read_file(AT_FDCWD, path, 4096, &text, &len, NULL) < 0)
		return 0;
	at = strstr(text, "\nPid:");
	return at && sscanf(at, "\nPid: %d", &pid) == 1 && pid > 0 ? pid : 0;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* The agent's own executions, one for each candidate of PATH, are let through as they come: what
 * they run is what pid 1, whose memory it still is and which nobody else can write, was asked to
 * run. Once execve went through, the pipe says so before the program's first instruction: an
 * announcement found with the pipe readable is already the program's, and kept for the watch. */
static int answer_until(struct sandbox *s, const char *command, struct error *err)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = s->exec, .events = POLLIN },
			               { .fd = s->listener, .events = POLLIN } };
		struct notice n;
		int ready = poll(p, 2, LAUNCH_TIMEOUT_MS);

		if (ready < 0 && errno != EINTR)
			return error_errno(err, errno, "launch");
		if (ready == 0)
			return error_set(err, ETIMEDOUT, "launch: %s did not start", command);
		if (ready > 0 && p[0].revents)
			return 0;
		if (ready < 0 || notify_receive(s->listener, &n) != 1)
			continue;
		if (readable(s->exec)) {
			s->early = n;
			s->have_early = true;
			return 0;
		}
		(void)notify_continue(s->listener, n.id);
	}
}

/* Waits for execve: end-of-file is success. */
static int await_exec(const struct plan *p, struct sandbox *s, int *ret_exit, struct error *err)
{
	struct child_message m = { 0 };
	const char *command = p->request->argv[0];
	ssize_t n;
	int r = answer_until(s, command, err);

	if (r < 0)
		return r;
	n = read(s->exec, &m, sizeof(m));
	if (n == 0)
		return 0;
	if (n != sizeof(m))
		return error_set(err, EPROTO, "launch: short word from the sandbox");
	m.what[sizeof(m.what) - 1] = '\0';
	if (m.layer < LAYER_COUNT || m.what[0])
		return child_error(&m, err);
	*ret_exit = m.error == ENOENT || m.error == ENOTDIR ? 127 : 126;
	if (*ret_exit == 127) {
		struct buf b = BUF_INIT;

		text_safe(&b, command, strlen(command), false);
		error_set(err, ENOENT, "%s: not found inside the sandbox", buf_str(&b));
		error_hint(err, "only /usr, /bin, /workspace and what you mount with -v are there");
		buf_free(&b);
		return -ENOENT;
	}
	return error_errno(err, m.error, "%s: cannot execute", command);
}

static void size_terminal(const struct plan *p, int master)
{
	struct winsize ws = { .ws_row = p->request->rows ? p->request->rows : 24,
		              .ws_col = p->request->cols ? p->request->cols : 80 };

	(void)ioctl(master, TIOCSWINSZ, &ws);
	(void)fd_set_nonblock(master, true);
}

static int expect_listener(struct sandbox *s, struct error *err)
{
	int fds[2];
	int r = expect_two(s->sync, CHILD_LISTENER, fds, err);

	if (r < 0)
		return r;
	s->listener = fds[0];
	s->exec = fds[1];
	return s->listener < 0 || s->exec < 0
	               ? error_set(err, EPROTO, "launch: the sandbox sent no listener")
	               : 0;
}

static int bring_up(struct plan *p, struct sandbox *s, int *ret_exit, struct error *err)
{
	int r = expect(s->sync, CHILD_READY, &s->master, err);

	if (r < 0)
		return r;
	mounts_launched(&p->launch);
	if (s->master >= 0)
		size_terminal(p, s->master);
	if (go(s->sync) < 0)
		return error_set(err, ECHILD, "launch: the sandbox ended before its command");
	r = expect_listener(s, err);
	if (r == 0)
		r = await_exec(p, s, ret_exit, err);
	if (r == 0) /* pid 1 goes on once the agent has its own memory */
		r = expect(s->sync, CHILD_AGENT, &s->agent_pidfd, err);
	if (r == 0)
		s->agent = pidfd_pid(s->agent_pidfd);
	fd_close(&s->exec);
	return r;
}

static void undo(struct sandbox *s)
{
	(void)syscall(SYS_pidfd_send_signal, s->init_pidfd, SIGKILL, NULL, 0);
	(void)waitpid(s->init, NULL, 0);
	sandbox_close(s);
}

void sandbox_close(struct sandbox *s)
{
	fd_close(&s->init_pidfd);
	fd_close(&s->sync);
	fd_close(&s->listener);
	fd_close(&s->exec);
	fd_close(&s->agent_pidfd);
	fd_close(&s->master);
	fd_close(&s->in);
	fd_close(&s->out);
	fd_close(&s->err);
}

int launch_begin(struct plan *p, struct sandbox *ret, struct error *err)
{
	struct pipes pp = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct child_fds fds;
	int r = pipes_open(p, &pp);

	*ret = SANDBOX_INIT;
	if (r < 0) {
		pipes_close(&pp);
		return error_errno(err, r, "launch: pipes");
	}
	fds = (struct child_fds){
		.sync = pp.sync[1], .in = pp.in[0], .out = pp.out[1], .err = pp.err[1]
	};
	ret->init = clone_into(NAMESPACES, p->launch.cgroup_fd, &ret->init_pidfd);
	if (ret->init == 0) {
		fd_close(&pp.sync[0]);
		child_main(p, &fds);
	}
	if (ret->init < 0) {
		r = errno;
		pipes_close(&pp);
		return clone_error(r, err);
	}
	ret->sync = fd_steal(&pp.sync[0]);
	ret->in = fd_steal(&pp.in[1]);
	ret->out = fd_steal(&pp.out[0]);
	ret->err = fd_steal(&pp.err[0]);
	pipes_close(&pp);
	r = layers_settle(&p->launch, ret->init, err);
	if (r == 0 && go(ret->sync) < 0)
		r = error_set(err, ECHILD, "launch: the sandbox ended at once");
	if (r < 0)
		undo(ret);
	return r;
}

int launch_finish(struct plan *p, struct sandbox *s, int *ret_exit, struct error *err)
{
	int r;

	*ret_exit = 125;
	r = bring_up(p, s, ret_exit, err);
	if (r < 0)
		undo(s);
	return r;
}
