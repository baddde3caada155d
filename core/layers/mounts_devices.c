/*
 * mounts_devices.c: /dev with Docker's eight harmless nodes (null, zero, full, random, urandom,
 * tty, ptmx and, with a terminal, console) and a private devpts; /proc of the session's pid
 * namespace, masked as Docker masks it (moby oci/defaults.go). /dev is a directory of the root, so
 * that it is read-only with it.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

static const char *const nodes[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", NULL,
};

static const struct {
	const char *path, *to;
} links[] = {
	{ "/dev/ptmx", "pts/ptmx" },	      { "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },  { "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

static const char *const masked_files[] = {
	"/proc/kcore",	       "/proc/keys",
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

void proc_steps(struct mounts *m)
{
	struct step *s = step_add(m, STEP_PROC, "mount", "/proc");

	if (s) {
		s->directory = true;
		s->create = true;
	}
	for (const char *const *p = masked_files; *p; p++)
		mask(m, *p, "dev/null", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	for (const char *const *p = masked_directories; *p; p++) {
		s = step_tmpfs(m, *p, 4096, 2, 0555);
		if (!s)
			continue;
		s->attr |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC;
		s->optional = true;
		s->create = false;
	}
	for (const char *const *p = read_only; *p; p++)
		mask(m, *p, *p + 1,
		     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}
