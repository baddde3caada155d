/*
 * test_tui_launch.c: launching from the form (what is refused keeps it), the mouse, and what the
 * list and the detail sheet show first.
 */
#include "tests/unit/app_box.h"

static void test_launch(void **state)
{
	(void)state;
	keys("n<C-s>");
	assert_int_equal(seen.n, 0);
	assert_true(shows("not launched: Command"));
	assert_true(app.form.focus == FORM_COMMAND);
	/* Refused: the form is as it was, and says why. */
	keys("make -j8<Tab><Tab><Tab>job<C-s>");
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.kind, ORDER_LAUNCH);
	assert_int_equal(app.screen, SCREEN_LAUNCH);
	assert_true(shows("not launched: these sessions are made up"));
	assert_true(shows("make -j8"));
	assert_string_equal(app.form.texts[FORM_NAME].text, "job");
	keys("<Tab><Tab><Tab><Tab>9zz<Tab><C-s>");
	assert_int_equal(seen.n, 1);
	assert_int_equal(app.form.focus, FORM_MEMORY);
}

static struct outcome answer; /* what the source says next */
static bool has_answer;

static bool next_answer(struct source *s, struct outcome *ret)
{
	(void)s;
	*ret = answer;
	return has_answer && !(has_answer = false);
}

static void test_launched(void **state)
{
	(void)state;
	source->outcome = next_answer;
	keys("nmake<C-s>");
	assert_int_equal(app.screen, SCREEN_LAUNCH);
	assert_true(shows("launching"));
	keys("<C-s>");
	assert_int_equal(seen.n, 1); /* once */
	answer = (struct outcome){ .kind = ORDER_LAUNCH, .done = 1 };
	snprintf(answer.id, sizeof(answer.id), "%s", source->at(source, 3)->id);
	has_answer = true;
	app_outcomes(&app);
	assert_int_equal(app.screen, SCREEN_LIST);
	assert_string_equal(app.model.selected, answer.id);
	/* One that left its form does not close the next. */
	keys("nmake<C-s><Esc>nother");
	has_answer = true;
	app_outcomes(&app);
	assert_int_equal(app.screen, SCREEN_LAUNCH);
}

/* A reason is read whole, not cut at the edge. */
static void test_long_refusal(void **state)
{
	(void)state;
	source->outcome = next_answer;
	keys("nmake<C-s>");
	answer = (struct outcome){ .kind = ORDER_LAUNCH, .failed = 1 };
	snprintf(answer.text, sizeof(answer.text),
	         "mount /home/alice/.ssh: it holds keys that open other machines, and an agent "
	         "could read them; --allow-risky /home/alice/.ssh mounts it nonetheless");
	has_answer = true;
	app_outcomes(&app);
	assert_int_equal(app_draw(&app, &grid), 0);
	assert_true(shows("nonetheless"));
	assert_true(shows("make"));
}

static void test_the_same_again(void **state)
{
	(void)state;
	keys("/user=alice<Enter>N");
	assert_int_equal(app.screen, SCREEN_LAUNCH);
	assert_string_equal(app.form.texts[FORM_PROJECT].text, "/srv/ws/app");
	assert_true(app.form.texts[FORM_COMMAND].len > 0);
	app.read_only = true;
	keys("<Esc>N");
	assert_int_equal(app.screen, SCREEN_LIST);
}

static void test_mouse(void **state)
{
	int y;

	(void)state;
	keys("<C-l>");
	y = app.drawn.body.y;
	app_mouse(&app, MOUSE_CLICK, 10, y + 2);
	assert_int_equal(app.model.cursor, 2);
	assert_int_equal(app.screen, SCREEN_LIST);
	app_mouse(&app, MOUSE_CLICK, 10, y + 1);
	app_mouse(&app, MOUSE_CLICK, 10, y + 1);
	assert_int_equal(app.screen, SCREEN_DETAIL);
	keys("<Esc>");
	app_mouse(&app, MOUSE_UP, 0, 0);
	assert_int_equal(app.model.cursor, 0);
	app_mouse(&app, MOUSE_CLICK, app.columns.x[LIST_USER], app.drawn.heading.y);
	assert_int_equal(app.model.sort, COLUMN_USER);
	app_mouse(&app, MOUSE_CLICK, app.columns.x[LIST_USER], app.drawn.heading.y);
	assert_true(app.model.inverted);
	/* It neither confirms nor leaves a dialog. */
	keys("x");
	for (int i = 0; i < app.h; i++) {
		app_mouse(&app, MOUSE_CLICK, 30, i);
		app_mouse(&app, MOUSE_DOWN, 30, i);
	}
	assert_int_equal(app.dialog.kind, DIALOG_STOP);
	assert_int_equal(app.dialog.at, 0);
	assert_int_equal(seen.n, 0);
	keys("<Esc>m");
	assert_false(app.mouse);
}

static void test_names_are_seen(void **state)
{
	(void)state;
	assert_true(shows("checkout"));
	app_resize(&app, 120, 24);
	assert_true(shows("checkout-fix"));
	assert_false(shows("agent-"));
}

static void test_newest_record_first(void **state)
{
	struct buf out = BUF_INIT;
	const char *newest;

	(void)state;
	app_resize(&app, 80, 40);
	keys("<Enter>");
	grid_dump(&grid, &out);
	newest = strstr(buf_str(&out), "signal TERM by root");
	assert_non_null(newest);
	assert_non_null(strstr(newest, "attach by root"));
	buf_free(&out);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_launch),
		T(test_launched),
		T(test_long_refusal),
		T(test_the_same_again),
		T(test_mouse),
		T(test_names_are_seen),
		T(test_newest_record_first),
	};

	setenv("WARDER_THEME_DIR", "themes", 1);
	setenv("TERM", "xterm-256color", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
