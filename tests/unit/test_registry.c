/*
 * test_registry.c: a session's seat: taken, published, left; names that are nobody's twice; and
 * what killed launches leave.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "core/session/registry.h"
#include "tests/unit/sessions_box.h"

#define A "0123456789ab"
#define B "ba9876543210"

static struct plan plan_of(const struct box *b, const char *id, const char *name)
{
	struct plan p = { .places = b->places, .operator_gid = (gid_t)-1 };

	snprintf(p.launch.id, sizeof(p.launch.id), "%s", id);
	snprintf(p.name, sizeof(p.name), "%s", name);
	p.launch.owner_uid = geteuid();
	return p;
}

static bool there(const struct box *b, const char *path)
{
	char full[256];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", b->root, path);
	return lstat(full, &st) == 0;
}

static void make_old(const struct box *b, const char *path)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - 100 },
		                     { .tv_sec = time(NULL) - 100 } };
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", b->root, path);
	assert_int_equal(utimensat(AT_FDCWD, full, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* As if the supervisor had been killed. */
static void die(struct seat *s)
{
	fd_close(&s->lock_fd);
	fd_close(&s->runtime_fd);
	fd_close(&s->state_fd);
}

static void test_life(void **state)
{
	struct box *b = *state;
	struct plan p = plan_of(b, A, "one");
	struct seat s;

	assert_int_equal(seat_take(&p, &s, NULL), 0);
	assert_true(there(b, "run/sessions/.new-" A "/lock"));
	assert_true(there(b, "run/names/one"));
	assert_true(there(b, "state/sessions/" A));
	assert_int_equal(places_session_alive(&b->places, A), -ENOENT);
	assert_int_equal(seat_publish(&p, &s, NULL), 0);
	assert_int_equal(places_session_alive(&b->places, A), 1);
	assert_false(there(b, "run/sessions/.new-" A));
	seat_leave(&p, &s, false);
	assert_int_equal(s.lock_fd, -1);
	assert_false(there(b, "run/sessions/" A));
	assert_false(there(b, "run/sessions/.old-" A));
	assert_false(there(b, "run/names/one"));
	assert_true(there(b, "state/sessions/" A));
}

static void test_left_without_record(void **state)
{
	struct box *b = *state;
	struct plan p = plan_of(b, A, "one");
	struct seat s;

	for (int published = 0; published < 2; published++) {
		assert_int_equal(seat_take(&p, &s, NULL), 0);
		if (published)
			assert_int_equal(seat_publish(&p, &s, NULL), 0);
		seat_leave(&p, &s, true);
		assert_false(there(b, "run/sessions/.new-" A));
		assert_false(there(b, "run/sessions/" A));
		assert_false(there(b, "run/names/one"));
		assert_false(there(b, "state/sessions/" A));
	}
}

static void refused(const struct box *b, const char *name)
{
	struct plan p = plan_of(b, B, name);
	struct error err = ERROR_INIT;
	struct seat s;

	assert_int_equal(seat_take(&p, &s, &err), -EEXIST);
	assert_non_null(strstr(err.text, "taken by a live session"));
	assert_false(there(b, "run/sessions/.new-" B));
	assert_false(there(b, "state/sessions/" B));
	assert_true(there(b, "run/names/one"));
}

static void test_name_taken(void **state)
{
	struct box *b = *state;
	struct plan p = plan_of(b, A, "one"), q = plan_of(b, B, "one");
	struct seat s, t;

	assert_int_equal(seat_take(&p, &s, NULL), 0);
	refused(b, "one"); /* also while the other is still being launched */
	assert_int_equal(seat_publish(&p, &s, NULL), 0);
	refused(b, "one");
	die(&s);
	/* the dead one's name is free; when the dead one is taken away, its successor keeps it */
	assert_int_equal(seat_take(&q, &t, NULL), 0);
	registry_drop_name(&b->places, "one", A);
	assert_true(there(b, "run/names/one"));
	registry_drop_name(&b->places, NULL, A);
	assert_true(there(b, "run/names/one"));
	registry_drop_name(&b->places, NULL, B);
	assert_false(there(b, "run/names/one"));
	seat_leave(&q, &t, true);
}

