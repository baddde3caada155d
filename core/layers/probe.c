/*
 * probe.c: what every layer's probe needs: a child to try things in, and a result to fill.
 *
 * A probe changes credentials, filters or namespaces for good, so it is done in a forked child
 * whose exit status is the errno. The caller must be single-threaded, as all of warder is.
 */
#include "core/layers/probe.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int probe_child(int (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(-attempt() & 0xff);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

void probe_set(struct probe_result *ret, enum layer_state state, const char *remedy,
               const char *fmt, ...)
{
	va_list ap;

	*ret = (struct probe_result){ .state = state };
	va_start(ap, fmt);
	vsnprintf(ret->detail, sizeof(ret->detail), fmt, ap);
	va_end(ap);
	snprintf(ret->remedy, sizeof(ret->remedy), "%s", remedy ? remedy : "");
}
