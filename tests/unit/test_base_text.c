/*
 * test_base_text.c: buffers, hostile text, units, patterns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/bounds.h"
#include "core/base/text.h"

static void test_buf(void **state)
{
	struct buf b = BUF_INIT;
	char *s;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i % 10);
	assert_int_equal(b.len, 2000);
	assert_int_equal(strlen(buf_str(&b)), 2000);
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 2003);
	assert_int_equal(b.data[2003], 0);
	buf_adds(&b, NULL);
	assert_int_equal(b.len, 2003);
	s = buf_steal(&b);
	assert_non_null(s);
	assert_null(b.data);
	free(s);
	s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	buf_addc(&b, 'x');
	buf_add(&b, "y", SIZE_MAX - 4);
	assert_true(b.failed);
	assert_string_equal(buf_str(&b), "x");
	buf_adds(&b, "z");
	assert_string_equal(buf_str(&b), "x");
	assert_null(buf_steal(&b));
	buf_free(&b);
}

struct safe_case {
	const char *in;
	const char *out;
	size_t hidden;
};

static void test_safe(void **state)
{
	static const struct safe_case cases[] = {
		{ "plain ~", "plain ~", 0 },
		{ "\n\t\r\x1b\x01\x7f", "\\n\\t\\r\\e\\x01\\x7f", 6 },
		{ "\xc2\x80\xc2\x9b", "\\u0080\\u009b", 2 },
		{ "\x9b", "\\x9b", 1 },
		{ "h\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80",
		  "h\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80", 0 },
		/* bidi, zero width, byte order mark, tag, private use, soft hyphen, separators */
		{ "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u061c\\u200e\\u200f", 3 },
		{ "\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9",
		  "\\u202a\\u202e\\u2066\\u2069", 4 },
		{ "\xe2\x80\x8b\xe2\x80\x8d\xe2\x81\xa0\xef\xbb\xbf",
		  "\\u200b\\u200d\\u2060\\ufeff", 4 },
		{ "\xf3\xa0\x81\x81\xf3\xa0\x84\x80", "\\U000e0041\\U000e0100", 2 },
		{ "\xee\x80\x80\xf4\x8f\xbf\xbf", "\\ue000\\U0010ffff", 2 },
		{ "\xc2\xad\xe2\x80\xa8\xef\xb8\x8f\xe3\x85\xa4", "\\u00ad\\u2028\\ufe0f\\u3164",
		  4 },
		{ "\xcd\xb8", "\\u0378", 1 }, /* not assigned */
		/* overlong, surrogate, above the end, cut short, lone continuation */
		{ "\xc0\xaf", "\\xc0\\xaf", 2 },
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf", 3 },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", 3 },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", 4 },
		{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98", 3 },
		{ "\xe6\xbc"
		  "A",
		  "\\xe6\\xbc"
		  "A",
		  2 },
		{ "a\\n", "a\\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = BUF_INIT;
		size_t hidden = text_safe(&b, cases[i].in, strlen(cases[i].in), false);

		assert_string_equal(buf_str(&b), cases[i].out);
		assert_int_equal(hidden, cases[i].hidden);
		buf_free(&b);
	}
	{
		struct buf b = BUF_INIT;

		assert_int_equal(text_safe(&b, "\\x00\0", 5, true), 1);
		assert_string_equal(buf_str(&b), "\\\\x00\\x00");
		buf_free(&b);
	}
}

/* Whatever goes in, what comes out is UTF-8 that has a width everywhere. */
static void test_safe_random(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct buf b = BUF_INIT;
		char *in = malloc(33); /* of the exact size: a read past it is seen by ASan */
		const char *p;

		for (int i = 0; i < 33; i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = (char)(seed >> 24);
			if (seed >> 22 & 1)
				in[i] = (char)("\xe2\x80\xf0\x9f\xf3\xa0\xed\xc2"[seed >> 13 & 7]);
		}
		text_safe(&b, in, 33, true);
		for (p = buf_str(&b); *p != '\0';) {
			uint32_t cp;
			size_t n = text_utf8_decode(p, strlen(p), &cp);

			assert_true(n > 0);
			assert_true(text_width(cp) >= 0);
			p += n;
		}
		buf_free(&b);
		free(in);
	}
}

