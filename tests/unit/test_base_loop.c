/*
 * test_base_loop.c: the loop: removal and freeing inside callbacks, timer order, stopping.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/loop.h"

struct world {
	struct loop *loop;
	struct loop_fd *sources[4];
	struct loop_timer timers[4];
	int order[16];
	int calls;
	int rounds;
};

static struct loop_fd *add_ready(struct world *w,
                                 void (*ready)(struct loop_fd *, uint32_t, uint64_t))
{
	struct loop_fd *src = calloc(1, sizeof(*src));

	src->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(src->fd >= 0);
	src->events = EPOLLIN;
	src->ready = ready;
	src->owner = w;
	assert_int_equal(loop_add(w->loop, src), 0);
	assert_true(src->active);
	return src;
}

static void discard(struct world *w, struct loop_fd *src)
{
	loop_remove(w->loop, src);
	assert_false(src->active);
	fd_close(&src->fd);
	free(src);
}

static void stop_soon(struct loop_timer *t, uint64_t now)
{
	struct world *w = t->owner;

	(void)now;
	loop_stop(w->loop);
}

/* Ends the loop even if what is tested never comes. */
static void run_for(struct world *w, uint64_t ns)
{
	struct loop_timer end = { .fired = stop_soon, .owner = w };

	loop_arm(w->loop, &end, clock_now() + ns);
	assert_int_equal(loop_run(w->loop), 0);
	loop_disarm(w->loop, &end);
}

/* Whichever comes first frees all three, itself included; the others are ready in the same turn. */
static void free_all(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct world *w = src->owner;

	(void)now;
	assert_true((events & EPOLLIN) != 0);
	w->calls++;
	for (int i = 0; i < 3; i++)
		discard(w, w->sources[i]);
}

static void test_remove_in_callback(void **state)
{
	struct world w = { 0 };

	(void)state;
	assert_int_equal(loop_new(&w.loop), 0);
	for (int i = 0; i < 3; i++)
		w.sources[i] = add_ready(&w, free_all);
	run_for(&w, 20 * NS_PER_MS);
	assert_int_equal(w.calls, 1);
	loop_free(w.loop);
}

static void count_up(struct loop_fd *src, uint32_t events, uint64_t now)
{
	struct world *w = src->owner;

	(void)events;
	assert_true(now == loop_now(w->loop));
	w->calls++;
	if (w->calls == 5)
		loop_stop(w->loop);
}

static void test_level_triggered_and_change(void **state)
{
	struct world w = { 0 };
	struct loop_fd idle = { .fd = -1 };

	(void)state;
	assert_int_equal(loop_new(&w.loop), 0);
	w.sources[0] = add_ready(&w, count_up);
	assert_int_equal(loop_run(w.loop), 0);
	assert_int_equal(w.calls, 5);
	assert_int_equal(loop_change(w.loop, w.sources[0], 0), 0);
	run_for(&w, 10 * NS_PER_MS);
	assert_int_equal(w.calls, 5);
	assert_int_equal(loop_change(w.loop, w.sources[0], EPOLLIN), 0);
	run_for(&w, 10 * NS_PER_MS);
	assert_true(w.calls > 5);
	discard(&w, w.sources[0]);
	assert_int_equal(loop_add(w.loop, &idle), -EBADF);
	assert_false(idle.active);
	assert_int_equal(loop_change(w.loop, &idle, EPOLLIN), -ENOENT);
	loop_remove(w.loop, &idle);
	loop_free(w.loop);
	loop_free(NULL);
}

static void note(struct loop_timer *t, uint64_t now)
{
	struct world *w = t->owner;

	assert_false(t->active);
	assert_true(now == loop_now(w->loop));
	assert_true(clock_now() >= now);
	w->order[w->calls++] = (int)(t - w->timers);
	if (t == &w->timers[3])
		loop_stop(w->loop);
}

static struct world timer_world(void)
{
	struct world w = { 0 };

	assert_int_equal(loop_new(&w.loop), 0);
	return w;
}

