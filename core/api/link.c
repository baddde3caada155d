/*
 * link.c: requests to one supervisor, each with a deadline kept by poll(2). The other side is
 * checked too: a `control` that somebody else listens on is refused.
 */
#include "core/api/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/api/locate.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

enum { ANSWER_SECONDS = 5 };
#define ANSWER_NS (ANSWER_SECONDS * NS_PER_SEC)
#define LINGER_NS                                                                                  \
	(2 * NS_PER_SEC) /* from PACKET_ENDED until the supervisor has let go of everything */

static int no_answer(struct error *err)
{
	error_set(err, ETIMEDOUT, "the session's supervisor does not answer");
	error_hint(err, "is it stopped, or the machine overloaded? warder doctor; warder ps");
	return -ETIMEDOUT;
}

static int check_peer(int fd, struct error *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return error_errno(err, errno, "control: SO_PEERCRED");
	if (cred.uid != 0 && cred.uid != geteuid())
		return error_set(err, EPERM, "control: uid %u listens there, expected 0 or %u",
		                 cred.uid, geteuid());
	return 0;
}

static int connect_in(const char *id, int dirfd, int *ret_fd, struct error *err)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int r;

	if (fd < 0)
		return error_errno(err, errno, "socket");
	/* a full backlog makes connect wait: not longer than the send timeout (unix(7)) */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return error_errno(err, errno, "SO_SNDTIMEO");
	/* sun_path holds 108 bytes: go by way of the directory's descriptor */
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/control", dirfd);
	do
		r = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EAGAIN)
		return no_answer(err);
	if (r < 0 && (errno == ECONNREFUSED || errno == ENOENT))
		return error_set(err, ESRCH, "session %s has ended", id);
	if (r < 0)
		return error_errno(err, errno, "session %s", id);
	r = check_peer(fd, err);
	if (r == 0)
		*ret_fd = fd_steal(&fd);
	return r;
}

int link_connect(const char *id, int *ret_fd, struct error *err)
{
	struct located l;
	int r = locate_open(id, &l, err);

	if (r < 0)
		return r;
	if (l.runtime_fd < 0)
		r = error_set(err, ESRCH, "session %s has ended", id);
	else
		r = connect_in(id, l.runtime_fd, ret_fd, err);
	locate_close(&l);
	return r;
}

static int send_packet(int fd, uint8_t type, uint16_t id, const void *payload, size_t length)
{
	UNFILLED unsigned char msg[PACKET_MAX];
	size_t size = packet_encode(type, id, payload, length, msg, sizeof(msg));
	ssize_t n;

	if (size == 0)
		return -EMSGSIZE;
	n = fd_send(fd, msg, size, NULL, 0, MSG_DONTWAIT);
	return n < 0 ? (int)n : 0;
}

int link_send(int fd, uint8_t type, const void *payload, size_t length)
{
	return send_packet(fd, type, 0, payload, length);
}

ssize_t link_recv(int fd, void *buf, size_t size)
{
	ssize_t n = fd_recv(fd, buf, size, NULL, 0, MSG_DONTWAIT);

	/* the other side closed with something of ours unread: said once, before what it had sent
	 * (unix(7)) */
	if (n == -ECONNRESET)
		n = fd_recv(fd, buf, size, NULL, 0, MSG_DONTWAIT);
	return n == -ECONNRESET || n == -EPIPE ? 0 : n;
}

/* Waits for events. 0, or -ETIMEDOUT. */
static int wait_for(int fd, short events, uint64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t now = clock_now();
		uint64_t left = now < deadline ? deadline - now : 0;
		uint64_t ms = (left + NS_PER_MS - 1) / NS_PER_MS;
		int n = poll(&p, 1, ms > 60000 ? 60000 : (int)ms);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && left == 0)
			return -ETIMEDOUT;
	}
}

/* One packet, by the deadline. 1, 0 at the end, or -errno. */
static int next_packet(int fd, uint64_t deadline, unsigned char msg[PACKET_MAX],
                       struct packet_head *head, const void **payload)
{
	for (;;) {
		ssize_t n = link_recv(fd, msg, PACKET_MAX);
		int r;

		if (n > 0)
			return packet_decode(msg, (size_t)n, head, payload) < 0 ? -EBADMSG : 1;
		if (n != -EAGAIN)
			return (int)n;
		r = wait_for(fd, POLLIN, deadline);
		if (r < 0)
			return r;
	}
}

