/*
 * clock.c: the two clocks, and wall time as RFC 3339 text.
 */
#include "core/base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts); /* cannot fail for these clocks and a valid pointer */
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

void clock_format(uint64_t wall_ns, char *out, size_t size)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm); /* 64 bits of nanoseconds end in 2554: always fits */
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
	         tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	         (int)(wall_ns % NS_PER_SEC / NS_PER_MS));
}

/* Reads exactly n digits. */
static bool read_digits(const char **s, int n, int *ret)
{
	int value = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		value = value * 10 + (**s - '0');
	}
	*ret = value;
	return true;
}

static bool read_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* ".123" as nanoseconds: one to nine digits. */
static bool read_fraction(const char **s, uint64_t *ret)
{
	uint64_t value = 0;
	uint64_t place = NS_PER_SEC;

	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		if (place == 1)
			return false;
		place /= 10;
		value += (uint64_t)(**s - '0') * place;
	}
	*ret = value;
	return true;
}

int clock_parse(const char *s, uint64_t *ret_wall_ns)
{
	struct tm tm = { 0 };
	struct tm normal;
	uint64_t fraction = 0;
	time_t seconds;

	if (!read_digits(&s, 4, &tm.tm_year) || !read_char(&s, '-') ||
	    !read_digits(&s, 2, &tm.tm_mon) || !read_char(&s, '-') ||
	    !read_digits(&s, 2, &tm.tm_mday) || !read_char(&s, 'T') ||
	    !read_digits(&s, 2, &tm.tm_hour) || !read_char(&s, ':') ||
	    !read_digits(&s, 2, &tm.tm_min) || !read_char(&s, ':') ||
	    !read_digits(&s, 2, &tm.tm_sec))
		return -EINVAL;
	if (read_char(&s, '.') && !read_fraction(&s, &fraction))
		return -EINVAL;
	if (!read_char(&s, 'Z') || *s != '\0')
		return -EINVAL;
	if (tm.tm_year < 1970 || tm.tm_year > 2500)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	normal = tm;
	seconds = timegm(&normal);
	/* timegm makes 31 June the 1st of July; such a date is refused. */
	if (seconds < 0 || normal.tm_mon != tm.tm_mon || normal.tm_hour != tm.tm_hour ||
	    normal.tm_min != tm.tm_min || normal.tm_sec != tm.tm_sec)
		return -EINVAL;
	*ret_wall_ns = (uint64_t)seconds * NS_PER_SEC + fraction;
	return 0;
}
