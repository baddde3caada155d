/*
 * test_identity.c: ranges of host ids with real locks, and the layer in a real user namespace, as
 * root and as an ordinary user. The parts that need root say so and are skipped without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/layers/identity.h"
#include "core/layers/identity_slots.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

enum { ORDINARY_UID = 54321 };
#define ID_A "0123456789ab"
#define ID_B "ba9876543210"

static struct policy policy;

static int enter_dir(void **state)
{
	char *dir = strdup("/tmp/test_identity.XXXXXX");

	if (!dir || !mkdtemp(dir) || chmod(dir, 0755) < 0)
		return -1;
	*state = dir;
	return 0;
}

static int leave_dir(void **state)
{
	CLEANUP_FD int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *dir = *state;
	int r = fd_remove_tree(tmp, dir + strlen("/tmp/"));

	free(dir);
	return r;
}

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
}

static struct id_slot take(const char *dir, const char *id)
{
	struct id_slot s = { .fd = -1 };
	struct error err = ERROR_INIT;

	if (id_slot_take(dir, id, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void slot_text(const char *dir, unsigned number, char *ret, size_t size)
{
	char path[256];
	CLEANUP_FREE char *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s/ids/%u", dir, number);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 64, &text, &len, NULL), 0);
	snprintf(ret, size, "%s", text);
}

static void make_session(const char *dir, const char *id)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/sessions/%s", dir, id);
	assert_int_equal(fd_mkdir_p(path, 0700), 0);
}

static void test_slot_is_exclusive(void **state)
{
	struct id_slot a = take(*state, ID_A), b = take(*state, ID_A);
	char text[32];

	assert_int_not_equal(a.number, b.number); /* the same place to start, but a lives */
	assert_true(a.first >= SLOT_FIRST_ID && a.first % SLOT_IDS == 0);
	assert_true(b.first + SLOT_IDS - 1 <= 0x7ffeffff);
	slot_text(*state, a.number, text, sizeof(text));
	assert_string_equal(text, ID_A);
	id_slot_release(&a);
	assert_int_equal(a.fd, -1);
	slot_text(*state, b.number == 0 ? SLOT_COUNT - 1 : b.number - 1, text, sizeof(text));
	assert_string_equal(text, "");
	a = take(*state, ID_A); /* free again */
	assert_int_equal(a.number, (b.number + SLOT_COUNT - 1) % SLOT_COUNT);
	id_slot_release(&a);
	id_slot_release(&b);
}

/* A supervisor that died: the lock is gone, the id stays written. */
static unsigned die_holding(const char *dir, const char *id)
{
	struct id_slot s = take(dir, id);

	fd_close(&s.fd);
	return s.number;
}

static void test_unclean_end(void **state)
{
	unsigned number = die_holding(*state, ID_A);
	char text[32], path[256];
	struct id_slot s;

	make_session(*state, ID_A);
	s = take(*state, ID_A);
	assert_int_not_equal(s.number, number); /* what it left may still be there */
	id_slot_release(&s);
	assert_int_equal(identity_reclaim(*state, ID_B), 0);
	slot_text(*state, number, text, sizeof(text));
	assert_string_equal(text, ID_A);
	assert_int_equal(identity_reclaim(*state, ID_A), 0);
	slot_text(*state, number, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(take(*state, ID_A).number, number);

	/* and with its directory gone, without a reaper's help */
	die_holding(*state, ID_B);
	make_session(*state, ID_B);
	snprintf(path, sizeof(path), "%s/sessions/%s", (char *)*state, ID_B);
	s = take(*state, ID_B);
	number = s.number;
	id_slot_release(&s);
	assert_int_equal(rmdir(path), 0);
	assert_int_not_equal(take(*state, ID_B).number, number);
}

static void test_reclaim_of_the_living(void **state)
{
	struct id_slot s = take(*state, ID_A);

	assert_int_equal(identity_reclaim(*state, ID_A), -EBUSY);
	id_slot_release(&s);
	assert_int_equal(identity_reclaim("/nonexistent", ID_A), 0);
}

static void test_none_free(void **state)
{
	struct id_slot s = { .fd = -1 };
	struct error err = ERROR_INIT;
	char path[256];

	make_session(*state, ID_B);
	snprintf(path, sizeof(path), "%s/ids", (char *)*state);
	assert_int_equal(fd_mkdir_p(path, 0700), 0);
	for (int i = 0; i < SLOT_COUNT; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/ids/%d", (char *)*state, i);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, ID_B, strlen(ID_B)), strlen(ID_B));
		close(fd);
	}
	assert_int_equal(id_slot_take(*state, ID_A, &s, &err), -EUSERS);
	assert_string_equal(err.text, "identity: no free uid range: 4095 in use");
	assert_int_equal(s.fd, -1);
}

static void test_slots_refuse_links(void **state)
{
	struct id_slot s = { .fd = -1 };
	struct error err = ERROR_INIT;
	char path[256];

	snprintf(path, sizeof(path), "%s/ids", (char *)*state);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_true(id_slot_take(*state, ID_A, &s, &err) < 0);
	assert_non_null(strstr(err.text, "/ids"));
}

/* What the child in the namespaces found out. */
struct inside {
	int result;
	char what[64];
	uid_t uid;
	gid_t gid;
	int groups, dumpable;
	struct utsname names;
	int regain; /* setresuid(0) afterwards */
};

static void enter(const struct launch *l, int sock)
{
	struct layer_report report = { .what = "", .master_fd = -1, .slave_fd = -1 };
	struct inside in = { 0 };

	if (read(sock, in.what, 1) != 1)
		_exit(1);
	in.result = layer_identity.enter(l, &report);
	snprintf(in.what, sizeof(in.what), "%s", report.what);
	in.uid = getuid();
	in.gid = getgid();
	in.groups = getgroups(0, NULL);
	in.dumpable = prctl(PR_GET_DUMPABLE);
	in.regain = setresuid(0, 0, 0) < 0 ? errno : 0;
	uname(&in.names);
	if (write(sock, &in, sizeof(in)) != sizeof(in) || read(sock, &in, 1) != 0)
		_exit(1);
	_exit(0);
}

/* A line of /proc/PID/status. */
static void status_line(pid_t pid, const char *key, char *ret, size_t size)
{
	char path[64];
	CLEANUP_FREE char *text = NULL;
	const char *at;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, &text, &len, NULL), 0);
	at = strstr(text, key);
	assert_non_null(at);
	snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
}

