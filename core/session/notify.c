/*
 * notify.c: receiving and answering announcements. ENOENT from receiving is normal life: the
 * caller was killed between poll and ioctl.
 */
#include "core/session/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

int notify_receive(int fd, struct notice *ret)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct seccomp_notif n;

	/* receiving blocks when another announcement was withdrawn: look first */
	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLIN))
		return 0;
	memset(&n, 0, sizeof(n)); /* the kernel refuses what is not zero */
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	*ret = (struct notice){ .id = n.id, .tid = (pid_t)n.pid, .nr = n.data.nr };
	for (int i = 0; i < 6; i++)
		ret->args[i] = n.data.args[i];
	return 1;
}

int notify_continue(int fd, uint64_t id)
{
	struct seccomp_notif_resp resp = { .id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 ? -errno : 0;
}
