/*
 * requests.h: what a client may ask of a session, and what it means. A table: type, size of the
 * payload, whether it changes something, handler.
 */
#ifndef WARDER_SESSION_REQUESTS_H
#define WARDER_SESSION_REQUESTS_H

#include "core/session/session.h"

void requests_handle(struct client *c, const struct packet_head *head, const void *payload);
/* A client that was attached is gone. */
void requests_detached(struct client *c);

#endif
