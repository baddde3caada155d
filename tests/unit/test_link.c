/*
 * test_link.c: a client against supervisors of every temper: one that answers, refuses, talks
 * nonsense, hangs up, says nothing, never accepts, or is somebody else. Each is a real process that
 * listens on `control`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "core/api/link.h"
#include "tests/unit/sessions_box.h"

static const char id[] = "0123456789ab";

typedef void (*temper)(int fd);

static int listen_at(int dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/control", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* Serves one client after another until it is killed. */
static pid_t serve(const struct box *b, temper how)
{
	int dir = box_dir(b->places.runtime_sessions_fd, id);
	int fd = listen_at(dir);
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

			how(c);
			close(c);
		}
	}
	fd_close(&fd);
	fd_close(&dir);
	return pid;
}

static bool hear(int fd, struct packet_head *head, unsigned char *msg)
{
	const void *payload;
	ssize_t n = recv(fd, msg, PACKET_MAX, 0);

	return n > 0 && packet_decode(msg, (size_t)n, head, &payload) == 0;
}

static void say(int fd, uint8_t type, uint16_t to, const void *payload, size_t len)
{
	unsigned char msg[PACKET_MAX];
	size_t n = packet_encode(type, to, payload, len, msg, sizeof(msg));

	if (send(fd, msg, n, MSG_NOSIGNAL) < 0)
		_exit(1);
}

static void obliging(int fd)
{
	static unsigned char msg[PACKET_MAX];
	struct packet_ended e = { .exit_code = 143, .state = SESSION_KILLED };
	struct packet_head head;

	while (hear(fd, &head, msg)) {
		say(fd, PACKET_OUTPUT, 0, "\1noise", 6); /* what comes between is no answer */
		say(fd, PACKET_OK, (uint16_t)(head.id + 1), NULL, 0);
		say(fd, PACKET_OK, head.id, NULL, 0);
		if (head.type != PACKET_STOP)
			continue;
		usleep(50000);
		say(fd, PACKET_ENDED, 0, &e, sizeof(e));
		usleep(50000);
		return;
	}
}

static void refusing(int fd)
{
	static unsigned char msg[PACKET_MAX];
	struct packet_error e = { .code = EPERM, .text = "not you", .hint = "ask root" };
	struct packet_head head;

	while (hear(fd, &head, msg))
		say(fd, PACKET_ERROR, head.id, &e, sizeof(e));
}

static void confused(int fd)
{
	static unsigned char msg[PACKET_MAX];
	struct packet_head head;

	if (hear(fd, &head, msg))
		(void)!send(fd, "nonsense!", 9, MSG_NOSIGNAL);
	(void)hear(fd, &head, msg);
}

static void short_error(int fd)
{
	static unsigned char msg[PACKET_MAX];
	struct packet_head head;

	if (hear(fd, &head, msg))
		say(fd, PACKET_ERROR, head.id, "x", 1);
	(void)hear(fd, &head, msg);
}

static void hanging_up(int fd)
{
	static unsigned char msg[PACKET_MAX];
	struct packet_head head;

	(void)hear(fd, &head, msg);
}

static void silent(int fd)
{
	(void)fd;
	pause();
}

static void test_answers(void **state)
{
	pid_t pid = serve(*state, obliging);
	struct error err = ERROR_INIT;
	uint64_t start;

	assert_int_equal(link_pause(id, &err), 0);
	assert_int_equal(link_resume(id, &err), 0);
	assert_int_equal(link_signal(id, SIGTERM, &err), 0);
	start = clock_now();
	assert_int_equal(link_stop(id, 0, 5 * NS_PER_SEC, &err), 0);
	assert_true(clock_now() - start >= 100 * NS_PER_MS); /* the hang-up is the end */
	assert_true(clock_now() - start < 2 * NS_PER_SEC);
	assert_int_equal(link_stop(id, 0, 0, &err), 0);
	box_kill(pid);
}

static void test_many_ids(void **state)
{
	pid_t pid = serve(*state, obliging);
	int fd = -1;

	assert_int_equal(link_connect(id, &fd, NULL), 0);
	for (int i = 0; i < 66000; i++) /* past 65535; 0 is no id */
		assert_int_equal(link_call(fd, PACKET_PING, NULL, 0, NULL), 0);
	fd_close(&fd);
	box_kill(pid);
}

static void expect_error(temper how, const struct box *b, int code, const char *text)
{
	pid_t pid = serve(b, how);
	struct error err = ERROR_INIT;
	int dir = box_dir(b->places.runtime_sessions_fd, id);

	assert_int_equal(link_pause(id, &err), -code);
	assert_string_equal(err.text, text);
	box_kill(pid);
	assert_int_equal(unlinkat(dir, "control", 0), 0);
	fd_close(&dir);
}

