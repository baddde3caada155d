/*
 * test_output.c: what a session printed, kept within its bound, the newest of it always, and full
 * disks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/session/output.h"
#include "tests/unit/place.h"

enum { CAP = 1000 };

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_size;
}

static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(offset * 31 + offset / 251);
}

/* What is kept must be the end of what was printed. */
static void check_kept(const struct output *o)
{
	uint64_t at = o->total - (uint64_t)size_of("output") - (uint64_t)size_of("output.1");
	const char *const names[] = { "output.1", "output" };

	for (int i = 0; i < 2; i++) {
		char *text = NULL;
		size_t len = 0;

		if (fd_read_file(AT_FDCWD, names[i], CAP, &text, &len, NULL) < 0)
			continue;
		for (size_t k = 0; k < len; k++)
			assert_int_equal((unsigned char)text[k], byte_at(at++));
		free(text);
	}
	assert_int_equal(at, o->total);
}

static int add(struct output *o, size_t len)
{
	unsigned char *data = malloc(len + 1);
	int r;

	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(o->total + i);
	r = output_add(o, data, len);
	free(data);
	return r;
}

static void count_opened(void *owner, int fd)
{
	assert_true(fd >= 0);
	(*(int *)owner)++;
}

static void test_bound(void **state)
{
	static const size_t sizes[] = { 0,    1, 499, 500, 501,   999, 1000,
		                        1001, 7, 7,   7,   12345, 250, 250 };
	struct place *p = *state;
	struct output o;
	uint64_t total = 0;
	int opened = 0;

	assert_int_equal(output_create(&o, p->fd, CAP, count_opened, &opened, NULL), 0);
	assert_int_equal(opened, 1);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			off_t kept;

			assert_int_equal(add(&o, sizes[i]), 0);
			total += sizes[i];
			assert_int_equal(o.total, total);
			kept = size_of("output") + size_of("output.1");
			assert_true(kept <= CAP);
			assert_true(kept >= CAP / 2 || (uint64_t)kept == total);
			check_kept(&o);
		}
	}
	/* each file was granted, not only the first */
	assert_int_equal(opened, 1 + (int)((total - 1) / (CAP / 2)));
	output_close(&o);
	assert_int_equal(o.fd, -1);
}

static void test_exact_half(void **state)
{
	struct place *p = *state;
	struct output o;

	assert_int_equal(output_create(&o, p->fd, CAP, NULL, NULL, NULL), 0);
	add(&o, CAP / 2);
	assert_int_equal(size_of("output"), CAP / 2);
	assert_int_equal(access("output.1", F_OK),
	                 -1); /* not before there is something to put into the new one */
	add(&o, 1);
	assert_int_equal(size_of("output.1"), CAP / 2);
	assert_int_equal(size_of("output"), 1);
	output_close(&o);
}

static void test_nothing_kept(void **state)
{
	struct place *p = *state;
	struct output o;

	assert_int_equal(output_create(&o, p->fd, 0, NULL, NULL, NULL), 0);
	assert_int_equal(add(&o, 5000), 0);
	assert_int_equal(o.total, 5000);
	assert_int_equal(size_of("output"), 0);
	output_close(&o);
}

static void test_name_taken(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct output o;

	assert_int_equal(symlink("/dev/null", "output"), 0);
	assert_int_equal(output_create(&o, p->fd, CAP, NULL, NULL, &err), -EEXIST);
	assert_non_null(strstr(err.text, "output file"));
}

/* The directory is gone at the time of a rotation: told once, and then nothing more is tried. */
static void test_rotation_fails(void **state)
{
	struct place *p = *state;
	struct output o;
	int dir;

	assert_int_equal(mkdir("d", 0700), 0);
	dir = openat(p->fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(output_create(&o, dir, CAP, NULL, NULL, NULL), 0);
	assert_int_equal(add(&o, CAP / 2), 0);
	assert_int_equal(unlink("d/output"), 0);
	assert_int_equal(rmdir("d"), 0);
	assert_int_equal(add(&o, 1), -ENOENT);
	assert_int_equal(o.failed, -ENOENT);
	assert_int_equal(add(&o, 1), 0);
	assert_int_equal(o.total, CAP / 2 + 2);
	output_close(&o);
	fd_close(&dir);
}

static int full_disk(void)
{
	static char data[30000];
	struct output o;
	int dir, r = 0, told = 0;

	if (mkdir("small", 0700) < 0 || mount("none", "small", "tmpfs", 0, "size=64k") < 0)
		return 77;
	if (chdir("small") < 0)
		return 1;
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(output_create(&o, dir, 1 << 20, NULL, NULL, NULL), 0);
	for (int i = 0; i < 10; i++) {
		r = output_add(&o, data, sizeof(data));
		told += r < 0;
		assert_true(r == 0 || r == -ENOSPC);
	}
	assert_int_equal(told, 1);
	assert_int_equal(o.failed, -ENOSPC);
	assert_int_equal(o.total, 10 * sizeof(data));
	/* what fits is kept; and room that comes back later makes no hole in the middle */
	assert_int_equal(size_of("output"), 64 * 1024);
	assert_int_equal(mount(NULL, ".", NULL, MS_REMOUNT, "size=128k"), 0);
	assert_int_equal(output_add(&o, data, 1), 0);
	assert_int_equal(size_of("output"), 64 * 1024);
	output_close(&o);
	fd_close(&dir);
	return 0;
}

static void test_full_disk(void **state)
{
	(void)state;
	check_in_private_mounts(full_disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(test_bound),          in_place(test_exact_half),
		in_place(test_nothing_kept),   in_place(test_name_taken),
		in_place(test_rotation_fails), in_place(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
