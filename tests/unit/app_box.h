/*
 * app_box.h: the dashboard's app on made-up sessions, with its orders recorded, for the tests of
 * what keys do.
 */
#ifndef WARDER_TESTS_APP_BOX_H
#define WARDER_TESTS_APP_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/app.h"
#include "tui/demo.h"

static struct source *source;
static struct app app;
static struct grid grid;

/* The last order; how many there were. */
static struct {
	int n, kind, signal, targets;
	char first[SOURCE_ID];
} seen;
static int (*demo_order)(struct source *s, const struct order *o, struct error *err);

static int record(struct source *s, const struct order *o, struct error *err)
{
	seen.n++;
	seen.kind = (int)o->kind;
	seen.signal = o->signal;
	seen.targets = o->n;
	snprintf(seen.first, sizeof(seen.first), "%s", o->n > 0 ? o->ids[0] : "");
	return demo_order(s, o, err);
}

static int setup(void **state)
{
	struct demo_options o = { .seed = 1, .clock = "12:00:00" };
	struct app_options ao = { .theme = NULL };
	struct error err = ERROR_INIT;

	(void)state;
	if (source_demo(&o, &source, &err) < 0 || app_open(&app, source, &ao, &err) < 0)
		return -1;
	demo_order = source->order;
	source->order = record;
	memset(&seen, 0, sizeof(seen));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	app_close(&app);
	source->close(source);
	grid_free(&grid);
	return 0;
}

static void keys(const char *script)
{
	struct error err = ERROR_INIT;
	char other[64];
	uint32_t key;

	while (*script != '\0') {
		assert_int_equal(keymap_script_next(&script, &key, other, sizeof(other), &err), 0);
		if (strcmp(other, "tick") == 0) {
			demo_tick(source);
			app_tick(&app);
		} else {
			app_key(&app, key);
		}
		assert_int_equal(app_draw(&app, &grid), 0);
	}
}

static bool shows(const char *text)
{
	struct buf out = BUF_INIT;
	bool found;

	assert_int_equal(app_draw(&app, &grid), 0);
	grid_dump(&grid, &out);
	found = strstr(buf_str(&out), text) != NULL;
	buf_free(&out);
	return found;
}

#endif
