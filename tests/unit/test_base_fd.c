/*
 * test_base_fd.c: files, access lists and sockets on the real kernel: full disks, named pipes,
 * endless files, surplus descriptors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "tests/unit/place.h"

static void test_close_keeps_errno(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int stolen;

	(void)state;
	stolen = fd_steal(&fd);
	assert_int_equal(fd, -1);
	errno = ENOTTY;
	fd_close(&fd);
	fd_close(&stolen);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(stolen, -1);
}

static void test_sanitize_std(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct stat null;
		struct stat st;

		close(0);
		close(2);
		if (fd_sanitize_std() != 0 || stat("/dev/null", &null) < 0)
			_exit(1);
		for (int i = 0; i <= 2; i += 2) {
			if (fstat(i, &st) < 0 || st.st_rdev != null.st_rdev)
				_exit(2);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_flags(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(fd_set_nonblock(fd, true), 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(fd_set_nonblock(fd, false), 0);
	assert_false((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(fd_set_cloexec(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
	assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
}

/* A pipe that does not take it all at once, and does not block. */
static void test_write_all_polls(void **state)
{
	enum { SIZE = 300000 };
	char *data = malloc(SIZE);
	int pipes[2];
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		size_t got = 0;
		ssize_t n;

		fd_close(&pipes[1]);
		fd_set_nonblock(pipes[0], false);
		usleep(20000);
		while ((n = read(pipes[0], data, SIZE)) > 0)
			got += (size_t)n;
		_exit(got == SIZE ? 0 : 1);
	}
	memset(data, 'x', SIZE);
	assert_int_equal(fd_write_all(pipes[1], data, SIZE), 0);
	fd_close(&pipes[1]);
	fd_close(&pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
	free(data);
}

static void test_read_file(void **state)
{
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len = 7;

	(void)state;
	make_file("a", "0123456789");
	assert_int_equal(fd_read_file(AT_FDCWD, "a", 10, &text, &len, &err), 0);
	assert_int_equal(len, 10);
	assert_string_equal(text, "0123456789");
	free(text);
	text = NULL;
	assert_int_equal(fd_read_file(AT_FDCWD, "a", 9, &text, &len, &err), -EFBIG);
	assert_string_equal(err.text, "a: larger than 9 bytes");
	assert_null(text);
	make_file("empty", "");
	assert_int_equal(fd_read_file(AT_FDCWD, "empty", 0, &text, &len, &err), 0);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
	text = NULL;
	assert_int_equal(fd_read_file(AT_FDCWD, "no\n", 9, &text, &len, &err), -ENOENT);
	assert_string_equal(err.text, "no\\n: No such file or directory");
	assert_int_equal(fd_read_file(AT_FDCWD, ".", 9, &text, &len, &err), -EISDIR);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(fd_read_file(AT_FDCWD, "pipe", 9, &text, &len, &err), -EINVAL);
	assert_string_equal(err.text, "pipe: not a regular file");
	assert_int_equal(fd_read_file(AT_FDCWD, "/dev/zero", 9, &text, &len, &err), -EINVAL);
	/* A file that says it is empty and is not. */
	assert_int_equal(fd_read_file(AT_FDCWD, "/proc/self/status", 65536, &text, &len, &err), 0);
	assert_true(len > 100);
	free(text);
}

static void test_read_all_endless(void **state)
{
	CLEANUP_FD int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(fd_read_all(fd, "zero", 100000, &text, &len, &err), -EFBIG);
	assert_string_equal(err.text, "zero: larger than 100000 bytes");
	assert_null(text);
}

