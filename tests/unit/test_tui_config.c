/*
 * test_tui_config.c: the theme is kept; a file that is not understood stays as it is; nothing is
 * written into a home that is another's.
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
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "tui/config.h"

static char home[64];

static int setup(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/warder-config-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	return setenv("HOME", home, 1);
}

static int teardown(void **state)
{
	static const char *const parts[] = { "/.config/warder/config.json", "/.config/warder",
		                             "/.config", "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", home, parts[i]);
		remove(path);
	}
	return 0;
}

static char *file(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/.config/warder/config.json", home);
	return path;
}

static void write_text(const char *text)
{
	CLEANUP_FD int fd = open(file(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void test_kept(void **state)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char name[64];

	(void)state;
	assert_int_equal(config_theme(name, sizeof(name), &err), 0);
	assert_string_equal(name, "");
	assert_int_equal(config_keep_theme("mono", &err), 0);
	assert_int_equal(config_theme(name, sizeof(name), &err), 0);
	assert_string_equal(name, "mono");
	assert_int_equal(config_keep_theme("dark", &err), 0);
	assert_int_equal(config_theme(name, sizeof(name), &err), 0);
	assert_string_equal(name, "dark");
	assert_int_equal(stat(file(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_not_understood_is_not_overwritten(void **state)
{
	static const char *const texts[] = { "{\"theme\":\"dark\",\"other\":1}", "{",
		                             "{\"theme\":3}" };
	struct error err = ERROR_INIT;
	char name[64];

	(void)state;
	assert_int_equal(config_keep_theme("mono", &err), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CLEANUP_FREE char *now = NULL;
		size_t len;

		write_text(texts[i]);
		assert_true(config_theme(name, sizeof(name), &err) < 0);
		assert_non_null(strstr(err.text, "config.json"));
		assert_true(config_keep_theme("dark", &err) < 0);
		assert_int_equal(fd_read_file(AT_FDCWD, file(), 1000, &now, &len, &err), 0);
		assert_string_equal(now, texts[i]);
	}
}

static void test_no_home_of_ours(void **state)
{
	struct error err = ERROR_INIT;
	struct stat st;
	char name[64];

	(void)state;
	setenv("HOME", "/nonexistent", 1);
	assert_int_equal(config_keep_theme("dark", &err), 0);
	unsetenv("HOME");
	assert_int_equal(config_keep_theme("dark", &err), 0);
	setenv("HOME", home, 1);
	if (geteuid() != 0) {
		print_message("not root: another's home is not tried\n");
		return;
	}
	assert_int_equal(chown(home, 65534, 65534), 0);
	assert_int_equal(config_keep_theme("dark", &err), 0);
	assert_int_equal(config_theme(name, sizeof(name), &err), 0);
	assert_int_equal(stat(file(), &st), -1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_kept),
		T(test_not_understood_is_not_overwritten),
		T(test_no_home_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
