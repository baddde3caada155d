/*
 * view_launch.c: the launch form: the fields, what will result, and the shell command that does the
 * same.
 */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"
#include "tui/words.h"

enum { FORM_LABEL_W = 11, FORM_W = 96 };

/* The lines of the form: which fields stand side by side. FORM_FIELDS ends a line. */
struct form_lines {
	enum form_field fields[FORM_FIELDS][5];
	int n;
};

static void add_line(struct form_lines *l, const enum form_field *fields, int n)
{
	for (int i = 0; i < n; i++)
		l->fields[l->n][i] = fields[i];
	l->fields[l->n++][n] = FORM_FIELDS;
}

static void arrange(int w, bool may_choose_user, struct form_lines *l)
{
	static const enum form_field alone[] = { FORM_COMMAND, FORM_USER,   FORM_PROJECT,
		                                 FORM_NAME,    FORM_POLICY, FORM_WORKSPACE,
		                                 FORM_DEGRADED };
	static const enum form_field limits[] = { FORM_MEMORY, FORM_CPUS, FORM_PIDS, FORM_TIMEOUT };
	static const enum form_field buttons[] = { FORM_LAUNCH, FORM_CANCEL };
	int side = w >= 60 ? 4 : w >= 30 ? 2 : 1;

	l->n = 0;
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if (alone[i] != FORM_USER || may_choose_user)
			add_line(l, &alone[i], 1);
	for (int i = 0; i < 4; i += side)
		add_line(l, &limits[i], side);
	for (int i = 0; i < 2; i += side >= 2 ? 2 : 1)
		add_line(l, &buttons[i], side >= 2 ? 2 : 1);
}

static void draw_choice(struct app *a, struct grid *g, struct rect r, enum form_field field)
{
	const struct form *f = &a->form;
	bool focus = f->focus == field;
	const char *text = form_workspaces[f->workspace];

	if (field == FORM_POLICY)
		text = f->policy >= 0 ? f->names.names[f->policy] : "no policy was found";
	grid_strf(g, r.x, r.y, r.w, focus ? ROLE_FOCUS : ROLE_FIELD, "< %s >", text);
	if (focus) {
		g->cursor_x = r.x;
		g->cursor_y = r.y;
	}
}

static void draw_button(struct app *a, struct grid *g, struct rect r, enum form_field field)
{
	bool focus = a->form.focus == field;

	grid_strf(g, r.x, r.y, r.w, focus ? ROLE_FOCUS : ROLE_TEXT, "%s[ %s ]", focus ? ">" : " ",
	          field == FORM_LAUNCH ? "Launch ^S" : "Cancel Esc");
}

static void draw_text(struct grid *g, struct rect r, const struct input *in, bool focus)
{
	enum theme_role role = focus ? ROLE_KEY : ROLE_MUTED;

	if (r.w < 4) {
		input_draw(in, g, r.x, r.y, r.w, focus);
		return;
	}
	grid_glyph(g, r.x, r.y, role, '[');
	input_draw(in, g, r.x + 1, r.y, r.w - 2, focus);
	grid_glyph(g, r.x + r.w - 1, r.y, role, ']');
}

static void draw_field(struct app *a, struct grid *g, struct rect r, enum form_field field,
                       int label_w)
{
	const struct form *f = &a->form;

	if (field >= FORM_LAUNCH) {
		draw_button(a, g, r, field);
		return;
	}
	if (label_w > 0)
		grid_str(g, r.x, r.y, label_w - 1, f->focus == field ? ROLE_KEY : ROLE_MUTED,
		         form_labels[field]);
	r.x += label_w;
	r.w -= label_w;
	if (field == FORM_POLICY || field == FORM_WORKSPACE)
		draw_choice(a, g, r, field);
	else
		draw_text(g, r, &f->texts[field], f->focus == field);
}

static void draw_line(struct app *a, struct grid *g, struct rect r, const enum form_field *fields)
{
	int n = 0;

	while (fields[n] != FORM_FIELDS)
		n++;
	for (int i = 0; i < n; i++) {
		int w = r.w / n;
		struct rect cell = { r.x + i * w, r.y, w - (i < n - 1 ? 2 : 0), 1 };

		draw_field(a, g, cell, fields[i],
		           r.w < 30   ? 0
		           : n > 1    ? 7
		           : r.w < 60 ? 10
		                      : FORM_LABEL_W);
	}
}

static void describe(struct app *a, struct buf *out)
{
	const struct policy_facts *p = &a->form.facts;
	const struct form *f = &a->form;
	char memory[16];
	char time[24];

	words_size((int64_t)p->memory, memory, sizeof(memory));
	text_format_duration_exact(p->timeout_ns, time, sizeof(time));
	buf_addf(out, "root %s%s, workspace %s, network %s, seccomp %s, no capabilities", p->root,
	         p->read_only ? " read-only" : "",
	         f->workspace > 0 ? form_workspaces[f->workspace] : p->workspace, p->network,
	         p->seccomp);
	buf_addf(out, "\nmemory %s, cpus ",
	         f->texts[FORM_MEMORY].len > 0 ? f->texts[FORM_MEMORY].text : memory);
	if (f->texts[FORM_CPUS].len > 0)
		buf_adds(out, f->texts[FORM_CPUS].text);
	else
		buf_addf(out, "%g", (double)p->cpus_milli / 1000);
	buf_adds(out, ", processes ");
	if (f->texts[FORM_PIDS].len > 0)
		buf_adds(out, f->texts[FORM_PIDS].text);
	else
		buf_addf(out, "%u", p->pids);
	buf_addf(out, ", ends after %s",
	         f->texts[FORM_TIMEOUT].len > 0 ? f->texts[FORM_TIMEOUT].text : time);
}

