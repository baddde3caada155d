/*
 * options.c: reads a command line by a verb's table. Knows no verb and no option but --help.
 */
#include "tui/cli/options.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 96, HELP_COLUMN = 30, TEXT_COLUMNS = 78 };

struct reader {
	const struct verb *verb;
	int argc, next; /* next: the first word not yet read */
	char **argv;
	void *opts;
	char **operands;
	int n_operands;
};

static const struct cli_option *find_in(const struct cli_option *table, const char *name,
                                        size_t len, char letter)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++) {
		if (name != NULL && strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
		if (name == NULL && o->letter != 0 && o->letter == letter)
			return o;
	}
	return NULL;
}

static const struct cli_option *find(const struct verb *v, const char *name, size_t len,
                                     char letter)
{
	const struct cli_option *o = find_in(v->options, name, len, letter);

	return o != NULL ? o : find_in(v->shared, name, len, letter);
}

static bool has_name(const struct verb *v)
{
	return strcmp(v->name, "warder") != 0;
}

/* Puts "VERB: " before an error. */
static void blame_verb(const struct verb *v, struct error *err)
{
	if (has_name(v))
		error_prefix(err, "%s", v->name);
}

void options_call(const struct verb *v, struct buf *out)
{
	buf_adds(out, "warder");
	if (has_name(v))
		buf_addf(out, " %s", v->name);
}

static int unknown(const struct verb *v, const char *word, size_t name_len, struct error *err)
{
	const char *names[NAMES_MAX + 1] = { NULL };
	const struct cli_option *tables[] = { v->options, v->shared };
	const char *nearest = NULL;
	char name[64];
	int n = 0;

	for (int t = 0; t < 2; t++) {
		for (const struct cli_option *o = tables[t]; o && o->name && n < NAMES_MAX; o++)
			names[n++] = o->name;
	}
	error_set(err, EINVAL, "%s: unknown option", word);
	blame_verb(v, err);
	if (strncmp(word, "--", 2) == 0 && name_len < sizeof(name)) {
		memcpy(name, word + 2, name_len);
		name[name_len] = '\0';
		nearest = text_nearest(name, names);
	}
	if (nearest != NULL)
		error_hint(err, "did you mean --%s?", nearest);
	else
		error_hint(err, "warder %s%s--help lists them", has_name(v) ? v->name : "",
		           has_name(v) ? " " : "");
	return -EINVAL;
}

/* A usage error of one option: the text that is there gets its name before it. */
static int blame(const struct verb *v, const struct cli_option *o, const char *value, int code,
                 struct error *err)
{
	if (err != NULL && err->code == 0)
		error_errno(err, code, "failed");
	if (o->argument != NULL && value != NULL && !o->secret)
		error_prefix(err, "--%s %s", o->name, value);
	else
		error_prefix(err, "--%s", o->name);
	blame_verb(v, err);
	return code;
}

static int check_choice(const struct cli_option *o, const char *value, struct error *err)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	const char *nearest;

	for (const char *const *c = o->choices; *c != NULL; c++) {
		if (strcmp(*c, value) == 0)
			return 0;
		buf_addf(&list, "%s%s", list.len > 0 ? ", " : "", *c);
	}
	error_set(err, EINVAL, "expected one of %s", buf_str(&list));
	nearest = text_nearest(value, o->choices);
	if (nearest != NULL)
		error_hint(err, "did you mean %s?", nearest);
	return -EINVAL;
}

