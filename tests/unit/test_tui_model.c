/*
 * test_tui_model.c: which sessions the list shows, in which order, and whose the cursor and the
 * marks are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/demo.h"
#include "tui/model.h"
#include "tui/words.h"

struct place {
	struct source *source;
	struct model m;
};

static void open_place(struct place *p)
{
	struct demo_options o = { .seed = 1, .clock = "12:00:00" };
	struct error err = ERROR_INIT;

	assert_int_equal(source_demo(&o, &p->source, &err), 0);
	model_init(&p->m, p->source);
	p->source->clocks(p->source, &p->m.now, &p->m.wall);
	assert_int_equal(model_build(&p->m), 0);
}

static void close_place(struct place *p)
{
	model_free(&p->m);
	p->source->close(p->source);
}

/* The i'th session of the source, to be changed by a test. */
static struct session_view *session(struct place *p, int i)
{
	return (struct session_view *)(uintptr_t)p->source->at(p->source, i);
}

static void filter(struct place *p, const char *text)
{
	struct error err = ERROR_INIT;

	assert_int_equal(filter_parse(text, &p->m.filter, &err), 0);
	assert_int_equal(model_build(&p->m), 0);
}

static void test_filters(void **state)
{
	static const struct {
		const char *text;
		int shown;
	} cases[] = {
		{ "", 10 },
		{ "user=bob", 2 },
		{ "!user=bob", 8 },
		{ "user!=bob", 8 },
		{ "BOB", 2 },
		{ "claude", 2 },
		{ "!claude", 8 },
		{ "state=paused", 1 },
		{ "cpu>50", 1 },
		{ "cpu<5", 3 },
		{ "mem>1g", 3 },
		{ "pids>20 user=dave", 1 },
		{ "age>1h", 1 },
		{ "age>30m state=killed", 0 },
		{ "age>9m state=killed", 2 },
		{ "name=kernel", 1 },
		{ "policy=strict", 1 },
		{ "memory", 1 },
		{ "cmd=make", 1 },
		{ "zebra", 0 },
		{ "state=exited", 2 },
		{ "claude --resume", 1 },
	};
	struct place p;

	(void)state;
	open_place(&p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		filter(&p, cases[i].text);
		if (p.m.shown != cases[i].shown)
			fail_msg("%s: %d shown, not %d", cases[i].text, p.m.shown, cases[i].shown);
	}
	close_place(&p);
}

static void test_bad_filters(void **state)
{
	static const char *const bad[] = {
		"cpu>", "cpu>x", "user>bob", "mem>1q", "user=", "!", "a b c d e f g h i j k l m"
	};
	struct filter f = { .n = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = ERROR_INIT;

		assert_true(filter_parse(bad[i], &f, &err) < 0);
		assert_true(err.text[0] != '\0');
	}
	assert_int_equal(f.n, 7);
}

static void test_sorting(void **state)
{
	struct place p;

	(void)state;
	open_place(&p);
	p.m.sort = COLUMN_CPU;
	model_build(&p.m);
	for (int i = 1; i < p.m.n; i++)
		assert_true(words_cpu(p.m.rows[i - 1].view) >= words_cpu(p.m.rows[i].view));
	p.m.inverted = true;
	model_build(&p.m);
	for (int i = 1; i < p.m.n; i++)
		assert_true(words_cpu(p.m.rows[i - 1].view) <= words_cpu(p.m.rows[i].view));
	p.m.inverted = false;
	p.m.sort = COLUMN_USER;
	model_build(&p.m);
	assert_string_equal(p.m.rows[0].user, "alice");
	assert_string_equal(p.m.rows[9].user, "erin");
	/* Every column is a total order: the same again. */
	for (int c = 0; c < COLUMN_COUNT; c++) {
		char first[SOURCE_ID];

		p.m.sort = (enum column)c;
		model_build(&p.m);
		memcpy(first, p.m.rows[0].view->id, SOURCE_ID);
		model_build(&p.m);
		assert_string_equal(first, p.m.rows[0].view->id);
	}
	close_place(&p);
}

static void test_attention(void **state)
{
	struct place p;
	struct session_view *quiet;

	(void)state;
	open_place(&p);
	for (int i = 1; i < p.m.n; i++)
		assert_true(session_state_live(p.m.rows[i - 1].view->state) ||
		            !session_state_live(p.m.rows[i].view->state));
	/* A supervisor that says nothing any more comes first. */
	quiet = session(&p, 1);
	quiet->board.updated = p.m.now - 10 * NS_PER_SEC;
	model_build(&p.m);
	assert_string_equal(p.m.rows[0].view->id, quiet->id);
	close_place(&p);
}

static void test_groups(void **state)
{
	struct place p;
	int headings = 0;
	int sessions = 0;

	(void)state;
	open_place(&p);
	p.m.grouped = true;
	model_build(&p.m);
	assert_int_equal(p.m.n, 15);
	for (int i = 0; i < p.m.n; i++) {
		if (p.m.rows[i].view == NULL) {
			headings++;
			sessions += p.m.rows[i].sessions;
		} else {
			assert_string_equal(p.m.rows[i].user, p.m.rows[i].view->record->user);
		}
	}
	assert_int_equal(headings, 5);
	assert_int_equal(sessions, 10);
	/* The cursor passes over headings and stays inside. */
	for (int i = 0; i < 40; i++) {
		model_move(&p.m, i < 20 ? 1 : -1);
		assert_non_null(model_selected(&p.m));
	}
	model_scroll(&p.m, 4);
	assert_int_equal(p.m.top, 0); /* with its heading */
	close_place(&p);
}

