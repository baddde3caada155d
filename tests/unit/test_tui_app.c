/*
 * test_tui_app.c: what keys do. Above all: nothing ends without a dialog that opened on Cancel,
 * orders carry the identities that were shown, read-only refuses every change, a paste is no keys.
 * And a fuzzer of keys, pastes and sizes.
 */
#include "tests/unit/app_box.h"

static struct session_view *session(int i)
{
	return (struct session_view *)(uintptr_t)source->at(source, i);
}

static void test_dialogs_open_on_cancel(void **state)
{
	(void)state;
	keys("x<Enter>");
	assert_int_equal(app.dialog.kind, DIALOG_NONE);
	keys("X<Enter>");
	keys("<F9><Esc>Xqx<Esc>");
	keys("XX");
	assert_int_equal(app.dialog.kind, DIALOG_KILL);
	keys("x<Space>y<Enter>");
	assert_int_equal(seen.n, 0);
}

static void test_stop_goes_to_the_one_that_was_named(void **state)
{
	char id[SOURCE_ID];

	(void)state;
	keys("jj");
	memcpy(id, app.model.selected, sizeof(id));
	keys("x");
	assert_true(shows(id));
	assert_true(shows("started"));
	/* The list stands still; keys of the list mean nothing; then the order goes to that id. */
	keys("<tick><tick>GI");
	assert_string_equal(app.model.selected, id);
	keys("t");
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.kind, ORDER_STOP);
	assert_string_equal(seen.first, id);
	assert_true(shows("stopped"));
}

static void test_kill_needs_its_second_key(void **state)
{
	(void)state;
	keys("Xk");
	assert_int_equal(seen.n, 0);
	keys("K");
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.kind, ORDER_KILL);
	/* By the arrow it takes two keys as well. */
	keys("gX<Down><Enter>");
	assert_int_equal(seen.n, 2);
}

static void test_marked_ones(void **state)
{
	(void)state;
	keys("<Space><Space>x");
	assert_true(shows("Stop 2 sessions?"));
	keys("p");
	assert_int_equal(seen.kind, ORDER_PAUSE);
	assert_int_equal(seen.targets, 2);
	keys("p");
	assert_int_equal(seen.kind, ORDER_RESUME);
	assert_int_equal(seen.targets, 2);
	keys("U*");
	assert_int_equal(app.model.marks.n, 10);
	keys("x");
	assert_true(shows("Stop 5 sessions?")); /* those that live */
	keys("<Esc><Esc><Esc>");
	assert_int_equal(app.model.marks.n, 0);
	keys("g<Space>jjj<C-Space>");
	assert_int_equal(app.model.marks.n, 5);
}

static void test_other_signals(void **state)
{
	(void)state;
	keys("xs<Enter>");
	assert_int_equal(seen.n, 0);
	keys("xsh");
	assert_int_equal(seen.kind, ORDER_SIGNAL);
	assert_int_equal(seen.signal, 1);
}

static void test_ended_ones_cannot_be_stopped(void **state)
{
	(void)state;
	keys("Gx");
	assert_int_equal(app.dialog.kind, DIALOG_NONE);
	assert_true(shows("nothing runs there"));
	keys("pXa");
	assert_int_equal(seen.n, 0);
	assert_int_equal(app.wish, WISH_NOTHING);
	keys("<Del>");
	assert_int_equal(app.model.shown, 9);
	keys("g<Del>");
	assert_int_equal(app.model.shown, 9);
}

static void test_read_only(void **state)
{
	(void)state;
	keys("R");
	for (size_t i = 0; i < key_table_length; i++) {
		if (!key_table[i].changes)
			continue;
		app_key(&app, key_table[i].keys[0]);
		assert_int_equal(app.dialog.kind, DIALOG_NONE);
		assert_int_equal(app.screen, SCREEN_LIST);
		assert_true(shows("read-only"));
	}
	keys(":stop<Enter>:panic<Enter>:new<Enter>");
	assert_int_equal(app.screen, SCREEN_LIST);
	assert_int_equal(app.dialog.kind, DIALOG_NONE);
	assert_int_equal(seen.n, 0);
	/* Back needs a prompt that opens on staying so. */
	keys("R<Enter>");
	assert_true(app.read_only);
	keys("Ry");
	assert_false(app.read_only);
	app.read_only = app.read_only_forced = true;
	keys("Ry");
	assert_true(app.read_only);
}

