/*
 * app_act.c: what each action does. One small function an action, found by table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/words.h"

/* Moves what the screen scrolls or points with. */
static void move(struct app *a, int by)
{
	int *top = a->screen == SCREEN_DETAIL ? &a->detail_top : &a->help_top;
	int most = a->length - a->page;

	if (a->screen == SCREEN_LIST) {
		model_move(&a->model, by);
		return;
	}
	if (app_in_commands(a)) {
		app_commands_move(a, by);
		return;
	}
	*top += by;
	if (*top > most)
		*top = most;
	if (*top < 0)
		*top = 0;
}

static void turn(struct app *a, int by)
{
	if (app_in_commands(a))
		app_commands_turn(a, by);
	else
		move(a, by);
}

static int page(const struct app *a)
{
	return a->page > 1 ? a->page - 1 : 1;
}

static void act_up(struct app *a)
{
	move(a, -1);
}
static void act_down(struct app *a)
{
	move(a, 1);
}
static void act_page_up(struct app *a)
{
	turn(a, -page(a));
}
static void act_page_down(struct app *a)
{
	turn(a, page(a));
}
static void act_half_up(struct app *a)
{
	turn(a, -(page(a) + 1) / 2);
}
static void act_half_down(struct app *a)
{
	turn(a, (page(a) + 1) / 2);
}
static void act_first(struct app *a)
{
	move(a, -1000000);
}
static void act_last(struct app *a)
{
	move(a, 1000000);
}

static void act_open(struct app *a)
{
	const struct session_view *v = model_selected(&a->model);

	if (app_in_commands(a)) {
		a->expanded = !a->expanded;
		cmdlog_follow(&a->log, a->log.follow && !a->expanded); /* what is read stays */
		a->panel_top = 0;
		return;
	}
	if (v == NULL)
		return;
	snprintf(a->detail_id, sizeof(a->detail_id), "%.15s", v->id);
	a->screen = SCREEN_DETAIL;
	a->tab = TAB_OVERVIEW;
	a->detail_top = 0;
	a->trail_id[0] = '\0';
	app_rebuild(a);
}

/* On the list Esc clears one thing after the other. */
static void act_back(struct app *a)
{
	if (a->screen == SCREEN_HELP)
		a->screen = a->back;
	else if (app_in_commands(a) && app_commands_back(a))
		return;
	else if (a->screen == SCREEN_DETAIL)
		a->screen = SCREEN_LIST;
	else if (a->alert.until != 0)
		a->alert.until = 0;
	else if (a->model.filter.n > 0)
		app_set_filter(a, "");
	else
		id_set_clear(&a->model.marks);
}

static void act_new(struct app *a)
{
	a->launching = false;
	form_open(&a->form, a->source);
	a->screen = SCREEN_LAUNCH;
}

static const struct session_view *pointed_at(const struct app *a)
{
	return a->screen == SCREEN_DETAIL ? model_find(&a->model, a->detail_id)
	                                  : model_selected(&a->model);
}

static void act_again(struct app *a)
{
	const struct session_view *v = pointed_at(a);

	if (v == NULL) {
		act_new(a);
		return;
	}
	a->launching = false;
	form_open_like(&a->form, a->source, v->record);
	a->screen = SCREEN_LAUNCH;
	if (a->form.texts[FORM_COMMAND].len == 0)
		app_say(a, false,
		        "its command is not copied: it is long, or has hidden characters");
}

static void act_attach(struct app *a)
{
	const struct session_view *v = pointed_at(a);

	if (v == NULL)
		return;
	if (!v->live) {
		app_say(a, true, "%.*s has ended: there is nothing to attach to", WORDS_ID, v->id);
		return;
	}
	snprintf(a->wish_id, sizeof(a->wish_id), "%.15s", v->id);
	a->wish = WISH_ATTACH;
}

/* Pauses those that run; only when none does, resumes. */
static void act_pause(struct app *a)
{
	struct id_set targets = { .n = 0 };
	struct id_set running = { .n = 0 };
	int r = app_targets(a, true, &targets);

	for (int i = 0; r == 0 && i < targets.n; i++) {
		const struct session_view *v = model_find(&a->model, targets.ids[i]);

		if (v != NULL && v->state != SESSION_PAUSED)
			r = id_set_add(&running, v->id);
	}
	if (r == 0 && targets.n == 0)
		app_say(a, true, "nothing runs there");
	else if (r == 0)
		app_order(a, running.n > 0 ? ORDER_PAUSE : ORDER_RESUME, 0,
		          running.n > 0 ? &running : &targets);
	free(targets.ids);
	free(running.ids);
}

