/*
 * publish_record.c: the session as session.json tells it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/session/publish.h"
#include "core/wire/record.h"

enum { SPARE_ROOM = 8192 }; /* that a record may grow: reasons, usage */

static void rows_of(const struct launch *l, int i, struct record_layer *to)
{
	struct layer_rows rows = { .rows = NULL };

	if (layers[i]->describe)
		layers[i]->describe(l, &rows);
	to->rows = calloc((size_t)rows.n + 1, sizeof(*to->rows));
	for (int k = 0; to->rows && k < rows.n; k++) {
		to->rows[k].key = strdup(rows.rows[k].key);
		to->rows[k].value = strdup(rows.rows[k].value);
		to->n_rows++;
	}
	layer_rows_free(&rows);
}

static void record_layers(const struct session *s, struct session_record *r)
{
	const struct launch *l = &s->plan.launch;

	r->layers = calloc(LAYER_COUNT, sizeof(*r->layers));
	for (int i = 0; r->layers && i < LAYER_COUNT; i++) {
		r->layers[i].name = strdup(layer_names[i]);
		r->layers[i].status = strdup(layer_state_names[l->status[i].state]);
		r->layers[i].reason = strdup(l->status[i].reason);
		rows_of(l, i, &r->layers[i]);
		r->n_layers++;
	}
}

static char **copy_argv(char *const *argv)
{
	size_t n = 0;
	char **copy;

	while (argv[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++)
		copy[i] = strdup(argv[i]);
	return copy;
}

static void record_policy(const struct session *s, struct session_record *r)
{
	const struct policy *pol = s->plan.policy;
	struct buf b = BUF_INIT;

	r->policy = strdup(pol->name ? pol->name : "");
	snprintf(r->policy_sha256, sizeof(r->policy_sha256), "%s", pol->sha256);
	r->policy_revision = pol->revision;
	r->memory_limit = pol->limits.memory;
	r->cpus_milli = pol->limits.cpus_milli;
	r->pids_limit = pol->limits.pids;
	r->timeout_ns = pol->limits.timeout_ns;
	r->idle_timeout_ns = pol->limits.idle_timeout_ns;
	policy_print(pol, &b);
	r->policy_json = buf_steal(&b);
}

static void record_usage(const struct session *s, struct session_record *r)
{
	const struct cgroup_usage *u = &s->usage;

	r->cpu_ns = u->cpu_ns;
	r->memory_peak = u->memory_peak;
	r->read_bytes = u->read_bytes;
	r->write_bytes = u->write_bytes;
	r->net_in = r->net_out = -1;
	r->execs = s->board ? s->board->data.execs : -1;
	r->trail_seq = s->trail.seq;
	snprintf(r->trail_chain, sizeof(r->trail_chain), "%s", s->trail.chain);
}

static struct session_record *record_make(const struct session *s)
{
	struct session_record *r = calloc(1, sizeof(*r));
	const struct plan *p = &s->plan;

	if (!r)
		return NULL;
	snprintf(r->id, sizeof(r->id), "%s", p->launch.id);
	snprintf(r->uuid, sizeof(r->uuid), "%s", p->uuid);
	snprintf(r->name, sizeof(r->name), "%s", p->name);
	r->user = strdup(p->owner_name);
	r->uid = p->launch.owner_uid;
	r->state = s->state;
	r->command = copy_argv(p->request->argv);
	r->project = strdup(p->project);
	r->hostname = strdup(p->hostname);
	r->root_mode = p->launch.root_mode;
	r->tty = p->launch.tty;
	r->started_wall = s->started_wall;
	r->ended_wall = s->ended_wall;
	r->exit_code = s->exit_code;
	r->reason = strdup(s->reason);
	r->pid = s->init_gone ? 0 : s->box.agent;
	r->host_uid = p->launch.host_uid;
	r->cgroup = strdup(s->cgroup ? cgroup_path(s->cgroup) : "");
	record_policy(s, r);
	record_usage(s, r);
	record_layers(s, r);
	return r;
}

/* The next session.json lies ready, with its space and who may read it: a disk that fills up
 * meanwhile, be it by the session, cannot keep the record from saying how it ended. */
static int spare_make(const struct session *s, size_t size)
{
	CLEANUP_FD int fd = openat(s->seat.state_fd, RECORD_SPARE,
	                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	seat_grant(&s->plan, fd);
	(void)fallocate(fd, 0, 0, (off_t)size); /* not every file system can */
	return 0;
}

static int replace(const struct session *s, const struct buf *b)
{
	int r = spare_make(s, b->len);

	if (r == 0)
		r = record_replace(s->seat.state_fd, b->data, b->len);
	if (r == 0 && session_state_live(s->state))
		(void)spare_make(s, b->len + SPARE_ROOM);
	return r;
}

int publish_record(struct session *s, struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct session_record *rec;
	int r = -ENOMEM;

	/* --rm: the record goes in the same breath as it would be written */
	if (s->plan.request->remove_after && !session_state_live(s->state))
		return 0;
	rec = record_make(s);
	if (rec)
		session_record_print(rec, &b);
	session_record_free(rec);
	if (rec && !b.failed)
		r = replace(s, &b);
	return r < 0 ? error_errno(err, r, "session.json") : 0;
}
