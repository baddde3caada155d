/*
 * launch_values.h: the values of launch options, one function a form. Each fails with -EINVAL and
 * a text that says what was expected, without the value (the option parser names it).
 */
#ifndef WARDER_CLI_LAUNCH_VALUES_H
#define WARDER_CLI_LAUNCH_VALUES_H

#include <stdint.h>

#include "core/base/error.h"

/* Appends a copy to a NULL-terminated list. 0 or -ENOMEM. */
int strings_add(char ***list, const char *s);

/* A host path made absolute from the current directory; symlinks stay as they are, for the
 * audit to judge; "~/…" is left to the policy's meaning. The caller frees. */
int path_absolute(const char *path, char **ret, struct error *err);

struct volume {
	char *source, *target; /* owned by the caller after success */
	int writable;          /* 1, 0, or -1: not said */
};
/* "SRC:DST[:ro|rw]" */
int volume_parse(const char *text, struct volume *ret, struct error *err);
/* "DST[:size=N]"; *ret_size 0 when not given. The caller frees *ret_target. */
int tmpfs_parse(const char *text, char **ret_target, uint64_t *ret_size, struct error *err);

/* "K=V", or "K" for the caller's value (nothing when it has none), into a list of "K=V"; a
 * later one replaces an earlier. */
int env_add(char ***list, const char *text, struct error *err);
/* A file of such lines; blank ones and those that begin with # are skipped. */
int env_add_file(char ***list, const char *path, struct error *err);

int check_inside_path(const char *value, struct error *err);
int check_cpus(const char *value, struct error *err);
int check_pids(const char *value, struct error *err);
int check_hostname(const char *value, struct error *err);

#endif
