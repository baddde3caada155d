/*
 * jobs.c: see jobs.h. A worker never touches the terminal: it puts the signals back, does its share
 * and leaves by _exit.
 *
 * A line: "+ID TEXT\n" done, "-ID TEXT\n" failed; shorter than PIPE_BUF, so that workers do not mix
 * (pipe(7)).
 */
#include "tui/jobs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/api/launch.h"
#include "core/api/link.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

#define STOP_GRACE_NS (10 * NS_PER_SEC)
#define STOP_WAIT_NS  (15 * NS_PER_SEC)
enum { RECEIVED_MAX = 4 * 1024 * 1024 };

static void report(int fd, bool ok, const char *id, const char *text)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%c%.15s %.900s\n", ok ? '+' : '-', id, text);

	static_assert(sizeof(line) <= PIPE_BUF, "a line is written whole");
	fd_write_all(fd, line, (size_t)n);
}

static int carry_out(const struct order *o, const char *id, struct error *err)
{
	switch (o->kind) {
	case ORDER_PAUSE:
		return link_pause(id, err);
	case ORDER_RESUME:
		return link_resume(id, err);
	case ORDER_STOP:
		return link_stop(id, STOP_GRACE_NS, STOP_WAIT_NS, err);
	case ORDER_KILL:
		return link_stop(id, 0, STOP_WAIT_NS, err);
	case ORDER_SIGNAL:
		return link_signal(id, o->signal, err);
	case ORDER_LAUNCH:
	default:
		return error_set(err, EINVAL, "no such order");
	}
}

static void launch(const struct order *o, int fd)
{
	struct packet_launched launched = { .id = "" };
	struct error err = ERROR_INIT;
	int connection = -1;
	int status;
	char text[900];

	if (launch_start(o->launch, &launched, &connection, &status, &err) < 0) {
		snprintf(text, sizeof(text), "%.600s%s%.250s", err.text,
		         err.hint[0] != '\0' ? "; " : "", err.hint);
		report(fd, false, "", text);
		return;
	}
	fd_close(&connection);
	launched.notices[strcspn(launched.notices, "\n")] = '\0';
	report(fd, true, launched.id, launched.notices);
}

static void work(const struct order *o, int share, int workers, int fd)
{
	if (o->kind == ORDER_LAUNCH) {
		launch(o, fd);
		return;
	}
	for (int i = share; i < o->n; i += workers) {
		struct error err = ERROR_INIT;
		int r = carry_out(o, o->ids[i], &err);

		report(fd, r >= 0, o->ids[i], r >= 0 ? "" : err.text);
	}
}

/* The dashboard's handlers restore its terminal: not the worker's business. */
static void forget_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static struct job *free_slot(struct jobs *j)
{
	for (int i = 0; i < JOBS_MAX; i++)
		if (!j->jobs[i].used)
			return &j->jobs[i];
	return NULL;
}

static int start_workers(struct job *job, const struct order *o, int workers, int *write_fd,
                         struct error *err)
{
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			forget_signals();
			fd_close(&job->fd);
			work(o, i, workers, *write_fd);
			_exit(0);
		}
		if (pid < 0) {
			/* Those that run do their share; the others' sessions are reported as
			 * failed. */
			if (i > 0)
				return 0;
			return error_errno(err, errno, "fork");
		}
		job->pids[job->workers++] = pid;
	}
	return 0;
}

int jobs_start(struct jobs *j, const struct order *o, struct error *err)
{
	int workers = o->kind == ORDER_LAUNCH ? 1 : o->n < JOB_WORKERS ? o->n : JOB_WORKERS;
	CLEANUP_FD int write_fd = -1;
	struct job *job = free_slot(j);
	int fds[2];
	int r;

	if (job == NULL)
		return error_set(err, EBUSY, "%d actions are still under way", JOBS_MAX);
	if (workers == 0)
		return error_set(err, EINVAL, "no session");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "pipe");
	write_fd = fds[1];
	*job = (struct job){
		.used = true, .kind = o->kind, .fd = fds[0], .n = o->kind == ORDER_LAUNCH ? 1 : o->n
	};
	fd_set_nonblock(job->fd, true);
	r = start_workers(job, o, workers, &write_fd, err);
	if (r < 0) {
		fd_close(&job->fd);
		job->used = false;
	}
	return r;
}

int jobs_fds(const struct jobs *j, int *fds, int max)
{
	int n = 0;

	for (int i = 0; i < JOBS_MAX && n < max; i++)
		if (j->jobs[i].used)
			fds[n++] = j->jobs[i].fd;
	return n;
}

/* True at the end of the pipe: every worker is done. */
static bool receive(struct job *job)
{
	char part[4096];
	ssize_t n;

	while ((n = read(job->fd, part, sizeof(part))) > 0)
		if (job->received.len < RECEIVED_MAX)
			buf_add(&job->received, part, (size_t)n);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void take_line(const char *line, struct outcome *o)
{
	bool ok = *line == '+';
	const char *id = line + 1;
	size_t id_len = strcspn(id, " ");
	bool first = ok ? o->done == 0 && o->failed == 0 : o->failed == 0;

	o->done += ok;
	o->failed += !ok;
	if (!first)
		return;
	snprintf(o->id, sizeof(o->id), "%.*s", (int)(id_len < 15 ? id_len : 15), id);
	snprintf(o->text, sizeof(o->text), "%.599s", id[id_len] != '\0' ? id + id_len + 1 : "");
}

static void finish(struct job *job, struct outcome *o)
{
	char *save = NULL;
	char *text = buf_steal(&job->received);

	*o = (struct outcome){ .kind = job->kind };
	for (char *l = text != NULL ? strtok_r(text, "\n", &save) : NULL; l != NULL;
	     l = strtok_r(NULL, "\n", &save))
		take_line(l, o);
	if (o->done + o->failed < job->n) {
		if (o->failed == 0)
			snprintf(o->text, sizeof(o->text), "its worker ended without a word");
		o->failed = job->n - o->done;
	}
	free(text);
	/* They have closed the pipe, so they are past all work. */
	for (int i = 0; i < job->workers; i++)
		waitpid(job->pids[i], NULL, 0);
	fd_close(&job->fd);
	*job = (struct job){ .used = false, .fd = -1 };
}

bool jobs_outcome(struct jobs *j, struct outcome *ret)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		if (j->jobs[i].used && receive(&j->jobs[i])) {
			finish(&j->jobs[i], ret);
			return true;
		}
	}
	return false;
}

void jobs_free(struct jobs *j)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		if (!j->jobs[i].used)
			continue;
		fd_close(&j->jobs[i].fd);
		buf_free(&j->jobs[i].received);
		j->jobs[i].used = false;
	}
}
