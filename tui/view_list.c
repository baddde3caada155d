/*
 * view_list.c: the list of sessions, its groups, the preview, and what is said when there is
 * nothing to list.
 */
#include <stdio.h>
#include <string.h>

#include "tui/graph.h"
#include "tui/view.h"
#include "tui/words.h"

static const struct {
	const char *text;
	bool right;
	enum column sort;
} headings[LIST_COLUMNS] = {
	[LIST_ID] = { "ID", false, COLUMN_ID },
	[LIST_NAME] = { "NAME", false, COLUMN_NAME },
	[LIST_USER] = { "USER", false, COLUMN_USER },
	[LIST_POLICY] = { "POLICY", false, COLUMN_POLICY },
	[LIST_STATE] = { "STATE", false, COLUMN_STATE },
	[LIST_LAYERS] = { "LAY", true, COLUMN_ATTENTION },
	[LIST_AGE] = { "AGE", true, COLUMN_AGE },
	[LIST_CPU] = { "CPU%", true, COLUMN_CPU },
	[LIST_SPARK] = { "CPU", false, COLUMN_ATTENTION },
	[LIST_MEMORY] = { "MEM/LIMIT", true, COLUMN_MEMORY },
	[LIST_PIDS] = { "PIDS", true, COLUMN_PIDS },
	[LIST_LEFT] = { "LEFT", true, COLUMN_LEFT },
	[LIST_COMMAND] = { "COMMAND", false, COLUMN_COMMAND },
};

static void draw_heading(struct app *a, struct grid *g, struct rect r,
                         const struct layout_columns *c)
{
	if (r.h == 0)
		return;
	for (int i = 0; i < LIST_COLUMNS; i++) {
		bool sorted =
			headings[i].sort == a->model.sort && headings[i].sort != COLUMN_ATTENTION;
		enum theme_role role = sorted ? ROLE_SORTED : ROLE_HEADING;
		char text[24];

		if (c->w[i] == 0)
			continue;
		if (i == LIST_SPARK)
			snprintf(text, sizeof(text), "CPU %ds", c->w[i]);
		else
			snprintf(text, sizeof(text), "%s", headings[i].text);
		if (headings[i].right)
			grid_right(g, r.x + c->x[i], r.y, c->w[i], role, text);
		else
			grid_str(g, r.x + c->x[i], r.y, c->w[i], role, text);
	}
}

void view_heading_clicked(struct app *a, int x)
{
	const struct layout_columns *c = &a->columns;

	for (int i = 0; i < LIST_COLUMNS; i++) {
		if (c->w[i] == 0 || x < c->x[i] || x >= c->x[i] + c->w[i] ||
		    headings[i].sort == COLUMN_ATTENTION)
			continue;
		if (a->model.sort == headings[i].sort)
			a->model.inverted = !a->model.inverted;
		else
			a->model.inverted = false;
		a->model.sort = headings[i].sort;
		app_rebuild(a);
		return;
	}
}

struct cells {
	struct app *a;
	struct grid *g;
	const struct session_view *v;
	const struct layout_columns *c;
	int x, y;
};

static void left(const struct cells *k, enum layout_column c, enum theme_role role,
                 const char *text)
{
	if (k->c->w[c] > 0)
		grid_str(k->g, k->x + k->c->x[c], k->y, k->c->w[c], role, text);
}

static void right(const struct cells *k, enum layout_column c, enum theme_role role,
                  const char *text)
{
	if (k->c->w[c] > 0)
		grid_right(k->g, k->x + k->c->x[c], k->y, k->c->w[c], role, text);
}