int view_wrapped(struct grid *g, struct rect r, enum theme_role role, const char *text)
{
	int n = 0;

	while (*text != '\0' && n < r.h && r.w > 0) {
		size_t line = strcspn(text, "\n");
		size_t take = line;

		if (take > (size_t)r.w && n < r.h - 1) {
			for (take = (size_t)r.w; take > 0 && text[take] != ' '; take--)
				;
			if (take == 0)
				take = (size_t)r.w;
			/* Not inside a character. */
			while (take > 0 && ((unsigned char)text[take] & 0xc0) == 0x80)
				take--;
			if (take == 0)
				take = line;
		}
		grid_text(g, r.x, r.y + n++, r.w, role, text, take);
		text += take;
		text += strspn(text, " \n");
	}
	return n;
}

static void memory_promise(struct app *a, struct buf *out)
{
	const struct model_totals *t = &a->model.totals;
	char could[16];
	char all[16];
	uint64_t mine = a->form.facts.memory;
	uint64_t sum;

	if (a->form.texts[FORM_MEMORY].len > 0 &&
	    text_parse_size(a->form.texts[FORM_MEMORY].text, &mine, NULL) < 0)
		return;
	sum = (uint64_t)t->memory_limit + mine;
	if (a->source->memory_total == 0 || sum <= a->source->memory_total / 2)
		return;
	text_format_size(sum, could, sizeof(could));
	text_format_size(a->source->memory_total, all, sizeof(all));
	buf_addf(out, "%d sessions could then use %s of this machine's %s memory", t->live + 1,
	         could, all);
}

static void draw_result(struct app *a, struct grid *g, struct rect r)
{
	CLEANUP_BUF struct buf result = BUF_INIT;
	CLEANUP_BUF struct buf promise = BUF_INIT;
	CLEANUP_BUF struct buf shell = BUF_INIT;
	int end = r.y + r.h;
	int y = r.y;

	if (a->form.policy_error[0] != '\0') {
		y += view_wrapped(g, (struct rect){ r.x, y, r.w, end - y }, ROLE_FAILED,
		                  a->form.policy_error) +
		     1;
	} else {
		describe(a, &result);
		if (end - y > 6)
			grid_str(g, r.x, y++, r.w, ROLE_HEADING, "RESULT");
		y += view_wrapped(g, (struct rect){ r.x, y, r.w, end - y > 6 ? 4 : 1 }, ROLE_TEXT,
		                  buf_str(&result));
		memory_promise(a, &promise);
		if (promise.len > 0 && y < end - 2)
			grid_strf(g, r.x, y++, r.w, ROLE_DEGRADED, "! %s", promise.data);
		y++;
	}
	form_shell(&a->form, &shell);
	if (end - y > 2)
		grid_str(g, r.x, y++, r.w, ROLE_HEADING, "SAME AS");
	if (y < end)
		view_wrapped(g, (struct rect){ r.x, y, r.w, end - y }, ROLE_TEXT, buf_str(&shell));
}

static int line_of(const struct form_lines *l, enum form_field field)
{
	for (int i = 0; i < l->n; i++)
		for (int k = 0; l->fields[i][k] != FORM_FIELDS; k++)
			if (l->fields[i][k] == field)
				return i;
	return 0;
}

void view_launch(struct app *a, struct grid *g, const struct layout *l)
{
	struct rect r = l->body;
	struct form_lines lines;
	bool roomy;
	int shown;
	int from = 0;
	int y = r.y;

	if (r.h < 1)
		return;
	if (r.w > FORM_W + 4) {
		r.x = 2;
		r.w = FORM_W;
	} else if (r.w >= 40) {
		r.x++;
		r.w -= 2;
	}
	arrange(r.w, a->form.may_choose_user, &lines);
	roomy = r.h >= 2 * lines.n;
	shown = r.h < lines.n ? r.h : lines.n;
	if (line_of(&lines, a->form.focus) >= shown)
		from = line_of(&lines, a->form.focus) - shown + 1;
	y += roomy;
	for (int i = from; i < from + shown; i++) {
		if (roomy && i == lines.n - 1)
			y++;
		draw_line(a, g, (struct rect){ r.x, y++, r.w, 1 }, lines.fields[i]);
	}
	y += roomy;
	if (y < l->body.y + l->body.h)
		draw_result(a, g, (struct rect){ r.x, y, r.w, l->body.y + l->body.h - y });
}
