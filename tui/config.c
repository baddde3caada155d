/*
 * config.c: see config.h.
 */
#include "tui/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/json.h"

enum { CONFIG_MAX = 64 * 1024 };

/* Our own home, open; -ENOENT when there is none, -EPERM when it is another's. */
static int open_home(void)
{
	const char *home = getenv("HOME");
	struct stat st;
	int fd;

	if (home == NULL || *home != '/')
		return -ENOENT;
	fd = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid()) {
		fd_close(&fd);
		return -EPERM;
	}
	return fd;
}

/* The directory below it, made if `make`. */
static int open_directory(bool make)
{
	static const char *const parts[] = { ".config", "warder" };
	int fd = open_home();

	for (size_t i = 0; fd >= 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		int next;

		if (make && mkdirat(fd, parts[i], 0700) < 0 && errno != EEXIST)
			next = -errno;
		else
			next = openat(fd, parts[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (next == -1)
			next = -errno;
		fd_close(&fd);
		fd = next;
	}
	return fd;
}

static int read_theme(const char *text, size_t len, char *out, size_t size, struct error *err)
{
	static const char *const keys[] = { "theme", NULL };
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	struct json_at theme;
	const char *name = "";
	int r = json_parse("~/.config/warder/config.json", text, len, &doc, err);

	if (r < 0)
		return r;
	root = json_root("~/.config/warder/config.json", doc);
	r = json_only_keys(&root, keys, err);
	theme = json_member(&root, "theme");
	if (r == 0 && json_present(&theme))
		r = json_string(&theme, &name, err);
	if (r == 0)
		snprintf(out, size, "%s", name);
	return r;
}

int config_theme(char *out, size_t size, struct error *err)
{
	CLEANUP_FD int dir = open_directory(false);
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	int r;

	out[0] = '\0';
	if (dir < 0)
		return 0;
	r = fd_read_file(dir, "config.json", CONFIG_MAX, &text, &len, err);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : read_theme(text, len, out, size, err);
}

static int write_file(int dir, const struct buf *text)
{
	CLEANUP_FD int fd = openat(dir, ".config.json.new",
	                           O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text->data, text->len);
	if (r == 0 && renameat(dir, ".config.json.new", dir, "config.json") < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, ".config.json.new", 0);
	return r;
}

int config_keep_theme(const char *name, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct json_writer w = json_writer(&text);
	char before[64];
	int r = config_theme(before, sizeof(before), err);
	CLEANUP_FD int dir = -1;

	if (r < 0 || strcmp(before, name) == 0)
		return r;
	dir = open_directory(true);
	if (dir == -EPERM || dir == -ENOENT)
		return 0; /* no home of our own: nothing is kept */
	json_put_object(&w, NULL);
	json_put_string(&w, "theme", name);
	json_put_end(&w, '}');
	buf_addc(&text, '\n');
	r = dir < 0 ? dir : text.failed ? -ENOMEM : write_file(dir, &text);
	return r < 0 ? error_errno(err, r, "~/.config/warder/config.json") : 0;
}
