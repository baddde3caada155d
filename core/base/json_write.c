/*
 * json_write.c: streaming JSON, compact, the same bytes for the same calls whatever the locale.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"

enum { WRITE_DECIMALS_MAX = 9 };

/* How many bytes from s on stand for themselves: printable ASCII, as most of any text is. */
static size_t plain_run(const char *s, const char *end)
{
	const char *at = s;

	while (at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		at++;
	return (size_t)(at - s);
}

static void add_string(struct buf *out, const char *s, size_t len)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	const char *end = s + len;

	buf_addc(out, '"');
	for (;;) {
		size_t run = plain_run(s, end);
		uint32_t cp = 0;

		buf_add(out, s, run);
		s += run;
		if (s == end)
			break;
		size_t n = text_utf8_decode(s, (size_t)(end - s), &cp);

		if (n == 0 || cp == 0)
			buf_adds(out, replacement);
		else if (cp == '"' || cp == '\\')
			buf_addf(out, "\\%c", (char)cp);
		else if (cp == '\n')
			buf_adds(out, "\\n");
		else if (cp == '\t')
			buf_adds(out, "\\t");
		else if (cp == '\r')
			buf_adds(out, "\\r");
		else if (cp < 0x20 || cp == 0x7f)
			buf_addf(out, "\\u%04x", cp);
		else
			buf_add(out, s, n);
		s += n > 0 ? n : 1;
	}
	buf_addc(out, '"');
}

/* The comma that is due and the key. */
static void begin(struct json_writer *w, const char *key)
{
	if (w->some[w->depth])
		buf_addc(w->out, ',');
	w->some[w->depth] = true;
	if (key != NULL) {
		add_string(w->out, key, strlen(key));
		buf_addc(w->out, ':');
	}
}

static void open_bracket(struct json_writer *w, const char *key, char bracket)
{
	begin(w, key);
	buf_addc(w->out, bracket);
	if (w->depth == JSON_WRITE_DEPTH - 1) {
		w->out->failed = true; /* a mistake of ours: never a wrong document */
		return;
	}
	w->some[++w->depth] = false;
}

void json_put_object(struct json_writer *w, const char *key)
{
	open_bracket(w, key, '{');
}

void json_put_array(struct json_writer *w, const char *key)
{
	open_bracket(w, key, '[');
}

void json_put_end(struct json_writer *w, char bracket)
{
	if (w->depth == 0) {
		w->out->failed = true;
		return;
	}
	w->depth--;
	buf_addc(w->out, bracket);
}

void json_put_string(struct json_writer *w, const char *key, const char *s)
{
	if (s == NULL)
		json_put_null(w, key);
	else
		json_put_bytes(w, key, s, strlen(s));
}

void json_put_bytes(struct json_writer *w, const char *key, const char *s, size_t len)
{
	begin(w, key);
	add_string(w->out, s, len);
}

void json_put_int(struct json_writer *w, const char *key, int64_t v)
{
	begin(w, key);
	buf_addf(w->out, "%" PRId64, v);
}

void json_put_uint(struct json_writer *w, const char *key, uint64_t v)
{
	begin(w, key);
	buf_addf(w->out, "%" PRIu64, v);
}

void json_put_double(struct json_writer *w, const char *key, double v, int decimals)
{
	uint64_t scale = 1;
	uint64_t scaled;

	if (!isfinite(v)) {
		json_put_null(w, key);
		return;
	}
	begin(w, key);
	if (decimals > WRITE_DECIMALS_MAX)
		decimals = WRITE_DECIMALS_MAX;
	for (int i = 0; i < decimals; i++)
		scale *= 10;
	/* By integers, because printf would use the locale's decimal point. */
	if (decimals <= 0 || fabs(v) >= (double)(INT64_MAX / 2) / (double)scale) {
		buf_addf(w->out, "%.0f", v);
		return;
	}
	scaled = (uint64_t)(fabs(v) * (double)scale + 0.5);
	buf_addf(w->out, "%s%" PRIu64 ".%0*" PRIu64, v < 0 && scaled > 0 ? "-" : "", scaled / scale,
	         decimals, scaled % scale);
}

void json_put_bool(struct json_writer *w, const char *key, bool v)
{
	begin(w, key);
	buf_adds(w->out, v ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	begin(w, key);
	buf_adds(w->out, "null");
}

void json_put_time(struct json_writer *w, const char *key, uint64_t wall_ns)
{
	char text[32];

	if (wall_ns == 0) {
		json_put_null(w, key);
		return;
	}
	clock_format(wall_ns, text, sizeof(text));
	json_put_string(w, key, text);
}

void json_put_raw(struct json_writer *w, const char *key, const char *json)
{
	if (json == NULL) {
		json_put_null(w, key);
		return;
	}
	begin(w, key);
	buf_adds(w->out, json);
}
