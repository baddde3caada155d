/*
 * test_base_clock.c: clocks, time stamps, digests, random identifiers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/digest.h"

static void test_clocks(void **state)
{
	uint64_t a = clock_now();
	uint64_t b = clock_now();
	struct timespec boot;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	assert_true(a <= b);
	assert_true((uint64_t)boot.tv_sec - b / NS_PER_SEC <= 1);
	assert_true((uint64_t)time(NULL) - clock_wall() / NS_PER_SEC <= 1);
}

static void check_format(uint64_t ns, const char *want)
{
	char out[32];
	uint64_t back = 1;

	clock_format(ns, out, sizeof(out));
	assert_string_equal(out, want);
	if (ns / NS_PER_SEC < 16725225600) { /* the year 2500 */
		assert_int_equal(clock_parse(out, &back), 0);
		assert_true(back == ns / NS_PER_MS * NS_PER_MS);
	}
}

static void test_format(void **state)
{
	(void)state;
	check_format(0, "1970-01-01T00:00:00.000Z");
	check_format(1795888922123456789, "2026-11-28T18:02:02.123Z");
	check_format(951782400ULL * NS_PER_SEC + 999999999, "2000-02-29T00:00:00.999Z");
	check_format(UINT64_MAX, "2554-07-21T23:34:33.709Z");
}

static void test_parse(void **state)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-11-28",
		"2026-11-28T18:02:02",
		"2026-11-28T18:02:02+00:00",
		"2026-11-28T18:02:02.Z",
		"2026-11-28T18:02:02.1234567890Z",
		"2026-11-28T18:02:02Z ",
		" 2026-11-28T18:02:02Z",
		"2026-13-28T18:02:02Z",
		"2026-00-28T18:02:02Z",
		"2026-02-29T18:02:02Z",
		"2026-06-31T18:02:02Z",
		"2026-11-28T24:02:02Z",
		"2026-11-28T18:60:02Z",
		"2026-11-28T18:02:60Z",
		"1969-12-31T23:59:59Z",
		"9999-12-31T23:59:59Z",
		"2026-11-2xT18:02:02Z",
		"2026-11-28 18:02:02Z",
		"-026-11-28T18:02:02Z",
	};
	uint64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (clock_parse(bad[i], &ns) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_true(ns == 77);
	}
	assert_int_equal(clock_parse("2026-11-28T18:02:02.123456789Z", &ns), 0);
	assert_true(ns == 1795888922123456789);
	assert_int_equal(clock_parse("2026-11-28T18:02:02Z", &ns), 0);
	assert_true(ns == 1795888922 * NS_PER_SEC);
}

/* The examples of FIPS 180-4. */
static void test_digest(void **state)
{
	static const struct digest_part whole = { "abc", 3 };
	static const struct digest_part parts[] = {
		{ "a", 1 }, { NULL, 0 }, { "", 0 }, { "bc", 2 }
	};
	char hex[DIGEST_HEX];

	(void)state;
	digest_hex(&whole, 1, hex);
	assert_string_equal(hex,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	memset(hex, 'x', sizeof(hex));
	digest_hex(parts, 4, hex);
	assert_string_equal(hex,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_hex(NULL, 0, hex);
	assert_string_equal(hex,
	                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_random(void **state)
{
	char a[37];
	char b[37];
	uint8_t *big = calloc(1, 1000);
	int zeros = 0;

	(void)state;
	assert_int_equal(random_uuid(a), 0);
	assert_int_equal(random_uuid(b), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
	assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_int_equal(random_bytes(big, 1000), 0);
	for (int i = 0; i < 1000; i++)
		zeros += big[i] == 0;
	assert_true(zeros < 100);
	assert_int_equal(random_bytes(big, 0), 0);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks), cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),  cmocka_unit_test(test_digest),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
