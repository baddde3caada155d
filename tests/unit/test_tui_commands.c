/*
 * test_tui_commands.c: the Commands tab: commands and their ends find each other in any order,
 * filter, tree, a cursor that follows or holds, bounded memory, hostile bytes; and its screens at
 * every size.
 */
#include "tests/unit/app_box.h"

#include <errno.h>

#include "tui/cmdlog.h"

static struct cmdlog log_;

static int open_log(void **state)
{
	(void)state;
	return cmdlog_init(&log_);
}

static int close_log(void **state)
{
	(void)state;
	cmdlog_free(&log_);
	return 0;
}

static int add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int add(const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return cmdlog_add(&log_, line, strlen(line));
}

static int add_exec(unsigned long seq, int pid, int ppid, const char *argv)
{
	return add(
		"{\"seq\":%lu,\"time\":\"2026-03-02T12:00:00.000Z\",\"kind\":\"exec\",\"pid\":%d,"
		"\"ppid\":%d,\"exe\":\"/bin/x\",\"argv\":[%s],\"cwd\":\"/w\",\"verified\":true}",
		seq, pid, ppid, argv);
}

static int add_end(unsigned long seq, unsigned long of, const char *code, const char *sig)
{
	return add("{\"seq\":%lu,\"kind\":\"exec_end\",\"pid\":1,\"exec_seq\":%lu,"
	           "\"duration_ms\":1500.5,\"exit_code\":%s,\"signal\":%s}",
	           seq, of, code, sig);
}

static const struct cmdlog_entry *row(int i)
{
	cmdlog_settle(&log_);
	assert_in_range(i, 0, log_.n_rows - 1);
	return log_.rows[i].entry;
}

