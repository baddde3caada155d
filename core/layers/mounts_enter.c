/*
 * mounts_enter.c: the child's side of the mounts layer: it walks the prepared steps below a fresh
 * tmpfs, then makes that tmpfs its root and lets the host's tree go. System calls only. It runs as
 * the agent's uid with all capabilities of its own user namespace, in its own mount and pid
 * namespaces.
 *
 * Every path is resolved below the new root's descriptor without following symlinks: a link that
 * somebody puts into the workspace meanwhile ends the launch, it leads nowhere (openat2(2),
 * RESOLVE_IN_ROOT).
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"

static int open_inside(int root, const char *path)
{
	return fd_openat2(root, path, O_PATH | O_CLOEXEC,
	                  RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/* The new root while it is built, and the directory that the step before was made in: steps stand
 * in the order in which most share theirs. */
struct site {
	int root;
	int dir;          /* or -1 */
	const char *path; /* a step's; the first `len` bytes of it lead to dir */
	size_t len;
};

static void site_leave(struct site *at)
{
	fd_close(&at->dir);
}

/* Something was mounted at `path`: a directory that was opened there or below lies beneath it now.
 */
static void site_covered(struct site *at, const char *path)
{
	size_t n = strlen(path);

	if (at->dir >= 0 && at->len >= n && memcmp(at->path, path, n) == 0)
		site_leave(at);
}

/* Opens the directory that the first `len` bytes of `path` name; it and those above it are made as
 * needed. Only used where all of them lie in a tmpfs of ours. */