static void act_stop(struct app *a)
{
	dialog_open_stop(a, false);
}
static void act_kill(struct app *a)
{
	dialog_open_stop(a, true);
}
static void act_panic(struct app *a)
{
	dialog_open_panic(a);
}

static void act_mark(struct app *a)
{
	struct model *m = &a->model;

	if (m->cursor < 0)
		return;
	if (id_set_has(&m->marks, m->selected))
		id_set_remove(&m->marks, m->selected);
	else if (id_set_add(&m->marks, m->selected) < 0)
		app_say(a, true, "no memory");
	a->mark_anchor = m->cursor;
	model_move(m, 1);
}

static void mark_rows(struct app *a, int from, int to)
{
	struct model *m = &a->model;

	for (int i = from; i <= to && i < m->n; i++)
		if (i >= 0 && m->rows[i].view != NULL &&
		    id_set_add(&m->marks, m->rows[i].view->id) < 0)
			app_say(a, true, "no memory");
}

static void act_mark_range(struct app *a)
{
	int here = a->model.cursor;
	int anchor = a->mark_anchor >= 0 ? a->mark_anchor : here;

	mark_rows(a, anchor < here ? anchor : here, anchor < here ? here : anchor);
}

static void act_mark_all(struct app *a)
{
	mark_rows(a, 0, a->model.n - 1);
}
static void act_unmark(struct app *a)
{
	id_set_clear(&a->model.marks);
}

static void act_filter(struct app *a)
{
	typing_open(a, a->screen == SCREEN_HELP ? TYPING_SEARCH
	               : app_in_commands(a)     ? TYPING_COMMANDS
	                                        : TYPING_FILTER);
}

static void act_sort(struct app *a)
{
	dialog_open_sort(a);
}

static void sort_step(struct app *a, int step)
{
	a->model.sort = (enum column)(((int)a->model.sort + step + COLUMN_COUNT) % COLUMN_COUNT);
	app_rebuild(a);
}

static void act_sort_previous(struct app *a)
{
	sort_step(a, -1);
}
static void act_sort_next(struct app *a)
{
	sort_step(a, 1);
}

static void act_invert(struct app *a)
{
	a->model.inverted = !a->model.inverted;
	app_rebuild(a);
}

static void act_group(struct app *a)
{
	if (app_in_commands(a)) {
		cmdlog_tree(&a->log, !a->log.tree);
		return;
	}
	a->model.grouped = !a->model.grouped;
	app_rebuild(a);
}

static void act_follow(struct app *a)
{
	if (app_in_commands(a)) {
		cmdlog_follow(&a->log, !a->log.follow);
		return;
	}
	a->model.follow = !a->model.follow;
	app_say(a, false,
	        a->model.follow ? "the cursor stays on its session"
	                        : "the cursor stays on its line");
}

static void act_freeze(struct app *a)
{
	a->frozen = !a->frozen;
	a->frozen_since = app_now(a);
	if (!a->frozen)
		app_scan(a);
}

static void act_ended(struct app *a)
{
	a->model.show_ended = !a->model.show_ended;
	app_rebuild(a);
}

static void act_dismiss(struct app *a)
{
	struct id_set targets = { .n = 0 };
	int n = 0;

	if (app_targets(a, false, &targets) == 0) {
		for (int i = 0; i < targets.n; i++) {
			const struct session_view *v = model_find(&a->model, targets.ids[i]);

			if (v == NULL || v->live)
				continue;
			n += id_set_add(&a->model.dismissed, v->id) == 0;
			id_set_remove(&a->model.marks, v->id);
		}
		if (n == 0)
			app_say(a, true, "only ended sessions leave the list");
		else
			app_say(a, false, "%d off this list (warder rm deletes the record)", n);
		app_rebuild(a);
	}
	free(targets.ids);
}

static void act_preview(struct app *a)
{
	a->preview = !a->preview;
}
static void act_tab_other(struct app *a) /* of two, the next is the previous */
{
	app_set_tab(a, a->tab == TAB_OVERVIEW ? TAB_COMMANDS : TAB_OVERVIEW);
}
static void act_tab_overview(struct app *a)
{
	app_set_tab(a, TAB_OVERVIEW);
}
static void act_tab_commands(struct app *a)
{
	app_set_tab(a, TAB_COMMANDS);
}
static void act_palette(struct app *a)
{
	typing_open(a, TYPING_COMMAND);
}

