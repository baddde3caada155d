/*
 * clock.h: two clocks. Monotonic for deadlines and ages (CLOCK_BOOTTIME, so that a suspended
 * laptop's timeouts count), wall clock only as a stamp. Code takes `now` as a parameter; the loop
 * asks once a turn.
 */
#ifndef WARDER_BASE_CLOCK_H
#define WARDER_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_SEC 1000000000ULL
#define NS_PER_MS  1000000ULL

uint64_t clock_now(void);  /* ns, CLOCK_BOOTTIME */
uint64_t clock_wall(void); /* ns since 1970, CLOCK_REALTIME */
/* "2026-11-28T18:02:02.123Z" (RFC 3339, UTC, milliseconds). out: at least 32 bytes. */
void clock_format(uint64_t wall_ns, char *out, size_t size);
/* The reverse; 0 or -EINVAL. */
int clock_parse(const char *s, uint64_t *ret_wall_ns);

#endif
