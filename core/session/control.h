/*
 * control.h: the session's door: a unix SOCK_SEQPACKET socket. Who may come in: root, the
 * session's owner, members of the operator group, by SO_PEERCRED and SO_PEERGROUPS (unix(7)),
 * beside the directory's modes. No client can make the supervisor wait: each has a bounded queue,
 * and a viewer that does not read loses output, told by PACKET_GAP.
 */
#ifndef WARDER_SESSION_CONTROL_H
#define WARDER_SESSION_CONTROL_H

#include "core/session/session.h"

int control_open(struct session *s, struct error *err); /* listens in the session's runtime
							 * directory */
/* Takes the launcher's connection as a client (attached from the start). */
int control_adopt(struct session *s, int fd);
void control_close(struct session *s); /* listener and every client */
void control_stop_listening(struct session *s);

/* Queues one packet; output packets may be dropped for viewers. */
void client_send(struct client *c, uint8_t type, uint16_t id, const void *payload, size_t len);
void client_error(struct client *c, uint16_t id, int code, const char *text, const char *hint);
/* Output to every attached client. */
void control_output(struct session *s, uint8_t stream, const void *data, size_t len);
/* The agent's stdin takes bytes again: clients that waited for it are read again. */
void control_resume_input(struct session *s);
/* PACKET_ENDED to all who attached or watch; connections go once it is delivered. */
void control_ended(struct session *s);
bool control_idle(const struct session *s);
unsigned control_attached(const struct session *s);

#endif
