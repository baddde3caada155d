/*
 * spawn.c: posix_spawn(3), which in glibc is clone(CLONE_VM | CLONE_VFORK): its cost does not grow
 * with the dashboard's memory. The one list here is of children: only their parent can wait for
 * them, and this process is it.
 */
#include "core/api/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

enum { ENV_MAX = 64, FIRST_FREE_FD = 10, LOOK_MS = 5 };

static pid_t children[SESSIONS_MAX];
static int n_children;

static bool env_passes(const char *entry)
{
	static const char *const names[] = {
		"HOME=", "PATH=", "XDG_RUNTIME_DIR=", "XDG_STATE_HOME=", "WARDER_",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

static void clean_environment(char *out[ENV_MAX + 1])
{
	int n = 0;

	for (char **e = environ; e && *e && n < ENV_MAX; e++) {
		if (env_passes(*e))
			out[n++] = *e;
	}
	out[n] = NULL;
}

/* A copy out of the way of 0 to 4, so that placing one descriptor cannot overwrite another. */
static int move_up(int fd, int *ret)
{
	if (fd < 0)
		return 0;
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	return *ret < 0 ? -errno : 0;
}

static int place(posix_spawn_file_actions_t *a, int fd, int at)
{
	return fd >= 0 ? posix_spawn_file_actions_adddup2(a, fd, at) : 0;
}

/* The positive errno of posix_spawn_*(3), or 0. */
static int set_actions(posix_spawn_file_actions_t *a, int out, int fd3, int fd4)
{
	int top = 3;
	int r = posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDWR, 0);

	if (fd3 >= 0)
		top = 4;
	if (fd4 >= 0)
		top = 5;
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(a, out >= 0 ? out : 0, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(a, 0, 2);
	if (r == 0)
		r = place(a, fd3, 3);
	if (r == 0)
		r = place(a, fd4, 4);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(a, top);
	return r;
}

static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setsigmask(a, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(a, &all);
	if (r == 0)
		r = posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		                                        POSIX_SPAWN_SETSID);
	return r;
}

static int spawn_with(const struct spawn *s, int out, int fd3, int fd4, pid_t *ret_pid)
{
	char *argv[] = { (char *)(uintptr_t) "warder", (char *)(uintptr_t)s->verb,
		         (char *)(uintptr_t)s->arg, NULL };
	char *envp[ENV_MAX + 1];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		clean_environment(envp);
		r = set_actions(&actions, out, fd3, fd4);
		if (r == 0)
			r = set_attributes(&attributes);
		if (r == 0)
			r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, argv,
			                envp);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

int spawn_self(const struct spawn *s, pid_t *ret_pid, struct error *err)
{
	CLEANUP_FD int out = -1;
	CLEANUP_FD int fd3 = -1;
	CLEANUP_FD int fd4 = -1;
	pid_t pid;
	int r = move_up(s->out, &out);

	if (r == 0)
		r = move_up(s->fd3, &fd3);
	if (r == 0)
		r = move_up(s->fd4, &fd4);
	if (r == 0)
		r = spawn_with(s, out, fd3, fd4, &pid);
	if (r != 0)
		return error_errno(err, r, "start warder %s", s->verb);
	*ret_pid = pid;
	return 0;
}

static int look(pid_t pid, int *ret_status)
{
	pid_t r;

	do
		r = waitpid(pid, ret_status, WNOHANG);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return r == pid;
}

/* Until a child has ended: by a pidfd where there is one (Linux 5.3), else looking now and then. */
static void wait_a_while(int pidfd, uint64_t left_ns)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	uint64_t ms = left_ns / NS_PER_MS + 1;

	if (pidfd < 0 && ms > LOOK_MS)
		ms = LOOK_MS;
	(void)poll(&p, 1, (int)(ms > 1000 ? 1000 : ms));
}

int spawn_wait(pid_t pid, uint64_t timeout_ns, int *ret_status)
{
	CLEANUP_FD int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t deadline = clock_now() + timeout_ns;

	for (;;) {
		int r = look(pid, ret_status);
		uint64_t now = clock_now();

		if (r != 0 || now >= deadline)
			return r;
		wait_a_while(pidfd, deadline - now);
	}
}

void spawn_leave(pid_t pid)
{
	spawn_collect();
	if (n_children < SESSIONS_MAX)
		children[n_children++] = pid;
}

void spawn_collect(void)
{
	int kept = 0;
	int status;

	for (int i = 0; i < n_children; i++) {
		if (look(children[i], &status) == 0)
			children[kept++] = children[i];
	}
	n_children = kept;
}
