/*
 * policy.c: warder policy list, show and check.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/api/policies.h"
#include "core/base/json.h"
#include "tui/cli/cells.h"
#include "tui/cli/print.h"
#include "tui/cli/report.h"
#include "tui/cli/verbs.h"

struct policy_options {
	bool json;
};

/* As the supervisor finds it, so that `check` and `run` look at the same files. */
static const char *home_directory(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw != NULL ? pw->pw_dir : NULL;
}

static void list_row(struct rows *rows, const char *name, const char *about, const char *file)
{
	struct buf c = BUF_INIT;

	print_safe(&c, name);
	rows_add(rows, &c);
	print_safe(&c, about);
	rows_add(rows, &c);
	print_safe(&c, file);
	rows_add(rows, &c);
}

static void list_object(struct json_writer *w, const struct policy_entry *e, const struct policy *p,
                        const char *error)
{
	json_put_object(w, NULL);
	json_put_string(w, "name", e->name);
	json_put_string(w, "description", p != NULL ? p->description : NULL);
	json_put_string(w, "file", e->file);
	json_put_string(w, "sha256", p != NULL ? p->sha256 : NULL);
	json_put_string(w, "error", error);
	json_put_end(w, '}');
}

static int do_list(const struct verb *v, const struct policy_options *o)
{
	static const struct print_column columns[] = { { "NAME", false },
		                                       { "DESCRIPTION", false },
		                                       { "FILE", false } };
	struct rows rows = { .n_columns = 3 };
	struct policy_entry *entries = NULL;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct json_writer w = json_writer(&out);
	int n = policy_list(home_directory(), &entries, &err);

	if (n < 0)
		return verb_fail(v, &err, 1);
	if (o->json)
		json_put_array(&w, NULL);
	for (int i = 0; i < n; i++) {
		CLEANUP_POLICY struct policy *p = NULL;
		struct error why = ERROR_INIT;
		bool good = policy_load(entries[i].file, home_directory(), &p, &why) == 0;

		if (o->json)
			list_object(&w, &entries[i], p, good ? NULL : why.text);
		else
			list_row(&rows, entries[i].name,
			         good ? (p->description != NULL ? p->description : "") : why.text,
			         entries[i].file);
	}
	if (o->json) {
		json_put_end(&w, ']');
		buf_addc(&out, '\n');
	} else {
		print_table(&out, columns, 3, rows.cells, rows.n_cells / 3, print_columns(), true);
	}
	out.failed |= rows.failed;
	rows_free(&rows);
	free(entries);
	return print_out(&out);
}

static int do_show(const struct verb *v, const struct policy_options *o, const char *ref)
{
	CLEANUP_POLICY struct policy *p = NULL;
	CLEANUP_BUF struct buf json = BUF_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	if (policy_load(ref, home_directory(), &p, &err) < 0)
		return verb_fail(v, &err, 1);
	policy_print(p, &json);
	if (o->json) {
		buf_add(&out, json.data, json.len);
		buf_addc(&out, '\n');
	} else {
		buf_adds(&out, "file    ");
		print_safe(&out, p->file != NULL ? p->file : "-");
		buf_addf(&out, "\nsha256  %s\n\n", p->sha256);
		report_indent_json(buf_str(&json), json.len, &out);
	}
	out.failed |= json.failed;
	return print_out(&out);
}

static int check_one(const char *ref, const struct policy_options *o, struct json_writer *w)
{
	CLEANUP_POLICY struct policy *p = NULL;
	struct error err = ERROR_INIT;
	int r = policies_check(ref, &p, &err);

	if (o->json) {
		json_put_object(w, NULL);
		json_put_string(w, "policy", ref);
		json_put_bool(w, "ok", r == 0);
		json_put_string(w, "file", r == 0 ? p->file : NULL);
		json_put_string(w, "sha256", r == 0 ? p->sha256 : NULL);
		json_put_string(w, "error", r == 0 ? NULL : err.text);
		json_put_end(w, '}');
	} else if (r == 0) {
		print_safe(w->out, ref);
		buf_addf(w->out, ": ok, sha256 %s\n", p->sha256);
	} else {
		print_err(&err);
	}
	return r < 0;
}

static int do_check(const struct policy_options *o, char *const *refs)
{
	struct buf out = BUF_INIT;
	struct json_writer w = json_writer(&out);
	int status = 0;

	if (o->json)
		json_put_array(&w, NULL);
	for (; *refs != NULL; refs++)
		status |= check_one(*refs, o, &w);
	if (o->json) {
		json_put_end(&w, ']');
		buf_addc(&out, '\n');
	}
	return print_out(&out) || status;
}

static int policy_main(const struct verb *v, int argc, char **argv)
{
	static const char *const names[] = { "list", "show", "check", NULL };
	struct policy_options o = { .json = false };
	char **words = NULL;
	int n = 0;
	int status = 0;

	if (verb_begin(v, argc, argv, &o, 1, -1, &words, &n, &status) < 0)
		return status;
	if (strcmp(words[0], "list") == 0 && n == 1) {
		status = do_list(v, &o);
	} else if (strcmp(words[0], "show") == 0 && n == 2) {
		status = do_show(v, &o, words[1]);
	} else if (strcmp(words[0], "check") == 0 && n > 1) {
		status = do_check(&o, words + 1);
	} else if (strcmp(words[0], "list") == 0) {
		status = print_usage_error(v->name, "list: %s: unexpected", words[1]);
	} else if (strcmp(words[0], "show") == 0 || strcmp(words[0], "check") == 0) {
		status =
			print_usage_error(v->name, "%s: expected %s", words[0],
		                          words[0][0] == 's' ? "one NAME or FILE" : "NAME|FILE...");
	} else {
		const char *nearest = text_nearest(words[0], names);

		status = print_usage_error(v->name, "%s: expected list, show or check%s%s%s",
		                           words[0], nearest != NULL ? "; did you mean " : "",
		                           nearest != NULL ? nearest : "",
		                           nearest != NULL ? "?" : "");
	}
	free(words);
	return status;
}

static const struct cli_option policy_options[] = {
	{ 0, "json", .argument = NULL, .offset = offsetof(struct policy_options, json),
	  .help = "as JSON" },
	{ .name = NULL },
};

const struct verb verb_policy = {
	.name = "policy",
	.operands = "list [--json]\nshow NAME|FILE [--json]\ncheck NAME|FILE... [--json]",
	.summary = "List, show and check policies",
	.options = policy_options,
	.text = "show prints the whole policy with what it inherits. check names file, place and "
		"what was expected, and what a "
		"policy asks for that cannot be enforced; exit 1 then.",
	.main = policy_main,
};
