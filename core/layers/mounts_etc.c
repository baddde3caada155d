/*
 * mounts_etc.c: a minimal private /etc. Names and resolver are the session's own; what programs
 * need of the machine (certificates, alternatives, the loader's cache, time zone, service names) is
 * copied if it is a small public file, or mounted read-only if it is a directory or a large one.
 * Nothing that is not readable by everybody is ever taken.
 */
#include "core/layers/mounts_plan.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

static const char *const directories[] = {
	"/etc/ssl/certs",    "/etc/ca-certificates", "/etc/pki/ca-trust", "/etc/pki/tls/certs",
	"/etc/alternatives", "/etc/ld.so.conf.d",    "/etc/terminfo",     NULL,
};

static const char *const public_files[] = {
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/localtime",
	"/etc/timezone",
	"/etc/locale.conf",
	"/etc/locale.alias",
	"/etc/os-release",
	"/etc/debian_version",
	"/etc/services",
	"/etc/protocols",
	"/etc/mime.types",
	"/etc/inputrc",
	"/etc/gai.conf",
	"/etc/host.conf",
	"/etc/default/locale",
	"/etc/ssl/openssl.cnf",
	NULL,
};

static const struct {
	const char *path, *text;
} texts[] = {
	{ "/etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\n"
	                 "agent:x:1000:1000:agent:/home/agent:/bin/bash\n"
	                 "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
	{ "/etc/group", "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n" },
	{ "/etc/resolv.conf", "nameserver 127.0.0.1\n" },
	{ "/etc/nsswitch.conf",
	  "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
	  "networks: files\nprotocols: files\nservices: files\nethers: files\n"
	  "rpc: files\n" },
	{ "/etc/profile",
	  "export PATH=\"${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}\"\n"
	  "[ -n \"$BASH\" ] && [ -n \"$PS1\" ] && . /etc/bash.bashrc\n" },
	{ "/etc/bash.bashrc", "[ -n \"$PS1\" ] && PS1='\\u@\\h:\\w\\$ '\n" },
	{ "/etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/bash\n" },
};
static_assert(AGENT_UID == 1000 && AGENT_GID == 1000,
              "the passwd and group texts name the agent's ids");

enum { COPY_MAX = 32 * 1024 }; /* more costs a launch less when it is mounted */

static const uint64_t mounted = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

static int mount_file(struct mounts *m, const char *path, int *fd, struct error *err)
{
	struct source src = SOURCE_INIT;
	int r = source_from(*fd, &src);

	if (r < 0)
		return error_errno(err, r, "mount %s", path);
	fd_steal(fd);
	return step_tree(m, path, &src, mounted, err);
}

/* Public and regular, at most SYSTEM_FILE_MAX; anything else is left out without a word: programs
 * do without. */
static int take_file(struct mounts *m, const char *path, struct error *err)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	CLEANUP_FREE char *data = NULL;
	struct stat st;
	size_t len;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & S_IROTH) ||
	    st.st_size > SYSTEM_FILE_MAX)
		return 0;
	if (st.st_size > COPY_MAX)
		return mount_file(m, path, &fd, err);
	r = fd_read_all(fd, path, SYSTEM_FILE_MAX, &data, &len, err);
	if (r < 0)
		return r;
	step_file(m, path, 0644, data, len);
	return 0;
}

/* The zone's name is the link's target, and programs read it: a link stays a link when it points
 * into /usr. */
static bool copy_link(struct mounts *m, const char *path)
{
	char to[PATH_MAX];
	ssize_t n = readlink(path, to, sizeof(to) - 1);

	if (n <= 0)
		return false;
	to[n] = '\0';
	if (strncmp(to, "/usr/", 5) != 0 && strncmp(to, "../usr/", 7) != 0)
		return false;
	step_link(m, path, to);
	return true;
}

static void host_names(struct mounts *m, const struct launch *l)
{
	CLEANUP_BUF struct buf hosts = BUF_INIT, name = BUF_INIT;
	const char *host = l->hostname ? l->hostname : "warder";

	buf_addf(&hosts, "127.0.0.1 localhost %s\n::1 localhost ip6-localhost ip6-loopback\n",
	         host);
	buf_addf(&name, "%s\n", host);
	step_file(m, "/etc/hosts", 0644, buf_str(&hosts), hosts.len);
	step_file(m, "/etc/hostname", 0644, buf_str(&name), name.len);
	m->failed |= hosts.failed || name.failed;
}

int etc_steps(struct mounts *m, const struct launch *l, struct error *err)
{
	int r = 0;

	step_dir(m, "/etc", 0755);
	step_dir(m, "/etc/default", 0755);
	step_dir(m, "/etc/ssl", 0755);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		step_file(m, texts[i].path, 0644, texts[i].text, strlen(texts[i].text));
	host_names(m, l);
	for (const char *const *p = public_files; r == 0 && *p; p++) {
		if (!copy_link(m, *p))
			r = take_file(m, *p, err);
	}
	for (const char *const *p = directories; r == 0 && *p; p++)
		r = step_system(m, l, *p, mounted, err);
	return r;
}
