/*
 * mounts_probe.c: the mounts layer tried for real: the very plan of a session on an empty project
 * of its own, entered by a child in its own namespaces. What fails there would fail at a launch,
 * with the same words.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/identity.h"
#include "core/layers/mounts.h"
#include "core/layers/probe.h"

enum { PROBE_ID = 65534 }; /* any id but root's: nothing is written under it */

struct probe_message {
	int result;
	char what[128];
};

static int write_map(pid_t pid, const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fd_write_value(AT_FDCWD, path, text);
}

static int write_maps(const struct launch *l, pid_t pid)
{
	char uid[48], gid[48];
	int r = l->root_mode ? 0 : write_map(pid, "setgroups", "deny");

	snprintf(uid, sizeof(uid), "%d %u 1\n", AGENT_UID, (unsigned)l->host_uid);
	snprintf(gid, sizeof(gid), "%d %u 1\n", AGENT_GID, (unsigned)l->host_gid);
	if (r == 0)
		r = write_map(pid, "gid_map", gid);
	return r == 0 ? write_map(pid, "uid_map", uid) : r;
}

static _Noreturn void probe_in_child(const struct launch *l, int sock)
{
	struct layer_report report = { .what = "become the agent",
		                       .master_fd = -1,
		                       .slave_fd = -1 };
	struct probe_message msg = { .result = 0 };
	char go;

	if (read(sock, &go, 1) != 1)
		_exit(1);
	if (syscall(SYS_setresgid, AGENT_GID, AGENT_GID, AGENT_GID) < 0 ||
	    syscall(SYS_setresuid, AGENT_UID, AGENT_UID, AGENT_UID) < 0)
		msg.result = -errno;
	else
		msg.result = layer_mounts.enter(l, &report);
	strncpy(msg.what, report.what, sizeof(msg.what) - 1);
	_exit(send(sock, &msg, sizeof(msg), MSG_NOSIGNAL) == (ssize_t)sizeof(msg) ? 0 : 1);
}

/* Returns what the child's enter returned; fills msg->what. */
static int probe_enter(const struct launch *l, struct probe_message *msg)
{
	CLEANUP_FD int ours = -1, theirs = -1;
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	strcpy(msg->what, "new user, pid and mount namespaces");
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL,
	                     NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		fd_close(&ours);
		probe_in_child(l, theirs);
	}
	fd_close(&theirs);
	strcpy(msg->what, "id maps");
	r = write_maps(l, pid);
	if (r == 0 && (send(ours, "g", 1, MSG_NOSIGNAL) != 1 ||
	               recv(ours, msg, sizeof(*msg), 0) != (ssize_t)sizeof(*msg)))
		r = -EIO;
	else if (r == 0)
		r = msg->result;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

static const char *remedy_for(int code)
{
	if (code == -EPERM || code == -EACCES)
		return "in a container, /proc must be whole for a new one: podman and docker, "
		       "--security-opt "
		       "systempaths=unconfined; or run warder on the host";
	if (code == -ENOSYS)
		return "the new mount calls need Linux 5.12; a container's seccomp profile may "
		       "hide them";
	if (code == -ENOSPC || code == -EUSERS)
		return identity_userns_remedy();
	return "";
}

static void probe_launch(struct launch *l, struct probe_result *ret)
{
	struct probe_message msg = { .result = 0 };
	struct error err = ERROR_INIT;
	int r = layer_mounts.prepare(l, &err);

	if (r < 0) {
		probe_set(ret, LAYER_OFF, err.hint, "%s", err.text);
	} else if ((r = probe_enter(l, &msg)) < 0) {
		bool userns = strncmp(msg.what, "new user", 8) == 0 ||
		              strcmp(msg.what, "id maps") == 0 ||
		              strncmp(msg.what, "make mounts", 11) == 0;

		probe_set(ret, LAYER_OFF, userns ? identity_userns_remedy() : remedy_for(r),
		          "%s: %s", msg.what, strerror(-r));
	} else {
		probe_set(ret, LAYER_ENFORCED, NULL, "a whole root built and entered%s",
		          l->root_mode ? ", the project id-mapped" : "");
	}
	layer_mounts.release(l);
	buf_free(&l->notices);
}

int mounts_probe(struct probe_result *ret)
{
	char project[] = "/tmp/warder-probe-XXXXXX";
	const struct policy policy = {
		.filesystem = { .read_only = true, .workspace = WORKSPACE_RW },
		.limits.disk = 1 << 20,
	};
	struct launch l = {
		.policy = &policy,
		.root_mode = geteuid() == 0,
		.owner_uid = geteuid(),
		.owner_gid = getegid(),
		.owner_name = "you",
		.project = project,
		.hostname = "probe",
		.workdir = WORKSPACE_TARGET,
		.tty = true,
		.cgroup_fd = -1,
	};

	l.host_uid = l.root_mode ? PROBE_ID : geteuid();
	l.host_gid = l.root_mode ? PROBE_ID : getegid();
	if (!mkdtemp(project)) {
		probe_set(ret, LAYER_OFF, "", "making a directory in /tmp: %s", strerror(errno));
		return 0;
	}
	probe_launch(&l, ret);
	rmdir(project);
	return 0;
}
