/*
 * publish.h: what others see of a session: its board, session.json and trail say the same thing,
 * because only these functions write them.
 */
#ifndef WARDER_SESSION_PUBLISH_H
#define WARDER_SESSION_PUBLISH_H

#include "core/session/session.h"

/* Board, trail and record are made (state starting). */
int publish_open(struct session *s, struct error *err);
/* A user's name, or "uid N"; returns out. */
const char *publish_user_name(uid_t uid, char *out, size_t size);
/* state record + board + session.json. `reason` may be NULL. 0, or -errno when session.json could
 * not be written (the trail's own failure ends the session by itself). */
int publish_state(struct session *s, enum session_state to, const char *reason);
void publish_policy(struct session *s); /* which policy is in force from the start, and who chose
					 * it */
void publish_layers(struct session *s); /* one `layer` record each, at launch */
void publish_limit(struct session *s, const char *which, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct command;
/* One `exec` record. `doubt`: why it is not proved; NULL when it is. */
void publish_exec(struct session *s, const struct command *c, const char *doubt);
/* exit_code -1 and signal 0: unknown. */
void publish_exec_end(struct session *s, pid_t pid, uint64_t exec_seq, uint64_t duration_ns,
                      int exit_code, int signal);
void publish_signal(struct session *s, uid_t by, int signal);
void publish_attach(struct session *s, uid_t by, bool attached);
void publish_terminal(struct session *s, unsigned rows, unsigned cols);
/* Ends a record that trail_begin began, writes it, and tells the board. For publish_*.c. */
void publish_put(struct session *s, struct json_writer *w, struct buf *b);
/* Counters and one sample. */
void publish_sample(struct session *s, const struct board_sample *sample);
void publish_deadlines(struct session *s);
/* session.json again. 0 or -errno. */
int publish_record(struct session *s, struct error *err);
void publish_close(struct session *s);

#endif
