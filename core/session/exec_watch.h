/*
 * exec_watch.h: every execution in the sandbox gives one record with what the new program really
 * received, however many threads rewrite memory meanwhile, and written before the program's first
 * instruction runs.
 */
#ifndef WARDER_SESSION_EXEC_WATCH_H
#define WARDER_SESSION_EXEC_WATCH_H

#include "core/session/session.h"

/* The sandbox runs its first program: record it and watch from here. */
int exec_watch_open(struct session *s, struct error *err);
/* The sandbox is gone: what was announced is settled, the ends of commands are written. */
void exec_watch_close(struct session *s);

#endif
