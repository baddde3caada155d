/*
 * registry.h: a session's place in the directories: made, published by one rename, and taken away
 * again.
 */
#ifndef WARDER_SESSION_REGISTRY_H
#define WARDER_SESSION_REGISTRY_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/session/plan.h"

struct seat {
	int runtime_fd; /* $RUNTIME/sessions/<id>, named .new-<id> until seat_publish */
	int state_fd;   /* $STATE/sessions/<id> */
	int lock_fd;    /* `lock`, write-locked (fd_lock) for the supervisor's life: liveness is
			 * this lock, never a pid */
	bool published;
};

#define RECORD_FILE  "session.json"
#define RECORD_SPARE "session.json.new" /* becomes RECORD_FILE */

#define SEAT_INIT    ((struct seat){ .runtime_fd = -1, .state_fd = -1, .lock_fd = -1 })

/* Both directories, the lock, and the name (unique among live sessions: $RUNTIME/names/NAME is a
 * symlink to the id). -EEXIST: the name is taken. -EUSERS: too many sessions. */
int seat_take(const struct plan *p, struct seat *ret, struct error *err);
/* .new-<id> becomes <id>: from now on every viewer sees it. */
int seat_publish(const struct plan *p, struct seat *s, struct error *err);
/* Lets the session's owner and operators read an object in it, when that is not ourselves. */
void seat_grant(const struct plan *p, int fd);
/* Removes the runtime directory and the name; with `record_too` the state directory. Unlocks. */
void seat_leave(const struct plan *p, struct seat *s, bool record_too);
/* Kills and removes the cgroup of a session whose lock file this is (it holds the owner's uid). 0
 * also when there is none. */
int registry_end_cgroup(int lock_fd, const char *id);
/* Takes a published session's runtime directory away: renamed first, so that what a viewer can see
 * of it is whole or nothing. The caller holds its lock. 0 (also when it is gone already) or
 * -errno. */
int registry_remove(const struct places *places, const char *id);
/* Writes RECORD_SPARE, which is there, and renames it to RECORD_FILE. 0 or -errno; then the old
 * record stands. */
int record_replace(int state_fd, const void *data, size_t len);
/* Frees a name that is this session's; with name NULL, whatever it is called. */
void registry_drop_name(const struct places *places, const char *name, const char *id);

#endif
