/*
 * error.h: the one error contract of warder.
 *
 * - A function that can fail returns 0 (or a count) on success and -errno on failure.
 * - Its last parameter is `struct error *err`; it may be NULL. On failure the function that *found*
 *   the failure fills it; callers may prefix it. On success it is untouched.
 * - Outputs (`ret_*`, last before err) are always set on success and untouched on failure.
 * - A function either reports or returns, never both: nothing under core/ prints.
 */
#ifndef WARDER_BASE_ERROR_H
#define WARDER_BASE_ERROR_H

#include <stdarg.h>

enum { ERROR_TEXT_MAX = 1024, ERROR_HINT_MAX = 512 };

struct error {
	int code;                  /* errno value, positive; 0 = no error */
	char text[ERROR_TEXT_MAX]; /* "WHAT: WHY", no newline, printable (already made safe) */
	char hint[ERROR_HINT_MAX]; /* what to do about it, or "" */
};

#define ERROR_INIT ((struct error){ .code = 0 })

/* Sets code and text; returns -code. `code` may be given positive or negative; 0 becomes EIO. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and strerror(code) appended. */
int error_errno(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the text that is there. Returns -err->code (or -EIO when err is NULL). */
int error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint, unless one is there already. */
void error_hint(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
