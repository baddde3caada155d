/*
 * requests.c: the request table. Payload sizes are checked here, once; a handler gets a whole
 * struct.
 */
#include "core/session/requests.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/session/control.h"
#include "core/session/lifecycle.h"
#include "core/session/publish.h"
#include "core/session/streams.h"

enum { REPLAY_MAX = 8 * 1024 }; /* some screens of lines */

union payload {
	struct packet_attach attach;
	struct packet_resize resize;
	struct packet_signal signal;
	struct packet_stop stop;
};

static void ok(struct client *c, uint16_t id)
{
	client_send(c, PACKET_OK, id, NULL, 0);
}

/* The end of what was printed, from a line's beginning, so that a newcomer sees more than an empty
 * terminal. */
static void replay(struct client *c)
{
	unsigned char payload[1 + REPLAY_MAX];
	CLEANUP_FD int fd = openat(c->session->seat.state_fd, "output", O_RDONLY | O_CLOEXEC);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	off_t from = size > REPLAY_MAX ? size - REPLAY_MAX : 0;
	ssize_t n = size > 0 ? pread(fd, payload + 1, REPLAY_MAX, from) : 0;
	const unsigned char *line;

	if (n <= 0)
		return;
	line = from > 0 ? memchr(payload + 1, '\n', (size_t)n) : NULL;
	if (line) {
		n -= line + 1 - (payload + 1);
		memmove(payload + 1, line + 1, (size_t)n);
	}
	payload[0] = 1;
	client_send(c, PACKET_OUTPUT, 0, payload, (size_t)n + 1);
}

static void handle_attach(struct client *c, uint16_t id, const union payload *p)
{
	if (c->attached) {
		client_error(c, id, EALREADY, "attached already", "");
		return;
	}
	c->attached = true;
	c->read_only = p->attach.flags & ATTACH_READ_ONLY;
	publish_attach(c->session, c->uid, true);
	ok(c, id);
	if (p->attach.flags & ATTACH_REPLAY)
		replay(c);
	if (!c->read_only)
		streams_resize(c->session, p->attach.rows, p->attach.cols, true);
}

static void handle_detach(struct client *c, uint16_t id, const union payload *p)
{
	(void)p;
	if (c->attached)
		requests_detached(c);
	c->attached = false;
	if (c->launcher)
		streams_pause(c->session, false);
	c->launcher = false;
	ok(c, id);
}

static void handle_resize(struct client *c, uint16_t id, const union payload *p)
{
	(void)id;
	if (c->attached && !c->read_only)
		streams_resize(c->session, p->resize.rows, p->resize.cols, false);
}

static void handle_signal(struct client *c, uint16_t id, const union payload *p)
{
	int r = lifecycle_signal(c->session, c->uid, p->signal.signal);

	if (r < 0)
		client_error(c, id, -r, strerror(-r), "");
	else
		ok(c, id);
}

static void handle_stop(struct client *c, uint16_t id, const union payload *p)
{
	c->watching = true;
	ok(c, id);
	lifecycle_stop(c->session, c->uid, p->stop.grace_ns);
}

static void handle_pause(struct client *c, uint16_t id, const union payload *p)
{
	(void)p;
	lifecycle_pause(c->session, c, id);
}

static void handle_resume(struct client *c, uint16_t id, const union payload *p)
{
	(void)p;
	lifecycle_resume(c->session, c, id);
}

static void handle_ping(struct client *c, uint16_t id, const union payload *p)
{
	(void)p;
	ok(c, id);
}

static void handle_watch(struct client *c, uint16_t id, const union payload *p)
{
	(void)p;
	c->watching = true;
	ok(c, id);
}

static void handle_input_eof(struct client *c, uint16_t id, const union payload *p)
{
	(void)id;
	(void)p;
	/* only the one who brought the input may end it */
	if (c->launcher)
		streams_input_eof(c->session);
}

static const struct request {
	uint8_t type;
	size_t size;
	void (*handle)(struct client *c, uint16_t id, const union payload *p);
} requests[] = {
	{ PACKET_ATTACH, sizeof(struct packet_attach), handle_attach },
	{ PACKET_DETACH, 0, handle_detach },
	{ PACKET_INPUT_EOF, 0, handle_input_eof },
	{ PACKET_RESIZE, sizeof(struct packet_resize), handle_resize },
	{ PACKET_SIGNAL, sizeof(struct packet_signal), handle_signal },
	{ PACKET_STOP, sizeof(struct packet_stop), handle_stop },
	{ PACKET_PAUSE, 0, handle_pause },
	{ PACKET_RESUME, 0, handle_resume },
	{ PACKET_PING, 0, handle_ping },
	{ PACKET_WATCH, 0, handle_watch },
};

static bool take_payload(const struct packet_head *head, const void *payload, union payload *ret,
                         size_t size)
{
	if (size == 0)
		return head->length == 0;
	return packet_payload(head, payload, ret, size) == 0;
}

void requests_handle(struct client *c, const struct packet_head *head, const void *payload)
{
	if (head->type == PACKET_INPUT) {
		if (c->attached && !c->read_only)
			streams_input(c->session, payload, head->length);
		return;
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		union payload p = { .stop = { 0 } };

		if (requests[i].type != head->type)
			continue;
		if (!take_payload(head, payload, &p, requests[i].size)) {
			client_error(c, head->id, EBADMSG, "payload of the wrong size", "");
			return;
		}
		requests[i].handle(c, head->id, &p);
		return;
	}
	client_error(c, head->id, ENOTSUP, "unknown request",
	             "the supervisor and this warder may be of different versions");
}

void requests_detached(struct client *c)
{
	if (!c->session->finished) {
		c->attached = false;
		publish_attach(c->session, c->uid, false);
	}
}
