/*
 * cgroup_v1.c: the v1 half of a session's cgroup: one directory in each hierarchy that is needed
 * and no more, since every one of them costs at launch. Where a v2 tree stands beside them (hybrid)
 * it counts CPU time, freezes and kills, so cpuacct and freezer are left alone.
 *
 * Root makes warder/ at each hierarchy's root; where that fails, and for others, below the own
 * cgroup. Sources: cgroup-v1/{memory,cpuacct,freezer-subsystem,pids,blkio-controller}.rst,
 * scheduler/sched-bwc.rst.
 */
#include "core/layers/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/fd.h"

enum { CPU_PERIOD_US = 100000, CPU_QUOTA_MIN_US = 1000 /* the kernel refuses less */ };

static const struct {
	enum v1_id hierarchy;
	const char *name;
	int flags;
} files[V1_FILES] = {
	[V1_CPU_QUOTA] = { V1_CPU, "cpu.cfs_quota_us", O_RDWR },
	[V1_CPU_PERIOD] = { V1_CPU, "cpu.cfs_period_us", O_RDWR },
	[V1_CPU_STAT] = { V1_CPU, "cpu.stat", O_RDONLY },
	[V1_MEMORY_LIMIT] = { V1_MEMORY, "memory.limit_in_bytes", O_RDWR },
	[V1_MEMSW_LIMIT] = { V1_MEMORY, "memory.memsw.limit_in_bytes", O_RDWR },
	[V1_MEMORY_USAGE] = { V1_MEMORY, "memory.usage_in_bytes", O_RDONLY },
	[V1_MEMORY_MAX_USAGE] = { V1_MEMORY, "memory.max_usage_in_bytes", O_RDONLY },
	[V1_OOM_CONTROL] = { V1_MEMORY, "memory.oom_control", O_RDONLY },
	[V1_PIDS_MAX] = { V1_PIDS, "pids.max", O_RDWR },
	[V1_PIDS_CURRENT] = { V1_PIDS, "pids.current", O_RDONLY },
	[V1_CPUACCT_USAGE] = { V1_CPUACCT, "cpuacct.usage", O_RDONLY },
	[V1_BLKIO_BYTES] = { V1_BLKIO, "blkio.throttle.io_service_bytes_recursive", O_RDONLY },
	[V1_FREEZER_STATE] = { V1_FREEZER, "freezer.state", O_RDWR },
};

static const unsigned bits[V1_COUNT] = {
	[V1_CPU] = CTL_CPU,
	[V1_MEMORY] = CTL_MEMORY,
	[V1_PIDS] = CTL_PIDS,
	[V1_BLKIO] = CTL_IO,
};

void cgroup_v1_init(struct cgroup_v1 *v1)
{
	v1->controllers = 0;
	for (int i = 0; i < V1_COUNT; i++)
		v1->base[i] = v1->dir[i] = v1->tasks[i] = -1;
	for (int i = 0; i < V1_FILES; i++)
		v1->fd[i] = -1;
}

void cgroup_v1_close(struct cgroup_v1 *v1)
{
	cgroup_close_all(v1->fd, V1_FILES);
	cgroup_close_all(v1->tasks, V1_COUNT);
	cgroup_close_all(v1->dir, V1_COUNT);
	cgroup_close_all(v1->base, V1_COUNT);
	v1->controllers = 0;
}

static void open_files(struct cgroup_v1 *v1)
{
	for (int i = 0; i < V1_COUNT; i++) {
		if (v1->dir[i] < 0)
			continue;
		v1->tasks[i] = openat(v1->dir[i], "tasks", O_RDWR | O_CLOEXEC);
		if (v1->tasks[i] >= 0)
			v1->controllers |= bits[i];
	}
	for (int i = 0; i < V1_FILES; i++) {
		int dir = v1->dir[files[i].hierarchy];

		if (dir >= 0)
			v1->fd[i] = openat(dir, files[i].name, files[i].flags | O_CLOEXEC);
	}
}

