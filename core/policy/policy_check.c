/*
 * policy_check.c: what a single word of a policy may look like. Pure, except that policy_resolve
 * looks at the file system. A check says what it wants ("expected WHY"), never what it got: the
 * caller knows the place.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool policy_name_ok(const char *s, const char **why)
{
	size_t len = strlen(s);

	*why = "a name of letters, digits, \".\", \"_\" and \"-\", at most 63";
	if (len == 0 || len > NAME_LEN_MAX || *s == '.' || *s == '-')
		return false;
	for (; *s; s++) {
		if (!is_alpha(*s) && !is_digit(*s) && !strchr("._-", *s))
			return false;
	}
	return true;
}

bool policy_variable_ok(const char *s, const char **why)
{
	*why = "a variable's name (letters, digits and \"_\", not a digit first)";
	if (!is_alpha(*s) && *s != '_')
		return false;
	for (; *s; s++) {
		if (!is_alpha(*s) && !is_digit(*s) && *s != '_')
			return false;
	}
	return true;
}

/* Absolute, "~" or "~/…", and short enough for the kernel. */
static bool is_rooted(const char *s)
{
	return strlen(s) < PATH_MAX && (*s == '/' || (*s == '~' && (!s[1] || s[1] == '/')));
}

bool policy_source_ok(const char *s, const char **why)
{
	*why = "an absolute path or ~/…";
	return is_rooted(s);
}

bool policy_target_ok(const char *s, const char **why)
{
	*why = "an absolute path or ~/…, with no \".\", \"..\" or empty part";
	if (!is_rooted(s) || strcmp(s, "~/") == 0)
		return false;
	if (strcmp(s, "/") == 0) {
		*why = "a path below /";
		return false;
	}

	const char *part = strchr(s, '/');
	while (part) {
		const char *next = strchr(++part, '/');
		size_t len = next ? (size_t)(next - part) : strlen(part);

		if (len == 0 || (len == 1 && *part == '.') || (len == 2 && !strncmp(part, "..", 2)))
			return false;
		part = next;
	}
	return true;
}

bool policy_hide_ok(const char *s, const char **why)
{
	*why = "a pattern relative to the workspace, as \"**/.env\"";
	return *s && *s != '/' && strlen(s) <= GLOB_PATTERN_MAX;
}

bool policy_root_ok(const char *s, const char **why)
{
	size_t len = strlen(s);

	*why = "\"host\" or an image's name";
	if (len == 0 || len > NAME_LEN_MAX || (!is_lower(*s) && !is_digit(*s)))
		return false;
	for (; *s; s++) {
		if (!is_lower(*s) && !is_digit(*s) && !strchr("._-", *s))
			return false;
	}
	return true;
}

bool policy_proxy_ok(const char *s, const char **why)
{
	static const char scheme[] = "http://";
	size_t len = strlen(s);

	*why = "http://HOST:PORT or null";
	if (strncmp(s, scheme, sizeof(scheme) - 1) != 0 || len == sizeof(scheme) - 1 || len > 300)
		return false;
	for (; *s; s++) {
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f)
			return false;
	}
	return true;
}

/* a/b without a second slash between them. NULL without memory. */
static char *join(const char *a, size_t a_len, const char *b)
{
	struct buf path = BUF_INIT;

	buf_add(&path, a, a_len);
	if (a_len == 0 || a[a_len - 1] != '/')
		buf_addc(&path, '/');
	buf_adds(&path, b);
	char *s = buf_steal(&path);
	buf_free(&path);
	return s;
}

static char *join_cwd(const char *path)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);

	return cwd ? join(cwd, strlen(cwd), path) : NULL;
}

int policy_resolve(const struct policy_source *src, const char *path, char **ret)
{
	CLEANUP_FREE char *full = NULL;
	const char *slash = src->file ? strrchr(src->file, '/') : NULL;

	if (path[0] == '~' && path[1] == '/') {
		if (!src->home)
			return -EINVAL;
		full = join(src->home, strlen(src->home), path + 2);
	} else if (path[0] != '/' && slash) {
		full = join(src->file, (size_t)(slash - src->file) + 1, path);
	} else {
		full = strdup(path);
	}
	if (full && full[0] != '/') {
		char *absolute = join_cwd(full);

		free(full);
		full = absolute;
	}
	if (!full)
		return -ENOMEM;

	char *real = realpath(full, NULL);
	if (!real) {
		real = full;
		full = NULL;
	}
	*ret = real;
	return 0;
}
