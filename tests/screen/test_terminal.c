/*
 * test_terminal.c: the dashboard on a pseudo-terminal: keys, resizing, every way out, and that no
 * byte of an agent's reaches the terminal as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/screen/harness.h"

static const char *const demo[] = { NULL, "--demo", "--seed", "1", NULL };

static void start(struct harness *t, int w, int h)
{
	harness_start(t, demo, NULL, w, h);
	harness_wait_text(t, "sort: attention");
}

static void assert_exit(struct harness *t, int code)
{
	int status = harness_wait_end(t);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
	harness_assert_restored(t);
	harness_stop(t);
}

static void test_quit_restores_and_says_what_runs(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	assert_true(t.alternate);
	assert_false(t.cursor_seen);
	harness_send(&t, "q");
	harness_wait_end(&t);
	assert_true(harness_shows(&t, "5 sandboxes keep running"));
	assert_exit(&t, 0);
}

static void test_keys_of_both_kinds(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 100, 24);
	harness_wait_cell(&t, 0, 2, '>');
	harness_send(&t, "j\033[B\033OB"); /* j, and Down in both codings */
	harness_send(&t, "\033OP");        /* F1 */
	harness_wait_text(&t, "first line");
	harness_send(&t, "\033");
	harness_wait_text(&t, "sort: attention");
	harness_wait_cell(&t, 0, 5, '>');
	harness_send(&t, "\r");
	harness_wait_text(&t, "Overview");
	harness_send(&t, "q");
	harness_wait_text(&t, "sort: attention");
	harness_send(&t, "\033[20~"); /* F9 */
	harness_wait_text(&t, "> Cancel");
	harness_send(&t, "\r");
	harness_wait_no_text(&t, "> Cancel");
	harness_send(&t, "\033[21~"); /* F10 */
	assert_exit(&t, 0);
}

static void test_unknown_sequences_are_no_keys(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	/* Ctrl-Right, a device's answer, an OSC answer with q and x in it, Alt-q. */
	harness_send(&t, "\033[1;5C\033[?62;1;2c\033]11;rgb:0000/xxqq/!!!!\033\\\033[99;5q\033q");
	harness_send(&t, "?");
	harness_wait_text(&t, "first line");
	harness_send(&t, "qq");
	assert_exit(&t, 0);
}

/* From far away Esc and the key after it come in one piece: no dialog is left open under the keys
 * that follow. */
static void test_escape_with_a_key_behind_it(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	harness_send(&t, "x");
	harness_wait_text(&t, "> Cancel");
	harness_send(&t, "\033Ut");
	harness_wait_no_text(&t, "> Cancel");
	harness_send(&t, "x");
	harness_wait_text(&t, "> Cancel");
	harness_send(&t, "\033[");
	harness_wait_no_text(&t, "> Cancel");
	harness_send(&t, "q");
	harness_wait_end(&t);
	assert_true(harness_shows(&t, "5 sandboxes keep running"));
	assert_exit(&t, 0);
}

static void test_mouse(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	assert_true(harness_sent(&t, "\033[?1006;1000h"));
	harness_send(&t, "\033[<0;30;5M\033[<0;30;5m");
	harness_wait_cell(&t, 0, 4, '>');
	harness_send(&t, "\033[<64;30;5M"); /* wheel up */
	harness_wait_cell(&t, 0, 2, '>');
	harness_send(&t, "\033[<65;30;5M"); /* and down */
	harness_wait_cell(&t, 0, 5, '>');
	harness_send(&t, "\033[<0;5;2M\033[<0;5;2m"); /* a heading */
	harness_wait_text(&t, "sort: id");
	harness_send(&t, "\033[<0;30;7M\033[<0;30;7m");
	harness_wait_cell(&t, 0, 6, '>');
	harness_send(&t, "\033[<0;30;7M\033[<0;30;7m");
	harness_wait_text(&t, "Esc back");
	harness_send(&t, "\033");
	harness_wait_text(&t, "sort: id");
	harness_send(&t, "m");
	harness_wait_text(&t, "it selects text");
	assert_true(harness_sent(&t, "\033[?1006;1000l"));
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void test_resize(void **state)
{
	static const int sizes[][2] = {
		{ 120, 40 }, { 40, 10 }, { 20, 5 }, { 200, 60 }, { 80, 24 }
	};
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		harness_resize(&t, sizes[i][0], sizes[i][1]);
		/* What only this width shows, at its right edge or by its words. */
		harness_wait_text(&t, sizes[i][0] >= 100  ? "3 failed  2 ended"
		                      : sizes[i][0] >= 60 ? "3 failed  cpu"
		                      : sizes[i][0] >= 40 ? "10 sess  4 run  1 pause"
		                                          : "10 sess  4 run");
	}
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void test_ctrl_c_explains(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	harness_send(&t, "\003");
	harness_wait_text(&t, "q quits, sandboxes keep running");
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void signal_ends(int sig)
{
	struct harness t;

	start(&t, 80, 24);
	kill(t.pid, sig);
	assert_exit(&t, 128 + sig);
}

static void test_signals_that_ask(void **state)
{
	(void)state;
	signal_ends(SIGTERM);
	signal_ends(SIGHUP);
	signal_ends(SIGINT);
}

static void crash(int sig)
{
	struct harness t;
	int status;

	start(&t, 80, 24);
	kill(t.pid, sig);
	status = harness_wait_end(&t);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), sig);
	harness_assert_restored(&t);
	harness_stop(&t);
}

static void test_crashes(void **state)
{
	(void)state;
	crash(SIGSEGV);
	crash(SIGABRT);
	crash(SIGBUS);
}

