/*
 * limits.c: memory, CPU and processes by a cgroup of the session's own; open files and the like by
 * resource limits.
 *
 * The cgroup exists before the child does. clone puts the child into the v2 directory
 * (CLONE_INTO_CGROUP), so that the session can be killed as a whole from its first instant; the
 * child itself steps into the v1 hierarchies when it enters this layer, before anything of the
 * agent's runs. Its cgroup namespace is made after that, so that the session sees its own cgroup as
 * the root. Sources: cgroup-v2.rst, cgroup_namespaces(7), getrlimit(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/cgroup.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

enum {
	REMOVE_WAIT_MS = 2000, /* the kernel lets go of dead tasks in some milliseconds */
	MEMLOCK_BYTES =
		64 * 1024, /* keys in memory and the like; locked memory cannot be reclaimed */
	/* Both are counted for who made the user namespace, too: a session that took all of root's
	 * would leave the host's root without timers and message queues. A part of the kernel's
	 * defaults (mq_overview(7), timer_create(2)). */
	MSGQUEUE_BYTES = 200 * 1024,
	SIGNALS_PENDING = 1024,
};

enum { RLIMITS_MAX = 9 };

struct limits {
	struct cgroup *cgroup; /* NULL when no hierarchy can be used */
	struct {
		int resource;
		rlim_t value;
	} rlimits[RLIMITS_MAX];
	int n_rlimits;
};

/* Never above the limit that this process has: only a few may raise it. */
static void limit_add(struct limits *s, int resource, rlim_t value)
{
	struct rlimit now;

	if (prlimit(0, (enum __rlimit_resource)resource, NULL, &now) == 0 && value > now.rlim_max)
		value = now.rlim_max;
	s->rlimits[s->n_rlimits].resource = resource;
	s->rlimits[s->n_rlimits++].value = value;
}

static void list_rlimits(struct limits *s, const struct policy *p)
{
	limit_add(s, RLIMIT_NOFILE, p->limits.open_files);
	limit_add(s, RLIMIT_CORE, 0);
	limit_add(s, RLIMIT_MEMLOCK, MEMLOCK_BYTES);
	limit_add(s, RLIMIT_MSGQUEUE, MSGQUEUE_BYTES);
	limit_add(s, RLIMIT_SIGPENDING, SIGNALS_PENDING);
	limit_add(s, RLIMIT_RTPRIO, 0);
	limit_add(s, RLIMIT_NICE, 0);
	/* Counts all processes of the host user on some kernels, so it only stands in for a missing
	 * pids controller. */
	if (!s->cgroup || strstr(cgroup_missing(s->cgroup), "pids"))
		limit_add(s, RLIMIT_NPROC, p->limits.pids);
}

static const char *remedy(const struct launch *l)
{
	if (l->root_mode)
		return "mount the cgroup file systems writable, with the controllers cpu, memory "
		       "and pids";
	return "start it in a delegated cgroup: systemd-run --user --scope -p Delegate=yes warder "
	       "…, and for "
	       "the cpu controller put Delegate=cpu memory pids under [Service] in "
	       "/etc/systemd/system/user@.service.d/delegate.conf";
}

static int report_created(struct launch *l, const struct cgroup *c, struct error *err)
{
	const char *missing = cgroup_missing(c), *note = cgroup_note(c);

	if (*missing)
		return layer_settle_status(l, LAYER_LIMITS, LAYER_DEGRADED, err, remedy(l),
		                           "cgroup %s without a controller for %s: %s",
		                           cgroup_kind(c), missing, note);
	return layer_settle_status(l, LAYER_LIMITS, LAYER_ENFORCED, err, NULL, "cgroup %s%s%s",
	                           cgroup_kind(c), *note ? "; " : "", note);
}

