/*
 * test_base_json.c: the strict reader on hostile text, typed readers' errors, the writer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/bounds.h"
#include "core/base/json.h"

/* Parses a copy of the exact size, so that ASan sees any read past the end. */
static int parse(const char *text, size_t len, struct json **ret, struct error *err)
{
	char *copy = malloc(len > 0 ? len : 1);
	int r;

	memcpy(copy, text, len);
	r = json_parse("f", copy, len, ret, err);
	free(copy);
	return r;
}

static struct json *must_parse(const char *text)
{
	struct json *doc = NULL;
	struct error err = ERROR_INIT;

	if (parse(text, strlen(text), &doc, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	return doc;
}

struct bad_case {
	const char *text;
	const char *error;
};

static void test_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ "", "f:1:1: expected a value, got the end of the text" },
		{ " \n ", "f:2:2: expected a value, got the end of the text" },
		{ "{} x", "f:1:4: expected nothing more, got 'x'" },
		{ "{}{}", "f:1:3: expected nothing more, got '{'" },
		{ "[1,]", "f:1:4: expected a value, got ']'" },
		{ "[1 2]", "f:1:4: expected ',' or ']', got '2'" },
		{ "[1}", "f:1:3: expected ',' or ']', got '}'" },
		{ "{\"a\":1,}", "f:1:8: expected a key in quotes, got '}'" },
		{ "{a:1}", "f:1:2: expected a key in quotes, got 'a'" },
		{ "{\"a\" 1}", "f:1:6: expected ':', got '1'" },
		{ "{\"a\":1", "f:1:7: expected ',' or '}', got the end of the text" },
		{ "// c\n1", "f:1:1: expected a value, got '/'" },
		{ "{\n\t\"\xc3\xa9\": nul\n}", "f:2:7: expected a value, got 'n'" },
		{ "True", "f:1:1: expected a value, got 'T'" },
		{ "NaN", "f:1:1: expected a value, got 'N'" },
		{ "truex", "f:1:5: expected nothing more, got 'x'" },
		{ "'a'", "f:1:1: expected a value, got '''" },
		{ "01", "f:1:2: a number must not start with 0" },
		{ "-", "f:1:2: expected a digit, got the end of the text" },
		{ "+1", "f:1:1: expected a value, got '+'" },
		{ ".5", "f:1:1: expected a value, got '.'" },
		{ "1.", "f:1:3: expected a digit, got the end of the text" },
		{ "1e", "f:1:3: expected a digit, got the end of the text" },
		{ "0x10", "f:1:2: expected nothing more, got 'x'" },
		{ "[1000000000000000000000000000000000000000000000000000000000000]",
		  "f:1:2: a number is too long" },
		{ "\"a", "f:1:3: a string does not end" },
		{ "\"a\\", "f:1:4: unknown escape in a string" },
		{ "\"a\nb\"", "f:1:3: a control character in a string must be escaped" },
		{ "\"\\x41\"", "f:1:3: unknown escape in a string" },
		{ "\"\\u12\"", "f:1:3: expected four hexadecimal digits after \\u" },
		{ "\"\\u12g4\"", "f:1:3: expected four hexadecimal digits after \\u" },
		{ "\"\\u0000\"", "f:1:3: a string must not contain \\u0000" },
		{ "{\"\\u0000\":1}", "f:1:4: a string must not contain \\u0000" },
		{ "\"\\ud83d\"", "f:1:3: a high surrogate without a low one" },
		{ "\"\\ud83d\\u0041\"", "f:1:3: a high surrogate without a low one" },
		{ "\"\\ude00\"", "f:1:3: a low surrogate without a high one" },
		{ "\"\xff\"", "f:1:2: not valid UTF-8" },
		{ "\"\xc0\xaf\"", "f:1:2: not valid UTF-8" },
		{ "\"\xed\xa0\x80\"", "f:1:2: not valid UTF-8" },
		{ "[\xc2\xa0 1]", "f:1:2: expected a value, got '\xc2\xa0'" },
		{ "\v1", "f:1:1: expected a value, got '\\x0b'" },
		{ "\xef\xbb\xbf{}",
		  "f:1:1: the text starts with a byte order mark; save it without" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "f: key \"a\" is there twice" },
		{ "{\"a\":1,\"\\u0061\":3}", "f: key \"a\" is there twice" },
		{ "{\"x\":[0,{\"k\":1,\"k\":1}]}", "f: x[1]: key \"k\" is there twice" },
		{ "{\"\":1,\"\":1}", "f: key \"\" is there twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		struct json *doc = NULL;
		int r = parse(cases[i].text, strlen(cases[i].text), &doc, &err);

		if (r != -EINVAL || doc != NULL)
			fail_msg("taken: %s", cases[i].text);
		assert_string_equal(err.text, cases[i].error);
	}
}

