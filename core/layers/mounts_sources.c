/*
 * mounts_sources.c: host objects opened once and turned into detached mounts.
 *
 * A source is opened with O_PATH, once; its canonical name, kind and owner are read from that
 * descriptor, so that nothing can be swapped between the audit and the mount. In root mode the
 * detached mount is cloned from the descriptor itself. Without privileges the kernel clones only
 * what lies in the caller's own mount namespace, which the child leaves: the child opens the
 * canonical path again without following any link and goes on only when device and inode are the
 * audited ones (open_tree(2), mount_setattr(2), openat2(2), user_namespaces(7)).
 *
 * When root launches for somebody else, sources are opened with that user's rights: what the user
 * cannot reach must not become reachable through a session.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

/* File-system rights of another user, for the duration of one open. Not capabilities: setfsuid(2)
 * drops those that override file modes as it leaves uid 0, and gives them back on return. */
struct borrowed_rights {
	gid_t *groups;
	int n;
	bool active;
};

static int rights_borrow(const struct launch *l, struct borrowed_rights *b)
{
	gid_t theirs[OWNER_GROUPS_MAX];
	int n = OWNER_GROUPS_MAX;

	*b = (struct borrowed_rights){ .groups = NULL };
	if (!l->root_mode || l->owner_uid == 0)
		return 0;
	if (getgrouplist(l->owner_name, l->owner_gid, theirs, &n) < 0)
		return -E2BIG;
	b->n = getgroups(0, NULL);
	if (b->n < 0)
		return -errno;
	b->groups = calloc((size_t)b->n + 1, sizeof(*b->groups));
	if (!b->groups)
		return -ENOMEM;
	if (getgroups(b->n, b->groups) < 0 || setgroups((size_t)n, theirs) < 0) {
		int code = -errno;

		free(b->groups);
		return code;
	}
	setfsgid(l->owner_gid);
	setfsuid(l->owner_uid);
	b->active = true;
	return 0;
}

static int rights_return(struct borrowed_rights *b)
{
	int r = 0;

	if (!b->active)
		return 0;
	setfsuid(geteuid());
	setfsgid(getegid());
	if (setgroups((size_t)b->n, b->groups) < 0)
		r = -errno;
	free(b->groups);
	b->active = false;
	return r;
}

static char *canonical_name(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || n >= (ssize_t)sizeof(path) - 1 || path[0] != '/')
		return NULL;
	path[n] = '\0';
	return strdup(path);
}

int source_from(int fd, struct source *ret)
{
	struct stat st;
	char *path;

	if (fstat(fd, &st) < 0)
		return -errno;
	path = canonical_name(fd);
	if (!path)
		return -ENOENT;
	*ret = SOURCE_INIT;
	ret->fd = fd;
	ret->path = path;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	ret->mode = st.st_mode;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	return 0;
}

int source_open(const struct launch *l, const char *path, bool privileged, struct source *ret)
{
	struct borrowed_rights rights = { .groups = NULL };
	int fd, r = privileged ? 0 : rights_borrow(l, &rights);

	if (r < 0)
		return r;
	fd = fd_openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, RESOLVE_NO_MAGICLINKS);
	r = rights_return(&rights);
	if (fd < 0)
		return fd;
	if (r == 0)
		r = source_from(fd, ret);
	if (r < 0)
		fd_close(&fd);
	return r;
}

void source_close(struct source *s)
{
	fd_close(&s->fd);
	fd_close(&s->tree_fd);
}

void source_free(struct source *s)
{
	source_close(s);
	free(s->path);
	s->path = NULL;
}

enum { OVERFLOW_ID = 65534 }; /* /proc/sys/kernel/overflowuid */

/* ---- id maps for mounts: one user namespace for each owner, kept while a launch is prepared ----
 * */

static struct idmap {
	uid_t disk_uid, host_uid;
	gid_t disk_gid, host_gid;
	int fd;
} idmaps[IDMAPS_MAX];
static int n_idmaps;
static pid_t leaving; /* a holder that was killed and not waited for yet, or 0 */

/* Its end costs some time, on another processor if there is one: it is waited for as late as can
 * be. */
static void holder_wait(void)
{
	while (leaving > 0 && waitpid(leaving, NULL, __WALL) < 0 && errno == EINTR)
		;
	leaving = 0;
}

