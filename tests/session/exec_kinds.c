/*
 * exec_kinds.c: every way to execute, each with an argument that names it, so that the trail can
 * be searched for it. Ends with the number of executions that went through, counted by their exit
 * statuses.
 */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRUE_PROGRAM "/usr/bin/true"

static int through;

static void wait_ok(pid_t pid)
{
	int status = 1;

	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		through++;
}

static void by_fork(const char *path, char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0) {
		execv(path, argv);
		_exit(126);
	}
	wait_ok(pid);
}

static void by_vfork(void)
{
	char *argv[] = { "true", "by-vfork", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execv(TRUE_PROGRAM, argv);
		_exit(126);
	}
	wait_ok(pid);
}

static void by_spawn(void)
{
	char *argv[] = { "true", "by-spawn", NULL };
	pid_t pid = 0;

	if (posix_spawn(&pid, TRUE_PROGRAM, NULL, NULL, argv, environ) == 0)
		wait_ok(pid);
}

static void *exec_in_thread(void *unused)
{
	char *argv[] = { "true", "by-thread", NULL };

	(void)unused;
	execv(TRUE_PROGRAM, argv);
	return NULL;
}

/* The leader sleeps; another thread takes its place by exec. */
static void by_thread(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, exec_in_thread, NULL);
		for (;;)
			pause();
	}
	wait_ok(pid);
}

static void copy_true(int to)
{
	char block[65536];
	int from = open(TRUE_PROGRAM, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while ((n = read(from, block, sizeof(block))) > 0) {
		if (write(to, block, (size_t)n) != n)
			exit(1);
	}
	close(from);
}

static void by_script(void)
{
	char *argv[] = { "script", "by-script", NULL };
	int fd = open("/tmp/script", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	dprintf(fd, "#!/bin/sh -e\nexit 0\n");
	close(fd);
	by_fork("/tmp/script", argv);
}

/* The file is gone before its program has run one instruction. */
static void deleted(void)
{
	char *argv[] = { "gone", "by-deleted", NULL };
	int fd = open("/tmp/gone", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	char path[64];

	copy_true(fd);
	close(fd);
	fd = open("/tmp/gone", O_PATH);
	unlink("/tmp/gone");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	by_fork(path, argv);
}

static void odd_bytes(void)
{
	char *argv[] = { "true", "odd-\xff\x1b[31m\xe2\x80\xae-bytes", NULL };

	by_fork(TRUE_PROGRAM, argv);
}

/* Nearly 2 MB of arguments in strings of 100,000. */
static void big(void)
{
	enum { STRINGS = 18, EACH = 100000 };
	char *argv[STRINGS + 3] = { "true", "by-big" };

	for (int i = 0; i < STRINGS; i++) {
		argv[i + 2] = malloc(EACH + 1);
		memset(argv[i + 2], 'a' + i, EACH);
		argv[i + 2][EACH] = '\0';
	}
	by_fork(TRUE_PROGRAM, argv);
}

static void no_arguments(void)
{
	char *argv[] = { NULL };

	by_fork(TRUE_PROGRAM, argv);
}

/* Twenty thousand arguments, all empty but the last: more than a record lists. */
static void many(void)
{
	enum { MANY = 20000 };
	static char empty[] = "";
	char **argv = calloc(MANY + 3, sizeof(*argv));

	argv[0] = strdup("true");
	argv[1] = strdup("by-many");
	for (int i = 2; i < MANY + 2; i++)
		argv[i] = empty;
	by_fork(TRUE_PROGRAM, argv);
}

/* What takes six times its size as JSON. */
static void control_bytes(void)
{
	char *argv[4] = { "true", "by-control" };

	argv[2] = malloc(60001);
	memset(argv[2], 1, 60000);
	argv[2][60000] = '\0';
	by_fork(TRUE_PROGRAM, argv);
}

/* Ten misses and a hit. */
static void path_search(void)
{
	char *argv[] = { "true", "by-path", NULL };
	pid_t pid;

	setenv("PATH", "/a:/b:/c:/d:/e:/f:/g:/h:/i:/j:/usr/bin", 1);
	pid = fork();
	if (pid == 0) {
		execvp("true", argv);
		_exit(126);
	}
	wait_ok(pid);
}

int main(void)
{
	char *plain[] = { "true", "by-fork", NULL };

	by_fork(TRUE_PROGRAM, plain);
	by_vfork();
	by_spawn();
	by_thread();
	by_script();
	deleted();
	odd_bytes();
	big();
	many();
	control_bytes();
	no_arguments();
	path_search();
	printf("%d\n", through);
	return 0;
}
