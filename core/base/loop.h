/*
 * loop.h: one loop, one clock, typed sources. epoll, level-triggered; timers are deadlines on
 * clock_now(). Sources are embedded in their owners: the loop allocates nothing per source. A
 * callback may add and remove any source, itself included, and may free its owner after removing it
 * (events of the same turn are dropped).
 */
#ifndef WARDER_BASE_LOOP_H
#define WARDER_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct loop_fd {
	int fd;          /* borrowed */
	uint32_t events; /* EPOLLIN | EPOLLOUT | EPOLLPRI */
	void (*ready)(struct loop_fd *src, uint32_t events, uint64_t now);
	void *owner;
	bool active; /* set by the loop */
};

struct loop_timer {
	uint64_t deadline; /* ns on clock_now(); 0 = not armed */
	void (*fired)(struct loop_timer *t, uint64_t now);
	void *owner;
	struct loop_timer *next; /* the loop's */
	bool active;
};

int loop_new(struct loop **ret); /* 0 or -errno */
void loop_free(struct loop *l);
int loop_add(struct loop *l, struct loop_fd *src);                      /* 0 or -errno */
int loop_change(struct loop *l, struct loop_fd *src, uint32_t events);  /* 0 or -errno */
void loop_remove(struct loop *l, struct loop_fd *src);                  /* fine if not active */
void loop_arm(struct loop *l, struct loop_timer *t, uint64_t deadline); /* re-arming moves it */
void loop_disarm(struct loop *l, struct loop_timer *t);
uint64_t loop_now(const struct loop *l); /* of this turn */
/* Runs until loop_stop. 0, or -errno when epoll itself failed. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
