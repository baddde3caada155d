/*
 * The landlock layer in a child with a mount namespace of its own: a tmpfs on /mnt with a
 * directory that the policy makes writable (in) and one that it does not (out), both writable as
 * far as mounts and modes go.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

enum { NO_NAMESPACE = 77, NO_ENTER = 99, ABI_SCOPE = 6 };

static struct policy_tmpfs writable = { .target = (char[]){ "/mnt/in" } };
static struct policy_mount mounted[] = {
	{ .target = (char[]){ "/mnt/file" }, .writable = true },
	{ .target = (char[]){ "/mnt/out" }, .writable = false },
	{ .target = (char[]){ "/mnt/absent" }, .writable = true },
};
static struct policy policy;
static struct launch launch;
static struct error error;

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

static int start(void **state)
{
	(void)state;
	memset(&policy, 0, sizeof(policy));
	memset(&launch, 0, sizeof(launch));
	policy.filesystem.read_only = true;
	policy.filesystem.tmpfs = &writable;
	policy.filesystem.n_tmpfs = 1;
	policy.filesystem.mounts = mounted;
	policy.filesystem.n_mounts = 3;
	launch.policy = &policy;
	error = ERROR_INIT;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	layer_landlock.release(&launch);
	return 0;
}

static int make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int write_text(const char *path, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

/* As an ordinary user: in a user namespace too, with one's own ids in it. */
static int own_namespace(void)
{
	char uid_map[32], gid_map[32];

	if (geteuid() == 0)
		return unshare(CLONE_NEWNS);
	snprintf(uid_map, sizeof(uid_map), "0 %u 1", (unsigned)geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	if (write_text("/proc/self/setgroups", "deny") < 0)
		return -1;
	return write_text("/proc/self/uid_map", uid_map) |
	       write_text("/proc/self/gid_map", gid_map);
}

static int stage(void)
{
	if (own_namespace() < 0)
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/mnt", "tmpfs", 0, "mode=0755") < 0)
		return -errno;
	if (mkdir("/mnt/in", 0755) < 0 || mkdir("/mnt/out", 0755) < 0 ||
	    symlink("/mnt/out", "/mnt/link") < 0)
		return -errno;
	make_file("/mnt/file");
	return make_file("/mnt/out/old");
}

/* body's line, 0 if all is well. */
static void run(int (*body)(void), int entering)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct layer_report report = { .what = "" };
		int line, r;

		if (stage() < 0)
			_exit(NO_NAMESPACE);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		r = layer_landlock.enter(&launch, &report);
		if (r != entering) {
			dprintf(2, "%s: %s\n", report.what, strerror(-r));
			_exit(NO_ENTER);
		}
		line = body ? body() : 0;
		if (line)
			dprintf(2, "failed at line %d, errno %d\n", line, errno);
		_exit(line != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_NAMESPACE) {
		print_message("skipped: no mount namespace for a test of its own\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (!(cond))                                                                       \
			return __LINE__;                                                           \
	} while (0)
#define FAILS(call, e) MUST((call) < 0 && errno == (e))

static int body_files(void)
{
	struct winsize ws;
	int fd;

	MUST(make_file("/mnt/in/new") == 0);
	MUST(mkdir("/mnt/in/d", 0755) == 0 && rename("/mnt/in/new", "/mnt/in/d/new") == 0);
	MUST(truncate("/mnt/in/d/new", 10) == 0 && unlink("/mnt/in/d/new") == 0);
	MUST(mkfifo("/mnt/in/fifo", 0600) == 0 && symlink("x", "/mnt/in/s") == 0);
	MUST(open("/mnt/file", O_WRONLY) >= 0);
	MUST((fd = open("/mnt/out/old", O_RDONLY)) >= 0);
	MUST(open("/mnt/out", O_RDONLY | O_DIRECTORY) >= 0);
	MUST(open("/dev/null", O_RDWR) >= 0);
	MUST(open("/proc/self/comm", O_WRONLY | O_TRUNC) >= 0);
	MUST(ioctl(open("/dev/null", O_RDWR), TIOCGWINSZ, &ws) < 0 && errno == ENOTTY);

	FAILS(open("/mnt/out/old", O_WRONLY), EACCES);
	FAILS(open("/mnt/out/new", O_CREAT | O_WRONLY, 0600), EACCES);
	FAILS(mkdir("/mnt/out/d", 0755), EACCES);
	FAILS(unlink("/mnt/out/old"), EACCES);
	FAILS(rename("/mnt/out/old", "/mnt/in/old"), EACCES);
	MUST(link("/mnt/out/old", "/mnt/in/old") < 0);
	FAILS(symlink("x", "/mnt/out/s"), EACCES);
	FAILS(open("/mnt/link/new", O_CREAT | O_WRONLY, 0600), EACCES);
	FAILS(mknod("/mnt/in/node", S_IFCHR | 0600, makedev(1, 3)), EACCES);
	FAILS(mkdir("/dev/d", 0755), EACCES);
	if (landlock_abi() >= 3)
		FAILS(truncate("/mnt/out/old", 0), EACCES);
	FAILS(mount("tmpfs", "/mnt/in", "tmpfs", 0, NULL), EPERM);
	return 0;
}

static int body_workspace_root(void)
{
	MUST(make_file("/mnt/out/new") == 0);
	return 0;
}

static int body_exec(void)
{
	pid_t pid = fork();
	int status;

	MUST(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "ls / >/dev/null && ! true 2>/dev/null >/mnt/out/x",
		      (char *)NULL);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

static const struct sockaddr_un abstract_name = {
	.sun_family = AF_UNIX,
	.sun_path = "\0warder-landlock-test",
};

static int body_scope(void)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status;
	pid_t pid;

	FAILS(kill(getppid(), 0), EPERM);
	MUST(sock >= 0);
	FAILS(connect(sock, (const struct sockaddr *)&abstract_name, sizeof(abstract_name)), EPERM);
	MUST((pid = fork()) >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	MUST(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	return 0;
}

/* ---- */

static bool usable(void)
{
	if (landlock_abi() >= 2)
		return true;
	print_message("skipped: this kernel's landlock is absent, disabled or ABI 1\n");
	return false;
}

static void prepared(void)
{
	if (layer_landlock.prepare(&launch, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(launch.status[LAYER_LANDLOCK].state, LAYER_ENFORCED);
}

static void test_files(void **state)
{
	(void)state;
	if (!usable())
		skip();
	prepared();
	run(body_files, 0);
	run(body_exec, 0);
}

static void test_writable_root(void **state)
{
	(void)state;
	if (!usable())
		skip();
	policy.filesystem.read_only = false;
	prepared();
	run(body_workspace_root, 0);
}

static void test_symbolic_link_is_no_place(void **state)
{
	struct policy_tmpfs link_place = { .target = (char[]){ "/mnt/link" } };

	(void)state;
	if (!usable())
		skip();
	policy.filesystem.tmpfs = &link_place;
	prepared();
	run(NULL, -ELOOP);
}

static void test_scope(void **state)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (landlock_abi() < ABI_SCOPE) {
		print_message("skipped: scopes need ABI 6, this is %d\n", landlock_abi());
		skip();
	}
	assert_int_equal(bind(sock, (const struct sockaddr *)&abstract_name, sizeof(abstract_name)),
	                 0);
	assert_int_equal(listen(sock, 1), 0);
	prepared();
	run(body_scope, 0);
	close(sock);
}

static void test_user_namespaces_degrade(void **state)
{
	(void)state;
	if (!usable())
		skip();
	policy.toggles[TOGGLE_USER_NAMESPACES] = true;
	assert_int_equal(layer_landlock.prepare(&launch, &error), 0);
	assert_int_equal(launch.status[LAYER_LANDLOCK].state, LAYER_DEGRADED);
	assert_non_null(strstr(launch.status[LAYER_LANDLOCK].reason, "toggles.user_namespaces"));
	layer_landlock.release(&launch);
	policy.required[LAYER_LANDLOCK] = true;
	assert_int_equal(layer_landlock.prepare(&launch, &error), -EPERM);
	assert_non_null(strstr(error.hint, "--allow-degraded landlock"));
}

static void test_description(void **state)
{
	struct layer_rows rows = { .n = 0 };
	bool found = false;

	(void)state;
	if (!usable())
		skip();
	policy.filesystem.workspace = WORKSPACE_RO;
	prepared();
	layer_landlock.describe(&launch, &rows);
	for (int i = 0; i < rows.n; i++) {
		if (strcmp(rows.rows[i].key, "writable") != 0)
			continue;
		found = true;
		assert_non_null(strstr(rows.rows[i].value, "/mnt/in"));
		assert_null(strstr(rows.rows[i].value, "/mnt/out"));
		assert_null(strstr(rows.rows[i].value, WORKSPACE_TARGET));
	}
	assert_true(found);
	layer_rows_free(&rows);
}

static void test_probe(void **state)
{
	struct probe_result result;

	(void)state;
	assert_int_equal(landlock_probe(&result), 0);
	assert_int_equal(result.state, landlock_abi() >= 2 ? LAYER_ENFORCED : LAYER_DEGRADED);
	assert_true(result.state == LAYER_ENFORCED || result.remedy[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, start, stop),
		cmocka_unit_test_setup_teardown(test_writable_root, start, stop),
		cmocka_unit_test_setup_teardown(test_symbolic_link_is_no_place, start, stop),
		cmocka_unit_test_setup_teardown(test_scope, start, stop),
		cmocka_unit_test_setup_teardown(test_user_namespaces_degrade, start, stop),
		cmocka_unit_test_setup_teardown(test_description, start, stop),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
