/*
 * mounts_system.c: the host's programs and libraries in the new root: /usr and, where the host has
 * them, the directories beside it, read-only, nosuid, nodev. What is a symlink on the host (merged
 * /usr) is a symlink inside.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const system_directories[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", NULL,
};

int system_steps(struct mounts *m, const struct launch *l, struct error *err)
{
	const uint64_t attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	int r = 0;

	for (const char *const *dir = system_directories; r == 0 && *dir; dir++) {
		char to[PATH_MAX];
		ssize_t n = readlink(*dir, to, sizeof(to) - 1);

		if (n > 0) {
			to[n] = '\0';
			step_link(m, *dir, to);
		} else {
			r = step_system(m, l, *dir, attr, err);
		}
	}
	step_dir(m, "/home", 0755);
	step_dir(m, "/var", 0755);
	step_link(m, "/var/tmp", "/tmp");
	step_link(m, "/var/run", "/run");
	return r;
}