static void expect_order(const int *seqs, int n)
{
	cmdlog_settle(&log_);
	assert_int_equal(log_.n_rows, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(log_.rows[i].entry->seq, seqs[i]);
}

static void test_ends_find_their_commands(void **state)
{
	(void)state;
	assert_int_equal(add_exec(1, 10, 1, "\"a\",\"b c\""), 1);
	assert_int_equal(add_exec(2, 11, 10, "\"b\""), 1);
	assert_int_equal(add_exec(3, 12, 10, "\"c\""), 1);
	assert_int_equal(add_end(4, 2, "3", "null"), 1);
	assert_int_equal(add_end(5, 1, "null", "9"), 1);
	assert_int_equal(row(0)->signal, 9);
	assert_int_equal(row(0)->exit_code, -1);
	assert_int_equal(row(0)->argc, 2);
	assert_string_equal(row(0)->text, "a");
	assert_string_equal(row(0)->exe, "/bin/x");
	assert_int_equal(row(1)->exit_code, 3);
	assert_int_equal(row(1)->end_seq, 4);
	assert_true(row(1)->duration_ms > 1500 && row(1)->duration_ms < 1501);
	assert_int_equal(row(2)->end_seq, 0);
	assert_int_equal(add_end(6, 3, "null", "null"), 1);
	assert_int_equal(row(2)->end_seq, 6);
	assert_true(row(2)->exit_code == -1 && row(2)->signal == 0 && !row(2)->replaced);
}

static void test_a_process_that_goes_on_as_another_program(void **state)
{
	(void)state;
	add_exec(1, 10, 1, "\"sh\"");
	add_exec(2, 10, 1, "\"npm\"");
	add_exec(3, 11, 10, "\"node\"");
	add_end(4, 1, "null", "null");
	add_end(5, 2, "0", "null");
	assert_true(row(0)->replaced);
	assert_false(row(1)->replaced);
	assert_int_equal(row(1)->exit_code, 0);
	assert_ptr_equal(cmdlog_parent(&log_, row(2)), row(1));
}

static void test_out_of_order(void **state)
{
	(void)state;
	assert_int_equal(add_end(9, 5, "4", "null"), 0);
	add_exec(5, 12, 1, "\"c\"");
	add_exec(2, 10, 1, "\"a\"");
	add_exec(3, 11, 1, "\"b\"");
	assert_int_equal(add_exec(3, 99, 1, "\"again\""), 0);
	expect_order((const int[]){ 2, 3, 5 }, 3);
	assert_int_equal(row(2)->exit_code, 4);
	assert_int_equal(row(1)->pid, 11);
}

static void test_filter(void **state)
{
	(void)state;
	add_exec(1, 10, 1, "\"git\",\"status\"");
	add_exec(2, 11, 1, "\"npm\",\"test\"");
	add_exec(3, 12, 1, "\"GIT\",\"log\"");
	cmdlog_filter(&log_, "git");
	expect_order((const int[]){ 1, 3 }, 2);
	cmdlog_filter(&log_, "npm test");
	expect_order((const int[]){ 2 }, 1);
	cmdlog_filter(&log_, "!git");
	expect_order((const int[]){ 2 }, 1);
	add_exec(4, 13, 1, "\"ls\"");
	add_exec(5, 14, 1, "\"git\"");
	expect_order((const int[]){ 2, 4 }, 2);
	cmdlog_filter(&log_, "none of these");
	cmdlog_settle(&log_);
	assert_int_equal(log_.n_rows, 0);
	assert_null(cmdlog_selected(&log_));
	cmdlog_move(&log_, 1);
	cmdlog_filter(&log_, "");
	cmdlog_settle(&log_);
	assert_int_equal(log_.n_rows, 5);
	assert_int_equal(cmdlog_selected(&log_)->seq, 5);
}

static void test_tree(void **state)
{
	static const int depths[] = { 0, 1, 2, 1, 0, 0 };

	(void)state;
	add_exec(1, 10, 1, "\"agent\"");
	add_exec(2, 11, 10, "\"sh\"");
	add_exec(3, 20, 1, "\"other\"");
	add_exec(4, 12, 10, "\"ls\"");
	add_exec(5, 13, 11, "\"git\"");
	add_end(6, 2, "0", "null");
	add_exec(7, 14, 11, "\"late\""); /* 11 had ended: another process has its number now */
	cmdlog_tree(&log_, true);
	expect_order((const int[]){ 1, 2, 5, 4, 3, 7 }, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(log_.rows[i].depth, depths[i]);
	assert_null(cmdlog_parent(&log_, row(5)));
	/* the newest has the cursor, wherever it stands */
	add_exec(8, 15, 12, "\"deep\"");
	cmdlog_settle(&log_);
	assert_int_equal(cmdlog_selected(&log_)->seq, 8);
	assert_int_equal(log_.cursor, 4);
	/* without its parent it stands below the grandparent */
	cmdlog_filter(&log_, "!sh");
	expect_order((const int[]){ 1, 4, 8, 5, 3, 7 }, 6);
	assert_int_equal(log_.rows[3].depth, 1);
}

static void test_follows_and_holds(void **state)
{
	(void)state;
	for (unsigned long i = 101; i <= 150; i++)
		add_exec(i, 10, 1, "\"x\"");
	cmdlog_settle(&log_);
	cmdlog_scroll(&log_, 10);
	assert_int_equal(cmdlog_selected(&log_)->seq, 150);
	assert_int_equal(log_.top, 40);
	cmdlog_move(&log_, -3);
	assert_false(log_.follow);
	add_exec(151, 10, 1, "\"x\"");
	cmdlog_settle(&log_);
	cmdlog_scroll(&log_, 10);
	assert_int_equal(cmdlog_selected(&log_)->seq, 147);
	assert_int_equal(log_.top, 40);
	/* one that comes late, above: what is looked at stays where it is on the screen */
	add_exec(7, 10, 1, "\"x\"");
	cmdlog_settle(&log_);
	assert_int_equal(cmdlog_selected(&log_)->seq, 147);
	assert_int_equal(log_.top, 41);
	cmdlog_move(&log_, 1000000);
	assert_true(log_.follow);
	add_exec(152, 10, 1, "\"x\"");
	cmdlog_settle(&log_);
	assert_int_equal(cmdlog_selected(&log_)->seq, 152);
	cmdlog_follow(&log_, false);
	add_exec(153, 10, 1, "\"x\"");
	cmdlog_settle(&log_);
	assert_int_equal(cmdlog_selected(&log_)->seq, 152);
}

static void test_a_hundred_thousand(void **state)
{
	(void)state;
	cmdlog_tree(&log_, true);
	for (unsigned long i = 1; i <= 100000; i++) {
		assert_int_equal(add_exec(i, (int)(i % 30000) + 1, (int)(i % 700) + 1, "\"x\""), 1);
		if (i == 95000) {
			cmdlog_settle(&log_);
			cmdlog_move(&log_, -1);
		}
		if (i % 5000 == 0)
			cmdlog_settle(&log_);
	}
	cmdlog_settle(&log_);
	assert_int_equal(log_.n, CMDLOG_KEPT);
	assert_int_equal(log_.n_rows, CMDLOG_KEPT);
	assert_int_equal(log_.older, 90000);
	cmdlog_tree(&log_, false);
	assert_int_equal(row(0)->seq, 90001);
	/* one from long ago is in the trail only */
	add_exec(17, 1, 1, "\"x\"");
	assert_int_equal(add_end(100001, 17, "0", "null"), 0);
	assert_int_equal(log_.n, CMDLOG_KEPT);
	/* the command that was held has gone: the oldest one has the cursor */
	cmdlog_follow(&log_, false);
	log_.selected = 5;
	cmdlog_settle(&log_);
	assert_int_equal(cmdlog_selected(&log_)->seq, 90001);
}

static void test_long_ones_are_bounded(void **state)
{
	struct buf line = BUF_INIT;

	(void)state;
	for (unsigned long i = 1; i <= 1500; i++) {
		line.len = 0;
		buf_addf(&line, "{\"seq\":%lu,\"kind\":\"exec\",\"pid\":1,\"argv\":[\"", i);
		for (int k = 0; k < 4096; k++)
			buf_adds(&line, "0123456789abcdef");
		buf_adds(&line, "\"],\"verified\":true}");
		assert_int_equal(cmdlog_add(&log_, line.data, line.len), 1);
	}
	assert_true(log_.bytes <= CMDLOG_BYTES);
	assert_int_equal(log_.older + (uint64_t)log_.n, 1500);
	line.len = 0;
	cmdlog_line(row(0), &line);
	assert_true(line.len < CMDLOG_LINE + 16);
	buf_free(&line);
}

static void test_hostile_lines(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"\"kind\":\"exec",
		"{\"kind\":\"exec\"}",
		"{\"seq\":-1,\"kind\":\"exec\"}",
		"{\"seq\":1e99,\"kind\":\"exec\"}",
		"{\"seq\":1,\"kind\":\"execute\",\"argv\":[]}",
		"{\"seq\":2,\"kind\":\"exec_end\"}",
		"{\"seq\":3,\"kind\":\"state\",\"argv\":[\"\\\"kind\\\":\\\"exec\"]}",
	};
	struct buf line = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cmdlog_add(&log_, bad[i], strlen(bad[i])), 0);
	assert_int_equal(log_.n, 0);
	assert_int_equal(
		add("{\"seq\":4,\"kind\":\"exec\",\"pid\":\"x\",\"argv\":[1,null,{}],\"cwd\":7}"),
		1);
	assert_int_equal(row(0)->argc, 0);
	assert_int_equal(row(0)->pid, 0);
	assert_false(row(0)->verified);
	assert_string_equal(row(0)->cwd, "");
	add_exec(5, 10, 10, "\"\\u001b[2J\",\"\\u202egnp\",\"a b\",\"\"");
	assert_null(cmdlog_parent(&log_, row(1))); /* nobody is his own parent */
	cmdlog_line(row(1), &line);
	assert_null(strchr(buf_str(&line), '\033'));
	assert_non_null(strstr(buf_str(&line), "\\u202e"));
	assert_non_null(strstr(buf_str(&line), "'a b' ''"));
	buf_free(&line);
}