static void draw_usage(const struct cells *k)
{
	const struct session_view *v = k->v;
	int32_t cpu = words_cpu(v);
	int64_t memory = words_memory(v);
	int64_t limit = words_memory_limit(v);
	char text[40] = "-";
	char used[16];
	char most[16];

	if (cpu >= 0)
		snprintf(text, sizeof(text), "%d.%d", cpu / 10, cpu % 10);
	right(k, LIST_CPU, cpu < 0 ? ROLE_MUTED : ROLE_TEXT, text);
	words_size(memory, used, sizeof(used));
	words_size(limit, most, sizeof(most));
	snprintf(text, sizeof(text), "%s/%s%s", used, most,
	         limit > 0 && !words_limits_hold(v) ? "?" : "");
	right(k, LIST_MEMORY,
	      limit > 0 && memory > limit / 10 * 9 && v->live ? ROLE_HIGH
	      : v->live                                       ? ROLE_TEXT
	                                                      : ROLE_MUTED,
	      text);
	snprintf(text, sizeof(text), "%lld", (long long)words_pids(v));
	right(k, LIST_PIDS, v->live ? ROLE_TEXT : ROLE_MUTED, words_pids(v) < 0 ? "-" : text);
	if (k->c->w[LIST_SPARK] > 0 && v->live && v->have_board)
		graph_draw(
			k->g,
			(struct rect){ k->x + k->c->x[LIST_SPARK], k->y, k->c->w[LIST_SPARK], 1 },
			&v->board, GRAPH_CPU,
			v->board.cpus_limit_milli > 0 ? v->board.cpus_limit_milli : 1000, 1);
}

static void draw_times(const struct cells *k)
{
	const struct session_view *v = k->v;
	char text[24];
	bool limited;
	uint64_t time_left = words_left(v, k->a->model.now, &limited);

	text_format_duration(words_age(v, k->a->model.now, k->a->model.wall), text, sizeof(text));
	right(k, LIST_AGE, v->live ? ROLE_TEXT : ROLE_MUTED, text);
	text_format_duration(time_left, text, sizeof(text));
	right(k, LIST_LEFT, limited && time_left < 60000000000ULL ? ROLE_HIGH : ROLE_TEXT,
	      limited ? text : "-");
}

static void draw_layers(const struct cells *k)
{
	int all = k->v->record->n_layers;
	int bad = words_layer_problems(k->v);
	char text[24];

	snprintf(text, sizeof(text), "%d/%d", all - bad, all);
	right(k, LIST_LAYERS, bad > 0 ? ROLE_DEGRADED : ROLE_MUTED, all > 0 ? text : "-");
	if (bad > 0)
		grid_glyph(k->g, k->x + 2, k->y, ROLE_DEGRADED, '!');
}

static void draw_session(struct app *a, struct grid *g, struct rect r,
                         const struct layout_columns *c, const struct session_view *v,
                         bool selected)
{
	struct cells k = { .a = a, .g = g, .v = v, .c = c, .x = r.x, .y = r.y };
	CLEANUP_BUF struct buf command = BUF_INIT;
	enum theme_role role = words_state_role(v, a->model.now);
	enum theme_role text = v->live ? ROLE_TEXT : ROLE_MUTED;
	char state[64];

	if (selected)
		grid_glyph(g, r.x, r.y, ROLE_KEY, '>');
	if (id_set_has(&a->model.marks, v->id))
		grid_glyph(g, r.x + 1, r.y, ROLE_MARKED, '*');
	/* A cut id needs no mark: it is a prefix that commands take. */
	if (c->w[LIST_ID] > 0)
		grid_text(g, r.x + c->x[LIST_ID], r.y, c->w[LIST_ID], text, v->id,
		          strnlen(v->id, (size_t)c->w[LIST_ID]));
	if (words_named(v))
		left(&k, LIST_NAME, text, v->record->name);
	left(&k, LIST_USER, text, words_user(v));
	left(&k, LIST_POLICY, text, words_text(v->record->policy));
	words_state(v, a->model.now, c->w[LIST_STATE] < 14, state, sizeof(state));
	left(&k, LIST_STATE, role, state);
	draw_layers(&k);
	draw_usage(&k);
	draw_times(&k);
	if (c->w[LIST_COMMAND] > 0) {
		words_command(v->record, (size_t)c->w[LIST_COMMAND] * 4, &command);
		left(&k, LIST_COMMAND, text, buf_str(&command));
	}
	if (selected)
		grid_flag(g, r, GRID_SELECTED);
}

