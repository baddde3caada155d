/*
 * app_dialog.c: the dialogs: stop, kill, signal, sort, leaving read-only, panic. Each opens with
 * the harmless choice selected; an action goes to the identities copied when it opened, whatever
 * the list does meanwhile.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/words.h"

enum stop_choice { STOP_CANCEL, STOP_TERM, STOP_KILL, STOP_PAUSE, STOP_SIGNAL };

static const struct {
	const char *label;
	int signal;
	uint32_t key;
} signals[] = {
	{ "INT    as Ctrl-C does", SIGINT, 'i' },
	{ "HUP    often: read the configuration again", SIGHUP, 'h' },
	{ "QUIT   often: end and leave a core", SIGQUIT, '3' },
	{ "TERM   asks it to end", SIGTERM, 't' },
	{ "USR1", SIGUSR1, '1' },
	{ "USR2", SIGUSR2, '2' },
	{ "CONT", SIGCONT, 'c' },
};

void dialog_close(struct app *a)
{
	free(a->dialog.targets.ids);
	free(a->dialog.thawed.ids);
	a->dialog = (struct dialog){ .kind = DIALOG_NONE };
}

static void add_line(struct dialog *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_line(struct dialog *d, const char *fmt, ...)
{
	va_list ap;

	if (d->n_lines == DIALOG_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(d->lines[d->n_lines++], sizeof(d->lines[0]), fmt, ap);
	va_end(ap);
}

static void add_choice(struct dialog *d, const char *label, uint32_t key, int value, bool danger)
{
	struct choice *c = &d->choices[d->n_choices];

	if (d->n_choices == DIALOG_CHOICES)
		return;
	*c = (struct choice){ .key = key, .value = value, .danger = danger };
	snprintf(c->label, sizeof(c->label), "%s", label);
	d->n_choices++;
}

static void describe_one(struct app *a, const struct session_view *v)
{
	CLEANUP_BUF struct buf command = BUF_INIT;
	struct dialog *d = &a->dialog;
	char state[64];
	char started[32];
	char age[16];

	words_command(v->record, 200, &command);
	words_state(v, a->model.now, false, state, sizeof(state));
	words_time(v->record->started_wall, a->model.wall, started, sizeof(started));
	text_format_duration(words_ran(v, a->model.now), age, sizeof(age));
	add_line(d, "%s  %.64s", v->id, v->record->name);
	add_line(d, "user %.40s, policy %.40s", words_user(v), words_text(v->record->policy));
	if (words_pids(v) >= 0)
		add_line(d, "%s, started %s (%s ago), %lld process%s", state, started, age,
		         (long long)words_pids(v), words_pids(v) == 1 ? "" : "es");
	else
		add_line(d, "%s, started %s (%s ago)", state, started, age);
	add_line(d, "%.220s", buf_str(&command));
	add_line(d, "what it wrote stays in %.180s", words_text(v->record->project));
}

static void describe_many(struct app *a)
{
	struct dialog *d = &a->dialog;

	for (int i = 0; i < d->targets.n; i++) {
		const struct session_view *v = model_find(&a->model, d->targets.ids[i]);
		CLEANUP_BUF struct buf command = BUF_INIT;
		char started[32];

		if (v == NULL)
			continue;
		if (d->n_lines == DIALOG_LINES - 1 && i < d->targets.n - 1) {
			add_line(d, "and %d more", d->targets.n - i);
			return;
		}
		words_command(v->record, 60, &command);
		words_time(v->record->started_wall, a->model.wall, started, sizeof(started));
		add_line(d, "%s  %-8.20s started %s  %.80s", v->id, words_user(v), started,
		         buf_str(&command));
	}
}

/* Names the targets in the title and the lines. False when there is nothing to act on. */
static bool name_targets(struct app *a, const char *verb)
{
	struct dialog *d = &a->dialog;
	const struct session_view *v;

	if (app_targets(a, true, &d->targets) < 0 || d->targets.n == 0) {
		dialog_close(a);
		app_say(a, true, "nothing runs there");
		return false;
	}
	v = model_find(&a->model, d->targets.ids[0]);
	if (d->targets.n == 1 && v != NULL) {
		snprintf(d->title, sizeof(d->title), "%s %s?", verb, v->id);
		describe_one(a, v);
	} else {
		snprintf(d->title, sizeof(d->title), "%s %d sessions?", verb, d->targets.n);
		describe_many(a);
	}
	return true;
}

void dialog_open_stop(struct app *a, bool kill)
{
	struct dialog *d = &a->dialog;

	dialog_close(a);
	if (!name_targets(a, kill ? "Kill" : "Stop"))
		return;
	d->kind = kill ? DIALOG_KILL : DIALOG_STOP;
	add_choice(d, "Cancel", K_ESC, STOP_CANCEL, false);
	if (!kill) {
		add_choice(d, "Stop: TERM, KILL after 10 s", 't', STOP_TERM, true);
		add_choice(d, "Pause it instead", 'p', STOP_PAUSE, false);
		add_choice(d, "Send another signal", 's', STOP_SIGNAL, false);
	}
	add_choice(d, "Kill all of it at once", 'K', STOP_KILL, true);
}

static void open_signal(struct app *a)
{
	struct dialog *d = &a->dialog;

	d->kind = DIALOG_SIGNAL;
	d->n_choices = 0;
	d->at = 0;
	snprintf(d->title, sizeof(d->title), "Signal to %s",
	         d->targets.n == 1 ? d->targets.ids[0] : "all that are marked");
	add_choice(d, "Cancel", K_ESC, 0, false);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		add_choice(d, signals[i].label, signals[i].key, signals[i].signal, false);
}

