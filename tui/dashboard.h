/*
 * dashboard.h: `warder` without a verb.
 */
#ifndef WARDER_TUI_DASHBOARD_H
#define WARDER_TUI_DASHBOARD_H

#include "tui/cli/options.h"

/* Its options, for the parser, --help and the manual. */
extern const struct verb verb_dashboard;

/* argv[0] is the program's name. Returns the exit status: 0, 2 for usage, 1 when it cannot
 * start, 128+N when a signal ended it. */
int dashboard_main(int argc, char **argv);

#endif
