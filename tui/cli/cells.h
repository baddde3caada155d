/*
 * cells.h: facts of a session as text for tables and sections. Unknown is "-", never 0.
 */
#ifndef WARDER_CLI_CELLS_H
#define WARDER_CLI_CELLS_H

#include "core/api/sessions.h"
#include "core/base/text.h"

/* Each appends to out. */
void cell_state(struct buf *out, const struct session_view *v); /* "running", "exited 1" */
void cell_age(struct buf *out, const struct session_view *v);   /* since its start */
void cell_cpu(struct buf *out,
              const struct session_view *v);    /* percent of one core, newest sample */
void cell_size(struct buf *out, int64_t bytes); /* -1: "-" */
void cell_number(struct buf *out, int64_t n);   /* -1: "-" */
void cell_command(struct buf *out, const struct session_view *v);     /* argv, made safe */
void cell_time(struct buf *out, uint64_t wall_ns);                    /* local time, 0: "-" */
const struct board_sample *cell_sample(const struct session_view *v); /* the newest, or NULL */

/* A table that grows by rows: cells are given in order; missing ones at the end of a row are
 * "-". */
struct rows {
	char **cells; /* owned strings or NULL */
	int n_cells, n_columns;
	bool failed;
};
void rows_add(struct rows *r, struct buf *cell); /* takes the buffer's text */
void rows_free(struct rows *r);

#endif
