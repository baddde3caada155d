/*
 * trail.h: reading a session's trail and output from its files; no supervisor is asked.
 */
#ifndef WARDER_API_TRAIL_H
#define WARDER_API_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/text.h"

struct trail_reader;

int trail_open(const char *id, struct trail_reader **ret, struct error *err);
void trail_close(struct trail_reader *t);
/* The next whole line without newline (valid until the next call). 1, 0 at the end so far, or
 * -errno. */
int trail_next(struct trail_reader *t, const char **ret_line, size_t *ret_len, struct error *err);
/* A descriptor that becomes readable when the file grew (inotify), for following. */
int trail_watch_fd(struct trail_reader *t);

struct trail_verdict {
	uint64_t records;
	bool intact;
	uint64_t broken_line; /* 1-based, of the first that does not verify; 0 if none */
	char detail[256];     /* "line 12: seq 13 follows 11", "the last 3 records are missing",
			        * … */
};
/* Reads it all: chain, seq without holes, and the end against session.json (ended) or the board
 * (live). */
int trail_verify(const char *id, struct trail_verdict *ret, struct error *err);
/* One record as a line for people: "12:04:31 layer seccomp enforced …", made safe. */
void trail_format(const char *line, size_t len, struct buf *out);
/* The newest n records, oldest first, as lines for people. */
int trail_tail(const char *id, int n, struct buf *ret_lines, struct error *err);

/* Output: everything kept, oldest first, from $STATE/…/output.1 and output. */
int output_open(const char *id, int *ret_fd_old, int *ret_fd, struct error *err); /* either may
										   * be -1 */

#endif
