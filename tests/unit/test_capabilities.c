/*
 * Capabilities and no_new_privs, each in a child that loses them for good.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/layers/capabilities.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

enum { NO_NAMESPACE = 77 };

static int run(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int line = body();

		if (line && line != NO_NAMESPACE)
			dprintf(2, "failed at line %d, errno %d\n", line, errno);
		_exit(line == NO_NAMESPACE ? NO_NAMESPACE : line != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_success(int (*body)(void))
{
	int r = run(body);

	if (r == NO_NAMESPACE) {
		print_message("skipped: no user namespace for an ordinary user here\n");
		skip();
	}
	assert_int_equal(r, 0);
}

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		if (!(cond))                                                                       \
			return __LINE__;                                                           \
	} while (0)

/* A value of /proc/self/status as text: the kernel's word, through no code of ours. */
static bool status_is(const char *key, const char *value)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	bool same = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0) {
			line[strcspn(line, "\n")] = '\0';
			same = strcmp(line + strlen(key) + 1, value) == 0;
		}
	}
	if (f)
		fclose(f);
	return same;
}

#define EMPTY "0000000000000000"

static bool all_empty(void)
{
	return status_is("CapInh:", EMPTY) && status_is("CapPrm:", EMPTY) &&
	       status_is("CapEff:", EMPTY) && status_is("CapBnd:", EMPTY) &&
	       status_is("CapAmb:", EMPTY);
}

/* One capability in every set there is, ambient included. */
static bool make_ambient(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	return syscall(SYS_capset, &header, data) == 0 &&
	       prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) == 0;
}

static int body_drop(void)
{
	struct layer_report report = { .what = "" };
	char held[1024];

	if (unshare(CLONE_NEWUSER) < 0)
		return NO_NAMESPACE;
	MUST(make_ambient());
	MUST(capabilities_held(held, sizeof(held)) == 0);
	MUST(strstr(held, "net_raw") && strstr(held, "sys_admin"));
	MUST(layer_capabilities.enter(NULL, &report) == 0);
	MUST(all_empty());
	MUST(capabilities_held(held, sizeof(held)) == 0 && held[0] == '\0');
	MUST(prctl(PR_GET_SECUREBITS) & SECBIT_NOROOT_LOCKED);
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0) < 0);
	MUST(unshare(CLONE_NEWNET) < 0 && errno == EPERM);
	return 0;
}

/* User id 0 of a namespace, after the drop: execve would give everything back but for secure
 * bits and bounding set. */
static int body_exec_as_root(void)
{
	char script[128];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return NO_NAMESPACE;
	MUST(capabilities_drop_all() == 0);
	MUST((pid = fork()) >= 0);
	if (pid == 0) {
		snprintf(script, sizeof(script), "grep -q '^CapPrm:.%s$' /proc/self/status", EMPTY);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

/* Without CAP_SETPCAP: all of it is refused, what is held can still be given up. */
static int body_without_setpcap(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1U << CAP_NET_RAW,
		                                    .permitted = 1U << CAP_NET_RAW } };

	if (unshare(CLONE_NEWUSER) < 0)
		return NO_NAMESPACE;
	MUST(syscall(SYS_capset, &header, data) == 0);
	MUST(capabilities_drop_all() == -EPERM);
	MUST(status_is("CapPrm:", "0000000000002000"));
	MUST(capabilities_drop_held() == 0);
	MUST(status_is("CapPrm:", EMPTY) && status_is("CapEff:", EMPTY));
	return 0;
}

static int body_held_drops_bounding(void)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return NO_NAMESPACE;
	MUST(capabilities_drop_held() == 0);
	MUST(all_empty());
	return 0;
}

static int body_no_new_privs(void)
{
	struct layer_report report = { .what = "" };

	MUST(layer_no_new_privs.enter(NULL, &report) == 0);
	MUST(status_is("NoNewPrivs:", "1"));
	return 0;
}

static void test_drop(void **state)
{
	(void)state;
	expect_success(body_drop);
}

static void test_exec_as_root(void **state)
{
	(void)state;
	expect_success(body_exec_as_root);
}

static void test_without_setpcap(void **state)
{
	(void)state;
	expect_success(body_without_setpcap);
}

static void test_held_drops_bounding(void **state)
{
	(void)state;
	expect_success(body_held_drops_bounding);
}

static void test_no_new_privs(void **state)
{
	(void)state;
	expect_success(body_no_new_privs);
}

static int attempt_dies(void)
{
	abort();
}

static int attempt_fails(void)
{
	return -ENOSYS;
}

static void test_probes(void **state)
{
	const int before = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	struct probe_result result;

	(void)state;
	assert_int_equal(no_new_privs_probe(&result), 0);
	assert_int_equal(result.state, LAYER_ENFORCED);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), before);
	assert_int_equal(capabilities_probe(&result), 0);
	assert_true(result.state == LAYER_ENFORCED || result.remedy[0]);
	assert_int_equal(probe_child(attempt_fails), -ENOSYS);
	assert_int_equal(probe_child(attempt_dies), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_exec_as_root),
		cmocka_unit_test(test_without_setpcap),
		cmocka_unit_test(test_held_drops_bounding),
		cmocka_unit_test(test_no_new_privs),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
