/*
 * view_frame.c: what surrounds every screen: the summary, the alert, the state and the keys, and
 * which screen is inside.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/view.h"
#include "tui/words.h"

/* A piece of a line: with room for `least` columns it is shown. Returns the x behind it. */
static int piece(struct grid *g, int x, int y, int end, enum theme_role role, const char *text)
{
	int w = (int)text_columns(text);

	if (x + w > end)
		return x;
	return x + grid_str(g, x, y, w, role, text) + 2;
}

static int count_piece(struct grid *g, int x, int y, int end, enum theme_role role, int n,
                       const char *word)
{
	char text[64];

	if (n == 0)
		return x;
	snprintf(text, sizeof(text), "%d %s", n, word);
	return piece(g, x, y, end, role, text);
}

static void machine_load(struct app *a, char *out, size_t size)
{
	const struct model_totals *t = &a->model.totals;
	char used[16];
	char all[16];

	words_size(t->memory, used, sizeof(used));
	words_size((int64_t)a->source->memory_total, all, sizeof(all));
	if (a->source->memory_total > 0)
		snprintf(out, size, "cpu %lld%%  mem %s/%s", (long long)(t->cpu_permille + 5) / 10,
		         used, all);
	else
		snprintf(out, size, "cpu %lld%%  mem %s", (long long)(t->cpu_permille + 5) / 10,
		         used);
}

static void list_summary(struct app *a, struct grid *g, struct rect r)
{
	const struct model_totals *t = &a->model.totals;
	int n = t->live + t->ended;
	char right[80];
	char text[96];
	int end = r.w;
	int x = 0;

	machine_load(a, right, sizeof(right));
	if (r.w >= 60) {
		int w = (int)text_columns(right);

		end = r.w - w - 3;
		grid_str(g, r.w - w - 1, r.y, w, ROLE_TEXT, right);
		snprintf(text, sizeof(text), " warder %.30s", a->source->host);
		x = piece(g, x, r.y, end, ROLE_TITLE, text);
	} else if (r.w >= LAYOUT_TINY_W) {
		x = piece(g, x, r.y, end, ROLE_TITLE, " warder");
	}
	if (n == 0)
		x = piece(g, x, r.y, end, ROLE_TEXT, "no sessions");
	x = count_piece(g, x, r.y, end, ROLE_TEXT, n,
	                r.w < 60 ? "sess"
	                : n == 1 ? "session"
	                         : "sessions");
	x = count_piece(g, x, r.y, end, ROLE_RUNNING, t->running, r.w < 100 ? "run" : "running");
	x = count_piece(g, x, r.y, end, ROLE_PAUSED, t->paused, r.w < 100 ? "pause" : "paused");
	x = count_piece(g, x, r.y, end, ROLE_FAILED, t->failed, "failed");
	count_piece(g, x, r.y, end, ROLE_ENDED, t->ended - t->failed, "ended");
}

static void detail_summary(struct app *a, struct grid *g, struct rect r)
{
	const struct session_view *v = model_find(&a->model, a->detail_id);
	char state[64];
	char age[16];
	char text[96];
	int x;

	if (v == NULL) {
		grid_strf(g, 1, r.y, r.w - 1, ROLE_TITLE, "warder > %s", a->detail_id);
		return;
	}
	words_state(v, a->model.now, r.w < 60, state, sizeof(state));
	text_format_duration(words_ran(v, a->model.now), age, sizeof(age));
	snprintf(text, sizeof(text), "%s%s", r.w >= 60 ? " warder > " : " ",
	         r.w >= 60 ? v->id : "");
	if (r.w < 60)
		snprintf(text, sizeof(text), " %.*s", WORDS_ID, v->id);
	x = piece(g, 0, r.y, r.w, ROLE_TITLE, text);
	snprintf(text, sizeof(text), "%.32s", words_user(v));
	x += grid_str(g, x, r.y, r.w - x, ROLE_TITLE, text) + 2;
	if (words_named(v) && r.w >= 60)
		x = piece(g, x, r.y, r.w - 24, ROLE_TITLE, v->record->name);
	snprintf(text, sizeof(text), "%s %s", state, age);
	x = piece(g, x, r.y, r.w, words_state_role(v, a->model.now), text);
	if (v->record->pid > 0 && v->live) {
		snprintf(text, sizeof(text), "pid %d", v->record->pid);
		x = piece(g, x, r.y, r.w, ROLE_TEXT, text);
	}
	if (x < r.w - 12)
		grid_strf(g, x, r.y, r.w - x, ROLE_TEXT, "policy %.60s",
		          words_text(v->record->policy));
}

static void summary(struct app *a, struct grid *g, struct rect r)
{
	if (r.h == 0)
		return;
	if (a->screen == SCREEN_LIST)
		list_summary(a, g, r);
	else if (a->screen == SCREEN_DETAIL)
		detail_summary(a, g, r);
	else if (a->screen == SCREEN_LAUNCH && r.w < 40)
		grid_strf(g, 0, r.y, r.w, ROLE_TITLE, "new: %s", form_labels[a->form.focus]);
	else
		grid_strf(g, 1, r.y, r.w - 1, ROLE_TITLE, "warder > %s",
		          a->screen == SCREEN_HELP ? "help" : "new session");
}