static void test_suspend_and_back(void **state)
{
	struct harness t;
	int status;

	(void)state;
	start(&t, 80, 24);
	/* A session leader's own group is orphaned: there the kernel ignores the stop and it
	 * comes straight back. */
	kill(t.pid, SIGTSTP);
	harness_send(&t, "?");
	harness_wait_text(&t, "first line");
	harness_send(&t, "\032");
	harness_send(&t, "q");
	harness_wait_text(&t, "sort: attention");
	assert_true(t.alternate);
	assert_int_equal(waitpid(t.pid, &status, WNOHANG), 0);
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void test_hostile_text_is_shown_not_sent(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 160, 50);
	harness_wait_text(&t, "\\e]52;c;");
	harness_send(&t, "x");
	harness_wait_text(&t, "> Cancel");
	harness_send(&t, "\033");
	harness_wait_no_text(&t, "> Cancel");
	harness_send(&t, "\r");
	harness_wait_text(&t, "Overview");
	harness_wait_text(&t, "\\u202ecod.exe");
	harness_send(&t, "qq");
	harness_wait_end(&t);
	assert_false(harness_sent(&t, "\033]52"));
	assert_false(harness_sent(&t, "\xe2\x80\xae"));
	assert_exit(&t, 0);
}

static void test_paste_is_no_keys(void **state)
{
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	harness_send(&t, "\033[200~q!xKp\r\033[201~");
	harness_wait_text(&t, "pasted text was ignored");
	assert_false(harness_shows(&t, "PANIC"));
	harness_send(&t, "/\033[200~user=bob\033[201~");
	harness_wait_text(&t, "filter / user=bob");
	harness_send(&t, "\r");
	harness_wait_text(&t, "filter: user=bob");
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void test_no_color(void **state)
{
	static const char *const env[] = { "NO_COLOR=1", NULL };
	struct harness t;
	VTermScreenCell cell;

	(void)state;
	harness_start(&t, demo, env, 80, 24);
	harness_wait_text(&t, "theme mono");
	harness_wait_cell(&t, 0, 2, '>');
	harness_wait_cell(&t, 3, 2, '0');
	cell = harness_cell(&t, 3, 2);
	assert_true(cell.attrs.reverse);
	assert_false(harness_sent(&t, "\033[38;5"));
	assert_false(harness_sent(&t, "\033[31m"));
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void test_dumb_terminal_is_refused(void **state)
{
	static const char *const env[] = { "TERM=dumb", NULL };
	struct harness t;
	int status;

	(void)state;
	harness_start(&t, demo, env, 80, 24);
	status = harness_wait_end(&t);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(harness_shows(&t, "cannot move its cursor"));
	harness_stop(&t);
}

static void test_other_terminals(void **state)
{
	static const char *const types[] = { "TERM=xterm", "TERM=linux", "TERM=vt100",
		                             "TERM=screen", "TERM=tmux-256color" };

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *const env[] = { types[i], "LANG=C", NULL };
		struct harness t;
		int status;

		harness_start(&t, demo, env, 80, 24);
		harness_wait_text(&t, "sort: attention");
		harness_send(&t, "q");
		status = harness_wait_end(&t);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		/* Nothing of the last screen stands behind the last words. */
		assert_true(harness_shows(&t, "keep running (warder ps)"));
		assert_false(harness_shows(&t, "q quit"));
		for (size_t k = 0; k < t.raw.len; k++)
			assert_true((unsigned char)t.raw.data[k] < 0x80);
		harness_stop(&t);
	}
}

static void test_read_only(void **state)
{
	static const char *const argv[] = { NULL, "--demo", "--read-only", NULL };
	struct harness t;

	(void)state;
	harness_start(&t, argv, NULL, 80, 24);
	harness_wait_text(&t, "READ-ONLY");
	harness_send(&t, "x");
	harness_wait_text(&t, "read-only: stop is off");
	harness_send(&t, "!");
	harness_wait_text(&t, "read-only: panic is off");
	harness_send(&t, "R");
	harness_wait_text(&t, "started with --read-only");
	harness_send(&t, "q");
	assert_exit(&t, 0);
}

static void test_random_bytes(void **state)
{
	unsigned seed = 7;
	struct harness t;

	(void)state;
	start(&t, 80, 24);
	for (int round = 0; round < 30; round++) {
		char bytes[200];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245u + 12345u;
			bytes[i] = (char)(seed >> 16);
			/* What would end it or hand the terminal away is tested apart. */
			if (bytes[i] == 'q' || bytes[i] == 'Q' || bytes[i] == ':' ||
			    bytes[i] == 16 || bytes[i] == 26 || bytes[i] == 27)
				bytes[i] = 'j';
		}
		harness_send_bytes(&t, bytes, sizeof(bytes));
		harness_resize(&t, 20 + (int)(seed >> 8) % 150, 5 + (int)(seed >> 20) % 60);
	}
	harness_resize(&t, 80, 24);
	kill(t.pid, SIGTERM);
	assert_exit(&t, 128 + SIGTERM);
}

static void test_hang_up(void **state)
{
	struct harness t;
	int status;

	(void)state;
	start(&t, 80, 24);
	close(t.master);
	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGHUP);
	t.ended = true;
	t.master = -1;
	harness_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quit_restores_and_says_what_runs),
		cmocka_unit_test(test_keys_of_both_kinds),
		cmocka_unit_test(test_unknown_sequences_are_no_keys),
		cmocka_unit_test(test_escape_with_a_key_behind_it),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_ctrl_c_explains),
		cmocka_unit_test(test_signals_that_ask),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_suspend_and_back),
		cmocka_unit_test(test_hostile_text_is_shown_not_sent),
		cmocka_unit_test(test_paste_is_no_keys),
		cmocka_unit_test(test_no_color),
		cmocka_unit_test(test_dumb_terminal_is_refused),
		cmocka_unit_test(test_other_terminals),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_hang_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
