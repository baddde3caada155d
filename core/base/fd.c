/*
 * fd.c: descriptors, whole files read and replaced, descriptors passed over sockets.
 */
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/digest.h"

enum {
	READ_FIRST = 4096,
	PASS_MAX = 16,      /* descriptors in one message */
	OPENAT2_TRIES = 32, /* a rename elsewhere ends a scoped walk with EAGAIN */
};

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_sanitize_std(void)
{
	for (int i = 0; i <= 2; i++) {
		int fd;

		if (fcntl(i, F_GETFD) >= 0)
			continue;
		if (errno != EBADF)
			return -errno;
		fd = open("/dev/null", O_RDWR | O_NOCTTY); /* the lowest free number is i */
		if (fd < 0)
			return -errno;
		if (fd != i) {
			fd_close(&fd);
			return -EBADF;
		}
	}
	return 0;
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);
	int wanted;

	if (flags < 0)
		return -errno;
	wanted = on ? flags | flag : flags & ~flag;
	if (wanted != flags && fcntl(fd, set, wanted) < 0)
		return -errno;
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (n == 0) {
			return -EIO;
		} else if (errno == EAGAIN) {
			struct pollfd poller = { .fd = fd, .events = POLLOUT };

			if (poll(&poller, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Room for what the file says it has, and one byte more to see that it ended, within max. */
static size_t first_room(int fd, size_t max)
{
	struct stat st;
	size_t room = READ_FIRST;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		room = (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : max + 1;
	return room < max + 1 ? room : max + 1;
}

int fd_read_all(int fd, const char *what, size_t max, char **ret, size_t *ret_len,
                struct error *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t room;
	size_t len = 0;

	if (max > SIZE_MAX / 4)
		max = SIZE_MAX / 4;
	room = first_room(fd, max);
	data = malloc(room + 1);
	while (data != NULL) {
		ssize_t n = read(fd, data + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "%s", what);
		len += (size_t)n;
		if (len > max)
			return error_set(err, EFBIG, "%s: larger than %zu bytes", what, max);
		if (n == 0) {
			data[len] = '\0';
			*ret = data;
			*ret_len = len;
			data = NULL;
			return 0;
		}
		if (len == room) {
			char *more;

			room = room * 2 < max + 1 ? room * 2 : max + 1;
			more = realloc(data, room + 1);
			if (more == NULL)
				break;
			data = more;
		}
	}
	return error_errno(err, ENOMEM, "%s", what);
}

int fd_read_file(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len,
                 struct error *err)
{
	/* O_NONBLOCK: opening a named pipe must not wait for a writer. */
	CLEANUP_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return error_errno(err, EISDIR, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s: not a regular file", path);
	return fd_read_all(fd, path, max, ret, ret_len, err);
}

/* "dir/file" -> "dir/.file.XXXXXXXX", to be freed. */
static int name_beside(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	uint32_t number;
	int r = random_bytes(&number, sizeof(number));

	if (r < 0)
		return r;
	if (asprintf(ret, "%.*s.%s.%08x", (int)(base - path), path, base, number) < 0)
		return -ENOMEM;
	return 0;
}

static int fill_and_rename(int dirfd, const char *temporary, const char *path, const void *data,
                           size_t len, mode_t mode)
{
	int fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	                mode & 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, len);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	/* A quota or a network file system may only now say that there is no room. */
	if (close(fd) < 0 && r == 0 && errno != EINTR)
		r = -errno;
	if (r == 0 && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dirfd, temporary, 0);
	return r;
}

int fd_write_file_atomic(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
                         struct error *err)
{
	CLEANUP_FREE char *temporary = NULL;
	int r = name_beside(path, &temporary);

	if (r == 0)
		r = fill_and_rename(dirfd, temporary, path, data, len, mode);
	return r < 0 ? error_errno(err, r, "%s", path) : 0;
}

int fd_write_value(int dirfd, const char *path, const char *value)
{
	CLEANUP_FD int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(value);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = write(fd, value, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int fd_openat2(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = resolve,
	};

	for (int i = 0; i < OPENAT2_TRIES; i++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

ssize_t fd_send(int sock, const void *data, size_t len, const int *fds, int nfds, int flags)
{
	union {
		struct cmsghdr header; /* for the alignment */
		char room[CMSG_SPACE(PASS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds < 0 || nfds > PASS_MAX)
		return -EINVAL;
	/* sendmsg only reads it; iov_base is not const in POSIX. */
	memcpy(&iov.iov_base, &data, sizeof(data));
	iov.iov_len = len;
	if (nfds > 0) {
		size_t size = (size_t)nfds * sizeof(int);
		struct cmsghdr *c;

		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(size);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), fds, size);
	}
	do {
		n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Hands the descriptors of one control message to fds[*got...]; closes those without a slot. */
static void take_fds(struct cmsghdr *c, int *fds, int nfds, int *got)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		if (*got < nfds)
			fds[(*got)++] = fd;
		else
			fd_close(&fd);
	}
}

ssize_t fd_recv(int sock, void *data, size_t max, int *fds, int nfds, int flags)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(PASS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = max };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	int got = 0;
	ssize_t n;

	for (int i = 0; i < nfds; i++)
		fds[i] = -1;
	do {
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, fds, nfds, &got);
	}
	if ((msg.msg_flags & MSG_TRUNC) != 0) {
		for (int i = 0; i < got; i++)
			fd_close(&fds[i]);
		return -EMSGSIZE;
	}
	return n;
}

int fd_lock(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int fd_locked(int fd)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_GETLK, &l) < 0)
		return -errno;
	return l.l_type != F_UNLCK;
}