static void alert(struct app *a, struct grid *g, struct rect r)
{
	enum theme_role role = a->alert.bad ? ROLE_ALERT : ROLE_NOTE;
	const char *sign = r.w < LAYOUT_TINY_W ? "" : a->alert.bad ? "!! " : "   ";
	int x;

	if (r.h == 0 || a->alert.until == 0)
		return;
	if (a->alert.bad)
		grid_fill(g, r, ' ', role);
	grid_str(g, r.x, r.y, r.w, role, sign);
	x = (int)strlen(sign);
	if (r.h == 1)
		grid_str(g, r.x + x, r.y, r.w - x, role, a->alert.text);
	else
		view_wrapped(g, (struct rect){ r.x + x, r.y, r.w - x, r.h }, role, a->alert.text);
}

/* How many lines the alert would take. */
static int alert_lines(const struct app *a)
{
	int w = a->w - 3;

	if (a->alert.until == 0)
		return 0;
	/* Lines break at spaces: a little is lost at the end of each. */
	return w > 24 && (int)text_columns(a->alert.text) > w
	               ? 1 + (int)text_columns(a->alert.text) / (w - 12)
	               : 1;
}

static void typing(struct app *a, struct grid *g, struct rect r)
{
	static const char *const prompts[] = { "", "filter /", "command :", "search /",
		                               "commands /" };
	const char *prompt = r.w < LAYOUT_TINY_W ? "" : prompts[a->typing];
	int x = 1 + grid_str(g, r.x + 1, r.y, r.w - 1, ROLE_KEY, prompt) + (*prompt != '\0');

	input_draw(&a->input, g, r.x + x, r.y, r.w - x - 1, true);
}

static void right_state(struct app *a, char *out, size_t size, int w)
{
	char age[16] = "";

	if (a->frozen) {
		text_format_duration(app_now(a) - a->frozen_since, age, sizeof(age));
		snprintf(out, size, "FROZEN %s (Z)  ", age);
	} else if (app_stands_still(a)) {
		snprintf(out, size, "list stands still  ");
	} else if (w >= 70) {
		snprintf(out, size, "refresh %gs  ", a->rate);
	} else {
		out[0] = '\0';
	}
	if (a->undone > 0)
		strncat(out, "under way…  ", size - strlen(out) - 1);
	if (a->read_only)
		strncat(out, "READ-ONLY  ", size - strlen(out) - 1);
	if (w >= 70) {
		strncat(out, "theme ", size - strlen(out) - 1);
		strncat(out, a->theme.name, size - strlen(out) - 1);
	}
}

static int list_state(struct app *a, struct grid *g, struct rect r, int end)
{
	const struct model *m = &a->model;
	char text[256];
	int x;

	snprintf(text, sizeof(text), " %d/%d", m->shown, m->totals.live + m->totals.ended);
	x = piece(g, 0, r.y, end, ROLE_BAR, text);
	if (m->marks.n > 0) {
		snprintf(text, sizeof(text), "marked %d", m->marks.n);
		x = piece(g, x, r.y, end, ROLE_MARKED, text);
	}
	if (m->filter.n > 0) {
		snprintf(text, sizeof(text), "filter: %s", m->filter.text);
		x = piece(g, x, r.y, end, ROLE_KEY, text);
	}
	snprintf(text, sizeof(text), "sort: %s %s", column_names[m->sort],
	         m->inverted ? (a->ascii ? "^" : "↑")
	         : a->ascii  ? "v"
	                     : "↓");
	x = piece(g, x, r.y, end, ROLE_BAR, text);
	if (m->grouped)
		x = piece(g, x, r.y, end, ROLE_BAR, "by user");
	if (m->only_user[0] != '\0') {
		snprintf(text, sizeof(text), "only %s", m->only_user);
		x = piece(g, x, r.y, end, ROLE_BAR, text);
	}
	if (!m->follow)
		x = piece(g, x, r.y, end, ROLE_BAR, "follow off");
	if (m->hidden_ended > 0) {
		snprintf(text, sizeof(text), "%d ended hidden", m->hidden_ended);
		x = piece(g, x, r.y, end, ROLE_BAR, text);
	}
	return x;
}

