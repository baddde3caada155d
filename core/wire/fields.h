/*
 * fields.h: structs as JSON by one table of their members, so that printing, parsing and freeing
 * cannot disagree.
 *
 * Texts travel byte for byte: what is not UTF-8 is written as {"bytes":"…"}, where each character
 * stands for the byte of its number (U+0001 to U+00FF). Whole numbers above 2^53 - 1, which JSON
 * readers round, are written as strings.
 */
#ifndef WARDER_WIRE_FIELDS_H
#define WARDER_WIRE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/json.h"

enum field_kind {
	FIELD_TEXT,     /* char *, owned; NULL: null */
	FIELD_CHARS,    /* char[size] */
	FIELD_LIST,     /* char **, owned, NULL-terminated; NULL: null; at most `size` texts */
	FIELD_BOOL,     /* bool */
	FIELD_U16,      /* uint16_t */
	FIELD_U32,      /* uint32_t, or a number of 32 bits that is never negative */
	FIELD_U64,      /* uint64_t, at most INT64_MAX */
	FIELD_KNOWN32,  /* int32_t; -1 = unknown: null */
	FIELD_KNOWN64,  /* int64_t; -1 = unknown: null */
	FIELD_TIME,     /* uint64_t, wall clock ns, kept to the millisecond; 0: null */
	FIELD_DURATION, /* uint64_t, ns; written as "1h30m" */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	size_t size;
	bool required; /* absent or null is an error; else it leaves NULL, "", 0 or -1 (unknown) */
};

/* A table's end is a field without a name. */
void fields_put(struct json_writer *w, const struct field *fields, const void *base);
/* `base` is zeroed memory; on failure what was filled is there for fields_free. Unknown members are
 * passed over: a newer warder may have written them. */
int fields_get(const struct json_at *object, const struct field *fields, void *base,
               struct error *err);
void fields_free(const struct field *fields, void *base);

/* Arrays of such structs, `stride` bytes each. get: *ret is calloc'ed (NULL when there are none);
 * absent or null is none; on failure nothing is left. */
void fields_put_array(struct json_writer *w, const char *key, const struct field *fields,
                      size_t stride, const void *items, int n);
int fields_get_array(const struct json_at *at, const struct field *fields, size_t stride, int max,
                     void **ret, int *ret_n, struct error *err);
void fields_free_array(const struct field *fields, size_t stride, void *items, int n);

void field_put_text(struct json_writer *w, const char *key, const char *text);

#endif