void dialog_open_sort(struct app *a)
{
	struct dialog *d = &a->dialog;

	dialog_close(a);
	d->kind = DIALOG_SORT;
	snprintf(d->title, sizeof(d->title), "Sort by");
	for (int i = 0; i < COLUMN_COUNT; i++)
		add_choice(d, column_names[i], 0, i, false);
	d->at = (int)a->model.sort;
}

void dialog_open_writable(struct app *a)
{
	struct dialog *d = &a->dialog;

	dialog_close(a);
	d->kind = DIALOG_WRITABLE;
	snprintf(d->title, sizeof(d->title), "Leave read-only?");
	add_line(d, "Keys can then pause, stop and launch sessions again.");
	add_choice(d, "Stay read-only", K_ESC, 0, false);
	add_choice(d, "Leave read-only", 'y', 1, false);
}

/* Freezes everything that this user may see, also what the filter hides. */
void dialog_open_panic(struct app *a)
{
	struct dialog *d = &a->dialog;
	struct error err = ERROR_INIT;
	int n;

	dialog_close(a);
	if (a->source->scan(a->source, &err) < 0)
		app_say(a, true, "%s", err.text);
	a->frozen = false;
	app_rebuild(a);
	n = a->source->count(a->source);
	for (int i = 0; i < n; i++) {
		const struct session_view *v = a->source->at(a->source, i);

		if (!v->live)
			continue;
		if (id_set_add(&d->targets, v->id) < 0 ||
		    (v->state != SESSION_PAUSED && id_set_add(&d->thawed, v->id) < 0))
			app_say(a, true, "no memory: not all sessions are frozen");
	}
	if (d->targets.n == 0) {
		dialog_close(a);
		app_say(a, false, "no session is running");
		return;
	}
	d->kind = DIALOG_PANIC;
	d->since = app_now(a);
	snprintf(d->title, sizeof(d->title), "Panic");
	app_order(a, ORDER_PAUSE, 0, &d->thawed);
}

static void panic_typed(struct app *a)
{
	struct dialog *d = &a->dialog;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "kill %d", d->targets.n);
	if (strcmp(d->typed.text, wanted) != 0) {
		app_say(a, true, "nothing was killed: type exactly: %s", wanted);
		return;
	}
	app_order(a, ORDER_KILL, 0, &d->targets);
	dialog_close(a);
}

static void panic_key(struct app *a, uint32_t key)
{
	struct dialog *d = &a->dialog;

	if (key == K_ENTER) {
		panic_typed(a);
	} else if (key == K_ESC || (d->typed.len == 0 && key == 'f')) {
		dialog_close(a);
		app_say(a, false, "everything stays frozen; p resumes one, * and p all");
	} else if (d->typed.len == 0 && key == 'r') {
		app_order(a, ORDER_RESUME, 0, &d->thawed);
		dialog_close(a);
	} else {
		input_key(&d->typed, key);
	}
}

static void do_stop(struct app *a, int choice)
{
	struct dialog *d = &a->dialog;

	if (choice == STOP_SIGNAL) {
		open_signal(a);
		return;
	}
	if (choice == STOP_TERM)
		app_order(a, ORDER_STOP, 0, &d->targets);
	else if (choice == STOP_KILL)
		app_order(a, ORDER_KILL, 0, &d->targets);
	else if (choice == STOP_PAUSE)
		app_order(a, ORDER_PAUSE, 0, &d->targets);
	dialog_close(a);
	app_scan(a);
}

static void do_choice(struct app *a, int value)
{
	switch (a->dialog.kind) {
	case DIALOG_STOP:
	case DIALOG_KILL:
		do_stop(a, value);
		return;
	case DIALOG_SIGNAL:
		if (value != 0)
			app_order(a, ORDER_SIGNAL, value, &a->dialog.targets);
		dialog_close(a);
		app_scan(a);
		return;
	case DIALOG_SORT:
		a->model.sort = (enum column)value;
		dialog_close(a);
		app_rebuild(a);
		return;
	case DIALOG_WRITABLE:
		if (value != 0) {
			a->read_only = false;
			app_say(a, false, "keys change things again");
		}
		dialog_close(a);
		return;
	case DIALOG_PANIC:
	case DIALOG_NONE:
	default:
		dialog_close(a);
		return;
	}
}

void dialog_key(struct app *a, uint32_t key)
{
	struct dialog *d = &a->dialog;

	if (key == K_ALT)
		key = K_ESC; /* an Esc that got lost would leave the next key to the dialog */
	if (d->kind == DIALOG_PANIC) {
		panic_key(a, key);
		return;
	}
	if (key == K_ESC || key == 'q') {
		dialog_close(a);
		app_scan(a);
		return;
	}
	if (key == K_UP || key == 'k' || key == K_DOWN || key == 'j') {
		int step = key == K_UP || key == 'k' ? -1 : 1;

		if (d->at + step >= 0 && d->at + step < d->n_choices)
			d->at += step;
		return;
	}
	if (key == K_ENTER && d->at < d->n_choices) {
		do_choice(a, d->choices[d->at].value);
		return;
	}
	for (int i = 0; i < d->n_choices; i++) {
		if (d->choices[i].key != 0 && d->choices[i].key == key) {
			do_choice(a, d->choices[i].value);
			return;
		}
	}
}
