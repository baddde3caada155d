/*
 * test_launch_api.c: starting a supervisor, in every way that it can answer. /proc/self/exe is this
 * program, so its __supervise is the supervisor; the request's command says what it shall do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/api/launch.h"
#include "core/api/spawn.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

/* ---- the supervisor ---- */

static void say(uint8_t type, const void *payload, size_t len)
{
	unsigned char msg[PACKET_MAX];
	size_t n = packet_encode(type, 0, payload, len, msg, sizeof(msg));

	(void)!send(3, msg, n, MSG_NOSIGNAL);
}

/* What a supervisor may rely on, told as a notice when it is not so. */
static const char *check_surroundings(void)
{
	sigset_t set;
	struct stat null, st;
	struct sigaction sa;

	if (getsid(0) != getpid())
		return "not its own session";
	if (sigprocmask(SIG_SETMASK, NULL, &set) < 0 || sigismember(&set, SIGUSR1))
		return "a signal is blocked";
	if (sigaction(SIGUSR2, NULL, &sa) < 0 || sa.sa_handler != SIG_DFL)
		return "a signal is ignored";
	if (stat("/dev/null", &null) < 0)
		return "no /dev/null";
	for (int i = 0; i < 3; i++) {
		if (fstat(i, &st) < 0 || st.st_rdev != null.st_rdev)
			return "stdio is not /dev/null";
	}
	for (int i = 5; i < 300; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			return "a descriptor too many";
	}
	if (write(4, "x", 1) >= 0 || ftruncate(4, 0) == 0)
		return "the request can be changed";
	if (getenv("SECRET") || !getenv("WARDER_TEST") || !getenv("PATH"))
		return "not the environment";
	return "";
}

static void fail_as(int code, const char *text)
{
	struct packet_error e = { .code = code, .hint = "a hint" };

	snprintf(e.text, sizeof(e.text), "%s", text);
	say(PACKET_ERROR, &e, sizeof(e));
}

static void report(bool refused)
{
	static const char head[] = "{\"refused\":", yes[] = "true}", no[] = "false}";

	say(PACKET_REPORT, head, strlen(head));
	say(PACKET_REPORT, refused ? yes : no, strlen(refused ? yes : no));
	say(PACKET_OK, NULL, 0);
}

static void act(const struct launch_request *r)
{
	static struct packet_launched l = { .id = "0123456789ab", .name = "n" };
	const char *what = r->argv[0];

	if (strcmp(what, "launch") == 0) {
		snprintf(l.notices, sizeof(l.notices), "%s", check_surroundings());
		say(PACKET_LAUNCHED, &l, sizeof(l));
		if (r->attached)
			say(PACKET_OUTPUT, "\1hello", 6);
	} else if (strcmp(what, "not-found") == 0) {
		fail_as(PACKET_EXIT_NOT_FOUND, "x: command not found");
	} else if (strcmp(what, "cannot-execute") == 0) {
		fail_as(PACKET_EXIT_CANNOT_EXECUTE, "x: cannot execute");
	} else if (strcmp(what, "refuse") == 0) {
		fail_as(EPERM, "mount: refused");
	} else if (strcmp(what, "odd-code") == 0) {
		fail_as(-5, "odd");
	} else if (strcmp(what, "nonsense") == 0) {
		(void)!send(3, "nonsense", 8, MSG_NOSIGNAL);
	} else if (strcmp(what, "abort") == 0) {
		(void)raise(SIGKILL);
	} else if (strcmp(what, "report") == 0 || strcmp(what, "report-refused") == 0) {
		report(what[6] != '\0');
	} else if (strcmp(what, "linger") == 0) {
		say(PACKET_LAUNCHED, &l, sizeof(l));
		close(3);
		usleep(300000);
	}
}

static int supervise(void)
{
	struct launch_request *r = NULL;
	char *text = NULL;
	size_t len;

	if (lseek(4, 0, SEEK_SET) < 0 ||
	    fd_read_all(4, "request", REQUEST_MAX, &text, &len, NULL) < 0 ||
	    launch_request_parse(text, len, &r, NULL) < 0)
		return 2;
	act(r);
	launch_request_free(r);
	free(text);
	return 5;
}

/* ---- the tests ---- */

static char *words[2];
static struct launch_request request(const char *what)
{
	words[0] = (char *)(uintptr_t)what;
	return (struct launch_request){ .mode = REQUEST_RUN, .argv = words };
}

