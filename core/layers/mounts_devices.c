/*
 * mounts_devices.c: /dev with Docker's eight harmless nodes (null, zero, full, random, urandom,
 * tty, ptmx and, with a terminal, console) and a private devpts; /proc of the session's pid
 * namespace, masked as Docker masks it (moby oci/defaults.go). /dev is a directory of the root, so
 * that it is read-only with it. The counts of the session's user namespace are set while /proc/sys
 * is still to be written.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/fd.h"

static const char *const nodes[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", NULL,
};

static const struct {
	const char *path, *to;
} links[] = {
	{ "/dev/ptmx", "pts/ptmx" },          { "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },  { "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

static const char *const masked_files[] = {
	"/proc/kcore",         "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list",
	"/proc/timer_stats",   "/proc/sched_debug",
	"/proc/interrupts",    "/proc/kmsg",
	"/proc/kallsyms",      NULL,
};
static const char *const masked_directories[] = { "/proc/acpi", "/proc/asound", "/proc/scsi",
	                                          NULL };
static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static const char *const counted[] = {
	"/proc/sys/user/max_inotify_instances",
	"/proc/sys/user/max_inotify_watches",
	"/proc/sys/user/max_fanotify_groups",
	"/proc/sys/user/max_fanotify_marks",
	NULL,
};

int device_steps(struct mounts *m, const struct launch *l, struct error *err)
{
	enum { SHM_SIZE = 64 << 20 };
	struct step *s;
	int r = 0;

	step_dir(m, "/dev", 0755);
	for (const char *const *p = nodes; r == 0 && *p; p++)
		r = step_system(m, l, *p, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		step_link(m, links[i].path, links[i].to);
	if (l->tty)
		step_file(m, "/dev/console", 0600, "", 0);
	s = step_add(m, STEP_DEVPTS, "mount", "/dev/pts");
	if (s) {
		s->directory = true;
		s->create = true;
	}
	step_tmpfs(m, "/dev/shm", SHM_SIZE, 0, 01777);
	return r;
}

static void mask(struct mounts *m, const char *path, const char *with, uint64_t attr)
{
	struct step *s = step_add(m, STEP_INNER, "mask", path);

	if (!s)
		return;
	s->data = strdup(with);
	m->failed |= !s->data;
	s->attr = attr;
	s->optional = true;
}

static void setting(struct mounts *m, const char *path, unsigned long long value)
{
	struct step *s = step_add(m, STEP_SETTING, "set", path);
	int len;

	if (!s)
		return;
	len = asprintf(&s->data, "%llu", value);
	if (len < 0)
		s->data = NULL;
	m->failed |= len < 0;
	s->len = len < 0 ? 0 : (size_t)len;
}

/* What the user namespace may have of kinds that the kernel counts for its maker, too
 * (namespaces(7), /proc/sys/user): a session that took all would leave the host's root, and every
 * other session, without. A quarter of what the maker may have; and of user namespaces none, where
 * the policy opens none: said a second time, under the filter. */
static void count_limits(struct mounts *m, const struct policy *p)
{
	enum { NAMESPACES = 64 };

	for (const char *const *name = counted; *name; name++) {
		CLEANUP_FREE char *text = NULL;
		unsigned long long most;
		size_t len;

		if (fd_read_file(AT_FDCWD, *name, 64, &text, &len, NULL) < 0)
			continue;
		most = strtoull(text, NULL, 10);
		setting(m, *name, most / 4 ? most / 4 : most);
	}
	setting(m, "/proc/sys/user/max_user_namespaces",
	        p->toggles[TOGGLE_USER_NAMESPACES] ? NAMESPACES : 0);
}

void proc_steps(struct mounts *m, const struct policy *p)
{
	struct step *s = step_add(m, STEP_PROC, "mount", "/proc");

	if (s) {
		s->directory = true;
		s->create = true;
	}
	count_limits(m, p);
	for (const char *const *path = masked_files; *path; path++)
		mask(m, *path, "dev/null",
		     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	for (const char *const *path = masked_directories; *path; path++) {
		s = step_tmpfs(m, *path, 4096, 2, 0555);
		if (!s)
			continue;
		s->attr |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC;
		s->optional = true;
		s->create = false;
	}
	for (const char *const *path = read_only; *path; path++)
		mask(m, *path, *path + 1,
		     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}