static void test_refused_with_nul(void **state)
{
	struct error err = ERROR_INIT;
	struct json *doc = NULL;

	(void)state;
	assert_int_equal(parse("{}\0", 3, &doc, &err), -EINVAL);
	assert_string_equal(err.text, "f:1:3: expected nothing more, got '\\x00'");
	assert_int_equal(parse("\"a\0b\"", 5, &doc, &err), -EINVAL);
	assert_int_equal(parse("\"\\\0\"", 4, &doc, &err), -EINVAL);
	assert_int_equal(parse("[1\0]", 4, &doc, &err), -EINVAL);
	assert_null(doc);
}

/* Every beginning of a valid text is refused, without a read past its end. */
static void test_every_prefix(void **state)
{
	static const char text[] =
		"{\"a\\u00e9\\ud83d\\ude00\":[1,-2.5e+3,true,null,{\"b\":\"\xc3\xa9\"}]}";

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		struct json *doc = NULL;

		assert_int_equal(parse(text, len, &doc, NULL), -EINVAL);
	}
	json_free(must_parse(text));
}

/* Texts changed at random bytes: ASan and UBSan judge, and cJSON must take what the scan takes. */
static void test_changed_texts(void **state)
{
	static const char text[] = "{\"a\":[1,2,{\"b\":\"c\\n\"}],\"d\":-1.5e2,\"e\":true}";
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char changed[sizeof(text)];
		struct json *doc = NULL;
		struct error err = ERROR_INIT;
		int r;

		memcpy(changed, text, sizeof(text));
		for (int i = 0; i < 2; i++) {
			seed = seed * 1664525 + 1013904223;
			changed[(seed >> 8) % (sizeof(text) - 1)] =
				"\"{}[],:\\u0e-. \xc3\n"[seed >> 28];
		}
		r = parse(changed, sizeof(text) - 1, &doc, &err);
		if (r != 0 && r != -EINVAL)
			fail_msg("%s: %s", changed, err.text);
		json_free(doc);
	}
}

static void nest(char *out, size_t depth, const char *open, const char *close)
{
	*out = '\0';
	for (size_t i = 0; i < depth; i++)
		out = stpcpy(out, open);
	out = stpcpy(out, "1");
	for (size_t i = 0; i < depth; i++)
		out = stpcpy(out, close);
}

static void test_depth(void **state)
{
	char *text = malloc(20 * 1000 * 1000);
	struct error err = ERROR_INIT;
	struct json *doc = NULL;

	(void)state;
	nest(text, JSON_DEPTH_MAX, "[", "]");
	json_free(must_parse(text));
	nest(text, JSON_DEPTH_MAX, "{\"a\":", "}");
	json_free(must_parse(text));
	nest(text, JSON_DEPTH_MAX + 1, "[", "]");
	assert_int_equal(parse(text, strlen(text), &doc, &err), -EINVAL);
	assert_string_equal(err.text, "f:1:33: nested too deeply");
	nest(text, 1000 * 1000, "{\"a\":[", "]}");
	assert_int_equal(parse(text, strlen(text), &doc, &err), -EINVAL);
	*text = '\0';
	for (int i = 0; i < 1000; i++) /* beside, not below: not deep */
		memcpy(text + 3 * i, i == 0 ? "[[]" : ",[]", 4);
	strcpy(text + 3000, "]");
	json_free(must_parse(text));
	free(text);
}

/* A megabyte of different keys is judged in time that is not quadratic. */
static void test_many_keys(void **state)
{
	struct buf b = BUF_INIT;
	struct json *doc = NULL;
	struct error err = ERROR_INIT;
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_addf(&b, "%c\"%x\":1", i == 0 ? '{' : ',', i);
	buf_adds(&b, ",\"7\":2}");
	assert_int_equal(parse(b.data, b.len, &doc, &err), -EINVAL);
	assert_string_equal(err.text, "f: key \"7\" is there twice");
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
	buf_free(&b);
}