static void state(struct app *a, struct grid *g, const struct layout *l)
{
	struct rect r = l->state;
	char right[96];
	int w;

	if (a->typing != TYPING_NOTHING) {
		if (r.h == 0)
			r = l->keys.h > 0 ? l->keys : l->summary.h > 0 ? l->summary : l->alert;
		grid_fill(g, r, ' ', ROLE_TEXT);
		typing(a, g, r);
		return;
	}
	if (r.h == 0)
		return;
	right_state(a, right, sizeof(right), r.w);
	w = (int)text_columns(right);
	if (w < r.w)
		grid_str(g, r.w - w - 1, r.y, w, a->frozen || a->read_only ? ROLE_KEY : ROLE_BAR,
		         right);
	if (a->screen == SCREEN_LIST)
		list_state(a, g, r, r.w - w - 2);
	else if (app_in_commands(a))
		view_commands_state(a, g, (struct rect){ 1, r.y, r.w - w - 3, 1 });
	else if (a->length > a->page && a->screen != SCREEN_LAUNCH)
		grid_strf(g, 1, r.y, r.w - w - 3, ROLE_BAR, "lines %d-%d of %d",
		          (a->screen == SCREEN_HELP ? a->help_top : a->detail_top) + 1,
		          (a->screen == SCREEN_HELP ? a->help_top : a->detail_top) + a->page,
		          a->length);
	else if (a->screen == SCREEN_LAUNCH)
		grid_str(g, 1, r.y, r.w - w - 3, ROLE_BAR, form_helps[a->form.focus]);
}

static int key_pair(struct grid *g, int x, struct rect r, const char *key, const char *label)
{
	int w = (int)text_columns(key) + 1 + (int)text_columns(label);

	if (x + w > r.x + r.w)
		return x;
	x += grid_str(g, x, r.y, r.w, ROLE_KEY, key) + 1;
	return x + grid_str(g, x, r.y, r.w, ROLE_BAR, label) + 2;
}

static void fixed_keys(struct app *a, struct grid *g, struct rect r)
{
	static const char *const dialog[][2] = { { "Up/Down", "choose" },
		                                 { "Enter", "do it" },
		                                 { "Esc", "cancel" } };
	static const char *const panic[][2] = { { "f", "keep frozen" },
		                                { "r", "resume" },
		                                { "Enter", "when typed" } };
	static const char *const form[][2] = {
		{ "Tab", "next" }, { "^S", "launch" }, { "Esc", "cancel" }, { "F1", "help" }
	};
	static const char *const line[][2] = { { "Enter", "done" },
		                               { "Esc", "cancel" },
		                               { "^U", "clear" } };
	const char *const(*pairs)[2] = dialog;
	size_t n = 3;
	int x = r.x + 1;

	if (a->dialog.kind == DIALOG_PANIC) {
		pairs = panic;
	} else if (a->dialog.kind == DIALOG_NONE && a->typing != TYPING_NOTHING) {
		pairs = line;
	} else if (a->dialog.kind == DIALOG_NONE) {
		pairs = form;
		n = 4;
	}
	for (size_t i = 0; i < n; i++)
		x = key_pair(g, x, r, pairs[i][0], pairs[i][1]);
}

void view_keys(struct app *a, struct grid *g, struct rect r)
{
	enum key_place place = app_place(a);
	int x = r.x + 1;

	if (r.h == 0)
		return;
	if (a->dialog.kind != DIALOG_NONE || a->typing != TYPING_NOTHING ||
	    a->screen == SCREEN_LAUNCH) {
		fixed_keys(a, g, r);
		return;
	}
	/* Help and quit are never pushed off the line by others; where it is narrow, they are what
	 * it has. */
	for (unsigned rank = 1; rank <= 16; rank++) {
		for (size_t i = 0; i < key_table_length; i++) {
			const struct key_entry *e = &key_table[i];
			char key[16];

			if (e->rank != rank || e->label == NULL || (e->places & place) == 0 ||
			    (e->changes && a->read_only) ||
			    (e->action == ACTION_BACK && a->screen == SCREEN_LIST))
				continue;
			keymap_key_name(e->keys[0], key, sizeof(key));
			if (e->action != ACTION_HELP && e->action != ACTION_QUIT &&
			    x + (int)(strlen(e->label) + strlen(key)) + 3 > r.x + r.w - 14)
				continue;
			x = key_pair(g, x, r, key, e->label);
		}
	}
}

int app_draw(struct app *a, struct grid *g)
{
	struct layout_want want = {
		.alert = alert_lines(a),
		.heading = a->screen == SCREEN_LIST,
		.preview = a->preview && a->screen == SCREEN_LIST && a->model.shown > 0,
	};
	struct layout l;
	int r = grid_size(g, a->w, a->h);

	if (r < 0)
		return r;
	g->ascii = a->ascii;
	layout_compute(g->w, g->h, &want, &l);
	a->drawn = l;
	if (a->screen == SCREEN_LIST)
		view_list(a, g, &l);
	else if (a->screen == SCREEN_DETAIL)
		view_detail(a, g, &l);
	else if (a->screen == SCREEN_HELP)
		view_help(a, g, &l);
	else
		view_launch(a, g, &l);
	summary(a, g, l.summary);
	alert(a, g, l.alert);
	if (a->dialog.kind == DIALOG_PANIC)
		view_panic(a, g);
	else if (a->dialog.kind != DIALOG_NONE)
		view_dialog(a, g);
	if (a->dialog.kind != DIALOG_NONE && l.tiny)
		return 0; /* it has the whole screen */
	state(a, g, &l);
	view_keys(a, g, l.keys);
	return 0;
}
