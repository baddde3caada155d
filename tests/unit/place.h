/*
 * place.h: for the tests of files: an empty directory for each test, and mounts of one's own.
 * Include after cmocka.h.
 */
#ifndef WARDER_TESTS_PLACE_H
#define WARDER_TESTS_PLACE_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"

/* Every test has an empty directory, which is the working directory too. */
struct place {
	char path[64];
	int fd;
};

static inline int enter_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->path, "/tmp/test_base_fd.XXXXXX");
	if (mkdtemp(p->path) == NULL || chdir(p->path) < 0)
		return -1;
	p->fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->fd < 0 ? -1 : 0;
}

static inline int leave_place(void **state)
{
	struct place *p = *state;
	int r;

	if (chdir("/") < 0)
		return -1;
	r = fd_remove_tree(AT_FDCWD, p->path + 1); /* has a slash: refused */
	if (r != -EINVAL)
		return -1;
	if (chdir("/tmp") < 0)
		return -1;
	r = fd_remove_tree(AT_FDCWD, p->path + strlen("/tmp/"));
	fd_close(&p->fd);
	free(p);
	return r;
}

static inline void make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	fd_close(&fd);
}

static inline void check_file(const char *path, const char *want)
{
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(AT_FDCWD, path, 1000, &text, &len, NULL), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal(text, want);
	free(text);
}

static inline int open_fds(void)
{
	int n = 0;

	for (int i = 0; i < 256; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

/* Runs in a mount namespace of its own; 77 where there is none to be had. */
static inline int in_private_mounts(int (*body)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(77);
		_exit(body());
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static inline void check_in_private_mounts(int (*body)(void))
{
	int r;

	if (geteuid() != 0) {
		print_message("mounting needs root\n");
		skip();
	}
	r = in_private_mounts(body);
	if (r == 77) {
		print_message("no mount namespace or tmpfs here\n");
		skip();
	}
	assert_int_equal(r, 0);
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, enter_place, leave_place)

#endif
