/*
 * sample.c: cgroup files (kept open, read by pread) or, without a cgroup, the processes below pid
 * 1 in /proc: then memory is the sum of resident sizes (shared pages count more than once) and
 * what cannot be known stays -1.
 */
#include "core/session/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/session/lifecycle.h"
#include "core/session/publish.h"

enum { WALK_MAX = 4096, ACTIVE_PERMILLE = 20 };

struct walk {
	int queue[WALK_MAX];
	int head, tail;
	int64_t ticks, pages;
};

static size_t read_small(const char *path, char *out, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;

	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* utime, stime, cutime, cstime: fields 14 to 17 of proc_pid_stat(5); the name before may hold
 * anything. */
static int64_t stat_ticks(int pid)
{
	char path[48], text[1024];
	const char *at;
	long long t[4];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	read_small(path, text, sizeof(text));
	at = strrchr(text, ')');
	if (!at ||
	    sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
	           &t[0], &t[1], &t[2], &t[3]) != 4)
		return 0;
	return t[0] + t[1] + t[2] + t[3];
}

static int64_t resident_pages(int pid)
{
	char path[48], text[128];
	long long pages = 0;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	read_small(path, text, sizeof(text));
	return sscanf(text, "%*d %lld", &pages) == 1 ? pages : 0;
}

static void add_children(struct walk *w, int pid)
{
	char path[64], text[8192];
	char *at = text, *end;

	/* the main thread's children; those of other threads are missed: an estimate, and called
	 * one */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	read_small(path, text, sizeof(text));
	for (;;) {
		long child = strtol(at, &end, 10);

		if (end == at || child <= 0 || w->tail == WALK_MAX)
			return;
		w->queue[w->tail++] = (int)child;
		at = end;
	}
}

static void usage_from_proc(struct session *s, struct cgroup_usage *u)
{
	struct walk *w = calloc(1, sizeof(*w));

	*u = (struct cgroup_usage){ .cpu_ns = -1,
		                    .memory = -1,
		                    .memory_peak = -1,
		                    .pids = -1,
		                    .read_bytes = -1,
		                    .write_bytes = -1,
		                    .throttled_ns = -1,
		                    .oom_kills = -1 };
	if (!w)
		return;
	w->queue[w->tail++] = s->box.init;
	while (w->head < w->tail) {
		int pid = w->queue[w->head++];

		w->ticks += stat_ticks(pid);
		w->pages += resident_pages(pid);
		add_children(w, pid);
	}
	u->cpu_ns = w->ticks * (int64_t)(NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	u->memory = w->pages * sysconf(_SC_PAGESIZE);
	u->memory_peak = s->usage.memory_peak > u->memory ? s->usage.memory_peak : u->memory;
	u->pids = w->tail;
	free(w);
}

void sample_usage(struct session *s)
{
	if (s->cgroup)
		cgroup_usage(s->cgroup, &s->usage);
	else if (!s->init_gone)
		usage_from_proc(s, &s->usage);
}

static int64_t rate(int64_t now, int64_t before, uint64_t over_ns, int64_t unit)
{
	if (now < 0 || before < 0 || over_ns == 0)
		return -1;
	if (now < before) /* processes that ended took their share with them (/proc) */
		return 0;
	return (int64_t)((double)(now - before) * (double)unit / (double)over_ns);
}

static void take(struct session *s, uint64_t now)
{
	const struct cgroup_usage *u = &s->usage, *b = &s->usage_before;
	uint64_t over = now - s->sampled_at;
	struct board_sample sample;

	s->usage_before = s->usage;
	sample_usage(s);
	sample = (struct board_sample){
		.at = now,
		.cpu_permille = (int32_t)rate(u->cpu_ns, b->cpu_ns, over, 1000),
		.pids = (int32_t)u->pids,
		.memory = u->memory,
		.read_rate = rate(u->read_bytes, b->read_bytes, over, (int64_t)NS_PER_SEC),
		.write_rate = rate(u->write_bytes, b->write_bytes, over, (int64_t)NS_PER_SEC),
		.net_in_rate = -1,
		.net_out_rate = -1,
		.throttled_permille = (int32_t)rate(u->throttled_ns, b->throttled_ns, over, 1000),
	};
	s->sampled_at = now;
	if (sample.cpu_permille > ACTIVE_PERMILLE)
		s->last_activity = now;
	publish_sample(s, &sample);
	if (u->oom_kills > 0)
		lifecycle_oom(s, u->oom_kills);
}

static void on_sample(struct loop_timer *t, uint64_t now)
{
	struct session *s = t->owner;

	take(s, now);
	trail_sync(&s->trail);
	loop_arm(s->loop, t, now + NS_PER_SEC);
}

void sample_open(struct session *s)
{
	s->sample_timer = (struct loop_timer){ .fired = on_sample, .owner = s };
	sample_usage(s);
	s->sampled_at = clock_now();
	publish_sample(s, NULL);
	loop_arm(s->loop, &s->sample_timer, s->sampled_at + NS_PER_SEC / 4);
}