static void test_argv(void **state)
{
	static const char *const argv[] = { "A=b", "A=b",     "",     "two words", "it's", "-rf",
		                            "~",   "a\nb'\\", "\xff", "\xc3\xa9",  "$(x)" };
	struct buf b = BUF_INIT;

	(void)state;
	text_safe_argv(&b, argv, sizeof(argv) / sizeof(argv[0]));
	assert_string_equal(buf_str(&b), "'A=b' A=b '' 'two words' 'it'\\''s' -rf '~' "
	                                 "$'a\\nb\\'\\\\' $'\\xff' '\xc3\xa9' '$(x)'");
	buf_free(&b);
	text_safe_argv(&b, argv, 0);
	assert_string_equal(buf_str(&b), "");
	buf_free(&b);
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(text_width('a'), 1);
	assert_int_equal(text_width(0), -1);
	assert_int_equal(text_width(0x1f), -1);
	assert_int_equal(text_width(0x7f), -1);
	assert_int_equal(text_width(0x9f), -1);
	assert_int_equal(text_width(0xa0), 1);
	assert_int_equal(text_width(0x301), 0);
	assert_int_equal(text_width(0x4e00), 2);
	assert_int_equal(text_width(0xac00), 2);
	assert_int_equal(text_width(0x1f600), 2);
	assert_int_equal(text_width(0x2588), 1);
	assert_int_equal(text_width(0x2800), 1);
	assert_int_equal(text_width(0xd800), -1);
	assert_int_equal(text_width(0x10ffff), -1);
	assert_int_equal(text_width(0x110000), -1);
	assert_int_equal(text_width(UINT32_MAX), -1);
	assert_int_equal(text_columns("a\xe6\xbc\xa2"
	                              "e\xcc\x81"),
	                 4);
}

struct number_case {
	const char *in;
	uint64_t out; /* UINT64_MAX: refused */
};

#define REFUSED UINT64_MAX

static void check_numbers(const struct number_case *cases, size_t n,
                          int (*parse)(const char *, uint64_t *, struct error *))
{
	for (size_t i = 0; i < n; i++) {
		struct error err = ERROR_INIT;
		uint64_t value = 77;
		int r = parse(cases[i].in, &value, &err);

		if (cases[i].out == REFUSED) {
			if (r != -EINVAL || value != 77 || err.text[0] == '\0')
				fail_msg("\"%s\" was not refused: %d, %ju", cases[i].in, r,
				         (uintmax_t)value);
		} else if (r != 0 || value != cases[i].out) {
			fail_msg("\"%s\": %d, %ju", cases[i].in, r, (uintmax_t)value);
		}
	}
}

static void test_parse_size(void **state)
{
	static const struct number_case cases[] = {
		{ "4096", 4096 },
		{ "1b", 1 },
		{ "2g", 2ULL << 30 },
		{ "100M", 100ULL << 20 },
		{ "64k", 65536 },
		{ "64KB", 65536 },
		{ "64Kib", 65536 },
		{ "64ki", 65536 },
		{ "1.5GiB", 3ULL << 29 },
		{ "7e", 7ULL << 60 },
		{ "0.5k", 512 },
		{ "1T", 1ULL << 40 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", REFUSED },
		{ "18446744073709551616", REFUSED },
		{ "8e", REFUSED },
		{ "99999999999999999999g", REFUSED },
		{ "0", REFUSED },
		{ "0g", REFUSED },
		{ "0.0001k", REFUSED },
		{ "", REFUSED },
		{ "g", REFUSED },
		{ "-1", REFUSED },
		{ "+1", REFUSED },
		{ " 1", REFUSED },
		{ "1 ", REFUSED },
		{ "1 g", REFUSED },
		{ "1.5", REFUSED },
		{ "1.g", REFUSED },
		{ ".5g", REFUSED },
		{ "1.5.5g", REFUSED },
		{ "1gg", REFUSED },
		{ "1ig", REFUSED },
		{ "1z", REFUSED },
		{ "0x10", REFUSED },
		{ "1,5g", REFUSED },
		{ "1.0000000001g", REFUSED },
		{ "1bk", REFUSED },
		{ "1@", REFUSED },
		{ "1K\x80", REFUSED },
	};

	(void)state;
	check_numbers(cases, sizeof(cases) / sizeof(cases[0]), text_parse_size);
}

#define S 1000000000ULL

static void test_parse_duration(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0 },
		{ "none", 0 },
		{ "0s", 0 },
		{ "45", 45 * S },
		{ "30m", 1800 * S },
		{ "1h30m", 5400 * S },
		{ "90s", 90 * S },
		{ "500ms", S / 2 },
		{ "2d", 172800 * S },
		{ "1.5h", 5400 * S },
		{ "0.5", S / 2 },
		{ "1ns", 1 },
		{ "1d1h1m1s1ms1us1ns", 90061001001001 },
		{ "106751d", 106751ULL * 86400 * S },
		{ "106752d", REFUSED },
		{ "106751d86400s", REFUSED },
		{ "99999999999999999999s", REFUSED },
		{ "", REFUSED },
		{ "s", REFUSED },
		{ "-5s", REFUSED },
		{ "5 s", REFUSED },
		{ "5S", REFUSED },
		{ "30M", REFUSED },
		{ "1m1h", REFUSED },
		{ "1m1m", REFUSED },
		{ "1h30", REFUSED },
		{ "None", REFUSED },
		{ "1hour", REFUSED },
		{ "0.1ns", REFUSED },
		{ "1.s", REFUSED },
		{ "1e3", REFUSED },
		{ "5s ", REFUSED },
	};

	(void)state;
	check_numbers(cases, sizeof(cases) / sizeof(cases[0]), text_parse_duration);
}