/* For an audit: what a launch would get, by a trial that leaves nothing. */
static int report_world(struct launch *l, struct error *err)
{
	struct cgroup_world w;
	int r = cgroup_world(&w);

	if (r < 0)
		return error_errno(err, r, "limits: looking at the cgroup file systems");
	if (w.why[0])
		return layer_settle_status(l, LAYER_LIMITS, LAYER_DEGRADED, err, remedy(l),
		                           "%.199s", w.why);
	return layer_settle_status(l, LAYER_LIMITS, LAYER_ENFORCED, err, NULL, "cgroup %s",
	                           w.v2        ? "v2"
	                           : w.v2_kill ? "v1+v2"
	                                       : "v1");
}

static int limits_prepare(struct launch *l, struct error *err)
{
	const struct cgroup_limits lim = {
		.memory = l->policy->limits.memory,
		.cpus_milli = l->policy->limits.cpus_milli,
		.pids = l->policy->limits.pids,
	};
	struct error why = ERROR_INIT;
	struct limits *s;
	int r;

	l->cgroup_fd = -1;
	if (l->audit_only)
		return report_world(l, err);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_errno(err, ENOMEM, "limits");
	l->state[LAYER_LIMITS] = s;
	r = cgroup_create(l->owner_uid, l->id, &lim, &s->cgroup, &why);
	if (r < 0 && r != -ENOTSUP) {
		if (err)
			*err = why;
		return r;
	}
	list_rlimits(s, l->policy);
	if (r == -ENOTSUP)
		return layer_settle_status(l, LAYER_LIMITS, LAYER_DEGRADED, err, remedy(l),
		                           "no usable cgroup: %.180s", why.text);
	l->cgroup_fd = cgroup_clone_fd(s->cgroup);
	return report_created(l, s->cgroup, err);
}

/* What a service manager gave its own (proc_pid_oom_score_adj(5)): a process that the kernel spares
 * would run into the memory limit and stay there. */
static void spare_nobody(pid_t child)
{
	CLEANUP_FREE char *text = NULL;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)child);
	if (fd_read_file(AT_FDCWD, path, 16, &text, &len, NULL) == 0 && text[0] == '-')
		(void)fd_write_value(AT_FDCWD, path, "0");
}

static int limits_settle(struct launch *l, pid_t child, struct error *err)
{
	struct cgroup *c = limits_cgroup(l);

	spare_nobody(child);
	return c ? cgroup_join_v2(c, child, err) : 0;
}

/* No better place in the queue than anybody's, whatever the caller has: real-time tasks are not
 * held by a CPU limit (sched(7)). */
static int ordinary_priority(void)
{
	const struct sched_param none = { 0 };
	int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;

	if ((policy == SCHED_FIFO || policy == SCHED_RR) &&
	    sched_setscheduler(0, SCHED_OTHER, &none) < 0)
		return -errno;
	if (getpriority(PRIO_PROCESS, 0) < 0 && setpriority(PRIO_PROCESS, 0, 0) < 0)
		return -errno;
	return 0;
}

static int limits_enter(const struct launch *l, struct layer_report *report)
{
	const struct limits *s = l->state[LAYER_LIMITS];
	int r;

	report->what = "take an ordinary priority";
	r = ordinary_priority();
	if (r < 0)
		return r;
	report->what = "join the session's cgroup";
	r = s->cgroup ? cgroup_enter(s->cgroup) : 0;
	if (r < 0)
		return r;
	report->what = "make a cgroup namespace";
	if (unshare(CLONE_NEWCGROUP) < 0)
		return -errno;
	report->what = "set resource limits";
	for (int i = 0; i < s->n_rlimits; i++) {
		const struct rlimit v = { s->rlimits[i].value, s->rlimits[i].value };

		if (setrlimit((enum __rlimit_resource)s->rlimits[i].resource, &v) < 0)
			return -errno;
	}
	return 0;
}

