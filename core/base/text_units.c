/*
 * text_units.c: sizes, durations and numbers from text and back. Integer arithmetic only: nothing
 * is rounded in reading, nothing overflows unseen, and no locale changes what is accepted.
 */
#include "core/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"

enum { DECIMALS_MAX = 9 };

/* A decimal number as written: whole + fraction / scale, scale a power of ten (1: no fraction). */
struct decimal {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
};

/* Reads "12" or "1.5"; returns what follows, or NULL. */
static const char *read_decimal(const char *s, struct decimal *ret)
{
	struct decimal d = { .scale = 1 };

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (d.whole > (UINT64_MAX - digit) / 10)
			return NULL;
		d.whole = d.whole * 10 + digit;
	}
	if (*s == '.') {
		const char *start = ++s;

		for (; *s >= '0' && *s <= '9'; s++) {
			if (s - start >= DECIMALS_MAX)
				return NULL;
			d.fraction = d.fraction * 10 + (uint64_t)(*s - '0');
			d.scale *= 10;
		}
		if (s == start)
			return NULL;
	}
	*ret = d;
	return s;
}

/* d * unit, rounded down; *ret_exact tells whether nothing was lost. False above INT64_MAX. */
static bool scale_decimal(const struct decimal *d, uint64_t unit, uint64_t *ret, bool *ret_exact)
{
	unsigned __int128 product = (unsigned __int128)d->fraction * unit;
	unsigned __int128 value = (unsigned __int128)d->whole * unit + product / d->scale;

	if (value > INT64_MAX)
		return false;
	*ret = (uint64_t)value;
	*ret_exact = product % d->scale == 0;
	return true;
}

/* The power of 1024 of a unit ("", "b", "k", "kb", "kib", ...), or -1. */
static int size_unit(const char *s)
{
	static const char letters[] = "kmgtpe";
	const char *letter;
	int power = 0;

	if (*s != '\0' && (letter = strchr(letters, *s | 0x20)) != NULL) {
		power = (int)(letter - letters) + 1;
		s++;
		if (strcasecmp(s, "ib") == 0 || strcasecmp(s, "i") == 0)
			return power;
	}
	return *s == '\0' || strcasecmp(s, "b") == 0 ? power : -1;
}

int text_parse_size(const char *s, uint64_t *ret, struct error *err)
{
	struct decimal d;
	uint64_t value;
	bool exact;
	const char *rest = read_decimal(s, &d);
	int power = rest != NULL ? size_unit(rest) : -1;

	if (power < 0 || (power == 0 && d.scale > 1))
		return error_set(err, EINVAL, "expected a size such as 512m or 2g, got \"%s\"", s);
	if (!scale_decimal(&d, 1ULL << (10 * power), &value, &exact))
		return error_set(err, EINVAL, "size \"%s\" is too large", s);
	if (value == 0)
		return error_set(err, EINVAL, "a size must be more than 0, got \"%s\"", s);
	*ret = value;
	return 0;
}

struct duration_unit {
	const char *name;
	uint64_t ns;
};

static const struct duration_unit duration_units[] = {
	{ "d", 86400 * NS_PER_SEC },
	{ "h", 3600 * NS_PER_SEC },
	{ "m", 60 * NS_PER_SEC },
	{ "s", NS_PER_SEC },
	{ "ms", NS_PER_MS },
	{ "us", 1000 },
	{ "ns", 1 },
};

enum { DURATION_UNITS = sizeof(duration_units) / sizeof(duration_units[0]) };

/* The index of the unit that *s starts with, and *s moved past it; -1 when there is none. */
static int duration_unit(const char **s)
{
	size_t len = 0;

	while ((*s)[len] >= 'a' && (*s)[len] <= 'z')
		len++;
	for (int i = 0; i < DURATION_UNITS; i++) {
		const char *name = duration_units[i].name;

		if (strlen(name) == len && memcmp(name, *s, len) == 0) {
			*s += len;
			return i;
		}
	}
	return -1;
}

static int bad_duration(const char *s, struct error *err)
{
	return error_set(err, EINVAL, "expected a duration such as 90s, 30m or 1h30m, got \"%s\"",
	                 s);
}

