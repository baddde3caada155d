/*
 * text.h: growing buffers, sizes and durations, and untrusted text made safe.
 *
 * Bytes from agents, clients and files are hostile: they are stored raw and pass through
 * text_safe() once, where they meet a terminal. A buffer that ran out of memory remembers it
 * (`failed`) and stays usable: check once at the end.
 */
#ifndef WARDER_BASE_TEXT_H
#define WARDER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct buf {
	char *data; /* NUL-terminated when len > 0 or after buf_str(); owned */
	size_t len;
	size_t cap;
	bool failed; /* an allocation failed: content is incomplete */
};

#define BUF_INIT    ((struct buf){ .data = NULL })
#define CLEANUP_BUF __attribute__((cleanup(buf_free)))

void buf_free(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_str(struct buf *b); /* never NULL */
char *buf_steal(struct buf *b);     /* the caller frees; NULL if failed */

/* Appends bytes as printable UTF-8: C0, DEL, C1, bidi controls (U+061C, U+200E/F, U+202A-202E,
 * U+2066-2069), zero-width (U+200B-200D, U+2060-2064, U+FEFF), tags (U+E0000-E007F), private
 * use, unassigned widths and bad UTF-8 become visible escapes: \n \t \r \e \xNN \u202e
 * \U000e0041. A backslash becomes \\ only when `quote`. Returns how many were hidden (escaped)
 * characters. */
size_t text_safe(struct buf *out, const char *bytes, size_t len, bool quote);
/* The same for the one character or bad byte at *p, which must be before end; moves *p past it.
 * Returns the length written to out (NUL-terminated). ret_hidden may be NULL. */
enum { TEXT_SAFE_UNIT = 16 };
size_t text_safe_next(const char **p, const char *end, bool quote, char out[TEXT_SAFE_UNIT],
                      bool *ret_hidden);
/* argv as a shell would take it back: words quoted where needed, made safe, one space between. */
void text_safe_argv(struct buf *out, const char *const *argv, size_t argc);
/* Decodes one UTF-8 sequence (RFC 3629: no overlong forms, no surrogates). Returns its length,
 * or 0 when the first byte starts no valid sequence. */
size_t text_utf8_decode(const char *s, size_t len, uint32_t *ret);
/* Terminal columns of one code point as warder draws it: 0, 1 or 2; -1 for what must be escaped.
 * Own table, not the locale's. */
int text_width(uint32_t cp);
/* The columns of a whole safe UTF-8 string. */
size_t text_columns(const char *s);

/* "2g", "100M", "64k", "1.5GiB", "4096": Docker's units, powers of 1024, case-insensitive. From
 * 1 to INT64_MAX bytes, or -EINVAL. */
int text_parse_size(const char *s, uint64_t *ret, struct error *err);
/* "30m", "1h30m", "90s", "500ms", "45" (seconds), "0" or "none" (= 0, no limit). Units d h m s
 * ms us ns, each at most once, largest first. Nanoseconds, at most INT64_MAX. */
int text_parse_duration(const char *s, uint64_t *ret_ns, struct error *err);
/* A whole decimal number in [min, max], nothing before or after it. */
int text_parse_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct error *err);
/* A decimal fraction ("1.5") as thousandths; at most three decimals, at most INT64_MAX
 * thousandths. */
int text_parse_milli(const char *s, uint64_t *ret, struct error *err);

/* 512, 64K, 1.4G: at most 5 columns. */
void text_format_size(uint64_t bytes, char *out, size_t size);
/* 4s, 12m, 3h04m, 2d11h: at most 6 columns. */
void text_format_duration(uint64_t ns, char *out, size_t size);
/* 5m, 1h30m, 500ms: parses back to the same value ("none" for 0). */
void text_format_duration_exact(uint64_t ns, char *out, size_t size);

/* fnmatch-like: `*` any run without '/', `**` any run, `?` one character without '/'. A whole
 * component `**` followed by '/' also stands for no component at all: `**` `/.env` matches
 * ".env". Work is bounded by the product of the lengths; a pattern longer than GLOB_PATTERN_MAX
 * matches nothing. */
bool text_glob(const char *pattern, const char *text);

/* The name that was most likely meant by word, or NULL when none is near (spelling distance of
 * at most a third of the word). names ends with NULL. */
const char *text_nearest(const char *word, const char *const *names);

#endif