/* Calls `at` with each base that a hierarchy's directory may stand in until it returns a
 * descriptor, which becomes dir. */
static int each_base(struct cgroup *c, struct cgroup_host *host, enum v1_id id,
                     int (*at)(int base, const struct cgroup *c))
{
	char own[PATH_MAX];
	const char *places[2] = { host->v1[id].mount, own };
	int r = -ENOENT;

	cgroup_own_path(&host->v1[id], own);
	for (int i = 0; i < 2; i++) {
		CLEANUP_FD int base = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (base < 0)
			continue;
		r = at(base, c);
		if (r >= 0) {
			c->v1.dir[id] = r;
			c->v1.base[id] = fd_steal(&base);
			return 0;
		}
		if (bits[id] & CTL_LIMITS)
			cgroup_why(host, "cannot make %.120s/%s: %s", places[i], c->path,
			           strerror(-r));
	}
	return r;
}

static int make_at(int base, const struct cgroup *c)
{
	return cgroup_mkdirs(base, c, NULL, NULL);
}

static bool wanted(const struct cgroup *c, enum v1_id id, unsigned want)
{
	switch (id) {
	case V1_CPUACCT:
		return c->v2.dir < 0;
	case V1_FREEZER:
		return c->v2.fd[V2_FREEZE] < 0;
	case V1_CPU:
	case V1_MEMORY:
	case V1_PIDS:
	case V1_BLKIO:
	case V1_COUNT:
		break;
	}
	return want & bits[id];
}

int cgroup_v1_create(struct cgroup *c, struct cgroup_host *host, unsigned want)
{
	int r;

	for (int i = 0; i < V1_COUNT; i++) {
		if (!host->v1[i].mount[0] || !wanted(c, i, want))
			continue;
		/* Two controllers on one hierarchy (cpu,cpuacct) share the directory. */
		for (int j = 0; j < i && c->v1.dir[i] < 0; j++)
			if (c->v1.dir[j] >= 0 && strcmp(host->v1[j].mount, host->v1[i].mount) == 0)
				c->v1.dir[i] = fcntl(c->v1.dir[j], F_DUPFD_CLOEXEC, 0);
		if (c->v1.dir[i] >= 0)
			continue;
		r = each_base(c, host, i, make_at);
		if (r == -EEXIST)
			return r;
	}
	open_files(&c->v1);
	return 0;
}

int cgroup_v1_open(struct cgroup *c, struct cgroup_host *host)
{
	int found = -ENOENT;

	for (int i = 0; i < V1_COUNT; i++)
		if (host->v1[i].mount[0] && each_base(c, host, i, cgroup_opendir) == 0)
			found = 0;
	open_files(&c->v1);
	return found;
}

/* memsw (memory and swap together) may never be below the plain limit, so the order depends on the
 * direction. */
static int limit_memory(struct cgroup *c, uint64_t bytes)
{
	int plain = c->v1.fd[V1_MEMORY_LIMIT], both = c->v1.fd[V1_MEMSW_LIMIT], r;

	if (both < 0) {
		snprintf(c->note, sizeof(c->note),
		         "no swap accounting (memory.memsw): swappiness 0 instead");
		r = fd_write_value(c->v1.dir[V1_MEMORY], "memory.swappiness", "0");
		return r < 0 ? r : cgroup_put_number(plain, bytes);
	}
	if (cgroup_put_number(plain, bytes) == 0)
		return cgroup_put_number(both, bytes);
	r = cgroup_put_number(both, bytes);
	return r < 0 ? r : cgroup_put_number(plain, bytes);
}

/* Socket buffers are in no other figure of v1: without this limit they are not even counted. A
 * quarter, since it comes on top. A kernel without the file counts none. */
