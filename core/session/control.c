/*
 * control.c: accepting clients, their queues, and the bounds on both. What their requests mean
 * stands in requests.c.
 */
#include "core/session/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/requests.h"
#include "core/session/streams.h"

enum {
	LAUNCHER_HIGH = CLIENT_QUEUE_MAX / 4, /* the agent waits above it */
	LAUNCHER_LOW = CLIENT_QUEUE_MAX / 16,
	TURN_MAX = 32, /* packets taken from one client in one turn: fairness */
	LINGER_S = 10, /* for a viewer to take what is left after the end */
};

static void client_free(struct client *c)
{
	struct session *s = c->session;
	struct client **at = &s->clients;
	bool launcher = c->launcher;

	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	s->n_clients--;
	loop_remove(s->loop, &c->source);
	fd_close(&c->source.fd);
	if (s->freeze_client == c)
		s->freeze_client = NULL;
	while (c->head) {
		struct queued *q = c->head;

		c->head = q->next;
		free(q);
	}
	if (c->attached)
		requests_detached(c);
	free(c);
	if (launcher)
		streams_pause(s, false);
	if (s->finished && control_idle(s))
		loop_stop(s->loop);
}

static bool enqueue(struct client *c, const void *msg, size_t size, bool output)
{
	struct queued *q = malloc(sizeof(*q) + size);

	if (!q)
		return false;
	*q = (struct queued){ .size = size, .output = output };
	memcpy(q->bytes, msg, size);
	*c->tail = q;
	c->tail = &q->next;
	c->queued += sizeof(*q) + size;
	c->answers += !output;
	if (!(c->source.events & EPOLLOUT))
		(void)loop_change(c->session->loop, &c->source, c->source.events | EPOLLOUT);
	return true;
}

/* Drops the oldest output packets until `need` more bytes fit. Answers and events are never
 * dropped. */
static void make_room(struct client *c, size_t need)
{
	struct queued **at = &c->head;

	while (*at && c->queued + sizeof(**at) + need > CLIENT_QUEUE_MAX) {
		struct queued *q = *at;

		if (!q->output) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		if (!*at)
			c->tail = at;
		c->queued -= sizeof(*q) + q->size;
		c->dropped += q->size - sizeof(struct packet_head) - 1;
		free(q);
	}
}

void client_send(struct client *c, uint8_t type, uint16_t id, const void *payload, size_t len)
{
	unsigned char msg[PACKET_MAX];
	size_t size = packet_encode(type, id, payload, len, msg, sizeof(msg));
	bool output = type == PACKET_OUTPUT;

	if (size == 0 || c->closing)
		return;
	if (!c->launcher && output)
		make_room(c, size);
	if (!enqueue(c, msg, size, output))
		c->closing = true;
	else if (c->launcher && c->queued > LAUNCHER_HIGH)
		streams_pause(c->session, true);
}

void client_error(struct client *c, uint16_t id, int code, const char *text, const char *hint)
{
	struct packet_error e = { .code = code };

	snprintf(e.text, sizeof(e.text), "%s", text);
	snprintf(e.hint, sizeof(e.hint), "%s", hint ? hint : "");
	client_send(c, PACKET_ERROR, id, &e, sizeof(e));
}

/* Whether requests are taken from it now. It waits, and nobody else does, while it leaves its
 * answers unread, and while the agent's stdin is full. */
static bool may_ask(const struct client *c)
{
	if (c->closing || c->answers >= CLIENT_ANSWERS_MAX)
		return false;
	return !c->attached || c->read_only || streams_want_input(c->session);
}

static void listen_to(struct client *c, bool on)
{
	uint32_t others = c->source.events & ~(uint32_t)EPOLLIN;

	(void)loop_change(c->session->loop, &c->source, on ? others | EPOLLIN : others);
}

