/*
 * app_typing.c: the line at the bottom: the filter (which takes effect while it is typed), the
 * palette, the search in help.
 */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"

void typing_open(struct app *a, enum typing what)
{
	a->typing = what;
	a->before_filter = a->model.filter;
	input_set(&a->input, what == TYPING_FILTER     ? a->model.filter.text
	                     : what == TYPING_COMMANDS ? a->log.filter
	                                               : "");
}

static void set_rate(struct app *a, const char *text)
{
	struct error err = ERROR_INIT;
	uint64_t milli;

	if (text_parse_milli(text, &milli, &err) < 0 || milli < 200 || milli > 60000) {
		app_say(a, true, "rate: expected 0.2 to 60 seconds, got %.40s", text);
		return;
	}
	a->rate = (double)milli / 1000;
	app_say(a, false, "refreshed every %gs", a->rate);
}

/* An action by its name, as if its key had been pressed. */
static void named_action(struct app *a, const char *name)
{
	const struct key_entry *e = keymap_entry(keymap_by_name(name));

	if (e == NULL)
		app_say(a, true, "no such command: %.60s (? lists them)", name);
	else if ((e->places & app_place(a)) == 0)
		app_say(a, true, "%s means nothing here", e->name);
	else if (app_allowed(a, e))
		app_act(a, e->action);
}

static void run_command(struct app *a, const char *line)
{
	char word[64];
	const char *rest;
	size_t n;

	line += strspn(line, " ");
	n = strcspn(line, " ");
	snprintf(word, sizeof(word), "%.*s", n < 63 ? (int)n : 63, line);
	rest = line + n + strspn(line + n, " ");
	if (word[0] == '\0')
		return;
	if (strcmp(word, "q") == 0 || strcmp(word, "quit") == 0)
		a->wish = WISH_QUIT;
	else if (strcmp(word, "theme") == 0)
		app_set_theme(a, rest);
	else if (strcmp(word, "rate") == 0)
		set_rate(a, rest);
	else if (strcmp(word, "filter") == 0 && app_in_commands(a))
		cmdlog_filter(&a->log, rest);
	else if (strcmp(word, "filter") == 0)
		app_set_filter(a, rest);
	else
		named_action(a, word);
}

static void typed(struct app *a)
{
	struct error err = ERROR_INIT;

	if (a->typing == TYPING_SEARCH) {
		a->search = a->input;
		a->help_top = 0;
	} else if (a->typing == TYPING_COMMANDS) {
		cmdlog_filter(&a->log, a->input.text);
	} else if (a->typing == TYPING_FILTER) {
		/* An unfinished word ("cpu>") keeps what was in force. */
		if (filter_parse(a->input.text, &a->model.filter, &err) == 0)
			app_rebuild(a);
	}
}

static void finish(struct app *a)
{
	enum typing what = a->typing;
	struct input line = a->input;

	a->typing = TYPING_NOTHING;
	if (what == TYPING_FILTER)
		app_set_filter(a, line.text);
	else if (what == TYPING_COMMAND)
		run_command(a, line.text);
}

void typing_key(struct app *a, uint32_t key)
{
	if (key == K_ENTER) {
		finish(a);
	} else if (key == K_ESC) {
		if (a->typing == TYPING_FILTER) {
			a->model.filter = a->before_filter;
			app_rebuild(a);
		}
		if (a->typing == TYPING_COMMANDS)
			cmdlog_filter(&a->log, "");
		if (a->typing == TYPING_SEARCH)
			input_set(&a->search, "");
		a->typing = TYPING_NOTHING;
	} else if ((a->typing == TYPING_FILTER || a->typing == TYPING_COMMANDS) &&
	           (key == K_UP || key == K_DOWN)) {
		app_act(a, key == K_UP ? ACTION_UP : ACTION_DOWN);
	} else if (input_key(&a->input, key)) {
		typed(a);
	}
}
