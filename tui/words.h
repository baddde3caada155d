/*
 * words.h: a session's figures as people read them. What is unknown is "-", never 0.
 */
#ifndef WARDER_TUI_WORDS_H
#define WARDER_TUI_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/api/sessions.h"
#include "core/base/text.h"
#include "tui/theme.h"

enum { WORDS_ID = 6 }; /* digits of an id shown where room is short */

/* Seconds without a word from a live session's supervisor after which its figures are not to be
 * trusted. */
#define WORDS_STALE_NS (5 * 1000000000ULL)

/* "running", "paused", "exit 1", "killed by root", "out of memory", "timed out", "lost". brief:
 * at most 10 columns. */
void words_state(const struct session_view *v, uint64_t now, bool brief, char *out, size_t size);
enum theme_role words_state_role(const struct session_view *v, uint64_t now);
bool words_stale(const struct session_view *v, uint64_t now);
/* It ended, and not by finishing its work. */
bool words_failed(const struct session_view *v);

/* Thousandths of a core; -1 = unknown. Newest sample, and the mean of the last minute. */
int32_t words_cpu(const struct session_view *v);
int32_t words_cpu_mean(const struct session_view *v);
int64_t words_memory(const struct session_view *v);       /* bytes; -1 = unknown. Ended: the peak */
int64_t words_memory_limit(const struct session_view *v); /* -1 = none or unknown */
int64_t words_pids(const struct session_view *v);
int64_t words_pids_limit(const struct session_view *v);
/* Was it given a name, or does it have the usual one (agent-USER-ID)? */
bool words_named(const struct session_view *v);
uint64_t words_age(const struct session_view *v, uint64_t now, uint64_t wall); /* since its start */
uint64_t words_ran(const struct session_view *v, uint64_t now); /* the same, up to its end */
uint64_t words_left(const struct session_view *v, uint64_t now, bool *ret_limited);
/* Whether its limits are enforced, all of them. */
bool words_limits_hold(const struct session_view *v);
/* How many layers are degraded or off. */
int words_layer_problems(const struct session_view *v);

/* A record's text, "" where it has none. */
static inline const char *words_text(const char *s)
{
	return s != NULL ? s : "";
}
static inline const char *words_user(const struct session_view *v)
{
	return words_text(v->record->user);
}
/* Its command line as a shell takes it, made safe, cut at about `max` bytes. */
void words_command(const struct session_record *r, size_t max, struct buf *out);
/* "88%", "640M", "-" into out. */
void words_percent(int32_t permille, char *out, size_t size);
void words_size(int64_t bytes, char *out, size_t size);
/* Local time: "12:04:31", or "Nov 28 12:04" when not today; "-" for 0. */
void words_time(uint64_t wall, uint64_t now_wall, char *out, size_t size);

#endif
