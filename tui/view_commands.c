/*
 * view_commands.c: the Commands tab: a line a command, the newest at the bottom, and on Enter a
 * panel with all there is to know of one, its arguments whole, one a line.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "tui/view.h"
#include "tui/words.h"

enum {
	PANEL_SIDE_W = 120, /* from this width on the panel stands beside the list */
	PANEL_BELOW_H = 9,  /* and from this height below it; else it has the whole body */
	TREE_DEPTH = 12,    /* deeper is indented no further */
	PARENTS = 8,
	LABEL_W = 10,
	ALL_FROM_W = 40,
};

/* x and width of each column; w 0: not shown. */
struct columns {
	int time, duration, exit, pid, command, command_w;
};

static struct columns columns_of(int w)
{
	struct columns c = { .time = 0 };
	int x = 2;

	if (w >= ALL_FROM_W) {
		c.time = x;
		x += 9;
	}
	if (w >= 50) {
		c.duration = x;
		x += 7;
	}
	if (w >= 24) {
		c.exit = x;
		x += 8;
	}
	if (w >= 70) {
		c.pid = x;
		x += 8;
	}
	c.command = w > x ? x : 0;
	c.command_w = w - c.command;
	return c;
}

/* Whether it can still run: its end is not on record, and its session has not ended. */
static bool may_run(const struct app *a, const struct cmdlog_entry *e)
{
	const struct session_view *v = model_find(&a->model, a->detail_id);

	return e->end_seq == 0 && v != NULL && v->live;
}

static void exit_words(const struct app *a, const struct cmdlog_entry *e, char *out, size_t size)
{
	const char *name = e->signal > 0 ? sigabbrev_np(e->signal) : NULL;

	if (may_run(a, e))
		snprintf(out, size, "RUN");
	else if (name != NULL)
		snprintf(out, size, "SIG%s", name);
	else if (e->signal > 0)
		snprintf(out, size, "SIG%d", e->signal);
	else if (e->exit_code >= 0)
		snprintf(out, size, "%d", e->exit_code);
	else
		snprintf(out, size, "%s", e->replaced ? "exec" : "-");
}

static enum theme_role exit_role(const struct app *a, const struct cmdlog_entry *e)
{
	if (may_run(a, e))
		return ROLE_RUNNING;
	return e->signal > 0 || e->exit_code > 0 ? ROLE_FAILED : ROLE_TEXT;
}

static void duration_words(const struct app *a, const struct cmdlog_entry *e, char *out,
                           size_t size)
{
	uint64_t wall = a->model.wall;
	double ms = e->duration_ms;

	if (ms < 0 && may_run(a, e) && e->time > 0 && wall >= e->time)
		text_format_duration(wall - e->time, out, size);
	else if (ms < 0)
		snprintf(out, size, "-");
	else if (ms < 9950)
		snprintf(out, size, "%.*fs", ms < 1000 ? 2 : 1, ms / 1000);
	else
		text_format_duration((uint64_t)(ms * (double)NS_PER_MS), out, size);
}

static void time_words(const struct cmdlog_entry *e, char *out, size_t size)
{
	time_t seconds = (time_t)(e->time / NS_PER_SEC);
	struct tm tm;

	if (e->time == 0 || localtime_r(&seconds, &tm) == NULL ||
	    strftime(out, size, "%H:%M:%S", &tm) == 0)
		snprintf(out, size, "-");
}

static void draw_command(struct grid *g, int x, int y, int w, const struct cmdlog_row *row)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	int depth = row->depth < TREE_DEPTH ? row->depth : TREE_DEPTH;
	int end = x + w;

	if (depth * 2 > w / 2)
		depth = w / 4;
	x += 2 * depth;
	if (!row->entry->verified)
		x += grid_str(g, x, y, end - x, ROLE_FAILED, "NOT VERIFIED ");
	cmdlog_line(row->entry, &line);
	if (x < end)
		grid_str(g, x, y, end - x, ROLE_TEXT, buf_str(&line));
}

