/*
 * test_tui_keymap.c: the rules of the key table, its names, and key scripts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/keymap.h"

static void test_no_change_on_a_careless_key(void **state)
{
	static const uint32_t careless[] = { 'j', 'k', 'h', 'l', K_ENTER, K_SPACE, K_BACKSPACE };

	(void)state;
	for (size_t i = 0; i < key_table_length; i++) {
		for (size_t k = 0; k < KEYS_PER_ACTION; k++) {
			uint32_t key = key_table[i].keys[k];

			if (key == 0 || !(key_table[i].changes || key_table[i].destroys))
				continue;
			assert_true(key >= 32);
			for (size_t c = 0; c < sizeof(careless) / sizeof(careless[0]); c++)
				assert_true(key != careless[c]);
		}
	}
}

static void test_one_key_one_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_table_length; i++)
		for (size_t k = 0; k < key_table_length; k++)
			for (size_t a = 0; a < KEYS_PER_ACTION; a++)
				for (size_t b = 0; b < KEYS_PER_ACTION; b++)
					assert_false(i != k && key_table[i].keys[a] != 0 &&
					             key_table[i].keys[a] == key_table[k].keys[b]);
}

static void test_table_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_table_length; i++) {
		const struct key_entry *e = &key_table[i];
		char name[16];

		assert_int_equal(e->action, i + 1);
		assert_ptr_equal(keymap_entry(e->action), e);
		assert_int_equal(keymap_by_name(e->name), e->action);
		assert_true(e->keys[0] != 0 && e->places != 0);
		assert_true((e->label != NULL) == (e->rank != 0));
		/* What help shows at 80 columns is not cut. */
		assert_true(strlen(e->help) <= 66);
		assert_true(!e->destroys || e->changes);
		for (size_t k = 0; k < KEYS_PER_ACTION && e->keys[k] != 0; k++) {
			keymap_key_name(e->keys[k], name, sizeof(name));
			assert_true(strcmp(name, "?") != 0 || e->keys[k] == '?');
		}
	}
	assert_null(keymap_entry(ACTION_NONE));
	assert_int_equal(keymap_by_name("nonsense"), ACTION_NONE);
	assert_int_equal(keymap_action(0, IN_LIST), ACTION_NONE);
	assert_int_equal(keymap_action('n', IN_HELP), ACTION_NONE);
	assert_int_equal(keymap_action('n', IN_DETAIL), ACTION_NEW);
	assert_int_equal(keymap_action(K_CTRL('C'), IN_HELP), ACTION_INTERRUPT);
}

static void test_scripts(void **state)
{
	const char *p = "a<Enter><F10><C-c><lt>\xc3\xa9<resize:80x24>";
	static const uint32_t want[] = { 'a', K_ENTER, K_F10, 3, '<', 0xe9 };
	struct error err = ERROR_INIT;
	char other[32];
	uint32_t key;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(keymap_script_next(&p, &key, other, sizeof(other), &err), 0);
		assert_int_equal(key, want[i]);
		assert_string_equal(other, "");
	}
	assert_int_equal(keymap_script_next(&p, &key, other, sizeof(other), &err), 0);
	assert_int_equal(key, 0);
	assert_string_equal(other, "resize:80x24");
	p = "<Enter";
	assert_int_equal(keymap_script_next(&p, &key, other, sizeof(other), &err), -EINVAL);
	p = "\xff";
	assert_int_equal(keymap_script_next(&p, &key, other, sizeof(other), &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_change_on_a_careless_key),
		cmocka_unit_test(test_one_key_one_meaning),
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
