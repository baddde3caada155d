/*
 * test_tty.c: what an attached program leaves on a terminal is undone, no more; and a stream of
 * its bytes is safe however it is cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tui/cli/safe_lines.h"
#include "tui/tty.h"

static size_t reset_of(const char *printed, char *out)
{
	struct tty_modes m = { .changed = 0 };
	size_t len;

	/* byte by byte: sequences are cut wherever a packet ends */
	for (const char *c = printed; *c != '\0'; c++)
		tty_modes_scan(&m, c, 1);
	len = tty_modes_reset(&m, out);
	assert_true(len < TTY_RESET_MAX);
	out[len] = '\0';
	return len;
}

static void test_modes(void **state)
{
	static const struct {
		const char *printed, *has, *lacks;
	} cases[] = {
		{ "\033[?1049h", "\033[?1049l", "\033[?25h" },
		{ "\033[?25l", "\033[?25h", "1049" },
		{ "\033[?1000;1006;2004h", "\033[?2004l", "1049" },
		{ "\033[?1000;1006;2004h", "\033[?1006l", "1049" },
		{ "\033[?7l", "\033[?7h", "1049" },
		{ "\033[?1049h\033[?1049l", "\033[0m", "1049" },
		{ "\033[?1049h\033c", "\033[0m", "1049" },
		{ "\033[?99999999999999999999h\033[?1049h", "\033[?1049l", "999" },
		{ "\033[?1049\033[?25l", "\033[?25h", "1049" },
		{ "\033[31mred", "\033[0m", "\033[?" },
	};
	char out[TTY_RESET_MAX + 1];

	(void)state;
	assert_int_equal(reset_of("plain\r\ntext [?1049h", out), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reset_of(cases[i].printed, out);
		if (strstr(out, cases[i].has) == NULL || strstr(out, cases[i].lacks) != NULL)
			fail_msg("case %zu", i);
	}
}

static void test_all_modes_fit(void **state)
{
	static const char all[] =
		"\033[?1;5;6;9;47;1000;1001;1002;1003;1004;1005;1006;1015;1016;1047h"
		"\033[?1049;2004;2026;2031;2048h\033[?7;25l";
	char out[TTY_RESET_MAX + 1];

	(void)state;
	reset_of(all, out);
	assert_non_null(strstr(out, "\033[?1l"));
	assert_non_null(strstr(out, "\033[?2048l"));
	assert_non_null(strstr(out, "\033[?7h"));
}

/* A crash while attached: the handler cannot know what the agent changed, so all of it goes back.
 */
static void test_crash_restores_everything(void **state)
{
	static const char *const parts[] = { "\033[?1049l", "\033[?25h", "\033[?2004l",
		                             "\033[?1006l", "\033[?7h",  "\033[<u",
		                             "\033(B",      "\033[0m" };
	struct termios before;
	struct termios after;
	char got[TTY_RESET_MAX + 64];
	size_t len = 0;
	int master;
	int slave;
	int status;
	pid_t pid;
	ssize_t n;

	(void)state;
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		if (tty_enter(slave, TTY_RAW) == 0)
			abort();
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_int_equal(tcgetattr(slave, &after), 0);
	assert_int_equal(before.c_lflag, after.c_lflag);
	assert_int_equal(before.c_iflag, after.c_iflag);
	assert_int_equal(before.c_oflag, after.c_oflag);
	assert_true(write(slave, "end", 3) == 3);
	while (len < sizeof(got) - 1 && (len < 3 || memcmp(got + len - 3, "end", 3) != 0) &&
	       (n = read(master, got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(got, parts[i]) == NULL)
			fail_msg("part %zu is missing", i);
	close(master);
	close(slave);
}

/* The same text, whole and cut at every place. */
static void test_safe_lines(void **state)
{
	static const char raw[] =
		"a\tb\r\nred\033[31m \342\202\254 \342\200\256x\r\r\nlone\rcr \377\360\237\230\200"
		"\342\202\n\r";
	static const char safe[] =
		"a\tb\nred\\e[31m \342\202\254 \\u202ex\nlone\\rcr \\xff\360\237\230\200"
		"\\xe2\\x82\n\\r";

	(void)state;
	for (size_t cut = 0; cut < sizeof(raw); cut++) {
		struct safe_lines s = { .held_len = 0 };
		struct buf out = BUF_INIT;

		safe_lines_add(&s, raw, cut, &out);
		safe_lines_add(&s, raw + cut, sizeof(raw) - 1 - cut, &out);
		safe_lines_end(&s, &out);
		assert_string_equal(buf_str(&out), safe);
		buf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_all_modes_fit),
		cmocka_unit_test(test_crash_restores_everything),
		cmocka_unit_test(test_safe_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