static void draw_group(struct grid *g, struct rect r, const struct model_row *row)
{
	char memory[16];
	int x = r.x + 1;

	words_size(row->memory, memory, sizeof(memory));
	x += grid_strf(g, x, r.y, r.w - 1, ROLE_HEADING, "%.40s", row->user) + 2;
	grid_strf(g, x, r.y, r.x + r.w - x, ROLE_MUTED,
	          "%d session%s, %d running, cpu %lld%%, mem %s", row->sessions,
	          row->sessions == 1 ? "" : "s", row->running,
	          (long long)(row->cpu_permille + 5) / 10, memory);
}

static void draw_empty(struct app *a, struct grid *g, struct rect r)
{
	static const char *const roomy[] = {
		"No sandboxes yet.",
		"",
		"n                     launch one from a form",
		"$ warder run -- CMD   launch one from a shell",
		"$ warder doctor       what this machine can enforce",
		NULL,
	};
	static const char *const narrow[] = { "No sandboxes yet.", "n launches one",
		                              "? help  q quit", NULL };
	const char *const *first = r.w < 54 ? narrow : roomy;
	int w = r.w < 54 ? r.w : 54;
	int x = r.x + (r.w - w) / 2 + 1;
	int y = r.y + (r.h > 8 ? r.h / 4 : 0);

	if (a->model.totals.live + a->model.totals.ended > 0) {
		const char *why =
			a->model.filter.n > 0 ? "Nothing matches the filter; Esc clears it."
			: a->model.hidden_ended > 0
				? "Only ended sessions, and they are hidden; e shows them."
				: "All sessions were taken off the list.";

		grid_str(g, x, y, r.x + r.w - x, ROLE_MUTED, why);
		return;
	}
	for (int i = 0; first[i] != NULL && y + i < r.y + r.h; i++)
		grid_str(g, x, y + i, r.x + r.w - x, i == 0 ? ROLE_TITLE : ROLE_TEXT, first[i]);
}

static void draw_preview(struct app *a, struct grid *g, const struct layout *l)
{
	const struct session_view *v = model_selected(&a->model);
	bool side = l->edge.w == 1;
	char title[160];
	int top = 0;

	if (l->preview.h == 0)
		return;
	grid_fill(g, l->edge, side ? 0x2502 : 0x2500, ROLE_BORDER);
	if (v == NULL)
		return;
	snprintf(title, sizeof(title), "%s  %s%s%.40s", v->id,
	         words_named(v) ? v->record->name : "", words_named(v) ? "  " : "", words_user(v));
	if (!side)
		grid_strf(g, 2, l->edge.y, l->edge.w - 4, ROLE_TITLE, " %s ", title);
	else
		grid_str(g, l->preview.x, l->preview.y, l->preview.w, ROLE_TITLE, title);
	view_overview(a, g,
	              side ? (struct rect){ l->preview.x, l->preview.y + 1, l->preview.w,
	                                    l->preview.h - 1 }
	                   : l->preview,
	              v, &top, false);
}

void view_list(struct app *a, struct grid *g, const struct layout *l)
{
	struct layout_columns c;
	struct model *m = &a->model;

	layout_columns(l->body.w, m->name_w > 0 && m->name_w < 4 ? 4 : m->name_w, &c);
	a->page = l->body.h;
	a->columns = c;
	draw_preview(a, g, l);
	if (m->shown == 0) {
		draw_empty(a, g, l->body);
		return;
	}
	draw_heading(a, g, l->heading, &c);
	model_scroll(m, l->body.h);
	for (int i = 0; i < l->body.h && m->top + i < m->n; i++) {
		const struct model_row *row = &m->rows[m->top + i];
		struct rect line = { l->body.x, l->body.y + i, l->body.w, 1 };

		if (row->view == NULL)
			draw_group(g, line, row);
		else
			draw_session(a, g, line, &c, row->view, m->top + i == m->cursor);
	}
}
