/*
 * publish.c: one writer for three views of the truth: the board (mmap), session.json (atomic
 * replace) and the trail (chained). A record that cannot be written ends the session (policy: no
 * unrecorded work), told on the board and in session.json.
 */
#include "core/session/publish.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/control.h"
#include "core/session/lifecycle.h"
#include "core/wire/record.h"

static void board_trail(struct session *s)
{
	struct board_data *d = &s->board->data;

	d->trail_seq = s->trail.seq;
	snprintf(d->trail_chain, sizeof(d->trail_chain), "%s", s->trail.chain);
	d->updated = clock_now();
}

/* Ends a record; the board learns the new head. */
void publish_put(struct session *s, struct json_writer *w, struct buf *b)
{
	int r = trail_put(&s->trail, w, b);

	board_begin(s->board);
	board_trail(s);
	board_end(s->board);
	if (r < 0)
		lifecycle_trail_failed(s, r);
}

void publish_limit(struct session *s, const char *which, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "limit");
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_put_string(&w, "which", which);
	json_put_string(&w, "detail", text);
	publish_put(s, &w, &b);
}

void publish_signal(struct session *s, uid_t by, int signal)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "signal");

	json_put_uint(&w, "by_uid", by);
	json_put_int(&w, "signal", signal);
	publish_put(s, &w, &b);
}

void publish_attach(struct session *s, uid_t by, bool attached)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "attach");

	json_put_uint(&w, "by_uid", by);
	json_put_bool(&w, "attached", attached);
	publish_put(s, &w, &b);
	board_begin(s->board);
	s->board->data.attached = control_attached(s);
	board_end(s->board);
}

void publish_policy(struct session *s)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "policy");

	json_put_uint(&w, "by_uid", getuid());
	json_put_string(&w, "path", "policy");
	json_put_null(&w, "old");
	json_put_string(&w, "new", s->plan.policy->name);
	publish_put(s, &w, &b);
}

void publish_layers(struct session *s)
{
	struct launch *l = &s->plan.launch;

	for (int i = 0; i < LAYER_COUNT; i++) {
		struct buf b = BUF_INIT;
		struct json_writer w = trail_begin(&s->trail, &b, "layer");

		json_put_string(&w, "name", layer_names[i]);
		json_put_string(&w, "status", layer_state_names[l->status[i].state]);
		json_put_string(&w, "reason", l->status[i].reason);
		publish_put(s, &w, &b);
	}
}

/* As much as a line holds, whatever its bytes: six for one at most, in JSON. */
static void command(struct json_writer *w, char *const *argv)
{
	size_t room = TRAIL_LINE_MAX / 8;
	bool cut = false;

	json_put_array(w, "command");
	for (; *argv && !cut; argv++) {
		char *head = strndup(*argv, room);

		cut = strlen(*argv) >= room;
		json_put_string(w, NULL, head ? head : "");
		room -= cut ? room : strlen(*argv) + 1;
		free(head);
	}
	if (cut)
		json_put_string(w, NULL, "…");
	json_put_end(w, ']');
}

static void state_record(struct session *s, enum session_state to, const char *reason)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "state");

	if (s->state == to)
		json_put_null(&w, "from");
	else
		json_put_string(&w, "from", session_state_names[s->state]);
	json_put_string(&w, "to", session_state_names[to]);
	json_put_string(&w, "reason", reason);
	if (session_state_live(to) || s->exit_code < 0)
		json_put_null(&w, "exit_code");
	else
		json_put_int(&w, "exit_code", s->exit_code);
	if (to == SESSION_RUNNING && s->state == SESSION_STARTING) {
		json_put_string(&w, "user", s->plan.owner_name);
		command(&w, s->plan.request->argv);
	}
	publish_put(s, &w, &b);
}

const char *publish_user_name(uid_t uid, char *out, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(out, size, "%s", pw->pw_name);
	else
		snprintf(out, size, "uid %u", (unsigned)uid);
	return out;
}