void idmap_cache_clear(void)
{
	while (n_idmaps > 0)
		fd_close(&idmaps[--n_idmaps].fd);
	holder_wait();
}

static int write_map(int proc, const char *file, unsigned inside, unsigned outside)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1\n", inside, outside);
	return fd_write_value(proc, file, line);
}

/* It keeps nothing of the supervisor's open (the session's lock above all), and outlives it in no
 * case: a parent that died before the death signal was set is seen by its number. */
static int hold(void *parent)
{
	(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (syscall(SYS_getppid) != *(const pid_t *)parent)
		return 0;
	(void)syscall(SYS_close_range, 0, ~0U, 0);
	for (;;)
		(void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return 0;
}

/* A user namespace needs a process to be born in; this one only waits for its end, on our memory
 * (CLONE_VM: nothing is copied) and a stack of its own, so there is one at a time. No SIGCHLD: the
 * exit signal is 0. */
static pid_t namespace_holder(void)
{
	static _Alignas(16) char stack[8192];
	static pid_t self;
	pid_t pid;

	holder_wait();
	self = getpid();
	pid = clone(hold, stack + sizeof(stack), CLONE_NEWUSER | CLONE_VM, &self);
	return pid < 0 ? -errno : pid;
}

static int idmap_make(struct idmap *map)
{
	CLEANUP_FD int proc = -1;
	char path[32];
	pid_t pid = namespace_holder();
	int r = 0;

	if (pid < 0)
		return (int)pid;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		r = -errno;
	if (r == 0)
		r = write_map(proc, "uid_map", map->disk_uid, map->host_uid);
	if (r == 0)
		r = write_map(proc, "gid_map", map->disk_gid, map->host_gid);
	if (r == 0) {
		map->fd = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
		r = map->fd < 0 ? -errno : 0;
	}
	kill(pid, SIGKILL);
	leaving = pid;
	return r;
}

/* A borrowed descriptor of the user namespace that maps the source's owner to the agent's host ids;
 * or -errno. */
static int idmap_for(const struct launch *l, const struct source *s)
{
	struct idmap want = { .disk_uid = s->uid,
		              .disk_gid = s->gid,
		              .host_uid = l->host_uid,
		              .host_gid = l->host_gid,
		              .fd = -1 };
	int r;

	/* No ids are taken for an audit; any will do to see whether the file system takes a map. */
	if (l->audit_only) {
		want.host_uid = OVERFLOW_ID;
		want.host_gid = OVERFLOW_ID;
	}
	if (want.host_uid == 0 || want.host_gid == 0)
		return -EINVAL;
	for (int i = 0; i < n_idmaps; i++) {
		const struct idmap *have = &idmaps[i];

		if (have->disk_uid == want.disk_uid && have->disk_gid == want.disk_gid &&
		    have->host_uid == want.host_uid && have->host_gid == want.host_gid)
			return have->fd;
	}
	r = idmap_make(&want);
	if (r < 0)
		return r;
	if (n_idmaps == IDMAPS_MAX)
		idmap_cache_clear();
	idmaps[n_idmaps++] = want;
	return want.fd;
}

/* ---- detached mounts ---- */

static int clone_tree(int fd, bool recursive)
{
	int tree = open_tree(fd, "",
	                     (unsigned)AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
	                             (recursive ? AT_RECURSIVE : 0u));

	return tree < 0 ? -errno : tree;
}

/* A clone of a shared mount is its peer (mount_namespaces(7)): what is mounted below it inside
 * would appear on the host, and the other way round. So every tree is made private before it is
 * used. */
static int set_attributes(int tree, bool recursive, uint64_t attr, int userns)
{
	struct mount_attr a = { .attr_set = attr, .propagation = MS_PRIVATE };

	if (userns >= 0) {
		a.attr_set |= MOUNT_ATTR_IDMAP;
		a.userns_fd = (uint64_t)userns;
	}
	if (mount_setattr(tree, "", (unsigned)AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &a,
	                  sizeof(a)) < 0)
		return -errno;
	return 0;
}

static int idmap_refused(const struct source *s, int code, const char *what, struct error *err)
{
	char fs[64];

	source_fs_name(s->fd, fs, sizeof(fs));
	error_errno(err, code, "%s: %s (%s) takes no id-mapped mount", what, s->path, fs);
	error_hint(err,
	           "keep it on ext4, xfs, btrfs or, from Linux 6.3 on, tmpfs; or launch as the "
	           "owner of the files, without root");
	return code;
}

int source_tree(const struct launch *l, struct source *s, uint64_t attr, const char *what,
                struct error *err)
{
	CLEANUP_FD int tree = clone_tree(s->fd, s->recursive);
	int userns = -1, r;

	/* Inside a container some mounts are locked together: the kernel gives them together or not
	 * at all. */
	if (tree == -EINVAL && !s->recursive) {
		s->recursive = true;
		tree = clone_tree(s->fd, true);
	}
	if (tree < 0)
		return error_errno(err, tree, "%s: %s", what, s->path);
	r = set_attributes(tree, s->recursive, attr, -1);
	if (r < 0)
		return error_errno(err, r, "%s: %s", what, s->path);
	if (s->idmapped) {
		userns = idmap_for(l, s);
		if (userns < 0)
			return error_errno(err, userns, "%s: user namespace for its owner", what);
		r = set_attributes(tree, s->recursive, 0, userns);
		if (r < 0)
			return idmap_refused(s, r, what, err);
	}
	s->tree_fd = fd_steal(&tree);
	return 0;
}

int source_tree_in_child(struct source *s, uint64_t attr)
{
	struct stat st;
	int r, fd = fd_openat2(AT_FDCWD, s->path, O_PATH | O_CLOEXEC,
	                       RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd == -ELOOP || fd == -ENOENT || fd == -ENOTDIR)
		return -ESTALE;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (st.st_dev != s->dev || st.st_ino != s->ino)
		r = -ESTALE;
	else
		r = clone_tree(fd, s->recursive);
	fd_close(&fd);
	if (r < 0)
		return r;
	s->tree_fd = r;
	return set_attributes(s->tree_fd, s->recursive, attr, -1);
}

/* ---- /proc/self/mountinfo (proc(5)): 36 35 98:0 /root /mount/point options - type source
 * superoptions ---- */

static void unescape_octal(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* The index'th blank-separated word of a line, cut off in place; NULL when there are fewer. */
static char *word_at(char *line, int index)
{
	char *save = NULL;
	char *w = strtok_r(line, " ", &save);

	while (w && index-- > 0)
		w = strtok_r(NULL, " ", &save);
	return w;
}

int source_mounts_below(const char *path, char *ret, size_t size)
{
	CLEANUP_FREE char *info = NULL;
	size_t len, own = strlen(path);
	char *save = NULL;
	int n = 0;

	*ret = '\0';
	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &info, &len, NULL) < 0)
		return 0;
	if (own == 1)
		own = 0;
	for (char *line = strtok_r(info, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *point = word_at(line, 4);

		if (!point)
			continue;
		unescape_octal(point);
		if (strncmp(point, path, own) != 0 || point[own] != '/' || !point[own + 1])
			continue;
		if (n++ == 0)
			snprintf(ret, size, "%s", point);
	}
	return n;
}

/* The mount's number from /proc/self/fdinfo/FD ("mnt_id:\t36"), as text. */
static int mount_id(int fd, char *ret, size_t size)
{
	CLEANUP_FREE char *text = NULL;
	char path[64];
	const char *at;
	size_t len;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	r = fd_read_file(AT_FDCWD, path, MOUNTINFO_MAX, &text, &len, NULL);
	if (r < 0)
		return r;
	at = strstr(text, "mnt_id:\t");
	if (!at)
		return -ENOENT;
	at += strlen("mnt_id:\t");
	snprintf(ret, size, "%.*s", (int)strspn(at, "0123456789"), at);
	return 0;
}

void source_fs_name(int fd, char *ret, size_t size)
{
	CLEANUP_FREE char *info = NULL;
	char *save = NULL, id[16];
	size_t len;

	snprintf(ret, size, "?");
	if (mount_id(fd, id, sizeof(id)) < 0 ||
	    fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &info, &len, NULL) < 0)
		return;
	for (char *line = strtok_r(info, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *dash = strstr(line, " - ");
		size_t n = strlen(id);

		if (!dash || strncmp(line, id, n) != 0 || line[n] != ' ')
			continue;
		dash += 3;
		snprintf(ret, size, "%.*s", (int)strcspn(dash, " "), dash);
		return;
	}
}
