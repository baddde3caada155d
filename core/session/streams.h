/*
 * streams.h: the agent's terminal or standard streams, between the agent, the bounded output file
 * and the clients.
 */
#ifndef WARDER_SESSION_STREAMS_H
#define WARDER_SESSION_STREAMS_H

#include "core/session/session.h"

int streams_open(struct session *s, struct error *err);
/* Reads what is left after the sandbox has ended, then closes. */
void streams_finish(struct session *s);
void streams_pause(struct session *s, bool pause); /* stop or go on reading the agent's output */
bool streams_want_input(const struct session *s);  /* is there room for another packet of input? */
void streams_input(struct session *s, const void *data, size_t len);
void streams_input_eof(struct session *s);
void streams_resize(struct session *s, unsigned rows, unsigned cols, bool nudge);

#endif
