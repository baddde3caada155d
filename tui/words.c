/*
 * words.c: see words.h.
 */
#include "tui/words.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"

bool words_stale(const struct session_view *v, uint64_t now)
{
	return v->live && v->have_board && v->state != SESSION_STARTING &&
	       now > v->board.updated + WORDS_STALE_NS;
}

/* Somebody ended it: that is no failure of its own. */
static bool ended_by_someone(const struct session_view *v)
{
	const char *reason = words_text(v->record->reason);

	return v->state == SESSION_KILLED &&
	       (strncmp(reason, "stopped by ", 11) == 0 ||
	        strncmp(reason, "killed by ", 10) == 0) &&
	       strncmp(reason, "killed by signal", 16) != 0;
}

bool words_failed(const struct session_view *v)
{
	if (session_state_live(v->state) || ended_by_someone(v))
		return false;
	return v->state != SESSION_EXITED || v->record->exit_code != 0;
}

/* The reason without what stands in brackets after it. */
static void short_reason(const char *reason, char *out, size_t size)
{
	const char *end = strstr(reason, " (");
	size_t n = end != NULL ? (size_t)(end - reason) : strlen(reason);

	if (strncmp(reason, "timed out", 9) == 0)
		n = 9;
	snprintf(out, size, "%.*s", n < 64 ? (int)n : 64, reason);
}

static void ended_state(const struct session_view *v, bool brief, char *out, size_t size)
{
	const char *reason = v->record->reason != NULL ? v->record->reason : "";

	if (v->state == SESSION_EXITED && v->record->exit_code >= 0) {
		snprintf(out, size, "exit %d", v->record->exit_code);
	} else if (v->state == SESSION_LOST) {
		snprintf(out, size, "lost");
	} else if (brief && strncmp(reason, "out of memory", 13) == 0) {
		snprintf(out, size, "OOM killed");
	} else if (brief && v->state == SESSION_KILLED) {
		snprintf(out, size, "killed");
	} else if (v->state == SESSION_TIMEOUT) {
		snprintf(out, size, "timed out");
	} else if (v->state == SESSION_FAILED && brief) {
		snprintf(out, size, "failed");
	} else if (*reason != '\0') {
		short_reason(reason, out, size);
	} else {
		snprintf(out, size, "%s", session_state_names[v->state]);
	}
}

void words_state(const struct session_view *v, uint64_t now, bool brief, char *out, size_t size)
{
	if ((unsigned)v->state >= SESSION_STATE_COUNT)
		snprintf(out, size, "unknown");
	else if (words_stale(v, now))
		snprintf(out, size, "no answer");
	else if (session_state_live(v->state))
		snprintf(out, size, "%s", session_state_names[v->state]);
	else
		ended_state(v, brief, out, size);
}

enum theme_role words_state_role(const struct session_view *v, uint64_t now)
{
	if (words_stale(v, now))
		return ROLE_FAILED;
	if (v->state == SESSION_PAUSED)
		return ROLE_PAUSED;
	if (session_state_live(v->state))
		return ROLE_RUNNING;
	return words_failed(v) ? ROLE_FAILED : ROLE_ENDED;
}

int32_t words_cpu(const struct session_view *v)
{
	const struct board_sample *s;

	if (!v->live || !v->have_board)
		return -1;
	s = board_sample(&v->board, 0);
	return s != NULL ? s->cpu_permille : -1;
}

int32_t words_cpu_mean(const struct session_view *v)
{
	int64_t sum = 0;
	int n = 0;

	for (unsigned i = 0; v->live && v->have_board && i < 60; i++) {
		const struct board_sample *s = board_sample(&v->board, i);

		if (s == NULL || s->cpu_permille < 0)
			break;
		sum += s->cpu_permille;
		n++;
	}
	return n > 0 ? (int32_t)(sum / n) : -1;
}

int64_t words_memory(const struct session_view *v)
{
	if (!session_state_live(v->state))
		return v->record->memory_peak > 0 ? v->record->memory_peak : -1;
	return v->have_board ? v->board.memory : -1;
}

