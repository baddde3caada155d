/*
 * chain.c: a trail line's tail is `,"chain":"` + 64 hex digits + `"}`; everything is measured from
 * the end of the line, so that nothing inside the record, which the agent may have chosen, is
 * mistaken for it.
 */
#include "core/wire/chain.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/base/digest.h"

#define CHAIN_KEY ",\"chain\":\""

enum {
	KEY_LEN = sizeof(CHAIN_KEY) - 1,
	HEX_LEN = CHAIN_HEX - 1,
	TAIL_LEN = KEY_LEN + HEX_LEN + 2, /* `"}` */
};

static_assert((int)CHAIN_HEX == (int)DIGEST_HEX, "a chain is a digest");
static_assert(sizeof(CHAIN_START) == CHAIN_HEX, "the first chain is as long as any");

/* The chain after `body`, which is the line up to but without its closing brace. */
static void chain_next(const char chain[CHAIN_HEX], const char *body, size_t len,
                       char ret[CHAIN_HEX])
{
	const struct digest_part parts[] = {
		{ .data = chain, .len = HEX_LEN },
		{ .data = body, .len = len },
		{ .data = "}", .len = 1 },
	};

	digest_hex(parts, 3, ret);
}

void chain_append(struct buf *out, char chain[CHAIN_HEX], const char *line, size_t len)
{
	char next[CHAIN_HEX];

	if (len < 2 || line[len - 1] != '}') { /* not an object: never write what cannot verify */
		out->failed = true;
		return;
	}
	chain_next(chain, line, len - 1, next);
	memcpy(chain, next, CHAIN_HEX);
	buf_add(out, line, len - 1);
	buf_add(out, CHAIN_KEY, KEY_LEN);
	buf_add(out, chain, HEX_LEN);
	buf_add(out, "\"}\n", 3);
}

int chain_check(char chain[CHAIN_HEX], const char *line, size_t len)
{
	char next[CHAIN_HEX];
	const char *tail;

	if (len < TAIL_LEN + 1 || line[0] != '{')
		return -EBADMSG;
	tail = line + len - TAIL_LEN;
	if (memcmp(tail, CHAIN_KEY, KEY_LEN) != 0 ||
	    memcmp(tail + KEY_LEN + HEX_LEN, "\"}", 2) != 0)
		return -EBADMSG;
	chain_next(chain, line, len - TAIL_LEN, next);
	if (memcmp(tail + KEY_LEN, next, HEX_LEN) != 0)
		return -EBADMSG;
	memcpy(chain, next, CHAIN_HEX);
	return 0;
}