static void test_places(void **state)
{
	struct json *doc =
		must_parse("{\"network\":{\"allow\":[1,2,{\"port\":70000}]},\"Network\":2,"
	                   "\"\\n\\u202e\":{\"z\":1}}");
	struct json_at root = json_root("policies/web.json", doc);
	struct json_at network = json_member(&root, "network");
	struct json_at allow = json_member(&network, "allow");
	struct json_at rule = json_item(&allow, 2);
	struct json_at port = json_member(&rule, "port");
	struct json_at missing = json_member(&rule, "Port");
	struct json_at below = json_member(&missing, "x");
	struct json_at outside = json_item(&allow, 3);
	struct json_at hostile = json_nth(&root, 2);
	struct json_at none = json_nth(&root, 3);
	struct error err = ERROR_INIT;
	int64_t v = 5;

	(void)state;
	assert_int_equal(json_count(&root), 3);
	assert_int_equal(json_count(&allow), 3);
	assert_int_equal(json_count(&port), 0);
	assert_int_equal(json_count(&missing), 0);
	assert_true(json_present(&port));
	assert_false(json_present(&missing));
	assert_false(json_present(&below));
	assert_false(json_present(&outside));
	assert_false(json_present(&none));
	none = json_next(&rule);
	assert_false(json_present(&none));
	none = json_next(&none);
	assert_false(json_present(&none));
	rule = json_item(&allow, 1);
	rule = json_next(&rule);
	assert_int_equal(rule.index, 2);
	port = json_member(&rule, "port");
	assert_true(json_present(&port));
	assert_int_equal(json_int(&port, 1, 65535, &v, &err), -EINVAL);
	assert_string_equal(
		err.text, "policies/web.json: network.allow[2].port: expected 1..65535, got 70000");
	assert_int_equal(v, 5);
	assert_int_equal(json_int(&below, 1, 2, &v, &err), -EINVAL);
	assert_string_equal(
		err.text, "policies/web.json: network.allow[2].Port.x: expected 1..2, got nothing");
	json_error(&root, &err, "odd %d", 1);
	assert_string_equal(err.text, "policies/web.json: odd 1");
	json_error(&hostile, &err, "bad");
	assert_string_equal(err.text, "policies/web.json: \\n\\u202e: bad");
	assert_int_equal(json_error(&hostile, NULL, "bad"), -EINVAL);
	root = json_root(NULL, doc);
	json_error(&root, &err, "bad");
	assert_string_equal(err.text, "bad");
	json_free(doc);
}

static void check_int(const char *text, int64_t min, int64_t max, int64_t want, const char *error)
{
	struct json *doc = must_parse(text);
	struct json_at root = json_root("f", doc);
	struct error err = ERROR_INIT;
	int64_t v = 77;
	int r = json_int(&root, min, max, &v, &err);

	if (error == NULL) {
		assert_int_equal(r, 0);
		assert_true(v == want);
	} else {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(err.text, error);
		assert_int_equal(v, 77);
	}
	json_free(doc);
}

static void test_int(void **state)
{
	(void)state;
	check_int("0", 0, 0, 0, NULL);
	check_int("-5", -5, 5, -5, NULL);
	check_int("1e3", 0, 5000, 1000, NULL);
	check_int("2.0", 0, 5, 2, NULL);
	check_int("9007199254740991", INT64_MIN, INT64_MAX, 9007199254740991, NULL);
	check_int("9007199254740993", INT64_MIN, INT64_MAX, 0,
	          "f: expected a whole number, got 9.0072e+15");
	check_int("1e999", 0, INT64_MAX, 0, "f: expected a whole number from 0 up, got inf");
	check_int("-1e999", INT64_MIN, INT64_MAX, 0, "f: expected a whole number, got -inf");
	check_int("9223372036854775808", 0, INT64_MAX, 0,
	          "f: expected a whole number from 0 up, got 9.22337e+18");
	check_int("1.5", 0, 5, 0, "f: expected 0..5, got 1.5");
	check_int("-1", 0, 5, 0, "f: expected 0..5, got -1");
	check_int("6", 0, 5, 0, "f: expected 0..5, got 6");
	check_int("\"3\"", 0, 5, 0, "f: expected 0..5, got \"3\"");
	check_int("true", 0, 5, 0, "f: expected 0..5, got true");
	check_int("null", 0, 5, 0, "f: expected 0..5, got null");
	check_int("[3]", 0, 5, 0, "f: expected 0..5, got an array");
}

