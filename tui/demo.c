/*
 * demo.c: see demo.h. Everything follows from the seed and the clock. The orders do what they would
 * do, at once. One session's name and command are hostile on purpose.
 */
#include "tui/demo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/demo_trail.h"
#include "tui/words.h"

#define MIB (1024LL * 1024)

struct demo_kind {
	const char *user, *policy, *command[8];
	enum session_state state;
	int32_t exit_code;
	const char *reason;
	int cpu, memory_mib, pids; /* about how busy: thousandths of a core */
	int age_s, timeout_s;
	const char *degraded; /* a layer's reason, or NULL */
	const char *name;     /* NULL: the usual one */
};

static const struct demo_kind kinds[] = {
	{ "alice",
	  "coding",
	  { "claude", "--print", "fix the flaky checkout test" },
	  SESSION_RUNNING,
	  -1,
	  "",
	  880,
	  1400,
	  37,
	  2537,
	  7200,
	  NULL,
	  "checkout-fix" },
	{ "bob",
	  "default",
	  { "codex", "exec", "port the build to meson" },
	  SESSION_RUNNING,
	  -1,
	  "",
	  12,
	  212,
	  4,
	  384,
	  1800,
	  NULL },
	{ "alice",
	  "coding",
	  { "claude", "--resume" },
	  SESSION_PAUSED,
	  -1,
	  "",
	  0,
	  640,
	  12,
	  900,
	  3600,
	  NULL },
	{ "carol",
	  "strict",
	  { "aider", "--yes", "src/parser.c" },
	  SESSION_RUNNING,
	  -1,
	  "",
	  310,
	  310,
	  9,
	  61,
	  1800,
	  "landlock: this kernel has ABI 1: truncate is not covered" },
	{ "dave",
	  "offline",
	  { "python3", "agent.py", "--task", "\033]52;c;ZXZpbA==\a\u202ecod.exe" },
	  SESSION_RUNNING,
	  -1,
	  "",
	  40,
	  1900,
	  22,
	  6900,
	  7200,
	  NULL },
	{ "bob",
	  "default",
	  { "make", "-j8" },
	  SESSION_KILLED,
	  137,
	  "out of memory (limit 2.0G)",
	  0,
	  2048,
	  0,
	  120,
	  1800,
	  NULL,
	  "kernel" },
	{ "carol",
	  "review",
	  { "npm", "test" },
	  SESSION_EXITED,
	  1,
	  "exit 1",
	  0,
	  420,
	  0,
	  75,
	  1800,
	  NULL },
	{ "erin",
	  "default",
	  { "bash", "-c", "sleep 9999" },
	  SESSION_KILLED,
	  137,
	  "killed by root",
	  0,
	  18,
	  0,
	  600,
	  1800,
	  NULL },
	{ "erin",
	  "default",
	  { "aider" },
	  SESSION_TIMEOUT,
	  124,
	  "timed out after 30m",
	  0,
	  96,
	  0,
	  1800,
	  1800,
	  NULL },
	{ "dave",
	  "coding",
	  { "git", "fsck" },
	  SESSION_EXITED,
	  0,
	  "exit 0",
	  0,
	  51,
	  0,
	  14,
	  1800,
	  NULL },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct demo_session {
	struct session_view view;
	struct session_record *record;
	int cpu;
};

struct demo {
	struct source source;
	uint64_t seed, now, wall, began; /* began: 0 = the clock stands still */
	uint64_t sampled;
	struct demo_session *sessions;
	int n;
	struct outcome pending;
	bool has_pending;
};

static uint64_t next_random(struct demo *d)
{
	d->seed ^= d->seed << 13;
	d->seed ^= d->seed >> 7;
	d->seed ^= d->seed << 17;
	return d->seed;
}

static void clocks(struct source *s, uint64_t *ret_now, uint64_t *ret_wall)
{
	struct demo *d = (struct demo *)s;
	uint64_t passed = d->began != 0 ? clock_now() - d->began : 0;

	*ret_now = d->now + passed;
	*ret_wall = d->wall + passed;
}

static void push_sample(struct demo *d, struct demo_session *ds, uint64_t at)
{
	struct board_data *b = &ds->view.board;
	bool busy = ds->view.state == SESSION_RUNNING;
	int64_t noise = (int64_t)(next_random(d) % 1000);
	struct board_sample s = {
		.at = at,
		.cpu_permille = busy ? (int32_t)(ds->cpu * (500 + noise) / 1000) : 0,
		.pids = (int32_t)b->pids,
		.memory = b->memory + (noise - 500) * MIB / 64,
		.read_rate = busy ? noise * ds->cpu * 4 : 0,
		.write_rate = busy ? noise * ds->cpu : 0,
		.net_in_rate = -1,
		.net_out_rate = -1,
	};

	if (s.cpu_permille > 1000)
		s.cpu_permille = 1000;
	b->samples[b->sample_head] = s;
	b->sample_head = (b->sample_head + 1) % BOARD_SAMPLES;
	if (b->sample_count < BOARD_SAMPLES)
		b->sample_count++;
	b->updated = at;
}

static void refresh(struct source *s)
{
	struct demo *d = (struct demo *)s;
	uint64_t now;
	uint64_t wall;

	clocks(s, &now, &wall);
	while (d->sampled + NS_PER_SEC <= now) {
		d->sampled += NS_PER_SEC;
		for (int i = 0; i < d->n; i++)
			if (d->sessions[i].view.live)
				push_sample(d, &d->sessions[i], d->sampled);
	}
}

void demo_tick(struct source *s)
{
	struct demo *d = (struct demo *)s;

	d->now += NS_PER_SEC;
	d->wall += NS_PER_SEC;
}

static int scan(struct source *s, struct error *err)
{
	(void)err;
	refresh(s);
	return 0;
}

static int count(const struct source *s)
{
	return ((const struct demo *)s)->n;
}

static const struct session_view *at(const struct source *s, int i)
{
	return &((const struct demo *)s)->sessions[i].view;
}

static struct demo_session *find(struct demo *d, const char *id)
{
	for (int i = 0; i < d->n; i++)
		if (strcmp(d->sessions[i].view.id, id) == 0)
			return &d->sessions[i];
	return NULL;
}

static int trail(struct source *s, const char *id, int n, struct buf *ret, struct error *err)
{
	static const char *const lines[] = {
		"12:01:02 state starting",        "12:01:02 layer identity enforced",
		"12:01:02 layer mounts enforced", "12:01:02 layer seccomp enforced",
		"12:01:03 state running",         "12:03:11 attach by root",
		"12:04:40 signal TERM by root",
	};
	int have = (int)(sizeof(lines) / sizeof(lines[0]));

	if (find((struct demo *)s, id) == NULL)
		return error_set(err, ENOENT, "no such session: %s", id);
	for (int i = n < have ? have - n : 0; i < have; i++)
		buf_addf(ret, "%s\n", lines[i]);
	return 0;
}

static int policies(struct source *s, struct policy_names *ret, struct error *err)
{
	static const char *const names[] = { "coding", "default", "offline", "review", "strict" };

	(void)s;
	(void)err;
	for (ret->n = 0; ret->n < 5; ret->n++)
		snprintf(ret->names[ret->n], sizeof(ret->names[0]), "%s", names[ret->n]);
	return 0;
}

static int policy(struct source *s, const char *name, struct policy_facts *ret, struct error *err)
{
	bool strict = strcmp(name, "strict") == 0;

	(void)s;
	(void)err;
	*ret = (struct policy_facts){
		.description = "Only the project is writable; no network",
		.network = "none",
		.seccomp = "agent.json",
		.root = "host",
		.read_only = true,
		.memory = (uint64_t)((strict ? 512 : 2048) * MIB),
		.timeout_ns = 1800 * NS_PER_SEC,
		.cpus_milli = 1000,
		.pids = strict ? 50 : 100,
	};
	snprintf(ret->workspace, sizeof(ret->workspace), "%s",
	         strcmp(name, "review") == 0 ? "ro" : "rw");
	return 0;
}

static void end(struct demo *d, struct demo_session *ds, const char *reason, uint64_t wall)
{
	(void)d;
	free(ds->record->reason);
	ds->record->reason = strdup(reason);
	ds->record->ended_wall = wall;
	ds->record->exit_code = 137;
	ds->record->memory_peak = ds->view.board.memory;
	ds->view.state = SESSION_KILLED;
	ds->view.live = false;
}

static void obey(struct demo *d, struct demo_session *ds, enum order_kind verb)
{
	uint64_t now;
	uint64_t wall;

	clocks(&d->source, &now, &wall);
	if (!ds->view.live)
		return;
	if (verb == ORDER_PAUSE || verb == ORDER_RESUME) {
		ds->view.state = verb == ORDER_PAUSE ? SESSION_PAUSED : SESSION_RUNNING;
		ds->view.board.state = ds->view.state;
		ds->view.board.state_since = now;
	} else if (verb == ORDER_STOP || verb == ORDER_KILL) {
		end(d, ds, "killed by root", wall);
	}
}

static int order(struct source *s, const struct order *o, struct error *err)
{
	struct demo *d = (struct demo *)s;

	(void)err;
	d->pending = (struct outcome){ .kind = o->kind };
	d->has_pending = true;
	for (int i = 0; i < o->n; i++) {
		struct demo_session *ds = find(d, o->ids[i]);

		if (ds == NULL)
			continue;
		obey(d, ds, o->kind);
		d->pending.done++;
		snprintf(d->pending.id, sizeof(d->pending.id), "%s", o->ids[i]);
	}
	if (o->kind == ORDER_LAUNCH) {
		d->pending.failed = 1;
		snprintf(d->pending.text, sizeof(d->pending.text),
		         "these sessions are made up: nothing is launched");
	}
	return 0;
}

static bool outcome(struct source *s, struct outcome *ret)
{
	struct demo *d = (struct demo *)s;

	if (!d->has_pending)
		return false;
	*ret = d->pending;
	d->has_pending = false;
	return true;
}

static int attach(struct source *s, const char *id, bool read_only, struct error *err)
{
	(void)s;
	(void)read_only;
	return error_set(err, ENOTSUP, "%.*s is made up: there is no terminal to attach to",
	                 WORDS_ID, id);
}

static int order_fds(const struct source *s, int *fds, int max)
{
	(void)s;
	(void)fds;
	(void)max;
	return 0;
}

static int watch_fd(const struct source *s)
{
	(void)s;
	return -1;
}

static void close_demo(struct source *s)
{
	struct demo *d = (struct demo *)s;

	for (int i = 0; i < d->n; i++)
		session_record_free(d->sessions[i].record);
	free(d->sessions);
	free(d);
}

static void add_layers(struct session_record *r, const char *degraded)
{
	static const char *const names[] = { "identity",     "mounts",      "network",
		                             "limits",       "environment", "capabilities",
		                             "no_new_privs", "landlock",    "seccomp" };
	static const char *const rows[][3][2] = {
		{ { "uid", "1000 inside, 700000001 outside" }, { "user", "agent" } },
		{ { "/workspace", "/srv/ws/app rw" },
		  { "/usr", "host ro" },
		  { "/tmp", "tmpfs 100M" } },
		{ { "mode", "none" } },
		{ { "cgroup", "warder/u-1000/s-1" } },
		{ { "passed", "LANG TERM" } },
		{ { "kept", "none" } },
		{ { "on", "yes" } },
		{ { "abi", "5" } },
		{ { "profile", "agent.json" }, { "calls", "274 allowed" } },
	};

	r->n_layers = 9;
	r->layers = calloc(9, sizeof(*r->layers));
	for (int i = 0; r->layers != NULL && i < 9; i++) {
		struct record_layer *l = &r->layers[i];
		bool bad = degraded != NULL && strncmp(degraded, names[i], strlen(names[i])) == 0;

		l->name = strdup(names[i]);
		l->status = strdup(bad ? "degraded" : "enforced");
		l->reason = strdup(bad ? strchr(degraded, ':') + 2 : "");
		l->rows = calloc(3, sizeof(*l->rows));
		for (int k = 0; l->rows != NULL && k < 3 && rows[i][k][0] != NULL; k++) {
			l->rows[k].key = strdup(rows[i][k][0]);
			l->rows[k].value = strdup(rows[i][k][1]);
			l->n_rows++;
		}
	}
}

static void add_command(struct session_record *r, const struct demo_kind *k)
{
	int n = 0;

	while (n < 8 && k->command[n] != NULL)
		n++;
	r->command = calloc((size_t)n + 1, sizeof(*r->command));
	for (int i = 0; r->command != NULL && i < n; i++)
		r->command[i] = strdup(k->command[i]);
}

static struct session_record *make_record(struct demo *d, const struct demo_kind *k, int i)
{
	struct session_record *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	snprintf(r->id, sizeof(r->id), "%012llx",
	         (unsigned long long)(next_random(d) >> 24 & 0xffffffffffffULL));
	if (k->name != NULL)
		snprintf(r->name, sizeof(r->name), "%s", k->name);
	else
		snprintf(r->name, sizeof(r->name), "agent-%s-%s", k->user, r->id);
	snprintf(r->uuid, sizeof(r->uuid), "%s-0000-4000-8000", r->id);
	r->user = strdup(k->user);
	r->uid = (uid_t)(1000 + i);
	r->state = k->state;
	r->policy = strdup(k->policy);
	r->policy_revision = 1;
	r->project = strdup("/srv/ws/app");
	r->hostname = strdup("sandbox");
	r->root_mode = true;
	r->reason = strdup(k->reason);
	r->exit_code = k->exit_code;
	r->pid = session_state_live(k->state) ? 41233 + i : 0;
	r->memory_limit = (uint64_t)(2048 * MIB);
	r->timeout_ns = (uint64_t)k->timeout_s * NS_PER_SEC;
	r->cpus_milli = 1000;
	r->pids_limit = 100;
	r->started_wall = d->wall - (uint64_t)k->age_s * NS_PER_SEC;
	r->memory_peak = k->memory_mib * MIB;
	r->cpu_ns = (int64_t)k->age_s * 300 * (int64_t)NS_PER_MS;
	r->read_bytes = k->memory_mib * MIB;
	r->write_bytes = r->net_in = r->net_out = -1;
	if (!session_state_live(k->state)) {
		r->started_wall -= (uint64_t)(300 + 60 * i) * NS_PER_SEC;
		r->ended_wall = r->started_wall + (uint64_t)k->age_s * NS_PER_SEC;
	}
	add_command(r, k);
	add_layers(r, k->degraded);
	return r;
}

static void make_board(struct demo *d, struct demo_session *ds, const struct demo_kind *k)
{
	struct board_data *b = &ds->view.board;
	int samples = k->age_s < BOARD_SAMPLES ? k->age_s : BOARD_SAMPLES;

	ds->cpu = k->cpu;
	b->state = k->state;
	b->agent_pid = ds->record->pid;
	b->started = d->now - (uint64_t)k->age_s * NS_PER_SEC;
	b->started_wall = ds->record->started_wall;
	b->state_since = k->state == SESSION_PAUSED ? d->now - 240 * NS_PER_SEC : b->started;
	b->deadline = b->started + ds->record->timeout_ns;
	b->memory = k->memory_mib * MIB;
	b->memory_peak = b->memory;
	b->memory_limit = (int64_t)ds->record->memory_limit;
	b->pids = k->pids;
	b->pids_limit = ds->record->pids_limit;
	b->cpus_limit_milli = ds->record->cpus_milli;
	b->cpu_ns = (int64_t)k->cpu * k->age_s * 1000000;
	b->execs = b->exec_denied = b->connects = b->connect_denied = b->dns_denied = -1;
	b->net_in = b->net_out = -1;
	b->output_bytes = 48 * 1024;
	b->trail_seq = 12;
	for (int i = samples - 1; i >= 0; i--)
		push_sample(d, ds, d->now - (uint64_t)i * NS_PER_SEC);
}

static int populate(struct demo *d, int n, struct error *err)
{
	d->sessions = calloc((size_t)n, sizeof(*d->sessions));
	if (d->sessions == NULL)
		return error_set(err, ENOMEM, "demo: no memory");
	for (d->n = 0; d->n < n; d->n++) {
		const struct demo_kind *k = &kinds[d->n % KINDS];
		struct demo_session *ds = &d->sessions[d->n];

		ds->record = make_record(d, k, d->n);
		if (ds->record == NULL)
			return error_set(err, ENOMEM, "demo: no memory");
		snprintf(ds->view.id, sizeof(ds->view.id), "%s", ds->record->id);
		ds->view.record = ds->record;
		ds->view.state = k->state;
		ds->view.live = ds->view.have_board = session_state_live(k->state);
		if (ds->view.live)
			make_board(d, ds, k);
	}
	return 0;
}

int source_demo(const struct demo_options *o, struct source **ret, struct error *err)
{
	struct demo *d = calloc(1, sizeof(*d));
	uint64_t day;
	char stamp[40];
	int r;

	if (d == NULL)
		return error_set(err, ENOMEM, "demo: no memory");
	d->source = (struct source){
		.host = "devbox-3",
		.user = "root",
		.root = true,
		.launch_user = "alice",
		.launch_project = "/srv/ws/app",
		.memory_total = 24ULL << 30,
		.clocks = clocks,
		.scan = scan,
		.refresh = refresh,
		.count = count,
		.at = at,
		.trail = trail,
		.follow = demo_follow,
		.followed = demo_followed,
		.follow_fd = demo_follow_fd,
		.policies = policies,
		.policy = policy,
		.order = order,
		.outcome = outcome,
		.attach = attach,
		.order_fds = order_fds,
		.watch_fd = watch_fd,
		.close = close_demo,
	};
	snprintf(stamp, sizeof(stamp), "2026-03-02T%.8sZ",
	         o->clock != NULL ? o->clock : "00:00:00");
	if (clock_parse(stamp, &day) < 0) {
		free(d);
		return error_set(err, EINVAL, "--clock: expected HH:MM:SS");
	}
	d->seed = (o->seed + 1) * 0x9e3779b97f4a7c15ULL;
	d->now = 1000000 * NS_PER_SEC;
	d->wall = o->clock != NULL ? day : clock_wall();
	d->began = o->clock != NULL ? 0 : clock_now();
	d->sampled = d->now;
	r = populate(d, o->count > 0 ? o->count : KINDS, err);
	if (r < 0) {
		close_demo(&d->source);
		return r;
	}
	*ret = &d->source;
	return 0;
}