static void test_panic(void **state)
{
	(void)state;
	keys("!");
	assert_int_equal(seen.kind, ORDER_PAUSE);
	assert_int_equal(seen.targets, 4);
	assert_true(shows("5 of 5 live sessions are frozen"));
	keys("kill 4<Enter>");
	assert_true(shows("nothing was killed"));
	assert_int_equal(seen.n, 1);
	keys("<C-u>r");
	assert_int_equal(seen.kind, ORDER_RESUME);
	assert_int_equal(seen.targets, 4); /* not the one that had been paused before */
	keys("!f!kill 5<Enter>");
	assert_int_equal(seen.kind, ORDER_KILL);
	assert_int_equal(seen.targets, 5);
	keys("!");
	assert_true(shows("no session is running"));
}

static void test_panic_sees_through_filters(void **state)
{
	(void)state;
	keys("/user=bob<Enter>!");
	assert_int_equal(seen.targets, 4);
	/* What the operator's own key brought under the cursor is no surprise. */
	keys("f<Esc><Esc>/user=alice<Enter>p");
	assert_int_equal(seen.n, 2);
}

static void test_nothing_quits_by_accident(void **state)
{
	(void)state;
	keys("<C-c><C-c><C-d><Esc><Esc>");
	assert_int_equal(app.wish, WISH_NOTHING);
	assert_true(shows("warder"));
	keys("<Enter>q");
	assert_int_equal(app.wish, WISH_NOTHING);
	keys("?q<C-c>");
	assert_int_equal(app.wish, WISH_NOTHING);
	assert_true(shows("q quits, sandboxes keep running"));
	keys("q");
	assert_int_equal(app.wish, WISH_QUIT);
}

static void test_the_line_that_slipped(void **state)
{
	(void)state;
	keys("F");
	/* Another session comes under the cursor by itself: the first p is not obeyed. */
	session(1)->board.updated -= 10 * NS_PER_SEC;
	app_rebuild(&app);
	assert_true(app.model.slipped != 0);
	keys("p");
	assert_int_equal(seen.n, 0);
	assert_true(shows("has just changed"));
	keys("p");
	assert_int_equal(seen.n, 1);
}

static void paste(const char *text)
{
	app_paste(&app, true);
	for (; *text != '\0'; text++)
		app_key(&app, (unsigned char)*text);
	app_paste(&app, false);
}

static void test_paste(void **state)
{
	(void)state;
	paste("!xKq:quit\r");
	assert_int_equal(seen.n, 0);
	assert_int_equal(app.wish, WISH_NOTHING);
	assert_int_equal(app.dialog.kind, DIALOG_NONE);
	keys("X");
	paste("K\r");
	assert_int_equal(seen.n, 0);
	keys("<Esc>!");
	paste("kill 5\r");
	assert_int_equal(seen.n, 1);
	assert_string_equal(app.dialog.typed.text, "");
	keys("r/");
	paste("user=\nbob\033[\r");
	assert_string_equal(app.input.text, "user= bob[ ");
	keys("<Esc>n");
	paste("make -j8\r");
	assert_int_equal(app.screen, SCREEN_LAUNCH);
	assert_string_equal(app.form.texts[FORM_COMMAND].text, "make -j8 ");
	/* A paste whose end never came is over with the next second. */
	app_paste(&app, true);
	keys("<tick><Esc>");
	assert_int_equal(app.screen, SCREEN_LIST);
}

static void test_filter_line(void **state)
{
	(void)state;
	keys("/bob");
	assert_int_equal(app.model.shown, 2);
	keys("<Esc>");
	assert_int_equal(app.model.shown, 10);
	keys("/bob<Enter>/<C-u>!<Enter>");
	assert_true(shows("a value is missing"));
	keys("<Esc><Esc>");
	assert_int_equal(app.model.shown, 10);
	keys("/zebra<Enter>");
	assert_true(shows("Nothing matches the filter"));
}

static void test_palette(void **state)
{
	(void)state;
	keys(":rate 2.5<Enter>");
	assert_true(app.rate > 2.4 && app.rate < 2.6);
	keys(":rate 0<Enter>:rate x<Enter>");
	assert_true(app.rate > 2.4);
	keys(":theme mono<Enter>");
	assert_string_equal(app.theme.name, "mono");
	keys(":theme nope<Enter>");
	assert_true(shows("no such theme"));
	keys(":filter user=bob<Enter>");
	assert_int_equal(app.model.shown, 2);
	keys(":group<Enter>");
	assert_true(app.model.grouped);
	keys(":bogus<Enter>");
	assert_true(shows("no such command: bogus"));
	keys(":q<Enter>");
	assert_int_equal(app.wish, WISH_QUIT);
}

