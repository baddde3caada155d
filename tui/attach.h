/*
 * attach.h: the relay between the operator's standard streams and one session, shared by `run`,
 * `attach` and the dashboard.
 *
 * With a terminal on both sides (raw) every byte passes as it is, both ways: what the agent
 * prints reaches the operator's terminal unfiltered, as with ssh. The size of the window is
 * followed, keys detach, and the terminal is restored on every way out. Without one, input is
 * passed on with back-pressure and ends with an end of file; standard output and error stay
 * apart; nothing is lost on a connection whose supervisor waits (the launcher's).
 */
#ifndef WARDER_TUI_ATTACH_H
#define WARDER_TUI_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/api/link.h"

struct attach_options {
	int fd;               /* connection to control; borrowed */
	const char *id;       /* the session's, for signals when the connection is full */
	bool request;         /* send PACKET_ATTACH first (all but the launcher's own connection) */
	bool raw;             /* the session has a terminal and standard input is one */
	bool lines;           /* raw, though the session has none: its lines end in LF alone */
	bool read_only;       /* send nothing but the request */
	bool replay;          /* ask for recent output first */
	bool forward_signals; /* HUP, INT, QUIT and TERM go to the agent; else they end the relay */
	const char *detach_keys; /* bytes; NULL: none. Looked for only if raw */
};

enum attach_end {
	ATTACH_ENDED,     /* the session ended: `ended` says how */
	ATTACH_DETACHED,  /* keys; the session goes on */
	ATTACH_SIGNALLED, /* a signal ended the relay; the session goes on */
	ATTACH_LOST,      /* the connection closed without a word: the supervisor is gone */
};

struct attach_result {
	enum attach_end end;
	struct packet_ended ended;
	int signal;       /* that ended the relay, or the last one that was forwarded; 0: none */
	int output_error; /* errno of the first write that failed; what followed was dropped; 0 */
	uint64_t gap;     /* bytes that a slow reader lost */
};

/* Runs until one of the ends. 0, or -errno (refused by the supervisor, no terminal, …) with err. */
int attach_relay(const struct attach_options *o, struct attach_result *ret, struct error *err);

/* "Ctrl-Q", "Ctrl-P Ctrl-Q": keys for people. */
void attach_keys_name(const char *keys, char *out, size_t size);

#endif
