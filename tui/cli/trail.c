/*
 * trail.c: warder trail. --json passes the recorded lines on unchanged, so that their chain can
 * be checked elsewhere.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/trail.h"
#include "core/base/json.h"
#include "tui/cli/choose.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

enum { FOLLOW_MS = 1000, OUT_BLOCK = 64 * 1024 };

static const char *const kind_names[] = {
	"exec",    "exec_failed", "exec_end", "connect", "connect_denied", "dns_denied",
	"syscall", "policy",      "approval", "attach",  "signal",         "limit",
	"state",   "layer",       "gap",      NULL,
};
enum { KINDS = sizeof(kind_names) / sizeof(kind_names[0]) - 1 };

struct trail_options {
	bool follow, json, verify;
	bool some_kinds, kinds[KINDS];
	const char *since;
};

static int handle_kinds(void *opts, const struct cli_option *option, const char *value,
                        struct error *err)
{
	struct trail_options *o = opts;

	(void)option;
	while (true) {
		size_t len = strcspn(value, ",");
		int i = 0;

		while (i < KINDS &&
		       (strlen(kind_names[i]) != len || memcmp(kind_names[i], value, len) != 0))
			i++;
		if (i == KINDS) {
			error_set(err, EINVAL, "%.*s is no kind of record", (int)len, value);
			error_hint(err,
			           "kinds: exec exec_failed exec_end connect connect_denied "
			           "dns_denied "
			           "syscall policy approval attach signal limit state layer gap");
			return -EINVAL;
		}
		o->kinds[i] = o->some_kinds = true;
		if (value[len] == '\0')
			return 0;
		value += len + 1;
	}
}

static int check_since(const char *value, struct error *err)
{
	int64_t n;

	return text_parse_int(value, 0, INT64_MAX, &n, err);
}

/* Is this record asked for? One that cannot be read is always shown: it is what an operator
 * should see. */
static bool wanted(const struct trail_options *o, int64_t since, const char *line, size_t len)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	struct json_at seq_at;
	struct json_at kind_at;
	int64_t seq;
	int kind;

	if (!o->some_kinds && since == 0)
		return true;
	if (json_parse("trail", line, len, &doc, NULL) < 0)
		return true;
	root = json_root("trail", doc);
	seq_at = json_member(&root, "seq");
	kind_at = json_member(&root, "kind");
	if (json_int(&seq_at, 0, INT64_MAX, &seq, NULL) == 0 && seq < since)
		return false;
	if (!o->some_kinds)
		return true;
	return json_enum(&kind_at, kind_names, &kind, NULL) == 0 && o->kinds[kind];
}

/* All records up to the end for now. 0, -errno with err, or 1: writing failed and was said. */
static int print_rest(const struct trail_options *o, struct trail_reader *t, struct error *err)
{
	struct buf out = BUF_INIT;
	const char *line;
	int64_t since = 0;
	size_t len;
	int r;

	if (o->since != NULL)
		text_parse_int(o->since, 0, INT64_MAX, &since, NULL); /* checked by the table */
	while ((r = trail_next(t, &line, &len, err)) > 0) {
		if (!wanted(o, since, line, len))
			continue;
		if (o->json)
			buf_add(&out, line, len);
		else
			trail_format(line, len, &out);
		if (out.len == 0 || out.data[out.len - 1] != '\n')
			buf_addc(&out, '\n');
		if (out.len > OUT_BLOCK && print_out(&out) != 0)
			return 1;
	}
	if (print_out(&out) != 0)
		return 1;
	return r;
}

static bool still_live(struct sessions *list, const char *id)
{
	const struct session_view *v;

	if (sessions_scan(list, false, NULL) < 0)
		return false;
	v = sessions_by_id(list, id);
	return v != NULL && session_state_live(v->state);
}

static int show(const struct trail_options *o, struct sessions *list, const char *id,
                struct error *err)
{
	struct trail_reader *t = NULL;
	int r = trail_open(id, &t, err);

	if (r == 0)
		r = print_rest(o, t, err);
	while (r == 0 && o->follow) {
		bool live = still_live(list,
		                       id); /* asked before reading: nothing comes after the end */
		struct pollfd p = { .fd = trail_watch_fd(t), .events = POLLIN };

		r = print_rest(o, t, err);
		if (!live)
			break;
		if (r == 0)
			poll(&p, 1, FOLLOW_MS);
	}
	if (t != NULL)
		trail_close(t);
	return r;
}

static int verify(const struct trail_options *o, const char *id, struct error *err)
{
	struct trail_verdict verdict = { .intact = false };
	struct buf out = BUF_INIT;
	int r = trail_verify(id, &verdict, err);

	if (r < 0)
		return r;
	if (o->json) {
		struct json_writer w = json_writer(&out);

		json_put_object(&w, NULL);
		json_put_string(&w, "id", id);
		json_put_uint(&w, "records", verdict.records);
		json_put_bool(&w, "intact", verdict.intact);
		if (verdict.broken_line > 0)
			json_put_uint(&w, "broken_line", verdict.broken_line);
		else
			json_put_null(&w, "broken_line");
		json_put_string(&w, "detail", verdict.detail);
		json_put_end(&w, '}');
	} else if (verdict.intact) {
		buf_addf(&out, "%s: intact, %llu records", id, (unsigned long long)verdict.records);
	} else {
		buf_addf(&out, "%s: not intact: ", id);
		print_safe(&out, verdict.detail);
	}
	buf_addc(&out, '\n');
	return print_out(&out) || !verdict.intact;
}

static int trail_main(const struct verb *v, int argc, char **argv)
{
	struct trail_options o = { .follow = false };
	const struct session_view *view = NULL;
	struct sessions *list = NULL;
	struct error err = ERROR_INIT;
	char **refs = NULL;
	char id[16] = "";
	int n = 0;
	int status = 1;
	int r;

	if (verb_begin(v, argc, argv, &o, 1, 1, &refs, &n, &status) < 0)
		return status;
	r = choose_one(refs[0], &list, &view, &err);
	free(refs);
	if (r == 0) {
		memcpy(id, view->id, sizeof(id));
		r = o.verify ? verify(&o, id, &err) : show(&o, list, id, &err);
	}
	if (list != NULL)
		sessions_close(list);
	return r < 0 ? verb_fail(v, &err, 1) : r;
}

static const struct cli_option trail_options[] = {
	{ 'f', "follow", .argument = NULL, .offset = offsetof(struct trail_options, follow),
	  .help = "go on until the session ends" },
	{ 0, "json", .argument = NULL, .offset = offsetof(struct trail_options, json),
	  .help = "the records as they are, one object a line" },
	{ 0, "kind", "KIND,...", .handle = handle_kinds, .help = "only these kinds of record" },
	{ 0, "since", "SEQ", .offset = offsetof(struct trail_options, since), .check = check_since,
	  .help = "from that record on" },
	{ 0, "verify", .argument = NULL, .offset = offsetof(struct trail_options, verify),
	  .help = "check the chain of all records; exit 1 if one was changed or is missing" },
	{ .name = NULL },
};

const struct verb verb_trail = {
	.name = "trail",
	.operands =
		"SESSION [-f] [--json] [--kind KIND,...] [--since SEQ]\nSESSION --verify [--json]",
	.summary = "Show the record of what happened in a session",
	.options = trail_options,
	.text = "Each record carries the SHA-256 of the one before and itself, so that a change, a "
		"loss or a cut end is found by "
		"--verify. Whoever can write the files as root can write a new chain too: to be "
		"safe from root, keep "
		"the last chain elsewhere.",
	.main = trail_main,
};
