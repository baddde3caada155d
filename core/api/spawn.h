/*
 * spawn.h: this same binary started with a hidden verb. Inside core/api only.
 */
#ifndef WARDER_API_SPAWN_H
#define WARDER_API_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"

struct spawn {
	const char *verb; /* "__supervise" */
	const char *arg;  /* or NULL */
	int out;          /* becomes its stdout; -1: /dev/null */
	int fd3, fd4;     /* become its descriptors 3 and 4; -1: none */
};

/* Starts it: own session, no signal blocked or ignored, stdin, stderr and what is not given
 * /dev/null, every other descriptor closed, an environment of HOME, PATH, XDG_RUNTIME_DIR,
 * XDG_STATE_HOME and WARDER_* only. */
int spawn_self(const struct spawn *s, pid_t *ret_pid, struct error *err);
/* Waits for it, at most timeout_ns (0: only looks). 1 with the wait status, 0 when it still runs,
 * or -errno. */
int spawn_wait(pid_t pid, uint64_t timeout_ns, int *ret_status);
/* Leaves a child that outlives its task to spawn_collect. */
void spawn_leave(pid_t pid);
/* Collects those that have ended, so that a long-living front end keeps no zombies. */
void spawn_collect(void);

#endif
