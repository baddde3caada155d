/*
 * packet.h: what clients and supervisors say to each other on `control` (unix SOCK_SEQPACKET: one
 * packet, one message). Encode and decode, nothing else. Little is trusted: every length is
 * checked, there are no pointers or counts that size an allocation, an unknown type is answered
 * with an error packet, and nothing that a peer sends ends the supervisor.
 *
 * A packet: struct packet_head, then `length` bytes of payload. A request carries an id of the
 * client's choice and gets exactly one PACKET_OK or PACKET_ERROR with that id; PACKET_OUTPUT,
 * PACKET_ENDED and PACKET_GAP come unasked after PACKET_ATTACH.
 */
#ifndef WARDER_WIRE_PACKET_H
#define WARDER_WIRE_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/bounds.h"
#include "core/base/error.h"

enum { PACKET_VERSION = 1 };

enum packet_type {
	/* requests */
	PACKET_ATTACH = 1, /* struct packet_attach */
	PACKET_DETACH,     /* no payload */
	PACKET_INPUT,      /* bytes for the agent's stdin; no answer */
	PACKET_INPUT_EOF,  /* no payload; no answer */
	PACKET_RESIZE,     /* struct packet_resize; no answer */
	PACKET_SIGNAL,     /* struct packet_signal: to the agent's main process, or KILL to all */
	PACKET_STOP,       /* struct packet_stop: TERM, then after the grace everything is
			    * killed. OK = under way; ENDED follows */
	PACKET_PAUSE,      /* OK once the freezer says frozen */
	PACKET_RESUME,
	PACKET_PING,
	PACKET_WATCH, /* PACKET_ENDED wanted, no output */
	/* answers and events */
	PACKET_OK = 64,
	PACKET_ERROR,    /* struct packet_error */
	PACKET_OUTPUT,   /* byte 0: stream (1 stdout or terminal, 2 stderr); then bytes */
	PACKET_ENDED,    /* struct packet_ended */
	PACKET_GAP,      /* struct packet_gap: output dropped because this client was slow */
	PACKET_LAUNCHED, /* struct packet_launched: the launcher's connection only */
	PACKET_REPORT,   /* JSON text: audit and dry-run answers, may come in several packets;
			    * then OK */
};

struct packet_head {
	uint8_t version;
	uint8_t type;
	uint16_t id;
	uint32_t length; /* of the payload; equals what the message holds */
};

enum { ATTACH_READ_ONLY = 1, ATTACH_REPLAY = 2 };
struct packet_attach {
	uint32_t flags;
	uint16_t rows, cols; /* 0: no terminal on the client's side */
};
struct packet_resize {
	uint16_t rows, cols;
};
struct packet_signal {
	int32_t signal;
};
struct packet_stop {
	uint64_t grace_ns; /* 0: kill at once */
};
/* Codes of PACKET_ERROR beside errno values (which are positive): the launcher's exit status
 * depends on them. */
enum {
	PACKET_EXIT_NOT_FOUND = -127,      /* execve said ENOENT of the command: exit 127 */
	PACKET_EXIT_CANNOT_EXECUTE = -126, /* execve said something else, such as EACCES or
					    * ENOEXEC: exit 126 */
};
struct packet_error {
	int32_t code; /* errno, or one of the above */
	char text[ERROR_TEXT_MAX];
	char hint[ERROR_HINT_MAX];
};
struct packet_ended {
	int32_t exit_code; /* as warder run exits: the command's, 128+N, 124… */
	uint32_t state;    /* enum session_state */
	char reason[128];
};
struct packet_gap {
	uint64_t bytes;
};
struct packet_launched {
	char id[16];
	char uuid[40];
	char name[64];
	uint8_t tty;
	uint8_t pad[7];
	char notices[4096]; /* lines */
};

/* Builds one message in out (at least sizeof head + length). Returns its size, or 0 when too long.
 */
size_t packet_encode(uint8_t type, uint16_t id, const void *payload, size_t length, void *out,
                     size_t out_size);
/* Checks a message. *ret_payload points into msg. 0 or -EBADMSG. */
int packet_decode(const void *msg, size_t size, struct packet_head *ret_head,
                  const void **ret_payload);
/* Copies a fixed payload of exactly `size` bytes into out, terminating the char arrays named by
 * the type. -EBADMSG when the length differs. */
int packet_payload(const struct packet_head *head, const void *payload, void *out, size_t size);
void packet_error_fill(struct packet_error *out, const struct error *err);

#endif