static void test_tab(void **state)
{
	(void)state;
	keys("<Enter>2");
	assert_true(shows("[2 Commands]"));
	assert_true(shows("node jest-worker"));
	assert_true(shows("NOT VERIFIED gdb -p 12"));
	assert_true(shows("SIGKILL"));
	assert_true(shows("follow on"));
	keys("k");
	assert_true(shows("held (f follows)"));
	keys("f");
	assert_true(shows("follow on"));
	keys("/curl<Enter>");
	assert_true(shows("1 match curl"));
	keys("<Enter>");
	assert_true(shows("argv 1"));
	assert_true(shows("41310 < 41233 claude"));
	assert_true(shows("held")); /* a newer one does not take its place */
	keys("<Esc><Esc>");
	assert_int_equal(app.screen, SCREEN_DETAIL);
	assert_false(shows("match"));
	keys("[");
	assert_true(shows("[1 Overview]"));
	keys("]<Tab><S-Tab>");
	assert_true(shows("[2 Commands]"));
	keys("<Esc>");
	assert_int_equal(app.screen, SCREEN_LIST);
	keys("<tick>");
	assert_null(app.log.items);
	keys("2f]");
	assert_int_equal(app.screen, SCREEN_LIST);
	assert_int_equal(seen.n, 0);
}

