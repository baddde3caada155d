/*
 * jobs.h: orders carried out beside the screen. Talking to a supervisor may take seconds (stopping
 * one, or one that hangs), so each order runs in short-lived child processes that report a line a
 * session over a pipe; the screen polls that pipe.
 */
#ifndef WARDER_TUI_JOBS_H
#define WARDER_TUI_JOBS_H

#include "tui/source.h"

enum {
	JOBS_MAX = 16,    /* orders under way */
	JOB_WORKERS = 16, /* processes of one order: one that hangs holds up few others */
};

struct job {
	bool used;
	enum order_kind kind;
	int fd, n, workers;
	int pids[JOB_WORKERS];
	struct buf received;
};

struct jobs {
	struct job jobs[JOBS_MAX];
};

int jobs_start(struct jobs *j, const struct order *o, struct error *err);
int jobs_fds(const struct jobs *j, int *fds, int max);
/* Takes what has come. True with *ret when an order is finished. */
bool jobs_outcome(struct jobs *j, struct outcome *ret);
/* Orders still under way go on without us. */
void jobs_free(struct jobs *j);

#endif
