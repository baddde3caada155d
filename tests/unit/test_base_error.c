/*
 * test_base_error.c: the error contract: codes, safe text, cutting, prefixes, hints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"

static void test_code_is_positive_and_returned_negative(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_set(&err, ENOENT, "x"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(error_set(&err, -ENOENT, "x"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(error_set(&err, 0, "x"), -EIO);
	assert_int_equal(error_set(NULL, EPERM, "x"), -EPERM);
	assert_int_equal(error_errno(NULL, -EPERM, "x"), -EPERM);
	assert_int_equal(error_prefix(NULL, "x"), -EIO);
	error_hint(NULL, "x");
}

static void test_errno_text(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(error_errno(&err, -EACCES, "/etc/%s", "shadow"), -EACCES);
	assert_string_equal(err.text, "/etc/shadow: Permission denied");
	error_errno(&err, 99999, "odd");
	assert_string_equal(err.text, "odd: error 99999");
}

static void test_prefix_and_hint(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, EINVAL, "why");
	assert_int_equal(error_prefix(&err, "layer %d", 3), -EINVAL);
	assert_string_equal(err.text, "layer 3: why");
	error_hint(&err, "first");
	error_hint(&err, "second");
	assert_string_equal(err.hint, "first");
	error_set(&err, EINVAL, "again: %s", err.text);
	assert_string_equal(err.text, "again: layer 3: why");
	assert_string_equal(err.hint, "");
}

static void test_text_is_safe(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	error_set(&err, EINVAL, "%s", "a\n\x1b[2Jb\xff\xe2\x80\xaexyz\x7f\\");
	assert_string_equal(err.text, "a\\n\\e[2Jb\\xff\\u202exyz\\x7f\\");
	/* A second pass changes nothing. */
	error_prefix(&err, "p");
	assert_string_equal(err.text, "p: a\\n\\e[2Jb\\xff\\u202exyz\\x7f\\");
	error_hint(&err, "%s", "\r\t");
	assert_string_equal(err.hint, "\\r\\t");
}

/* Every length around the cap: the text ends in a whole character, and in "..." when it was cut. */
static void test_cut(void **state)
{
	char long_text[2 * ERROR_TEXT_MAX];

	(void)state;
	for (size_t len = ERROR_TEXT_MAX - 20; len < ERROR_TEXT_MAX + 20; len++) {
		struct error err = ERROR_INIT;
		const char *p;

		for (size_t i = 0; i < len; i++)
			long_text[i] = "\xc3\xa9"[i % 2];
		long_text[len / 2 * 2] = '\0';
		error_set(&err, EINVAL, "%s%s", len % 2 != 0 ? "x" : "", long_text);
		assert_true(strlen(err.text) < sizeof(err.text));
		if (len >= ERROR_TEXT_MAX)
			assert_string_equal(err.text + strlen(err.text) - 3, "...");
		for (p = err.text; *p != '\0';) {
			uint32_t cp;
			size_t n = text_utf8_decode(p, strlen(p), &cp);

			assert_true(n > 0);
			p += n;
		}
	}
	memset(long_text, 1, sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	{
		struct error err = ERROR_INIT;

		error_set(&err, EINVAL, "%s", long_text);
		assert_memory_equal(err.text, "\\x01\\x01", 8);
		assert_string_equal(err.text + strlen(err.text) - 7, "\\x01...");
		error_errno(&err, EACCES, "%s", long_text);
		assert_true(strlen(err.text) < sizeof(err.text));
		error_hint(&err, "%s", long_text);
		assert_true(strlen(err.hint) < sizeof(err.hint));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_is_positive_and_returned_negative),
		cmocka_unit_test(test_errno_text),
		cmocka_unit_test(test_prefix_and_hint),
		cmocka_unit_test(test_text_is_safe),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
