/*
 * lifecycle.h: how a session lives and ends: pausing, stopping, time limits, running out of
 * memory, and the end itself. The first cause of an end stays; everything that could make it end
 * another way afterwards only hastens it.
 */
#ifndef WARDER_SESSION_LIFECYCLE_H
#define WARDER_SESSION_LIFECYCLE_H

#include "core/session/session.h"

int lifecycle_open(struct session *s, struct error *err); /* the sandbox runs: watch it */
/* One signal to the agent's main process; SIGKILL means everything. 0 or -errno. */
int lifecycle_signal(struct session *s, uid_t by, int signal);
/* TERM now, everything killed after the grace (0: at once). */
void lifecycle_stop(struct session *s, uid_t by, uint64_t grace_ns);
/* Freezes or thaws; answers the client when the kernel says so. */
void lifecycle_pause(struct session *s, struct client *c, uint16_t id);
void lifecycle_resume(struct session *s, struct client *c, uint16_t id);
void lifecycle_trail_failed(struct session *s, int code);
void lifecycle_oom(struct session *s, int64_t kills);
/* Kills everything in the sandbox, forks included, frozen or not. */
void lifecycle_kill(struct session *s);

#endif