static int parse_flag(const char *value, bool *ret)
{
	if (value == NULL || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*ret = true;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

/* One option that was found; value is NULL for a plain flag. */
static int take(struct reader *r, const struct cli_option *o, const char *value, struct error *err)
{
	char *field = (char *)r->opts + o->offset;
	bool on = false;
	int ret = 0;

	if (o->argument == NULL) {
		if (parse_flag(value, &on) < 0)
			ret = error_set(err, EINVAL, "expected true or false, got %s", value);
		value = on ? "true" : "false";
	}
	if (ret == 0 && o->choices != NULL)
		ret = check_choice(o, value, err);
	if (ret == 0 && o->check != NULL)
		ret = o->check(value, err);
	if (ret == 0 && o->handle != NULL)
		ret = o->handle(r->opts, o, value, err);
	else if (ret == 0 && o->argument == NULL)
		*(bool *)(void *)field = on;
	else if (ret == 0)
		*(const char **)(void *)field = value;
	return ret < 0 ? blame(r->verb, o, value, ret, err) : 0;
}

/* The value of an option that needs one: what is attached to its word, else the next word. */
static int value_of(struct reader *r, const struct cli_option *o, const char *attached,
                    const char **ret, struct error *err)
{
	if (attached == NULL && r->next >= r->argc) {
		error_set(err, EINVAL, "--%s: needs a value (%s)", o->name, o->argument);
		blame_verb(r->verb, err);
		return -EINVAL;
	}
	*ret = attached != NULL ? attached : r->argv[r->next++];
	return 0;
}

static int read_long(struct reader *r, const char *word, struct error *err)
{
	const char *equals = strchr(word, '=');
	size_t len = equals != NULL ? (size_t)(equals - word) - 2 : strlen(word) - 2;
	const struct cli_option *o = find(r->verb, word + 2, len, 0);
	const char *value = equals != NULL ? equals + 1 : NULL;
	int ret = 0;

	if (o == NULL && strcmp(word, "--help") == 0)
		return OPTIONS_HELP;
	if (o == NULL)
		return unknown(r->verb, word, len, err);
	if (o->argument != NULL)
		ret = value_of(r, o, value, &value, err);
	return ret < 0 ? ret : take(r, o, value, err);
}

/* "-dit", "-m2g", "-m=2g": flags until one that takes what is left of the word, or the next
 * word. */
static int read_short(struct reader *r, const char *word, struct error *err)
{
	for (const char *c = word + 1; *c != '\0'; c++) {
		const struct cli_option *o = find(r->verb, NULL, 0, *c);
		const char *value = NULL;
		int ret;

		if (o == NULL && *c == 'h')
			return OPTIONS_HELP;
		if (o == NULL)
			return unknown(r->verb, word, 0, err);
		if (o->argument == NULL) {
			ret = take(r, o, NULL, err);
			if (ret < 0)
				return ret;
			continue;
		}
		if (c[1] != '\0')
			value = c[1] == '=' ? c + 2 : c + 1;
		ret = value_of(r, o, value, &value, err);
		return ret < 0 ? ret : take(r, o, value, err);
	}
	return 0;
}

static int read_all(struct reader *r, struct error *err)
{
	bool options = true;

	while (r->next < r->argc) {
		char *word = r->argv[r->next++];
		int ret = 0;

		if (!options || word[0] != '-' || word[1] == '\0') {
			r->operands[r->n_operands++] = word;
			if (r->verb->stop_at_operand)
				options = false;
		} else if (strcmp(word, "--") == 0) {
			options = false;
		} else if (word[1] == '-') {
			ret = read_long(r, word, err);
		} else {
			ret = read_short(r, word, err);
		}
		if (ret != 0)
			return ret;
	}
	return 0;
}

int options_parse(const struct verb *v, int argc, char **argv, void *opts, char ***ret_operands,
                  int *ret_n, struct error *err)
{
	struct reader r = { .verb = v, .argc = argc, .next = 1, .argv = argv, .opts = opts };
	int ret;

	r.operands = calloc((size_t)argc + 1, sizeof(*r.operands));
	if (r.operands == NULL)
		return error_errno(err, ENOMEM, "options");
	ret = read_all(&r, err);
	if (ret != 0) {
		free(r.operands);
		return ret;
	}
	*ret_operands = r.operands;
	*ret_n = r.n_operands;
	return 0;
}

void options_label(const struct cli_option *o, struct buf *out)
{
	if (o->letter != 0)
		buf_addf(out, "-%c, ", o->letter);
	buf_addf(out, "--%s", o->name);
	if (o->argument != NULL)
		buf_addf(out, " %s", o->argument);
}

static void help_table(const struct cli_option *table, struct buf *out)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++) {
		struct buf label = BUF_INIT;

		if (o->letter == 0)
			buf_adds(&label, "    ");
		options_label(o, &label);
		buf_addf(out, "  %-*s", HELP_COLUMN, buf_str(&label));
		if (label.len >= HELP_COLUMN)
			buf_addf(out, "\n  %-*s", HELP_COLUMN, "");
		buf_addf(out, "%s\n", o->help);
		buf_free(&label);
	}
}

/* Filled lines of at most TEXT_COLUMNS; newlines stay. Texts of ours: one byte is one column. */
static void wrap(const char *text, struct buf *out)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " \n");

		if (column > 0 && column + 1 + word > TEXT_COLUMNS) {
			buf_addc(out, '\n');
			column = 0;
		} else if (column > 0) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word;
		for (; *text == '\n'; text++, column = 0)
			buf_addc(out, '\n');
		text += *text == ' ';
	}
	buf_addc(out, '\n');
}

/* " [--theme NAME] [--read-only]" for a verb without operands of its own. */
static void usage_of_table(const struct cli_option *table, struct buf *out)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++)
		buf_addf(out, " [--%s%s%s]", o->name, o->argument != NULL ? " " : "",
		         o->argument != NULL ? o->argument : "");
}

static void usage_lines(const struct verb *v, struct buf *out)
{
	const char *line = v->operands;

	for (const char *lead = "usage:"; line != NULL; lead = "      ") {
		size_t len = strcspn(line, "\n");

		buf_addf(out, "%s ", lead);
		options_call(v, out);
		if (*v->operands == '\0')
			usage_of_table(v->options, out);
		buf_addf(out, "%s%.*s\n", len > 0 ? " " : "", (int)len, line);
		line = line[len] != '\0' ? line + len + 1 : NULL;
	}
}

void options_help(const struct verb *v, struct buf *out)
{
	usage_lines(v, out);
	buf_addf(out, "\n%s.\n\nOptions:\n", v->summary);
	help_table(v->options, out);
	help_table(v->shared, out);
	buf_addf(out, "  %-*s%s\n", HELP_COLUMN, "-h, --help", "this text");
	if (v->text != NULL) {
		buf_addc(out, '\n');
		wrap(v->text, out);
	}
}

int options_check_size(const char *value, struct error *err)
{
	uint64_t bytes;

	return text_parse_size(value, &bytes, err);
}

int options_check_duration(const char *value, struct error *err)
{
	uint64_t ns;

	return text_parse_duration(value, &ns, err);
}
