/*
 * safe_lines.h: a stream of an agent's bytes made safe for a terminal as it comes. Newlines and
 * tabs stay; carriage returns before a newline go; everything else that could act on a terminal
 * becomes a visible escape. A character that is cut by a chunk's end is put together again.
 */
#ifndef WARDER_CLI_SAFE_LINES_H
#define WARDER_CLI_SAFE_LINES_H

#include "core/base/text.h"

struct safe_lines {
	char held[4]; /* the beginning of a character */
	size_t held_len;
	size_t returns; /* carriage returns that were not yet shown */
};

void safe_lines_add(struct safe_lines *s, const char *bytes, size_t len, struct buf *out);
/* What is still held. */
void safe_lines_end(struct safe_lines *s, struct buf *out);

#endif
