/*
 * session_view.c: one session as `ps --json` shows it. What is not known is null, never 0: the live
 * figures of an ended session, counters whose counter is not there, limits that are not set.
 */
#include "core/api/sessions.h"

#include "core/base/clock.h"
#include "core/base/json.h"

static void put_known(struct json_writer *w, const char *key, int64_t v)
{
	if (v < 0)
		json_put_null(w, key);
	else
		json_put_int(w, key, v);
}

static void put_limit(struct json_writer *w, const char *key, uint64_t v)
{
	if (v == 0)
		json_put_null(w, key);
	else
		json_put_uint(w, key, v);
}

static void put_text(struct json_writer *w, const char *key, const char *s)
{
	json_put_string(w, key, s && s[0] != '\0' ? s : NULL);
}

static void put_seconds(struct json_writer *w, const char *key, uint64_t ns)
{
	if (ns % NS_PER_SEC == 0)
		put_limit(w, key, ns / NS_PER_SEC);
	else
		json_put_double(w, key, (double)ns / (double)NS_PER_SEC, 3);
}

static void put_cpu_seconds(struct json_writer *w, int64_t ns)
{
	if (ns < 0)
		json_put_null(w, "cpu_seconds");
	else
		json_put_double(w, "cpu_seconds", (double)ns / (double)NS_PER_SEC, 3);
}

/* Of the newest second. */
static void put_cpu_percent(struct json_writer *w, const struct board_data *b)
{
	const struct board_sample *s = b ? board_sample(b, 0) : NULL;

	if (!s || s->cpu_permille < 0)
		json_put_null(w, "cpu_percent");
	else
		json_put_double(w, "cpu_percent", s->cpu_permille / 10.0, 1);
}

static void put_usage(struct json_writer *w, const struct session_record *r,
                      const struct board_data *b)
{
	json_put_object(w, "usage");
	put_cpu_percent(w, b);
	put_cpu_seconds(w, b ? b->cpu_ns : r->cpu_ns);
	put_known(w, "memory_bytes", b ? b->memory : -1);
	put_known(w, "memory_peak_bytes", b ? b->memory_peak : r->memory_peak);
	put_known(w, "pids", b ? b->pids : -1);
	put_known(w, "read_bytes", b ? b->read_bytes : r->read_bytes);
	put_known(w, "write_bytes", b ? b->write_bytes : r->write_bytes);
	put_known(w, "net_in_bytes", b ? b->net_in : r->net_in);
	put_known(w, "net_out_bytes", b ? b->net_out : r->net_out);
	json_put_end(w, '}');
}

static void put_limits(struct json_writer *w, const struct session_record *r)
{
	json_put_object(w, "limits");
	put_limit(w, "memory_bytes", r->memory_limit);
	if (r->cpus_milli == 0)
		json_put_null(w, "cpus");
	else
		json_put_double(w, "cpus", r->cpus_milli / 1000.0, 3);
	put_limit(w, "pids", r->pids_limit);
	put_seconds(w, "timeout_s", r->timeout_ns);
	put_seconds(w, "idle_timeout_s", r->idle_timeout_ns);
	json_put_end(w, '}');
}

static void put_counts(struct json_writer *w, const struct session_record *r,
                       const struct board_data *b)
{
	json_put_object(w, "counts");
	put_known(w, "exec", b ? b->execs : r->execs);
	put_known(w, "exec_denied", b ? b->exec_denied : -1);
	put_known(w, "syscall_denied", b ? b->syscall_denied : -1);
	put_known(w, "connect", b ? b->connects : -1);
	put_known(w, "connect_denied", b ? b->connect_denied : -1);
	put_known(w, "dns_denied", b ? b->dns_denied : -1);
	json_put_end(w, '}');
}

static void put_pid(struct json_writer *w, const struct session_view *v)
{
	int32_t pid = v->have_board ? v->board.agent_pid : v->record->pid;

	if (!v->live || pid <= 0)
		json_put_null(w, "pid");
	else
		json_put_int(w, "pid", pid);
}

static void put_approvals(struct json_writer *w, const struct session_view *v)
{
	if (v->have_board)
		json_put_uint(w, "approvals", v->board.approvals);
	else if (v->live)
		json_put_null(w, "approvals");
	else
		json_put_int(w, "approvals", 0); /* nobody waits in an ended session */
}

void session_view_print(const struct session_view *v, struct json_writer *w, const char *key)
{
	const struct session_record *r = v->record;
	const struct board_data *b = v->have_board ? &v->board : NULL;

	json_put_object(w, key);
	json_put_string(w, "id", v->id);
	put_text(w, "uuid", r->uuid);
	put_text(w, "name", r->name);
	put_text(w, "user", r->user);
	json_put_uint(w, "uid", r->uid);
	json_put_string(w, "state", session_state_names[v->state]);
	json_put_array(w, "command");
	for (char **word = r->command; word && *word; word++)
		json_put_string(w, NULL, *word);
	json_put_end(w, ']');
	put_text(w, "policy", r->policy);
	json_put_time(w, "started", r->started_wall);
	json_put_time(w, "ended", r->ended_wall);
	put_known(w, "exit_code", r->exit_code);
	put_text(w, "reason", r->reason);
	put_pid(w, v);
	put_usage(w, r, b);
	put_limits(w, r);
	put_counts(w, r, b);
	put_approvals(w, v);
	json_put_end(w, '}');
}
