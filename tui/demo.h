/*
 * demo.h: made-up sessions: for looking at the dashboard without a sandbox, and for the screen
 * tests.
 */
#ifndef WARDER_TUI_DEMO_H
#define WARDER_TUI_DEMO_H

#include "tui/source.h"

struct demo_options {
	uint64_t seed;
	/* "HH:MM:SS": time stands still there, demo_tick moves it; NULL: the real clock. */
	const char *clock;
	int count; /* sessions; 0 = the usual ones */
};

int source_demo(const struct demo_options *o, struct source **ret, struct error *err);
/* A second passes (with a clock that stands still). */
void demo_tick(struct source *s);

#endif
