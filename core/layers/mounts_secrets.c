/*
 * mounts_secrets.c: what must not be handed to an agent, as one table each: places of the system,
 * credentials below a home, files by name, files by content. Objects are judged by the descriptor
 * that will be mounted: by canonical name, and by device and inode, so that a bind mount or another
 * name of the same directory is found too.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

enum reach {
	ITSELF,
	WRITTEN, /* itself, and all that lies below it if it may be written */
	BELOW,   /* all that lies below it, too */
};

static const struct place {
	const char *path;
	enum reach reach;
	const char *why;
} places[] = {
	{ "/", ITSELF, "the whole machine" },
	{ "/home", ITSELF, "everybody's home directories" },
	{ "/root", ITSELF, "root's home directory" },
	{ "/etc", WRITTEN, "the machine's configuration" },
	{ "/proc", BELOW, "the kernel's view of the host" },
	{ "/sys", BELOW, "the kernel's view of the host" },
	{ "/dev", BELOW, "the host's devices" },
	{ "/run", BELOW, "sockets and state of the host's daemons" },
	{ "/boot", BELOW, "the host's boot files" },
	{ "/tmp", ITSELF, "everybody's temporary files and sockets" },
	{ "/usr", WRITTEN, "the host's programs" },
	{ "/var", ITSELF, "the host's state" },
	{ "/var/lib", ITSELF, "the host's state" },
	{ "/var/spool", BELOW, "what the host is to do for its users" },
	{ "/etc/shadow", BELOW, "holds credentials (/etc/shadow)" },
	{ "/etc/shadow-", BELOW, "holds credentials (/etc/shadow-)" },
	{ "/etc/gshadow", BELOW, "holds credentials (/etc/gshadow)" },
	{ "/etc/gshadow-", BELOW, "holds credentials (/etc/gshadow-)" },
	{ "/etc/sudoers", BELOW, "says who becomes root (/etc/sudoers)" },
	{ "/etc/sudoers.d", BELOW, "says who becomes root (/etc/sudoers.d)" },
	{ "/etc/ssh", BELOW, "holds credentials (/etc/ssh)" },
	{ "/etc/ssl/private", BELOW, "holds credentials (/etc/ssl/private)" },
	{ "/etc/pki/tls/private", BELOW, "holds credentials (/etc/pki/tls/private)" },
	{ "/etc/krb5.keytab", BELOW, "holds credentials (/etc/krb5.keytab)" },
	{ "/etc/kubernetes", BELOW, "holds credentials (/etc/kubernetes)" },
	{ "/etc/warder", BELOW, "warder's own policies" },
	{ "/var/lib/docker", BELOW, "a container daemon's state" },
	{ "/var/lib/containerd", BELOW, "a container daemon's state" },
	{ "/var/lib/containers", BELOW, "a container daemon's state" },
	{ "/var/lib/kubelet", BELOW, "a container daemon's state" },
};

/* Ordinary directories that only lie below a place of the list. */
static const char *const ordinary[] = { "/dev/shm/", "/run/media/", "/usr/src/",
	                                "/usr/local/src/" };

/* Below a home, or anywhere by these names. */
static const struct credential {
	const char *name;
	const char *kind;
} credentials[] = {
	{ ".ssh", "credentials" },
	{ ".aws", "credentials" },
	{ ".gnupg", "credentials" },
	{ ".kube", "credentials" },
	{ ".docker", "credentials" },
	{ ".azure", "credentials" },
	{ ".oci", "credentials" },
	{ ".config/gcloud", "credentials" },
	{ ".config/gh", "credentials" },
	{ ".config/hub", "credentials" },
	{ ".config/rclone", "credentials" },
	{ ".config/doctl", "credentials" },
	{ ".config/containers/auth.json", "credentials" },
	{ ".terraform.d", "credentials" },
	{ ".cargo/credentials", "credentials" },
	{ ".cargo/credentials.toml", "credentials" },
	{ ".m2/settings.xml", "credentials" },
	{ ".netrc", "credentials" },
	{ ".git-credentials", "credentials" },
	{ ".config/git/credentials", "credentials" },
	{ ".pgpass", "credentials" },
	{ ".my.cnf", "credentials" },
	{ ".vault-token", "credentials" },
	{ ".mozilla", "a browser's profile" },
	{ ".thunderbird", "a mail program's profile" },
	{ ".config/google-chrome", "a browser's profile" },
	{ ".config/chromium", "a browser's profile" },
	{ ".config/BraveSoftware", "a browser's profile" },
	{ ".config/microsoft-edge", "a browser's profile" },
	{ ".config/vivaldi", "a browser's profile" },
	{ ".config/opera", "a browser's profile" },
	{ "snap/firefox", "a browser's profile" },
	{ "snap/chromium", "a browser's profile" },
	{ ".var/app/org.mozilla.firefox", "a browser's profile" },
	{ ".password-store", "a password store" },
	{ ".local/share/keyrings", "a password store" },
	{ ".local/share/kwalletd", "a password store" },
	{ ".config/keepassxc", "a password store" },
	{ ".config/Bitwarden", "a password store" },
	{ ".config/1Password", "a password store" },
	{ ".config/op", "a password store" },
	{ ".pki", "a password store" },
	{ ".config/warder", "warder's own policies" },
};