static void test_parse_milli(void **state)
{
	static const struct number_case cases[] = {
		{ "1", 1000 },
		{ "1.5", 1500 },
		{ "0.25", 250 },
		{ "0.125", 125 },
		{ "0", 0 },
		{ "1.5000", 1500 },
		{ "0.0001", REFUSED },
		{ "", REFUSED },
		{ "1.", REFUSED },
		{ "-1", REFUSED },
		{ "1,5", REFUSED },
		{ "1.5x", REFUSED },
		{ "9223372036854775807", REFUSED },
		{ "nan", REFUSED },
		{ "inf", REFUSED },
	};

	(void)state;
	check_numbers(cases, sizeof(cases) / sizeof(cases[0]), text_parse_milli);
}

static void test_parse_int(void **state)
{
	static const char *const bad[] = { "",
		                           "-",
		                           "+1",
		                           " 1",
		                           "1 ",
		                           "1x",
		                           "0x1",
		                           "1.0",
		                           "11",
		                           "-6",
		                           "9223372036854775808",
		                           "99999999999999999999",
		                           "--1" };
	int64_t v = 77;

	(void)state;
	assert_int_equal(text_parse_int("-5", -5, 10, &v, NULL), 0);
	assert_int_equal(v, -5);
	assert_int_equal(text_parse_int("10", -5, 10, &v, NULL), 0);
	assert_int_equal(v, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;

		if (text_parse_int(bad[i], -5, 10, &v, &err) != -EINVAL)
			fail_msg("\"%s\" was not refused", bad[i]);
		assert_non_null(strstr(err.text, "-5 to 10"));
	}
	assert_int_equal(v, 10);
	assert_int_equal(text_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &v, NULL), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(text_parse_int("9223372036854775807", INT64_MIN, INT64_MAX, &v, NULL), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(text_parse_int("9223372036854775808", INT64_MIN, INT64_MAX, &v, NULL),
	                 -EINVAL);
	assert_int_equal(text_parse_int("-9223372036854775809", INT64_MIN, INT64_MAX, &v, NULL),
	                 -EINVAL);
}

static void check_size(uint64_t bytes, const char *want)
{
	char out[32];

	text_format_size(bytes, out, sizeof(out));
	assert_string_equal(out, want);
}

static void check_duration(uint64_t ns, const char *want)
{
	char out[32];

	text_format_duration(ns, out, sizeof(out));
	assert_string_equal(out, want);
}

static void test_format(void **state)
{
	char out[32];

	(void)state;
	check_size(0, "0");
	check_size(1023, "1023");
	check_size(1024, "1K");
	check_size(65536, "64K");
	check_size(1503238553, "1.3G");
	check_size(3ULL << 29, "1.5G");
	check_size(1024 * 1024 - 1, "1023K");
	check_size(UINT64_MAX, "15E");
	check_duration(0, "0s");
	check_duration(S - 1, "0s");
	check_duration(59 * S, "59s");
	check_duration(12 * 60 * S + 59 * S, "12m");
	check_duration(3 * 3600 * S + 4 * 60 * S, "3h04m");
	check_duration(59 * 3600 * S, "2d11h");
	check_duration(100 * 86400 * S, "100d");
	check_duration(UINT64_MAX, "584y");
	for (int bit = 0; bit < 64; bit++) {
		for (int off = -1; off <= 1; off++) {
			text_format_size((1ULL << bit) + (uint64_t)off, out, sizeof(out));
			assert_true(strlen(out) <= 5);
			text_format_duration((1ULL << bit) + (uint64_t)off, out, sizeof(out));
			assert_true(strlen(out) <= 6);
		}
	}
	text_format_duration_exact(0, out, sizeof(out));
	assert_string_equal(out, "none");
	text_format_duration_exact(5400 * S, out, sizeof(out));
	assert_string_equal(out, "1h30m");
	text_format_duration_exact(S / 2, out, sizeof(out));
	assert_string_equal(out, "500ms");
}

static void test_exact_duration_parses_back(void **state)
{
	static const uint64_t values[] = { 0, 1, 999, S, 90061001001001, INT64_MAX, 86399 * S };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char out[64];
		uint64_t back = 1;

		text_format_duration_exact(values[i], out, sizeof(out));
		assert_int_equal(text_parse_duration(out, &back, NULL), 0);
		assert_true(back == values[i]);
	}
	{
		char tiny[4];

		text_format_duration_exact(90061001001001, tiny, sizeof(tiny));
		assert_int_equal(strlen(tiny), 3);
	}
}