int text_parse_duration(const char *s, uint64_t *ret_ns, struct error *err)
{
	const char *p = s;
	uint64_t total = 0;
	int least = -1; /* the unit read last: the next one must be smaller */

	if (strcmp(s, "none") == 0) {
		*ret_ns = 0;
		return 0;
	}
	do {
		struct decimal d;
		uint64_t part;
		bool exact;
		int unit;

		p = read_decimal(p, &d);
		if (p == NULL)
			return bad_duration(s, err);
		if (*p == '\0' && least < 0)
			unit = 3; /* a bare number: seconds */
		else
			unit = duration_unit(&p);
		if (unit <= least)
			return bad_duration(s, err);
		if (!scale_decimal(&d, duration_units[unit].ns, &part, &exact) ||
		    part > INT64_MAX - total)
			return error_set(err, EINVAL, "duration \"%s\" is too long", s);
		if (!exact)
			return error_set(err, EINVAL, "duration \"%s\" is finer than 1ns", s);
		total += part;
		least = unit;
	} while (*p != '\0');
	*ret_ns = total;
	return 0;
}

int text_parse_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	bool negative = *s == '-';
	const char *p = negative ? s + 1 : s;
	int64_t value = 0;

	if (*p == '\0')
		goto bad;
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			goto bad;
		/* Summed on the negative side, which is the longer one. */
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *p - '0', &value))
			goto bad;
	}
	if (!negative) {
		if (value == INT64_MIN)
			goto bad;
		value = -value;
	}
	if (value < min || value > max)
		goto bad;
	*ret = value;
	return 0;
bad:
	return error_set(err, EINVAL,
	                 "expected a whole number from %" PRId64 " to %" PRId64 ", got \"%s\"", min,
	                 max, s);
}

int text_parse_milli(const char *s, uint64_t *ret, struct error *err)
{
	struct decimal d;
	uint64_t value;
	bool exact;
	const char *rest = read_decimal(s, &d);

	if (rest == NULL || *rest != '\0')
		return error_set(err, EINVAL, "expected a number such as 1 or 1.5, got \"%s\"", s);
	if (!scale_decimal(&d, 1000, &value, &exact))
		return error_set(err, EINVAL, "\"%s\" is too large", s);
	if (!exact)
		return error_set(err, EINVAL, "\"%s\" has more than three decimals", s);
	*ret = value;
	return 0;
}

void text_format_size(uint64_t bytes, char *out, size_t size)
{
	static const char letters[] = "KMGTPE";
	int power = 0;
	uint64_t whole;
	uint64_t tenth;

	while (power < 6 && bytes >> (10 * power) >= 1024)
		power++;
	if (power == 0) {
		snprintf(out, size, "%" PRIu64, bytes);
		return;
	}
	whole = bytes >> (10 * power);
	tenth = ((bytes >> (10 * (power - 1))) & 1023) * 10 / 1024;
	if (whole < 10 && tenth > 0)
		snprintf(out, size, "%" PRIu64 ".%" PRIu64 "%c", whole, tenth, letters[power - 1]);
	else
		snprintf(out, size, "%" PRIu64 "%c", whole, letters[power - 1]);
}

void text_format_duration(uint64_t ns, char *out, size_t size)
{
	uint64_t seconds = ns / NS_PER_SEC;
	uint64_t minutes = seconds / 60;
	uint64_t hours = minutes / 60;
	uint64_t days = hours / 24;

	if (minutes == 0)
		snprintf(out, size, "%" PRIu64 "s", seconds);
	else if (hours == 0)
		snprintf(out, size, "%" PRIu64 "m", minutes);
	else if (days == 0)
		snprintf(out, size, "%" PRIu64 "h%02" PRIu64 "m", hours, minutes % 60);
	else if (days < 100)
		snprintf(out, size, "%" PRIu64 "d%02" PRIu64 "h", days, hours % 24);
	else if (days < 10000)
		snprintf(out, size, "%" PRIu64 "d", days);
	else
		snprintf(out, size, "%" PRIu64 "y", days / 365);
}

void text_format_duration_exact(uint64_t ns, char *out, size_t size)
{
	size_t len = 0;

	if (ns == 0) {
		snprintf(out, size, "none");
		return;
	}
	for (int i = 0; i < DURATION_UNITS && len < size; i++) {
		uint64_t count = ns / duration_units[i].ns;

		if (count == 0)
			continue;
		ns %= duration_units[i].ns;
		len += (size_t)snprintf(out + len, size - len, "%" PRIu64 "%s", count,
		                        duration_units[i].name);
	}
}
