/*
 * cmdlog.h: the commands of one session, from the lines of its trail: which are shown, in which
 * order, and where the cursor is. No terminal, no clock, no file.
 *
 * What must hold: memory is bounded, whatever the trail holds (the oldest commands go, counted);
 * the cursor belongs to a command, never to a line; lines may come in any order and be anything.
 * All texts are raw: they are made safe where they are drawn.
 */
#ifndef WARDER_TUI_CMDLOG_H
#define WARDER_TUI_CMDLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

enum {
	CMDLOG_KEPT = 10000,             /* commands */
	CMDLOG_BYTES = 32 * 1024 * 1024, /* of their texts */
	CMDLOG_FILTER = 200,
	CMDLOG_ENDS = 64,  /* ends that came before their commands */
	CMDLOG_LINE = 600, /* bytes of a command on one line */
};

struct cmdlog_entry {
	uint64_t seq, time;      /* of its record; ns since 1970, 0 = unknown */
	uint64_t end_seq;        /* of the record of its end; 0 = none yet */
	int pid, ppid;           /* 0 = unknown */
	int exit_code, signal;   /* -1 and 0: not known */
	double duration_ms;      /* -1: not known */
	bool verified, replaced; /* replaced: its process went on as the next program */
	bool matches;
	uint64_t argv_bytes;                    /* of all arguments, when argv is cut; else 0 */
	const char *exe, *cwd, *doubt, *sha256; /* "" = not told */
	int argc;
	size_t args_len, size;
	char text[]; /* the arguments, each with its NUL; then the texts above */
};

struct cmdlog_end {
	uint64_t seq, of;
	int exit_code, signal;
	double duration_ms;
};

struct cmdlog_row {
	const struct cmdlog_entry *entry;
	int depth; /* in the tree */
};

struct cmdlog {
	struct cmdlog_entry **items; /* 2 * CMDLOG_KEPT; those from head on, seq rising */
	int head, n;
	size_t bytes;
	uint64_t older; /* commands that are in the trail only */
	struct cmdlog_end ends[CMDLOG_ENDS];
	unsigned next_end;

	char filter[CMDLOG_FILTER]; /* "text", or "!text": without it; "" = all */
	bool tree;
	bool follow; /* the cursor goes with the newest */

	struct cmdlog_row *rows; /* CMDLOG_KEPT */
	int n_rows;
	bool stale;        /* rows are to be built again */
	uint64_t selected; /* seq; 0 = none */
	int cursor, top;   /* rows; cursor -1: none */
};

int cmdlog_init(struct cmdlog *c); /* 0 or -ENOMEM */
void cmdlog_free(struct cmdlog *c);
/* One line of the trail. 1: it changed something, 0: not about commands, or -ENOMEM. */
int cmdlog_add(struct cmdlog *c, const char *line, size_t len);
void cmdlog_filter(struct cmdlog *c, const char *text);
void cmdlog_tree(struct cmdlog *c, bool on);
void cmdlog_follow(struct cmdlog *c, bool on);
/* Brings rows and cursor up to date; the others do it themselves where they need it. */
void cmdlog_settle(struct cmdlog *c);
/* By rows; stops at the ends. Upwards the cursor stops following; at the very end (by as many rows
 * as there can be) it follows again. */
void cmdlog_move(struct cmdlog *c, int by);
/* Scrolls so that the cursor is among `lines` lines. */
void cmdlog_scroll(struct cmdlog *c, int lines);
/* NULL also while rows are out of date. */
const struct cmdlog_entry *cmdlog_selected(const struct cmdlog *c);
/* The command that its process's parent ran then; NULL when that is not among those kept. */
const struct cmdlog_entry *cmdlog_parent(const struct cmdlog *c, const struct cmdlog_entry *e);
/* Its arguments as a shell takes them, made safe, cut at about CMDLOG_LINE bytes. */
void cmdlog_line(const struct cmdlog_entry *e, struct buf *out);

#endif
