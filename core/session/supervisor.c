/*
 * supervisor.c: `warder __supervise`, one process for one session. Request → plan → seat → layers
 * → launch → publish → drop every privilege → loop. Until the loop runs any failure undoes all of
 * it and goes to the launcher as one PACKET_ERROR: a refused launch leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/layers/capabilities.h"
#include "core/layers/seccomp_base.h"
#include "core/session/control.h"
#include "core/session/ending.h"
#include "core/session/entry.h"
#include "core/session/exec_watch.h"
#include "core/session/lifecycle.h"
#include "core/session/publish.h"
#include "core/session/report.h"
#include "core/session/streams.h"
#include "core/wire/packet.h"

enum { FD_LAUNCHER = 3, FD_REQUEST = 4 };

static int send_packet(int fd, uint8_t type, const void *payload, size_t len)
{
	unsigned char msg[PACKET_MAX];
	size_t size = packet_encode(type, 0, payload, len, msg, sizeof(msg));

	return size && send(fd, msg, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -EPIPE;
}

static void send_refusal(int fd, const struct error *err, int exit_code)
{
	struct packet_error e;

	packet_error_fill(&e, err);
	if (exit_code == 127)
		e.code = PACKET_EXIT_NOT_FOUND;
	else if (exit_code == 126)
		e.code = PACKET_EXIT_CANNOT_EXECUTE;
	(void)send_packet(fd, PACKET_ERROR, &e, sizeof(e));
}

static int read_request(struct launch_request **ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	int fd = FD_REQUEST;
	size_t len;
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;

	if (r < 0)
		return error_errno(err, r, "launch request");
	r = fd_read_all(fd, "launch request", REQUEST_MAX, &text, &len, err);
	fd_close(&fd);
	return r < 0 ? r : launch_request_parse(text, len, ret, err);
}

/* The supervisor's own messages (a sanitizer, abort) have a place; nothing of ours writes there in
 * normal life. */
static void open_log(const struct seat *seat)
{
	int fd = openat(seat->state_fd, "supervisor.log",
	                O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0) {
		dup2(fd, STDERR_FILENO);
		fd_close(&fd);
	}
}

/* Everything up to a child that enters its layers. */
static int begin(struct session *s, struct error *err)
{
	struct plan *p = &s->plan;
	int r = seat_take(p, &s->seat, err);

	if (r < 0)
		return r;
	r = layers_prepare(&p->launch, err);
	if (r < 0)
		goto leave;
	r = plan_exec_paths(p, err);
	if (r < 0)
		goto release;
	s->cgroup = limits_cgroup(&p->launch);
	r = launch_begin(p, &s->box, err);
	if (r < 0)
		goto release;
	return 0;
release:
	s->cgroup = NULL;
	layers_release(&p->launch);
leave:
	seat_leave(p, &s->seat, true);
	return r;
}

/* While the child enters its layers: what does not depend on it. Nobody sees it yet. */
static int prepare_record(struct session *s, struct error *err)
{
	int r = publish_open(s, err);

	if (r == 0)
		r = control_open(s, err);
	if (r < 0)
		return r;
	open_log(&s->seat);
	publish_policy(s);
	publish_layers(s);
	return 0;
}

/* The sandbox runs: watch it and make it visible. */
static int settle_in(struct session *s, struct error *err)
{
	int r = streams_open(s, err);

	if (r == 0)
		r = lifecycle_open(s, err);
	if (r < 0)
		return r;
	r = publish_state(s, SESSION_RUNNING, NULL);
	if (r < 0)
		return error_errno(err, r, "session.json");
	r = exec_watch_open(s, err);
	if (r < 0)
		return r;
	if (s->plan.launch.tty)
		publish_terminal(s, s->plan.request->rows ? s->plan.request->rows : 24,
		                 s->plan.request->cols ? s->plan.request->cols : 80);
	r = seat_publish(&s->plan, &s->seat, err);
	if (r == 0 && s->trail.failed)
		r = error_errno(err, s->trail.failed, "trail");
	return r;
}

