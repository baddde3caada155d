/*
 * mounts_hide.c: the project's files that filesystem.hide names, found by one bounded walk and
 * masked by an empty unreadable read-only file (directories: an empty unreadable directory). So are
 * unix sockets behind which somebody on the host listens: a socket is reached by its path, whatever
 * the network namespace.
 *
 * The walk never follows a symlink and never leaves the project. A link whose name matches cannot
 * be mounted over; what it points to inside the project is masked instead. Nothing is made for what
 * is not there. A mask stands on a name: if the host replaces that file by rename while the session
 * runs, the kernel drops the mask with the old file (rename(2) over a mount point of another mount
 * namespace).
 */
#include "core/layers/mounts_plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

#define MASK_FILE      "/.masked-file"
#define MASK_DIRECTORY "/.masked-directory"

enum { WALK_DEPTH_MAX = 64 }; /* one open directory a level */

struct match {
	char *path; /* relative to the project */
	bool directory;
	dev_t dev;
	ino_t ino;
};

struct walk {
	char *const *patterns;
	const struct source *project;
	struct match *matches; /* owned, HIDE_MATCHES_MAX */
	int n, entries;
	char *partial;
	size_t partial_size;
	char path[PATH_MAX]; /* of the entry looked at */
};

static bool is_hidden(const struct walk *w, const char *path)
{
	for (char *const *p = w->patterns; *p; p++) {
		/* A leading double star stands for no directory, too. */
		if (text_glob(*p, path) || (strncmp(*p, "**/", 3) == 0 && text_glob(*p + 3, path)))
			return true;
	}
	return false;
}

/* The object is remembered: the child masks that one or nothing. */
static int match_add(struct walk *w, const char *path, const struct stat *st)
{
	for (int i = 0; i < w->n; i++) {
		if (strcmp(w->matches[i].path, path) == 0)
			return 0;
	}
	if (w->n == HIDE_MATCHES_MAX) {
		snprintf(w->partial, w->partial_size, "filesystem.hide: more than %d files match",
		         HIDE_MATCHES_MAX);
		return 1;
	}
	w->matches[w->n] = (struct match){ .path = strdup(path),
		                           .directory = S_ISDIR(st->st_mode),
		                           .dev = st->st_dev,
		                           .ino = st->st_ino };
	if (!w->matches[w->n].path)
		return -ENOMEM;
	w->n++;
	return 0;
}

/* What a matching link points to, if that lies inside the project. */
static int match_link(struct walk *w)
{
	CLEANUP_FD int fd = fd_openat2(w->project->fd, w->path, O_PATH | O_CLOEXEC,
	                               RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	char link[64], to[PATH_MAX];
	size_t n = strlen(w->project->path);
	struct stat st;
	ssize_t len;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, to, sizeof(to) - 1);
	if (len <= 0)
		return 0;
	to[len] = '\0';
	if (strncmp(to, w->project->path, n) != 0 || to[n] != '/')
		return 0;
	return match_add(w, to + n + 1, &st);
}

static int entry_kind(int dirfd, const struct dirent *e)
{
	struct stat st;

	if (e->d_type != DT_UNKNOWN)
		return e->d_type;
	if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return (int)IFTODT(st.st_mode);
}

static int match_entry(struct walk *w, int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return match_add(w, w->path, &st);
}

/* Refused is the one answer that nobody listens; what was left behind may be unlinked and bound
 * again. */
static bool socket_is_dead(int dirfd, const char *name)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_FD int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (fd < 0)
		return errno == ENOENT;
	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", fd);
	return s >= 0 && connect(s, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	       errno == ECONNREFUSED;
}

static int walk_directory(struct walk *w, int dirfd, size_t len, int level);

/* A directory that cannot be read. The agent has the same rights rootless, but may change the mode
 * of what is its own. Gone meanwhile is no failure. */
static int closed_directory(struct walk *w, int dirfd, const char *name, int code)
{
	struct stat st;

	if (code == EMFILE || code == ENFILE || code == ENOMEM)
		return -code;
	if (code != EACCES || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_uid != geteuid())
		return 0;
	snprintf(w->partial, w->partial_size, "filesystem.hide: %.80s cannot be read", w->path);
	return 1;
}

/* Looks at one entry whose path stands in w->path; 0, 1 when the walk must end unfinished, or
 * -errno. */
