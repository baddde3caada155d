/*
 * test_base_tree.c: removing and making trees: symlinks that point outside, mounts, depth,
 * unreadable directories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "tests/unit/place.h"

static void test_remove_tree(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdir("outside", 0700), 0);
	make_file("outside/keep", "x");
	assert_int_equal(mkdir("t", 0700), 0);
	assert_int_equal(mkdir("t/a", 0700), 0);
	assert_int_equal(mkdir("t/a/b", 0700), 0);
	assert_int_equal(mkdir("t/empty", 0700), 0);
	make_file("t/a/b/f", "x");
	make_file("t/-rf *\n", "x");
	assert_int_equal(symlink("../outside", "t/link"), 0);
	assert_int_equal(symlink("../../outside", "t/a/link"), 0);
	assert_int_equal(symlink("..", "t/a/b/up"), 0);
	assert_int_equal(mkfifo("t/a/pipe", 0600), 0);
	assert_int_equal(fd_remove_tree(p->fd, "t"), 0);
	assert_int_equal(access("t", F_OK), -1);
	check_file("outside/keep", "x");
	/* A symlink is removed, not what it points to. */
	assert_int_equal(symlink("outside", "s"), 0);
	assert_int_equal(fd_remove_tree(p->fd, "s"), 0);
	assert_int_equal(access("s", F_OK), -1);
	check_file("outside/keep", "x");
	assert_int_equal(fd_remove_tree(p->fd, "absent"), 0);
	assert_int_equal(fd_remove_tree(p->fd, "outside/keep"), -EINVAL);
	assert_int_equal(fd_remove_tree(p->fd, ".."), -EINVAL);
	assert_int_equal(fd_remove_tree(p->fd, "."), -EINVAL);
	assert_int_equal(fd_remove_tree(p->fd, ""), -EINVAL);
	check_file("outside/keep", "x");
}

/* Far deeper than descriptors, PATH_MAX and any recursion would go. */
static void test_remove_deep_tree(void **state)
{
	struct place *p = *state;
	int before = open_fds();

	assert_int_equal(mkdir("deep", 0700), 0);
	assert_int_equal(chdir("deep"), 0);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(mkdir("x", 0700), 0);
		assert_int_equal(chdir("x"), 0);
	}
	assert_int_equal(fchdir(p->fd), 0);
	assert_int_equal(fd_remove_tree(p->fd, "deep"), 0);
	assert_int_equal(access("deep", F_OK), -1);
	assert_int_equal(open_fds(), before);
}

/* As an ordinary user: directories that their owner may not read or change. */
static void test_remove_unreadable(void **state)
{
	struct place *p = *state;
	pid_t pid;
	int status;

	assert_int_equal(chmod(p->path, 0777), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setresgid(40001, 40001, 40001) < 0 || setresuid(40001, 40001, 40001) < 0))
			_exit(1);
		if (mkdir("u", 0700) < 0 || mkdir("u/none", 0700) < 0 ||
		    mkdir("u/none/x", 0700) < 0 || mkdir("u/fixed", 0700) < 0 ||
		    mkdir("u/fixed/y", 0700) < 0)
			_exit(2);
		if (chmod("u/none", 0) < 0 || chmod("u/fixed", 0500) < 0 || chmod("u", 0300) < 0)
			_exit(3);
		_exit(fd_remove_tree(p->fd, "u") == 0 && access("u", F_OK) < 0 ? 0 : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int remove_over_mount(void)
{
	if (mkdir("t", 0700) < 0 || mkdir("t/m", 0700) < 0)
		return 77;
	if (mount("tmpfs", "t/m", "tmpfs", 0, "size=64k") < 0)
		return 77;
	make_file("t/m/keep", "x");
	if (fd_remove_tree(AT_FDCWD, "t") >= 0)
		return 1;
	if (access("t/m/keep", F_OK) < 0)
		return 2;
	if (umount2("t/m", MNT_DETACH) < 0)
		return 3;
	/* The same file system seen twice must be left alone too. */
	if (mkdir("src", 0700) < 0 || mkdir("src/d", 0700) < 0 ||
	    mount("src", "t/m", NULL, MS_BIND, NULL) < 0)
		return 4;
	if (fd_remove_tree(AT_FDCWD, "t") >= 0)
		return 5;
	if (access("src/d", F_OK) < 0)
		return 6;
	return umount2("t/m", MNT_DETACH) < 0 ? 7 : 0;
}

static void test_remove_stops_at_mounts(void **state)
{
	(void)state;
	check_in_private_mounts(remove_over_mount);
}

static void test_mkdir_p(void **state)
{
	struct place *p = *state;
	char path[128];
	struct stat st;
	mode_t old = umask(077);

	snprintf(path, sizeof(path), "%s/a//b/c/", p->path);
	assert_int_equal(fd_mkdir_p(path, 0755), 0);
	umask(old);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(chmod("a", 0700), 0);
	assert_int_equal(fd_mkdir_p(path, 0755), 0);
	assert_int_equal(stat("a", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700); /* what was there stays as it was */
	make_file("file", "x");
	snprintf(path, sizeof(path), "%s/file/x", p->path);
	assert_int_equal(fd_mkdir_p(path, 0755), -ENOTDIR);
	assert_int_equal(fd_mkdir_p("relative", 0755), -EINVAL);
	assert_int_equal(fd_mkdir_p("", 0755), -EINVAL);
	assert_int_equal(fd_mkdir_p("/", 0755), 0);
	assert_int_equal(fd_mkdir_p("/proc/warder", 0755), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(test_remove_tree),       in_place(test_remove_deep_tree),
		in_place(test_remove_unreadable), in_place(test_remove_stops_at_mounts),
		in_place(test_mkdir_p),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
