/*
 * identity.c: the session's user namespace and who the agent is in it.
 *
 * One id is mapped and no other: 1000 inside. Root mode maps it to an id of a range that no other
 * live session has, so that two agents never share a host uid; rootless mode maps it to the caller,
 * the only one that the kernel allows. Host uid 0 is never mapped, so nothing inside can become it.
 * 0 inside is not mapped either: changing to 1000 therefore keeps the namespace's capabilities
 * (capabilities(7): they are cleared when leaving uid 0 *of the namespace*), which the layers after
 * this one need; that is checked, not assumed. Sources: user_namespaces(7), credentials(7), systemd
 * UIDS-GIDS.md.
 */
#include "core/layers/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/identity_slots.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

struct identity {
	struct id_slot slot;
	bool drop_groups;
	const char *hostname;
};

/* In rootless mode the kernel does not let anybody drop groups (user_namespaces(7), "deny" in
 * setgroups). */
static int settle_rootless(struct launch *l, struct error *err)
{
	int groups = getgroups(0, NULL);

	if (groups > 0)
		return layer_settle_status(
			l, LAYER_IDENTITY, LAYER_ENFORCED, err, NULL,
			"your own id %u; your %d supplementary groups cannot be dropped",
			(unsigned)l->host_uid, groups);
	return layer_settle_status(l, LAYER_IDENTITY, LAYER_ENFORCED, err, NULL, "your own id %u",
	                           (unsigned)l->host_uid);
}

static int identity_prepare(struct launch *l, struct error *err)
{
	struct identity *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_errno(err, ENOMEM, "identity");
	*s = (struct identity){ .slot.fd = -1,
		                .hostname = l->hostname,
		                .drop_groups = l->root_mode };
	l->state[LAYER_IDENTITY] = s;
	if (!l->root_mode) {
		l->host_uid = geteuid();
		l->host_gid = getegid();
		return settle_rootless(l, err);
	}
	if (l->audit_only) {
		l->host_uid = (uid_t)-1;
		l->host_gid = (gid_t)-1;
		return layer_settle_status(l, LAYER_IDENTITY, LAYER_ENFORCED, err, NULL,
		                           "a host id of its own, chosen at launch");
	}
	r = id_slot_take(l->runtime_dir, l->id, &s->slot, err);
	if (r < 0)
		return r;
	l->host_uid = s->slot.first + AGENT_UID;
	l->host_gid = s->slot.first + AGENT_GID;
	return layer_settle_status(l, LAYER_IDENTITY, LAYER_ENFORCED, err, NULL,
	                           "host id %u of its own", (unsigned)l->host_uid);
}

static int write_map(pid_t pid, const char *file, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fd_write_value(AT_FDCWD, path, text);
}

static int write_maps(pid_t pid, bool root_mode, uid_t host_uid, gid_t host_gid,
                      const char **ret_what)
{
	char map[64];
	int r = 0;

	*ret_what = "setgroups";
	if (!root_mode)
		r = write_map(pid, "setgroups", "deny");
	if (r < 0)
		return r;
	*ret_what = "gid_map";
	snprintf(map, sizeof(map), "%d %u 1\n", AGENT_GID, (unsigned)host_gid);
	r = write_map(pid, "gid_map", map);
	if (r < 0)
		return r;
	*ret_what = "uid_map";
	snprintf(map, sizeof(map), "%d %u 1\n", AGENT_UID, (unsigned)host_uid);
	return write_map(pid, "uid_map", map);
}

static int identity_settle(struct launch *l, pid_t child, struct error *err)
{
	const char *what;
	int r;

	if (l->host_uid == 0 || l->host_gid == 0) /* whoever filled them: never */
		return error_set(err, EPERM, "identity: refusing to map host id 0");
	r = write_maps(child, l->root_mode, l->host_uid, l->host_gid, &what);
	return r < 0 ? error_errno(err, r, "identity: writing %s", what) : 0;
}

/* The layers that follow need the namespace's capabilities. System calls only. */
static int check_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	return data[0].effective & (1U << CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static int become_agent(bool drop_groups, const char **ret_what)
{
	*ret_what = "drop supplementary groups";
	if (drop_groups && syscall(SYS_setgroups, 0, NULL) < 0)
		return -errno;
	*ret_what = "become gid 1000";
	if (syscall(SYS_setresgid, AGENT_GID, AGENT_GID, AGENT_GID) < 0)
		return -errno;
	*ret_what = "become uid 1000";
	if (syscall(SYS_setresuid, AGENT_UID, AGENT_UID, AGENT_UID) < 0)
		return -errno;
	*ret_what = "keep capabilities for the layers that follow";
	return check_capabilities();
}

/* The caller's session keyring is inherited, and who possesses a key reads it (session-keyring(7)).
 * Where the kernel has no keys, or a filter around us hides them, the agent has none either. */
static int leave_keyring(void)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0)
		return 0;
	return errno == ENOSYS || errno == EPERM ? 0 : -errno;
}

/* Files in memory that were not asked to be programs are none (memfd_create(2), Linux 6.3): the
 * filter sees only who asks. The setting is of the pid namespace that writes it, and root's to
 * write, so it is had in root mode only. */
static void memory_files_no_programs(void)
{
	CLEANUP_FD int fd = -1;

	if (getpid() != 1)
		return;
	fd = open("/proc/sys/vm/memfd_noexec", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, "1", 1);
}

