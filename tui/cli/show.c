/*
 * show.c: warder show: everything about one session.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "tui/cli/cells.h"
#include "tui/cli/choose.h"
#include "tui/cli/print.h"
#include "tui/cli/report.h"
#include "tui/cli/verbs.h"

enum { ROW_KEY_MAX = 32 };

struct show_options {
	bool json;
};

static void section(struct buf *out, const char *title)
{
	buf_addf(out, "%s%s\n", out->len > 0 ? "\n" : "", title);
}

static void line(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "  %-16s ", key);
	print_safe(out, value != NULL && *value != '\0' ? value : "-");
	buf_addc(out, '\n');
}

/* A line whose value a cell function writes; the buffer is emptied. */
static void line_cell(struct buf *out, const char *key, struct buf *cell)
{
	buf_addf(out, "  %-16s %s\n", key, buf_str(cell));
	buf_free(cell);
}

static void line_time(struct buf *out, const char *key, uint64_t wall_ns)
{
	struct buf c = BUF_INIT;

	cell_time(&c, wall_ns);
	line_cell(out, key, &c);
}

static void line_size(struct buf *out, const char *key, int64_t bytes)
{
	struct buf c = BUF_INIT;

	cell_size(&c, bytes);
	line_cell(out, key, &c);
}

static void line_number(struct buf *out, const char *key, int64_t n)
{
	struct buf c = BUF_INIT;

	cell_number(&c, n);
	line_cell(out, key, &c);
}

static void line_duration(struct buf *out, const char *key, uint64_t ns)
{
	char text[48];

	text_format_duration_exact(ns, text, sizeof(text));
	line(out, key, text);
}

static void put_identity(const struct session_view *v, struct buf *out)
{
	const struct session_record *r = v->record;
	struct buf c = BUF_INIT;

	section(out, "session");
	line(out, "id", v->id);
	line(out, "uuid", r->uuid);
	line(out, "name", r->name);
	buf_addf(&c, "%s (uid %u)", r->user != NULL ? r->user : "-", (unsigned)r->uid);
	line(out, "user", buf_str(&c));
	buf_free(&c);
	cell_command(&c, v);
	line_cell(out, "command", &c);
	cell_state(&c, v);
	line_cell(out, "state", &c);
	line(out, "reason", r->reason);
	line_time(out, "started", r->started_wall);
	line_time(out, "ended", r->ended_wall);
	line_number(out, "pid", r->pid > 0 && session_state_live(v->state) ? r->pid : -1);
	line(out, "project", r->project);
	line(out, "hostname", r->hostname);
	line(out, "terminal", r->tty ? "yes" : "no");
	line(out, "mode", r->root_mode ? "root" : "rootless");
	line_number(out, "uid on the host", (int64_t)r->host_uid);
	line(out, "cgroup", r->cgroup);
}

static size_t key_columns(const struct record_layer *l)
{
	size_t most = 0;

	for (int i = 0; i < l->n_rows; i++) {
		size_t n = text_columns(l->rows[i].key);

		if (n > most)
			most = n;
	}
	return most < ROW_KEY_MAX ? most : ROW_KEY_MAX;
}

static void put_rows(const struct record_layer *l, struct buf *out)
{
	size_t width = key_columns(l);

	for (int i = 0; i < l->n_rows; i++) {
		struct buf key = BUF_INIT;

		print_safe(&key, l->rows[i].key);
		buf_adds(out, "                     ");
		print_cut(out, buf_str(&key), width, true);
		buf_adds(out, "  ");
		print_safe(out, l->rows[i].value);
		buf_addc(out, '\n');
		buf_free(&key);
	}
}

static void put_layers(const struct session_record *r, struct buf *out)
{
	section(out, "layers");
	for (int i = 0; i < r->n_layers; i++) {
		const struct record_layer *l = &r->layers[i];
		struct buf c = BUF_INIT;

		buf_addf(&c, "%s%s%s", l->status, *l->reason != '\0' ? ": " : "", l->reason);
		line(out, l->name, buf_str(&c));
		buf_free(&c);
		put_rows(l, out);
	}
}

static void put_limits(const struct session_record *r, struct buf *out)
{
	struct buf c = BUF_INIT;

	section(out, "limits");
	line_size(out, "memory", r->memory_limit > 0 ? (int64_t)r->memory_limit : -1);
	buf_addf(&c, "%u.%03u", r->cpus_milli / 1000, r->cpus_milli % 1000);
	line_cell(out, "cpus", &c);
	line_number(out, "pids", r->pids_limit);
	line_duration(out, "timeout", r->timeout_ns);
	line_duration(out, "idle timeout", r->idle_timeout_ns);
}

