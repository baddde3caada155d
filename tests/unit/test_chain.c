/*
 * test_chain.c: the trail's chain: its value is what the format says, and no change, removal,
 * reordering or forged tail passes.
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

#include "core/base/digest.h"
#include "core/wire/chain.h"

struct lines {
	struct buf text;
	const char *line[4];
	size_t len[4];
};

static struct lines make_lines(void)
{
	static const char *const records[] = { "{\"seq\":1}", "{\"seq\":2}", "{\"seq\":3}" };
	struct lines l = { .text = BUF_INIT };
	char chain[CHAIN_HEX] = CHAIN_START;
	const char *at;

	for (int i = 0; i < 3; i++)
		chain_append(&l.text, chain, records[i], strlen(records[i]));
	at = l.text.data;
	for (int i = 0; i < 3; i++) {
		l.line[i] = at;
		l.len[i] = (size_t)(strchr(at, '\n') - at);
		at += l.len[i] + 1;
	}
	return l;
}

static void test_value(void **state)
{
	const char *input = CHAIN_START "{\"seq\":1}";
	struct digest_part part = { .data = input, .len = strlen(input) };
	char want[DIGEST_HEX], expected[256];
	char chain[CHAIN_HEX] = CHAIN_START;
	struct buf out = BUF_INIT;

	(void)state;
	digest_hex(&part, 1, want);
	chain_append(&out, chain, "{\"seq\":1}", 9);
	snprintf(expected, sizeof(expected), "{\"seq\":1,\"chain\":\"%s\"}\n", want);
	assert_string_equal(buf_str(&out), expected);
	assert_string_equal(chain, want);
	buf_free(&out);
}

static void test_good(void **state)
{
	struct lines l = make_lines();
	char chain[CHAIN_HEX] = CHAIN_START;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(chain_check(chain, l.line[i], l.len[i]), 0);
	buf_free(&l.text);
}

static void test_missing_and_reordered(void **state)
{
	struct lines l = make_lines();
	char chain[CHAIN_HEX] = CHAIN_START;
	char kept[CHAIN_HEX];

	(void)state;
	assert_int_equal(chain_check(chain, l.line[1], l.len[1]), -EBADMSG);
	assert_int_equal(chain_check(chain, l.line[0], l.len[0]), 0);
	memcpy(kept, chain, sizeof(kept));
	assert_int_equal(chain_check(chain, l.line[2], l.len[2]), -EBADMSG);
	assert_string_equal(chain, kept); /* a bad line does not move it on */
	assert_int_equal(chain_check(chain, l.line[1], l.len[1]), 0);
	buf_free(&l.text);
}

static void test_every_byte_counts(void **state)
{
	struct lines l = make_lines();

	(void)state;
	for (size_t i = 0; i < l.len[0]; i++) {
		char copy[256];
		char chain[CHAIN_HEX] = CHAIN_START;

		memcpy(copy, l.line[0], l.len[0]);
		copy[i] ^= 1;
		assert_int_equal(chain_check(chain, copy, l.len[0]), -EBADMSG);
	}
	buf_free(&l.text);
}

static void test_short_and_odd(void **state)
{
	struct lines l = make_lines();
	char chain[CHAIN_HEX] = CHAIN_START;
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < l.len[0]; i++) {
		char *copy =
			malloc(i + 1); /* its end is the end: a sanitizer sees a read past it */

		memcpy(copy, l.line[0], i);
		assert_int_equal(chain_check(chain, copy, i), -EBADMSG);
		free(copy);
	}
	chain_append(&out, chain, "", 0);
	assert_true(out.failed);
	out.failed = false;
	chain_append(&out, chain, "[1]", 3);
	assert_true(out.failed);
	assert_string_equal(chain, CHAIN_START);
	buf_free(&out);
	buf_free(&l.text);
}

/* An agent that puts a chain into its own text gains nothing: the last one counts. */
static void test_chain_inside(void **state)
{
	const char *record = "{\"argv\":[\",\\\"chain\\\":\\\"00\\\"}\"]}";
	char chain[CHAIN_HEX] = CHAIN_START, check[CHAIN_HEX] = CHAIN_START;
	struct buf out = BUF_INIT;

	(void)state;
	chain_append(&out, chain, record, strlen(record));
	assert_int_equal(chain_check(check, out.data, out.len - 1), 0);
	assert_string_equal(chain, check);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_missing_and_reordered),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_short_and_odd),
		cmocka_unit_test(test_chain_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