static void limits_describe(const struct launch *l, struct layer_rows *rows)
{
	const struct policy *p = l->policy;
	const struct cgroup *c = limits_cgroup(l);
	char size[16];

	text_format_size(p->limits.memory, size, sizeof(size));
	layer_row_add(rows, "memory", "%s, swap included", size);
	layer_row_add(rows, "cpus", "%u.%03u", p->limits.cpus_milli / 1000,
	              p->limits.cpus_milli % 1000);
	layer_row_add(rows, "pids", "%u", p->limits.pids);
	layer_row_add(rows, "open files", "%u for each process", p->limits.open_files);
	if (c)
		layer_row_add(rows, "cgroup", "%s (%s)", cgroup_path(c), cgroup_kind(c));
}

static void limits_release(struct launch *l)
{
	struct limits *s = l->state[LAYER_LIMITS];
	int r;

	if (!s)
		return;
	if (s->cgroup) {
		if (cgroup_populated(s->cgroup) != 0)
			cgroup_kill(s->cgroup);
		r = cgroup_remove(s->cgroup, REMOVE_WAIT_MS);
		if (r < 0)
			buf_addf(&l->notices, "limits: cgroup %s is left behind: %s\n",
			         cgroup_path(s->cgroup), strerror(-r));
		cgroup_free(s->cgroup);
	}
	free(s);
	l->state[LAYER_LIMITS] = NULL;
	l->cgroup_fd = -1;
}

struct cgroup *limits_cgroup(const struct launch *l)
{
	const struct limits *s = l->state[LAYER_LIMITS];

	return s ? s->cgroup : NULL;
}

/* A child of the probe: in all hierarchies, then it waits to be killed. */
static int probe_put_child(struct cgroup *c)
{
	int ready[2], status = 0, r;
	char byte = 0;
	pid_t pid;

	if (pipe(ready) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		byte = cgroup_enter(c) == 0;
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	r = pid < 0 ? -errno : cgroup_join_v2(c, pid, NULL);
	if (r == 0 && (read(ready[0], &byte, 1) != 1 || !byte))
		r = -EPERM;
	close(ready[0]);
	if (r == 0)
		r = cgroup_kill(c);
	if (r < 0 && pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && r == 0 && !WIFSIGNALED(status))
		r = -EIO;
	return r;
}

int limits_probe(struct probe_result *ret)
{
	static const struct cgroup_limits lim = { .memory = 64 << 20,
		                                  .cpus_milli = 500,
		                                  .pids = 16 };
	const struct launch self = { .root_mode = geteuid() == 0 };
	struct error err = ERROR_INIT;
	struct cgroup *c = NULL;
	char id[24];
	int r;

	snprintf(id, sizeof(id), "probe-%d", (int)getpid());
	if (cgroup_create(geteuid(), id, &lim, &c, &err) < 0) {
		probe_set(ret, LAYER_OFF, remedy(&self), "no usable cgroup: %.230s", err.text);
		return 0;
	}
	r = probe_put_child(c);
	if (r < 0)
		probe_set(ret, LAYER_OFF, remedy(&self), "a child in a cgroup %s: %s",
		          cgroup_kind(c), strerror(-r));
	else if (*cgroup_missing(c))
		probe_set(ret, LAYER_DEGRADED, remedy(&self),
		          "cgroup %s without a controller for %s: %s", cgroup_kind(c),
		          cgroup_missing(c), cgroup_note(c));
	else
		probe_set(ret, LAYER_ENFORCED, NULL,
		          "cgroup %s: limits set, a child put in and killed%s%s", cgroup_kind(c),
		          *cgroup_note(c) ? "; " : "", cgroup_note(c));
	cgroup_remove(c, REMOVE_WAIT_MS);
	cgroup_free(c);
	return 0;
}

const struct layer layer_limits = {
	.name = "limits",
	.why_here = "after mounts, which need more open files than an agent may have; before the "
		    "capabilities go, since a cgroup namespace needs one",
	.prepare = limits_prepare,
	.settle = limits_settle,
	.enter = limits_enter,
	.describe = limits_describe,
	.release = limits_release,
};
