/*
 * json_scan.c: the strict look at a text before cJSON sees it. cJSON alone takes raw control
 * characters, bad UTF-8, leading zeros, "1." and bytes after the end, and cuts strings at \u0000;
 * it must only ever be given what passed here. Recursion is bounded by JSON_DEPTH_MAX.
 */
#include "core/base/json_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/base/text.h"

enum { NUMBER_MAX = 60 }; /* cJSON 1.7.15 reads numbers through 64 bytes */

struct scan {
	const char *file;
	const char *start;
	const char *p;
	const char *end;
	int depth;
	struct error *err;
};

static int fail(const struct scan *s, const char *what)
{
	const char *p = s->start;
	size_t line = 1;
	size_t column = 1;

	while (p < s->p) {
		uint32_t cp;
		size_t n = text_utf8_decode(p, (size_t)(s->end - p), &cp);

		if (*p == '\n') {
			line++;
			column = 0;
		}
		column++;
		p += n > 0 ? n : 1;
	}
	return error_set(s->err, EINVAL, "%s:%zu:%zu: %s", s->file != NULL ? s->file : "json", line,
	                 column, what);
}

/* "expected WHAT, got 'c'" */
static int expected(const struct scan *s, const char *what)
{
	CLEANUP_BUF struct buf message = BUF_INIT;
	const char *p = s->p;
	char unit[TEXT_SAFE_UNIT];

	buf_addf(&message, "expected %s, got ", what);
	if (p == s->end) {
		buf_adds(&message, "the end of the text");
	} else {
		text_safe_next(&p, s->end, false, unit, NULL);
		buf_addf(&message, "'%s'", unit);
	}
	return fail(s, buf_str(&message));
}

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool at(const struct scan *s, char c)
{
	return s->p < s->end && *s->p == c;
}

static bool at_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* The four digits after "\u" at s->p; -1 when they are not there. Does not move. */
static int32_t hex4(const struct scan *s, const char *p)
{
	int32_t value = 0;

	if (s->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* s->p is at the 'u' of an escape; moves past the whole escape, a pair of surrogates included. */
static int scan_unicode(struct scan *s)
{
	int32_t value = hex4(s, s->p + 1);

	if (value < 0)
		return fail(s, "expected four hexadecimal digits after \\u");
	if (value == 0)
		return fail(s, "a string must not contain \\u0000");
	if (value >= 0xdc00 && value <= 0xdfff)
		return fail(s, "a low surrogate without a high one");
	if (value >= 0xd800 && value <= 0xdbff) {
		int32_t low = -1;

		if (s->end - s->p >= 11 && s->p[5] == '\\' && s->p[6] == 'u')
			low = hex4(s, s->p + 7);
		if (low < 0xdc00 || low > 0xdfff)
			return fail(s, "a high surrogate without a low one");
		s->p += 6;
	}
	s->p += 5;
	return 0;
}

static int scan_string(struct scan *s, const char *what)
{
	if (!at(s, '"'))
		return expected(s, what);
	s->p++;
	while (s->p < s->end && *s->p != '"') {
		uint32_t cp;
		size_t n = text_utf8_decode(s->p, (size_t)(s->end - s->p), &cp);

		if (n == 0)
			return fail(s, "not valid UTF-8");
		if (cp < 0x20)
			return fail(s, "a control character in a string must be escaped");
		s->p += n;
		if (cp != '\\')
			continue;
		if (at(s, 'u')) {
			int r = scan_unicode(s);

			if (r < 0)
				return r;
			continue;
		}
		if (s->p == s->end || *s->p == '\0' || strchr("\"\\/bfnrt", *s->p) == NULL)
			return fail(s, "unknown escape in a string");
		s->p++;
	}
	if (s->p == s->end)
		return fail(s, "a string does not end");
	s->p++;
	return 0;
}

static int scan_digits(struct scan *s)
{
	if (!at_digit(s))
		return expected(s, "a digit");
	while (at_digit(s))
		s->p++;
	return 0;
}

static int scan_number(struct scan *s)
{
	const char *start = s->p;
	int r = 0;

	if (at(s, '-'))
		s->p++;
	if (at(s, '0')) {
		s->p++;
		if (at_digit(s))
			return fail(s, "a number must not start with 0");
	} else {
		r = scan_digits(s);
	}
	if (r == 0 && at(s, '.')) {
		s->p++;
		r = scan_digits(s);
	}
	if (r == 0 && (at(s, 'e') || at(s, 'E'))) {
		s->p++;
		if (at(s, '+') || at(s, '-'))
			s->p++;
		r = scan_digits(s);
	}
	if (r == 0 && s->p - start > NUMBER_MAX) {
		s->p = start;
		return fail(s, "a number is too long");
	}
	return r;
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(s->end - s->p) >= len && memcmp(s->p, words[i], len) == 0) {
			s->p += len;
			return 0;
		}
	}
	return expected(s, "a value");
}

static int scan_value(struct scan *s);

static int scan_member(struct scan *s)
{
	int r = scan_string(s, "a key in quotes");

	if (r < 0)
		return r;
	skip_space(s);
	if (!at(s, ':'))
		return expected(s, "':'");
	s->p++;
	return scan_value(s);
}

/* What stands between brackets: members for '}', items for ']'. */
static int scan_list(struct scan *s, char close)
{
	if (s->depth == JSON_DEPTH_MAX)
		return fail(s, "nested too deeply");
	s->depth++;
	s->p++;
	skip_space(s);
	if (!at(s, close)) {
		for (;;) {
			int r = close == '}' ? scan_member(s) : scan_value(s);

			if (r < 0)
				return r;
			skip_space(s);
			if (!at(s, ','))
				break;
			s->p++;
			skip_space(s);
		}
		if (!at(s, close))
			return expected(s, close == '}' ? "',' or '}'" : "',' or ']'");
	}
	s->p++;
	s->depth--;
	return 0;
}

static int scan_value(struct scan *s)
{
	skip_space(s);
	if (at(s, '{'))
		return scan_list(s, '}');
	if (at(s, '['))
		return scan_list(s, ']');
	if (at(s, '"'))
		return scan_string(s, "a string");
	if (at(s, '-') || at_digit(s))
		return scan_number(s);
	return scan_word(s);
}

int json_scan(const char *file, const char *text, size_t len, struct error *err)
{
	struct scan s = {
		.file = file,
		.start = text,
		.p = text,
		.end = text + len,
		.err = err,
	};
	int r;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return fail(&s, "the text starts with a byte order mark; save it without");
	r = scan_value(&s);
	if (r < 0)
		return r;
	skip_space(&s);
	if (s.p < s.end)
		return expected(&s, "nothing more");
	return 0;
}
