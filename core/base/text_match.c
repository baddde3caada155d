/*
 * text_match.c: patterns and near misses. Both may be fed by strangers, so both do bounded work:
 * the matcher walks the set of all pattern positions that are alive, once per character, and never
 * backtracks.
 */
#include "core/base/text.h"

#include <string.h>

#include "core/base/bounds.h"

/* alive[i]: pattern[0..i) matches the text read so far, which ends at a boundary of components or
 * not. Follows the ways that read nothing; all lead forward. */
static void follow_empty(const char *pattern, size_t len, bool *alive, bool boundary)
{
	for (size_t i = 0; i < len; i++) {
		if (!alive[i] || pattern[i] != '*')
			continue;
		if (pattern[i + 1] != '*') {
			alive[i + 1] = true;
			continue;
		}
		alive[i + 2] = true;
		if (boundary && pattern[i + 2] == '/' && (i == 0 || pattern[i - 1] == '/'))
			alive[i + 3] = true;
	}
}

/* Reads one character of n bytes. False when nothing stays alive. */
static bool step(const char *pattern, size_t len, const bool *alive, bool *next, const char *ch,
                 size_t n)
{
	bool any = false;

	memset(next, 0, len + 1);
	for (size_t i = 0; i < len; i++) {
		if (!alive[i])
			continue;
		if (pattern[i] == '*') {
			if (pattern[i + 1] == '*' || *ch != '/')
				any = next[i] = true;
		} else if (pattern[i] == '?') {
			if (*ch != '/')
				any = next[i + 1] = true;
		} else if (len - i >= n && memcmp(pattern + i, ch, n) == 0) {
			any = next[i + n] = true;
		}
	}
	return any;
}

bool text_glob(const char *pattern, const char *text)
{
	bool sets[2][GLOB_PATTERN_MAX + 1];
	size_t len = strnlen(pattern, GLOB_PATTERN_MAX + 1);
	size_t left = strlen(text);
	int now = 0;

	if (len > GLOB_PATTERN_MAX)
		return false;
	memset(sets[now], 0, len + 1);
	sets[now][0] = true;
	follow_empty(pattern, len, sets[now], true);
	while (left > 0) {
		uint32_t cp;
		size_t n = text_utf8_decode(text, left, &cp);

		if (n == 0)
			n = 1;
		if (!step(pattern, len, sets[now], sets[!now], text, n))
			return false;
		now = !now;
		follow_empty(pattern, len, sets[now], *text == '/');
		text += n;
		left -= n;
	}
	return sets[now][len];
}

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Changes, insertions, losses and swaps of neighbours that make b of a (optimal string
 * alignment). */
static size_t distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0];
	size_t *last = rows[1];
	size_t *row = rows[2];

	for (size_t j = 0; j <= blen; j++)
		row[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *spare = before;

		before = last;
		last = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = least(change, least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[blen];
}

const char *text_nearest(const char *word, const char *const *names)
{
	size_t len = strnlen(word, WORD_MAX + 1);
	size_t best = len / 3 > 1 ? len / 3 + 1 : 2; /* must be less than this */
	const char *nearest = NULL;

	if (len == 0 || len > WORD_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		size_t name_len = strnlen(*names, WORD_MAX + 1);
		size_t d;

		if (name_len > WORD_MAX)
			continue;
		d = distance(word, len, *names, name_len);
		if (d < best && d < len) {
			best = d;
			nearest = *names;
		}
	}
	return nearest;
}
