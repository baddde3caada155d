/*
 * graph.c: see graph.h. A column's height is counted in eighths of a row.
 */
#include "tui/graph.h"

int64_t graph_value(const struct board_sample *s, enum graph_what what)
{
	int64_t a;
	int64_t b;

	switch (what) {
	case GRAPH_CPU:
		return s->cpu_permille;
	case GRAPH_MEMORY:
		return s->memory;
	case GRAPH_PIDS:
		return s->pids;
	case GRAPH_IO:
		a = s->read_rate;
		b = s->write_rate;
		break;
	case GRAPH_NET:
		a = s->net_in_rate;
		b = s->net_out_rate;
		break;
	default:
		return -1;
	}
	if (a < 0 && b < 0)
		return -1;
	if (a > INT64_MAX / 2 || b > INT64_MAX / 2)
		return INT64_MAX / 2;
	return (a > 0 ? a : 0) + (b > 0 ? b : 0);
}

enum theme_role graph_role(int64_t value, int64_t full)
{
	double part = full > 0 ? (double)value / (double)full : 0;

	if (part >= 0.9)
		return ROLE_HIGH;
	return part >= 0.7 ? ROLE_MEDIUM : ROLE_LOW;
}

/* The largest of the samples that column c (0 = newest) stands for; -1 = none known. */
static int64_t column_value(const struct board_data *d, enum graph_what what, unsigned c,
                            unsigned step)
{
	int64_t most = -1;

	for (unsigned i = c * step; i < (c + 1) * step; i++) {
		const struct board_sample *s = board_sample(d, i);
		int64_t v = s != NULL ? graph_value(s, what) : -1;

		if (v > most)
			most = v;
	}
	return most;
}

static int64_t largest(const struct board_data *d, enum graph_what what, unsigned columns,
                       unsigned step)
{
	int64_t most = 1;

	for (unsigned c = 0; c < columns; c++) {
		int64_t v = column_value(d, what, c, step);

		if (v > most)
			most = v;
	}
	return most;
}

static void draw_column(struct grid *g, struct rect area, int x, int64_t v, int64_t full)
{
	double part = (double)v / (double)full;
	int eighths = (int)((part > 1 ? 1 : part) * area.h * 8 + 0.5);
	enum theme_role role = graph_role(v, full);

	/* Known and not nothing is always seen; one row shows nothing as a low line. */
	if (eighths == 0 && (area.h == 1 || v > 0))
		eighths = 1;
	for (int row = 0; row < area.h; row++) {
		int here = eighths - row * 8;

		if (here <= 0)
			return;
		grid_glyph(g, x, area.y + area.h - 1 - row, role == ROLE_LOW ? ROLE_GRAPH : role,
		           here >= 8 ? 0x2588 : 0x2580 + (uint32_t)here);
	}
}

void graph_draw(struct grid *g, struct rect area, const struct board_data *d, enum graph_what what,
                int64_t full, unsigned step)
{
	unsigned columns = area.w > 0 ? (unsigned)area.w : 0;

	if (columns == 0 || area.h <= 0)
		return;
	if (step == 0)
		step = (d->sample_count + columns - 1) / columns;
	if (step == 0 || step > BOARD_SAMPLES)
		step = 1;
	if (full <= 0)
		full = largest(d, what, columns, step);
	for (unsigned c = 0; c < columns; c++) {
		int64_t v = column_value(d, what, c, step);

		if (v >= 0)
			draw_column(g, area, area.x + area.w - 1 - (int)c, v, full);
	}
}

void graph_meter(struct grid *g, int x, int y, int w, int64_t value, int64_t full)
{
	int inner = w - 2;
	int filled = 0;

	if (inner < 1)
		return;
	if (value > 0 && full > 0)
		filled = value >= full ? inner : (int)((double)value / (double)full * inner + 0.5);
	if (filled == 0 && value > 0 && full > 0)
		filled = 1;
	grid_glyph(g, x, y, ROLE_MUTED, '[');
	for (int i = 0; i < inner; i++)
		grid_glyph(g, x + 1 + i, y, i < filled ? graph_role(value, full) : ROLE_MUTED,
		           i < filled ? 0x2588 : 0x2591);
	grid_glyph(g, x + w - 1, y, ROLE_MUTED, ']');
}