static void test_refusals(void **state)
{
	const struct box *b = *state;

	expect_error(refusing, b, EPERM, "not you");
	expect_error(confused, b, EBADMSG, "the supervisor's answer: Bad message");
	expect_error(short_error, b, EBADMSG, "the supervisor's answer makes no sense");
	expect_error(hanging_up, b, ESRCH, "the session ended before it answered");
}

static void test_silent(void **state)
{
	pid_t pid = serve(*state, silent);
	struct error err = ERROR_INIT;
	uint64_t start = clock_now();

	assert_int_equal(link_pause(id, &err), -ETIMEDOUT);
	assert_true(clock_now() - start >= 4900 * NS_PER_MS);
	assert_true(clock_now() - start < 8 * NS_PER_SEC);
	assert_string_equal(err.text, "the session's supervisor does not answer");
	assert_true(err.hint[0] != '\0');
	box_kill(pid);
}

/* Stopped, with a full backlog: connect(2) itself would wait for ever. */
static void test_never_accepts(void **state)
{
	const struct box *b = *state;
	int dir = box_dir(b->places.runtime_sessions_fd, id);
	int listener = listen_at(dir);
	struct error err = ERROR_INIT;
	uint64_t start = clock_now();
	int fds[4];
	int r = 0, n = 0;

	while (n < 4 && (r = link_connect(id, &fds[n], &err)) == 0)
		n++;
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(clock_now() - start < 8 * NS_PER_SEC);
	while (n > 0)
		fd_close(&fds[--n]);
	fd_close(&listener);
	fd_close(&dir);
}

static void test_not_there(void **state)
{
	const struct box *b = *state;
	struct error err = ERROR_INIT;
	int dir, fd;

	assert_int_equal(link_pause(id, &err), -ENOENT);
	assert_string_equal(err.text, "no such session: 0123456789ab");
	assert_int_equal(link_pause("../0123456789", &err), -ENOENT);
	box_record_write(b, box_record(id, SESSION_EXITED));
	assert_int_equal(link_pause(id, &err), -ESRCH);
	assert_string_equal(err.text, "session 0123456789ab has ended");
	dir = box_dir(b->places.runtime_sessions_fd, id);
	assert_int_equal(link_pause(id, &err), -ESRCH); /* no control */
	fd = listen_at(dir);
	fd_close(&fd);
	assert_int_equal(link_pause(id, &err), -ESRCH); /* nobody listens */
	fd_close(&dir);
}

/* Somebody else listens in a directory that is ours. */
static void test_wrong_peer(void **state)
{
	const struct box *b = *state;
	int dir, status;
	struct error err = ERROR_INIT;
	int ready[2];
	char c;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("becoming another user needs root\n");
		skip();
	}
	dir = box_dir(b->places.runtime_sessions_fd, id);
	assert_int_equal(chmod(b->root, 0755), 0);
	assert_int_equal(fchmod(dir, 0777), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (setuid(54321) < 0)
			_exit(1);
		(void)listen_at(dir);
		(void)!write(ready[1], "x", 1);
		pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(link_pause(id, &err), -EPERM);
	assert_string_equal(err.text, "control: uid 54321 listens there, expected 0 or 0");
	close(ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	fd_close(&dir);
}

static void test_send_recv(void **state)
{
	int pair[2];
	char buf[PACKET_MAX];
	int r = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(link_recv(pair[0], buf, sizeof(buf)), -EAGAIN);
	assert_int_equal(link_send(pair[1], PACKET_INPUT, "abc", 3), 0);
	assert_int_equal(link_recv(pair[0], buf, sizeof(buf)), sizeof(struct packet_head) + 3);
	assert_int_equal(link_send(pair[1], PACKET_INPUT, buf, PACKET_MAX), -EMSGSIZE);
	for (int i = 0; i < 10000 && r == 0; i++)
		r = link_send(pair[1], PACKET_INPUT, buf, 30000);
	assert_int_equal(r, -EAGAIN);
	fd_close(&pair[1]);
	while ((r = (int)link_recv(pair[0], buf, sizeof(buf))) > 0)
		;
	assert_int_equal(r, 0);
	assert_int_equal(link_send(pair[0], PACKET_PING, NULL, 0), -EPIPE); /* and no SIGPIPE */
	fd_close(&pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_box(test_answers),    in_box(test_many_ids),      in_box(test_refusals),
		in_box(test_silent),     in_box(test_never_accepts), in_box(test_not_there),
		in_box(test_wrong_peer), in_box(test_send_recv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
