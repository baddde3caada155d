/*
 * sessions.h: the sessions that this user may see, live and ended, for every front end.
 *
 * A `struct sessions` caches: records are read again only when their file changed, boards stay
 * mapped. sessions_refresh of live ones costs no system call per session beyond what changed;
 * sessions_scan looks at the directories (call it when watch_fd is readable, or every few
 * seconds). A session that lost its supervisor is reaped on the way by starting `warder __reap
 * ID`.
 */
#ifndef WARDER_API_SESSIONS_H
#define WARDER_API_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/wire/board.h"
#include "core/wire/places.h"
#include "core/wire/record.h"

struct session_view {
	char id[16];
	const struct session_record *record; /* never NULL; owned by the list; replaced by a scan */
	bool live;                           /* its supervisor holds the lock */
	bool have_board;
	struct board_data board;  /* newest consistent copy; valid if have_board */
	enum session_state state; /* board's if live, else record's */
	bool system;              /* lives in the system places */
};

struct sessions;

int sessions_open(struct sessions **ret, struct error *err);
void sessions_close(struct sessions *s);
/* Looks at the directories again; with_ended also reads ended ones. Order: by start time, then id.
 */
int sessions_scan(struct sessions *s, bool with_ended, struct error *err);
/* Copies the boards again. No system call. */
void sessions_refresh(struct sessions *s);
int sessions_count(const struct sessions *s);
const struct session_view *sessions_at(const struct sessions *s, int i); /* valid until the next
									  * scan */
const struct session_view *sessions_by_id(const struct sessions *s, const char *id); /* or NULL */
int sessions_watch_fd(const struct sessions *s); /* inotify; sessions_scan drains it; -1 if none */
/* An id, an unambiguous prefix of one, or a name. Errors: -ENOENT "no such session: X", -ENOTUNIQ
 * listing the candidates. */
int sessions_find(struct sessions *s, const char *ref, const struct session_view **ret,
                  struct error *err);
/* Deletes an ended session's record. -EBUSY while it lives. */
int sessions_remove(struct sessions *s, const char *id, struct error *err);
/* The directory of a session's files ($STATE/…/sessions/ID), O_PATH|O_DIRECTORY; the caller closes.
 */
int sessions_state_dir(struct sessions *s, const char *id, int *ret_fd, struct error *err);

/* `ps --json`'s object for one session (cli.md): unknown is null. */
struct json_writer;
void session_view_print(const struct session_view *v, struct json_writer *w, const char *key);

#endif