/* Secrets only when a token stands in them. */
static const struct token_file {
	const char *name;
	const char *const *signs;
} token_files[] = {
	{ ".npmrc", (const char *const[]){ "_authToken", "_auth", "_password", NULL } },
	{ ".pypirc", (const char *const[]){ "password", "token", NULL } },
};

static const char *const key_names[] = {
	".env",       ".env.local",  ".env.production", ".env.development", "id_rsa",
	"id_dsa",     "id_ecdsa",    "id_ed25519",      "id_ecdsa_sk",      "id_ed25519_sk",
	"server.key", "private.pem", "private.key",     "key.pem",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[1] != '\0';
	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* ret_there, which may be NULL, says whether there is anything at path. */
static bool is_object_at(const struct source *s, const char *path, bool *ret_there)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (ret_there)
		*ret_there = there;
	return strcmp(s->path, path) == 0 || (there && st.st_dev == s->dev && st.st_ino == s->ino);
}

static bool same_object(const struct source *s, const char *path)
{
	return is_object_at(s, path, NULL);
}

/* Whether one of the directories above `path` is the source. */
static bool source_holds(const struct source *s, const char *path)
{
	char above[PATH_MAX];

	if (!S_ISDIR(s->mode))
		return false;
	if (is_below(path, s->path))
		return true;
	snprintf(above, sizeof(above), "%s", path);
	for (char *slash = strrchr(above, '/'); slash && slash != above;
	     slash = strrchr(above, '/')) {
		*slash = '\0';
		if (same_object(s, above))
			return true;
	}
	return same_object(s, "/");
}

static bool judge_kind(const struct source *s, char *why, size_t size)
{
	static const long kernel_fs[] = {
		PROC_SUPER_MAGIC, SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		DEBUGFS_MAGIC,    TRACEFS_MAGIC, SECURITYFS_MAGIC,   DEVPTS_SUPER_MAGIC,
		NSFS_MAGIC,       BPF_FS_MAGIC,
	};
	const char *kind = S_ISSOCK(s->mode)                        ? "a unix socket"
	                   : S_ISFIFO(s->mode)                      ? "a fifo"
	                   : S_ISCHR(s->mode) || S_ISBLK(s->mode)   ? "a device node"
	                   : !S_ISREG(s->mode) && !S_ISDIR(s->mode) ? "neither file nor directory"
	                                                            : NULL;
	struct statfs fs;

	if (!kind && fstatfs(s->fd, &fs) == 0) {
		for (size_t i = 0; i < COUNT(kernel_fs); i++) {
			if ((long)fs.f_type == kernel_fs[i])
				kind = "a file system of the kernel's own";
		}
	}
	if (kind)
		snprintf(why, size, "%s", kind);
	return kind != NULL;
}

static bool judge_place(const struct source *s, bool writable, char *why, size_t size)
{
	for (size_t i = 0; i < COUNT(ordinary); i++) {
		if (strncmp(s->path, ordinary[i], strlen(ordinary[i])) == 0)
			return false;
	}
	for (size_t i = 0; i < COUNT(places); i++) {
		const struct place *p = &places[i];
		bool below = p->reach == BELOW || (p->reach == WRITTEN && writable);
		bool there;

		if (is_object_at(s, p->path, &there) || (below && is_below(s->path, p->path))) {
			snprintf(why, size, "%s", p->why);
			return true;
		}
		if (there && source_holds(s, p->path)) {
			snprintf(why, size, "holds %s", p->path);
			return true;
		}
	}
	return false;
}

/* Homes of people: the owner's, and those of ordinary users and root in /etc/passwd. */
static bool judge_home(const struct launch *l, const struct source *s, char *why, size_t size)
{
	const struct passwd *pw;
	bool found = false;
	FILE *f;

	if (l->owner_home && l->owner_home[0] == '/' && l->owner_home[1]) {
		if (same_object(s, l->owner_home)) {
			snprintf(why, size, "a home directory (%s's)", l->owner_name);
			return true;
		}
		if (source_holds(s, l->owner_home)) {
			snprintf(why, size, "holds the home directory %s", l->owner_home);
			return true;
		}
	}
	f = fopen("/etc/passwd", "re");
	if (!f)
		return false;
	while (!found && (pw = fgetpwent(f)) != NULL) {
		if ((pw->pw_uid != 0 && pw->pw_uid < 1000) || pw->pw_uid == 65534)
			continue;
		if (pw->pw_dir[0] != '/' || !pw->pw_dir[1] || !same_object(s, pw->pw_dir))
			continue;
		snprintf(why, size, "a home directory (%s's)", pw->pw_name);
		found = true;
	}
	fclose(f);
	return found;
}

