/*
 * app.c: opening, time passing, and who gets a key: the paste, the dialog, the line being typed,
 * the form, else the key table.
 */
#include "tui/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/view.h"
#include "tui/words.h"

#define GUARD_NS                                                                                   \
	(500 * NS_PER_MS) /* no action on a row that has just come under the cursor by itself */
#define NOTE_NS         (8 * NS_PER_SEC)  /* how long a message stays */
#define TROUBLE_NS      (60 * NS_PER_SEC) /* and one about something that went wrong */
#define DOUBLE_CLICK_NS (400 * NS_PER_MS)
enum {
	DETAIL_TRAIL = 200, /* records shown */
	WHEEL_LINES = 3
};

uint64_t app_now(struct app *a)
{
	uint64_t now;
	uint64_t wall;

	a->source->clocks(a->source, &now, &wall);
	return now;
}

void app_say(struct app *a, bool bad, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->alert.text, sizeof(a->alert.text), fmt, ap);
	va_end(ap);
	a->alert.bad = bad;
	a->alert.until = app_now(a) + (bad ? TROUBLE_NS : NOTE_NS);
}

/* Deciding what to do to a session must not be overtaken by the list. */
bool app_stands_still(const struct app *a)
{
	return a->frozen || a->dialog.kind == DIALOG_STOP || a->dialog.kind == DIALOG_KILL ||
	       a->dialog.kind == DIALOG_SIGNAL;
}

static void read_trail(struct app *a)
{
	const struct session_view *v = model_find(&a->model, a->detail_id);
	struct error err = ERROR_INIT;
	uint64_t seq;

	if (a->screen != SCREEN_DETAIL || a->tab != TAB_OVERVIEW || v == NULL)
		return;
	seq = v->live && v->have_board ? v->board.trail_seq : v->record->trail_seq;
	if (strcmp(a->trail_id, a->detail_id) == 0 && seq == a->trail_seq)
		return;
	buf_free(&a->trail);
	a->trail = BUF_INIT;
	snprintf(a->trail_id, sizeof(a->trail_id), "%s", a->detail_id);
	a->trail_seq = seq;
	if (a->source->trail(a->source, a->detail_id, DETAIL_TRAIL, &a->trail, &err) < 0) {
		buf_free(&a->trail);
		a->trail = BUF_INIT;
		buf_addf(&a->trail, "cannot be read: %s\n", err.text);
	}
}

void app_rebuild(struct app *a)
{
	struct model *m = &a->model;

	a->source->clocks(a->source, &m->now, &m->wall);
	if (model_build(m) < 0)
		app_say(a, true, "no memory for the list");
	if (m->news[0] != '\0' && !id_set_has(&a->ending, m->news_id))
		app_say(a, m->news_bad, "%s", m->news);
	read_trail(a);
	if (a->screen == SCREEN_LIST || a->screen == SCREEN_LAUNCH)
		app_commands_leave(a);
}

void app_scan(struct app *a)
{
	struct error err = ERROR_INIT;

	if (app_stands_still(a))
		return;
	if (a->source->scan(a->source, &err) < 0)
		app_say(a, true, "%s", err.text);
	app_rebuild(a);
}

void app_tick(struct app *a)
{
	a->pasting = false; /* an end that never came */
	if (a->alert.until != 0 && app_now(a) >= a->alert.until)
		a->alert.until = 0;
	if (app_stands_still(a))
		return;
	a->source->refresh(a->source);
	app_rebuild(a);
	if (app_commands_fd(a) < 0)
		app_commands_read(a);
}

static const char *const done_words[] = { "paused", "resumed",   "stopped",
	                                  "killed", "signalled", "launched" };

void app_outcomes(struct app *a)
{
	char launched[SOURCE_ID] = "";
	struct outcome o;
	bool some = false;

	while (a->source->outcome(a->source, &o)) {
		some = true;
		a->undone -= a->undone > 0;
		if (o.kind == ORDER_LAUNCH) {
			bool shown = a->launching; /* not another form, opened since */

			a->launching = false;
			if (o.done == 1)
				snprintf(launched, sizeof(launched), "%s", o.id);
			if (o.done == 1 && shown && a->screen == SCREEN_LAUNCH)
				a->screen = SCREEN_LIST;
		}
		if (o.kind == ORDER_LAUNCH && o.failed > 0)
			form_focus_on(&a->form, o.text);
		if (o.failed > 0 && o.done > 0)
			app_say(a, true, "%d %s, %d failed: %.*s: %s", o.done, done_words[o.kind],
			        o.failed, WORDS_ID, o.id, o.text);
		else if (o.failed > 0 && o.id[0] != '\0')
			app_say(a, true, "not %s: %.*s: %s", done_words[o.kind], WORDS_ID, o.id,
			        o.text);
		else if (o.failed > 0)
			app_say(a, true, "not %s: %s", done_words[o.kind], o.text);
		else if (o.kind == ORDER_LAUNCH)
			app_say(a, false, "launched %.*s%s%s (a attaches)", WORDS_ID, o.id,
			        o.text[0] != '\0' ? ": " : "", o.text);
		else if (o.done == 1)
			app_say(a, false, "%s %.*s %s", done_words[o.kind], WORDS_ID, o.id, o.text);
		else
			app_say(a, false, "%d %s", o.done, done_words[o.kind]);
	}
	if (some)
		app_scan(a);
	for (int i = 0; launched[0] != '\0' && i < a->model.n; i++)
		if (a->model.rows[i].view != NULL &&
		    strcmp(a->model.rows[i].view->id, launched) == 0)
			model_select_row(&a->model, i);
}