static void test_cursor_is_an_identity(void **state)
{
	struct place p;
	char id[SOURCE_ID];

	(void)state;
	open_place(&p);
	model_move(&p.m, 2);
	memcpy(id, p.m.selected, sizeof(id));
	p.m.inverted = true;
	model_build(&p.m);
	assert_string_equal(p.m.selected, id);
	assert_string_equal(model_selected(&p.m)->id, id);
	assert_int_equal(p.m.slipped, 0);
	/* Not following: the line stays, another session comes under the cursor, and that is
	 * noted. */
	p.m.follow = false;
	p.m.inverted = false;
	model_build(&p.m);
	assert_string_not_equal(p.m.selected, id);
	assert_true(p.m.slipped == p.m.now);
	model_move(&p.m, 1);
	assert_int_equal(p.m.slipped, 0);
	close_place(&p);
}

static void test_cursor_when_its_session_goes(void **state)
{
	struct place p;
	char id[SOURCE_ID];

	(void)state;
	open_place(&p);
	model_move(&p.m, 100);
	memcpy(id, p.m.selected, sizeof(id));
	id_set_add(&p.m.dismissed, id);
	model_build(&p.m);
	assert_int_equal(p.m.shown, 9);
	assert_non_null(model_selected(&p.m));
	assert_string_not_equal(p.m.selected, id);
	assert_true(p.m.slipped != 0);
	filter(&p, "zebra");
	assert_null(model_selected(&p.m));
	filter(&p, "");
	assert_non_null(model_selected(&p.m));
	close_place(&p);
}

static void test_ended_and_users(void **state)
{
	struct place p;

	(void)state;
	open_place(&p);
	p.m.show_ended = false;
	model_build(&p.m);
	assert_int_equal(p.m.shown, 5);
	assert_int_equal(p.m.hidden_ended, 5);
	strcpy(p.m.only_user, "alice");
	model_build(&p.m);
	assert_int_equal(p.m.shown, 2);
	assert_int_equal(p.m.totals.live, 2);
	close_place(&p);
}

static void test_news(void **state)
{
	struct place p;
	struct session_view *v;

	(void)state;
	open_place(&p);
	assert_string_equal(p.m.news, "");
	v = session(&p, 0);
	v->state = SESSION_KILLED;
	v->live = false;
	model_build(&p.m);
	assert_string_equal(p.m.news_id, v->id);
	assert_non_null(strstr(p.m.news, "alice"));
	model_build(&p.m);
	assert_string_equal(p.m.news, "");
	close_place(&p);
}

static void test_scroll_keeps_the_cursor_in_sight(void **state)
{
	struct place p;

	(void)state;
	open_place(&p);
	for (int lines = 1; lines < 15; lines++) {
		for (int i = 0; i < 25; i++) {
			model_move(&p.m, i < 12 ? 1 : -1);
			model_scroll(&p.m, lines);
			assert_true(p.m.cursor >= p.m.top && p.m.cursor < p.m.top + lines);
			assert_true(p.m.top >= 0 && (p.m.top == 0 || p.m.top + lines <= p.m.n));
		}
	}
	close_place(&p);
}

static void test_id_sets(void **state)
{
	struct id_set s = { .n = 0 };
	char id[SOURCE_ID];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "%012d", i % 50);
		assert_int_equal(id_set_add(&s, id), 0);
	}
	assert_int_equal(s.n, 50);
	id_set_remove(&s, "000000000007");
	id_set_remove(&s, "nothing");
	assert_int_equal(s.n, 49);
	assert_false(id_set_has(&s, "000000000007"));
	assert_true(id_set_has(&s, "000000000049"));
	id_set_clear(&s);
	assert_false(id_set_has(&s, "000000000049"));
	free(s.ids);
}

static void test_state_words(void **state)
{
	static const struct {
		int i;
		const char *words, *brief;
	} want[] = {
		{ 0, "running", "running" },          { 2, "paused", "paused" },
		{ 5, "out of memory", "OOM killed" }, { 6, "exit 1", "exit 1" },
		{ 7, "killed by root", "killed" },    { 8, "timed out", "timed out" },
	};
	struct place p;

	(void)state;
	open_place(&p);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char text[64];

		words_state(session(&p, want[i].i), p.m.now, false, text, sizeof(text));
		assert_string_equal(text, want[i].words);
		words_state(session(&p, want[i].i), p.m.now, true, text, sizeof(text));
		assert_string_equal(text, want[i].brief);
		assert_true(strlen(text) <= 10);
	}
	assert_true(words_failed(session(&p, 5)) && words_failed(session(&p, 6)));
	assert_true(words_failed(session(&p, 8)));
	assert_false(words_failed(session(&p, 7)) || words_failed(session(&p, 9)));
	close_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_bad_filters),
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_attention),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_cursor_is_an_identity),
		cmocka_unit_test(test_cursor_when_its_session_goes),
		cmocka_unit_test(test_ended_and_users),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_scroll_keeps_the_cursor_in_sight),
		cmocka_unit_test(test_id_sets),
		cmocka_unit_test(test_state_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
