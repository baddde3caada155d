/*
 * notify.h: the seccomp notification descriptor (seccomp_unotify(2)), by its ioctls; libseccomp's
 * wrapper hides errno.
 */
#ifndef WARDER_SESSION_NOTIFY_H
#define WARDER_SESSION_NOTIFY_H

#include <stdint.h>
#include <sys/types.h>

struct notice {
	uint64_t id;
	pid_t tid;        /* the calling thread, on the host */
	int nr;           /* SYS_execve or SYS_execveat */
	uint64_t args[6]; /* addresses: their content is not to be believed */
};

/* 1 with *ret, 0 when nothing waits or the caller has gone meanwhile, or -errno. Never blocks on a
 * readable fd. */
int notify_receive(int fd, struct notice *ret);
/* Lets the call go on. 0, or -errno (-ENOENT: it went away or will be announced again). */
int notify_continue(int fd, uint64_t id);

#endif
