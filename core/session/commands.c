/*
 * commands.c: duration and exit of each command, by a pidfd taken while the program stood at its
 * first instruction, so that the number cannot have been reused. Which exit code it was is told by
 * PIDFD_GET_INFO (Linux 6.15); elsewhere it is unknown and says so (null).
 */
#include "core/session/commands.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/publish.h"
#include "core/session/session.h"

enum { BUCKETS = 1024 };

struct running {
	struct commands *of;
	struct loop_fd source; /* its pidfd */
	struct running *next;
	pid_t pid;
	uint64_t seq, started;
	uint64_t ended; /* 0: it runs, as far as we have seen */
};

struct commands {
	struct session *session;
	int n;
	struct running *buckets[BUCKETS];
};

/* <linux/pidfd.h> of Linux 6.15: first published size */
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
static_assert(sizeof(struct pidfd_info_v0) == 64, "PIDFD_INFO_SIZE_VER0");
#define PIDFD_GET_INFO_V0   _IOWR(0xFF, 11, struct pidfd_info_v0)
#define PIDFD_INFO_EXIT_BIT (1ULL << 3)

int commands_new(struct session *s, struct commands **ret)
{
	struct commands *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->session = s;
	*ret = c;
	return 0;
}

static struct running **find(struct commands *c, pid_t pid)
{
	struct running **at = &c->buckets[(unsigned)pid % BUCKETS];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

/* 1 with the wait status, 0 while its parent has not taken it yet, or -errno where the kernel does
 * not tell. */
static int exit_status(const struct running *r, int *ret)
{
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_EXIT_BIT };

	if (ioctl(r->source.fd, PIDFD_GET_INFO_V0, &info) < 0)
		return -errno;
	*ret = info.exit_code;
	return (info.mask & PIDFD_INFO_EXIT_BIT) != 0;
}

/* Writes its end and forgets it. `over`: the process is gone, and may tell how. */
static void end(struct running **at, uint64_t now, bool over)
{
	struct running *r = *at;
	struct session *s = r->of->session;
	int exit_code = -1, signal = 0, status;

	if (over && exit_status(r, &status) == 1) {
		if (WIFEXITED(status))
			exit_code = WEXITSTATUS(status);
		else if (WIFSIGNALED(status))
			signal = WTERMSIG(status);
	}
	if (r->ended)
		now = r->ended;
	*at = r->next;
	r->of->n--;
	loop_remove(s->loop, &r->source);
	fd_close(&r->source.fd);
	publish_exec_end(s, r->pid, r->seq, now - r->started, exit_code, signal);
	free(r);
}

static void on_exit_of(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct running *r = src->owner;
	int status;

	if (!r->ended)
		r->ended = now;
	/* dead, but its parent has not waited for it: the status comes then, with EPOLLHUP */
	if (!(events & EPOLLHUP) && exit_status(r, &status) == 0 &&
	    loop_change(r->of->session->loop, src, 0) == 0)
		return;
	end(find(r->of, r->pid), now, true);
}

void commands_begin(struct commands *c, pid_t pid, uint64_t exec_seq, uint64_t now)
{
	struct running **at = find(c, pid);
	struct running *r;

	if (*at)
		end(at, now, false);
	r = c->n < COMMANDS_MAX ? calloc(1, sizeof(*r)) : NULL;
	if (!r)
		return;
	*r = (struct running){ .of = c, .pid = pid, .seq = exec_seq, .started = now };
	r->source = (struct loop_fd){ .fd = (int)syscall(SYS_pidfd_open, pid, 0),
		                      .events = EPOLLIN,
		                      .ready = on_exit_of,
		                      .owner = r };
	if (r->source.fd < 0 || loop_add(c->session->loop, &r->source) < 0) {
		fd_close(&r->source.fd);
		free(r);
		return;
	}
	at = find(c, pid);
	r->next = *at;
	*at = r;
	c->n++;
}

void commands_free(struct commands *c)
{
	uint64_t now = clock_now();

	if (!c)
		return;
	for (int i = 0; i < BUCKETS; i++) {
		while (c->buckets[i])
			end(&c->buckets[i], now, true);
	}
	free(c);
}
