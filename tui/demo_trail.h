/*
 * demo_trail.h: the made-up sessions' trail, as lines: some commands, the same in each.
 */
#ifndef WARDER_TUI_DEMO_TRAIL_H
#define WARDER_TUI_DEMO_TRAIL_H

#include "tui/source.h"

int demo_follow(struct source *s, const char *id, struct error *err);
int demo_followed(struct source *s, const char **ret_line, size_t *ret_len, struct error *err);
int demo_follow_fd(const struct source *s);

#endif
