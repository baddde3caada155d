/*
 * ps.c: warder ps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/sessions.h"
#include "core/base/json.h"
#include "tui/cli/cells.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

struct ps_options {
	bool all, quiet, json;
	const char *user;
};

static bool wanted(const struct ps_options *o, const struct session_view *v)
{
	if (!o->all && !session_state_live(v->state))
		return false;
	return o->user == NULL ||
	       (v->record->user != NULL && strcmp(v->record->user, o->user) == 0);
}

/* "killed: out of memory": by whom or what, without what stands in brackets. */
static void add_reason(struct buf *out, const struct session_view *v)
{
	const char *reason = v->record->reason;
	const char *end;
	char text[40];

	if ((v->state != SESSION_KILLED && v->state != SESSION_FAILED) || reason == NULL ||
	    *reason == '\0')
		return;
	end = strstr(reason, " (");
	snprintf(text, sizeof(text), "%.*s", end != NULL ? (int)(end - reason) : 39, reason);
	buf_adds(out, ": ");
	print_safe(out, text);
}

static void add_row(struct rows *rows, const struct session_view *v)
{
	struct buf c = BUF_INIT;
	bool live = session_state_live(v->state) && v->have_board;
	int64_t limit = v->record->memory_limit > 0 ? (int64_t)v->record->memory_limit : -1;

	buf_adds(&c, v->id);
	rows_add(rows, &c);
	print_safe(&c, v->record->name);
	rows_add(rows, &c);
	print_safe(&c, v->record->user != NULL ? v->record->user : "-");
	rows_add(rows, &c);
	cell_state(&c, v);
	add_reason(&c, v);
	rows_add(rows, &c);
	cell_age(&c, v);
	rows_add(rows, &c);
	cell_cpu(&c, v);
	rows_add(rows, &c);
	cell_size(&c, live ? v->board.memory : -1);
	buf_addc(&c, '/');
	cell_size(&c, limit);
	rows_add(rows, &c);
	cell_number(&c, live ? v->board.pids : -1);
	rows_add(rows, &c);
	cell_command(&c, v);
	rows_add(rows, &c);
}

static void print_human(const struct ps_options *o, const struct sessions *list, struct buf *out)
{
	static const struct print_column columns[] = {
		{ "ID", false },       { "NAME", false }, { "USER", false },
		{ "STATE", false },    { "AGE", true },   { "CPU%", true },
		{ "MEM/LIMIT", true }, { "PIDS", true },  { "COMMAND", false },
	};
	enum { N = sizeof(columns) / sizeof(columns[0]) };
	struct rows rows = { .n_columns = N };

	for (int i = 0; i < sessions_count(list); i++) {
		if (wanted(o, sessions_at(list, i)))
			add_row(&rows, sessions_at(list, i));
	}
	print_table(out, columns, N, rows.cells, rows.n_cells / N, print_columns(), true);
	if (rows.failed)
		out->failed = true;
	rows_free(&rows);
}

static void print_list(const struct ps_options *o, const struct sessions *list, struct buf *out)
{
	struct json_writer w = json_writer(out);

	if (!o->json && !o->quiet) {
		print_human(o, list, out);
		return;
	}
	if (o->json)
		json_put_array(&w, NULL);
	for (int i = 0; i < sessions_count(list); i++) {
		const struct session_view *v = sessions_at(list, i);

		if (!wanted(o, v))
			continue;
		if (o->json)
			session_view_print(v, &w, NULL);
		else
			buf_addf(out, "%s\n", v->id);
	}
	if (o->json) {
		json_put_end(&w, ']');
		buf_addc(out, '\n');
	}
}

static int ps_main(const struct verb *v, int argc, char **argv)
{
	struct ps_options o = { .all = false };
	struct error err = ERROR_INIT;
	struct sessions *list = NULL;
	struct buf out = BUF_INIT;
	char **operands = NULL;
	int n = 0;
	int status = 0;

	if (verb_begin(v, argc, argv, &o, 0, 0, &operands, &n, &status) < 0)
		return status;
	free(operands);
	if (sessions_open(&list, &err) < 0)
		return verb_fail(v, &err, 1);
	if (sessions_scan(list, o.all, &err) < 0) {
		sessions_close(list);
		return verb_fail(v, &err, 1);
	}
	print_list(&o, list, &out);
	sessions_close(list);
	return print_out(&out);
}

static const struct cli_option ps_options[] = {
	{ 'a', "all", .argument = NULL, .offset = offsetof(struct ps_options, all),
	  .help = "ended sessions too" },
	{ 'q', "quiet", .argument = NULL, .offset = offsetof(struct ps_options, quiet),
	  .help = "only ids" },
	{ 0, "json", .argument = NULL, .offset = offsetof(struct ps_options, json),
	  .help = "a JSON array" },
	{ 0, "user", "NAME", .offset = offsetof(struct ps_options, user),
	  .help = "only that user's" },
	{ .name = NULL },
};

const struct verb verb_ps = {
	.name = "ps",
	.operands = "[-a] [-q] [--json] [--user NAME]",
	.summary = "List sessions",
	.options = ps_options,
	.main = ps_main,
};
