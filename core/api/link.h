/*
 * link.h: talking to one session's supervisor. Every request has a deadline (5 s unless said): a
 * stopped supervisor makes an error, never a hang.
 */
#ifndef WARDER_API_LINK_H
#define WARDER_API_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/wire/packet.h"

/* A connection to `control` of session id (system places or the user's own). *ret_fd:
 * SOCK_SEQPACKET, O_CLOEXEC. */
int link_connect(const char *id, int *ret_fd, struct error *err);
/* One request and its answer; events that come between are dropped. PACKET_ERROR becomes err. */
int link_call(int fd, uint8_t type, const void *payload, size_t length, struct error *err);

/* Whole actions on one session: connect, call, close. */
int link_signal(const char *id, int signal, struct error *err);
int link_pause(const char *id, struct error *err);
int link_resume(const char *id, struct error *err);
/* Stops it: TERM, after grace_ns KILL of everything (0: at once). wait_ns > 0: returns when it has
 * ended (or -ETIMEDOUT). */
int link_stop(const char *id, uint64_t grace_ns, uint64_t wait_ns, struct error *err);

/* Attached: sends (non-blocking, -EAGAIN) and receives one packet into buf (PACKET_MAX). recv:
 * size, 0 at the end, -EAGAIN. */
int link_send(int fd, uint8_t type, const void *payload, size_t length);
ssize_t link_recv(int fd, void *buf, size_t size);

#endif