void app_order(struct app *a, enum order_kind verb, int signal, struct id_set *targets)
{
	static const char *const doing[] = { "pausing", "resuming",   "stopping",
		                             "killing", "signalling", "launching" };
	struct order o = {
		.kind = verb,
		.signal = signal,
		.ids = targets->ids,
		.n = targets->n,
	};
	struct error err = ERROR_INIT;

	if (targets->n == 0)
		return;
	for (int i = 0; i < targets->n && (verb == ORDER_STOP || verb == ORDER_KILL); i++)
		if (id_set_add(&a->ending, targets->ids[i]) < 0)
			break; /* its end will be told twice */
	if (targets->n == 1)
		app_say(a, false, "%s %.*s…", doing[verb], WORDS_ID, targets->ids[0]);
	else
		app_say(a, false, "%s %d sessions…", doing[verb], targets->n);
	if (a->source->order(a->source, &o, &err) < 0)
		app_say(a, true, "not %s: %s", done_words[verb], err.text);
	else
		a->undone++;
	app_outcomes(a);
}

void app_launch(struct app *a)
{
	struct id_set none = { .n = 0 };
	struct order o = { .kind = ORDER_LAUNCH, .ids = none.ids };
	struct launch_request *request = NULL;
	struct error err = ERROR_INIT;
	int r = 0;

	if (a->launching)
		return;
	if (a->form.policy_error[0] != '\0')
		r = error_set(&err, EINVAL, "%s", a->form.policy_error);
	if (r == 0)
		r = form_request(&a->form, &request, &err);
	if (r == 0) {
		o.launch = request;
		r = a->source->order(a->source, &o, &err);
	}
	launch_request_free(request);
	if (r < 0) {
		form_focus_on(&a->form, err.text);
		app_say(a, true, "not launched: %s", err.text);
		return;
	}
	a->undone++;
	a->launching = true;
	app_say(a, false, "launching…");
	app_outcomes(a);
}

int app_targets(struct app *a, bool live_only, struct id_set *ret)
{
	const struct session_view *v;
	bool marks = a->screen == SCREEN_LIST && a->model.marks.n > 0;
	struct id_set one = { .n = 0 };
	int r = 0;

	if (!marks) {
		v = a->screen == SCREEN_DETAIL ? model_find(&a->model, a->detail_id)
		                               : model_selected(&a->model);
		if (v != NULL)
			r = id_set_add(&one, v->id);
	}
	for (int i = 0; r == 0 && i < (marks ? a->model.marks.n : one.n); i++) {
		const char *id = marks ? a->model.marks.ids[i] : one.ids[i];

		v = model_find(&a->model, id);
		if (v != NULL && (v->live || !live_only))
			r = id_set_add(ret, v->id);
	}
	free(one.ids);
	if (r < 0)
		app_say(a, true, "no memory");
	return r;
}

void app_set_theme(struct app *a, const char *name)
{
	struct error err = ERROR_INIT;

	if (theme_load(name, &a->theme, &err) < 0) {
		app_say(a, true, "%s%s%s", err.text, err.hint[0] != '\0' ? "; " : "", err.hint);
		return;
	}
	a->theme_changes++;
	app_say(a, false, "theme %s", a->theme.name);
}

void app_set_filter(struct app *a, const char *text)
{
	struct error err = ERROR_INIT;

	if (filter_parse(text, &a->model.filter, &err) < 0)
		app_say(a, true, "%s", err.text);
	app_rebuild(a);
}

static int open_theme(struct app *a, const char *name, struct error *err)
{
	bool mono = theme_wants_mono();
	struct error why = ERROR_INIT;

	if (name != NULL)
		return theme_load(name, &a->theme, err);
	if (theme_load(mono ? "mono" : "dark", &a->theme, &why) < 0) {
		theme_builtin(&a->theme);
		app_say(a, true, "without colours: %s", why.text);
	}
	return 0;
}

int app_open(struct app *a, struct source *s, const struct app_options *o, struct error *err)
{
	int r;

	*a = (struct app){
		.source = s,
		.ascii = o->ascii,
		.w = 80,
		.h = 24,
		.rate = 1,
		.preview = true,
		.mouse = true,
		.read_only = o->read_only,
		.read_only_forced = o->read_only,
		.mark_anchor = -1,
	};
	model_init(&a->model, s);
	if (o->user != NULL)
		snprintf(a->model.only_user, sizeof(a->model.only_user), "%.63s", o->user);
	r = open_theme(a, o->theme, err);
	if (r == 0)
		r = s->scan(s, err);
	if (r < 0) {
		app_close(a);
		return r;
	}
	app_rebuild(a);
	return 0;
}

