/*
 * fd_tree.c: whole trees. What is removed was made by an agent: names are hostile, it may be a
 * million levels deep, full of symlinks, and its directories may be unreadable. So: no recursion,
 * one directory open at a time, every step down by openat2 without symlinks or mounts, every step
 * up checked to be where we came from.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

struct place {
	dev_t dev;
	ino_t ino;
};

struct walk {
	DIR *dir;            /* the directory being emptied */
	struct place *above; /* its parents, up to the tree's root */
	size_t depth;
	size_t cap;
};

static void walk_free(struct walk *w)
{
	if (w->dir != NULL)
		closedir(w->dir);
	free(w->above);
}

/* A directory of the owner's that even the owner may not read or empty: the agent's last joke. */
static int make_usable(int fd)
{
	char path[32];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & 0700) == 0700)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fchmod refuses O_PATH */
	return chmod(path, 0700) < 0 ? -errno : 0;
}

static int open_below(int dirfd, const char *name, DIR **ret)
{
	enum { WAY = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	CLEANUP_FD int fd = fd_openat2(dirfd, name, O_RDONLY | O_DIRECTORY, WAY);
	DIR *dir;

	if (fd == -EACCES) {
		CLEANUP_FD int path_fd = fd_openat2(dirfd, name, O_PATH | O_DIRECTORY, WAY);

		if (path_fd < 0)
			return path_fd;
		if (make_usable(path_fd) == 0)
			fd = fd_openat2(dirfd, name, O_RDONLY | O_DIRECTORY, WAY);
	}
	if (fd < 0)
		return fd;
	make_usable(fd); /* if it fails, removing an entry will say why */
	dir = fdopendir(fd);
	if (dir == NULL)
		return -errno;
	fd_steal(&fd);
	*ret = dir;
	return 0;
}

static int descend(struct walk *w, const char *name)
{
	struct stat st;
	DIR *below;
	int r;

	if (fstat(dirfd(w->dir), &st) < 0)
		return -errno;
	if (w->depth == w->cap) {
		size_t cap = w->cap > 0 ? 2 * w->cap : 16;
		struct place *above = reallocarray(w->above, cap, sizeof(*above));

		if (above == NULL)
			return -ENOMEM;
		w->above = above;
		w->cap = cap;
	}
	r = open_below(dirfd(w->dir), name, &below);
	if (r < 0)
		return r;
	w->above[w->depth++] = (struct place){ .dev = st.st_dev, .ino = st.st_ino };
	closedir(w->dir);
	w->dir = below;
	return 0;
}

static int ascend(struct walk *w)
{
	CLEANUP_FD int fd = openat(dirfd(w->dir), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct place *from = &w->above[w->depth - 1];
	struct stat st;
	DIR *dir;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != from->dev || st.st_ino != from->ino)
		return -ESTALE; /* moved while we were in it */
	dir = fdopendir(fd);
	if (dir == NULL)
		return -errno;
	fd_steal(&fd);
	closedir(w->dir);
	w->dir = dir;
	w->depth--;
	return 0;
}

/* Removes one entry if it is no full directory: 0, -ENOTEMPTY for a full one, or -errno. */
static int remove_entry(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == EEXIST)
		return -ENOTEMPTY;
	return errno == ENOTDIR ? -EPERM : -errno;
}

/* Empties the open directory until a full one is met, and goes into that: 1; or 0 when it is
 * empty. */
static int empty_or_descend(struct walk *w)
{
	for (;;) {
		struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(w->dir);
		if (entry == NULL)
			return errno != 0 ? -errno : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = remove_entry(dirfd(w->dir), entry->d_name);
		if (r == -ENOTEMPTY) {
			r = descend(w, entry->d_name);
			return r < 0 ? r : 1;
		}
		if (r < 0)
			return r;
	}
}

int fd_remove_tree(int dirfd, const char *name)
{
	__attribute__((cleanup(walk_free))) struct walk w = { .dir = NULL };
	int r;

	if (*name == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return -EINVAL;
	r = remove_entry(dirfd, name);
	if (r != -ENOTEMPTY)
		return r;
	r = open_below(dirfd, name, &w.dir);
	if (r < 0)
		return r;
	for (;;) {
		r = empty_or_descend(&w);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		if (w.depth == 0)
			break;
		r = ascend(&w); /* reads the parent anew, where the empty child now goes first */
		if (r < 0)
			return r;
	}
	return remove_entry(dirfd, name);
}

/* Opens the directory `name` in *at, made if missing, and puts it in the place of *at. */
static int enter_or_make(int *at, const char *name, mode_t mode)
{
	int fd;

	if (mkdirat(*at, name, mode) == 0) {
		fd = openat(*at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (fchmod(fd, mode) < 0) { /* past the umask */
			int r = -errno;

			fd_close(&fd);
			return r;
		}
	} else if (errno == EEXIST || errno == EROFS || errno == EACCES || errno == EPERM) {
		int why = errno;

		fd = openat(*at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT && why != EEXIST ? -why : -errno;
	} else {
		return -errno;
	}
	fd_close(at);
	*at = fd;
	return 0;
}

int fd_mkdir_p(const char *path, mode_t mode)
{
	CLEANUP_FD int at = -1;
	CLEANUP_FREE char *copy = NULL;
	char *rest;
	char *name;

	if (*path != '/')
		return -EINVAL;
	copy = strdup(path);
	if (copy == NULL)
		return -ENOMEM;
	at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	rest = copy;
	while ((name = strsep(&rest, "/")) != NULL) {
		int r = *name != '\0' ? enter_or_make(&at, name, mode) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}
