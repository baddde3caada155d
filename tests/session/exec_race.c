/*
 * exec_race.c: spawns printf N times while a second thread rewrites the argument vector and the
 * strings it points to. What each printf really got is what it prints; the trail must say just
 * that.
 */
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[2][40] = { "first", "other" };
static char format[] = "%s\n", program[] = "/usr/bin/printf";
static char *volatile args[4] = { program, format, text[0], NULL };
static volatile bool stop;

static void *rewrite(void *unused)
{
	(void)unused;
	for (unsigned i = 0; !stop; i++) {
		unsigned len = 1 + i % 30;

		memset(text[0], 'a' + (int)(i % 26), len);
		text[0][len] = '\0';
		args[2] = text[i & 1];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 100;
	pthread_t thread;

	if (pthread_create(&thread, NULL, rewrite, NULL) != 0)
		return 1;
	for (int i = 0; i < n; i++) {
		pid_t pid;

		if (posix_spawn(&pid, program, NULL, NULL, (char *const *)args, environ) != 0)
			return 1;
		waitpid(pid, NULL, 0);
	}
	stop = true;
	pthread_join(thread, NULL);
	return 0;
}
