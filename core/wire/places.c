/*
 * places.c: finding, making and judging the directories. A directory is judged by its descriptor
 * (fstat) after it was opened without following a last symlink, and everything below is reached
 * from that descriptor: nothing can be swapped in between. What counts: a directory, owned by who
 * uses it, writable by nobody else. So a /tmp/warder-UID that somebody else made first, or a link
 * put there, is refused and never used.
 */
#include "core/wire/places.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

#define SYSTEM_RUNTIME "/run/warder"
#define SYSTEM_STATE   "/var/lib/warder"

static const struct places places_none = {
	.runtime_fd = -1,
	.state_fd = -1,
	.runtime_sessions_fd = -1,
	.state_sessions_fd = -1,
};

/* An environment variable that holds an absolute path, or NULL. */
static const char *path_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static int set_path(char out[256], struct error *err, const char *dir, const char *below)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if ((size_t)snprintf(out, 256, "%.*s%s", (int)len, dir, below) >= 256)
		return error_set(err, ENAMETOOLONG, "%s: longer than 255 bytes", dir);
	return 0;
}

static bool is_own_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* XDG_RUNTIME_DIR may be another user's (su keeps it): then it is no place of ours. */
static int find_user_runtime(struct places *p, struct error *err)
{
	const char *xdg = path_variable("XDG_RUNTIME_DIR");
	char path[64];

	if (xdg && is_own_dir(xdg))
		return set_path(p->runtime, err, xdg, "/warder");
	snprintf(path, sizeof(path), "/run/user/%u", geteuid());
	if (is_own_dir(path))
		return set_path(p->runtime, err, path, "/warder");
	snprintf(path, sizeof(path), "/tmp/warder-%u", geteuid());
	return set_path(p->runtime, err, path, "");
}

static int find_user_state(struct places *p, struct error *err)
{
	const char *dir = path_variable("XDG_STATE_HOME");
	const struct passwd *pw;

	if (dir)
		return set_path(p->state, err, dir, "/warder");
	dir = path_variable("HOME");
	if (!dir) {
		pw = getpwuid(geteuid());
		dir = pw && pw->pw_dir && pw->pw_dir[0] == '/' ? pw->pw_dir : NULL;
	}
	if (!dir) {
		error_set(err, ENOENT, "state directory: uid %u has no home directory", geteuid());
		error_hint(err, "set HOME or XDG_STATE_HOME");
		return -ENOENT;
	}
	return set_path(p->state, err, dir, "/.local/state/warder");
}

static int find_paths(struct places *p, struct error *err)
{
	const char *runtime = path_variable("WARDER_RUNTIME_DIR");
	const char *state = path_variable("WARDER_STATE_DIR");
	int r;

	p->system = geteuid() == 0;
	if (runtime)
		r = set_path(p->runtime, err, runtime, "");
	else
		r = p->system ? set_path(p->runtime, err, SYSTEM_RUNTIME, "")
		              : find_user_runtime(p, err);
	if (r < 0)
		return r;
	if (state)
		return set_path(p->state, err, state, "");
	return p->system ? set_path(p->state, err, SYSTEM_STATE, "") : find_user_state(p, err);
}

/* Why opening a directory without following links failed, in words. */
static int open_error(int dirfd, const char *name, const char *shown, int code, struct error *err)
{
	struct stat st;

	if ((code == ENOTDIR || code == ELOOP) &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
		error_set(err, ELOOP, "%s: is a symbolic link", shown);
		error_hint(err, "remove it: warder makes its own directory");
		return -ELOOP;
	}
	return error_errno(err, code, "%s", shown);
}

static int check_dir(int fd, const char *shown, uid_t owner, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "%s", shown);
	if (st.st_uid != owner) {
		error_set(err, EPERM, "%s: owned by uid %u, expected %u", shown, st.st_uid, owner);
		error_hint(err, "remove it: warder makes its own directory");
		return -EPERM;
	}
	/* the group's bits are an ACL's mask too: no user of it may write either */
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, EPERM, "%s: others may write it (mode %04o)", shown,
		          st.st_mode & 07777);
		error_hint(err, "chmod go-w %s", shown);
		return -EPERM;
	}
	return 0;
}

/* Opens dirfd/name, a directory of `owner`. 0 with *ret -1 when it is not there. */
static int open_dir(int dirfd, const char *name, const char *shown, uid_t owner, int *ret,
                    struct error *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return open_error(dirfd, name, shown, errno, err);
	r = check_dir(fd, shown, owner, err);
	if (r == 0)
		*ret = fd_steal(&fd);
	return r;
}