static int limit_sockets(struct cgroup *c, uint64_t bytes)
{
	char text[24];
	int r;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)(bytes / 4));
	r = fd_write_value(c->v1.dir[V1_MEMORY], "memory.kmem.tcp.limit_in_bytes", text);
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

static int limit_cpu(struct cgroup *c, uint32_t cpus_milli)
{
	uint64_t quota = (uint64_t)cpus_milli * (CPU_PERIOD_US / 1000);
	int r = cgroup_put_number(c->v1.fd[V1_CPU_PERIOD], CPU_PERIOD_US);

	return r < 0 ? r
	             : cgroup_put_number(c->v1.fd[V1_CPU_QUOTA],
	                                 quota < CPU_QUOTA_MIN_US ? CPU_QUOTA_MIN_US : quota);
}

int cgroup_v1_limit(struct cgroup *c, const struct cgroup_limits *lim, const char **ret_what)
{
	int r = 0;

	if (c->v1.controllers & CTL_MEMORY) {
		*ret_what = "memory.limit_in_bytes";
		r = limit_memory(c, lim->memory);
	}
	if (r == 0 && c->v1.controllers & CTL_MEMORY) {
		*ret_what = "memory.kmem.tcp.limit_in_bytes";
		r = limit_sockets(c, lim->memory);
	}
	if (r == 0 && c->v1.controllers & CTL_PIDS) {
		*ret_what = "pids.max";
		r = cgroup_put_number(c->v1.fd[V1_PIDS_MAX], lim->pids);
	}
	if (r == 0 && c->v1.controllers & CTL_CPU) {
		*ret_what = "cpu.cfs_quota_us";
		r = limit_cpu(c, lim->cpus_milli);
	}
	return r;
}

/* "MAJ:MIN Read N" and "MAJ:MIN Write N" lines for each device. */
static void usage_io(int fd, struct cgroup_usage *ret)
{
	char text[4096];

	if (cgroup_get(fd, text, sizeof(text)) < 0)
		return;
	ret->read_bytes = ret->write_bytes = 0;
	for (const char *p = text; (p = strstr(p, " Read ")); p++)
		ret->read_bytes += strtoll(p + 6, NULL, 10);
	for (const char *p = text; (p = strstr(p, " Write ")); p++)
		ret->write_bytes += strtoll(p + 7, NULL, 10);
}

void cgroup_v1_usage(const struct cgroup *c, struct cgroup_usage *ret)
{
	const struct cgroup_v1 *v1 = &c->v1;

	if (v1->controllers & CTL_CPU)
		ret->throttled_ns = cgroup_get_key(v1->fd[V1_CPU_STAT], "throttled_time");
	if (v1->controllers & CTL_MEMORY) {
		ret->memory = cgroup_get_number(v1->fd[V1_MEMORY_USAGE]);
		ret->memory_peak = cgroup_get_number(v1->fd[V1_MEMORY_MAX_USAGE]);
		ret->oom_kills = cgroup_get_key(v1->fd[V1_OOM_CONTROL], "oom_kill");
	}
	if (v1->controllers & CTL_PIDS)
		ret->pids = cgroup_get_number(v1->fd[V1_PIDS_CURRENT]);
	if (v1->fd[V1_CPUACCT_USAGE] >= 0)
		ret->cpu_ns = cgroup_get_number(v1->fd[V1_CPUACCT_USAGE]);
	if (v1->controllers & CTL_IO)
		usage_io(v1->fd[V1_BLKIO_BYTES], ret);
}

int cgroup_v1_watch_oom(const struct cgroup *c)
{
	CLEANUP_FD int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	char line[48];
	int r;

	if (fd < 0)
		return -errno;
	snprintf(line, sizeof(line), "%d %d", fd, c->v1.fd[V1_OOM_CONTROL]);
	r = fd_write_value(c->v1.dir[V1_MEMORY], "cgroup.event_control", line);
	return r < 0 ? r : fd_steal(&fd);
}