/* 0, -EAGAIN, or another -errno when the client is to go. */
static int push(struct client *c, const void *msg, size_t size)
{
	if (send(c->source.fd, msg, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == ENOBUFS || errno == EINTR ? -EAGAIN : -errno;
}

/* Told where the dropped output was: before what is left of it. */
static int push_gap(struct client *c)
{
	struct packet_gap gap = { .bytes = c->dropped };
	unsigned char msg[sizeof(struct packet_head) + sizeof(gap)];
	int r;

	if (c->dropped == 0)
		return 0;
	r = push(c, msg, packet_encode(PACKET_GAP, 0, &gap, sizeof(gap), msg, sizeof(msg)));
	if (r == 0)
		c->dropped = 0;
	return r;
}

static int push_head(struct client *c)
{
	struct queued *q = c->head;
	int r = push_gap(c);

	if (r == 0)
		r = push(c, q->bytes, q->size);
	if (r < 0)
		return r;
	c->head = q->next;
	if (!c->head)
		c->tail = &c->head;
	c->queued -= sizeof(*q) + q->size;
	c->answers -= !q->output;
	free(q);
	return 0;
}

/* False when the client is gone. */
static bool flush(struct client *c)
{
	int r = 0;

	while (c->head && r == 0)
		r = push_head(c);
	if (r < 0 && r != -EAGAIN) {
		client_free(c);
		return false;
	}
	if (c->launcher && c->queued < LAUNCHER_LOW)
		streams_pause(c->session, false);
	if (may_ask(c))
		listen_to(c, true);
	if (c->head)
		return true;
	if (c->closing) {
		client_free(c);
		return false;
	}
	(void)loop_change(c->session->loop, &c->source, c->source.events & ~(uint32_t)EPOLLOUT);
	return true;
}

/* Handles what came. False when the client is gone. */
static bool receive(struct client *c)
{
	for (int i = 0; i < TURN_MAX; i++) {
		unsigned char msg[PACKET_MAX];
		struct packet_head head;
		const void *payload;
		ssize_t n;

		if (!may_ask(c)) {
			listen_to(c, false);
			return true;
		}
		n = fd_recv(c->source.fd, msg, sizeof(msg), NULL, 0, MSG_DONTWAIT);
		if (n == -EAGAIN || n == -EINTR)
			return true;
		if (n <= 0) {
			client_free(c);
			return false;
		}
		if (packet_decode(msg, (size_t)n, &head, &payload) < 0) {
			client_error(c, 0, EBADMSG, "malformed packet", "");
			c->closing = true;
			return true;
		}
		requests_handle(c, &head, payload);
	}
	return true;
}

static void on_client(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct client *c = src->owner;

	(void)now;
	if (events & EPOLLIN) {
		if (!receive(c))
			return;
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		client_free(c);
		return;
	}
	if (c->head || c->closing)
		(void)flush(c);
}

static struct client *client_new(struct session *s, int fd, uid_t uid)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct client){
		.session = s,
		.source = { .fd = fd, .events = EPOLLIN, .ready = on_client, .owner = c },
		.uid = uid,
		.next = s->clients
	};
	c->tail = &c->head;
	if (fd_set_nonblock(fd, true) < 0 || loop_add(s->loop, &c->source) < 0) {
		free(c);
		return NULL;
	}
	s->clients = c;
	s->n_clients++;
	return c;
}