static void test_launched(void **state)
{
	static struct packet_launched l;
	struct launch_request r = request("launch");
	struct error err = ERROR_INIT;
	int fd = 99, code = 99, stray = open("/dev/zero", O_RDONLY); /* not close-on-exec */
	sigset_t set;

	(void)state;
	setenv("SECRET", "1", 1);
	setenv("WARDER_TEST", "1", 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	if (launch_start(&r, &l, &fd, &code, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(l.notices, "");
	assert_string_equal(l.id, "0123456789ab");
	assert_int_equal(fd, -1);
	assert_int_equal(code, 0);
	close(stray);
}

/* Where our own descriptors happen to be must not matter. */
static void test_low_descriptors(void **state)
{
	static struct packet_launched l;
	struct launch_request r = request("launch");
	struct error err = ERROR_INIT;
	int fd, code;

	(void)state;
	fflush(NULL);
	for (int shift = 0; shift < 4; shift++) {
		int holes[4];

		for (int i = 0; i < shift; i++)
			holes[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (launch_start(&r, &l, &fd, &code, &err) < 0)
			fail_msg("%s", err.text);
		assert_string_equal(l.notices, "");
		for (int i = 0; i < shift; i++)
			close(holes[i]);
	}
}

static void test_attached(void **state)
{
	static struct packet_launched l;
	struct launch_request r = request("launch");
	struct packet_head head;
	const void *payload;
	unsigned char msg[PACKET_MAX];
	int fd = -1, code;
	ssize_t n;

	(void)state;
	r.attached = true;
	assert_int_equal(launch_start(&r, &l, &fd, &code, NULL), 0);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	n = recv(fd, msg, sizeof(msg), 0);
	assert_true(n > 0);
	assert_int_equal(packet_decode(msg, (size_t)n, &head, &payload), 0);
	assert_int_equal(head.type, PACKET_OUTPUT);
	assert_memory_equal(payload, "\1hello", 6);
	assert_int_equal(recv(fd, msg, sizeof(msg), 0), 0);
	fd_close(&fd);
}

static void refused(const char *what, int exit_code, int code, const char *text)
{
	static struct packet_launched l;
	struct launch_request r = request(what);
	struct error err = ERROR_INIT;
	int fd = 99, got = 0;

	assert_int_equal(launch_start(&r, &l, &fd, &got, &err), -code);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, code);
	assert_int_equal(got, exit_code);
	assert_int_equal(fd, 99);
}

static void test_refused(void **state)
{
	(void)state;
	refused("not-found", 127, ENOENT, "x: command not found");
	refused("cannot-execute", 126, EACCES, "x: cannot execute");
	refused("refuse", 125, EPERM, "mount: refused");
	refused("odd-code", 125, EIO, "odd");
	refused("nonsense", 125, EBADMSG, "the supervisor's answer makes no sense");
	refused("report", 125, EBADMSG, "the supervisor's answer makes no sense");
	refused("exit", 125, EPIPE, "the supervisor ended before it said anything: exit status 5");
	refused("abort", 125, EPIPE,
	        "the supervisor ended before it said anything: killed by signal 9 (Killed)");
}

static void reported(const char *what, enum request_mode mode, int exit_code, const char *json)
{
	struct launch_request r = request(what);
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	int got = 99;

	r.mode = mode;
	if (launch_report(&r, &out, &got, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_str(&out), json);
	assert_int_equal(got, exit_code);
	buf_free(&out);
}

static void test_reports(void **state)
{
	struct launch_request r;
	struct buf out = BUF_INIT;
	int got = 0;

	(void)state;
	reported("report", REQUEST_AUDIT, 0, "{\"refused\":false}");
	reported("report-refused", REQUEST_AUDIT, 1, "{\"refused\":true}");
	reported("report", REQUEST_DRY_RUN, 0, "{\"refused\":false}");
	reported("report-refused", REQUEST_DRY_RUN, 125, "{\"refused\":true}");
	r = request("refuse");
	assert_int_equal(launch_report(&r, &out, &got, NULL), -EPERM);
	assert_int_equal(got, 125);
	assert_int_equal(out.len, 0);
}

static void test_too_large(void **state)
{
	static struct packet_launched l;
	struct launch_request r = request("launch");
	char *big = malloc(REQUEST_MAX + 1);
	char *env[] = { big, NULL };
	int fd, code = 0;

	(void)state;
	memset(big, 'x', REQUEST_MAX);
	big[REQUEST_MAX] = '\0';
	r.environ_all = env;
	assert_int_equal(launch_start(&r, &l, &fd, &code, NULL), -E2BIG);
	assert_int_equal(code, 125);
	free(big);
}

/* A supervisor outlives the launch; when it ends it does not stay behind as a zombie. */
static void test_no_zombies(void **state)
{
	static struct packet_launched l;
	struct launch_request r = request("linger");
	int fd, code;
	siginfo_t info = { .si_pid = 0 };

	(void)state;
	spawn_collect();
	assert_int_equal(launch_start(&r, &l, &fd, &code, NULL), 0);
	spawn_collect();
	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0); /* runs */
	assert_int_equal(info.si_pid, 0);
	usleep(500000);
	spawn_collect();
	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_probe(void **state)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	if (launch_probe(&out, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_str(&out), "{\"layers\":[]}");
	buf_free(&out);
	setenv("WARDER_TEST", "fail", 1);
	assert_int_equal(launch_probe(&out, &err), -EIO);
	assert_string_equal(err.text, "doctor: warder __probe ended with wait status 0x100");
	setenv("WARDER_TEST", "1", 1);
}

static int probe(void)
{
	printf("{\"layers\":[]}");
	return strcmp(getenv("WARDER_TEST"), "fail") == 0;
}

static void test_wait(void **state)
{
	int status;
	uint64_t start = clock_now();
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		pause();
	assert_int_equal(spawn_wait(pid, 50 * NS_PER_MS, &status), 0);
	assert_true(clock_now() - start >= 50 * NS_PER_MS);
	assert_int_equal(spawn_wait(pid, 0, &status), 0);
	kill(pid, SIGTERM);
	assert_int_equal(spawn_wait(pid, 5 * NS_PER_SEC, &status), 1);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(spawn_wait(pid, 0, &status), -ECHILD);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launched),   cmocka_unit_test(test_low_descriptors),
		cmocka_unit_test(test_attached),   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reports),    cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_no_zombies), cmocka_unit_test(test_probe),
		cmocka_unit_test(test_wait),
	};

	if (argc == 2 && strcmp(argv[1], "__supervise") == 0)
		return supervise();
	if (argc == 2 && strcmp(argv[1], "__probe") == 0)
		return probe();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
