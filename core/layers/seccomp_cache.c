/*
 * seccomp_cache.c: compiled profiles kept by content, since libseccomp takes milliseconds for a
 * profile of four hundred calls.
 *
 * A file's name is the digest of everything that its program depends on; the file is a header
 * and the instructions. The header's digest covers name and instructions, so that neither a torn
 * file nor one put in another's place is taken. It is not a secret, so the file and its
 * directory must be ours and writable by nobody else; anything wrong means: compile again. The
 * number of files is bounded, since users choose profiles.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/seccomp_compile.h"

#define CACHE_FORMAT "warder-seccomp-1"

struct cache_header {
	char format[16]; /* CACHE_FORMAT without its NUL */
	char sha256[64]; /* of key and instructions, hexadecimal */
};

static_assert(sizeof(CACHE_FORMAT) - 1 == sizeof(((struct cache_header *)0)->format),
              "the format fills its field");
static_assert(sizeof(struct cache_header) % sizeof(struct sock_filter) == 0,
              "a file is a whole number of instructions long");

void seccomp_cache_key(const char *profile_sha256, enum on_denied on_denied,
                       const struct profile_machine *machine, char ret[DIGEST_HEX])
{
	char compiler[32], facts[256];
	int len;

	seccomp_compiler(compiler, sizeof(compiler));
	len = snprintf(facts, sizeof(facts), "%s\n%s\n%d\n%s %u.%u\n%s\n", CACHE_FORMAT,
	               profile_sha256, (int)on_denied, machine->arch, machine->kernel_major,
	               machine->kernel_minor, compiler);
	digest_hex(&(struct digest_part){ facts, (size_t)len }, 1, ret);
}

static void content_digest(const char *key, const struct sock_filter *insns, size_t n,
                           char ret[DIGEST_HEX])
{
	struct digest_part parts[] = { { key, strlen(key) }, { insns, n * sizeof(*insns) } };

	digest_hex(parts, 2, ret);
}

/* Ours, and nobody else writes to it. */
static bool trusted(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int cache_open(const char *state_dir, bool create)
{
	char path[PATH_MAX];
	CLEANUP_FD int fd = -1;
	int len = snprintf(path, sizeof(path), "%s/cache/seccomp", state_dir);

	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	if (create) {
		int r = fd_mkdir_p(path, 0700);

		if (r < 0)
			return r;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return trusted(fd, S_IFDIR) ? fd_steal(&fd) : -EPERM;
}

int seccomp_cache_read(const char *state_dir, const char *key, struct bpf_program *ret)
{
	CLEANUP_FD int dir = cache_open(state_dir, false);
	CLEANUP_FD int fd = -1;
	CLEANUP_FREE char *data = NULL;
	const size_t max = sizeof(struct cache_header) + sizeof(ret->insns);
	char sha256[DIGEST_HEX];
	struct cache_header h;
	size_t len, n;
	int r;

	if (dir < 0)
		return dir;
	fd = openat(dir, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!trusted(fd, S_IFREG))
		return -EPERM;
	r = fd_read_all(fd, key, max, &data, &len, NULL);
	if (r < 0)
		return r;
	if (len <= sizeof(h) || len % sizeof(ret->insns[0]))
		return -EBADMSG;
	memcpy(&h, data, sizeof(h));
	n = (len - sizeof(h)) / sizeof(ret->insns[0]);
	memcpy(ret->insns, data + sizeof(h), len - sizeof(h));
	content_digest(key, ret->insns, n, sha256);
	if (memcmp(h.format, CACHE_FORMAT, sizeof(h.format)) != 0 ||
	    memcmp(h.sha256, sha256, sizeof(h.sha256)) != 0)
		return -EBADMSG;
	ret->n = (uint16_t)n;
	ret->failed = false;
	return 0;
}

/* Makes room: a full cache is emptied. What cannot be removed is left; the cache is then full
 * for good, and of that size. */
static int make_room(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;
	int n = 0;

	if (!d) {
		fd_close(&copy);
		return -EIO;
	}
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	if (n >= SECCOMP_CACHE_MAX) {
		rewinddir(d);
		while ((e = readdir(d))) {
			if (e->d_name[0] != '.' && unlinkat(dir, e->d_name, 0) == 0)
				n--;
		}
	}
	closedir(d);
	return n < SECCOMP_CACHE_MAX ? 0 : -ENOSPC;
}

int seccomp_cache_write(const char *state_dir, const char *key, const struct bpf_program *p)
{
	CLEANUP_FD int dir = cache_open(state_dir, true);
	const size_t size = p->n * sizeof(p->insns[0]);
	CLEANUP_FREE char *data = malloc(sizeof(struct cache_header) + size);
	char sha256[DIGEST_HEX];
	struct cache_header h;
	int r;

	if (dir < 0)
		return dir;
	if (!data)
		return -ENOMEM;
	r = make_room(dir);
	if (r < 0)
		return r;
	memcpy(h.format, CACHE_FORMAT, sizeof(h.format));
	content_digest(key, p->insns, p->n, sha256);
	memcpy(h.sha256, sha256, sizeof(h.sha256));
	memcpy(data, &h, sizeof(h));
	memcpy(data + sizeof(h), p->insns, size);
	return fd_write_file_atomic(dir, key, data, sizeof(h) + size, 0600, NULL);
}