/* prepare, clone, settle and enter, as a launch does; checks what both sides see. */
static void run_layer(struct launch *l)
{
	struct error err = ERROR_INIT;
	struct inside in;
	char line[128], want[128];
	int pair[2], r = layer_identity.prepare(l, &err);
	pid_t pid;

	if (r < 0)
		fail_msg("%s", err.text);
	assert_int_equal(l->status[LAYER_IDENTITY].state, LAYER_ENFORCED);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0 || write(pair[1], "", 1) != 1)
			_exit(1);
		enter(l, pair[1]);
	}
	close(pair[1]);
	assert_int_equal(read(pair[0], line, sizeof(line)), 1);
	if (layer_identity.settle(l, pid, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(write(pair[0], "", 1), 1);
	assert_int_equal(read(pair[0], &in, sizeof(in)), sizeof(in));
	if (in.result < 0)
		fail_msg("%s: %s", in.what, strerror(-in.result));
	assert_int_equal(in.uid, AGENT_UID);
	assert_int_equal(in.gid, AGENT_GID);
	assert_int_equal(in.dumpable, 0);
	assert_int_equal(in.regain, EINVAL); /* 0 is mapped to nothing */
	assert_string_equal(in.names.nodename, "box");
	assert_string_equal(in.names.domainname, "(none)");
	if (l->root_mode)
		assert_int_equal(in.groups, 0);
	snprintf(want, sizeof(want), "Uid:\t%1$u\t%1$u\t%1$u\t%1$u", (unsigned)l->host_uid);
	status_line(pid, "Uid:", line, sizeof(line));
	assert_string_equal(line, want);
	snprintf(want, sizeof(want), "Gid:\t%1$u\t%1$u\t%1$u\t%1$u", (unsigned)l->host_gid);
	status_line(pid, "Gid:", line, sizeof(line));
	assert_string_equal(line, want);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &r, 0), pid);
	layer_identity.release(l);
	assert_null(l->state[LAYER_IDENTITY]);
}

static void test_root_mode(void **state)
{
	struct launch l = { .policy = &policy,
		            .id = ID_A,
		            .root_mode = true,
		            .runtime_dir = *state,
		            .hostname = "box" };
	const gid_t some[2] = { 4, 24 };
	pid_t pid;
	int status;

	need_root();
	pid = fork(); /* groups of our own to drop */
	if (pid == 0) {
		if (setgroups(2, some) < 0)
			_exit(1);
		run_layer(&l);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_rootless(void **state)
{
	struct launch l = {
		.policy = &policy, .id = ID_A, .runtime_dir = *state, .hostname = "box"
	};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) < 0 ||
		                       setresgid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) < 0 ||
		                       setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) < 0))
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1); /* as after execve: /proc/PID is ours */
		run_layer(&l);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_never_host_root(void **state)
{
	struct launch l = { .policy = &policy, .host_uid = 0, .host_gid = 5, .root_mode = true };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(layer_identity.settle(&l, getpid(), &err), -EPERM);
	assert_non_null(strstr(err.text, "host id 0"));
}

static void test_audit_takes_nothing(void **state)
{
	struct launch l = { .policy = &policy,
		            .id = ID_A,
		            .root_mode = true,
		            .audit_only = true,
		            .runtime_dir = *state };
	struct layer_rows rows = { .rows = NULL };
	char path[256];

	assert_int_equal(layer_identity.prepare(&l, NULL), 0);
	layer_identity.describe(&l, &rows);
	assert_true(rows.n >= 2);
	layer_rows_free(&rows);
	layer_identity.release(&l);
	snprintf(path, sizeof(path), "%s/ids", (char *)*state);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_probe(void **state)
{
	struct probe_result p;

	(void)state;
	assert_int_equal(identity_probe(&p), 0);
	print_message("here: %s\n", p.detail);
	if (geteuid() == 0)
		assert_int_equal(p.state, LAYER_ENFORCED);
	assert_true(p.state == LAYER_ENFORCED || p.remedy[0]);
	assert_true(strlen(identity_userns_remedy()) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_slot_is_exclusive, enter_dir, leave_dir),
		cmocka_unit_test_setup_teardown(test_unclean_end, enter_dir, leave_dir),
		cmocka_unit_test_setup_teardown(test_reclaim_of_the_living, enter_dir, leave_dir),
		cmocka_unit_test_setup_teardown(test_none_free, enter_dir, leave_dir),
		cmocka_unit_test_setup_teardown(test_slots_refuse_links, enter_dir, leave_dir),
		cmocka_unit_test_setup_teardown(test_root_mode, enter_dir, leave_dir),
		cmocka_unit_test_setup_teardown(test_rootless, enter_dir, leave_dir),
		cmocka_unit_test(test_never_host_root),
		cmocka_unit_test_setup_teardown(test_audit_takes_nothing, enter_dir, leave_dir),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
