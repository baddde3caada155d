/*
 * print.h: how verbs speak. Results go to standard output in whole buffers, and a write that
 * fails is an error of the verb; errors and notices go to standard error, one line each,
 * printable.
 */
#ifndef WARDER_CLI_PRINT_H
#define WARDER_CLI_PRINT_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/base/text.h"

enum { EXIT_USAGE = 2, EXIT_TIMED_OUT = 124, EXIT_WARDER = 125 };

/* "warder: WHAT: WHY", then "  hint: …" if there is one. (cmocka has a print_error.) */
void print_err(const struct error *err);
/* "warder: TEXT"; arguments may hold any byte. */
void print_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A usage error "warder: VERB: …" with the hint to --help; returns EXIT_USAGE. */
int print_usage_error(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Writes the buffer to standard output and empties it. Returns 0, or 1 after saying why not
 * (also when the buffer is incomplete for want of memory). */
int print_out(struct buf *b);

/* Columns of the terminal on standard output; 0 when it is none. */
unsigned print_columns(void);

/* s made safe. */
void print_safe(struct buf *out, const char *s);
/* At most `columns` columns of a safe string; a cut one ends in '~'; filled with spaces if pad. */
void print_cut(struct buf *out, const char *safe, size_t columns, bool pad);

/* ---- tables ---- */

struct print_column {
	const char *title;
	bool right; /* numbers */
};
/* cells: n_rows * n_columns strings, made safe already, NULL shown as "-". Columns are as wide
 * as needed; with width > 0 the last column is cut to what is left and lines never pass it.
 * header: with a line of titles. */
void print_table(struct buf *out, const struct print_column *columns, int n_columns,
                 char *const *cells, int n_rows, unsigned width, bool header);

#endif