static void draw_row(struct app *a, struct grid *g, struct rect r, const struct cmdlog_row *row,
                     bool selected)
{
	struct columns c = columns_of(r.w);
	const struct cmdlog_entry *e = row->entry;
	char text[32];

	if (selected)
		grid_str(g, r.x, r.y, 1, ROLE_KEY, ">");
	time_words(e, text, sizeof(text));
	if (c.time > 0)
		grid_str(g, r.x + c.time, r.y, 8, ROLE_MUTED, text);
	duration_words(a, e, text, sizeof(text));
	if (c.duration > 0)
		grid_right(g, r.x + c.duration, r.y, 6, ROLE_TEXT, text);
	exit_words(a, e, text, sizeof(text));
	if (c.exit > 0)
		grid_right(g, r.x + c.exit, r.y, 7, exit_role(a, e), text);
	snprintf(text, sizeof(text), "%d", e->pid);
	if (c.pid > 0)
		grid_right(g, r.x + c.pid, r.y, 7, ROLE_MUTED, e->pid > 0 ? text : "-");
	if (c.command > 0)
		draw_command(g, r.x + c.command, r.y, c.command_w, row);
	if (selected)
		grid_flag(g, r, GRID_SELECTED);
}

static void draw_headings(struct grid *g, struct rect r)
{
	struct columns c = columns_of(r.w);

	if (c.time > 0)
		grid_str(g, r.x + c.time, r.y, 8, ROLE_HEADING, "TIME");
	if (c.duration > 0)
		grid_right(g, r.x + c.duration, r.y, 6, ROLE_HEADING, "DUR");
	if (c.exit > 0)
		grid_right(g, r.x + c.exit, r.y, 7, ROLE_HEADING, "EXIT");
	if (c.pid > 0)
		grid_right(g, r.x + c.pid, r.y, 7, ROLE_HEADING, "PID");
	if (c.command > 0)
		grid_str(g, r.x + c.command, r.y, c.command_w, ROLE_HEADING, "COMMAND");
}

static void draw_list(struct app *a, struct grid *g, struct rect r)
{
	struct cmdlog *c = &a->log;

	if (r.h > 3 && r.w >= ALL_FROM_W) {
		draw_headings(g, (struct rect){ r.x, r.y, r.w, 1 });
		r.y++;
		r.h--;
	}
	if (a->log_error[0] != '\0') {
		grid_strf(g, r.x, r.y, r.w, ROLE_FAILED, "cannot be read: %s", a->log_error);
		r.y++;
		r.h--;
	} else if (c->n_rows == 0) {
		grid_str(g, r.x + 2, r.y, r.w - 2, ROLE_MUTED,
		         a->log_behind ? "reading the trail…"
		         : c->n > 0    ? "no command matches"
		                       : "no commands on record");
	}
	a->page = r.h;
	a->length = c->n_rows;
	if (c->n_rows == 0)
		return;
	cmdlog_scroll(c, r.h);
	for (int i = 0; i < r.h && c->top + i < c->n_rows; i++)
		draw_row(a, g, (struct rect){ r.x, r.y + i, r.w, 1 }, &c->rows[c->top + i],
		         c->top + i == c->cursor);
}

/* ---- the panel ---- */

/* Lines one below the other; those from `top` on are on screen. */
struct panel {
	struct grid *g;
	struct rect r;
	int line, top;
};