/* mkdir of the last component, after its parents. The mode is meant: umask does not lessen it. */
static int make_dir(int dirfd, const char *name, const char *shown, mode_t mode, struct error *err)
{
	int r;

	if (mkdirat(dirfd, name, mode) < 0)
		return errno == EEXIST ? 0 : error_errno(err, errno, "%s", shown);
	r = fchmodat(dirfd, name, mode, 0);
	return r < 0 ? error_errno(err, errno, "%s", shown) : 0;
}

static int make_path(const char *path, mode_t mode, struct error *err)
{
	char parent[256];
	const char *slash = strrchr(path, '/');
	int r;

	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	if (parent[0] != '\0') {
		r = fd_mkdir_p(parent, mode);
		if (r < 0)
			return error_errno(err, r, "%s", parent);
	}
	return make_dir(AT_FDCWD, path, path, mode, err);
}

/* One of both trees: the directory and `sessions` in it. */
static int open_tree(const char *path, uid_t owner, bool create, int *ret_fd, int *ret_sessions,
                     struct error *err)
{
	mode_t mode = owner == 0 ? 0755 : 0700;
	char shown[256 + sizeof("/sessions")];
	bool there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int r = create && !there ? make_path(path, mode, err) : 0;

	if (r == 0)
		r = open_dir(AT_FDCWD, path, path, owner, ret_fd, err);
	if (r < 0 || *ret_fd < 0)
		return r;
	snprintf(shown, sizeof(shown), "%s/sessions", path);
	if (create)
		r = make_dir(*ret_fd, "sessions", shown, mode, err);
	return r < 0 ? r : open_dir(*ret_fd, "sessions", shown, owner, ret_sessions, err);
}

static int open_both(struct places *p, uid_t owner, bool create, struct error *err)
{
	int r = open_tree(p->runtime, owner, create, &p->runtime_fd, &p->runtime_sessions_fd, err);

	if (r == 0)
		r = open_tree(p->state, owner, create, &p->state_fd, &p->state_sessions_fd, err);
	if (r < 0)
		places_close(p);
	return r;
}

static bool is_root_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0;
}

int places_open(struct places *p, bool create, struct error *err)
{
	struct places found = places_none;
	int r = find_paths(&found, err);

	if (r < 0)
		return r;
	/* an override that is root's holds the system places of a test: places_open_system looks
	 * there */
	if (create || found.system || !path_variable("WARDER_RUNTIME_DIR") ||
	    !is_root_dir(found.runtime))
		r = open_both(&found, geteuid(), create, err);
	if (r == 0)
		*p = found;
	return r;
}

int places_open_system(struct places *p, struct error *err)
{
	const char *runtime = path_variable("WARDER_RUNTIME_DIR");
	const char *state = path_variable("WARDER_STATE_DIR");
	struct places found = places_none;
	int r;

	found.system = true;
	r = set_path(found.runtime, err, runtime ? runtime : SYSTEM_RUNTIME, "");
	if (r == 0)
		r = set_path(found.state, err, state ? state : SYSTEM_STATE, "");
	if (r == 0 && (!runtime || is_root_dir(found.runtime)))
		r = open_both(&found, 0, false, err);
	if (r == 0)
		*p = found;
	return r;
}

void places_close(struct places *p)
{
	fd_close(&p->runtime_sessions_fd);
	fd_close(&p->state_sessions_fd);
	fd_close(&p->runtime_fd);
	fd_close(&p->state_fd);
}

bool session_id_valid(const char *id)
{
	return strlen(id) == SESSION_ID_LEN && strspn(id, "0123456789abcdef") == SESSION_ID_LEN;
}

bool session_name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strlen(name);

	if (len == 0 || len > NAME_LEN_MAX || strspn(name, allowed) != len)
		return false;
	return isalnum((unsigned char)name[0]) && !session_id_valid(name);
}

int places_session_alive(const struct places *p, const char *id)
{
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int lock = -1;

	if (p->runtime_sessions_fd < 0)
		return -ENOENT;
	dir = openat(p->runtime_sessions_fd, id, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return -errno;
	lock = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (lock < 0)
		return errno == ENOENT ? 0 : -errno;
	return fd_locked(lock);
}
