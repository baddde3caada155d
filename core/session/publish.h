/*
 * publish.h: what others see of a session: its board, session.json and trail say the same thing, because only these functions
 * write them.
 */
#ifndef WARDER_SESSION_PUBLISH_H
#define WARDER_SESSION_PUBLISH_H

#include "core/session/session.h"

/* Board, trail and record are made (state starting). */
int publish_open(struct session *s, struct error *err);
/* state record + board + session.json. `reason` may be NULL. 0, or -errno when session.json could not be written (the trail's
 * own failure ends the session by itself). */
int publish_state(struct session *s, enum session_state to, const char *reason);
void publish_policy(struct session *s); /* which policy is in force from the start, and who chose it */
void publish_layers(struct session *s); /* one `layer` record each, at launch */
void publish_limit(struct session *s, const char *which, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void publish_signal(struct session *s, uid_t by, int signal);
void publish_attach(struct session *s, uid_t by, bool attached);
void publish_terminal(struct session *s, unsigned rows, unsigned cols);
/* Counters and one sample. */
void publish_sample(struct session *s, const struct board_sample *sample);
void publish_deadlines(struct session *s);
/* session.json again. 0 or -errno. */
int publish_record(struct session *s, struct error *err);
void publish_close(struct session *s);

#endif