static void test_timer_order(void **state)
{
	struct world w = timer_world();
	uint64_t start = clock_now();

	(void)state;
	for (int i = 0; i < 4; i++) {
		w.timers[i].owner = &w;
		w.timers[i].fired = note;
	}
	loop_arm(w.loop, &w.timers[3], start + 9 * NS_PER_MS);
	loop_arm(w.loop, &w.timers[0], start + 8 * NS_PER_MS);
	loop_arm(w.loop, &w.timers[1], start + 3 * NS_PER_MS);
	loop_arm(w.loop, &w.timers[2], start + 3 * NS_PER_MS);
	loop_arm(w.loop, &w.timers[0], start + 1 * NS_PER_MS);
	assert_int_equal(loop_run(w.loop), 0);
	assert_true(clock_now() >= start + 9 * NS_PER_MS);
	assert_int_equal(w.calls, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(w.order[i], i);
	loop_free(w.loop);
}

static void disarm_next(struct loop_timer *t, uint64_t now)
{
	struct world *w = t->owner;

	(void)now;
	w->calls++;
	loop_disarm(w->loop, &w->timers[1]); /* due in this very turn */
}

static void test_disarm_due_timer(void **state)
{
	struct world w = timer_world();

	(void)state;
	w.timers[0] = (struct loop_timer){ .owner = &w, .fired = disarm_next };
	w.timers[1] = (struct loop_timer){ .owner = &w, .fired = note };
	loop_arm(w.loop, &w.timers[0], 1);
	loop_arm(w.loop, &w.timers[1], 2);
	run_for(&w, 5 * NS_PER_MS);
	assert_int_equal(w.calls, 1);
	assert_false(w.timers[1].active);
	loop_arm(w.loop, &w.timers[1], 0);
	assert_false(w.timers[1].active);
	loop_free(w.loop);
}

static void again_at_once(struct loop_timer *t, uint64_t now)
{
	struct world *w = t->owner;

	(void)now;
	w->rounds++;
	loop_arm(w->loop, t, 1); /* the same deadline as before, long past */
}

/* A timer that is always due keeps neither descriptors nor other timers from their turn. */
static void test_busy_timer_is_fair(void **state)
{
	struct world w = timer_world();

	(void)state;
	w.timers[0] = (struct loop_timer){ .owner = &w, .fired = again_at_once };
	loop_arm(w.loop, &w.timers[0], 1);
	w.sources[0] = add_ready(&w, count_up);
	run_for(&w, NS_PER_SEC);
	assert_int_equal(w.calls, 5);
	assert_true(w.rounds >= 5);
	assert_true(w.timers[0].active);
	discard(&w, w.sources[0]);
	w.rounds = 0;
	run_for(&w, 10 * NS_PER_MS); /* and it wakes a loop that has nothing else to do */
	assert_true(w.rounds > 5);
	loop_free(w.loop);
}

static void test_free_forgets_timers(void **state)
{
	struct world w = timer_world();

	(void)state;
	w.timers[0] = (struct loop_timer){ .owner = &w, .fired = note };
	loop_arm(w.loop, &w.timers[0], UINT64_MAX);
	assert_true(w.timers[0].active);
	loop_free(w.loop);
	assert_false(w.timers[0].active);
}

static void free_source_of_turn(struct loop_timer *t, uint64_t now)
{
	struct world *w = t->owner;

	(void)now;
	discard(w, w->sources[0]);
	w->calls++;
}

static void test_timer_removes_ready_source(void **state)
{
	struct world w = timer_world();

	(void)state;
	w.timers[0] = (struct loop_timer){ .owner = &w, .fired = free_source_of_turn };
	w.sources[0] = add_ready(&w, free_all);
	loop_arm(w.loop, &w.timers[0], 1); /* fires before descriptors of the same turn */
	run_for(&w, 5 * NS_PER_MS);
	assert_int_equal(w.calls, 1);
	loop_free(w.loop);
}

/* A waiting loop sleeps: 200 ms cost next to no processor time. */
static void test_idle_costs_nothing(void **state)
{
	struct world w = timer_world();
	struct rusage before;
	struct rusage after;

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	run_for(&w, 200 * NS_PER_MS);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_nvcsw - before.ru_nvcsw < 20);
	assert_true((after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
	                    after.ru_utime.tv_usec - before.ru_utime.tv_usec <
	            50000);
	loop_free(w.loop);
}

static void test_stop_before_run(void **state)
{
	struct world w = timer_world();

	(void)state;
	w.sources[0] = add_ready(&w, count_up);
	loop_stop(w.loop);
	assert_int_equal(loop_run(w.loop), 0);
	assert_int_equal(w.calls, 0);
	discard(&w, w.sources[0]);
	loop_free(w.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remove_in_callback),
		cmocka_unit_test(test_level_triggered_and_change),
		cmocka_unit_test(test_timer_order),
		cmocka_unit_test(test_disarm_due_timer),
		cmocka_unit_test(test_busy_timer_is_fair),
		cmocka_unit_test(test_free_forgets_timers),
		cmocka_unit_test(test_timer_removes_ready_source),
		cmocka_unit_test(test_idle_costs_nothing),
		cmocka_unit_test(test_stop_before_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