static void test_other_readers(void **state)
{
	static const char *const modes[] = { "ro", "rw", "cow", NULL };
	struct json *doc =
		must_parse("{\"s\":\"a\\u00e9\",\"b\":true,\"d\":1.25,\"o\":{},\"m\":\"rw\","
	                   "\"long\":\"0123456789012345678901234567890123456789+\",\"inf\":1e400}");
	struct json_at root = json_root("f", doc);
	struct json_at s = json_member(&root, "s");
	struct json_at b = json_member(&root, "b");
	struct json_at d = json_member(&root, "d");
	struct json_at o = json_member(&root, "o");
	struct json_at m = json_member(&root, "m");
	struct json_at l = json_member(&root, "long");
	struct json_at inf = json_member(&root, "inf");
	struct error err = ERROR_INIT;
	const char *text = NULL;
	bool flag = false;
	double v = 0;
	int i = -1;

	(void)state;
	assert_int_equal(json_string(&s, &text, &err), 0);
	assert_string_equal(text, "a\xc3\xa9");
	assert_int_equal(json_string(&b, &text, &err), -EINVAL);
	assert_string_equal(err.text, "f: b: expected a string, got true");
	assert_int_equal(json_bool(&b, &flag, &err), 0);
	assert_true(flag);
	assert_int_equal(json_bool(&l, &flag, &err), -EINVAL);
	assert_string_equal(err.text, "f: long: expected true or false, "
	                              "got \"0123456789012345678901234567890123456789...\"");
	assert_int_equal(json_double(&d, 0.1, 64, &v, &err), 0);
	assert_true(v == 1.25);
	assert_int_equal(json_double(&d, 1.5, 64, &v, &err), -EINVAL);
	assert_string_equal(err.text, "f: d: expected 1.5..64, got 1.25");
	assert_int_equal(json_double(&inf, 0, HUGE_VAL, &v, &err), -EINVAL);
	assert_int_equal(json_double(&o, 0, 1, &v, &err), -EINVAL);
	assert_string_equal(err.text, "f: o: expected 0..1, got an object");
	assert_int_equal(json_enum(&m, modes, &i, &err), 0);
	assert_int_equal(i, 1);
	assert_int_equal(json_enum(&s, modes, &i, &err), -EINVAL);
	assert_string_equal(err.text,
	                    "f: s: expected \"ro\", \"rw\" or \"cow\", got \"a\xc3\xa9\"");
	assert_int_equal(json_expect(&o, JSON_ARRAY, &err), -EINVAL);
	assert_string_equal(err.text, "f: o: expected an array, got an object");
	json_free(doc);
}

static void test_only_keys(void **state)
{
	static const char *const names[] = { "memory", "cpus", "pids", NULL };
	struct json *doc = must_parse(
		"{\"limits\":{\"cpus\":1,\"memry\":2},\"x\":{\"\\u001b[2J\":1},\"a\":[]}");
	struct json_at root = json_root("p.json", doc);
	struct json_at limits = json_member(&root, "limits");
	struct json_at x = json_member(&root, "x");
	struct json_at a = json_member(&root, "a");
	static const char *const all[] = { "cpus", "memry", NULL };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(json_only_keys(&limits, names, &err), -EINVAL);
	assert_string_equal(err.text,
	                    "p.json: limits: unknown key \"memry\"; did you mean \"memory\"?");
	assert_int_equal(json_only_keys(&limits, all, &err), 0);
	assert_int_equal(json_only_keys(&x, names, &err), -EINVAL);
	assert_string_equal(err.text, "p.json: x: unknown key \"\\e[2J\"");
	assert_int_equal(json_only_keys(&a, names, &err), -EINVAL);
	assert_string_equal(err.text, "p.json: a: expected an object, got an array");
	json_free(doc);
}