static bool in_group(int fd, gid_t gid)
{
	gid_t groups[256];
	socklen_t len = sizeof(groups);

	if (gid == (gid_t)-1 || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(gid_t); i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

/* 0 or -errno. */
static int may_enter(const struct session *s, int fd, uid_t *ret_uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int same = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	if (cred.uid != 0 && cred.uid != geteuid() && cred.uid != s->plan.launch.owner_uid &&
	    cred.gid != s->plan.operator_gid && !in_group(fd, s->plan.operator_gid))
		return -EACCES;
	for (const struct client *c = s->clients; c; c = c->next)
		same += c->uid == cred.uid;
	/* others cannot shut root out, whoever and however many they are */
	if (same >= CONTROL_CLIENTS_PER_UID ||
	    (s->n_clients >= CONTROL_CLIENTS_MAX && cred.uid != 0))
		return -EUSERS;
	*ret_uid = cred.uid;
	return 0;
}

static void refuse(int fd, int code)
{
	struct packet_error e = { .code = -code };
	unsigned char msg[sizeof(struct packet_head) + sizeof(e)];
	size_t size;

	snprintf(e.text, sizeof(e.text), "%s",
	         code == -EUSERS ? "too many connections to this session" : strerror(-code));
	size = packet_encode(PACKET_ERROR, 0, &e, sizeof(e), msg, sizeof(msg));
	(void)!send(fd, msg, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_listener(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct session *s = src->owner;
	int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uid_t uid = 0;
	int r;

	(void)events;
	(void)now;
	if (fd < 0)
		return;
	r = may_enter(s, fd, &uid);
	if (r == 0 && !client_new(s, fd, uid))
		r = -ENOMEM;
	if (r < 0) {
		refuse(fd, r);
		fd_close(&fd);
	}
}

int control_open(struct session *s, struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return error_errno(err, errno, "control socket");
	/* sun_path holds 108 bytes: go by way of the directory's descriptor */
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/control",
	         s->seat.runtime_fd);
	mask = umask(0);
	r = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 16) < 0 ? -errno : 0;
	umask(mask);
	s->listener =
		(struct loop_fd){ .fd = fd, .events = EPOLLIN, .ready = on_listener, .owner = s };
	if (r == 0)
		r = loop_add(s->loop, &s->listener);
	return r < 0 ? error_errno(err, r, "control socket") : 0;
}

int control_adopt(struct session *s, int fd)
{
	struct client *c = client_new(s, fd, geteuid());

	if (!c)
		return -ENOMEM;
	c->launcher = c->attached = c->stdin_open = true;
	return 0;
}

void control_output(struct session *s, uint8_t stream, const void *data, size_t len)
{
	unsigned char payload[PACKET_MAX - sizeof(struct packet_head)];

	if (len > sizeof(payload) - 1)
		len = sizeof(payload) - 1;
	payload[0] = stream;
	memcpy(payload + 1, data, len);
	for (struct client *c = s->clients; c; c = c->next) {
		if (c->attached)
			client_send(c, PACKET_OUTPUT, 0, payload, len + 1);
	}
}

/* The launcher may take its time (a pager); it gets all of it. */
static void on_linger(struct loop_timer *t, uint64_t now)
{
	struct session *s = t->owner;
	struct client *next;

	(void)now;
	for (struct client *c = s->clients; c; c = next) {
		next = c->next;
		if (!c->launcher)
			client_free(c);
	}
}

void control_ended(struct session *s)
{
	struct packet_ended e = { .exit_code = s->exit_code, .state = (uint32_t)s->state };
	struct client *next;

	s->linger_timer = (struct loop_timer){ .fired = on_linger, .owner = s };
	loop_arm(s->loop, &s->linger_timer, clock_now() + LINGER_S * NS_PER_SEC);

	snprintf(e.reason, sizeof(e.reason), "%s", s->reason);
	for (struct client *c = s->clients; c; c = next) {
		next = c->next;
		if (c->attached || c->watching)
			client_send(c, PACKET_ENDED, 0, &e, sizeof(e));
		c->attached = false;
		c->closing = true;
		(void)flush(c);
	}
}

void control_resume_input(struct session *s)
{
	for (struct client *c = s->clients; c; c = c->next) {
		if (may_ask(c))
			listen_to(c, true);
	}
}

bool control_idle(const struct session *s)
{
	return s->clients == NULL;
}

unsigned control_attached(const struct session *s)
{
	unsigned n = 0;

	for (const struct client *c = s->clients; c; c = c->next)
		n += c->attached;
	return n;
}

void control_stop_listening(struct session *s)
{
	loop_remove(s->loop, &s->listener);
	fd_close(&s->listener.fd);
}

void control_close(struct session *s)
{
	control_stop_listening(s);
	while (s->clients)
		client_free(s->clients);
}
