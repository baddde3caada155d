/*
 * tracee.h: one thread held by ptrace(2) for the length of one execution, and what is really there
 * once it stopped.
 *
 * At PTRACE_EVENT_EXEC the new program has not run one instruction and nobody else shares its
 * memory: what is read then is what the program gets. Allocation is bounded by COMMAND_ARGS_MAX;
 * everything read is hostile.
 */
#ifndef WARDER_SESSION_TRACEE_H
#define WARDER_SESSION_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/digest.h"

/* A command as its program has it. Owned; freed with command_free. */
struct command {
	pid_t pid, ppid;   /* on the host */
	char *exe, *cwd;   /* as inside; NULL if unknown */
	char **argv;       /* NULL-terminated; as much as COMMAND_ARGS_MAX holds */
	uint64_t args_len; /* bytes of all arguments, their NULs included */
	bool cut;          /* argv is not all: args_sha256 covers all of them */
	char args_sha256[DIGEST_HEX];
};

/* PTRACE_SEIZE with PTRACE_O_TRACEEXEC, and a kill at our death. 0 or -errno. */
int tracee_seize(pid_t tid);
int tracee_interrupt(pid_t tid);          /* it stops before it returns to its program */
int tracee_detach(pid_t tid, int signal); /* signal is delivered to it, 0: none */
int tracee_go_on(pid_t tid, int signal);
pid_t tracee_former_tid(pid_t tid); /* at PTRACE_EVENT_EXEC: what it was called before */

/* At PTRACE_EVENT_EXEC. 0 or -errno; *ret is complete or untouched. */
int tracee_command(pid_t pid, struct command *ret);
/* What the caller of execve asked for, read from memory that others may be rewriting: a claim, not
 * the truth. */
int tracee_claim(pid_t tid, uint64_t path, uint64_t argv, struct command *ret);
/* The session's first command, by what was asked for: its memory was nobody's but ours. */
int tracee_first(pid_t pid, char *const *argv, struct command *ret);
void command_free(struct command *c);

#endif