static int identity_enter(const struct launch *l, struct layer_report *report)
{
	const struct identity *s = l->state[LAYER_IDENTITY];
	int r;

	if (!l->policy->toggles[TOGGLE_MEMFD_EXEC])
		memory_files_no_programs();
	r = become_agent(s->drop_groups, &report->what);
	if (r < 0)
		return r;
	report->what = "leave the session keyring";
	r = leave_keyring();
	if (r < 0)
		return r;
	report->what = "PR_SET_DUMPABLE";
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	report->what = "set host name";
	if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
		return -errno;
	report->what = "set domain name";
	return setdomainname("(none)", 6) < 0
	               ? -errno
	               : 0; /* the kernel's default; the host's is not told */
}

static void identity_describe(const struct launch *l, struct layer_rows *rows)
{
	const struct identity *s = l->state[LAYER_IDENTITY];

	layer_row_add(rows, "inside", "uid %d gid %d (%s)", AGENT_UID, AGENT_GID, AGENT_NAME);
	if (l->host_uid == (uid_t)-1)
		layer_row_add(rows, "host id", "one of its own, chosen at launch");
	else
		layer_row_add(rows, "host id", "uid %u gid %u", (unsigned)l->host_uid,
		              (unsigned)l->host_gid);
	if (s && s->slot.fd >= 0)
		layer_row_add(rows, "range", "%u..%u (slot %u)", (unsigned)s->slot.first,
		              (unsigned)(s->slot.first + SLOT_IDS - 1), s->slot.number);
	if (l->hostname)
		layer_row_add(rows, "host name", "%s", l->hostname);
}

static void identity_release(struct launch *l)
{
	struct identity *s = l->state[LAYER_IDENTITY];

	if (!s)
		return;
	id_slot_release(&s->slot);
	free(s);
	l->state[LAYER_IDENTITY] = NULL;
}

/* A setting's number, or -1 when this kernel has none. */
static long setting(const char *path)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;

	return fd_read_file(AT_FDCWD, path, 64, &text, &len, NULL) < 0 ? -1
	                                                               : strtol(text, NULL, 10);
}

const char *identity_userns_remedy(void)
{
	if (setting("/proc/sys/user/max_user_namespaces") == 0)
		return "user namespaces are switched off: sysctl -w user.max_user_namespaces=15000";
	if (geteuid() != 0 && setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		return "user namespaces are for root only: sysctl -w "
		       "kernel.unprivileged_userns_clone=1";
	if (geteuid() != 0 && setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
		return "AppArmor restricts user namespaces: give warder a profile with \"userns,\" "
		       "in "
		       "/etc/apparmor.d, or sysctl -w "
		       "kernel.apparmor_restrict_unprivileged_userns=0";
	return "no setting forbids user namespaces, so a security module or the seccomp profile of "
	       "a container "
	       "around warder does: in Docker, --security-opt seccomp=unconfined";
}

/* In the probe's child: a namespace of its own, maps by the parent, then the agent's id. Sends each
 * step's result. */
static _Noreturn void probe_in_child(int sock, bool drop_groups)
{
	const char *what;
	int r = unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0 ? -errno : 0;

	if (write(sock, &r, sizeof(r)) != sizeof(r) || r < 0 ||
	    read(sock, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	r = become_agent(drop_groups, &what);
	if (write(sock, &r, sizeof(r)) != sizeof(r))
		_exit(1);
	_exit(0);
}

static int probe_with(int sock, pid_t pid, bool root, const char **ret_step)
{
	const char *what;
	int r;

	*ret_step = "a user namespace";
	if (read(sock, &r, sizeof(r)) != sizeof(r))
		return -EIO;
	if (r < 0)
		return r;
	*ret_step = "writing its id maps";
	r = write_maps(pid, root, root ? SLOT_FIRST_ID + AGENT_UID : geteuid(),
	               root ? SLOT_FIRST_ID + AGENT_GID : getegid(), &what);
	if (r < 0)
		return r;
	*ret_step = "becoming uid 1000 in it";
	if (write(sock, &r, sizeof(r)) != sizeof(r) || read(sock, &r, sizeof(r)) != sizeof(r))
		return -EIO;
	return r;
}

int identity_probe(struct probe_result *ret)
{
	CLEANUP_FD int ours = -1, theirs = -1;
	bool root = geteuid() == 0;
	const char *step = "";
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		probe_set(ret, LAYER_OFF, NULL, "socketpair: %s", strerror(errno));
		return 0;
	}
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid == 0) {
		fd_close(&ours);
		probe_in_child(theirs, root);
	}
	fd_close(&theirs);
	r = pid < 0 ? -errno : probe_with(ours, pid, root, &step);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (r < 0)
		probe_set(ret, LAYER_OFF, identity_userns_remedy(), "%s: %s", step, strerror(-r));
	else
		probe_set(ret, LAYER_ENFORCED, NULL, "a user namespace made, uid 1000 mapped to %s",
		          root ? "an id of its own" : "yours");
	return 0;
}

const struct layer layer_identity = {
	.name = "identity",
	.why_here = "first: everything after it is done with the session's own ids and the "
		    "capabilities of its "
		    "own namespace only",
	.prepare = identity_prepare,
	.settle = identity_settle,
	.enter = identity_enter,
	.describe = identity_describe,
	.release = identity_release,
};
