/*
 * mounts_box.h: for the tests of the mounts layer: a launch with a project of its own, prepared and
 * entered for real, as root or as an ordinary user. Include after cmocka.h.
 */
#ifndef WARDER_TESTS_MOUNTS_BOX_H
#define WARDER_TESTS_MOUNTS_BOX_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/mounts.h"

enum { BOX_USER = 12345, BOX_HOST_ID = 700000001 };

struct box {
	char dir[64];     /* a temporary directory, 0755, the user's; host path */
	char project[96]; /* DIR/project */
	char home[96];    /* DIR/home/alice */
	struct policy policy;
	struct launch l;
	void (*meanwhile)(struct box *b); /* between the audit and the child's first step */
	void (*entered)(struct box *b);   /* while the check runs inside */
	struct error err;
	char what[160]; /* the step that the child failed in */
	int master;     /* the pseudo-terminal's, sent up by the child, or -1 */
};

#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			dprintf(2, "%s:%d: not so inside: %s (%s)\n", __FILE__, __LINE__, #cond,   \
			        strerror(errno));                                                  \
			_exit(101);                                                                \
		}                                                                                  \
	} while (0)

static inline void box_write(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	if (geteuid() == 0)
		assert_int_equal(fchown(fd, BOX_USER, BOX_USER), 0);
	fd_close(&fd);
}

static inline void box_mkdir(const char *path, mode_t mode)
{
	assert_int_equal(mkdir(path, mode), 0);
	assert_int_equal(chmod(path, mode), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, BOX_USER, BOX_USER), 0);
}

/* DIR/NAME in a static buffer of four in turn. */
static inline const char *box_path(const struct box *b, const char *name)
{
	static char paths[4][512];
	static int turn;
	char *p = paths[turn++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", b->dir, name);
	return p;
}

static char *box_no_names[] = { NULL };

/* A project of the user's, and a launch of it for that user. */
static inline void box_open(struct box *b)
{
	*b = (struct box){ .master = -1, .err = ERROR_INIT };
	strcpy(b->dir, "/tmp/test_mounts.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	assert_int_equal(chmod(b->dir, 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(b->dir, BOX_USER, BOX_USER), 0);
	snprintf(b->project, sizeof(b->project), "%s/project", b->dir);
	snprintf(b->home, sizeof(b->home), "%s/home/alice", b->dir);
	box_mkdir(b->project, 0755);
	box_mkdir(box_path(b, "home"), 0755);
	box_mkdir(b->home, 0755);
	b->policy.filesystem.read_only = true;
	b->policy.filesystem.workspace = WORKSPACE_RW;
	b->policy.filesystem.hide = box_no_names;
	b->policy.environment.pass = box_no_names;
	b->policy.limits.disk = 1 << 20;
	b->policy.required[LAYER_MOUNTS] = true;
	b->l = (struct launch){
		.policy = &b->policy,
		.root_mode = geteuid() == 0,
		.owner_uid = BOX_USER,
		.owner_gid = BOX_USER,
		.owner_name = "alice",
		.owner_home = b->home,
		.project = b->project,
		.hostname = "box",
		.workdir = WORKSPACE_TARGET,
		.cgroup_fd = -1,
	};
	b->l.host_uid = b->l.root_mode ? BOX_HOST_ID : geteuid();
	b->l.host_gid = b->l.root_mode ? BOX_HOST_ID : getegid();
}

static inline void box_close(struct box *b)
{
	layer_mounts.release(&b->l);
	buf_free(&b->l.notices);
	fd_close(&b->master);
	assert_int_equal(chdir("/tmp"), 0);
	assert_int_equal(fd_remove_tree(AT_FDCWD, b->dir + strlen("/tmp/")), 0);
}

static inline int box_map(pid_t pid, const char *file, unsigned inside, unsigned outside)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	snprintf(line, sizeof(line), "%u %u 1\n", inside, outside);
	return fd_write_value(AT_FDCWD, path, line);
}

/* What capabilities and identity do in a session. */
static inline void box_drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	EXPECT(syscall(SYS_capset, &head, none) == 0);
}

static inline _Noreturn void box_child(struct box *b, int sock, void (*check)(struct box *b))
{
	struct layer_report report = { .what = "", .master_fd = -1, .slave_fd = -1 };
	char what[160] = "";
	int r;

	EXPECT(read(sock, what, 1) == 1);
	EXPECT(setresgid(AGENT_GID, AGENT_GID, AGENT_GID) == 0);
	EXPECT(setresuid(AGENT_UID, AGENT_UID, AGENT_UID) == 0);
	r = layer_mounts.enter(&b->l, &report);
	if (r < 0) {
		snprintf(what, sizeof(what), "%d %s", -r, report.what);
		fd_send(sock, what, sizeof(what), NULL, 0, 0);
		_exit(100);
	}
	fd_send(sock, what, sizeof(what), &report.master_fd, report.master_fd >= 0, 0);
	box_drop_capabilities();
	EXPECT(chdir(WORKSPACE_TARGET) == 0);
	if (report.slave_fd >= 0)
		EXPECT(dup2(report.slave_fd, 0) == 0);
	check(b);
	_exit(0);
}

/* Prepares; 0, or -errno with b->err. */
static inline int box_prepare(struct box *b)
{
	return layer_mounts.prepare(&b->l, &b->err);
}

/* Enters with what was prepared and runs `check` there. 0: all held; -errno of the step that failed
 * (b->what). A check that failed is -EBADE. */
static inline int box_enter(struct box *b, void (*check)(struct box *b))
{
	int pair[2], status, r = 0;
	char what[160] = "";
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = (pid_t)syscall(SYS_clone,
	                     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | SIGCHLD,
	                     NULL, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (pid == 0)
		box_child(b, pair[1], check);
	close(pair[1]);
	if (!b->l.root_mode) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
		assert_int_equal(fd_write_value(AT_FDCWD, path, "deny"), 0);
	}
	assert_int_equal(box_map(pid, "gid_map", AGENT_GID, b->l.host_gid), 0);
	assert_int_equal(box_map(pid, "uid_map", AGENT_UID, b->l.host_uid), 0);
	if (b->meanwhile)
		b->meanwhile(b);
	assert_int_equal(write(pair[0], "g", 1), 1);
	if (fd_recv(pair[0], what, sizeof(what), &b->master, 1, 0) <= 0)
		r = -EBADE;
	mounts_launched(&b->l);
	if (r == 0 && b->entered)
		b->entered(b);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 100) {
		char *rest;

		r = -(int)strtol(what, &rest, 10);
		snprintf(b->what, sizeof(b->what), "%s", rest + 1);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		r = -EBADE;
	}
	return r;
}

static inline int box_run(struct box *b, void (*check)(struct box *b))
{
	int r = box_prepare(b);

	return r < 0 ? r : box_enter(b, check);
}

/* Runs a test body as root's launch for a user and as that user's own. Asserts of cmocka in a
 * forked child end it with another status than 0. */
static inline void box_as_user(void (*body)(void))
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		body();
		return;
	}
	pid = fork();
	if (pid == 0) {
		EXPECT(setgroups(0, NULL) == 0);
		EXPECT(setresgid(BOX_USER, BOX_USER, BOX_USER) == 0);
		EXPECT(setresuid(BOX_USER, BOX_USER, BOX_USER) == 0);
		prctl(PR_SET_DUMPABLE, 1);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void box_as_root(void (*body)(void))
{
	if (geteuid() == 0)
		body();
	else
		print_message("the root half is skipped: not root\n");
}

#endif
