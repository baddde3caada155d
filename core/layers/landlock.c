/*
 * landlock.c: file access by what a path lies beneath, enforced on the process itself
 * (landlock(7); kernel Documentation/userspace-api/landlock.rst). It says once more what the
 * mounts say: everything may be read and run, and written only beneath the places that the
 * policy makes writable; so a mount that turned out writable by mistake still is not.
 *
 * Beneath /dev a file can be written and ioctl'd but none made; beneath /proc written (thread
 * names, oom_score_adj), with /proc/sys masked by mounts. Device nodes can be made nowhere. From
 * ABI 6 signals and abstract unix sockets stay within the sandbox too; pid 1 is of the same
 * domain, so that it can signal the agent.
 *
 * Two cases are degraded on purpose: ABI 1 refuses every move between directories, which breaks
 * git; and file rules forbid mount(2) to their subject, which toggles.user_namespaces is there
 * to allow.
 *
 * prepare asks the kernel for its ABI and lists places; enter, inside the new root, opens them
 * and restricts itself. A place that is not there gets no rule, which is the safe side.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

/* Not in every distribution's header yet; the values are the kernel's. */
#define ACCESS_TRUNCATE            (1ULL << 14) /* ABI 3 */
#define ACCESS_IOCTL_DEV           (1ULL << 15) /* ABI 5 */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)  /* ABI 6 */
#define SCOPE_SIGNAL               (1ULL << 1)  /* ABI 6 */

#define ACCESS_READ                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_CHANGE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define ACCESS_WRITE                                                                               \
	(ACCESS_CHANGE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |          \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define ACCESS_NODES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define ACCESS_OF_FILES                                                                            \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_CHANGE |               \
	 ACCESS_IOCTL_DEV)

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_IOCTL_DEV = 5, ABI_SCOPE = 6 };
enum { PLACES_MAX = 8 + 2 * POLICY_LIST_MAX };

/* struct landlock_ruleset_attr as of ABI 6; older kernels take it as long as what they do not
 * know is zero. */
struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* the network layer's work */
	uint64_t scoped;
};

struct place {
	char *path;
	char *what; /* for the report */
	uint64_t access;
};

struct landlock {
	int abi; /* 0: not used */
	uint64_t handled, scoped;
	struct place *places;
	int n_places;
};

static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? -errno : (int)abi;
}

static uint64_t landlock_handled(int abi)
{
	uint64_t handled = ACCESS_READ | ACCESS_WRITE | ACCESS_NODES | ACCESS_IOCTL_DEV;

	if (abi < ABI_TRUNCATE)
		handled &= ~ACCESS_TRUNCATE;
	if (abi < ABI_IOCTL_DEV)
		handled &= ~ACCESS_IOCTL_DEV;
	return handled;
}

static void landlock_free(struct landlock *ll)
{
	if (!ll)
		return;
	for (int i = 0; i < ll->n_places; i++) {
		free(ll->places[i].path);
		free(ll->places[i].what);
	}
	free(ll->places);
	free(ll);
}

static int place_add(struct landlock *ll, const char *path, uint64_t access, struct error *err)
{
	struct place *p = &ll->places[ll->n_places];
	const char *home = path[0] == '~' ? AGENT_HOME : "";

	if (ll->n_places == PLACES_MAX)
		return error_set(err, E2BIG, "landlock: more than %d places", PLACES_MAX);
	*p = (struct place){ .access = access & ll->handled };
	if (asprintf(&p->path, "%s%s", home, path + (path[0] == '~')) < 0)
		p->path = NULL;
	if (!p->path || asprintf(&p->what, "rule for %s", p->path) < 0) {
		free(p->path);
		return error_errno(err, ENOMEM, "landlock");
	}
	ll->n_places++;
	return 0;
}

static int places_fill(struct landlock *ll, const struct policy *p, struct error *err)
{
	struct {
		const char *path;
		uint64_t access;
	} fixed[] = {
		{ "/", p->filesystem.read_only ? ACCESS_READ : ACCESS_READ | ACCESS_WRITE },
		{ "/proc", ACCESS_CHANGE },
		{ "/dev", ACCESS_CHANGE | ACCESS_IOCTL_DEV },
		{ "/dev/shm", ACCESS_WRITE },
		{ "/tmp", ACCESS_WRITE },
		{ AGENT_HOME, ACCESS_WRITE },
		{ WORKSPACE_TARGET, p->filesystem.workspace == WORKSPACE_RO ? 0 : ACCESS_WRITE },
	};
	int r = 0;

	ll->places = calloc(PLACES_MAX, sizeof(*ll->places));
	if (!ll->places)
		return error_errno(err, ENOMEM, "landlock");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && r == 0; i++) {
		if (fixed[i].access)
			r = place_add(ll, fixed[i].path, fixed[i].access, err);
	}
	for (int i = 0; i < p->filesystem.n_mounts && r == 0; i++) {
		if (p->filesystem.mounts[i].writable)
			r = place_add(ll, p->filesystem.mounts[i].target, ACCESS_WRITE, err);
	}
	for (int i = 0; i < p->filesystem.n_tmpfs && r == 0; i++)
		r = place_add(ll, p->filesystem.tmpfs[i].target, ACCESS_WRITE, err);
	return r;
}

