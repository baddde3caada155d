/*
 * man.h: what is generated from the verb and option tables: warder(1), the shell completion, the
 * list of verbs.
 */
#ifndef WARDER_CLI_MAN_H
#define WARDER_CLI_MAN_H

#include "core/base/text.h"
#include "tui/cli/options.h"

/* verbs: NULL-terminated, in the order to be shown; dashboard: the options of `warder` alone. */
struct man_source {
	const struct verb *const *verbs;
	const struct verb *dashboard;
	const char *version;
};

void man_page(const struct man_source *s, struct buf *out);       /* man(7) source */
void man_completion(const struct man_source *s, struct buf *out); /* bash */
void man_overview(const struct man_source *s, struct buf *out);   /* warder --help */

#endif