static void test_atomic(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct stat st;
	mode_t old = umask(077);

	assert_int_equal(fd_write_file_atomic(p->fd, "f", "one", 3, 0644, &err), 0);
	umask(old);
	check_file("f", "one");
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(symlink("/nowhere/x", "link"), 0);
	assert_int_equal(fd_write_file_atomic(p->fd, "link", "two", 3, 0600, &err), 0);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISREG(st.st_mode)); /* replaced, not followed */
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(fd_write_file_atomic(p->fd, "d/f", "three", 5, 0600, &err), 0);
	check_file("d/f", "three");
	assert_int_equal(fd_write_file_atomic(p->fd, "none/f", "x", 1, 0600, &err), -ENOENT);
	assert_string_equal(err.text, "none/f: No such file or directory");
	assert_int_equal(fd_write_file_atomic(p->fd, "d", "x", 1, 0600, &err), -EISDIR);
	assert_int_equal(unlink("d/f"), 0);
	assert_int_equal(rmdir("d"), 0); /* nothing was left beside it */
}

static int full_disk(void)
{
	struct error err = ERROR_INIT;
	char *big = calloc(1, 200000);
	char *text = NULL;
	struct dirent **entries;
	size_t len;
	int n;

	if (mkdir("disk", 0700) < 0 || mount("tmpfs", "disk", "tmpfs", 0, "size=64k") < 0)
		return 77;
	if (fd_write_file_atomic(AT_FDCWD, "disk/f", "old", 3, 0600, &err) != 0)
		return 1;
	if (fd_write_file_atomic(AT_FDCWD, "disk/f", big, 200000, 0600, &err) != -ENOSPC)
		return 2;
	if (strcmp(err.text, "disk/f: No space left on device") != 0)
		return 3;
	if (fd_read_file(AT_FDCWD, "disk/f", 100, &text, &len, NULL) != 0 ||
	    strcmp(text, "old") != 0)
		return 4;
	free(text);
	free(big);
	/* What was written of the new one is gone: nothing else is on the disk. */
	n = scandir("disk", &entries, NULL, NULL);
	if (n != 3 || umount2("disk", MNT_DETACH) < 0)
		return 5;
	while (n > 0)
		free(entries[--n]);
	free(entries);
	return 0;
}

static void test_atomic_full_disk(void **state)
{
	(void)state;
	check_in_private_mounts(full_disk);
}

static void test_write_value(void **state)
{
	struct place *p = *state;

	make_file("value", "");
	assert_int_equal(fd_write_value(p->fd, "value", "42"), 0);
	check_file("value", "42");
	assert_int_equal(fd_write_value(p->fd, "missing", "42"), -ENOENT);
	assert_int_equal(access("missing", F_OK), -1);
	assert_int_equal(fd_write_value(AT_FDCWD, "/dev/full", "42"), -ENOSPC);
}

static void test_openat2(void **state)
{
	struct place *p = *state;
	int fd;

	assert_int_equal(symlink("/etc", "out"), 0);
	assert_int_equal(fd_openat2(p->fd, "out", O_PATH, RESOLVE_NO_SYMLINKS), -ELOOP);
	assert_int_equal(fd_openat2(p->fd, "out/passwd", O_RDONLY, RESOLVE_BENEATH), -EXDEV);
	assert_int_equal(fd_openat2(p->fd, "..", O_PATH, RESOLVE_BENEATH), -EXDEV);
	fd = fd_openat2(p->fd, ".", O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(&fd);
}

static void test_pass_fds(void **state)
{
	int pair[2];
	int send[16];
	int got[16];
	char data[8];
	int before;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < 16; i++)
		send[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	before = open_fds();
	assert_int_equal(fd_send(pair[0], "abc", 3, send, 16, 0), 3);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, 16, 0), 3);
	assert_memory_equal(data, "abc", 3);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
		fd_close(&got[i]);
	}
	/* Surplus ones are closed, missing ones are -1. */
	assert_int_equal(fd_send(pair[0], "a", 1, send, 5, 0), 1);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, 2, 0), 1);
	assert_int_equal(open_fds(), before + 2);
	fd_close(&got[0]);
	fd_close(&got[1]);
	assert_int_equal(fd_send(pair[0], "a", 1, send, 16, 0), 1);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), NULL, 0, 0), 1);
	assert_int_equal(fd_send(pair[0], "a", 1, NULL, 0, 0), 1);
	got[0] = 99;
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, 1, 0), 1);
	assert_int_equal(got[0], -1);
	/* A message that does not fit is no message. */
	assert_int_equal(fd_send(pair[0], "0123456789", 10, send, 2, 0), 10);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), got, 2, 0), -EMSGSIZE);
	assert_int_equal(got[0], -1);
	assert_int_equal(open_fds(), before);
	assert_int_equal(fd_send(pair[0], "a", 1, send, 17, 0), -EINVAL);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), NULL, 0, MSG_DONTWAIT), -EAGAIN);
	fd_close(&pair[0]);
	assert_int_equal(fd_recv(pair[1], data, sizeof(data), NULL, 0, 0), 0);
	assert_int_equal(fd_send(pair[1], "a", 1, NULL, 0, 0), -EPIPE); /* and no SIGPIPE */
	fd_close(&pair[1]);
	for (int i = 0; i < 16; i++)
		fd_close(&send[i]);
}