int64_t words_memory_limit(const struct session_view *v)
{
	if (v->live && v->have_board && v->board.memory_limit > 0)
		return v->board.memory_limit;
	return v->record->memory_limit > 0 ? (int64_t)v->record->memory_limit : -1;
}

int64_t words_pids(const struct session_view *v)
{
	return v->live && v->have_board ? v->board.pids : -1;
}

int64_t words_pids_limit(const struct session_view *v)
{
	if (v->live && v->have_board && v->board.pids_limit > 0)
		return v->board.pids_limit;
	return v->record->pids_limit > 0 ? (int64_t)v->record->pids_limit : -1;
}

bool words_named(const struct session_view *v)
{
	const struct session_record *r = v->record;
	char usual[sizeof(r->name) + 96];

	snprintf(usual, sizeof(usual), "agent-%.63s-%.15s", words_user(v), v->id);
	return r->name[0] != '\0' && strcmp(r->name, usual) != 0;
}

uint64_t words_age(const struct session_view *v, uint64_t now, uint64_t wall)
{
	if (v->live && v->have_board)
		return words_ran(v, now);
	return wall > v->record->started_wall ? wall - v->record->started_wall : 0;
}

uint64_t words_ran(const struct session_view *v, uint64_t now)
{
	if (v->live && v->have_board)
		return now > v->board.started ? now - v->board.started : 0;
	if (v->record->ended_wall > v->record->started_wall)
		return v->record->ended_wall - v->record->started_wall;
	return 0;
}

uint64_t words_left(const struct session_view *v, uint64_t now, bool *ret_limited)
{
	uint64_t deadline = v->live && v->have_board ? v->board.deadline : 0;

	*ret_limited = deadline != 0;
	return deadline > now ? deadline - now : 0;
}

bool words_limits_hold(const struct session_view *v)
{
	for (int i = 0; i < v->record->n_layers; i++)
		if (strcmp(v->record->layers[i].name, "limits") == 0)
			return strcmp(v->record->layers[i].status, "enforced") == 0;
	return true;
}

int words_layer_problems(const struct session_view *v)
{
	int problems = 0;

	for (int i = 0; i < v->record->n_layers; i++)
		if (strcmp(v->record->layers[i].status, "enforced") != 0)
			problems++;
	return problems;
}

static void add_word(struct buf *out, const char *word)
{
	char part[514];
	size_t n = strnlen(word, 512);
	const char *argv[1] = { part };

	memcpy(part, word, n);
	part[n] = '\0';
	text_safe_argv(out, argv, 1);
}

void words_command(const struct session_record *r, size_t max, struct buf *out)
{
	for (size_t i = 0; r->command != NULL && r->command[i] != NULL; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		if (out->len >= max) {
			buf_adds(out, "…");
			return;
		}
		add_word(out, r->command[i]);
	}
}

void words_percent(int32_t permille, char *out, size_t size)
{
	if (permille < 0)
		snprintf(out, size, "-");
	else
		snprintf(out, size, "%d", (permille + 5) / 10);
}

void words_size(int64_t bytes, char *out, size_t size)
{
	if (bytes < 0)
		snprintf(out, size, "-");
	else
		text_format_size((uint64_t)bytes, out, size);
}

void words_time(uint64_t wall, uint64_t now_wall, char *out, size_t size)
{
	time_t t = (time_t)(wall / NS_PER_SEC);
	time_t today = (time_t)(now_wall / NS_PER_SEC);
	struct tm tm;
	struct tm now;

	if (wall == 0 || localtime_r(&t, &tm) == NULL || localtime_r(&today, &now) == NULL)
		snprintf(out, size, "-");
	else if (tm.tm_year == now.tm_year && tm.tm_yday == now.tm_yday)
		strftime(out, size, "%H:%M:%S", &tm);
	else
		strftime(out, size, "%b %e %H:%M", &tm);
}