struct glob_case {
	const char *pattern;
	const char *text;
	bool match;
};

static void test_glob(void **state)
{
	static const struct glob_case cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "a", "a", true },
		{ "a", "ab", false },
		{ "*", "", true },
		{ "*", "abc", true },
		{ "*", "a/b", false },
		{ "**", "a/b/c", true },
		{ "**", "", true },
		{ "a*c", "abbc", true },
		{ "a*c", "ab/c", false },
		{ "a**c", "ab/c", true },
		{ "?", "/", false },
		{ "?", "\xc3\xa9", true },
		{ "??", "\xc3\xa9", false },
		{ "?", "\xff", true },
		{ "**/.env", ".env", true },
		{ "**/.env", "a/.env", true },
		{ "**/.env", "a/b/.env", true },
		{ "**/.env", "x.env", false },
		{ "**/.env", "a/x.env", false },
		{ "**/id_rsa*", "id_rsa.pub", true },
		{ "a/**/b", "a/b", true },
		{ "a/**/b", "a/x/y/b", true },
		{ "a/**/b", "ab", false },
		{ "a**/b", "ab", false },
		{ "***", "a/b", true },
		{ "*/", "/", true },
		{ "*.c", "x.c.c", true },
		{ "*/*.c", "a/b/x.c", false },
		{ "**a*b/*c", "xa/aab/zc", true },
		{ "[a]", "a", false },
		{ "[a]", "[a]", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (text_glob(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
	}
}

static void test_glob_is_bounded(void **state)
{
	char *pattern = calloc(1, GLOB_PATTERN_MAX + 2);
	char *text = calloc(1, 4096);
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 2000; i++)
		memcpy(pattern + 2 * i, i % 2 != 0 ? "*a" : "**", 2);
	memset(text, 'a', 4095);
	text[4094] = 'b';
	assert_false(text_glob(pattern, text));
	assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
	memset(pattern, '*', GLOB_PATTERN_MAX);
	assert_true(text_glob(pattern, text));
	pattern[GLOB_PATTERN_MAX] = '*';
	assert_false(text_glob(pattern, text));
	free(pattern);
	free(text);
}

static void test_nearest(void **state)
{
	static const char *const names[] = { "memory",       "cpus",    "pids",
		                             "idle_timeout", "timeout", NULL };
	char long_word[200];

	(void)state;
	assert_string_equal(text_nearest("memry", names), "memory");
	assert_string_equal(text_nearest("mmeory", names), "memory");
	assert_string_equal(text_nearest("Timeout", names), "timeout");
	assert_string_equal(text_nearest("cpu", names), "cpus");
	assert_string_equal(text_nearest("idle-timeout", names), "idle_timeout");
	assert_null(text_nearest("", names));
	assert_null(text_nearest("x", names));
	assert_null(text_nearest("network", names));
	memset(long_word, 'm', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_null(text_nearest(long_word, names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_safe_random),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_parse_size),
		cmocka_unit_test(test_parse_duration),
		cmocka_unit_test(test_parse_milli),
		cmocka_unit_test(test_parse_int),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_exact_duration_parses_back),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_glob_is_bounded),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
