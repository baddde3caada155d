/*
 * chain.h: the trail's lines and what ties them together.
 *
 * A line is a JSON object that ends in `,"chain":"HEX"}`. HEX is the SHA-256 of the previous
 * line's chain (64 hex digits; 64 zeros before the first) followed by this line without
 * `,"chain":"HEX"`, that is, with only its closing brace. So a changed, removed or reordered line
 * breaks the chain there; a truncated end is found against session.json and the board, which hold
 * the newest seq and chain.
 */
#ifndef WARDER_WIRE_CHAIN_H
#define WARDER_WIRE_CHAIN_H

#include <stddef.h>

#include "core/base/text.h"

enum { CHAIN_HEX = 65 };
#define CHAIN_START "0000000000000000000000000000000000000000000000000000000000000000"

/* `line` is an object without chain ("{…}"). Appends it with its chain and a newline; *chain is
 * updated in place. */
void chain_append(struct buf *out, char chain[CHAIN_HEX], const char *line, size_t len);
/* Checks one line (without newline) against the previous chain and moves it on. 0, or -EBADMSG. */
int chain_check(char chain[CHAIN_HEX], const char *line, size_t len);

#endif
