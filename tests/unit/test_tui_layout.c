/*
 * test_tui_layout.c: the layout's promise for every size from 1x1 to 200x80.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tui/layout.h"

static bool overlap(struct rect a, struct rect b)
{
	return a.w > 0 && a.h > 0 && b.w > 0 && b.h > 0 && a.x < b.x + b.w && b.x < a.x + a.w &&
	       a.y < b.y + b.h && b.y < a.y + a.h;
}

static void check(int w, int h, const struct layout_want *want)
{
	struct layout l;
	const struct rect *areas[] = { &l.summary, &l.alert,   &l.heading, &l.body,
		                       &l.edge,    &l.preview, &l.state,   &l.keys };

	layout_compute(w, h, want, &l);
	for (size_t i = 0; i < 8; i++) {
		const struct rect *r = areas[i];

		assert_true(r->w >= 0 && r->h >= 0);
		if (r->w > 0 && r->h > 0)
			assert_true(r->x >= 0 && r->y >= 0 && r->x + r->w <= w && r->y + r->h <= h);
		for (size_t k = i + 1; k < 8; k++)
			assert_false(overlap(*r, *areas[k]));
	}
	assert_true(l.summary.h > 0 || l.alert.h > 0);
	assert_true(h == 1 || l.body.h > 0);
	if (w >= LAYOUT_TINY_W && h >= LAYOUT_TINY_H)
		assert_true(l.state.h == 1 && l.keys.h == 1 &&
		            (l.alert.h > 0) == (want->alert > 0) &&
		            (l.alert.h <= 1 || l.alert.h <= h / 4));
}

static void test_every_size(void **state)
{
	(void)state;
	for (int w = 1; w <= 200; w++)
		for (int h = 1; h <= 80; h++)
			for (int bits = 0; bits < 20; bits++)
				check(w, h,
				      &(struct layout_want){ bits / 4, (bits & 1) != 0,
				                             (bits & 2) != 0 });
}

static void check_columns(int name_w)
{
	for (int w = 1; w <= 400; w++) {
		struct layout_columns c;
		int end = 0;
		int order[] = { LIST_ID,     LIST_NAME, LIST_USER,   LIST_POLICY, LIST_STATE,
			        LIST_LAYERS, LIST_AGE,  LIST_CPU,    LIST_SPARK,  LIST_MEMORY,
			        LIST_PIDS,   LIST_LEFT, LIST_COMMAND };

		layout_columns(w, name_w, &c);
		for (size_t i = 0; i < LIST_COLUMNS; i++) {
			int k = order[i];

			assert_true(c.w[k] >= 0);
			if (c.w[k] == 0)
				continue;
			assert_true(c.x[k] > end || end == 0);
			end = c.x[k] + c.w[k];
			assert_true(end <= w);
		}
		if (w >= 20)
			assert_true(c.w[LIST_ID] >= 6 && c.w[LIST_STATE] >= 7);
		if (w >= 80)
			assert_true(c.w[LIST_COMMAND] > 0 && c.w[LIST_LEFT] > 0 &&
			            c.w[LIST_MEMORY] > 0 &&
			            c.w[name_w > 0 ? LIST_NAME : LIST_SPARK] > 0);
		if (w >= 122)
			for (size_t i = 0; i < LIST_COLUMNS; i++)
				assert_true(c.w[i] > 0 || (i == LIST_NAME && name_w == 0));
		assert_true(c.w[LIST_NAME] <= name_w);
	}
}

static void test_columns(void **state)
{
	(void)state;
	check_columns(0);
	check_columns(3);
	check_columns(63);
}

static void test_dialogs(void **state)
{
	(void)state;
	for (int w = 1; w <= 200; w++) {
		for (int h = 1; h <= 80; h++) {
			struct rect r = layout_dialog(w, h, 66, 14);

			assert_true(r.x >= 0 && r.y >= 0 && r.x + r.w <= w && r.y + r.h <= h);
			assert_true(r.w == (w < 66 ? w : 66) && r.h == (h < 14 ? h : 14));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_dialogs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