static int refuse(struct source *s, const char *id, struct error *err)
{
	(void)s;
	return id != NULL ? error_set(err, EACCES, "trail: \033[1mnot yours") : 0;
}

static int break_off(struct source *s, const char **ret_line, size_t *ret_len, struct error *err)
{
	static const char line[] = "{\"seq\":1,\"kind\":\"exec\",\"argv\":[\"first\"]}";
	static int n;

	(void)s;
	*ret_line = line;
	*ret_len = sizeof(line) - 1;
	return n++ == 0 ? 1 : error_set(err, EIO, "the disk is gone");
}

static void test_what_cannot_be_read_is_told(void **state)
{
	int (*follow)(struct source * s, const char *id, struct error *err) = source->follow;

	(void)state;
	source->follow = refuse;
	keys("<Enter>2");
	assert_true(shows("cannot be read: "));
	assert_true(shows("not yours"));
	keys("jk<Enter><PgUp>t");
	/* The tab opened again tries again; what was read stays. */
	source->follow = follow;
	source->followed = break_off;
	keys("12");
	assert_true(shows("cannot be read: the disk is gone"));
	assert_true(shows("first"));
}

/* A long trail: a part a turn, nothing while the display is frozen or shows something else. */
static int endless(struct source *s, const char **ret_line, size_t *ret_len, struct error *err)
{
	static char line[128];
	static unsigned long seq;

	(void)s;
	(void)err;
	*ret_len = (size_t)snprintf(line, sizeof(line),
	                            "{\"seq\":%lu,\"kind\":\"exec\",\"argv\":[\"x\"]}", ++seq);
	*ret_line = line;
	return 1;
}

static void test_a_turn_is_bounded(void **state)
{
	int n;

	(void)state;
	source->followed = endless;
	keys("<Enter>Z2");
	assert_int_equal(app.log.n, 0);
	keys("Z");
	assert_true(app_commands_behind(&app));
	app_commands_read(&app);
	n = app.log.n;
	assert_in_range(n, 1, 1000);
	app_commands_read(&app);
	assert_int_equal(app.log.n, 2 * n);
	keys("1");
	assert_false(app_commands_behind(&app));
	app_commands_read(&app);
	assert_int_equal(app.log.n, 2 * n);
}

static void test_panel_has_all_of_it(void **state)
{
	(void)state;
	keys("<Enter>2/tool<Enter><Enter>");
	app_resize(&app, 160, 50);
	assert_true(shows("4, shown as escapes"));
	assert_true(shows("\\e]52;c;ZXZpbA==\\x07"));
	assert_true(shows("ended by SIGKILL"));
	keys("<Esc><Esc>/gdb<Enter><Enter>");
	assert_true(shows("it is traced by another process"));
	/* in a panel of a few lines the rest is a page away */
	app_resize(&app, 40, 14);
	assert_true(shows("why       it is traced by another proces\n          s\n"));
	assert_false(shows("41312 < 41233"));
	keys("<PgDn><PgDn><PgDn><PgDn>");
	assert_true(shows("41312 < 41233"));
}

static void test_every_size(void **state)
{
	static const char *const states[] = { "", "k<Enter>", "t", "/!zz<Enter>", "/zz<Enter>" };

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		keys("<Esc><Esc><Esc><Esc><Enter>2");
		keys(states[i]);
		for (int w = 1; w <= 200; w += w < 60 ? 1 : 7) {
			for (int h = 1; h <= 60; h += h < 20 ? 1 : 3) {
				app_resize(&app, w, h);
				assert_int_equal(app_draw(&app, &grid), 0);
				if (w >= 20 && h >= 5 && i < 4)
					assert_true(shows(i == 1 ? "verified" : ">") || w < 40);
			}
		}
		app_resize(&app, 80, 24);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_log, close_log)
#define A(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_ends_find_their_commands),
		T(test_a_process_that_goes_on_as_another_program),
		T(test_out_of_order),
		T(test_filter),
		T(test_tree),
		T(test_follows_and_holds),
		T(test_a_hundred_thousand),
		T(test_long_ones_are_bounded),
		T(test_hostile_lines),
		A(test_tab),
		A(test_what_cannot_be_read_is_told),
		A(test_a_turn_is_bounded),
		A(test_panel_has_all_of_it),
		A(test_every_size),
	};

	setenv("WARDER_THEME_DIR", "themes", 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