/* The board's while it lives, the record's of the end after. */
static void put_usage(const struct session_view *v, struct buf *out)
{
	const struct session_record *r = v->record;
	const struct board_data *b = v->have_board ? &v->board : NULL;
	int64_t cpu_ns = b != NULL ? b->cpu_ns : r->cpu_ns;
	struct buf c = BUF_INIT;

	section(out, "usage");
	cell_cpu(&c, v);
	line_cell(out, "cpu %", &c);
	if (cpu_ns < 0)
		buf_adds(&c, "-");
	else
		buf_addf(&c, "%llu.%03u s", (unsigned long long)cpu_ns / NS_PER_SEC,
		         (unsigned)((uint64_t)cpu_ns % NS_PER_SEC / NS_PER_MS));
	line_cell(out, "cpu time", &c);
	line_size(out, "memory", b != NULL && session_state_live(v->state) ? b->memory : -1);
	line_size(out, "memory peak", b != NULL ? b->memory_peak : r->memory_peak);
	line_number(out, "pids", b != NULL && session_state_live(v->state) ? b->pids : -1);
	line_size(out, "read", b != NULL ? b->read_bytes : r->read_bytes);
	line_size(out, "written", b != NULL ? b->write_bytes : r->write_bytes);
	line_size(out, "net in", b != NULL ? b->net_in : r->net_in);
	line_size(out, "net out", b != NULL ? b->net_out : r->net_out);
	if (b == NULL)
		return;
	line_number(out, "out of memory", b->oom_kills);
	line_number(out, "attached", b->attached);
}

static void put_policy(const struct session_record *r, struct buf *out)
{
	section(out, "policy in force");
	line(out, "name", r->policy);
	line_number(out, "revision", r->policy_revision);
	line(out, "sha256", r->policy_sha256);
	if (r->policy_json != NULL && *r->policy_json != '\0') {
		buf_addc(out, '\n');
		report_indent_json(r->policy_json, strlen(r->policy_json), out);
	}
}

static void put_json_layers(struct json_writer *w, const struct session_record *r)
{
	json_put_array(w, "layers");
	for (int i = 0; i < r->n_layers; i++) {
		const struct record_layer *l = &r->layers[i];

		json_put_object(w, NULL);
		json_put_string(w, "name", l->name);
		json_put_string(w, "status", l->status);
		json_put_string(w, "reason", l->reason);
		json_put_array(w, "rows");
		for (int k = 0; k < l->n_rows; k++) {
			json_put_object(w, NULL);
			json_put_string(w, "key", l->rows[k].key);
			json_put_string(w, "value", l->rows[k].value);
			json_put_end(w, '}');
		}
		json_put_end(w, ']');
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

/* ps's object with more members: its closing brace is taken back and given again. */
static void put_json(const struct session_view *v, struct buf *out)
{
	const struct session_record *r = v->record;
	struct json_writer base = json_writer(out);
	struct json_writer w = json_writer(out);

	session_view_print(v, &base, NULL);
	if (out->failed || out->len == 0)
		return;
	out->data[--out->len] = '\0';
	w.depth = 1;
	w.some[1] = true;
	json_put_string(&w, "project", r->project);
	json_put_string(&w, "hostname", r->hostname);
	json_put_bool(&w, "tty", r->tty);
	json_put_bool(&w, "root_mode", r->root_mode);
	json_put_uint(&w, "host_uid", r->host_uid);
	json_put_string(&w, "cgroup", r->cgroup);
	json_put_string(&w, "policy_sha256", r->policy_sha256);
	json_put_uint(&w, "policy_revision", r->policy_revision);
	json_put_uint(&w, "trail_seq", v->have_board ? v->board.trail_seq : r->trail_seq);
	json_put_string(&w, "trail_chain", v->have_board ? v->board.trail_chain : r->trail_chain);
	put_json_layers(&w, r);
	json_put_raw(&w, "policy_in_force",
	             r->policy_json != NULL && *r->policy_json != '\0' ? r->policy_json : NULL);
	json_put_end(&w, '}');
	buf_addc(out, '\n');
}

static int show_main(const struct verb *v, int argc, char **argv)
{
	struct show_options o = { .json = false };
	const struct session_view *view = NULL;
	struct sessions *list = NULL;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	char **refs = NULL;
	int n = 0;
	int status = 0;
	int r;

	if (verb_begin(v, argc, argv, &o, 1, 1, &refs, &n, &status) < 0)
		return status;
	r = choose_one(refs[0], &list, &view, &err);
	free(refs);
	if (r < 0)
		return verb_fail(v, &err, 1);
	if (o.json) {
		put_json(view, &out);
	} else {
		put_identity(view, &out);
		put_layers(view->record, &out);
		put_limits(view->record, &out);
		put_usage(view, &out);
		put_policy(view->record, &out);
	}
	sessions_close(list);
	return print_out(&out);
}

static const struct cli_option show_options[] = {
	{ 0, "json", .argument = NULL, .offset = offsetof(struct show_options, json),
	  .help = "as JSON: the object of ps --json and more" },
	{ .name = NULL },
};

const struct verb verb_show = {
	.name = "show",
	.operands = "SESSION [--json]",
	.summary =
		"Show everything about one session: layers, mounts, limits, usage, policy in force",
	.options = show_options,
	.main = show_main,
};
