/*
 * child.h: what happens on the other side of clone: pid 1 of the sandbox and the agent it starts.
 *
 * The child is a fork of the supervisor that never execs: it makes system calls on what the parent
 * prepared, and speaks only in struct child_message over a SOCK_SEQPACKET socket. It stays as pid
 * 1: not dumpable, no capability, its own seccomp filter, no descriptor but that socket (and the
 * terminal's slave, so that a terminal without readers is no end). When the socket closes, it
 * exits: the kernel then kills the whole pid namespace (pid_namespaces(7)).
 */
#ifndef WARDER_SESSION_CHILD_H
#define WARDER_SESSION_CHILD_H

#include <stdint.h>

#include "core/session/plan.h"

enum child_kind {
	CHILD_READY = 1, /* child → parent: layers entered; fd: the terminal's master, if any */
	CHILD_LISTENER,  /* agent → parent: where its executions are announced, and a pipe whose
			  * other end only the agent holds, close-on-exec: it carries a
			  * child_message if execve failed, end-of-file once it went through */
	CHILD_AGENT,     /* child → parent: forked; fd: pidfd of the agent */
	CHILD_FAILED,    /* child → parent: layer, error, what */
	CHILD_EXITED,    /* child → parent: value = wait status of the agent */
	CHILD_GO,        /* parent → child: ids are mapped, cgroup joined: begin; and again:
			  * start the agent */
	CHILD_SIGNAL,    /* parent → pid 1: value = signal to every process of the sandbox */
};

struct child_message {
	uint8_t kind;
	uint8_t layer; /* enum layer_id, or LAYER_COUNT for steps that belong to none */
	uint16_t pad;
	int32_t error; /* positive errno */
	int32_t value;
	char what[116];
};

/* Descriptors that the child takes over; -1 = none. */
struct child_fds {
	int sync;         /* its end of the socket */
	int in, out, err; /* the agent's standard streams when there is no terminal */
};

/* Never returns. */
_Noreturn void child_main(const struct plan *p, const struct child_fds *fds);

#endif
