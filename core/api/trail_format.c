/*
 * trail_format.c: a record as a line for people. Kinds that are well known have words; any other is
 * its kind and its fields. Every text in a record may be the agent's: all goes through text_safe.
 */
#include "core/api/trail.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/json.h"

enum { RAW_SHOWN = 400, WORDS_SHOWN = 64 };

static const char *text_of(const struct json_at *record, const char *key)
{
	struct json_at at = json_member(record, key);
	const char *s;

	return json_string(&at, &s, NULL) == 0 ? s : NULL;
}

static bool number_of(const struct json_at *record, const char *key, int64_t *ret)
{
	struct json_at at = json_member(record, key);

	return json_int(&at, INT64_MIN, INT64_MAX, ret, NULL) == 0;
}

static void add_safe(struct buf *out, const char *s)
{
	(void)text_safe(out, s, strlen(s), false);
}

/* "BEFORE text", if there is one. */
static void add_text(struct buf *out, const char *before, const struct json_at *record,
                     const char *key)
{
	const char *s = text_of(record, key);

	if (!s || s[0] == '\0')
		return;
	buf_adds(out, before);
	add_safe(out, s);
}

static void add_number(struct buf *out, const char *before, const struct json_at *record,
                       const char *key)
{
	int64_t v;

	if (number_of(record, key, &v))
		buf_addf(out, "%s%" PRId64, before, v);
}

static void add_words(struct buf *out, const char *before, const struct json_at *list)
{
	const char *words[WORDS_SHOWN];
	int n = json_count(list);
	size_t shown = 0;

	for (int i = 0; i < n && i < WORDS_SHOWN; i++) {
		struct json_at item = json_item(list, i);

		if (json_string(&item, &words[shown], NULL) == 0)
			shown++;
	}
	if (shown == 0)
		return;
	buf_adds(out, before);
	text_safe_argv(out, words, shown);
	if (n > WORDS_SHOWN)
		buf_adds(out, " …");
}

/* "12:04:31", local time. */
static void add_time(struct buf *out, const struct json_at *record)
{
	const char *s = text_of(record, "time");
	uint64_t ns;
	time_t seconds;
	struct tm tm;

	if (!s || clock_parse(s, &ns) < 0) {
		buf_adds(out, "--:--:--");
		return;
	}
	seconds = (time_t)(ns / NS_PER_SEC);
	if (localtime_r(&seconds, &tm))
		buf_addf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void format_state(const struct json_at *record, struct buf *out)
{
	struct json_at command = json_member(record, "command");
	const char *reason = text_of(record, "reason");

	add_text(out, " ", record, "from");
	add_text(out, text_of(record, "from") ? " -> " : " ", record, "to");
	if (reason && reason[0] != '\0')
		add_text(out, ": ", record, "reason");
	else
		add_number(out, ": exit ", record, "exit_code");
	add_text(out, ": ", record, "user");
	add_words(out, ": ", &command);
}

/* The command first: it is what one looks for. */
static void format_exec(const struct json_at *record, struct buf *out)
{
	struct json_at argv = json_member(record, "argv");
	struct json_at at = json_member(record, "verified");
	bool verified = true;

	add_words(out, " ", &argv);
	(void)json_bool(&at, &verified, NULL);
	if (!verified)
		add_text(out, "  NOT VERIFIED: ", record, "unverified_because");
	add_text(out, "  exe ", record, "exe");
	add_text(out, "  in ", record, "cwd");
	add_number(out, "  pid ", record, "pid");
}

static void format_exec_end(const struct json_at *record, struct buf *out)
{
	struct json_at at = json_member(record, "duration_ms");
	double ms;

	add_number(out, " of ", record, "exec_seq");
	if (json_double(&at, 0, 1e15, &ms, NULL) == 0)
		buf_addf(out, " after %.3f s", ms / 1000);
	add_number(out, ", exit ", record, "exit_code");
	add_number(out, ", signal ", record, "signal");
	add_number(out, ", pid ", record, "pid");
}

static void format_layer(const struct json_at *record, struct buf *out)
{
	add_text(out, " ", record, "name");
	add_text(out, " ", record, "status");
	add_text(out, ": ", record, "reason");
}

static void format_policy(const struct json_at *record, struct buf *out)
{
	add_text(out, " ", record, "path");
	add_text(out, " ", record, "old");
	add_text(out, " -> ", record, "new");
	add_number(out, " by uid ", record, "by_uid");
}

static void format_signal(const struct json_at *record, struct buf *out)
{
	int64_t number;
	const char *name = NULL;

	if (number_of(record, "signal", &number) && number > 0 && number < NSIG)
		name = sigabbrev_np((int)number);
	if (name)
		buf_addf(out, " %s", name);
	else
		add_number(out, " ", record, "signal");
	add_text(out, " ", record, "signal");
	add_number(out, " by uid ", record, "by_uid");
}

static void format_limit(const struct json_at *record, struct buf *out)
{
	add_text(out, " ", record, "which");
	add_text(out, ": ", record, "detail");
}

static void format_attach(const struct json_at *record, struct buf *out)
{
	struct json_at at = json_member(record, "attached");
	bool attached = true;

	(void)json_bool(&at, &attached, NULL);
	if (!attached)
		buf_adds(out, " ended");
	add_number(out, " by uid ", record, "by_uid");
}

static void format_gap(const struct json_at *record, struct buf *out)
{
	add_number(out, " missed: ", record, "missed");
}

static bool is_common(const char *key)
{
	static const char *const keys[] = {
		"seq", "time", "kind", "chain", "policy_revision", "policy_sha256",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

static void add_value(struct buf *out, const struct json_at *at)
{
	const char *s;
	double d;
	bool b;

	if (json_string(at, &s, NULL) == 0)
		add_safe(out, s);
	else if (json_bool(at, &b, NULL) == 0)
		buf_adds(out, b ? "yes" : "no");
	else if (json_double(at, -1e300, 1e300, &d, NULL) == 0)
		buf_addf(out, "%.15g", d);
	else if (json_is(at, JSON_ARRAY))
		add_words(out, "", at);
	else
		buf_adds(out, "…");
}

static void format_other(const struct json_at *record, struct buf *out)
{
	int n = json_count(record);

	for (int i = 0; i < n && i < WORDS_SHOWN; i++) { /* a record of ours has fewer */
		struct json_at at = json_nth(record, i);

		if (is_common(at.key) || json_is(&at, JSON_NULL))
			continue;
		buf_addc(out, ' ');
		add_safe(out, at.key);
		buf_addc(out, '=');
		add_value(out, &at);
	}
}

static const struct {
	const char *kind;
	void (*format)(const struct json_at *record, struct buf *out);
} formats[] = {
	{ "state", format_state },   { "layer", format_layer }, { "policy", format_policy },
	{ "signal", format_signal }, { "limit", format_limit }, { "attach", format_attach },
	{ "gap", format_gap },       { "exec", format_exec },   { "exec_end", format_exec_end },
};

void trail_format(const char *line, size_t len, struct buf *out)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	const char *kind;

	if (json_parse("trail", line, len, &doc, NULL) == 0) {
		root = json_root("trail", doc);
		kind = text_of(&root, "kind");
		if (kind) {
			add_time(out, &root);
			buf_addc(out, ' ');
			add_safe(out, kind);
			for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
				if (strcmp(kind, formats[i].kind) == 0) {
					formats[i].format(&root, out);
					return;
				}
			}
			format_other(&root, out);
			return;
		}
	}
	buf_adds(out, "--:--:-- not a record: ");
	(void)text_safe(out, line, len > RAW_SHOWN ? RAW_SHOWN : len, false);
}
