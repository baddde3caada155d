/*
 * cells.c: facts as text.
 */
#include "tui/cli/cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/clock.h"
#include "tui/cli/print.h"

void cell_state(struct buf *out, const struct session_view *v)
{
	if (v->state >= SESSION_STATE_COUNT) {
		buf_adds(out, "-");
		return;
	}
	buf_adds(out, session_state_names[v->state]);
	if (v->state == SESSION_EXITED && v->record->exit_code >= 0)
		buf_addf(out, " %d", v->record->exit_code);
}

void cell_age(struct buf *out, const struct session_view *v)
{
	uint64_t started = v->record->started_wall;
	uint64_t now = clock_wall();
	char text[32];

	if (started == 0) {
		buf_adds(out, "-");
		return;
	}
	text_format_duration(now > started ? now - started : 0, text, sizeof(text));
	buf_adds(out, text);
}

const struct board_sample *cell_sample(const struct session_view *v)
{
	return v->have_board && session_state_live(v->state) ? board_sample(&v->board, 0) : NULL;
}

void cell_cpu(struct buf *out, const struct session_view *v)
{
	const struct board_sample *s = cell_sample(v);

	if (s == NULL || s->cpu_permille < 0)
		buf_adds(out, "-");
	else
		buf_addf(out, "%d.%d", s->cpu_permille / 10, s->cpu_permille % 10);
}

void cell_size(struct buf *out, int64_t bytes)
{
	char text[32];

	if (bytes < 0) {
		buf_adds(out, "-");
		return;
	}
	text_format_size((uint64_t)bytes, text, sizeof(text));
	buf_adds(out, text);
}

void cell_number(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_adds(out, "-");
	else
		buf_addf(out, "%" PRId64, n);
}

void cell_command(struct buf *out, const struct session_view *v)
{
	size_t n = 0;

	while (v->record->command != NULL && v->record->command[n] != NULL)
		n++;
	text_safe_argv(out, (const char *const *)v->record->command, n);
}

void cell_time(struct buf *out, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
	struct tm tm;
	char text[64];

	if (wall_ns == 0 || localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
		buf_adds(out, "-");
	else
		buf_adds(out, text);
}

void rows_add(struct rows *r, struct buf *cell)
{
	char **grown = reallocarray(r->cells, (size_t)r->n_cells + 1, sizeof(*grown));

	if (grown == NULL) {
		r->failed = true;
		buf_free(cell);
		return;
	}
	r->cells = grown;
	if (cell->failed)
		r->failed = true;
	grown[r->n_cells++] = buf_steal(cell);
}

void rows_free(struct rows *r)
{
	for (int i = 0; i < r->n_cells; i++)
		free(r->cells[i]);
	free(r->cells);
	*r = (struct rows){ .cells = NULL };
}