/* Bytes made safe and wrapped behind a label, no character lost. */
static void put(struct panel *p, const char *label, enum theme_role role, const char *bytes,
                size_t len)
{
	int label_w = p->r.w > 30 ? LABEL_W : 0;
	int w = p->r.w - label_w;
	const char *at = bytes;
	const char *end = bytes + len;
	bool first = true;

	do {
		const char *from = at;
		int y = p->line++ - p->top;
		int used = 0;

		while (at < end) {
			char unit[TEXT_SAFE_UNIT];
			const char *next = at;

			text_safe_next(&next, end, false, unit, NULL);
			if (at > from && used + (int)text_columns(unit) > w)
				break;
			used += (int)text_columns(unit);
			at = next;
		}
		if (y < 0 || y >= p->r.h)
			continue;
		if (first && label_w > 0)
			grid_str(p->g, p->r.x, p->r.y + y, label_w - 1, ROLE_MUTED, label);
		grid_text(p->g, p->r.x + label_w, p->r.y + y, w, role, from, (size_t)(at - from));
	} while (first = false, at < end);
}

static void put_str(struct panel *p, const char *label, enum theme_role role, const char *s)
{
	put(p, label, role, s, strlen(s));
}

static size_t count_hidden(const struct cmdlog_entry *e)
{
	const char *at = e->text;
	const char *end = e->text + e->args_len;
	size_t n = 0;

	while (at < end) {
		char unit[TEXT_SAFE_UNIT];
		bool hidden = false;

		if (*at == '\0') { /* between two arguments */
			at++;
			continue;
		}
		text_safe_next(&at, end, false, unit, &hidden);
		n += hidden;
	}
	return n;
}

static void put_arguments(struct panel *p, const struct cmdlog_entry *e)
{
	const char *arg = e->text;
	size_t hidden = count_hidden(e);
	char text[160];

	snprintf(text, sizeof(text), hidden == 0 ? "none" : "%zu, shown as escapes", hidden);
	put_str(p, "hidden", hidden > 0 ? ROLE_FAILED : ROLE_TEXT, text);
	for (int i = 0; i < e->argc; i++, arg += strlen(arg) + 1) {
		snprintf(text, sizeof(text), "argv %d", i);
		put_str(p, text, arg[0] != '\0' ? ROLE_TEXT : ROLE_MUTED,
		        arg[0] != '\0' ? arg : "(empty)");
	}
	if (e->argv_bytes == 0)
		return;
	snprintf(text, sizeof(text), "the record has a part of %" PRIu64 " bytes in all",
	         e->argv_bytes);
	put_str(p, "cut", ROLE_FAILED, text);
	put_str(p, "sha256", ROLE_TEXT, e->sha256);
}

static void put_result(struct app *a, struct panel *p, const struct cmdlog_entry *e)
{
	char how[32];
	char took[32];
	char text[160];

	exit_words(a, e, how, sizeof(how));
	duration_words(a, e, took, sizeof(took));
	if (may_run(a, e))
		snprintf(text, sizeof(text), "runs, for %s", took);
	else if (e->replaced)
		snprintf(text, sizeof(text), "went on as another program after %s", took);
	else if (e->signal > 0)
		snprintf(text, sizeof(text), "ended by %s after %s", how, took);
	else if (e->exit_code >= 0)
		snprintf(text, sizeof(text), "%s after %s", how, took);
	else
		snprintf(text, sizeof(text), "not known; it ended after %s", took);
	put_str(p, "exit", exit_role(a, e), text);
}

/* "41322 node < 41320 npm < 41233 (no record)". */
static void put_parents(struct app *a, struct panel *p, const struct cmdlog_entry *e)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const struct cmdlog_entry *at = e;

	buf_addf(&out, "%d", e->pid);
	for (int i = 0; at->ppid > 0; i++) {
		const struct cmdlog_entry *parent = cmdlog_parent(&a->log, at);

		if (i == PARENTS) {
			buf_adds(&out, " < ...");
			break;
		}
		buf_addf(&out, " < %d", at->ppid);
		if (parent == NULL)
			break;
		buf_addf(&out, " %.200s", parent->argc > 0 ? parent->text : parent->exe);
		at = parent;
	}
	put_str(p, "pid", ROLE_TEXT, buf_str(&out));
}

