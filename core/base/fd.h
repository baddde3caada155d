/*
 * fd.h: descriptors and files. A descriptor variable starts at -1, is closed by scope (CLEANUP_FD)
 * and leaves its scope only through fd_steal(). close(2) is never retried: on Linux the descriptor
 * is gone even after EINTR (close(2), "Dealing with error returns").
 */
#ifndef WARDER_BASE_FD_H
#define WARDER_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "core/base/error.h"

/* Closes *fd if >= 0, sets it to -1, keeps errno. */
void fd_close(int *fd);
static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}

/* For a large buffer of which nothing is looked at but what was just put there: the compiler does
 * not fill it first (-ftrivial-auto-var-init), which costs a page fault every 4 KiB. */
#define UNFILLED     __attribute__((uninitialized))

#define CLEANUP_FD   __attribute__((cleanup(fd_close)))
#define CLEANUP_FREE __attribute__((cleanup(free_cleanup)))

static inline int fd_steal(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

/* Opens /dev/null on any of 0, 1, 2 that is closed. Call first thing in main. 0 or -errno. */
int fd_sanitize_std(void);

/* O_NONBLOCK and FD_CLOEXEC on or off. 0 or -errno. */
int fd_set_nonblock(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/* Writes all of it, restarting on EINTR and polling on EAGAIN. 0 or -errno. Not for peers that
 * may stall. */
int fd_write_all(int fd, const void *data, size_t len);

/* Reads a whole file of at most max bytes; *ret is NUL-terminated (not counted), the caller
 * frees it. -EFBIG when it is longer. path is taken from dirfd as openat(2) does. */
int fd_read_file(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len,
                 struct error *err);
/* The same from an open descriptor, from its current offset. `what` names it in errors. */
int fd_read_all(int fd, const char *what, size_t max, char **ret, size_t *ret_len,
                struct error *err);

/* Replaces dirfd/path with data: written beside it, then renameat(2)d, so that a reader sees the
 * old or the new one, whole. A full disk leaves the old one. */
int fd_write_file_atomic(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
                         struct error *err);
/* Writes one value to an existing file (cgroup, /proc): a single write(2). 0 or -errno. */
int fd_write_value(int dirfd, const char *path, const char *value);

/* openat2(2). 0 <= fd or -errno. */
int fd_openat2(int dirfd, const char *path, int flags, uint64_t resolve);

/* One message with up to 16 descriptors over a unix socket. recv: returns bytes (0 at end of
 * file) or -errno; unused slots of fds are -1; descriptors are O_CLOEXEC; surplus ones are
 * closed; -EMSGSIZE when the message was longer than max, its descriptors closed. send adds
 * MSG_NOSIGNAL. Both restart on EINTR. */
ssize_t fd_send(int sock, const void *data, size_t len, const int *fds, int nfds, int flags);
ssize_t fd_recv(int sock, void *data, size_t max, int *fds, int nfds, int flags);

/* Lets one user, and a group unless gid is (gid_t)-1, read (and for directories search) an
 * object owned by somebody else, by a POSIX ACL (acl(5); xattr system.posix_acl_access). Takes
 * an ordinary descriptor. 0 or -errno (-EOPNOTSUPP where the file system has none). */
int fd_grant_read(int fd, uid_t uid, gid_t gid);

/* Takes the write lock of an open file description (fcntl(2), "Open file description locks")
 * without waiting; it is held until the last descriptor of that description is closed. Takes a
 * descriptor open for writing. 0, -EAGAIN when it is held. */
int fd_lock(int fd);
/* Does anybody hold that write lock? 1, 0 or -errno. Takes no lock; what a mere reader of the file
 * can take is not counted: he can neither fake life nor hinder a reaper (with flock(2) he could).
 */
int fd_locked(int fd);

/* rm -r of dirfd/name (one component), never following a symlink, never crossing a mount (-EXDEV).
 * Directories without u+rwx get it first. Stops at the first failure. 0 or -errno; absent is 0. */
int fd_remove_tree(int dirfd, const char *name);

/* mkdir -p of an absolute path; each missing directory gets mode. 0 or -errno. */
int fd_mkdir_p(const char *path, mode_t mode);

#endif
