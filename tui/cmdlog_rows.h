/*
 * cmdlog_rows.h: between cmdlog.c and cmdlog_rows.c.
 */
#ifndef WARDER_TUI_CMDLOG_ROWS_H
#define WARDER_TUI_CMDLOG_ROWS_H

#include "tui/cmdlog.h"

bool cmdlog_matches(const struct cmdlog *c, const struct cmdlog_entry *e);
/* p has the pid that e's parent had: is it the same process still, or had it ended before? */
bool cmdlog_is_parent(const struct cmdlog_entry *p, const struct cmdlog_entry *e);

#endif
