/*
 * cgroup_tree.c: finds the mounted hierarchies, makes and removes warder/u-UID/s-ID in one, reads
 * and writes its files.
 *
 * What must hold: the two upper directories are shared by all sessions (of a user), so making and
 * removing them races with other processes: each step is retried when somebody removed the
 * directory under it, and only empty ones are removed. Sources: proc_pid_mountinfo(5), cgroups(7),
 * cgroup-v1/cgroups.rst, cgroup-v2.rst.
 */
#include "core/layers/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

enum {
	PROC_FILE_MAX = 1024 * 1024, /* mountinfo of a machine full of containers */
	MKDIR_TRIES = 200,           /* each failure means that another session ended just now */
};

static const char *const v1_controllers[V1_COUNT] = {
	[V1_CPU] = "cpu",     [V1_MEMORY] = "memory",   [V1_PIDS] = "pids",
	[V1_BLKIO] = "blkio", [V1_CPUACCT] = "cpuacct", [V1_FREEZER] = "freezer",
};

void cgroup_why(struct cgroup_host *host, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(host->why, sizeof(host->why), fmt, ap);
	va_end(ap);
}

void cgroup_close_all(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		fd_close(&fds[i]);
}

int cgroup_put(int fd, const char *value)
{
	ssize_t n;

	if (fd < 0)
		return -EBADF;
	do
		n = pwrite(fd, value, strlen(value), 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int cgroup_put_number(int fd, uint64_t value)
{
	char s[24];

	snprintf(s, sizeof(s), "%llu", (unsigned long long)value);
	return cgroup_put(fd, s);
}

int cgroup_get(int fd, char *ret, size_t size)
{
	size_t len = 0;

	if (fd < 0)
		return -EBADF;
	while (len < size - 1) {
		ssize_t n = pread(fd, ret + len, size - 1 - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	ret[len] = '\0';
	return 0;
}

static int64_t number_at(const char *s)
{
	if (*s < '0' || *s > '9')
		return -1;
	return (int64_t)(strtoull(s, NULL, 10) & INT64_MAX);
}

int64_t cgroup_get_number(int fd)
{
	char s[64];

	return cgroup_get(fd, s, sizeof(s)) < 0 ? -1 : number_at(s);
}

int64_t cgroup_get_key(int fd, const char *key)
{
	char s[2048];
	size_t len = strlen(key);

	if (cgroup_get(fd, s, sizeof(s)) < 0)
		return -1;
	for (const char *line = s; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return number_at(line + len + 1);
	}
	return -1;
}

/* Whether a comma-separated list has a word. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, word, len) == 0 && (p[len] == ',' || p[len] == '\0'))
			return true;
	}
	return false;
}

/* A copy of a path in the host's own text; "" when there is no room: a tree that is not used. */
static const char *keep(struct cgroup_host *host, const char *path)
{
	char *copy = host->text + host->used;
	size_t len = strnlen(path, PATH_MAX - 1);

	if (host->used + len >= sizeof(host->text))
		return "";
	memcpy(copy, path, len);
	copy[len] = '\0';
	host->used += len + 1;
	return copy;
}

static void tree_mounted(struct cgroup_host *host, struct cgroup_tree *tree, const char *mount,
                         const char *root)
{
	if (tree->mount[0]) /* the first one is the one that people use */
		return;
	tree->mount = keep(host, mount);
	tree->root = keep(host, root);
}

static void parse_mount(struct cgroup_host *host, char *line)
{
	char *field[5], *save = NULL, *type, *options;
	char *tail = strstr(line, " - ");

	if (!tail)
		return;
	*tail = '\0';
	tail += 3;
	if (strncmp(tail, "cgroup", 6) != 0)
		return;
	for (int i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return;
	}
	type = strtok_r(tail, " ", &save);
	strtok_r(NULL, " ", &save); /* the source says nothing */
	options = strtok_r(NULL, " ", &save);
	if (!type || !options)
		return;
	if (strcmp(type, "cgroup2") == 0)
		tree_mounted(host, &host->v2, field[4], field[3]);
	else if (strcmp(type, "cgroup") == 0)
		for (int i = 0; i < V1_COUNT; i++)
			if (list_has(options, v1_controllers[i]))
				tree_mounted(host, &host->v1[i], field[4], field[3]);
}

/* "ID:CONTROLLERS:PATH"; v2's is "0::PATH". */
static void parse_own(struct cgroup_host *host, char *line)
{
	char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

	if (!path)
		return;
	list++;
	*path++ = '\0';
	if (strncmp(path, "/..", 3) == 0) /* outside of our cgroup namespace: no place of ours */
		path[1] = '\0';
	if (*list == '\0')
		host->v2.own = keep(host, path);
	for (int i = 0; i < V1_COUNT; i++)
		if (list_has(list, v1_controllers[i]))
			host->v1[i].own = keep(host, path);
}

static int each_line(const char *path, struct cgroup_host *host,
                     void (*parse)(struct cgroup_host *host, char *line))
{
	CLEANUP_FREE char *text = NULL;
	char *save = NULL;
	size_t len;
	int r = fd_read_file(AT_FDCWD, path, PROC_FILE_MAX, &text, &len, NULL);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		parse(host, line);
	return 0;
}

int cgroup_host_read(struct cgroup_host *ret)
{
	const struct cgroup_tree none = { "", "", "" };
	int r;

	/* not as a whole: its text would be touched for nothing */
	ret->v2 = none;
	for (int i = 0; i < V1_COUNT; i++)
		ret->v1[i] = none;
	ret->used = 0;
	snprintf(ret->why, sizeof(ret->why), "no cgroup file system is mounted");
	r = each_line("/proc/self/mountinfo", ret, parse_mount);
	return r < 0 ? r : each_line("/proc/self/cgroup", ret, parse_own);
}

void cgroup_own_path(const struct cgroup_tree *tree, char ret[PATH_MAX])
{
	const char *own = tree->own;
	size_t len = strlen(tree->root);

	if (strcmp(tree->root, "/") != 0) { /* a container that sees a part only */
		if (strncmp(own, tree->root, len) == 0 && (own[len] == '/' || own[len] == '\0'))
			own += len;
		else
			own = "";
	}
	if (strcmp(own, "/") == 0)
		own = "";
	if (snprintf(ret, PATH_MAX, "%s%s", tree->mount, own) >= PATH_MAX)
		ret[0] = '\0';
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int make_dir(int at, const char *name)
{
	return mkdirat(at, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static void user_dir(const struct cgroup *c, char *ret, size_t size)
{
	snprintf(ret, size, "u-%u", (unsigned)c->uid);
}

static void session_dir(const struct cgroup *c, char *ret, size_t size)
{
	snprintf(ret, size, "s-%s", c->id);
}

/* The user's directory, made with the one above it when it is not there. */
static int open_user(int base, const struct cgroup *c, void (*level)(int dir, void *arg), void *arg)
{
	CLEANUP_FD int top = -1, user = -1;
	char path[sizeof(c->path)], *name;
	int r;

	name = path + snprintf(path, sizeof(path), "warder/");
	user_dir(c, name, sizeof(path) - (size_t)(name - path));
	user = level ? -1 : open_dir(base, path);
	if (user >= 0)
		return fd_steal(&user);
	r = make_dir(base, "warder");
	if (r < 0)
		return r;
	top = open_dir(base, "warder");
	if (top < 0)
		return top;
	if (level)
		level(top, arg);
	r = make_dir(top, name);
	if (r < 0)
		return r;
	user = open_dir(top, name);
	if (user >= 0 && level)
		level(user, arg);
	return fd_steal(&user);
}

static int mkdirs_once(int base, const struct cgroup *c, void (*level)(int dir, void *arg),
                       void *arg)
{
	CLEANUP_FD int user = open_user(base, c, level, arg);
	char name[CGROUP_ID_MAX + 8];

	if (user < 0)
		return user;
	session_dir(c, name, sizeof(name));
	if (mkdirat(user, name, 0755) < 0)
		return -errno;
	return open_dir(user, name);
}

int cgroup_mkdirs(int base, const struct cgroup *c, void (*level)(int dir, void *arg), void *arg)
{
	int r = -EAGAIN;

	for (int i = 0; i < MKDIR_TRIES; i++) {
		r = mkdirs_once(base, c, level, arg);
		if (r != -ENOENT && r != -ENODEV)
			break;
	}
	return r;
}

/* A hierarchy's root is not writable, not even for its owner, and a supervisor has no capability
 * left to go past that: as the owner it lends itself the right for a moment. */
static void remove_top(int base)
{
	struct stat st;

	if (unlinkat(base, "warder", AT_REMOVEDIR) == 0 || errno != EACCES)
		return;
	if (fstat(base, &st) < 0 || st.st_uid != geteuid() ||
	    fchmod(base, (st.st_mode | S_IWUSR) & ALLPERMS) < 0)
		return;
	unlinkat(base, "warder", AT_REMOVEDIR);
	(void)!fchmod(base, st.st_mode & ALLPERMS);
}

int cgroup_rmdirs(int base, const struct cgroup *c)
{
	char path[sizeof(c->path)];

	if (unlinkat(base, c->path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? -EBUSY : -errno;
	snprintf(path, sizeof(path), "warder/u-%u", (unsigned)c->uid);
	if (unlinkat(base, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		remove_top(base);
	return 0;
}

int cgroup_opendir(int base, const struct cgroup *c)
{
	return open_dir(base, c->path);
}