static int make_directories(int root, const char *path, size_t len)
{
	int dir = open_inside(root, ".");

	while (dir >= 0 && len > 0) {
		size_t n = strcspn(path, "/");
		char name[NAME_MAX + 1];
		int next;

		if (n > len)
			n = len;
		if (n >= sizeof(name)) {
			fd_close(&dir);
			return -ENAMETOOLONG;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
			next = -errno;
		else
			next = fd_openat2(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC,
			                  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
		fd_close(&dir);
		dir = next;
		len -= n == len ? n : n + 1;
		path += n + 1;
	}
	return dir;
}

static int open_directory(int root, const char *path, size_t len)
{
	char part[PATH_MAX];
	int dir;

	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len);
	part[len] = '\0';
	dir = fd_openat2(root, part, O_PATH | O_DIRECTORY | O_CLOEXEC,
	                 RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	return dir == -ENOENT ? make_directories(root, path, len) : dir;
}

/* The directory for the path's last component, whose name is *ret_name, to be made in: a borrowed
 * descriptor or -errno. */
static int site_parent(struct site *at, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	if (len == 0)
		return at->root;
	if (at->dir >= 0 && at->len == len && memcmp(at->path, path, len) == 0)
		return at->dir;
	site_leave(at);
	at->dir = open_directory(at->root, path, len);
	at->path = path;
	at->len = len;
	return at->dir;
}

/* 1 when it was made, 0 when something stood there. */
static int make_directory(struct site *at, const struct step *s, mode_t mode)
{
	const char *name;
	int dir = site_parent(at, s->path, &name);

	if (dir < 0)
		return dir;
	if (mkdirat(dir, name, mode) == 0)
		return 1;
	return errno == EEXIST ? 0 : -errno;
}

static int make_file(struct site *at, const struct step *s, mode_t mode)
{
	const char *name;
	int fd, r, dir = site_parent(at, s->path, &name);

	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	r = fd < 0 ? -errno : s->len ? fd_write_all(fd, s->data, s->len) : 0;
	fd_close(&fd);
	return r;
}

static int make_link(struct site *at, const struct step *s)
{
	const char *name;
	int dir = site_parent(at, s->path, &name);

	if (dir < 0)
		return dir;
	return symlinkat(s->data, dir, name) < 0 ? -errno : 0;
}

/* ---- mounts ---- */

static int fs_finish(int fs, uint64_t attr)
{
	int r;

	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	r = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr);
	return r < 0 ? -errno : r;
}

static int fs_string(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int new_tmpfs(const struct step *s)
{
	int r, fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -errno;
	r = fs_string(fs, "size", s->size);
	/* "0" stands for the kernel's own bound: half of memory's pages. */
	if (r == 0 && strcmp(s->inodes, "0") != 0)
		r = fs_string(fs, "nr_inodes", s->inodes);
	if (r == 0)
		r = fs_string(fs, "mode", s->mode_text);
	if (r == 0)
		r = fs_finish(fs, s->attr);
	fd_close(&fs);
	return r;
}

static int new_proc(void)
{
	int r, fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -errno;
	r = fs_finish(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	fd_close(&fs);
	return r;
}

/* No gid= option: the group tty is not mapped; the terminal belongs to the agent, who alone is
 * inside. */
static int new_devpts(void)
{
	int r = 0, fs = fsopen("devpts", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -errno;
	if (fsconfig(fs, FSCONFIG_SET_FLAG, "newinstance", NULL, 0) < 0)
		r = -errno;
	if (r == 0)
		r = fs_string(fs, "ptmxmode", "0666");
	if (r == 0)
		r = fs_string(fs, "mode", "0620");
	if (r == 0)
		r = fs_finish(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	fd_close(&fs);
	return r;
}

static int inner_tree(int fd, uint64_t attr)
{
	struct mount_attr a = { .attr_set = attr };
	int tree = open_tree(fd, "", (unsigned)AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return -errno;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0) {
		int r = -errno;

		fd_close(&tree);
		return r;
	}
	return tree;
}

static int new_inner(int root, const struct step *s)
{
	int r, fd = open_inside(root, s->data);

	if (fd < 0)
		return fd;
	r = inner_tree(fd, s->attr);
	fd_close(&fd);
	return r;
}

/* The detached mount of a step. */
static int step_mount(int root, struct step *s)
{
	switch (s->kind) {
	case STEP_TMPFS:
		return new_tmpfs(s);
	case STEP_PROC:
		return new_proc();
	case STEP_DEVPTS:
		return new_devpts();
	case STEP_TREE:
		return fd_steal(&s->source.tree_fd);
	case STEP_INNER:
		return new_inner(root, s);
	case STEP_DIR:
	case STEP_FILE:
	case STEP_LINK:
	case STEP_UNLINK:
	case STEP_SETTING:
		break;
	}
	return -EINVAL;
}

/* 1 when it was made, 0 when it stood there or must do so. */
static int make_mount_point(struct site *at, const struct step *s)
{
	int r;

	if (!s->create)
		return 0;
	if (s->directory)
		return make_directory(at, s, 0755);
	r = make_file(at, s, 0644);
	return r == -EEXIST ? 0 : r < 0 ? r : 1;
}

/* A mask stands for the object that the walk saw. If another is in its place, or none, that one may
 * stand somewhere else now, to be read: the launch ends. */
static int check_masked(const struct step *s, int at)
{
	struct stat st;

	if (s->kind != STEP_INNER || !s->source.ino)
		return at;
	if (at >= 0 && fstat(at, &st) == 0 && st.st_dev == s->source.dev &&
	    st.st_ino == s->source.ino)
		return at;
	fd_close(&at);
	return -ESTALE;
}

static int mount_at(struct site *at, struct step *s, int dir, const char *name)
{
	int r = 0, tree = step_mount(at->root, s);

	if (tree < 0)
		return tree;
	if (move_mount(tree, "", dir, name,
	               MOVE_MOUNT_F_EMPTY_PATH | (*name ? 0u : MOVE_MOUNT_T_EMPTY_PATH)) < 0)
		r = -errno;
	site_covered(at, s->path);
	fd_close(&tree);
	return r;
}

static int place_mount(struct site *at, struct step *s)
{
	int r = make_mount_point(at, s);
	const char *name;
	int point;

	if (r < 0)
		return r;
	if (r == 1) { /* made a moment ago where nobody else is: it needs no second look */
		point = site_parent(at, s->path, &name);
		return mount_at(at, s, point, name);
	}
	point = check_masked(s, open_inside(at->root, s->path));
	if (point == -ENOENT && s->optional)
		return 0;
	if (point < 0)
		return point;
	r = mount_at(at, s, point, "");
	fd_close(&point);
	return r;
}

static int write_setting(int root, const struct step *s)
{
	int r, fd = fd_openat2(root, s->path, O_WRONLY | O_CLOEXEC,
	                       RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = write(fd, s->data, s->len) < 0 ? -errno : 0;
	fd_close(&fd);
	return r;
}

static int step_enter(struct site *at, struct step *s)
{
	int r;

	switch (s->kind) {
	case STEP_DIR:
		r = make_directory(at, s, s->mode);
		return r < 0 ? r : 0;
	case STEP_FILE:
		return make_file(at, s, s->mode);
	case STEP_LINK:
		return make_link(at, s);
	case STEP_UNLINK:
		return unlinkat(at->root, s->path, s->directory ? AT_REMOVEDIR : 0) < 0 ? -errno
		                                                                        : 0;
	case STEP_TMPFS:
	case STEP_PROC:
	case STEP_DEVPTS:
	case STEP_TREE:
	case STEP_INNER:
		return place_mount(at, s);
	case STEP_SETTING:
		return write_setting(at->root, s);
	}
	return -EINVAL;
}

/* ---- the whole ---- */

/* Rootless: before anything is mounted over, while the host's paths still mean what they meant in
 * the audit. */
static int clone_sources(struct mounts *m, struct layer_report *report)
{
	int r = 0;

	for (int i = 0; r == 0 && i < m->n; i++) {
		struct step *s = &m->steps[i];

		if (s->kind != STEP_TREE)
			continue;
		report->what = s->label;
		r = source_tree_in_child(&s->source, s->attr);
	}
	return r;
}

/* The new root must be attached somewhere to become the root; /proc is there on every machine that
 * we run on. */
static int attach_root(int root)
{
	if (move_mount(root, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) < 0 &&
	    move_mount(root, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

/* pivot_root(2), "pivot_root(\".\", \".\")": the old root lies over the new one until it is let go.
 * */
static int become_root(int root)
{
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/* The pseudo-terminal's end inside is also the console. */
static int open_terminal(int root, struct layer_report *report)
{
	int unlock = 0, tree, at, r = 0;
	int master = openat(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0)
		return -errno;
	report->master_fd = master;
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return -errno;
	report->slave_fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (report->slave_fd < 0)
		return -errno;
	at = open_inside(root, "dev/console");
	if (at < 0)
		return at;
	tree = inner_tree(report->slave_fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (tree < 0)
		r = tree;
	else if (move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) <
	         0)
		r = -errno;
	fd_close(&tree);
	fd_close(&at);
	return r;
}

static int make_read_only(int root)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY };

	return mount_setattr(root, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0 ? -errno : 0;
}

static int build_root(struct mounts *m, int root, struct layer_report *report)
{
	struct site at = { .root = root, .dir = -1 };
	int r;

	report->what = "attach the new root";
	r = attach_root(root);
	for (int i = 0; r == 0 && i < m->n; i++) {
		report->what = m->steps[i].label;
		r = step_enter(&at, &m->steps[i]);
	}
	site_leave(&at);
	if (r == 0) {
		report->what = "pivot_root";
		r = become_root(root);
	}
	if (r == 0 && m->tty) {
		report->what = "open a pseudo-terminal";
		r = open_terminal(root, report);
	}
	if (r == 0 && m->read_only) {
		report->what = "make / read-only";
		r = make_read_only(root);
	}
	return r;
}

int mounts_enter(const struct launch *l, struct layer_report *report)
{
	struct mounts *m = l->state[LAYER_MOUNTS];
	int root, r = 0;

	umask(0);
	report->what = "make mounts private";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (m->in_child_trees)
		r = clone_sources(m, report);
	if (r < 0)
		return r;
	report->what = "mount /";
	root = new_tmpfs(&m->root);
	if (root < 0)
		return root;
	r = build_root(m, root, report);
	fd_close(&root);
	mounts_close(m);
	umask(022);
	return r;
}