static int walk_entry(struct walk *w, int dirfd, const char *name, int kind, size_t len, int level)
{
	int fd;

	if (is_hidden(w, w->path))
		return kind == DT_LNK ? match_link(w) : match_entry(w, dirfd, name);
	if (kind == DT_SOCK)
		return socket_is_dead(dirfd, name) ? 0 : match_entry(w, dirfd, name);
	if (kind != DT_DIR || strcmp(w->path, ".git/objects") == 0)
		return 0;
	if (level + 1 == WALK_DEPTH_MAX) {
		snprintf(w->partial, w->partial_size,
		         "filesystem.hide: directories are nested deeper than %d", WALK_DEPTH_MAX);
		return 1;
	}
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? closed_directory(w, dirfd, name, errno)
	              : walk_directory(w, fd, len, level + 1);
}

/* Takes dirfd over. */
static int walk_directory(struct walk *w, int dirfd, size_t len, int level)
{
	DIR *dir = fdopendir(dirfd);
	const struct dirent *e;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(&dirfd);
		return r;
	}
	while (r == 0 && (errno = 0, e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++w->entries > HIDE_ENTRIES_MAX) {
			snprintf(w->partial, w->partial_size,
			         "filesystem.hide: the project has more than %d entries",
			         HIDE_ENTRIES_MAX);
			r = 1;
		} else if (len + n + 2 > sizeof(w->path)) {
			snprintf(w->partial, w->partial_size,
			         "filesystem.hide: a path is too long");
			r = 1;
		} else {
			size_t at = len ? len + 1 : 0;

			if (len)
				w->path[len] = '/';
			memcpy(w->path + at, e->d_name, n + 1);
			r = walk_entry(w, dirfd, e->d_name, entry_kind(dirfd, e), at + n, level);
			w->path[len] = '\0';
		}
	}
	closedir(dir);
	return r;
}

static void mask_step(struct mounts *m, const struct match *match)
{
	CLEANUP_FREE char *path = NULL;
	struct step *s;

	if (asprintf(&path, "%s/%s", WORKSPACE_TARGET, match->path) < 0) {
		path = NULL;
		m->failed = true;
		return;
	}
	s = step_add(m, STEP_INNER, "hide", path);
	if (!s)
		return;
	s->data = strdup(match->directory ? MASK_DIRECTORY + 1 : MASK_FILE + 1);
	m->failed |= !s->data;
	s->attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	s->directory = match->directory;
	s->source.dev = match->dev;
	s->source.ino = match->ino;
}

/* The masks are bound from two objects of the root, which are unlinked again: a mask outlives its
 * name. */
static void mask_steps(struct mounts *m, const struct walk *w)
{
	struct step *s;

	if (w->n == 0)
		return;
	step_file(m, MASK_FILE, 0, "", 0);
	step_dir(m, MASK_DIRECTORY, 0);
	for (int i = 0; i < w->n; i++)
		mask_step(m, &w->matches[i]);
	step_add(m, STEP_UNLINK, "remove", MASK_FILE);
	s = step_add(m, STEP_UNLINK, "remove", MASK_DIRECTORY);
	if (s)
		s->directory = true;
	m->hidden = w->n;
}

int hide_steps(struct mounts *m, struct launch *l, const struct source *project, struct audit *a,
               char *ret_partial, size_t size, struct error *err)
{
	struct walk w = { .patterns = l->policy->filesystem.hide,
		          .project = project,
		          .partial = ret_partial,
		          .partial_size = size };
	int fd, r;

	*ret_partial = '\0';
	if (!w.patterns || !*w.patterns || !project)
		return 0;
	w.matches = calloc(HIDE_MATCHES_MAX, sizeof(*w.matches));
	if (!w.matches)
		return error_errno(err, ENOMEM, "filesystem.hide");
	fd = openat(project->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : walk_directory(&w, fd, 0, 0);
	if (r < 0)
		error_errno(err, r, "filesystem.hide: %s", project->path);
	for (int i = 0; r >= 0 && a && i < w.n; i++)
		audit_add(a, AUDIT_OK, "hide", w.matches[i].path, "hidden from the agent");
	if (r >= 0 && m)
		mask_steps(m, &w);
	for (int i = 0; i < w.n; i++)
		free(w.matches[i].path);
	free(w.matches);
	return r < 0 ? r : 0;
}
