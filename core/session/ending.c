/*
 * ending.c: the end, in an order that leaves nothing and loses nothing: what was printed → why it
 * ended → cgroup and ids released → trail and session.json → the runtime directory goes (with it
 * lock, board, socket) → clients hear of it. So whoever is told that a session ended finds nothing
 * of it left.
 */
#include "core/session/ending.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/text.h"
#include "core/session/control.h"
#include "core/session/exec_watch.h"
#include "core/session/publish.h"
#include "core/session/sample.h"
#include "core/session/streams.h"

static int status_code(const struct session *s)
{
	if (!s->have_status)
		return 128 + SIGKILL;
	return WIFEXITED(s->status) ? WEXITSTATUS(s->status) : 128 + WTERMSIG(s->status);
}

static void say_signal(struct session *s, int sig)
{
	const char *name = sigabbrev_np(sig);

	if (name)
		snprintf(s->reason, sizeof(s->reason), "ended by signal %s", name);
	else
		snprintf(s->reason, sizeof(s->reason), "ended by signal %d", sig);
}

static enum session_state by_itself(struct session *s)
{
	int sig = s->have_status && WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0;
	char who[64];

	s->exit_code = status_code(s);
	if (s->have_status && WIFEXITED(s->status)) {
		snprintf(s->reason, sizeof(s->reason), "exit %d", s->exit_code);
		return SESSION_EXITED;
	}
	if (sig && sig == s->cause_signal) {
		snprintf(s->reason, sizeof(s->reason), "killed by %.60s (%s)",
		         publish_user_name(s->cause_uid, who, sizeof(who)), sigabbrev_np(sig));
		return SESSION_KILLED;
	}
	say_signal(s, sig ? sig : SIGKILL);
	return s->have_status ? SESSION_EXITED : SESSION_KILLED;
}

static enum session_state verdict(struct session *s)
{
	char who[64], limit[16];

	switch (s->cause) {
	case END_STOP:
		s->exit_code = status_code(s);
		snprintf(s->reason, sizeof(s->reason), "%s by %.60s",
		         s->cause_signal == SIGKILL ? "killed" : "stopped",
		         publish_user_name(s->cause_uid, who, sizeof(who)));
		return SESSION_KILLED;
	case END_WALL:
	case END_IDLE:
		s->exit_code = 124;
		text_format_duration(s->cause == END_WALL ? s->plan.policy->limits.timeout_ns
		                                          : s->plan.policy->limits.idle_timeout_ns,
		                     limit, sizeof(limit));
		snprintf(s->reason, sizeof(s->reason), "%s %s",
		         s->cause == END_WALL ? "timed out after" : "idle for", limit);
		return SESSION_TIMEOUT;
	case END_OOM:
		s->exit_code = 128 + SIGKILL;
		text_format_size(s->plan.policy->limits.memory, limit, sizeof(limit));
		snprintf(s->reason, sizeof(s->reason), "out of memory (limit %s)", limit);
		return SESSION_KILLED;
	case END_TRAIL:
	case END_BROKEN:
		s->exit_code = 125;
		return SESSION_FAILED;
	case END_NONE:
	case END_EXIT:
		break;
	}
	return by_itself(s);
}

/* The kernel may have killed all at once (memory.oom.group) before anything else was heard. */
static void look_for_oom(struct session *s)
{
	sample_usage(s);
	if (s->usage.oom_kills <= s->oom_seen)
		return;
	s->oom_seen = s->usage.oom_kills;
	if (s->cause == END_NONE ||
	    (s->cause == END_EXIT && WIFSIGNALED(s->status) && WTERMSIG(s->status) == SIGKILL)) {
		s->cause = END_OOM;
		publish_limit(s, "memory",
		              "the kernel killed the session: the memory limit was reached");
	}
}

static void disarm(struct session *s)
{
	struct loop_timer *timers[] = { &s->sample_timer, &s->wall_timer, &s->idle_timer,
		                        &s->stop_timer,   &s->kill_timer, &s->freeze_timer };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		loop_disarm(s->loop, timers[i]);
	loop_remove(s->loop, &s->oom_source);
	loop_remove(s->loop, &s->signal_source);
}

void ending_finish(struct session *s)
{
	enum session_state state;

	disarm(s);
	streams_finish(s);
	exec_watch_close(s);
	look_for_oom(s);
	state = verdict(s);
	publish_sample(s, NULL);
	control_stop_listening(s);
	s->cgroup = NULL;
	layers_release(&s->plan.launch);
	(void)publish_state(s, state, s->reason);
	s->finished = true;
	publish_close(s);
	seat_leave(&s->plan, &s->seat, s->plan.request->remove_after);
	control_ended(s);
	if (control_idle(s))
		loop_stop(s->loop);
}