/* Whether uid (and gid) can open path for reading, tried in a child. */
static bool can_read(uid_t uid, gid_t gid, const char *path)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(2);
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 0;
}

static void test_grant_read(void **state)
{
	struct place *p = *state;
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (geteuid() != 0) {
		print_message("trying as another user needs root\n");
		skip();
	}
	assert_int_equal(mkdir("d", 0700), 0);
	make_file("d/f", "x");
	assert_int_equal(chmod(p->path, 0711), 0);
	fd = open("d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd_grant_read(fd, 40001, (gid_t)-1);
	if (r == -EOPNOTSUPP) {
		print_message("no ACLs on /tmp\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_true(can_read(40001, 40001, "d"));
	assert_false(can_read(40002, 40002, "d"));
	assert_false(can_read(40001, 40001, "d/f"));
	/* A second grant keeps the first; again changes nothing. */
	assert_int_equal(fd_grant_read(fd, 40002, 40009), 0);
	assert_int_equal(fd_grant_read(fd, 40002, 40009), 0);
	assert_true(can_read(40001, 40001, "d"));
	assert_true(can_read(40002, 40002, "d"));
	assert_true(can_read(40003, 40009, "d"));
	assert_false(can_read(40003, 40003, "d"));
	fd_close(&fd);
	fd = open("d/f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_grant_read(fd, 40001, (gid_t)-1), 0);
	assert_true(can_read(40001, 40001, "d/f"));
	assert_false(can_read(40002, 40002, "d/f"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0117, 0); /* nothing executable, nothing for others */
}

/* A reader's own lock neither counts as the holder's nor is counted. */
static void test_lock(void **state)
{
	char path[] = "/tmp/warder-lock-XXXXXX";
	int held = mkostemp(path, O_CLOEXEC);
	int reader = open(path, O_RDONLY | O_CLOEXEC);
	int other = open(path, O_RDWR | O_CLOEXEC);
	struct flock shared = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	(void)state;
	assert_true(held >= 0 && reader >= 0 && other >= 0);
	assert_int_equal(fd_locked(reader), 0);
	assert_int_equal(fd_lock(held), 0);
	assert_int_equal(fd_locked(reader), 1);
	assert_int_equal(fd_lock(other), -EAGAIN);
	assert_int_equal(fd_lock(reader), -EBADF);
	fd_close(&held);
	assert_int_equal(fcntl(reader, F_OFD_SETLK, &shared), 0);
	assert_int_equal(fd_locked(other), 0);
	fd_close(&reader);
	fd_close(&other);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_keeps_errno),
		cmocka_unit_test(test_sanitize_std),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_write_all_polls),
		in_place(test_read_file),
		cmocka_unit_test(test_read_all_endless),
		in_place(test_atomic),
		in_place(test_atomic_full_disk),
		in_place(test_write_value),
		in_place(test_openat2),
		cmocka_unit_test(test_pass_fds),
		in_place(test_grant_read),
		cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
