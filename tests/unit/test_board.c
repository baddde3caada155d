/*
 * test_board.c: the board between processes: a reader never believes a torn copy, refuses what is
 * no board, and survives any bytes in one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/wire/board.h"
#include "tests/unit/place.h"

static struct board *create(const struct place *p, int *ret_fd)
{
	struct board *b = NULL;

	assert_int_equal(board_create(p->fd, "board", &b, ret_fd, NULL), 0);
	return b;
}

static void test_create_and_read(void **state)
{
	const struct place *p = *state;
	static struct board_data d;
	struct board_map *m = NULL;
	struct board *b;
	struct stat st;
	int fd;

	b = create(p, &fd);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, sizeof(struct board));
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true((size_t)st.st_blocks * 512 >= sizeof(struct board)); /* no hole to die in */
	assert_int_equal(board_create(p->fd, "board", &b, &fd, NULL), -EEXIST);
	assert_int_equal(board_map_open(p->fd, "board", &m, NULL), 0);

	board_begin(b);
	b->data.state = SESSION_PAUSED;
	b->data.cpu_ns = -1;
	memset(b->data.last_command, 'x', sizeof(b->data.last_command));
	assert_int_equal(board_copy(m, &d), -EAGAIN); /* the writer is in it */
	board_end(b);
	assert_int_equal(board_copy(m, &d), 0);
	assert_int_equal(d.state, SESSION_PAUSED);
	assert_int_equal(d.cpu_ns, -1);
	assert_int_equal(strlen(d.last_command), BOARD_COMMAND_MAX - 1);

	board_begin(b);
	d.state = 77;
	assert_int_equal(board_copy(m, &d), -EAGAIN);
	assert_int_equal(d.state, 77); /* untouched */
	board_map_close(m);
	board_map_close(NULL);
	board_unmap(b);
	fd_close(&fd);
}

static void test_samples(void **state)
{
	const struct place *p = *state;
	static struct board_data d;
	struct board_map *m = NULL;
	int fd;
	struct board *b = create(p, &fd);

	assert_int_equal(board_map_open(p->fd, "board", &m, NULL), 0);
	assert_int_equal(board_copy(m, &d), 0);
	assert_null(board_sample(&d, 0));
	for (int i = 1; i <= BOARD_SAMPLES + 10; i++) {
		struct board_sample s = { .at = (uint64_t)i };

		board_begin(b);
		board_push_sample(b, &s);
		board_end(b);
	}
	assert_int_equal(board_copy(m, &d), 0);
	assert_int_equal(d.sample_count, BOARD_SAMPLES);
	assert_int_equal(board_sample(&d, 0)->at, BOARD_SAMPLES + 10);
	assert_int_equal(board_sample(&d, 20)->at, BOARD_SAMPLES - 10);
	assert_int_equal(board_sample(&d, BOARD_SAMPLES - 1)->at, 11);
	assert_null(board_sample(&d, BOARD_SAMPLES));
	assert_null(board_sample(&d, UINT32_MAX));
	board_map_close(m);
	board_unmap(b);
	fd_close(&fd);
}

/* Opens ./board, which must be refused with the code. */
static void refused(const struct place *p, int code)
{
	struct error err = ERROR_INIT;
	struct board_map *m = NULL;

	assert_int_equal(board_map_open(p->fd, "board", &m, &err), -code);
	assert_null(m);
	assert_int_equal(err.code, code);
	assert_true(err.text[0] != '\0');
}

static void test_not_a_board(void **state)
{
	const struct place *p = *state;
	char other[sizeof(struct board)] = { 0 };
	struct board *b;
	int fd;

	refused(p, ENOENT);
	make_file("board", "");
	refused(p, EBADMSG);
	make_file("board", "Ward");
	refused(p, EBADMSG);
	unlink("board");
	b = create(p, &fd);
	b->version++;
	refused(p, EBADMSG);
	b->version--;
	b->size--;
	refused(p, EBADMSG);
	b->size++;
	b->magic = 0;
	refused(p, EBADMSG);
	b->magic = BOARD_MAGIC;
	assert_int_equal(ftruncate(fd, sizeof(*b) - 1), 0); /* torn */
	refused(p, EBADMSG);
	board_unmap(b);
	fd_close(&fd);
	unlink("board");
	fd = open("other", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, other, sizeof(other)), sizeof(other));
	fd_close(&fd);
	assert_int_equal(symlink("other", "board"), 0);
	refused(p, ELOOP);
	unlink("board");
	assert_int_equal(mkfifo("board", 0600), 0);
	refused(p, EBADMSG); /* and does not wait for a writer */
	unlink("board");
}

