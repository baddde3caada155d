/*
 * launch.h: a plan becomes a running sandbox.
 */
#ifndef WARDER_SESSION_LAUNCH_H
#define WARDER_SESSION_LAUNCH_H

#include "core/session/notify.h"
#include "core/session/plan.h"

#define SANDBOX_INIT                                                                               \
	((struct sandbox){ .init_pidfd = -1,                                                       \
	                   .sync = -1,                                                             \
	                   .listener = -1,                                                         \
	                   .exec = -1,                                                             \
	                   .agent_pidfd = -1,                                                      \
	                   .master = -1,                                                           \
	                   .in = -1,                                                               \
	                   .out = -1,                                                              \
	                   .err = -1 })

/* What the supervisor holds of a running sandbox; -1 = none. Owned. */
struct sandbox {
	pid_t init; /* pid 1 of the sandbox: our child */
	int init_pidfd;
	int sync;            /* to pid 1 */
	int listener;        /* where executions are announced (notify.h) */
	struct notice early; /* an announcement of the program's own that launch_finish found */
	bool have_early;
	int exec;    /* until launch_finish: end-of-file says that execve went through */
	pid_t agent; /* host pid of the agent's main process; 0 = none */
	int agent_pidfd;
	int master;       /* terminal, or: */
	int in, out, err; /* our ends of the agent's standard streams; non-blocking */
};

/* layers_prepare has been done. Clones the child and lets it begin to enter its layers; what else
 * the caller has to do can be done meanwhile. On failure nothing runs any more. */
int launch_begin(struct plan *p, struct sandbox *ret, struct error *err);
/* Waits until the command runs. On failure nothing runs any more; *ret_exit is 126 or 127 when the
 * command itself could not be executed, else 125. */
int launch_finish(struct plan *p, struct sandbox *s, int *ret_exit, struct error *err);
void sandbox_close(struct sandbox *s);

#endif