void app_close(struct app *a)
{
	model_free(&a->model);
	dialog_close(a);
	buf_free(&a->trail);
	app_commands_leave(a);
	free(a->ending.ids);
}

void app_resize(struct app *a, int w, int h)
{
	a->w = w;
	a->h = h;
}

enum key_place app_place(const struct app *a)
{
	if (a->screen == SCREEN_HELP)
		return IN_HELP;
	if (app_in_commands(a))
		return (enum key_place)(IN_DETAIL | IN_COMMANDS);
	return a->screen == SCREEN_DETAIL ? IN_DETAIL : IN_LIST;
}

static bool needs_row(enum action action)
{
	return action == ACTION_PAUSE || action == ACTION_STOP || action == ACTION_KILL ||
	       action == ACTION_ATTACH;
}

bool app_allowed(struct app *a, const struct key_entry *e)
{
	const struct model *m = &a->model;

	if (e->changes && a->read_only) {
		app_say(a, true, "read-only: %s is off (R lifts it)", e->name);
		return false;
	}
	if (needs_row(e->action) && a->screen == SCREEN_LIST && m->marks.n == 0 &&
	    m->slipped != 0 && app_now(a) < m->slipped + GUARD_NS) {
		app_say(a, true, "the line under the cursor has just changed: press again");
		a->model.slipped = 0;
		return false;
	}
	return true;
}

static void table_key(struct app *a, uint32_t key)
{
	const struct key_entry *e = keymap_entry(keymap_action(key, app_place(a)));

	if (e != NULL && app_allowed(a, e))
		app_act(a, e->action);
}

static void pasted(struct app *a, uint32_t key)
{
	struct input *text = NULL;

	if (a->dialog.kind == DIALOG_NONE && a->typing != TYPING_NOTHING)
		text = &a->input;
	else if (a->dialog.kind == DIALOG_NONE && a->screen == SCREEN_LAUNCH)
		text = form_focused_text(&a->form);
	if (text == NULL) {
		app_say(a, false, "pasted text was ignored");
		return;
	}
	/* No editing keys from a paste: characters only, a line's end as a space. */
	if (key == K_ENTER || key == '\n' || key == K_TAB)
		key = ' ';
	if (key >= ' ' && key < KEY_CODE_BASE && key != K_BACKSPACE)
		input_key(text, key);
}

static void form_screen_key(struct app *a, uint32_t key)
{
	enum form_event e = FORM_STAYS;

	if (key == K_F1)
		app_act(a, ACTION_HELP);
	else
		e = form_key(&a->form, a->source, key);
	if (e == FORM_CANCELLED) {
		a->screen = SCREEN_LIST;
		a->launching = false;
	} else if (e == FORM_LAUNCHES) {
		app_launch(a);
	}
}

static void click(struct app *a, int x, int y)
{
	const struct layout *l = &a->drawn;
	struct model *m = &a->model;
	int row = m->top + y - l->body.y;
	const struct session_view *v;

	if (y == l->heading.y && l->heading.h > 0 && x < l->heading.w) {
		a->clicked[0] = '\0';
		view_heading_clicked(a, x);
		return;
	}
	if (y < l->body.y || y >= l->body.y + l->body.h || x >= l->body.x + l->body.w ||
	    row >= m->n)
		return;
	v = m->rows[row].view;
	if (v == NULL)
		return;
	model_select_row(m, row);
	if (strcmp(a->clicked, v->id) == 0 && app_now(a) < a->clicked_at + DOUBLE_CLICK_NS)
		app_act(a, ACTION_OPEN);
	snprintf(a->clicked, sizeof(a->clicked), "%.15s", v->id);
	a->clicked_at = app_now(a);
}

void app_mouse(struct app *a, enum app_mouse what, int x, int y)
{
	if (a->pasting || a->dialog.kind != DIALOG_NONE || a->typing != TYPING_NOTHING ||
	    a->screen == SCREEN_LAUNCH)
		return;
	if (what != MOUSE_CLICK) {
		for (int i = 0; i < WHEEL_LINES; i++)
			app_act(a, what == MOUSE_UP ? ACTION_UP : ACTION_DOWN);
	} else if (a->screen == SCREEN_LIST) {
		click(a, x, y);
	}
}

void app_key(struct app *a, uint32_t key)
{
	uint64_t slipped = a->model.slipped;

	if (a->pasting)
		pasted(a, key);
	else if (key == K_CTRL('C'))
		app_act(a, ACTION_INTERRUPT);
	else if (key == K_CTRL('Z'))
		app_act(a, ACTION_SUSPEND);
	else if (key == K_CTRL('L'))
		app_act(a, ACTION_REDRAW);
	else if (a->dialog.kind != DIALOG_NONE)
		dialog_key(a, key);
	else if (a->typing != TYPING_NOTHING)
		typing_key(a, key);
	else if (a->screen == SCREEN_LAUNCH)
		form_screen_key(a, key);
	else
		table_key(a, key);
	if (a->model.slipped != slipped)
		a->model.slipped = 0; /* the operator's own doing */
}

void app_paste(struct app *a, bool begin)
{
	a->pasting = begin;
}
