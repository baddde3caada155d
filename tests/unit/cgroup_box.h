/*
 * cgroup_box.h: cgroups to test with: made under a user's directory of this test's own, given up
 * without a trace, and looked for in every hierarchy.
 */
#ifndef WARDER_TESTS_CGROUP_BOX_H
#define WARDER_TESTS_CGROUP_BOX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/layers/cgroup.h"
#include "core/layers/cgroup_impl.h"

enum { MIB = 1 << 20, WAIT_MS = 5000 };

static const struct cgroup_limits limits = { .memory = 64 * MIB, .cpus_milli = 1000, .pids = 40 };
static char test_id[24];
static uid_t test_uid; /* a directory u-UID of our own, so that tests beside us are not met */

static struct cgroup *create(const struct cgroup_limits *lim)
{
	struct cgroup *c = NULL;
	struct error err = ERROR_INIT;
	int r = cgroup_create(test_uid, test_id, lim, &c, &err);

	if (r == -ENOTSUP) {
		print_message("skipped: %s\n", err.text);
		skip();
	}
	if (r < 0)
		fail_msg("%s", err.text);
	return c;
}

/* A cgroup of the v1 half alone, as on a machine without any v2 tree. */
static struct cgroup *create_v1_only(const struct cgroup_limits *lim)
{
	struct cgroup_host *host = malloc(sizeof(*host));
	struct cgroup *c = calloc(1, sizeof(*c));
	const char *what;

	assert_non_null(host);
	assert_non_null(c);
	assert_int_equal(cgroup_host_read(host), 0);
	c->uid = test_uid;
	c->oom_fd = -1;
	cgroup_v1_init(&c->v1);
	cgroup_v2_init(&c->v2);
	snprintf(c->id, sizeof(c->id), "%s", test_id);
	snprintf(c->path, sizeof(c->path), "warder/u-%u/s-%s", (unsigned)test_uid, test_id);
	assert_int_equal(cgroup_v1_create(c, host, CTL_LIMITS | CTL_IO), 0);
	free(host);
	if ((c->v1.controllers & CTL_LIMITS) != CTL_LIMITS) {
		cgroup_remove(c, 0);
		cgroup_free(c);
		print_message("skipped: no v1 hierarchies that we may use\n");
		skip();
	}
	assert_int_equal(cgroup_v1_limit(c, lim, &what), 0);
	return c;
}

/* Starts fn in a child that is in the cgroup: cloned into v2 as launch does, stepping into v1 by
 * itself. */
static pid_t start(struct cgroup *c, void (*fn)(void *arg), void *arg)
{
	int go[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1 || cgroup_enter(c) < 0)
			_exit(99);
		fn(arg);
		_exit(0);
	}
	close(go[0]);
	assert_int_equal(cgroup_join_v2(c, pid, NULL), 0);
	assert_int_equal(write(go[1], &byte, 1), 1);
	close(go[1]);
	return pid;
}

static int finish(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static bool until_empty(const struct cgroup *c)
{
	for (int i = 0; i < WAIT_MS; i++) {
		if (cgroup_populated(c) == 0)
			return true;
		sleep_ms(1);
	}
	return false;
}

/* The directories `name` below warder/ that are left in any tree. */
static int count_left(const char *name)
{
	struct cgroup_host *host = malloc(sizeof(*host));
	char path[PATH_MAX + 256], own[PATH_MAX];
	int n = 0;

	assert_int_equal(cgroup_host_read(host), 0);
	for (int i = -1; i < V1_COUNT; i++) {
		const struct cgroup_tree *t = i < 0 ? &host->v2 : &host->v1[i];

		cgroup_own_path(t, own);
		snprintf(path, sizeof(path), "%s/warder/%s", t->mount, name);
		n += t->mount[0] && access(path, F_OK) == 0;
		snprintf(path, sizeof(path), "%s/warder/%s", own, name);
		n += t->mount[0] && access(path, F_OK) == 0;
	}
	free(host);
	return n;
}

/* Whether warder/ has to stay for somebody else's sake. */
static bool others_live(void)
{
	struct cgroup_host *host = malloc(sizeof(*host));
	char path[PATH_MAX + 16];
	struct dirent *entry;
	bool found = false;

	assert_int_equal(cgroup_host_read(host), 0);
	for (int i = -1; i < V1_COUNT; i++) {
		const struct cgroup_tree *t = i < 0 ? &host->v2 : &host->v1[i];
		DIR *dir;

		snprintf(path, sizeof(path), "%s/warder", t->mount);
		dir = t->mount[0] ? opendir(path) : NULL;
		while (dir && (entry = readdir(dir)))
			found = found || strncmp(entry->d_name, "u-", 2) == 0;
		if (dir)
			closedir(dir);
	}
	free(host);
	return found;
}

static void discard(struct cgroup *c)
{
	char user[32];

	cgroup_kill(c);
	assert_true(until_empty(c));
	assert_int_equal(cgroup_remove(c, WAIT_MS), 0);
	cgroup_free(c);
	snprintf(user, sizeof(user), "u-%u", (unsigned)test_uid);
	assert_int_equal(count_left(user), 0);
}

#endif