/* Decides what can be enforced here, and says so. */
static int landlock_settle(struct launch *l, struct landlock *ll, int abi, struct error *err)
{
	const enum layer_id id = LAYER_LANDLOCK;

	if (abi < 0 && abi == -EOPNOTSUPP)
		return layer_settle_status(l, id, LAYER_DEGRADED, err,
		                           "boot with landlock first in the kernel's lsm= list",
		                           "the kernel has landlock, but it is disabled at boot");
	if (abi < 0)
		return layer_settle_status(l, id, LAYER_DEGRADED, err,
		                           "use a kernel built with CONFIG_SECURITY_LANDLOCK",
		                           "the kernel has no landlock: %s", strerror(-abi));
	if (abi < ABI_REFER)
		return layer_settle_status(l, id, LAYER_DEGRADED, err, "use Linux 5.19 or later",
		                           "landlock ABI 1 forbids every move between directories");
	ll->abi = abi;
	ll->scoped = abi >= ABI_SCOPE ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0;
	if (l->policy->toggles[TOGGLE_USER_NAMESPACES])
		return layer_settle_status(
			l, id, LAYER_DEGRADED, err, "switch toggles.user_namespaces off",
			"toggles.user_namespaces allows mount(2), which landlock's "
			"file rules would forbid");
	ll->handled = landlock_handled(abi);
	return layer_settle_status(l, id, LAYER_ENFORCED, err, NULL, "%s",
	                           abi < ABI_TRUNCATE ? "ABI 2 does not cover truncate(2)" : "");
}

static int landlock_prepare(struct launch *l, struct error *err)
{
	struct landlock *ll = calloc(1, sizeof(*ll));
	int r;

	if (!ll)
		return error_errno(err, ENOMEM, "landlock");
	l->state[LAYER_LANDLOCK] = ll;
	r = landlock_settle(l, ll, landlock_abi(), err);
	if (r < 0 || !ll->handled)
		return r;
	return places_fill(ll, l->policy, err);
}

/* No symbolic link on the way: what an earlier session left in a writable place must not choose
 * where a rule applies. */
static int place_open(const char *path)
{
	return fd_openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
}

static int place_allow(int ruleset, const struct place *p)
{
	CLEANUP_FD int fd = place_open(p->path);
	struct landlock_path_beneath_attr rule = { .allowed_access = p->access };
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= ACCESS_OF_FILES;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return -errno;
	return 0;
}

static int landlock_enter(const struct launch *l, struct layer_report *report)
{
	const struct landlock *ll = l->state[LAYER_LANDLOCK];
	struct ruleset_attr attr = { .handled_access_fs = ll->handled, .scoped = ll->scoped };
	CLEANUP_FD int ruleset = -1;

	if (!ll->handled && !ll->scoped)
		return 0;
	report->what = "make the ruleset";
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return -errno;
	for (int i = 0; i < ll->n_places; i++) {
		int r;

		report->what = ll->places[i].what;
		r = place_allow(ruleset, &ll->places[i]);
		if (r < 0)
			return r;
	}
	report->what = "restrict itself";
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

static void landlock_describe(const struct launch *l, struct layer_rows *rows)
{
	const struct landlock *ll = l->state[LAYER_LANDLOCK];
	CLEANUP_BUF struct buf writable = BUF_INIT;

	if (!ll || !ll->abi)
		return;
	layer_row_add(rows, "abi", "%d", ll->abi);
	layer_row_add(rows, "file_rules", "%s",
	              ll->handled ? "read and run everything, write in listed places only"
	                          : "none");
	for (int i = 0; i < ll->n_places; i++) {
		if (ll->places[i].access & LANDLOCK_ACCESS_FS_MAKE_REG)
			buf_addf(&writable, "%s%s", writable.len ? " " : "", ll->places[i].path);
	}
	layer_row_add(rows, "writable", "%s", buf_str(&writable));
	layer_row_add(rows, "stays_inside", "%s",
	              ll->scoped ? "signals, abstract unix sockets"
	                         : "nothing more than the namespaces (needs ABI 6)");
}

static void landlock_release(struct launch *l)
{
	landlock_free(l->state[LAYER_LANDLOCK]);
	l->state[LAYER_LANDLOCK] = NULL;
}

/* Forbids all reading, then tries to read. */
static int probe_attempt(void)
{
	struct ruleset_attr attr = { .handled_access_fs = landlock_handled(1) };
	CLEANUP_FD int ruleset =
		(int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	CLEANUP_FD int fd = -1;

	if (ruleset < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return -errno;
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 && errno == EACCES ? 0 : -EIO;
}

int landlock_probe(struct probe_result *ret)
{
	int abi = landlock_abi();
	int r = abi < 0 ? abi : probe_child(probe_attempt);

	if (r == -EOPNOTSUPP)
		probe_set(ret, LAYER_DEGRADED,
		          "add landlock to the kernel's lsm= boot parameter: "
		          "lsm=landlock,$(cat /sys/kernel/security/lsm)",
		          "the kernel has landlock, but it is disabled at boot");
	else if (r < 0)
		probe_set(ret, LAYER_DEGRADED, "use a kernel built with CONFIG_SECURITY_LANDLOCK",
		          "landlock: %s", strerror(-r));
	else if (abi < ABI_REFER)
		probe_set(ret, LAYER_DEGRADED, "use Linux 5.19 or later",
		          "ABI 1 forbids every move between directories: not used");
	else
		probe_set(ret, LAYER_ENFORCED, NULL, "ABI %d: an unlisted directory was refused",
		          abi);
	return 0;
}

const struct layer layer_landlock = {
	.name = "landlock",
	.why_here =
		"after mounts, whose places it names, and no_new_privs, which it needs; pid 1 and "
		"the agent share its domain",
	.prepare = landlock_prepare,
	.enter = landlock_enter,
	.describe = landlock_describe,
	.release = landlock_release,
};
