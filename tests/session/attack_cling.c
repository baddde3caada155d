/*
 * attack_cling.c: processes that do not want to end, each in a way of its own: attack_cling HOW
 * [SECONDS]. Every process of it is called "cling-MARK" with the mark from the environment, so
 * that a test can look for what is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int cling(void *unused)
{
	(void)unused;
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_IGN);
	for (;;)
		pause();
	return 0;
}

static void stopped(void)
{
	if (fork() == 0) {
		raise(SIGSTOP);
		cling(NULL);
	}
}

/* The parent is in vfork until the child goes: not to be interrupted but by SIGKILL. */
static void in_vfork(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	if (fork() == 0)
		clone(cling, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
}

static void zombies(void)
{
	for (int i = 0; i < 20; i++) {
		if (fork() == 0)
			_exit(0);
	}
}

static void daemon_twice(void)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			setsid();
			cling(NULL);
		}
		_exit(0);
	}
}

static void subreaper(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 5; i++)
		daemon_twice();
}

/* Its death raises a new one, for ever. */
static void pdeathsig(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			usleep(1000);
		if (pid != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGCONT);
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_IGN);
		if (fork() < 0)
			usleep(1000);
	}
}

static void traced(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(1);
		raise(SIGSTOP);
		cling(NULL);
	}
	waitpid(pid, NULL, WUNTRACED);
}

static void forking(void)
{
	for (int i = 0; i < 30; i++) {
		if (fork() == 0) {
			for (;;) {
				if (fork() > 0)
					_exit(0);
			}
		}
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*start)(void);
	} ways[] = {
		{ "stopped", stopped },     { "vfork", in_vfork },      { "zombies", zombies },
		{ "daemon", daemon_twice }, { "subreaper", subreaper }, { "pdeathsig", pdeathsig },
		{ "traced", traced },       { "forking", forking },
	};
	char name[16];

	snprintf(name, sizeof(name), "cling-%s", getenv("MARK") ? getenv("MARK") : "");
	prctl(PR_SET_NAME, name);
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			printf("started\n");
			fflush(stdout);
			ways[i].start();
			if (argc > 2) {
				usleep((useconds_t)(atof(argv[2]) * 1e6));
				return 0;
			}
			return cling(NULL);
		}
	}
	return 2;
}
