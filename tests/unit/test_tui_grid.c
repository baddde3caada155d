/*
 * test_tui_grid.c: whatever is drawn, a cell holds a printable character of the right width.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/grid.h"

static struct grid make(int w, int h)
{
	struct grid g = { .cursor_x = -1, .cursor_y = -1 };

	assert_int_equal(grid_size(&g, w, h), 0);
	return g;
}

static void assert_sound(const struct grid *g)
{
	for (int y = 0; y < g->h; y++) {
		for (int x = 0; x < g->w; x++) {
			const struct grid_cell *c = grid_at(g, x, y);

			if (c->width == 0) {
				assert_true(x > 0);
				assert_int_equal(grid_at(g, x - 1, y)->width, 2);
				continue;
			}
			assert_int_equal(text_width(c->cp), c->width);
			assert_true(c->cp >= 0x20 && c->cp != 0x7f);
			if (c->width == 2) {
				assert_true(x + 1 < g->w);
				assert_int_equal(grid_at(g, x + 1, y)->width, 0);
			}
			for (size_t i = 0; i < 2 && c->mark[i] != 0; i++)
				assert_int_equal(text_width(c->mark[i]), 0);
			assert_true(!g->ascii || c->cp < 0x7f);
		}
	}
}

static void assert_row(const struct grid *g, int y, const char *want)
{
	struct buf out = BUF_INIT;
	char *line;

	grid_dump(g, &out);
	line = out.data;
	for (int i = 0; i < y; i++)
		line = strchr(line, '\n') + 1;
	*strchr(line, '\n') = '\0';
	assert_string_equal(line, want);
	buf_free(&out);
}

static void test_hostile_text(void **state)
{
	static const char text[] =
		"a\033]52;c;x\a\r\n\t\xc2\x9b\xe2\x80\xae\xe2\x80\x8b\xff\xf3\xa0\x81\x81z";
	struct grid g = make(120, 1);

	(void)state;
	assert_int_equal(grid_text(&g, 0, 0, 120, ROLE_TEXT, text, sizeof(text) - 1), 53);
	assert_sound(&g);
	assert_row(&g, 0, "a\\e]52;c;x\\x07\\r\\n\\t\\u009b\\u202e\\u200b\\xff\\U000e0041z");
	assert_int_equal(grid_at(&g, 0, 0)->flags, 0);
	assert_int_equal(grid_at(&g, 1, 0)->flags, GRID_HIDDEN);
	grid_free(&g);
}

static void test_random_bytes(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct grid g = make(1 + (int)(seed >> 8) % 30, 2);
		char bytes[64];

		g.ascii = round % 3 == 0;
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 1103515245u + 12345u;
			bytes[i] = (char)(seed >> 16);
		}
		/* Some of it whole characters: wide, combining, variation selectors. */
		memcpy(bytes + 8,
		       "\xe4\xb8\x96\xcc\x81\xcc\x81\xcc\x81\xef\xb8\x8f\xf0\x9f\x98\x80", 16);
		grid_text(&g, (int)(seed >> 3) % 40 - 5, 0, (int)(seed >> 9) % 50 - 2, ROLE_TEXT,
		          bytes, sizeof(bytes));
		grid_text(&g, (int)(seed >> 5) % 9, 0, 3, ROLE_TEXT, bytes + 8, 19);
		assert_sound(&g);
		grid_free(&g);
	}
}

static void test_a_megabyte_costs_its_columns(void **state)
{
	size_t len = 1 << 20;
	char *text = malloc(len);
	struct grid g = make(80, 1);
	uint64_t before;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	before = clock_now();
	for (int i = 0; i < 1000; i++)
		grid_text(&g, 0, 0, 80, ROLE_TEXT, text, len);
	/* A thousand full passes over the text would take seconds. */
	assert_true(clock_now() - before < NS_PER_SEC / 2);
	memset(text, 0, len);
	memcpy(text, "\xcc\x81", 2);
	for (size_t i = 0; i + 1 < len; i += 2)
		memcpy(text + i, "\xcc\x81", 2);
	before = clock_now();
	for (int i = 0; i < 1000; i++)
		grid_text(&g, 0, 0, 80, ROLE_TEXT, text, len);
	assert_true(clock_now() - before < NS_PER_SEC / 2);
	free(text);
	grid_free(&g);
}

static void test_cut_is_told(void **state)
{
	struct grid g = make(10, 3);

	(void)state;
	assert_int_equal(grid_str(&g, 0, 0, 5, ROLE_TEXT, "abcde"), 5);
	assert_int_equal(grid_str(&g, 0, 1, 5, ROLE_TEXT, "abcdef"), 5);
	assert_int_equal(grid_str(&g, 0, 2, 4, ROLE_TEXT, "ab\xe4\xb8\x96x"), 4);
	assert_row(&g, 0, "abcde");
	assert_row(&g, 1, "abcd\xe2\x80\xa6");
	assert_row(&g, 2, "ab \xe2\x80\xa6");
	assert_sound(&g);
	grid_free(&g);
}

static void test_an_escape_is_not_split(void **state)
{
	struct grid g = make(10, 1);

	(void)state;
	grid_str(&g, 0, 0, 5, ROLE_TEXT, "abcd\033[m");
	assert_row(&g, 0, "abcd\xe2\x80\xa6");
	grid_free(&g);
}

static void test_wide_halves(void **state)
{
	struct grid g = make(6, 1);

	(void)state;
	grid_str(&g, 0, 0, 6, ROLE_TEXT, "\xe4\xb8\x96\xe4\xb8\x96\xe4\xb8\x96");
	grid_str(&g, 1, 0, 1, ROLE_TEXT, "x");
	grid_str(&g, 2, 0, 1, ROLE_TEXT, "y");
	assert_sound(&g);
	assert_row(&g, 0, " xy \xe4\xb8\x96");
	grid_free(&g);
}

static void test_copy_and_box_outside(void **state)
{
	struct grid g = make(10, 4);
	struct grid s = make(12, 8);

	(void)state;
	grid_str(&s, 8, 6, 4, ROLE_TEXT, "\xe4\xb8\x96z");
	grid_copy(&g, (struct rect){ 1, 1, 9, 3 }, &s, 5);
	assert_sound(&g);
	grid_box(&g, (struct rect){ -3, -2, 40, 40 }, ROLE_BORDER, "t\033");
	grid_fill(&g, (struct rect){ 8, 3, 99, 99 }, 'q', ROLE_TEXT);
	grid_flag(&g, (struct rect){ -1, -1, 99, 99 }, GRID_SELECTED);
	grid_glyph(&g, 99, 99, ROLE_TEXT, 'x');
	grid_text(&g, -5, 1, 20, ROLE_TEXT, "0123456789", 10);
	assert_sound(&g);
	assert_row(&g, 1, "56789");
	grid_free(&g);
	grid_free(&s);
}

static void test_ascii(void **state)
{
	struct grid g = make(12, 2);

	(void)state;
	g.ascii = true;
	grid_box(&g, (struct rect){ 0, 0, 12, 2 }, ROLE_BORDER, "a");
	grid_str(&g, 0, 1, 4, ROLE_TEXT, "\xc3\xa9\xe4\xb8\x96zzzz");
	assert_sound(&g);
	assert_row(&g, 0, "+- a ------+");
	assert_row(&g, 1, "???~-------+");
	grid_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_a_megabyte_costs_its_columns),
		cmocka_unit_test(test_cut_is_told),
		cmocka_unit_test(test_an_escape_is_not_split),
		cmocka_unit_test(test_wide_halves),
		cmocka_unit_test(test_copy_and_box_outside),
		cmocka_unit_test(test_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