int publish_state(struct session *s, enum session_state to, const char *reason)
{
	struct board_data *d = &s->board->data;

	state_record(s, to, reason);
	s->state = to;
	s->state_since = clock_now();
	if (!session_state_live(to)) {
		s->ended_wall = clock_wall();
		/* a record that is removed in a moment need not wait for the disk */
		if (s->plan.request->remove_after)
			s->trail.dirty = false;
		trail_sync(&s->trail);
	}
	board_begin(s->board);
	d->state = (uint32_t)to;
	d->state_since = s->state_since;
	d->agent_pid = s->init_gone ? 0 : s->box.agent;
	board_trail(s);
	board_end(s->board);
	return publish_record(s, NULL);
}

void publish_terminal(struct session *s, unsigned rows, unsigned cols)
{
	board_begin(s->board);
	s->board->data.rows = rows;
	s->board->data.cols = cols;
	board_end(s->board);
}

void publish_deadlines(struct session *s)
{
	board_begin(s->board);
	s->board->data.deadline = s->wall_timer.deadline;
	s->board->data.idle_deadline = s->idle_timer.deadline;
	board_end(s->board);
}

void publish_sample(struct session *s, const struct board_sample *sample)
{
	struct board_data *d = &s->board->data;
	const struct cgroup_usage *u = &s->usage;

	board_begin(s->board);
	d->cpu_ns = u->cpu_ns;
	d->memory = u->memory;
	d->memory_peak = u->memory_peak;
	d->pids = u->pids;
	d->read_bytes = u->read_bytes;
	d->write_bytes = u->write_bytes;
	d->oom_kills = u->oom_kills;
	d->output_bytes = (int64_t)s->output.total;
	d->idle_deadline = s->idle_timer.deadline;
	d->updated = clock_now();
	if (sample)
		board_push_sample(s->board, sample);
	board_end(s->board);
}

static void board_start(struct session *s)
{
	struct board_data *d = &s->board->data;
	const struct policy *pol = s->plan.policy;

	board_begin(s->board);
	d->state = SESSION_STARTING;
	d->started = s->started;
	d->started_wall = s->started_wall;
	d->state_since = s->started;
	d->updated = s->started;
	d->policy_revision = pol->revision;
	d->n_layers = LAYER_COUNT;
	for (int i = 0; i < LAYER_COUNT; i++)
		d->layer_state[i] = (uint8_t)s->plan.launch.status[i].state;
	d->memory_limit = (int64_t)pol->limits.memory;
	d->pids_limit = pol->limits.pids;
	d->cpus_limit_milli = pol->limits.cpus_milli;
	d->cpu_ns = d->memory = d->memory_peak = d->pids = -1;
	d->read_bytes = d->write_bytes = d->net_in = d->net_out = -1;
	d->exec_denied = d->syscall_denied = -1;
	d->connects = d->connect_denied = d->dns_denied = d->oom_kills = -1;
	d->execs = 0;
	snprintf(d->last_command, sizeof(d->last_command), "%s", s->plan.request->argv[0]);
	board_end(s->board);
}

static void grant(void *owner, int fd)
{
	const struct session *s = owner;

	seat_grant(&s->plan, fd);
}

int publish_open(struct session *s, struct error *err)
{
	const struct policy *pol = s->plan.policy;
	int r = trail_create(&s->trail, s->seat.state_fd, err);

	if (r == 0)
		r = board_create(s->seat.runtime_fd, "board", &s->board, &s->board_fd, err);
	if (r == 0)
		r = output_create(&s->output, s->seat.state_fd, pol->limits.output, grant, s, err);
	if (r < 0)
		return r;
	s->trail.policy_sha256 = pol->sha256;
	s->trail.policy_revision = pol->revision;
	seat_grant(&s->plan, s->board_fd);
	seat_grant(&s->plan, s->trail.fd);
	board_start(s);
	return 0;
}

void publish_close(struct session *s)
{
	trail_finish(&s->trail);
	output_close(&s->output);
	board_unmap(s->board);
	s->board = NULL;
	fd_close(&s->board_fd);
}
