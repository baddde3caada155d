/*
 * report.c: reads what the supervisor reports and lays it out. Members that are absent or of
 * another type are shown as empty: a report of another version is still a report.
 */
#include "tui/cli/report.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/json.h"
#include "tui/cli/cells.h"
#include "tui/cli/print.h"

static const char *text_of(const struct json_at *object, const char *key)
{
	struct json_at m = json_member(object, key);
	const char *s = "";

	if (json_string(&m, &s, NULL) < 0)
		return "";
	return s;
}

static void add_text(struct rows *rows, const char *s)
{
	struct buf c = BUF_INIT;

	print_safe(&c, s);
	rows_add(rows, &c);
}

static void put_table(struct buf *out, const struct print_column *columns, int n, struct rows *rows)
{
	print_table(out, columns, n, rows->cells, rows->n_cells / n, 0, true);
	if (rows->failed)
		out->failed = true;
	rows_free(rows);
}

static void put_findings(const struct json_at *root, struct buf *out)
{
	static const struct print_column columns[] = {
		{ "VERDICT", false }, { "WHAT", false }, { "SUBJECT", false }, { "REASON", false }
	};
	struct json_at list = json_member(root, "findings");
	struct rows rows = { .n_columns = 4 };

	for (int i = 0; i < json_count(&list); i++) {
		struct json_at f = json_item(&list, i);

		add_text(&rows, text_of(&f, "verdict"));
		add_text(&rows, text_of(&f, "what"));
		add_text(&rows, text_of(&f, "subject"));
		add_text(&rows, text_of(&f, "reason"));
	}
	put_table(out, columns, 4, &rows);
}

static void put_value(const struct json_at *v, struct buf *out)
{
	const char *s;
	double d;
	bool b;

	if (json_string(v, &s, NULL) == 0)
		print_safe(out, s);
	else if (json_bool(v, &b, NULL) == 0)
		buf_adds(out, b ? "yes" : "no");
	else if (json_double(v, -1e15, 1e15, &d, NULL) == 0)
		buf_addf(out, "%.15g", d);
	else
		buf_adds(out, "-");
}

static void put_members(const struct json_at *object, const char *lead, struct buf *out)
{
	for (int i = 0; i < json_count(object); i++) {
		struct json_at m = json_nth(object, i);
		struct buf key = BUF_INIT;

		print_safe(&key, m.key != NULL ? m.key : "");
		buf_addf(out, "%s%-18s ", lead, buf_str(&key));
		put_value(&m, out);
		buf_addc(out, '\n');
		buf_free(&key);
	}
}

static void put_layers(const struct json_at *root, struct buf *out)
{
	struct json_at list = json_member(root, "layers");

	if (json_count(&list) > 0)
		buf_adds(out, "\nlayers\n");
	for (int i = 0; i < json_count(&list); i++) {
		struct json_at layer = json_item(&list, i);
		struct json_at rows = json_member(&layer, "rows");

		buf_addf(out, "  %-14s %-9s ", text_of(&layer, "name"), text_of(&layer, "status"));
		print_safe(out, text_of(&layer, "reason"));
		while (out->len > 0 && out->data[out->len - 1] == ' ')
			out->data[--out->len] = '\0';
		buf_addc(out, '\n');
		put_members(&rows, "    ", out);
	}
}

static void put_environment(const struct json_at *root, struct buf *out)
{
	struct json_at list = json_member(root, "environment");

	if (json_count(&list) > 0)
		buf_adds(out, "\nenvironment\n ");
	for (int i = 0; i < json_count(&list); i++) {
		struct json_at item = json_item(&list, i);

		buf_addc(out, ' ');
		put_value(&item, out);
	}
	if (json_count(&list) > 0)
		buf_addc(out, '\n');
}

static int parse(const struct buf *json, const char *what, struct json **ret, struct error *err)
{
	return json_parse(what, json->data != NULL ? json->data : "", json->len, ret, err);
}

int report_print_audit(const struct buf *json, struct buf *out, bool *ret_refused,
                       struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	struct json_at refused_at;
	bool refused = true;
	int r = parse(json, "audit", &doc, err);

	if (r < 0)
		return r;
	root = json_root("audit", doc);
	refused_at = json_member(&root, "refused");
	if (json_bool(&refused_at, &refused, err) < 0)
		return -EINVAL;
	put_findings(&root, out);
	put_layers(&root, out);
	put_environment(&root, out);
	buf_adds(out, "\npolicy ");
	print_safe(out, text_of(&root, "policy"));
	if (*text_of(&root, "error") != '\0') {
		buf_adds(out, "\nerror  ");
		print_safe(out, text_of(&root, "error"));
	}
	buf_addf(out, "\n%s\n",
	         refused ? "refused: this launch would not be started" : "nothing against it");
	*ret_refused = refused;
	return 0;
}

int report_print_doctor(const struct buf *json, struct buf *out, bool *ret_missing,
                        struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	struct json_at list;
	struct json_at machine;
	bool missing = false;
	int r = parse(json, "probe", &doc, err);

	if (r < 0)
		return r;
	root = json_root("probe", doc);
	list = json_member(&root, "layers");
	machine = json_member(&root, "machine");
	for (int i = 0; i < json_count(&list); i++) {
		struct json_at layer = json_item(&list, i);
		const char *remedy = text_of(&layer, "remedy");

		buf_addf(out, "%-14s %-9s ", text_of(&layer, "name"), text_of(&layer, "status"));
		print_safe(out, text_of(&layer, "detail"));
		buf_addc(out, '\n');
		if (*remedy != '\0') {
			buf_adds(out, "               remedy: ");
			print_safe(out, remedy);
			buf_addc(out, '\n');
		}
		if (strcmp(text_of(&layer, "status"), "enforced") != 0)
			missing = true;
	}
	if (json_count(&machine) > 0)
		buf_adds(out, "\nmachine\n");
	put_members(&machine, "  ", out);
	*ret_missing = missing || json_count(&list) == 0;
	return 0;
}

static void new_line(struct buf *out, int depth)
{
	buf_addf(out, "\n%*s", depth * 2, "");
}

/* A whole string literal at p; returns its end. */
static const char *put_literal(const char *p, const char *end, struct buf *out)
{
	const char *start = p++;

	while (p < end && *p != '"')
		p += *p == '\\' && p + 1 < end ? 2 : 1;
	if (p < end)
		p++;
	text_safe(out, start, (size_t)(p - start), false);
	return p;
}

void report_indent_json(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len;
	int depth = 0;

	for (const char *p = text; p < end;) {
		char c = *p;

		if (c == '"') {
			p = put_literal(p, end, out);
			continue;
		}
		p++;
		if ((c == '{' || c == '[') && p < end && (*p == '}' || *p == ']')) {
			buf_addc(out, c);
			buf_addc(out, *p++);
		} else if (c == '{' || c == '[') {
			buf_addc(out, c);
			new_line(out, ++depth);
		} else if (c == '}' || c == ']') {
			new_line(out, --depth);
			buf_addc(out, c);
		} else if (c == ',') {
			buf_addc(out, c);
			new_line(out, depth);
		} else {
			text_safe(out, &c, 1, false);
			if (c == ':')
				buf_addc(out, ' ');
		}
	}
	buf_addc(out, '\n');
}
