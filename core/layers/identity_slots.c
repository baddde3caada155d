/*
 * identity_slots.c: takes, releases and reclaims ranges of host ids. See the header for what must
 * hold.
 */
#include "core/layers/identity_slots.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/identity.h"

enum {
	ID_LEN = 12,
	ACCOUNTS_MAX =
		8 * 1024 * 1024, /* /etc/passwd of a big site; a longer one is not looked at */
};

static_assert((uint64_t)SLOT_FIRST_ID + (uint64_t)SLOT_COUNT * SLOT_IDS <= 0x7fff0000,
              "the last range ends below 2^31 - 65536");

/* What the host gives to others: /etc/passwd's ids and the ranges of /etc/subuid and /etc/subgid.
 */
struct accounts {
	char *text[3]; /* NULL when the file is not there */
};
static const char *const account_files[3] = { "/etc/passwd", "/etc/subuid", "/etc/subgid" };

static void accounts_free(struct accounts *a)
{
	for (int i = 0; i < 3; i++)
		free(a->text[i]);
}

static struct accounts accounts_read(void)
{
	struct accounts a = { .text = { NULL } };
	size_t len;

	for (int i = 0; i < 3; i++)
		if (fd_read_file(AT_FDCWD, account_files[i], ACCOUNTS_MAX, &a.text[i], &len, NULL) <
		    0)
			a.text[i] = NULL;
	return a;
}

/* "name:START:COUNT" or passwd's "name:x:UID:": whether any line overlaps the range. */
static bool text_overlaps(const char *text, bool passwd, uint32_t first)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		unsigned long long start, count = 1;

		line += *line == '\n';
		if (passwd ? sscanf(line, "%*[^:\n]:%*[^:\n]:%llu:", &start) != 1
		           : sscanf(line, "%*[^:\n]:%llu:%llu", &start, &count) != 2)
			continue;
		if (start < (unsigned long long)first + SLOT_IDS && start + count > first)
			return true;
	}
	return false;
}

static bool accounts_overlap(const struct accounts *a, uint32_t first)
{
	for (int i = 0; i < 3; i++)
		if (a->text[i] && text_overlaps(a->text[i], i == 0, first))
			return true;
	return false;
}

static bool is_session_id(const char *s)
{
	return strlen(s) == ID_LEN && strspn(s, "0123456789abcdef") == ID_LEN;
}

/* Whether the session that a slot names may have left something. */
static bool belongs_to_unreaped(const char *runtime_dir, int fd)
{
	char id[ID_LEN + 2] = "", path[PATH_MAX];
	struct stat st;
	ssize_t n = pread(fd, id, sizeof(id) - 1, 0);

	id[n > 0 ? n : 0] = '\0';
	if (!is_session_id(id))
		return false; /* empty, or torn before the session started */
	if (snprintf(path, sizeof(path), "%s/sessions/%s", runtime_dir, id) >= (int)sizeof(path))
		return true;
	return lstat(path, &st) == 0 || errno != ENOENT;
}

static int open_ids(const char *runtime_dir, bool make)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/ids", runtime_dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The lock on one slot, or -EAGAIN when somebody has it. */
static int lock_slot(int ids, unsigned number, int flags)
{
	CLEANUP_FD int fd = -1;
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	fd = openat(ids, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	return fd_steal(&fd);
}

/* Where a session starts to look, so that launches at the same time do not all try the same one. */
static unsigned first_slot(const char *id)
{
	return (unsigned)(strtoull(id, NULL, 16) % SLOT_COUNT);
}

static int write_owner(int fd, const char *id)
{
	if (ftruncate(fd, 0) < 0)
		return -errno;
	return fd_write_all(fd, id, strlen(id));
}

int id_slot_take(const char *runtime_dir, const char *id, struct id_slot *ret, struct error *err)
{
	CLEANUP_FD int ids = open_ids(runtime_dir, true);
	struct accounts accounts;
	int r = -EUSERS;

	if (ids < 0)
		return error_errno(err, ids, "identity: %s/ids", runtime_dir);
	accounts = accounts_read();
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		unsigned number = (first_slot(id) + i) % SLOT_COUNT;
		uint32_t first = SLOT_FIRST_ID + number * (uint32_t)SLOT_IDS;
		CLEANUP_FD int fd = -1;

		if (accounts_overlap(&accounts, first))
			continue;
		fd = lock_slot(ids, number, O_CREAT);
		if (fd == -EAGAIN)
			continue;
		if (fd < 0) {
			r = error_errno(err, fd, "identity: %s/ids/%u", runtime_dir, number);
			break;
		}
		if (belongs_to_unreaped(runtime_dir, fd))
			continue;
		r = write_owner(fd, id);
		if (r < 0)
			error_errno(err, r, "identity: %s/ids/%u", runtime_dir, number);
		else
			*ret = (struct id_slot){ fd_steal(&fd), number, first };
		break;
	}
	accounts_free(&accounts);
	return r == -EUSERS ? error_set(err, EUSERS, "identity: no free uid range: %d in use",
	                                SLOT_COUNT)
	                    : r;
}

void id_slot_release(struct id_slot *s)
{
	if (s->fd < 0)
		return;
	/* Emptied first: nobody else may look at it before the lock is gone. */
	if (ftruncate(s->fd, 0) == 0)
		flock(s->fd, LOCK_UN);
	fd_close(&s->fd);
}

int identity_reclaim(const char *runtime_dir, const char *id)
{
	CLEANUP_FD int ids = open_ids(runtime_dir, false);

	if (ids < 0)
		return ids == -ENOENT ? 0 : ids;
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		unsigned number = (first_slot(id) + i) % SLOT_COUNT;
		CLEANUP_FREE char *owner = NULL;
		char name[16];
		size_t len;
		struct id_slot slot = { .fd = -1 };

		snprintf(name, sizeof(name), "%u", number);
		if (fd_read_file(ids, name, 64, &owner, &len, NULL) < 0 || strcmp(owner, id) != 0)
			continue;
		slot.fd = lock_slot(ids, number, 0);
		if (slot.fd < 0)
			return slot.fd == -EAGAIN ? -EBUSY : slot.fd;
		id_slot_release(&slot);
		return 0;
	}
	return 0;
}
