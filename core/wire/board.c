/*
 * board.c: the sequence lock. The writer makes seq odd, orders that before its stores (release
 * fence), and makes it even again by a release store. A reader loads seq (acquire), copies, orders
 * the copy before the second load (acquire fence), and believes the copy only when both loads agree
 * and are even. A writer that died inside leaves seq odd: readers say -EAGAIN and keep what they
 * had. After a copy nothing in it is trusted: indices and counts are brought into range, texts are
 * ended.
 */
#include "core/wire/board.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

enum { COPY_TRIES = 8 };

/* The layout is read by other versions of warder: change BOARD_VERSION with it. */
static_assert(sizeof(struct board_sample) == 64, "no padding");
static_assert(offsetof(struct board, data) == 16, "the head is four words");
static_assert(sizeof(struct board_data) % 8 == 0, "no padding at the end");

const char *const session_state_names[SESSION_STATE_COUNT + 1] = {
	[SESSION_STARTING] = "starting", [SESSION_RUNNING] = "running",
	[SESSION_PAUSED] = "paused",     [SESSION_EXITED] = "exited",
	[SESSION_KILLED] = "killed",     [SESSION_TIMEOUT] = "timeout",
	[SESSION_FAILED] = "failed",     [SESSION_LOST] = "lost",
};

struct board_map {
	const struct board *board;
};

/* Only root or this user may have made what we map: nobody else can shorten it under us. */
static int check_file(int fd, const char *name, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EBADMSG, "%s: not a regular file", name);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(err, EPERM, "%s: owned by uid %u", name, st.st_uid);
	if (st.st_size < (off_t)sizeof(struct board))
		return error_set(err, EBADMSG, "%s: %lld bytes, expected %zu", name,
		                 (long long)st.st_size, sizeof(struct board));
	return 0;
}

int board_map_open(int dirfd, const char *name, struct board_map **ret, struct error *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const struct board *b;
	struct board_map *m;
	int r;

	if (fd < 0)
		return error_errno(err, errno, "%s", name);
	r = check_file(fd, name, err);
	if (r < 0)
		return r;
	b = mmap(NULL, sizeof(*b), PROT_READ, MAP_SHARED, fd, 0);
	if (b == MAP_FAILED)
		return error_errno(err, errno, "%s: mmap", name);
	m = malloc(sizeof(*m));
	if (m)
		*m = (struct board_map){ .board = b };
	if (m && b->magic == BOARD_MAGIC && b->version == BOARD_VERSION && b->size == sizeof(*b)) {
		*ret = m;
		return 0;
	}
	r = m ? error_set(err, EBADMSG, "%s: not a board of this version of warder", name)
	      : error_errno(err, ENOMEM, "%s", name);
	free(m);
	(void)munmap((void *)(uintptr_t)b, sizeof(*b));
	return r;
}

void board_map_close(struct board_map *m)
{
	if (!m)
		return;
	(void)munmap((void *)(uintptr_t)m->board, sizeof(*m->board));
	free(m);
}

/* Hostile or torn values brought into range. */
static void make_sane(struct board_data *d)
{
	if (d->state >= SESSION_STATE_COUNT)
		d->state = SESSION_LOST;
	if (d->agent_pid < 0)
		d->agent_pid = 0;
	if (d->n_layers > BOARD_LAYERS)
		d->n_layers = BOARD_LAYERS;
	for (int i = 0; i < BOARD_LAYERS; i++) {
		if (d->layer_state[i] > 2)
			d->layer_state[i] = 0;
	}
	d->trail_chain[sizeof(d->trail_chain) - 1] = '\0';
	d->last_command[sizeof(d->last_command) - 1] = '\0';
	d->sample_head %= BOARD_SAMPLES;
	if (d->sample_count > BOARD_SAMPLES)
		d->sample_count = BOARD_SAMPLES;
}

int board_copy(const struct board_map *m, struct board_data *ret)
{
	const struct board *b = m->board;
	struct board_data copy;

	for (int i = 0; i < COPY_TRIES; i++) {
		uint32_t before = __atomic_load_n(&b->seq, __ATOMIC_ACQUIRE);

		if (before & 1)
			continue;
		memcpy(&copy, &b->data, sizeof(copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&b->seq, __ATOMIC_RELAXED) != before)
			continue;
		make_sane(&copy);
		*ret = copy;
		return 0;
	}
	return -EAGAIN;
}

const struct board_sample *board_sample(const struct board_data *d, unsigned i)
{
	if (i >= d->sample_count || i >= BOARD_SAMPLES)
		return NULL;
	return &d->samples[(d->sample_head % BOARD_SAMPLES + BOARD_SAMPLES - 1 - i) %
	                   BOARD_SAMPLES];
}

/* Real blocks, not a hole: a full file system is told here and not by SIGBUS at a store. */
static int make_size(int fd)
{
	if (fallocate(fd, 0, 0, sizeof(struct board)) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return -errno;
	return ftruncate(fd, sizeof(struct board)) < 0 ? -errno : 0;
}

int board_create(int dirfd, const char *name, struct board **ret, int *ret_fd, struct error *err)
{
	CLEANUP_FD int fd =
		openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct board *b = MAP_FAILED;
	int r;

	if (fd < 0)
		return error_errno(err, errno, "%s", name);
	r = make_size(fd);
	if (r == 0) {
		b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		r = b == MAP_FAILED ? -errno : 0;
	}
	if (r < 0) {
		(void)unlinkat(dirfd, name, 0);
		return error_errno(err, r, "%s", name);
	}
	b->magic = BOARD_MAGIC;
	b->version = BOARD_VERSION;
	b->size = sizeof(*b);
	*ret = b;
	*ret_fd = fd_steal(&fd);
	return 0;
}

void board_begin(struct board *b)
{
	__atomic_store_n(&b->seq, b->seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void board_end(struct board *b)
{
	__atomic_store_n(&b->seq, b->seq + 1, __ATOMIC_RELEASE);
}

void board_push_sample(struct board *b, const struct board_sample *s)
{
	struct board_data *d = &b->data;

	d->samples[d->sample_head] = *s;
	d->sample_head = (d->sample_head + 1) % BOARD_SAMPLES;
	if (d->sample_count < BOARD_SAMPLES)
		d->sample_count++;
}

void board_unmap(struct board *b)
{
	if (b)
		(void)munmap(b, sizeof(*b));
}