/* "/.config/gcloud" as whole components somewhere in the path. */
static bool path_has(const char *path, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strstr(path, name); at; at = strstr(at + 1, name)) {
		if (at > path && at[-1] == '/' && (at[n] == '/' || at[n] == '\0'))
			return true;
	}
	return false;
}

static void say_credential(const struct credential *c, char *why, size_t size)
{
	if (strncmp(c->kind, "warder", 6) == 0)
		snprintf(why, size, "%s (%s)", c->kind, c->name);
	else
		snprintf(why, size, "holds %s (%s)", c->kind, c->name);
}

static bool judge_credentials(const struct launch *l, const struct source *s, bool project,
                              char *why, size_t size)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(credentials); i++) {
		const struct credential *c = &credentials[i];
		bool hit = path_has(s->path, c->name);

		if (!hit && l->owner_home && l->owner_home[0] == '/' &&
		    snprintf(path, sizeof(path), "%s/%s", l->owner_home, c->name) <
		            (int)sizeof(path) &&
		    access(path, F_OK) == 0)
			hit = same_object(s, path) || source_holds(s, path);
		if (!hit && !project && S_ISDIR(s->mode))
			hit = faccessat(s->fd, c->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
		if (hit) {
			say_credential(c, why, size);
			return true;
		}
	}
	return false;
}

/* The beginning of a regular file, NUL-terminated. dirfd may be an O_PATH descriptor. Looked at
 * before it is opened: the name is the user's and may lead to a device, which root's open would
 * set to work. */
static bool peek(int dirfd, const char *name, char *ret, size_t size)
{
	CLEANUP_FD int at = openat(dirfd, name, O_PATH | O_CLOEXEC);
	CLEANUP_FD int fd = -1;
	char path[64];
	struct stat st;
	ssize_t n;

	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, ret, size - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

static bool peek_source(const struct source *s, char *ret, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	return S_ISREG(s->mode) && peek(AT_FDCWD, path, ret, size);
}

static bool has_token(const struct token_file *t, const char *text)
{
	for (const char *const *sign = t->signs; *sign; sign++) {
		if (strstr(text, *sign))
			return true;
	}
	return false;
}

static bool judge_content(const struct source *s, bool project, char *why, size_t size)
{
	const char *name = strrchr(s->path, '/') + 1;
	char text[SECRET_PEEK_MAX];

	for (size_t i = 0; i < COUNT(token_files); i++) {
		const struct token_file *t = &token_files[i];
		bool found = S_ISDIR(s->mode) ? !project && peek(s->fd, t->name, text, sizeof(text))
		                              : strcmp(name, t->name) == 0 &&
		                                        peek_source(s, text, sizeof(text));

		if (found && has_token(t, text)) {
			snprintf(why, size, "holds credentials (a token in %s)", t->name);
			return true;
		}
	}
	if (!S_ISREG(s->mode))
		return false;
	if (strcmp(name, ".env") == 0 || strncmp(name, ".env.", 5) == 0) {
		snprintf(why, size, "holds secrets (%s)", name);
		return true;
	}
	if (peek_source(s, text, sizeof(text)) && strstr(text, "PRIVATE KEY-----")) {
		snprintf(why, size, "holds a private key");
		return true;
	}
	return false;
}

static bool judge_own_state(const struct launch *l, const struct source *s, char *why, size_t size)
{
	const char *const own[] = { l->runtime_dir, l->state_dir };

	for (size_t i = 0; i < COUNT(own); i++) {
		if (!own[i] || own[i][0] != '/')
			continue;
		if (!same_object(s, own[i]) && !is_below(s->path, own[i]) &&
		    !(access(own[i], F_OK) == 0 && source_holds(s, own[i])))
			continue;
		snprintf(why, size, "warder's own state (%s)", own[i]);
		return true;
	}
	return false;
}

void secrets_in_directory(const struct source *s, char *ret, size_t size)
{
	*ret = '\0';
	if (!S_ISDIR(s->mode))
		return;
	for (size_t i = 0; i < COUNT(key_names) && !*ret; i++) {
		if (faccessat(s->fd, key_names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			snprintf(ret, size, "%s", key_names[i]);
	}
}

static bool judge_above_project(const struct launch *l, const struct source *s, char *why,
                                size_t size)
{
	char found[64];

	if (!l->project || !source_holds(s, l->project))
		return false;
	secrets_in_directory(s, found, sizeof(found));
	if (*found)
		snprintf(why, size, "holds %s above the project", found);
	return *found != '\0';
}

bool secrets_judge(const struct launch *l, const struct source *s, const struct asked_mount *ask,
                   char *why, size_t size)
{
	return judge_kind(s, why, size) || judge_place(s, ask->writable, why, size) ||
	       judge_home(l, s, why, size) || judge_credentials(l, s, ask->project, why, size) ||
	       judge_own_state(l, s, why, size) || judge_content(s, ask->project, why, size) ||
	       (!ask->project && judge_above_project(l, s, why, size));
}