static void act_help(struct app *a)
{
	if (a->screen == SCREEN_HELP) {
		a->screen = a->back;
		return;
	}
	a->back = a->screen;
	a->screen = SCREEN_HELP;
	a->help_top = 0;
	input_set(&a->search, "");
}

static void act_theme(struct app *a)
{
	struct theme_list list;
	int next = 0;

	theme_names(&list);
	for (int i = 0; i < list.n; i++)
		if (strcmp(list.names[i], a->theme.name) == 0)
			next = (i + 1) % list.n;
	if (list.n > 0)
		app_set_theme(a, list.names[next]);
	else
		app_say(a, true, "no themes were found beside the program");
}

static void act_mouse(struct app *a)
{
	a->mouse = !a->mouse;
	app_say(a, false,
	        a->mouse ? "the mouse points and scrolls here"
	                 : "the mouse is the terminal's: it selects text; m takes it back");
}

static void act_read_only(struct app *a)
{
	if (!a->read_only) {
		a->read_only = true;
		app_say(a, false, "read-only: nothing can be changed from here");
	} else if (a->read_only_forced) {
		app_say(a, true,
		        "started with --read-only: start again without it to change things");
	} else {
		dialog_open_writable(a);
	}
}

static void act_redraw(struct app *a)
{
	a->wish = WISH_REDRAW;
	app_scan(a);
}

static void act_suspend(struct app *a)
{
	a->wish = WISH_SUSPEND;
}

static void act_quit(struct app *a)
{
	if (a->screen == SCREEN_LIST)
		a->wish = WISH_QUIT;
	else if (a->screen == SCREEN_HELP)
		a->screen = a->back;
	else
		a->screen = SCREEN_LIST;
}

static void act_interrupt(struct app *a)
{
	app_say(a, false, "Ctrl-C ends nothing here: q quits, sandboxes keep running (%d live)",
	        a->model.totals.live);
}

static void (*const acts[ACTION_COUNT])(struct app *a) = {
	[ACTION_UP] = act_up,
	[ACTION_DOWN] = act_down,
	[ACTION_PAGE_UP] = act_page_up,
	[ACTION_PAGE_DOWN] = act_page_down,
	[ACTION_HALF_UP] = act_half_up,
	[ACTION_HALF_DOWN] = act_half_down,
	[ACTION_FIRST] = act_first,
	[ACTION_LAST] = act_last,
	[ACTION_OPEN] = act_open,
	[ACTION_BACK] = act_back,
	[ACTION_NEW] = act_new,
	[ACTION_AGAIN] = act_again,
	[ACTION_ATTACH] = act_attach,
	[ACTION_PAUSE] = act_pause,
	[ACTION_STOP] = act_stop,
	[ACTION_KILL] = act_kill,
	[ACTION_PANIC] = act_panic,
	[ACTION_MARK] = act_mark,
	[ACTION_MARK_RANGE] = act_mark_range,
	[ACTION_MARK_ALL] = act_mark_all,
	[ACTION_UNMARK] = act_unmark,
	[ACTION_FILTER] = act_filter,
	[ACTION_SORT] = act_sort,
	[ACTION_SORT_PREVIOUS] = act_sort_previous,
	[ACTION_SORT_NEXT] = act_sort_next,
	[ACTION_INVERT] = act_invert,
	[ACTION_GROUP] = act_group,
	[ACTION_FOLLOW] = act_follow,
	[ACTION_FREEZE] = act_freeze,
	[ACTION_ENDED] = act_ended,
	[ACTION_DISMISS] = act_dismiss,
	[ACTION_PREVIEW] = act_preview,
	[ACTION_TAB_NEXT] = act_tab_other,
	[ACTION_TAB_PREVIOUS] = act_tab_other,
	[ACTION_TAB_OVERVIEW] = act_tab_overview,
	[ACTION_TAB_COMMANDS] = act_tab_commands,
	[ACTION_PALETTE] = act_palette,
	[ACTION_HELP] = act_help,
	[ACTION_THEME] = act_theme,
	[ACTION_MOUSE] = act_mouse,
	[ACTION_READ_ONLY] = act_read_only,
	[ACTION_REDRAW] = act_redraw,
	[ACTION_SUSPEND] = act_suspend,
	[ACTION_QUIT] = act_quit,
	[ACTION_INTERRUPT] = act_interrupt,
};

void app_act(struct app *a, enum action action)
{
	if (action > ACTION_NONE && action < ACTION_COUNT && acts[action] != NULL)
		acts[action](a);
}