static void test_not_our_owner(void **state)
{
	const struct place *p = *state;
	struct board *b;
	int fd;

	if (geteuid() != 0) {
		print_message("giving a file away needs root\n");
		skip();
	}
	b = create(p, &fd);
	assert_int_equal(fchown(fd, 12345, (gid_t)-1), 0);
	refused(p, EPERM);
	board_unmap(b);
	fd_close(&fd);
}

static bool in_range(const struct board_data *d)
{
	for (unsigned i = 0; i < BOARD_SAMPLES + 2; i++) {
		const struct board_sample *s = board_sample(d, i);

		if (s && (s < d->samples || s >= d->samples + BOARD_SAMPLES))
			return false;
	}
	for (int i = 0; i < BOARD_LAYERS; i++) {
		if (d->layer_state[i] > 2)
			return false;
	}
	return d->state < SESSION_STATE_COUNT && d->n_layers <= BOARD_LAYERS && d->agent_pid >= 0 &&
	       d->sample_count <= BOARD_SAMPLES &&
	       strlen(d->last_command) < sizeof(d->last_command) &&
	       strlen(d->trail_chain) < sizeof(d->trail_chain);
}

static void test_garbage(void **state)
{
	const struct place *p = *state;
	static struct board_data d;
	struct board_map *m = NULL;
	int fd;
	struct board *b = create(p, &fd);

	assert_int_equal(board_map_open(p->fd, "board", &m, NULL), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(random_bytes(&b->data, sizeof(b->data)), 0);
		assert_int_equal(board_copy(m, &d), 0);
		assert_true(in_range(&d));
	}
	memset(&b->data, 0xff, sizeof(b->data));
	assert_int_equal(board_copy(m, &d), 0);
	assert_true(in_range(&d));
	assert_int_equal(random_bytes(&b->data, sizeof(b->data)), 0);
	b->seq = UINT32_MAX; /* odd: somebody died in it */
	assert_int_equal(board_copy(m, &d), -EAGAIN);
	board_begin(b); /* wraps */
	board_map_close(m);
	board_unmap(b);
	fd_close(&fd);
}

/* Writes one number everywhere, over and over, as fast as it can; now and then it rests so that
 * readers get through. */
static void write_forever(struct board *b)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint64_t n = 1;; n++) {
		board_begin(b);
		b->data.started = n;
		b->data.cpu_ns = (int64_t)n;
		for (int i = 0; i < BOARD_SAMPLES; i++)
			b->data.samples[i].at = n;
		b->data.trail_seq = n;
		board_end(b);
		if (n % 8 == 0)
			usleep(50);
	}
}

static bool one_number(const struct board_data *d)
{
	for (int i = 0; i < BOARD_SAMPLES; i++) {
		if (d->samples[i].at != d->started)
			return false;
	}
	return d->cpu_ns == (int64_t)d->started && d->trail_seq == d->started;
}

static void test_two_processes(void **state)
{
	const struct place *p = *state;
	static struct board_data d;
	struct board_map *m = NULL;
	int fd, status, copies = 0, changes = 0;
	struct board *b = create(p, &fd);
	uint64_t until, last = 0;
	pid_t pid = fork();

	if (pid == 0)
		write_forever(b);
	assert_int_equal(board_map_open(p->fd, "board", &m, NULL), 0);
	until = clock_now() + NS_PER_SEC / 2;
	while (clock_now() < until) {
		if (board_copy(m, &d) < 0)
			continue;
		if (!one_number(&d) || d.started < last)
			break;
		copies++;
		changes += d.started != last;
		last = d.started;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_true(clock_now() >= until); /* no torn copy */
	assert_true(copies > 100);
	assert_true(changes > 10);
	board_map_close(m);
	board_unmap(b);
	fd_close(&fd);
}

static int create_on_full_disk(void)
{
	struct board *b = NULL;
	int fd = -1;

	if (mkdir("small", 0700) < 0 || mount("tmpfs", "small", "tmpfs", 0, "size=4k") < 0)
		return 77;
	if (board_create(AT_FDCWD, "small/board", &b, &fd, NULL) != -ENOSPC)
		return 1;
	return access("small/board", F_OK) == 0 ? 2 : 0;
}

/* Told at once, instead of SIGBUS when it is written. */
static void test_full_disk(void **state)
{
	(void)state;
	check_in_private_mounts(create_on_full_disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(test_create_and_read), in_place(test_samples),
		in_place(test_not_a_board),     in_place(test_not_our_owner),
		in_place(test_garbage),         in_place(test_two_processes),
		in_place(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