static void test_writer(void **state)
{
	struct buf b = BUF_INIT;
	struct json_writer w = json_writer(&b);

	(void)state;
	json_put_object(&w, NULL);
	json_put_string(&w, "s", "q\"\\\n\t\r\x01\x7f/\xc3\xa9\xff");
	json_put_string(&w, "n", NULL);
	json_put_bytes(&w, "z", "a\0b", 3);
	json_put_int(&w, "i", INT64_MIN);
	json_put_uint(&w, "u", UINT64_MAX);
	json_put_array(&w, "a");
	json_put_bool(&w, NULL, true);
	json_put_bool(&w, NULL, false);
	json_put_object(&w, NULL);
	json_put_end(&w, '}');
	json_put_array(&w, NULL);
	json_put_end(&w, ']');
	json_put_end(&w, ']');
	json_put_time(&w, "t", 1795888922123456789);
	json_put_time(&w, "t0", 0);
	json_put_raw(&w, "r", "[1]");
	json_put_raw(&w, "r0", NULL);
	json_put_end(&w, '}');
	assert_false(b.failed);
	assert_string_equal(
		buf_str(&b),
		"{\"s\":\"q\\\"\\\\\\n\\t\\r\\u0001\\u007f/\xc3\xa9\xef\xbf\xbd\",\"n\":null,"
		"\"z\":\"a\xef\xbf\xbd"
		"b\",\"i\":-9223372036854775808,"
		"\"u\":18446744073709551615,\"a\":[true,false,{},[]],"
		"\"t\":\"2026-11-28T18:02:02.123Z\",\"t0\":null,\"r\":[1],\"r0\":null}");
	json_free(must_parse(b.data));
	buf_free(&b);
}

static void check_double(double v, int decimals, const char *want)
{
	struct buf b = BUF_INIT;
	struct json_writer w = json_writer(&b);

	json_put_double(&w, NULL, v, decimals);
	assert_string_equal(buf_str(&b), want);
	json_free(must_parse(buf_str(&b)));
	buf_free(&b);
}

static void test_write_double(void **state)
{
	(void)state;
	check_double(0, 1, "0.0");
	check_double(1.5, 2, "1.50");
	check_double(-1.25, 1, "-1.3");
	check_double(-0.001, 2, "0.00");
	check_double(99.999, 2, "100.00");
	check_double(7.6, 0, "8");
	check_double(0.1, 20, "0.100000000");
	check_double(1e17, 2, "100000000000000000");
	check_double(HUGE_VAL, 2, "null");
	check_double(-HUGE_VAL, 2, "null");
	check_double(NAN, 2, "null");
	check_double(1.5, -3, "2");
}

static void test_writer_mistakes(void **state)
{
	struct buf b = BUF_INIT;
	struct json_writer w = json_writer(&b);

	(void)state;
	for (int i = 0; i < JSON_WRITE_DEPTH - 1; i++)
		json_put_array(&w, NULL);
	assert_false(b.failed);
	json_put_array(&w, NULL);
	assert_true(b.failed);
	buf_free(&b);
	w = json_writer(&b);
	json_put_end(&w, ']');
	assert_true(b.failed);
	buf_free(&b);
}

/* In a locale with a decimal comma the bytes stay the same, and are read the same. */
static void test_locale(void **state)
{
	struct json *doc;
	struct json_at root;
	struct error err = ERROR_INIT;
	double v = 0;

	(void)state;
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL &&
	    setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL) {
		print_message("no locale with a decimal comma is installed\n");
		skip();
	}
	check_double(1.5, 2, "1.50");
	doc = must_parse("1.25");
	root = json_root("f", doc);
	assert_int_equal(json_double(&root, 0, 2, &v, NULL), 0);
	assert_true(v == 1.25);
	assert_int_equal(json_double(&root, 1.5, 2, &v, &err), -EINVAL);
	assert_string_equal(err.text, "f: expected 1.5..2, got 1.25");
	json_free(doc);
	setlocale(LC_NUMERIC, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),         cmocka_unit_test(test_refused_with_nul),
		cmocka_unit_test(test_every_prefix),    cmocka_unit_test(test_changed_texts),
		cmocka_unit_test(test_depth),           cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_places),          cmocka_unit_test(test_int),
		cmocka_unit_test(test_other_readers),   cmocka_unit_test(test_only_keys),
		cmocka_unit_test(test_writer),          cmocka_unit_test(test_write_double),
		cmocka_unit_test(test_writer_mistakes), cmocka_unit_test(test_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
