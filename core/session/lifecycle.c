/*
 * lifecycle.c: the life cycle. Killing is SIGKILL to pid 1 of the sandbox, which makes the kernel
 * kill the whole pid namespace and refuse forks in it (pid_namespaces(7)), and cgroup.kill beside
 * it: no window in which a forking session escapes. The end is seen on pid 1's pidfd: by then
 * every process of the namespace is gone.
 */
#include "core/session/lifecycle.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/child.h"
#include "core/session/control.h"
#include "core/session/ending.h"
#include "core/session/publish.h"
#include "core/session/sample.h"

enum {
	FREEZE_POLL_MS = 2,
	FREEZE_TIMEOUT_MS = 3000,
	TERM_GRACE_S = 10,
	LIMIT_GRACE_S = 2,
	KILL_AGAIN_MS = 200
};

static const char ending[] = "the session is ending";

static int send_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* To every process of the sandbox, by pid 1: where no freezer is. */
static void signal_all(struct session *s, int sig)
{
	struct child_message m = { .kind = CHILD_SIGNAL, .value = sig };

	(void)fd_send(s->box.sync, &m, sizeof(m), NULL, 0, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void answer(struct client *c, uint16_t id, int code, const char *text)
{
	if (!c)
		return;
	if (code == 0)
		client_send(c, PACKET_OK, id, NULL, 0);
	else
		client_error(c, id, code, text, "");
}

/* Whoever still waits for the session to freeze hears why it did not. */
static void thaw(struct session *s, int code, const char *why)
{
	if (s->cgroup)
		(void)cgroup_freeze(s->cgroup, false);
	if (s->frozen)
		signal_all(s, SIGCONT);
	s->freezing = s->frozen = false;
	loop_disarm(s->loop, &s->freeze_timer);
	answer(s->freeze_client, s->freeze_id, code, why);
	s->freeze_client = NULL;
}

void lifecycle_kill(struct session *s)
{
	if (s->init_gone)
		return;
	(void)send_signal(s->box.init_pidfd, SIGKILL);
	if (s->cgroup)
		(void)cgroup_kill(s->cgroup);
	thaw(s, EBUSY, ending);
	loop_arm(s->loop, &s->kill_timer, clock_now() + KILL_AGAIN_MS * NS_PER_MS);
}

static void on_kill_again(struct loop_timer *t, uint64_t now)
{
	(void)now;
	lifecycle_kill(t->owner);
}

static bool set_cause(struct session *s, enum end_cause cause, uid_t by)
{
	if (s->cause != END_NONE)
		return false;
	s->cause = cause;
	s->cause_uid = by;
	return true;
}

/* TERM now, everything killed at the deadline. A later one does not put off what is due. */
static void terminate(struct session *s, uint64_t deadline)
{
	(void)send_signal(s->box.agent_pidfd, SIGTERM);
	thaw(s, EBUSY, ending);
	if (!s->stop_timer.active || s->stop_timer.deadline > deadline)
		loop_arm(s->loop, &s->stop_timer, deadline);
}

void lifecycle_stop(struct session *s, uid_t by, uint64_t grace_ns)
{
	if (grace_ns > STOP_GRACE_MAX_S * NS_PER_SEC)
		grace_ns = STOP_GRACE_MAX_S * NS_PER_SEC;
	if (s->init_gone)
		return;
	if (set_cause(s, END_STOP, by))
		s->cause_signal = grace_ns ? SIGTERM : SIGKILL;
	publish_signal(s, by, grace_ns ? SIGTERM : SIGKILL);
	if (grace_ns == 0) {
		lifecycle_kill(s);
		return;
	}
	terminate(s, clock_now() + grace_ns);
}

int lifecycle_signal(struct session *s, uid_t by, int signal)
{
	int r;

	if (signal < 1 || signal > SIGRTMAX)
		return -EINVAL;
	if (s->init_gone)
		return -ESRCH;
	if (signal == SIGKILL) {
		lifecycle_stop(s, by, 0);
		return 0;
	}
	r = send_signal(s->box.agent_pidfd, signal);
	if (r == 0) {
		publish_signal(s, by, signal);
		s->cause_signal = signal;
		s->cause_uid = by;
	}
	return r;
}

static void on_grace(struct loop_timer *t, uint64_t now)
{
	(void)now;
	lifecycle_kill(t->owner);
}

static void on_wall(struct loop_timer *t, uint64_t now)
{
	struct session *s = t->owner;

	if (set_cause(s, END_WALL, 0))
		publish_limit(s, "timeout", "the wall-time limit has passed");
	terminate(s, now + LIMIT_GRACE_S * NS_PER_SEC);
}

static void on_idle(struct loop_timer *t, uint64_t now)
{
	struct session *s = t->owner;
	uint64_t due = s->last_activity + s->plan.policy->limits.idle_timeout_ns;

	if (s->frozen) /* paused by an operator: that is not the agent idling */
		due = now + s->plan.policy->limits.idle_timeout_ns;
	if (due > now) {
		loop_arm(s->loop, t, due);
		return;
	}
	if (set_cause(s, END_IDLE, 0))
		publish_limit(s, "idle", "nothing printed, nothing typed and no CPU used");
	terminate(s, now + LIMIT_GRACE_S * NS_PER_SEC);
}

void lifecycle_oom(struct session *s, int64_t kills)
{
	if (kills <= s->oom_seen)
		return;
	s->oom_seen = kills;
	if (!set_cause(s, END_OOM, 0))
		return;
	publish_limit(s, "memory", "the kernel killed a process: the memory limit was reached");
	lifecycle_kill(s);
}

void lifecycle_trail_failed(struct session *s, int code)
{
	if (s->finished || !set_cause(s, END_TRAIL, 0))
		return;
	snprintf(s->reason, sizeof(s->reason), "the trail cannot be written: %s", strerror(-code));
	lifecycle_kill(s);
}

/* ---- pausing ---- */

static const char *by_whom(uid_t uid, char *out, size_t size)
{
	char name[64];

	snprintf(out, size, "by %s", publish_user_name(uid, name, sizeof(name)));
	return out;
}

static void paused(struct session *s)
{
	char who[72];

	s->freezing = false;
	s->frozen = true;
	loop_disarm(s->loop, &s->freeze_timer);
	(void)publish_state(s, SESSION_PAUSED, by_whom(s->pause_uid, who, sizeof(who)));
	answer(s->freeze_client, s->freeze_id, 0, "");
	s->freeze_client = NULL;
}

static void on_freeze(struct loop_timer *t, uint64_t now)
{
	struct session *s = t->owner;
	int r = cgroup_frozen(s->cgroup);

	if (r == 1) {
		paused(s);
		return;
	}
	if (now < s->freeze_deadline) {
		loop_arm(s->loop, t, now + FREEZE_POLL_MS * NS_PER_MS);
		return;
	}
	/* undone, not left half-frozen */
	thaw(s, ETIMEDOUT, "the kernel did not freeze every process");
}

void lifecycle_pause(struct session *s, struct client *c, uint16_t id)
{
	int r;

	if (s->frozen) {
		answer(c, id, 0, "");
		return;
	}
	if (s->freezing || s->cause != END_NONE || s->init_gone) {
		answer(c, id, EBUSY, s->freezing ? "being paused already" : ending);
		return;
	}
	s->freeze_client = c;
	s->freeze_id = id;
	s->pause_uid = c->uid;
	r = s->cgroup ? cgroup_freeze(s->cgroup, true) : -ENOTSUP;
	if (r == -ENOTSUP) {
		signal_all(s, SIGSTOP); /* kill(-1) in the namespace: forks see the signal first */
		paused(s);
		return;
	}
	if (r < 0) {
		answer(c, id, -r, strerror(-r));
		s->freeze_client = NULL;
		return;
	}
	s->freezing = true;
	s->freeze_deadline = clock_now() + FREEZE_TIMEOUT_MS * NS_PER_MS;
	loop_arm(s->loop, &s->freeze_timer, clock_now());
}

void lifecycle_resume(struct session *s, struct client *c, uint16_t id)
{
	bool was = s->frozen;
	char who[72];

	if (s->init_gone || s->cause != END_NONE) {
		answer(c, id, EBUSY, ending);
		return;
	}
	thaw(s, ECANCELED, "resumed before every process was frozen");
	s->last_activity = clock_now();
	if (was)
		(void)publish_state(s, SESSION_RUNNING, by_whom(c->uid, who, sizeof(who)));
	answer(c, id, 0, "");
}

/* ---- what the sandbox says ---- */

static void on_sync(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct session *s = src->owner;
	struct child_message m = { 0 };
	ssize_t n = fd_recv(src->fd, &m, sizeof(m), NULL, 0, MSG_DONTWAIT);

	(void)events;
	(void)now;
	if (n == -EAGAIN)
		return;
	if (n != sizeof(m)) {
		loop_remove(s->loop, src); /* pid 1 is going: its pidfd says the rest */
		return;
	}
	if (m.kind == CHILD_EXITED) {
		s->status = m.value;
		s->have_status = true;
		(void)set_cause(s, END_EXIT, 0);
	}
}

static void on_init(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct session *s = src->owner;

	(void)events;
	if (waitpid(s->box.init, NULL, WNOHANG) == 0)
		return;
	loop_remove(s->loop, src);
	on_sync(&s->sync_source, EPOLLIN, now); /* the status may still be unread */
	loop_remove(s->loop, &s->sync_source);
	s->init_gone = true;
	ending_finish(s);
}

static void on_signal(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct session *s = src->owner;
	struct signalfd_siginfo info;

	(void)events;
	(void)now;
	if (read(src->fd, &info, sizeof(info)) == sizeof(info))
		lifecycle_stop(s, info.ssi_uid, TERM_GRACE_S * NS_PER_SEC);
}

static void on_oom(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct session *s = src->owner;
	char sink[4096];

	(void)events;
	(void)now;
	(void)!read(src->fd, sink, sizeof(sink));
	cgroup_usage(s->cgroup, &s->usage);
	lifecycle_oom(s, s->usage.oom_kills);
}

static int watch(struct session *s, struct loop_fd *src, int fd,
                 void (*ready)(struct loop_fd *, uint32_t, uint64_t))
{
	*src = (struct loop_fd){ .fd = fd, .events = EPOLLIN, .ready = ready, .owner = s };
	return fd >= 0 ? loop_add(s->loop, src) : 0;
}

static int watch_signals(struct session *s)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigdelset(&set, SIGPIPE);
	sigdelset(&set, SIGHUP);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : watch(s, &s->signal_source, fd, on_signal);
}

int lifecycle_open(struct session *s, struct error *err)
{
	const struct policy *pol = s->plan.policy;
	uint64_t now = clock_now();
	int r = watch(s, &s->init_source, s->box.init_pidfd, on_init);

	if (r == 0)
		r = watch(s, &s->sync_source, s->box.sync, on_sync);
	if (r == 0)
		r = watch_signals(s);
	if (r == 0)
		r = watch(s, &s->oom_source, s->cgroup ? cgroup_oom_fd(s->cgroup) : -1, on_oom);
	if (r < 0)
		return error_errno(err, r, "supervisor: event loop");
	s->stop_timer = (struct loop_timer){ .fired = on_grace, .owner = s };
	s->kill_timer = (struct loop_timer){ .fired = on_kill_again, .owner = s };
	s->wall_timer = (struct loop_timer){ .fired = on_wall, .owner = s };
	s->idle_timer = (struct loop_timer){ .fired = on_idle, .owner = s };
	s->freeze_timer = (struct loop_timer){ .fired = on_freeze, .owner = s };
	s->last_activity = now;
	if (pol->limits.timeout_ns)
		loop_arm(s->loop, &s->wall_timer, now + pol->limits.timeout_ns);
	if (pol->limits.idle_timeout_ns)
		loop_arm(s->loop, &s->idle_timer, now + pol->limits.idle_timeout_ns);
	publish_deadlines(s);
	sample_open(s);
	return 0;
}
