/*
 * commands.h: the commands that are running now, from their `exec` record to their `exec_end`.
 */
#ifndef WARDER_SESSION_COMMANDS_H
#define WARDER_SESSION_COMMANDS_H

#include <stdint.h>
#include <sys/types.h>

struct session;
struct commands;

int commands_new(struct session *s, struct commands **ret); /* 0 or -errno */
/* A program has begun in pid, recorded as exec_seq. What ran in pid before ends here: it was
 * replaced. */
void commands_begin(struct commands *c, pid_t pid, uint64_t exec_seq, uint64_t now);
/* Writes the ends of all that are left and frees. Accepts NULL. */
void commands_free(struct commands *c);

#endif