/* Owning the session's user namespace is enough for what is left to do. */
static int drop_powers(struct error *err)
{
	int r;

	/* not before: an ordinary user writes the id maps of a dumpable child only */
	if (chdir("/") < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_errno(err, errno, "supervisor: no_new_privs");
	r = capabilities_drop_held();
	if (r == 0)
		r = seccomp_enter_supervisor();
	if (r < 0)
		return error_errno(err, r, "supervisor: giving up privileges");
	return 0;
}

/* A session that was up, half-way, comes down without a trace. */
static void abandon(struct session *s)
{
	if (s->box.init_pidfd >= 0) { /* launch_finish may have ended it already */
		(void)kill(s->box.init, SIGKILL);
		(void)waitpid(s->box.init, NULL, 0);
	}
	s->cgroup = NULL;
	layers_release(&s->plan.launch);
	if (s->board)
		publish_close(s);
	seat_leave(&s->plan, &s->seat, true);
}

static int announce(struct session *s, int launcher)
{
	struct packet_launched l = { .tty = s->plan.launch.tty };

	snprintf(l.id, sizeof(l.id), "%s", s->plan.launch.id);
	snprintf(l.uuid, sizeof(l.uuid), "%s", s->plan.uuid);
	snprintf(l.name, sizeof(l.name), "%s", s->plan.name);
	snprintf(l.notices, sizeof(l.notices), "%s", buf_str(&s->plan.launch.notices));
	return send_packet(launcher, PACKET_LAUNCHED, &l, sizeof(l));
}

static int run(struct session *s, int *launcher, int *ret_exit, struct error *err)
{
	int r = loop_new(&s->loop);

	if (r < 0)
		return error_errno(err, r, "supervisor: event loop");
	s->started_wall = clock_wall();
	s->started = clock_now();
	s->exit_code = -1;
	*ret_exit = 125;
	r = begin(s, err);
	if (r < 0)
		return r;
	r = prepare_record(s, err);
	if (r == 0)
		r = drop_powers(err); /* before the agent's first instruction */
	if (r == 0)
		r = launch_finish(&s->plan, &s->box, ret_exit, err);
	if (r == 0)
		r = settle_in(s, err);
	if (r < 0) {
		abandon(s);
		return r;
	}
	/* a launcher that is gone already changes nothing: the session is on its own */
	(void)announce(s, *launcher);
	if (s->plan.request->attached && control_adopt(s, *launcher) == 0)
		*launcher = -1;
	fd_close(launcher);
	r = loop_run(s->loop);
	if (r < 0 && !s->finished) { /* epoll itself failed: the session cannot be looked after
				      * any more */
		s->cause = END_BROKEN;
		snprintf(s->reason, sizeof(s->reason), "its supervisor failed: %s", strerror(-r));
		lifecycle_kill(s);
		/* whoever is held by the exec watch must be taken leave of too, or pid 1 cannot end
		 */
		while (!s->init_gone)
			s->init_gone = waitpid(-1, NULL, __WALL) == s->box.init || errno == ECHILD;
		ending_finish(s);
	}
	return 0;
}

int supervise_main(void)
{
	struct session *s = calloc(1, sizeof(*s));
	struct launch_request *request = NULL;
	struct error err = ERROR_INIT;
	int launcher = FD_LAUNCHER, exit_code = 125;
	int r;

	if (!s)
		return 125;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_NAME, "warder-session");
	umask(077);
	(void)fd_set_cloexec(launcher, true);
	s->seat = SEAT_INIT;
	s->board_fd = s->trail.fd = s->output.fd = s->listener.fd = s->in_source.fd = -1;
	s->box = SANDBOX_INIT;
	r = read_request(&request, &err);
	if (r == 0 && request->attached)
		request->interactive = true;
	if (r == 0)
		r = plan_make(request, &s->plan, &err);
	if (r == 0 && s->plan.launch.audit_only) {
		r = report_send(&s->plan, launcher, &err);
		if (r == 0)
			(void)send_packet(launcher, PACKET_OK, NULL, 0);
	} else if (r == 0) {
		r = run(s, &launcher, &exit_code, &err);
	}
	if (r < 0)
		send_refusal(launcher, &err, exit_code);
	control_close(s);
	sandbox_close(&s->box);
	plan_free(&s->plan);
	loop_free(s->loop);
	free(s);
	return r < 0 ? exit_code : 0;
}