static void launch_another(const struct box *b)
{
	struct plan p = plan_of(b, B, "another");
	struct seat s;

	assert_int_equal(seat_take(&p, &s, NULL), 0);
	seat_leave(&p, &s, true);
}

static void test_killed_launch(void **state)
{
	struct box *b = *state;
	struct plan p = plan_of(b, A, "one");
	struct seat s;

	assert_int_equal(seat_take(&p, &s, NULL), 0);
	make_old(b, "run/sessions/.new-" A);
	launch_another(b); /* it lives: its lock says so */
	assert_true(there(b, "run/sessions/.new-" A));
	die(&s);
	make_old(b, "run/sessions/.new-" A);
	launch_another(b);
	assert_false(there(b, "run/sessions/.new-" A));
	assert_false(there(b, "run/names/one"));
	assert_false(there(b, "state/sessions/" A));
}

static void test_killed_early(void **state)
{
	struct box *b = *state;
	int dir = box_dir(b->places.runtime_sessions_fd, ".new-" A);

	launch_another(b); /* young: it may be about to take its lock */
	assert_true(there(b, "run/sessions/.new-" A));
	make_old(b, "run/sessions/.new-" A);
	launch_another(b);
	assert_false(there(b, "run/sessions/.new-" A));
	fd_close(&dir);
	/* killed before it wrote whose it is */
	dir = box_dir(b->places.runtime_sessions_fd, ".new-" A);
	box_file(dir, "lock", "", 0);
	make_old(b, "run/sessions/.new-" A);
	launch_another(b);
	assert_false(there(b, "run/sessions/.new-" A));
	fd_close(&dir);
}

/* An end that was killed half-way: its record is not a launch's that never was. */
static void test_killed_end(void **state)
{
	struct box *b = *state;
	struct plan p = plan_of(b, A, "one");
	struct seat s;

	assert_int_equal(seat_take(&p, &s, NULL), 0);
	assert_int_equal(seat_publish(&p, &s, NULL), 0);
	assert_int_equal(renameat(b->places.runtime_sessions_fd, A, b->places.runtime_sessions_fd,
	                          ".old-" A),
	                 0);
	die(&s);
	launch_another(b);
	assert_true(there(b, "run/sessions/.old-" A));
	make_old(b, "run/sessions/.old-" A);
	launch_another(b);
	assert_false(there(b, "run/sessions/.old-" A));
	assert_false(there(b, "run/names/one"));
	assert_true(there(b, "state/sessions/" A));
}

static void test_record_replace(void **state)
{
	struct box *b = *state;
	int dir = box_dir(b->places.state_sessions_fd, A);
	char *text = NULL;
	size_t len;

	box_file(dir, RECORD_FILE, "old", 3);
	assert_int_equal(record_replace(dir, "new", 3), -ENOENT);
	box_file(dir, RECORD_SPARE, "a spare that is longer", 22);
	assert_int_equal(record_replace(dir, "new", 3), 0);
	assert_int_equal(fd_read_file(dir, RECORD_FILE, 100, &text, &len, NULL), 0);
	assert_string_equal(text, "new");
	assert_false(there(b, "state/sessions/" A "/" RECORD_SPARE));
	free(text);
	assert_int_equal(symlinkat(RECORD_FILE, dir, RECORD_SPARE), 0);
	assert_int_equal(record_replace(dir, "evil", 4), -ELOOP);
	fd_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_box(test_life),           in_box(test_left_without_record),
		in_box(test_name_taken),     in_box(test_killed_launch),
		in_box(test_killed_early),   in_box(test_killed_end),
		in_box(test_record_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
