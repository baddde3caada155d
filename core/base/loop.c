/*
 * loop.c: the event loop. Timers are kept sorted; the earliest one is armed on a timerfd of
 * CLOCK_BOOTTIME, so that time asleep counts (epoll's own timeout would not see it). Between the
 * wait and the last callback of a turn the loop touches only sources that are still active:
 * loop_remove strikes a source from the batch, loop_disarm takes a timer off both lists.
 */
#include "core/base/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"

enum { BATCH = 64 };

struct loop {
	int epoll_fd;
	int timer_fd;
	uint64_t now;
	uint64_t armed;            /* deadline on timer_fd; 0 = none */
	struct loop_timer *timers; /* waiting, earliest first */
	struct loop_timer *due;    /* to be fired in this turn */
	struct epoll_event batch[BATCH];
	int batch_next; /* first event not yet handed out */
	int batch_end;
	bool stop;
};

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct epoll_event event = { .events = EPOLLIN }; /* ptr NULL: the timer */
	int r;

	if (l == NULL)
		return -ENOMEM;
	l->timer_fd = -1;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		goto fail;
	l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer_fd < 0)
		goto fail;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &event) < 0)
		goto fail;
	l->now = clock_now();
	*ret = l;
	return 0;
fail:
	r = -errno;
	loop_free(l);
	return r;
}

static void forget_all(struct loop_timer *list)
{
	while (list != NULL) {
		struct loop_timer *next = list->next;

		list->next = NULL;
		list->active = false;
		list = next;
	}
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	forget_all(l->timers);
	forget_all(l->due);
	fd_close(&l->timer_fd);
	fd_close(&l->epoll_fd);
	free(l);
}

int loop_add(struct loop *l, struct loop_fd *src)
{
	struct epoll_event event = { .events = src->events, .data.ptr = src };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, src->fd, &event) < 0)
		return -errno;
	src->active = true;
	return 0;
}

int loop_change(struct loop *l, struct loop_fd *src, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = src };

	if (!src->active)
		return -ENOENT;
	if (src->events == events)
		return 0;
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, src->fd, &event) < 0)
		return -errno;
	src->events = events;
	return 0;
}

void loop_remove(struct loop *l, struct loop_fd *src)
{
	if (!src->active)
		return;
	src->active = false;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, src->fd, NULL); /* fails only if the fd is gone */
	for (int i = l->batch_next; i < l->batch_end; i++) {
		if (l->batch[i].data.ptr == src)
			l->batch[i].events = 0;
	}
}

void loop_arm(struct loop *l, struct loop_timer *t, uint64_t deadline)
{
	struct loop_timer **at = &l->timers;

	loop_disarm(l, t);
	if (deadline == 0)
		return;
	while (*at != NULL && (*at)->deadline <= deadline)
		at = &(*at)->next;
	t->deadline = deadline;
	t->active = true;
	t->next = *at;
	*at = t;
}

static bool take_off(struct loop_timer **list, struct loop_timer *t)
{
	for (; *list != NULL; list = &(*list)->next) {
		if (*list == t) {
			*list = t->next;
			return true;
		}
	}
	return false;
}

void loop_disarm(struct loop *l, struct loop_timer *t)
{
	if (!t->active)
		return;
	if (!take_off(&l->timers, t))
		take_off(&l->due, t);
	t->next = NULL;
	t->active = false;
	t->deadline = 0;
}

uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

static int arm_timer_fd(struct loop *l)
{
	uint64_t deadline = l->timers != NULL ? l->timers->deadline : 0;
	struct itimerspec spec = {
		.it_value = { .tv_sec = (time_t)(deadline / NS_PER_SEC),
		              .tv_nsec = (long)(deadline % NS_PER_SEC) },
	};

	if (deadline == l->armed)
		return 0;
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	l->armed = deadline;
	return 0;
}

/* Moves what has come due behind what an interrupted turn left. A timer armed by a callback
 * waits for the next turn even when it is due at once, so that descriptors get their share. */
static void collect_due(struct loop *l)
{
	struct loop_timer **tail = &l->due;

	while (*tail != NULL)
		tail = &(*tail)->next;
	while (l->timers != NULL && l->timers->deadline <= l->now) {
		*tail = l->timers;
		l->timers = l->timers->next;
		tail = &(*tail)->next;
	}
	*tail = NULL;
}

static void fire_due(struct loop *l)
{
	while (l->due != NULL && !l->stop) {
		struct loop_timer *t = l->due;

		l->due = t->next;
		t->next = NULL;
		t->active = false;
		t->deadline = 0;
		t->fired(t, l->now);
	}
}

static void hand_out(struct loop *l)
{
	while (l->batch_next < l->batch_end && !l->stop) {
		struct epoll_event *event = &l->batch[l->batch_next++];
		struct loop_fd *src = event->data.ptr;

		if (src != NULL && event->events != 0)
			src->ready(src, event->events, l->now);
	}
	l->batch_next = l->batch_end = 0; /* level-triggered: what is left comes again */
}

/* An expired timerfd stays readable; reading it is all there is to do. */
static void drain_timer_fd(struct loop *l, int n)
{
	uint64_t count;

	for (int i = 0; i < n; i++) {
		if (l->batch[i].data.ptr != NULL)
			continue;
		if (read(l->timer_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
			l->armed = 0;
	}
}

int loop_run(struct loop *l)
{
	while (!l->stop) {
		int r = arm_timer_fd(l);
		int n;

		if (r < 0)
			return r;
		n = epoll_wait(l->epoll_fd, l->batch, BATCH, l->due != NULL ? 0 : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			n = 0;
		l->now = clock_now();
		drain_timer_fd(l, n);
		l->batch_next = 0;
		l->batch_end = n;
		collect_due(l);
		fire_due(l);
		hand_out(l);
	}
	l->stop = false;
	return 0;
}