static void draw_panel(struct app *a, struct grid *g, struct rect r, const struct cmdlog_entry *e)
{
	struct panel p = { .g = g, .r = r, .top = a->panel_top };
	char text[64];

	if (e->verified)
		put_str(&p, "verified", ROLE_ENFORCED, "yes: as its program received it");
	else
		put(&p, "verified", ROLE_FAILED, "NOT VERIFIED", 12);
	if (!e->verified)
		put_str(&p, "why", ROLE_FAILED, e->doubt[0] != '\0' ? e->doubt : "not told");
	put_arguments(&p, e);
	put_result(a, &p, e);
	words_time(e->time, a->model.wall, text, sizeof(text));
	put_str(&p, "started", ROLE_TEXT, text);
	put_str(&p, "exe", ROLE_TEXT, e->exe[0] != '\0' ? e->exe : "-");
	put_str(&p, "cwd", ROLE_TEXT, e->cwd[0] != '\0' ? e->cwd : "-");
	put_parents(a, &p, e);
	a->page = a->panel_page = r.h;
	a->panel_length = p.line;
}

/* Takes the panel's room from the list's; an edge between them. */
static struct rect split(struct grid *g, struct rect *list)
{
	struct rect panel = *list;

	if (list->w >= PANEL_SIDE_W) {
		list->w = list->w * 6 / 10;
		panel.x += list->w + 2;
		panel.w -= list->w + 2;
		grid_fill(g, (struct rect){ list->x + list->w, list->y, 1, list->h }, 0x2502,
		          ROLE_BORDER);
	} else if (list->h >= PANEL_BELOW_H) {
		panel.h = list->h / 2;
		list->h -= panel.h + 1;
		panel.y = list->y + list->h + 1;
		grid_fill(g, (struct rect){ list->x, panel.y - 1, list->w, 1 }, 0x2500,
		          ROLE_BORDER);
	} else {
		list->h = 0;
	}
	if (panel.w > ALL_FROM_W) {
		panel.x++;
		panel.w -= 2;
	}
	return panel;
}

void view_commands(struct app *a, struct grid *g, struct rect area)
{
	const struct cmdlog_entry *e;
	struct rect panel;

	cmdlog_settle(&a->log);
	e = cmdlog_selected(&a->log);
	a->panel_length = a->panel_page = 0;
	if (area.w < 1 || area.h < 1)
		return;
	if (!a->expanded || e == NULL) {
		draw_list(a, g, area);
		return;
	}
	panel = split(g, &area);
	if (area.h > 0)
		draw_list(a, g, area);
	draw_panel(a, g, panel, e);
	if (a->panel_top <= a->panel_length - panel.h || a->panel_top == 0)
		return;
	/* it has become shorter, or the screen taller */
	a->panel_top = a->panel_length > panel.h ? a->panel_length - panel.h : 0;
	grid_fill(g, panel, ' ', ROLE_TEXT);
	draw_panel(a, g, panel, e);
}

void view_commands_state(struct app *a, struct grid *g, struct rect r)
{
	const struct cmdlog *c = &a->log;
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (c->items == NULL || r.w < 1)
		return;
	if (a->expanded && a->panel_length > a->panel_page)
		buf_addf(&out, "lines %d-%d of %d  ", a->panel_top + 1,
		         a->panel_top + a->panel_page, a->panel_length);
	buf_adds(&out, c->follow ? "follow on" : "held (f follows)");
	buf_addf(&out, "  %d command%s", c->n, c->n == 1 ? "" : "s");
	if (c->filter[0] != '\0')
		buf_addf(&out, ", %d match %s", c->n_rows, c->filter);
	if (c->tree)
		buf_adds(&out, "  tree");
	if (c->older > 0)
		buf_addf(&out, "  %" PRIu64 " older in the trail", c->older);
	if (a->log_behind)
		buf_adds(&out, "  reading…");
	grid_str(g, r.x, r.y, r.w, ROLE_BAR, buf_str(&out));
}
