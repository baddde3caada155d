/*
 * trail.h: writing a session's trail: one JSON object a line, chained (wire/chain.h), each stamped
 * with the policy in force. A record is on its way to the disk when trail_put returns (write(2)
 * has returned); trail_sync makes it durable.
 */
#ifndef WARDER_SESSION_TRAIL_H
#define WARDER_SESSION_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/wire/chain.h"

struct trail {
	int fd;
	uint64_t seq; /* of the newest record; 0 = none yet */
	char chain[CHAIN_HEX];
	const char *policy_sha256; /* borrowed; of the policy in force */
	uint32_t policy_revision;
	bool dirty; /* written, not yet synced */
	int failed; /* -errno of the first write that failed: nothing is written after it, so
		       * the chain stays whole */
};

/* A new trail (dirfd/trail.jsonl, must not exist). */
int trail_create(struct trail *t, int dirfd, struct error *err);
/* Takes up an existing one at its last whole line (for a reaper). A torn last line is cut off. */
int trail_resume(struct trail *t, int dirfd, struct error *err);
void trail_finish(struct trail *t); /* syncs and closes */

/* Begins a record in `b`: {"seq":N,"time":…,"kind":KIND; add fields to the writer, then trail_put.
 */
struct json_writer trail_begin(struct trail *t, struct buf *b, const char *kind);
/* Ends the object, chains it, writes it. 0 or -errno (also in t->failed). Frees b. */
int trail_put(struct trail *t, struct json_writer *w, struct buf *b);
void trail_sync(struct trail *t);

#endif
