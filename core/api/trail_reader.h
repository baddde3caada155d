/*
 * trail_reader.h: what is behind trail.h. For core/api/trail*.c and their tests only.
 */
#ifndef WARDER_API_TRAIL_READER_H
#define WARDER_API_TRAIL_READER_H

#include <stddef.h>

#include "core/api/locate.h"
#include "core/api/trail.h"
#include "core/wire/chain.h"

#define TRAIL_FILE "trail.jsonl"

struct trail_reader {
	int fd;
	int watch;         /* inotify; -1 until asked for */
	char *data;        /* TRAIL_LINE_MAX + 1 bytes */
	size_t start, end; /* what was read and not yet given out */
	uint64_t line;     /* lines given out */
};

/* As trail_open, in a session that was found already. */
int trail_open_in(int state_fd, struct trail_reader **ret, struct error *err);
/* Bytes after the last whole line, at the end so far. */
size_t trail_rest(const struct trail_reader *t);

/* Checking line by line. Begin with chain = CHAIN_START, all else zero, and what is known of the
 * end. */
struct trail_check {
	uint64_t expect_seq;   /* newest record that is known elsewhere; 0 = none is */
	char expect_chain[72]; /* its chain */
	bool exact;            /* the session has ended: nothing may follow it */
	uint64_t seq;
	char chain[CHAIN_HEX];
	struct trail_verdict verdict;
};
/* False once something did not verify (verdict has it). */
bool trail_check_line(struct trail_check *c, const char *line, size_t len);
/* After the last whole line; `rest` bytes stand behind it. */
void trail_check_end(struct trail_check *c, size_t rest);

#endif