static void test_frozen_display(void **state)
{
	uint64_t shown = app.model.now;

	(void)state;
	keys("Z<tick><tick>");
	assert_true(app.model.now == shown);
	assert_true(shows("FROZEN 2s"));
	keys("Z");
	assert_true(app.model.now > shown);
}

static void test_stale_is_told(void **state)
{
	(void)state;
	session(0)->board.updated -= 60 * NS_PER_SEC;
	app_rebuild(&app);
	assert_true(shows("no answer"));
}

static void test_layer_problem_is_seen(void **state)
{
	(void)state;
	keys("/carol<Enter>");
	assert_true(shows("!00"));
	keys("<Enter>");
	assert_true(shows("! landlock degraded: this kernel has ABI 1"));
}

static void test_help_is_the_table(void **state)
{
	(void)state;
	app_resize(&app, 120, 100);
	keys("?");
	for (size_t i = 0; i < key_table_length; i++)
		assert_true(shows(key_table[i].name));
	keys("/panic<Enter>");
	assert_true(shows("freeze every session at once"));
	assert_false(shows("half a page"));
	keys("/<C-u>zebra<Enter>");
	assert_true(shows("no key does that"));
	keys("qR?");
	assert_true(shows("(off: read-only)"));
}

/* Esc and a key in one piece: the dialog is closed, the key is lost, nothing is stopped. */
static void test_hasty_escape(void **state)
{
	static const char *const dialogs[] = { "x", "X", "xs", "s" };

	(void)state;
	for (size_t i = 0; i < sizeof(dialogs) / sizeof(dialogs[0]); i++) {
		keys(dialogs[i]);
		assert_true(app.dialog.kind != DIALOG_NONE);
		app_key(&app, K_ALT);
		assert_int_equal(app.dialog.kind, DIALOG_NONE);
	}
	assert_int_equal(seen.n, 0);
	app_key(&app, K_ALT);
	assert_int_equal(app.wish, WISH_NOTHING);
	/* Ctrl-Z is the terminal's, dialog or not. */
	keys("x<C-z>");
	assert_int_equal(app.dialog.kind, DIALOG_STOP);
	assert_int_equal(app.wish, WISH_SUSPEND);
}

static void test_fuzz(void **state)
{
	uint64_t seed = 20261128;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		uint32_t key;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		key = (uint32_t)(seed >> 20);
		switch (seed % 32) {
		case 0:
			app_resize(&app, 1 + (int)(key % 200), 1 + (int)(key / 256 % 80));
			break;
		case 1:
			app_paste(&app, key % 2 == 0);
			break;
		case 2:
			demo_tick(source);
			app_tick(&app);
			break;
		case 3:
			app_scan(&app);
			break;
		case 4:
			app_key(&app, KEY_CODE_BASE + key % (K_CODE_END - KEY_CODE_BASE));
			break;
		case 5:
			app_key(&app, key % 0x120000);
			break;
		case 6:
			app_key(&app, key % 2 == 0 ? K_ENTER : K_ESC);
			break;
		default:
			app_key(&app, key % 128);
			break;
		}
		app.wish = WISH_NOTHING;
		if (i % 4 == 0)
			assert_int_equal(app_draw(&app, &grid), 0);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_dialogs_open_on_cancel),
		T(test_stop_goes_to_the_one_that_was_named),
		T(test_kill_needs_its_second_key),
		T(test_marked_ones),
		T(test_other_signals),
		T(test_ended_ones_cannot_be_stopped),
		T(test_read_only),
		T(test_panic),
		T(test_panic_sees_through_filters),
		T(test_nothing_quits_by_accident),
		T(test_the_line_that_slipped),
		T(test_paste),
		T(test_filter_line),
		T(test_palette),
		T(test_frozen_display),
		T(test_stale_is_told),
		T(test_layer_problem_is_seen),
		T(test_help_is_the_table),
		T(test_hasty_escape),
		T(test_fuzz),
	};

	setenv("WARDER_THEME_DIR", "themes", 1);
	setenv("TERM", "xterm-256color", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
