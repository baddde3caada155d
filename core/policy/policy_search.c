/*
 * policy_search.c: where policies are found by name. The first directory that has it wins; a
 * directory that is not there, or that the caller may not enter, is passed over; a file that is
 * there and cannot be read is an error, since another policy of that name must not slip into its
 * place.
 */
#include "core/policy/policy_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

#ifndef WARDER_DATADIR
#define WARDER_DATADIR "/usr/local/share/warder"
#endif

static const char suffix[] = ".json";

/* The length of the directory of a path's first `len` bytes; "/usr/bin" -> "/usr", "/usr" -> "". */
static size_t directory_of(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len);

	return slash ? (size_t)(slash - path) : 0;
}

static int add_present(char ***dirs, const char *dir, size_t len, const char *below)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%.*s/%s", (int)len, dir, below);
	return access(path, F_OK) == 0 ? strv_add(dirs, path) : 0;
}

/* Adds what belongs to the running program, by its directory: the installed data, wherever it was
 * installed to, or the build tree. Absent ones are left out. Before WARDER_DATADIR, so that a build
 * does not run on an older installation's policies. */
static int add_beside(char ***dirs)
{
	char exe[PATH_MAX]; /* canonical: the kernel's own name for it */
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	size_t here, above;
	int r;

	if (n <= 0 || n == sizeof(exe))
		return 0;
	here = directory_of(exe, (size_t)n);
	above = directory_of(exe, here);
	r = add_present(dirs, exe, above, "share/warder/policies");
	if (r == 0)
		r = add_present(dirs, exe, above, "policies");
	return r < 0 ? r : add_present(dirs, exe, here, "policies");
}

int policy_search_dirs(const char *home, char ***ret)
{
	const char *only = getenv("WARDER_POLICY_DIR");
	char **dirs = NULL;
	int r = 0;

	if (only && *only) {
		r = strv_add(&dirs, only);
	} else {
		if (home && *home == '/') {
			CLEANUP_BUF struct buf own = BUF_INIT;

			buf_addf(&own, "%s/.config/warder/policies", home);
			r = own.failed ? -ENOMEM : strv_add(&dirs, buf_str(&own));
		}
		r = r ? r : strv_add(&dirs, "/etc/warder/policies");
		r = r ? r : add_beside(&dirs);
		r = r ? r : strv_add(&dirs, WARDER_DATADIR "/policies");
	}
	if (r < 0) {
		strv_free(dirs);
		return r;
	}
	*ret = dirs;
	return 0;
}

/* 1 and *ret when dir has rest and it can be read, 0 when dir has none, -errno otherwise. */
static int look_in(const char *dir, const char *rest, char **ret)
{
	CLEANUP_FD int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dirfd < 0)
		return 0;
	if (fstatat(dirfd, rest, &st, 0) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	if (asprintf(ret, "%s/%s", dir, rest) < 0)
		return -ENOMEM;
	return 1;
}

char *policy_search_file(const char *rest, const char *home)
{
	char **dirs;
	char *found = NULL;

	if (policy_search_dirs(home, &dirs) < 0)
		return NULL;
	for (char **dir = dirs; *dir && !found; dir++) {
		if (look_in(*dir, rest, &found) < 1)
			found = NULL;
	}
	strv_free(dirs);
	return found;
}

static int not_found(const char *name, const char *home, char *const *dirs, struct error *err)
{
	struct policy_entry *entries = NULL;
	const char *names[POLICY_LIST_MAX + 1];
	CLEANUP_BUF struct buf places = BUF_INIT;
	int n = policy_list(home, &entries, NULL);

	for (char *const *dir = dirs; *dir; dir++)
		buf_addf(&places, "%s%s", dir == dirs ? "" : ", ", *dir);
	error_set(err, ENOENT, "policy \"%.64s\": not found in %s", name, buf_str(&places));
	for (int i = 0; i < n; i++)
		names[i] = entries[i].name;
	names[n > 0 ? n : 0] = NULL;

	const char *nearest = text_nearest(name, names);
	if (nearest)
		error_hint(err, "did you mean %s? warder policy list shows them all", nearest);
	else
		error_hint(err, "warder policy list shows those that are there");
	free(entries);
	return -ENOENT;
}

int policy_search(const char *name, const char *home, char **ret, struct error *err)
{
	const char *why = "";
	char rest[NAME_LEN_MAX + sizeof(suffix)];
	char **dirs;
	int found = 0;

	if (!policy_name_ok(name, &why))
		return error_set(err, EINVAL, "policy \"%.64s\": expected %s, or a file's path",
		                 name, why);
	snprintf(rest, sizeof(rest), "%s%s", name, suffix);
	if (policy_search_dirs(home, &dirs) < 0)
		return error_errno(err, ENOMEM, "policy \"%s\"", name);
	for (char **dir = dirs; *dir && found == 0; dir++) {
		found = look_in(*dir, rest, ret);
		if (found < 0)
			error_errno(err, found, "%s/%s", *dir, rest);
	}
	if (found == 0)
		found = not_found(name, home, dirs, err);
	strv_free(dirs);
	return found < 0 ? found : 0;
}

/* The policy that a directory entry is, into *ret. False when it is none, or its path is too
 * long to show. */
static bool entry_of(const char *dir, const char *file, struct policy_entry *ret)
{
	size_t len = strlen(file);
	size_t cut = sizeof(suffix) - 1;
	const char *why;

	if (len <= cut || len - cut >= sizeof(ret->name) || strcmp(file + len - cut, suffix) != 0)
		return false;
	memcpy(ret->name, file, len - cut);
	ret->name[len - cut] = '\0';
	if (!policy_name_ok(ret->name, &why))
		return false;
	return snprintf(ret->file, sizeof(ret->file), "%s/%s", dir, file) < (int)sizeof(ret->file);
}

static int compare_names(const void *a, const void *b)
{
	const struct policy_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool listed(const struct policy_entry *list, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(list[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Adds what dir has and no directory before it had. */
static int list_dir(const char *dir, struct policy_entry **list, int *n)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	int r = 0;

	if (!d)
		return 0;
	while (r == 0 && (de = readdir(d)) != NULL) {
		struct policy_entry e;
		struct policy_entry *grown;

		if (!entry_of(dir, de->d_name, &e) || listed(*list, *n, e.name))
			continue;
		grown = *n < POLICY_LIST_MAX ? policy_grow(*list, *n, sizeof(*grown)) : NULL;
		if (!grown) {
			r = *n < POLICY_LIST_MAX ? -ENOMEM : -E2BIG;
			break;
		}
		*list = grown;
		grown[(*n)++] = e;
	}
	closedir(d);
	return r;
}

int policy_list(const char *home, struct policy_entry **ret, struct error *err)
{
	struct policy_entry *list = NULL;
	char **dirs;
	int n = 0;
	int r = policy_search_dirs(home, &dirs);

	if (r < 0)
		return error_errno(err, r, "policies");
	for (char **dir = dirs; *dir && r == 0; dir++)
		r = list_dir(*dir, &list, &n);
	strv_free(dirs);
	if (r < 0) {
		free(list);
		return error_errno(err, r, "policies");
	}
	if (n > 0)
		qsort(list, (size_t)n, sizeof(*list), compare_names);
	*ret = list;
	return n;
}
