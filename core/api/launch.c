/*
 * launch.c: the request goes to the supervisor in a sealed memfd (descriptor 4), the answer comes
 * back on a socket (descriptor 3). A supervisor that says nothing in LAUNCH_NS is killed; the next
 * scan cleans up after it as after any other that died.
 */
#include "core/api/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/api/spawn.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/json.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };
#define LAUNCH_NS                                                                                  \
	(60 * NS_PER_SEC) /* audit and hiding look at up to HIDE_ENTRIES_MAX files on any disk */
#define PROBE_NS (60 * NS_PER_SEC)
#define DYING_NS (1 * NS_PER_SEC) /* from a hang-up to the wait status */

struct supervisor {
	int fd;
	pid_t pid;
};

static int seal_request(const struct launch_request *r, int *ret_fd, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FD int fd = -1;
	int e;

	launch_request_print(r, &text);
	if (text.failed)
		return error_errno(err, ENOMEM, "launch request");
	if (text.len > REQUEST_MAX)
		return error_set(
			err, E2BIG,
			"launch request: %zu bytes of arguments and environment, at most %d",
			text.len, REQUEST_MAX);
	fd = memfd_create("warder-request", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return error_errno(err, errno, "memfd_create");
	e = fd_write_all(fd, text.data, text.len);
	if (e == 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		e = -errno;
	if (e < 0)
		return error_errno(err, e, "launch request");
	*ret_fd = fd_steal(&fd);
	return 0;
}

static int start_supervisor(const struct launch_request *r, struct supervisor *ret,
                            struct error *err)
{
	CLEANUP_FD int request = -1;
	CLEANUP_FD int ours = -1;
	CLEANUP_FD int theirs = -1;
	struct spawn s = { .verb = "__supervise", .out = -1 };
	int pair[2];
	int e = seal_request(r, &request, err);

	if (e < 0)
		return e;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(err, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	s.fd3 = theirs;
	s.fd4 = request;
	e = spawn_self(&s, &ret->pid, err);
	if (e == 0)
		ret->fd = fd_steal(&ours);
	return e;
}

/* It hung up without a word: how it ended is all there is to say. */
static int hung_up(const struct supervisor *s, bool *ret_collected, struct error *err)
{
	static const char what[] = "the supervisor ended before it said anything";
	int status;

	if (spawn_wait(s->pid, DYING_NS, &status) != 1)
		return error_set(err, EPIPE, "%s", what);
	*ret_collected = true;
	if (WIFSIGNALED(status))
		return error_set(err, EPIPE, "%s: killed by signal %d (%s)", what, WTERMSIG(status),
		                 strsignal(WTERMSIG(status)));
	return error_set(err, EPIPE, "%s: exit status %d", what, WEXITSTATUS(status));
}

static int wait_readable(int fd, uint64_t deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_now();
		int n;

		if (now >= deadline)
			return -ETIMEDOUT;
		n = poll(&p, 1, (int)((deadline - now) / NS_PER_MS) + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* One packet from the supervisor. 0, or an error that says what it did instead. */
static int hear(const struct supervisor *s, uint64_t deadline, unsigned char msg[PACKET_MAX],
                struct packet_head *head, const void **payload, bool *ret_collected,
                struct error *err)
{
	ssize_t n;
	int r = wait_readable(s->fd, deadline);

	if (r == -ETIMEDOUT) {
		(void)kill(s->pid, SIGKILL);
		return error_set(err, ETIMEDOUT, "the supervisor did not start the session in %d s",
		                 (int)(LAUNCH_NS / NS_PER_SEC));
	}
	if (r < 0)
		return error_errno(err, r, "wait for the supervisor");
	n = fd_recv(s->fd, msg, PACKET_MAX, NULL, 0, 0);
	if (n == 0 || n == -ECONNRESET)
		return hung_up(s, ret_collected, err);
	if (n < 0)
		return error_errno(err, (int)n, "hear from the supervisor");
	if (packet_decode(msg, (size_t)n, head, payload) < 0)
		return error_set(err, EBADMSG, "the supervisor's answer makes no sense");
	return 0;
}

static int refused(const struct packet_head *head, const void *payload, int *ret_exit,
                   struct error *err)
{
	struct packet_error e;
	int code;

	if (packet_payload(head, payload, &e, sizeof(e)) < 0)
		return error_set(err, EBADMSG, "the supervisor's answer makes no sense");
	code = e.code;
	if (code == PACKET_EXIT_NOT_FOUND) {
		*ret_exit = 127;
		code = ENOENT;
	} else if (code == PACKET_EXIT_CANNOT_EXECUTE) {
		*ret_exit = 126;
		code = EACCES;
	}
	code = -error_set(err, code < 0 ? EIO : code, "%s", e.text);
	if (e.hint[0] != '\0')
		error_hint(err, "%s", e.hint);
	return -code;
}

/* Done with it, whatever came of it: it is waited for here or later. */
static void let_go(struct supervisor *s, bool collected)
{
	fd_close(&s->fd);
	if (!collected)
		spawn_leave(s->pid);
}

int launch_start(const struct launch_request *r, struct packet_launched *ret, int *ret_fd,
                 int *ret_exit, struct error *err)
{
	struct supervisor s = { .fd = -1 };
	UNFILLED unsigned char msg[PACKET_MAX];
	struct packet_launched launched;
	struct packet_head head;
	const void *payload;
	bool collected = false;
	int e;

	*ret_exit = 125;
	e = start_supervisor(r, &s, err);
	if (e < 0)
		return e;
	e = hear(&s, clock_now() + LAUNCH_NS, msg, &head, &payload, &collected, err);
	if (e == 0 && head.type == PACKET_ERROR)
		e = refused(&head, payload, ret_exit, err);
	else if (e == 0 && (head.type != PACKET_LAUNCHED ||
	                    packet_payload(&head, payload, &launched, sizeof(launched)) < 0))
		e = error_set(err, EBADMSG, "the supervisor's answer makes no sense");
	if (e == 0) {
		*ret = launched;
		*ret_fd = r->attached ? fd_steal(&s.fd) : -1;
		*ret_exit = 0;
	}
	let_go(&s, collected);
	return e;
}

/* Was anything refused? Asked of the report itself. */
static int report_refused(const struct buf *json, bool *ret, struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root, at;
	int r = json_parse("report", json->data ? json->data : "", json->len, &doc, err);

	if (r < 0)
		return r;
	root = json_root("report", doc);
	at = json_member(&root, "refused");
	return json_bool(&at, ret, err);
}

static int hear_report(const struct supervisor *s, struct buf *json, bool *ret_collected,
                       int *ret_exit, struct error *err)
{
	uint64_t deadline = clock_now() + LAUNCH_NS;
	UNFILLED unsigned char msg[PACKET_MAX];
	struct packet_head head;
	const void *payload;

	for (;;) {
		int r = hear(s, deadline, msg, &head, &payload, ret_collected, err);

		if (r < 0)
			return r;
		if (head.type == PACKET_OK)
			return 0;
		if (head.type == PACKET_ERROR)
			return refused(&head, payload, ret_exit, err);
		if (head.type != PACKET_REPORT)
			return error_set(err, EBADMSG, "the supervisor's answer makes no sense");
		buf_add(json, payload, head.length);
		if (json->failed || json->len > REQUEST_MAX)
			return error_set(err, EFBIG, "the report is longer than %d bytes",
			                 REQUEST_MAX);
	}
}

int launch_report(const struct launch_request *r, struct buf *ret_json, int *ret_exit,
                  struct error *err)
{
	CLEANUP_BUF struct buf json = BUF_INIT;
	struct supervisor s = { .fd = -1 };
	bool collected = false;
	bool stopped = false;
	int e;

	*ret_exit = 125;
	e = start_supervisor(r, &s, err);
	if (e < 0)
		return e;
	e = hear_report(&s, &json, &collected, ret_exit, err);
	if (e == 0)
		e = report_refused(&json, &stopped, err);
	let_go(&s, collected);
	if (e < 0)
		return e;
	*ret_exit = !stopped ? 0 : r->mode == REQUEST_AUDIT ? 1 : 125;
	buf_add(ret_json, json.data, json.len);
	return ret_json->failed ? error_errno(err, ENOMEM, "report") : 0;
}

/* Everything that comes from fd until its end. */
static int drain(int fd, struct buf *out, struct error *err)
{
	uint64_t deadline = clock_now() + PROBE_NS;
	char part[4096];

	for (;;) {
		int r = wait_readable(fd, deadline);
		ssize_t n = r == 0 ? read(fd, part, sizeof(part)) : r;

		if (r == -ETIMEDOUT)
			return error_set(err, ETIMEDOUT, "doctor: no answer in %d s",
			                 (int)(PROBE_NS / NS_PER_SEC));
		if (n == 0)
			return 0;
		if (n < 0)
			return error_errno(err, r < 0 ? r : errno, "doctor");
		buf_add(out, part, (size_t)n);
		if (out->failed || out->len > REQUEST_MAX)
			return error_set(err, EFBIG, "doctor: more than %d bytes", REQUEST_MAX);
	}
}

int launch_probe(struct buf *ret_json, struct error *err)
{
	CLEANUP_BUF struct buf json = BUF_INIT;
	CLEANUP_FD int in = -1;
	CLEANUP_FD int out = -1;
	struct spawn s = { .verb = "__probe", .fd3 = -1, .fd4 = -1 };
	int ends[2];
	int status = 0;
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, errno, "pipe");
	in = ends[0];
	out = ends[1];
	s.out = out;
	r = spawn_self(&s, &pid, err);
	if (r < 0)
		return r;
	fd_close(&out);
	r = drain(in, &json, err);
	if (r < 0)
		(void)kill(pid, SIGKILL);
	if (spawn_wait(pid, DYING_NS, &status) != 1)
		spawn_leave(pid);
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, EIO, "doctor: warder __probe ended with wait status 0x%x",
		                 (unsigned)status);
	buf_add(ret_json, json.data, json.len);
	return ret_json->failed ? error_errno(err, ENOMEM, "doctor") : 0;
}
