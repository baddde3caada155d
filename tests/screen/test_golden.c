/*
 * test_golden.c: every screen at every size against a file. After a change that is meant: run this
 * program with --update and read the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "tui/dashboard.h"

static bool update;

static const char *const sizes[] = { "20x5", "40x10", "80x24", "120x40", "160x50" };
static const struct {
	const char *name, *keys;
} screens[] = {
	{ "list", "" },
	{ "group", "t" },
	{ "detail", "<Enter>" },
	{ "commands", "<Enter>2" },
	{ "tree", "<Enter>2t" },
	{ "command", "<Enter>2/tool<Enter><Enter>" },
	{ "degraded", "j<Enter>" },
	{ "ended", "G<Up><Enter>" },
	{ "stop", "jx" },
	{ "marked", "<Space>j<Space>x" },
	{ "kill", "X" },
	{ "sort", "s" },
	{ "filter", "/user=bob" },
	{ "launch", "nclaude --print \"fix it\"<Tab><Tab><Tab><Tab><Right>" },
	{ "panic", "!" },
	{ "help", "?" },
	{ "search", "?/stop" },
	{ "frozen", "Z<tick><tick>" },
	{ "alert", "<C-c>" },
};

static void draw(const char *file, const char *size, const char *keys, bool ascii)
{
	char *argv[] = { (char[]){ "warder" },
		         (char[]){ "--demo" },
		         (char[]){ "--seed" },
		         (char[]){ "1" },
		         (char[]){ "--clock" },
		         (char[]){ "12:05:31" },
		         (char[]){ "--theme" },
		         (char[]){ "mono" },
		         (char[]){ "--size" },
		         strdup(size),
		         (char[]){ "--script" },
		         strdup(keys),
		         (char[]){ "--dump" },
		         strdup(file),
		         ascii ? (char[]){ "--ascii" } : NULL,
		         NULL };
	int argc = ascii ? 15 : 14;

	assert_int_equal(dashboard_main(argc, argv), 0);
	free(argv[9]);
	free(argv[11]);
	free(argv[13]);
}

static char *slurp(const char *file)
{
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, file, 1 << 20, &text, &len, &err) < 0)
		return strdup("");
	return text;
}

static void compare(const char *name, const char *size, const char *keys, bool ascii)
{
	char golden[256];
	char fresh[] = "/tmp/warder-golden-XXXXXX";
	int fd = mkstemp(fresh);
	char *want;
	char *got;

	assert_true(fd >= 0);
	close(fd);
	snprintf(golden, sizeof(golden), "tests/screen/golden/%s-%s%s.txt", size, name,
	         ascii ? "-ascii" : "");
	draw(update ? golden : fresh, size, keys, ascii);
	want = slurp(golden);
	got = slurp(update ? golden : fresh);
	if (strcmp(want, got) != 0) {
		print_message("--- %s\n", golden);
		fputs(want, stderr);
		print_message("+++ now\n");
		fputs(got, stderr);
	}
	assert_true(strcmp(want, got) == 0 && *got != '\0');
	free(want);
	free(got);
	unlink(fresh);
}

static void test_size(void **state)
{
	const char *size = *state;

	for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++)
		compare(screens[i].name, size, screens[i].keys, false);
}

static void test_ascii(void **state)
{
	(void)state;
	compare("list", "80x24", "", true);
	compare("detail", "80x24", "<Enter>", true);
	compare("stop", "80x24", "x", true);
}

static void test_same_seed_same_screen(void **state)
{
	char first[] = "/tmp/warder-golden-XXXXXX";
	char second[] = "/tmp/warder-golden-XXXXXX";
	char *a;
	char *b;

	(void)state;
	close(mkstemp(first));
	close(mkstemp(second));
	draw(first, "120x40", "<tick><tick>", false);
	draw(second, "120x40", "<tick><tick>", false);
	a = slurp(first);
	b = slurp(second);
	assert_string_equal(a, b);
	free(a);
	free(b);
	unlink(first);
	unlink(second);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[sizeof(sizes) / sizeof(sizes[0]) + 2];
	size_t n = 0;

	update = argc > 1 && strcmp(argv[1], "--update") == 0;
	setenv("WARDER_THEME_DIR", "themes", 1);
	for (; n < sizeof(sizes) / sizeof(sizes[0]); n++)
		tests[n] = (struct CMUnitTest){ sizes[n], test_size, NULL, NULL,
			                        (void *)(uintptr_t)sizes[n] };
	tests[n++] = (struct CMUnitTest){ "ascii", test_ascii, NULL, NULL, NULL };
	tests[n++] =
		(struct CMUnitTest){ "same seed", test_same_seed_same_screen, NULL, NULL, NULL };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
