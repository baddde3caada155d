/*
 * test_tui_theme.c: theme files: the shipped ones, bad ones with their place, and when no colour is
 * wanted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/theme.h"

static int parse(const char *text, struct theme *t, struct error *err)
{
	return theme_parse("t.json", text, strlen(text), t, err);
}

static void test_shipped(void **state)
{
	struct theme_list list;
	struct error err = ERROR_INIT;
	struct theme t;

	(void)state;
	theme_names(&list);
	assert_int_equal(list.n, 2);
	for (int i = 0; i < list.n; i++) {
		if (theme_load(list.names[i], &t, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(t.name, list.names[i]);
	}
	assert_int_equal(theme_load("dark", &t, &err), 0);
	assert_true(t.looks[ROLE_ALERT].bg >= 0);
	assert_true((t.looks[ROLE_SELECTED].mono & THEME_REVERSE) != 0);
	assert_int_equal(theme_load("mono", &t, &err), 0);
	for (int i = 0; i < ROLE_COUNT; i++)
		assert_true(t.looks[i].fg == -1 && t.looks[i].bg == -1);
}

static void test_builtin_is_the_shipped_mono(void **state)
{
	struct error err = ERROR_INIT;
	struct theme a;
	struct theme b;

	(void)state;
	theme_builtin(&a);
	assert_int_equal(theme_load("mono", &b, &err), 0);
	for (int i = 0; i < ROLE_COUNT; i++)
		assert_int_equal(a.looks[i].mono, b.looks[i].mono);
}

static void test_no_such_theme(void **state)
{
	struct error err = ERROR_INIT;
	struct theme t = { .name = "kept" };

	(void)state;
	assert_int_equal(theme_load("nope", &t, &err), -ENOENT);
	assert_string_equal(err.text, "no such theme: nope");
	assert_string_equal(err.hint, "themes: dark, mono");
	assert_int_equal(theme_load("../dark", &t, &err), -ENOENT);
	assert_int_equal(theme_load("", &t, &err), -ENOENT);
	assert_string_equal(t.name, "kept");
}

static void test_bad_files(void **state)
{
	static const struct {
		const char *text, *place;
	} bad[] = {
		{ "{", "t.json" },
		{ "[]", "object" },
		{ "{\"name\":\"x\",\"roles\":{},\"extra\":1}", "extra" },
		{ "{\"roles\":{}}", "name" },
		{ "{\"name\":\"\",\"roles\":{}}", "name" },
		{ "{\"name\":\"x\",\"roles\":{\"txt\":{}}}", "roles: unknown key \"txt\"" },
		{ "{\"name\":\"x\",\"roles\":{\"text\":{\"fgg\":1}}}",
		  "roles.text: unknown key \"fgg\"" },
		{ "{\"name\":\"x\",\"roles\":{\"text\":{\"fg\":256}}}", "roles.text.fg" },
		{ "{\"name\":\"x\",\"roles\":{\"text\":{\"fg\":\"mauve\"}}}", "roles.text.fg" },
		{ "{\"name\":\"x\",\"roles\":{\"text\":{\"fg16\":7}}}", "roles.text.fg16" },
		{ "{\"name\":\"x\",\"roles\":{\"text\":{\"bold\":1}}}", "roles.text.bold" },
		{ "{\"name\":\"x\",\"roles\":{\"text\":{\"mono\":[\"blink\"]}}}",
		  "roles.text.mono[0]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;
		struct theme t = { .name = "kept" };

		assert_true(parse(bad[i].text, &t, &err) < 0);
		if (strstr(err.text, "t.json") == NULL || strstr(err.text, bad[i].place) == NULL)
			fail_msg("%s: %s", bad[i].text, err.text);
		assert_string_equal(t.name, "kept");
	}
}

static void test_looks(void **state)
{
	struct error err = ERROR_INIT;
	struct theme t;

	(void)state;
	assert_int_equal(parse("{\"name\":\"x\",\"roles\":{\"text\":{\"fg\":3},\"key\":{\"fg\":200,"
	                       "\"bold\":true,"
	                       "\"fg16\":\"bright-red\",\"bg\":\"default\",\"mono\":[\"reverse\","
	                       "\"bold\"]}}}",
	                       &t, &err),
	                 0);
	assert_int_equal(t.looks[ROLE_KEY].fg, 200);
	assert_int_equal(t.looks[ROLE_KEY].fg16, 9);
	assert_int_equal(t.looks[ROLE_KEY].bg, -1);
	assert_int_equal(t.looks[ROLE_KEY].attributes, THEME_BOLD);
	assert_int_equal(t.looks[ROLE_KEY].mono, THEME_BOLD | THEME_REVERSE);
	/* A role that is left out looks like text; a small colour serves both. */
	assert_int_equal(t.looks[ROLE_ALERT].fg, 3);
	assert_int_equal(t.looks[ROLE_ALERT].fg16, 3);
}

static void test_no_colour_wanted(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_false(theme_wants_mono());
	setenv("NO_COLOR", "", 1);
	assert_false(theme_wants_mono());
	setenv("NO_COLOR", "1", 1);
	assert_true(theme_wants_mono());
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_true(theme_wants_mono());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_builtin_is_the_shipped_mono),
		cmocka_unit_test(test_no_such_theme),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_no_colour_wanted),
	};

	setenv("WARDER_THEME_DIR", "themes", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
