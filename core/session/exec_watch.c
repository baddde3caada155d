/*
 * exec_watch.c: the proof of argv.
 *
 * A command line read at the announcement of execve is a race: another thread can rewrite it
 * before the kernel copies it. So the announcement only says who: that one thread is seized, let
 * go on and asked to stop. Either its new image stops before the first instruction
 * (PTRACE_EVENT_EXEC): then its arguments, executable and directory are the truth, since nobody
 * else shares that memory; they are recorded, and it is let go. Or the call failed, and it stops
 * on the way back (PTRACE_EVENT_STOP): let go. Nothing else of the session waits, the supervisor
 * waits for nobody, and no thread is traced between executions.
 *
 * What must hold: a thread that was seized is in `watched` until it stopped or died; every stop is
 * answered; announcements are answered at once. A thread other than the leader takes the leader's
 * id when its exec succeeds: PTRACE_GETEVENTMSG has the id it had. A thread that is traced by
 * somebody else (a debugger inside) cannot be seized: recorded as a claim, `verified: false`.
 */
#include "core/session/exec_watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/commands.h"
#include "core/session/notify.h"
#include "core/session/publish.h"
#include "core/session/tracee.h"

struct watched {
	struct watched *next;
	pid_t tid;
};

struct exec_watch {
	struct session *session;
	struct loop_fd listener, children;
	struct commands *commands;
	struct watched *watched;
};

static struct watched **find(struct exec_watch *w, pid_t tid)
{
	struct watched **at = &w->watched;

	while (*at && (*at)->tid != tid)
		at = &(*at)->next;
	return at;
}

static void forget(struct exec_watch *w, pid_t tid)
{
	struct watched **at = find(w, tid);
	struct watched *gone = *at;

	if (gone) {
		*at = gone->next;
		free(gone);
	}
}

static void record(struct exec_watch *w, struct command *c, const char *doubt)
{
	struct session *s = w->session;
	uint64_t now = clock_now();

	s->last_activity = now;
	publish_exec(s, c, doubt);
	commands_begin(w->commands, c->pid, s->trail.seq, now);
	command_free(c);
}

/* It cannot be proved: what was asked for is written down as that. */
static void claim(struct exec_watch *w, const struct notice *n, int code)
{
	struct command c;
	bool at = n->nr == SYS_execveat;

	if (tracee_claim(n->tid, n->args[at ? 1 : 0], n->args[at ? 2 : 1], &c) == 0)
		record(w, &c,
		       code == -EPERM ? "already traced by another process" : strerror(-code));
}

static void announced(struct exec_watch *w, const struct notice *n)
{
	struct watched *seized = *find(w, n->tid);
	int r = 0;

	if (!seized) {
		seized = calloc(1, sizeof(*seized));
		r = seized ? tracee_seize(n->tid) : -ENOMEM;
		if (r == 0) {
			*seized = (struct watched){ .next = w->watched, .tid = n->tid };
			w->watched = seized;
		} else {
			free(seized);
			if (r != -ESRCH)
				claim(w, n, r);
		}
	}
	(void)notify_continue(w->session->box.listener, n->id);
	/* after the answer: before it, a kernel without WAIT_KILLABLE_RECV would take the call
	 * away again */
	if (r == 0)
		(void)tracee_interrupt(n->tid);
}

static void on_listener(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct exec_watch *w = src->owner;
	struct notice n;

	(void)now;
	if (!(events & EPOLLIN)) {
		loop_remove(w->session->loop, src); /* nobody is left who could announce anything */
		return;
	}
	for (int i = 0; i < EXEC_PER_TURN && notify_receive(src->fd, &n) == 1; i++)
		announced(w, &n);
}

static void succeeded(struct exec_watch *w, pid_t pid)
{
	pid_t former = tracee_former_tid(pid);
	struct command c;
	int r = tracee_command(pid, &c);

	forget(w, former);
	forget(w, pid); /* its leader, if another thread of it took its place */
	if (r == 0) {
		record(w, &c, NULL);
	} else if (r != -ESRCH && tracee_claim(pid, 0, 0, &c) == 0) {
		record(w, &c, strerror(-r));
	}
	(void)tracee_detach(pid, 0);
}

static void stopped(struct exec_watch *w, pid_t pid, int status)
{
	int event = status >> 16;

	if (event == PTRACE_EVENT_EXEC) {
		succeeded(w, pid);
	} else if (event == PTRACE_EVENT_STOP) {
		/* the call failed; or its group is being stopped, which goes on without us */
		forget(w, pid);
		(void)tracee_detach(pid, 0);
	} else {
		(void)tracee_go_on(pid,
		                   WSTOPSIG(status)); /* a signal on its way: it shall have it */
	}
}

static void collect(struct exec_watch *w)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | WNOHANG);

		if (pid <= 0)
			return; /* pid 1's end is seen on its pidfd too */
		if (WIFSTOPPED(status))
			stopped(w, pid, status);
		else
			forget(w, pid);
	}
}

static void on_children(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct signalfd_siginfo info;

	(void)events;
	(void)now;
	while (read(src->fd, &info, sizeof(info)) == sizeof(info))
		;
	collect(src->owner);
}

/* What launch.c let through: its memory was pid 1's alone, so what was asked for is what runs. */
static void first_command(struct exec_watch *w)
{
	struct session *s = w->session;
	struct command c;

	if (tracee_first(s->box.agent, s->plan.request->argv, &c) == 0)
		record(w, &c, NULL);
}

static int watch(struct exec_watch *w, struct loop_fd *src, int fd,
                 void (*ready)(struct loop_fd *, uint32_t, uint64_t))
{
	*src = (struct loop_fd){ .fd = fd, .events = EPOLLIN, .ready = ready, .owner = w };
	return fd < 0 ? -EBADF : loop_add(w->session->loop, src);
}

/* A running command is a descriptor: as many as this process may have. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

int exec_watch_open(struct session *s, struct error *err)
{
	struct exec_watch *w = calloc(1, sizeof(*w));
	sigset_t chld;
	int r = w ? commands_new(s, &w->commands) : -ENOMEM;

	if (r == 0) {
		*w = (struct exec_watch){ .session = s, .commands = w->commands };
		w->children.fd = -1;
		s->exec_watch = w;
		raise_descriptors();
		sigemptyset(&chld);
		sigaddset(&chld, SIGCHLD);
		sigprocmask(SIG_BLOCK, &chld, NULL);
		r = watch(w, &w->children, signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK),
		          on_children);
	} else {
		free(w);
	}
	if (r == 0)
		r = watch(w, &w->listener, s->box.listener, on_listener);
	if (r < 0)
		return error_errno(err, r, "supervisor: exec watch");
	first_command(w);
	if (s->box.have_early)
		announced(w, &s->box.early);
	return 0;
}

void exec_watch_close(struct session *s)
{
	struct exec_watch *w = s->exec_watch;

	if (!w)
		return;
	collect(w);
	loop_remove(s->loop, &w->listener);
	loop_remove(s->loop, &w->children);
	fd_close(&w->children.fd);
	commands_free(w->commands);
	while (w->watched)
		forget(w, w->watched->tid);
	free(w);
	s->exec_watch = NULL;
}
