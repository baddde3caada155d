/*
 * launch_values.c: Docker's forms of mounts, tmpfs and variables.
 */
#include "tui/cli/launch_values.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "tui/cli/launch_options.h"

enum { HOST_NAME_LEN = 63, PIDS_MAX = 4194304 /* PID_MAX_LIMIT of the kernel */ };

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

int strings_add(char ***list, const char *s)
{
	size_t n = 0;
	char **grown;

	while (*list != NULL && (*list)[n] != NULL)
		n++;
	grown = reallocarray(*list, n + 2, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	*list = grown;
	grown[n + 1] = NULL;
	grown[n] = strdup(s);
	return grown[n] != NULL ? 0 : -ENOMEM;
}

int path_absolute(const char *path, char **ret, struct error *err)
{
	CLEANUP_FREE char *cwd = NULL;
	char *made = NULL;

	if (*path == '\0')
		return error_set(err, EINVAL, "expected a path");
	if (*path == '/' || strncmp(path, "~/", 2) == 0) {
		*ret = strdup(path);
		return *ret != NULL ? 0 : no_memory(err);
	}
	cwd = getcwd(NULL, 0);
	if (cwd == NULL)
		return error_errno(err, errno, "the current directory");
	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	if (*path == '\0' || strcmp(path, ".") == 0)
		made = strdup(cwd);
	else if (asprintf(&made, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) < 0)
		made = NULL;
	if (made == NULL)
		return no_memory(err);
	*ret = made;
	return 0;
}

/* An absolute path inside, without ".." components. */
int check_inside_path(const char *value, struct error *err)
{
	const char *c = value;

	if (*value != '/')
		return error_set(err, EINVAL, "expected an absolute path inside");
	while ((c = strstr(c, "/..")) != NULL) {
		if (c[3] == '/' || c[3] == '\0')
			return error_set(err, EINVAL, "expected a path without ..");
		c += 3;
	}
	return 0;
}

static char *without_trailing_slashes(const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	return strndup(path, len);
}

static int volume_mode(const char *mode, int *ret, struct error *err)
{
	if (strcmp(mode, "rw") == 0) {
		*ret = 1;
	} else if (strcmp(mode, "ro") == 0) {
		*ret = 0;
	} else if (strchr(mode, ',') != NULL || strcmp(mode, "z") == 0 || strcmp(mode, "Z") == 0) {
		return error_set(err, EINVAL, "the mode %s is not supported, only ro or rw", mode);
	} else {
		return error_set(err, EINVAL, "expected ro or rw after the second colon, got %s",
		                 *mode != '\0' ? mode : "nothing");
	}
	return 0;
}

int volume_parse(const char *text, struct volume *ret, struct error *err)
{
	CLEANUP_FREE char *source_text = NULL;
	CLEANUP_FREE char *target = NULL;
	const char *colon = strchr(text, ':');
	const char *second;
	int writable = -1;
	int r;

	if (colon == NULL || colon == text || colon[1] == '\0')
		return error_set(err, EINVAL, "expected SRC:DST[:ro|rw]");
	second = strchrnul(colon + 1, ':');
	source_text = strndup(text, (size_t)(colon - text));
	target = without_trailing_slashes(colon + 1, (size_t)(second - colon - 1));
	if (source_text == NULL || target == NULL)
		return no_memory(err);
	r = check_inside_path(target, err);
	if (r == 0 && *second == ':')
		r = volume_mode(second + 1, &writable, err);
	if (r == 0)
		r = path_absolute(source_text, &ret->source, err);
	if (r < 0)
		return r;
	ret->target = target;
	target = NULL;
	ret->writable = writable;
	return 0;
}

/* One word of a tmpfs's options. Those that say what is true anyway are accepted. */
static int tmpfs_option(const char *word, uint64_t *size, struct error *err)
{
	static const char *const always[] = { "rw", "nosuid", "nodev", NULL };

	for (const char *const *a = always; *a != NULL; a++) {
		if (strcmp(*a, word) == 0)
			return 0;
	}
	if (strncmp(word, "size=", 5) == 0)
		return text_parse_size(word + 5, size, err);
	return error_set(err, EINVAL, "the option %s is not supported, only size=N",
	                 *word != '\0' ? word : "\"\"");
}

int tmpfs_parse(const char *text, char **ret_target, uint64_t *ret_size, struct error *err)
{
	size_t len = strcspn(text, ":");
	CLEANUP_FREE char *target = without_trailing_slashes(text, len);
	CLEANUP_FREE char *rest = text[len] == ':' ? strdup(text + len + 1) : strdup("rw");
	char *next = rest;
	uint64_t size = 0;
	int r;

	if (target == NULL || rest == NULL)
		return no_memory(err);
	r = check_inside_path(target, err);
	while (r == 0 && next != NULL)
		r = tmpfs_option(strsep(&next, ","), &size, err);
	if (r < 0)
		return r;
	*ret_target = target;
	target = NULL;
	*ret_size = size;
	return 0;
}

static int check_variable_name(const char *text, size_t len, struct error *err)
{
	if (len == 0)
		return error_set(err, EINVAL, "expected NAME or NAME=VALUE");
	for (size_t i = 0; i < len; i++) {
		if (isspace((unsigned char)text[i]) || iscntrl((unsigned char)text[i]))
			return error_set(err, EINVAL, "a variable's name has no blanks");
	}
	return 0;
}

int env_add(char ***list, const char *text, struct error *err)
{
	size_t len = strcspn(text, "=");
	CLEANUP_FREE char *made = NULL;
	int r = check_variable_name(text, len, err);

	if (r < 0)
		return r;
	if (text[len] == '=') {
		made = strdup(text);
	} else {
		const char *value = getenv(text);

		if (value == NULL)
			return 0; /* as Docker: what the caller has not is not passed */
		if (asprintf(&made, "%s=%s", text, value) < 0)
			made = NULL;
	}
	if (made == NULL)
		return no_memory(err);
	for (char **s = *list; s != NULL && *s != NULL; s++) {
		if (strncmp(*s, made, len + 1) == 0) {
			free(*s);
			*s = made;
			made = NULL;
			return 0;
		}
	}
	return strings_add(list, made) < 0 ? no_memory(err) : 0;
}

int env_add_file(char ***list, const char *path, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct error inner = ERROR_INIT;
	size_t len = 0;
	char *next;
	int r = fd_read_file(AT_FDCWD, path, REQUEST_MAX, &text, &len, &inner);

	if (r < 0)
		return error_set(err, EINVAL, "%s", inner.text);
	if (strlen(text) != len)
		return error_set(err, EINVAL, "the file holds a NUL byte");
	next = text;
	for (int line = 1; next != NULL; line++) {
		char *word = strsep(&next, "\n");

		word += strspn(word, " \t");
		if (*word != '\0' && word[strlen(word) - 1] == '\r')
			word[strlen(word) - 1] = '\0';
		if (*word == '\0' || *word == '#')
			continue;
		r = env_add(list, word, err);
		if (r < 0) {
			error_prefix(err, "line %d", line);
			return r;
		}
	}
	return 0;
}

int check_cpus(const char *value, struct error *err)
{
	uint64_t milli;
	int r = text_parse_milli(value, &milli, err);

	if (r == 0 && milli == 0)
		return error_set(err, EINVAL, "expected more than 0");
	return r;
}

int check_pids(const char *value, struct error *err)
{
	int64_t n;

	return text_parse_int(value, 1, PIDS_MAX, &n, err);
}

/* RFC 1123: labels of letters, digits and hyphens. */
int check_hostname(const char *value, struct error *err)
{
	size_t len = strlen(value);

	for (const char *c = value; *c != '\0'; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			len = 0;
	}
	if (len == 0 || len > HOST_NAME_LEN || strchr("-.", value[0]) != NULL)
		return error_set(err, EINVAL, "expected at most %d letters, digits, - and .",
		                 HOST_NAME_LEN);
	return 0;
}

/* "ctrl-x" or one printable character; 0 if neither. */
static char one_key(const char *word)
{
	char c = word[0];

	if (strncmp(word, "ctrl-", 5) == 0 && word[5] != '\0' && word[6] == '\0') {
		c = (char)tolower((unsigned char)word[5]);
		if ((c >= 'a' && c <= 'z') || strchr("[\\]^_", c) != NULL)
			return (char)(c & 0x1f);
		return 0;
	}
	return c > ' ' && c < 0x7f && word[1] == '\0' ? c : 0;
}

int detach_keys_parse(const char *text, char *keys, struct error *err)
{
	CLEANUP_FREE char *copy = strdup(text);
	char made[DETACH_KEYS_MAX + 1] = { 0 };
	char *next = copy;
	int n = 0;

	if (copy == NULL)
		return no_memory(err);
	while (next != NULL) {
		char key = one_key(strsep(&next, ","));

		if (key == 0 || n == DETACH_KEYS_MAX)
			return error_set(err, EINVAL,
			                 "expected up to %d keys such as ctrl-p,ctrl-q or a letter",
			                 DETACH_KEYS_MAX);
		made[n++] = key;
	}
	memcpy(keys, made, sizeof(made));
	return 0;
}
