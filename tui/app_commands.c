/*
 * app_commands.c: the Commands tab: whose commands are read, how much at a time, what its keys do.
 *
 * What must hold: however long the trail is and however fast it grows, one turn reads a bounded
 * part of it; what is not on screen is not read at all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tui/app.h"

enum { LINES_A_TURN = 400, BYTES_A_TURN = 1024 * 1024 };

bool app_in_commands(const struct app *a)
{
	return a->screen == SCREEN_DETAIL && a->tab == TAB_COMMANDS;
}

static bool readable(const struct app *a)
{
	return app_in_commands(a) && !app_stands_still(a) && a->log_id[0] != '\0' &&
	       a->log_error[0] == '\0';
}

bool app_commands_behind(const struct app *a)
{
	return a->log_behind && readable(a);
}

static void fail(struct app *a, const char *why)
{
	struct error err = ERROR_INIT;

	snprintf(a->log_error, sizeof(a->log_error), "%.299s", why);
	a->source->follow(a->source, NULL, &err);
}

void app_commands_leave(struct app *a)
{
	struct error err = ERROR_INIT;

	if (a->log_id[0] == '\0')
		return;
	a->source->follow(a->source, NULL, &err);
	cmdlog_free(&a->log);
	a->log_id[0] = '\0';
	a->log_error[0] = '\0';
	a->log_behind = a->expanded = false;
}

static void begin(struct app *a)
{
	struct error err = ERROR_INIT;

	if (strcmp(a->log_id, a->detail_id) == 0 && a->log_error[0] == '\0')
		return;
	app_commands_leave(a);
	snprintf(a->log_id, sizeof(a->log_id), "%s", a->detail_id);
	a->log_error[0] = '\0';
	a->log_behind = true; /* even if it cannot be read at once: the display may be frozen */
	if (cmdlog_init(&a->log) < 0)
		fail(a, "no memory");
	else if (a->source->follow(a->source, a->log_id, &err) < 0)
		fail(a, err.text);
}

void app_set_tab(struct app *a, enum detail_tab tab)
{
	a->tab = tab;
	if (tab == TAB_COMMANDS) {
		begin(a);
		app_commands_read(a);
	} else {
		app_rebuild(a); /* its newest records were not read meanwhile */
	}
}

void app_commands_read(struct app *a)
{
	struct error err = ERROR_INIT;
	const char *line;
	size_t bytes = 0;
	size_t len;
	int r = 1;

	if (!readable(a))
		return;
	for (int i = 0; i < LINES_A_TURN && bytes < BYTES_A_TURN; i++) {
		r = a->source->followed(a->source, &line, &len, &err);
		if (r <= 0)
			break;
		bytes += len;
		if (cmdlog_add(&a->log, line, len) < 0) {
			r = error_set(&err, ENOMEM, "no memory for more commands");
			break;
		}
	}
	if (r < 0)
		fail(a, err.text);
	a->log_behind = r > 0;
}

int app_commands_fd(const struct app *a)
{
	return readable(a) ? a->source->follow_fd(a->source) : -1;
}

void app_commands_move(struct app *a, int by)
{
	uint64_t before = a->log.selected;

	cmdlog_move(&a->log, by);
	if (a->log.selected != before)
		a->panel_top = 0;
}

void app_commands_turn(struct app *a, int by)
{
	int most = a->panel_length - a->panel_page;

	if (!a->expanded) {
		app_commands_move(a, by);
		return;
	}
	cmdlog_follow(&a->log, false); /* what is being read stays */
	a->panel_top += by;
	if (a->panel_top > most)
		a->panel_top = most;
	if (a->panel_top < 0)
		a->panel_top = 0;
}

bool app_commands_back(struct app *a)
{
	if (a->expanded)
		a->expanded = false;
	else if (a->log.filter[0] != '\0')
		cmdlog_filter(&a->log, "");
	else
		return false;
	return true;
}