static int refused(const struct packet_head *head, const void *payload, struct error *err)
{
	struct packet_error e;

	if (packet_payload(head, payload, &e, sizeof(e)) < 0)
		return error_set(err, EBADMSG, "the supervisor's answer makes no sense");
	error_set(err, e.code, "%s", e.text);
	if (e.hint[0] != '\0')
		error_hint(err, "%s", e.hint);
	return e.code > 0 ? -e.code : -EIO;
}

static int await_answer(int fd, uint16_t id, struct error *err)
{
	uint64_t deadline = clock_now() + ANSWER_NS;
	UNFILLED unsigned char msg[PACKET_MAX];
	struct packet_head head;
	const void *payload;

	for (;;) {
		int r = next_packet(fd, deadline, msg, &head, &payload);

		if (r == -ETIMEDOUT)
			return no_answer(err);
		if (r < 0)
			return error_errno(err, r, "the supervisor's answer");
		if (r == 0)
			return error_set(err, ESRCH, "the session ended before it answered");
		if (head.type == PACKET_OK && head.id == id)
			return 0;
		/* id 0: the supervisor could not tell which request it was */
		if (head.type == PACKET_ERROR && (head.id == id || head.id == 0))
			return refused(&head, payload, err);
	}
}

/* The other side has closed: it may have said why ("too many connections"). */
static int turned_away(int fd, uint16_t id, struct error *err)
{
	int r = await_answer(fd, id, err);

	return r == -ESRCH ? error_set(err, ESRCH, "the session has ended") : r;
}

static int send_by(int fd, uint8_t type, uint16_t id, const void *payload, size_t length,
                   struct error *err)
{
	uint64_t deadline = clock_now() + ANSWER_NS;

	for (;;) {
		int r = send_packet(fd, type, id, payload, length);

		if (r == -EAGAIN)
			r = wait_for(fd, POLLOUT, deadline);
		else if (r == -EPIPE || r == -ECONNRESET)
			return turned_away(fd, id, err);
		else if (r == 0)
			return 0;
		if (r == -ETIMEDOUT)
			return no_answer(err);
		if (r < 0)
			return error_errno(err, r, "request to the supervisor");
	}
}

int link_call(int fd, uint8_t type, const void *payload, size_t length, struct error *err)
{
	static uint16_t last_id; /* 0 is of packets that want no answer */
	uint16_t id = ++last_id != 0 ? last_id : ++last_id;
	int r = send_by(fd, type, id, payload, length, err);

	return r < 0 ? r : await_answer(fd, id, err);
}

static int call_once(const char *id, uint8_t type, const void *payload, size_t length,
                     struct error *err)
{
	CLEANUP_FD int fd = -1;
	int r = link_connect(id, &fd, err);

	return r < 0 ? r : link_call(fd, type, payload, length, err);
}

int link_signal(const char *id, int signal, struct error *err)
{
	struct packet_signal p = { .signal = signal };

	return call_once(id, PACKET_SIGNAL, &p, sizeof(p), err);
}

int link_pause(const char *id, struct error *err)
{
	return call_once(id, PACKET_PAUSE, NULL, 0, err);
}

int link_resume(const char *id, struct error *err)
{
	return call_once(id, PACKET_RESUME, NULL, 0, err);
}

/* The end is when the supervisor hangs up: then its lock is free and the record final. */
static int await_end(int fd, uint64_t wait_ns, struct error *err)
{
	uint64_t deadline = clock_now() + wait_ns;
	UNFILLED unsigned char msg[PACKET_MAX];
	struct packet_head head;
	const void *payload;
	bool ended = false;

	for (;;) {
		int r = next_packet(fd, deadline, msg, &head, &payload);

		if (r == 0 || (r < 0 && ended))
			return 0;
		if (r == -ETIMEDOUT)
			return error_set(err, ETIMEDOUT, "the session has not ended yet");
		if (r < 0)
			return error_errno(err, r, "waiting for the session's end");
		if (head.type == PACKET_ENDED && !ended) {
			ended = true;
			deadline = clock_now() + LINGER_NS;
		}
	}
}

int link_stop(const char *id, uint64_t grace_ns, uint64_t wait_ns, struct error *err)
{
	struct packet_stop p = { .grace_ns = grace_ns };
	CLEANUP_FD int fd = -1;
	int r = link_connect(id, &fd, err);

	if (r == 0 && wait_ns > 0)
		r = link_call(fd, PACKET_WATCH, NULL, 0, err);
	if (r == 0)
		r = link_call(fd, PACKET_STOP, &p, sizeof(p), err);
	return r < 0 || wait_ns == 0 ? r : await_end(fd, wait_ns, err);
}
