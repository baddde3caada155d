/*
 * places.h: where sessions live on disk. The directory is the registry (no daemon).
 *
 *   $RUNTIME/warder/sessions/<id>/  lock  control  board         (gone when the session has ended)
 *   $RUNTIME/warder/ids/<slot>      host id ranges in use (root mode)
 *   $STATE/warder/sessions/<id>/    session.json  trail.jsonl  output.cast (later)  output  supervisor.log
 *   $STATE/warder/cache/            compiled filters
 *
 * Root: /run/warder and /var/lib/warder. Others: $XDG_RUNTIME_DIR/warder (or /run/user/UID, or
 * /tmp/warder-UID), $XDG_STATE_HOME/warder (or ~/.local/state/warder). WARDER_RUNTIME_DIR and
 * WARDER_STATE_DIR override both, for tests: they are then the directories themselves, with
 * nothing appended. A runtime directory that is a symlink, is not ours, or that others may write
 * is refused.
 */
#ifndef WARDER_WIRE_PLACES_H
#define WARDER_WIRE_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"

enum { SESSION_ID_LEN = 12 };

struct places {
	char runtime[256]; /* absolute */
	char state[256];
	int runtime_fd; /* directories, O_CLOEXEC; -1 until opened */
	int state_fd;
	int runtime_sessions_fd;
	int state_sessions_fd;
	bool system; /* the root-mode places (/run/warder or an override as root) */
};

/* Works out both and opens them; `create` makes what is missing (0755 root mode, 0700 rootless).
 * Without create a missing directory is no error: its fds stay -1. A non-root user's call looks at
 * their own places. */
int places_open(struct places *p, bool create, struct error *err);
/* The system places (/run/warder) as an ordinary user sees them, for sessions that root runs for
 * them. fds may be -1. */
int places_open_system(struct places *p, struct error *err);
void places_close(struct places *p);

bool session_id_valid(const char *id);     /* 12 lower-case hex digits */
bool session_name_valid(const char *name); /* [a-z0-9][a-z0-9_.-]{0,62}, not 12 hex digits */
/* Is the supervisor alive: is runtime sessions/<id>/lock locked? 1, 0, or -errno (-ENOENT: no such
 * directory). */
int places_session_alive(const struct places *p, const char *id);

#endif
