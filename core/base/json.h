/*
 * json.h: the only door to cJSON. Reading is strict: whole input, no comments, depth-capped, no
 * duplicate keys, names case-sensitive, integers really integers and in range. Each reader takes a
 * place (`struct json_at`) and its errors read "FILE: network.allow[2].port: expected 1..65535, got
 * 70000". Writing is a small streaming writer whose bytes are deterministic (the trail's chain
 * relies on that).
 */
#ifndef WARDER_BASE_JSON_H
#define WARDER_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/text.h"

struct json; /* a parsed value (a cJSON node); owned by its document */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A place in a document: a value and how it was reached. Made on the stack by
 * json_root/json_member/ json_item; `up` must outlive it. A missing member has value NULL. */
struct json_at {
	const struct json *value;
	const struct json_at *up;
	const char *file; /* at the root */
	const char *key;  /* a member's name, or NULL for an item */
	int index;
};

/* Parses text (len bytes, need not be NUL-terminated). Errors name file and, for syntax, line
 * and column. The caller frees *ret with json_free. */
int json_parse(const char *file, const char *text, size_t len, struct json **ret,
               struct error *err);
void json_free(struct json *doc);
static inline void json_freep(struct json **p)
{
	json_free(*p);
}
#define CLEANUP_JSON __attribute__((cleanup(json_freep)))

struct json_at json_root(const char *file, const struct json *doc);
struct json_at json_member(const struct json_at *object, const char *key);
struct json_at json_item(const struct json_at *array, int index);
/* The item after this one, so that a long array costs one pass; value NULL after the last. */
struct json_at json_next(const struct json_at *item);
int json_count(const struct json_at *at); /* items or members; 0 for others */
/* The index'th member of an object; its key in the place. */
struct json_at json_nth(const struct json_at *object, int index);
bool json_present(const struct json_at *at); /* there at all (null counts as present) */
bool json_is(const struct json_at *at, enum json_type type);

/* Error at a place: "FILE: path: MESSAGE". Returns -EINVAL. */
int json_error(const struct json_at *at, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "a.b[2].c", made safe. */
void json_path(const struct json_at *at, struct buf *out);

/* Each fails with "expected KIND, got …" when absent, of another type or out of range. Strings
 * stay owned by the document and have no embedded NUL. */
int json_string(const struct json_at *at, const char **ret, struct error *err);
int json_bool(const struct json_at *at, bool *ret, struct error *err);
/* Whole numbers beyond 2^53 - 1 are refused: cJSON holds doubles, which have gaps there. */
int json_int(const struct json_at *at, int64_t min, int64_t max, int64_t *ret, struct error *err);
int json_double(const struct json_at *at, double min, double max, double *ret, struct error *err);
/* One of names (NULL-terminated); *ret is its index. The error lists them. */
int json_enum(const struct json_at *at, const char *const *names, int *ret, struct error *err);
/* Fails unless an object whose every key is in names (NULL-terminated); names the unknown key
 * and the nearest known. */
int json_only_keys(const struct json_at *at, const char *const *names, struct error *err);
int json_expect(const struct json_at *at, enum json_type type, struct error *err);

/* ---- writing ---- */

enum { JSON_WRITE_DEPTH = 24 };

/* Compact JSON into a buffer. `key` is NULL inside arrays and at the top. Bytes that are not
 * UTF-8 become U+FFFD, and so does NUL, which json_parse refuses. Numbers of unknown value are
 * written with json_put_null: unknown is null, never 0. Nesting beyond JSON_WRITE_DEPTH and an end
 * too many set out->failed. */
struct json_writer {
	struct buf *out;
	int depth;
	bool some[JSON_WRITE_DEPTH]; /* something was written at that depth: a comma is due */
};

static inline struct json_writer json_writer(struct buf *out)
{
	return (struct json_writer){ .out = out };
}

void json_put_object(struct json_writer *w, const char *key);
void json_put_array(struct json_writer *w, const char *key);
void json_put_end(struct json_writer *w, char bracket);                      /* '}' or ']' */
void json_put_string(struct json_writer *w, const char *key, const char *s); /* NULL: null */
void json_put_bytes(struct json_writer *w, const char *key, const char *s, size_t len);
void json_put_int(struct json_writer *w, const char *key, int64_t v);
void json_put_uint(struct json_writer *w, const char *key, uint64_t v);
void json_put_double(struct json_writer *w, const char *key, double v, int decimals);
void json_put_bool(struct json_writer *w, const char *key, bool v);
void json_put_null(struct json_writer *w, const char *key);
/* RFC 3339 UTC with milliseconds; 0: null. */
void json_put_time(struct json_writer *w, const char *key, uint64_t wall_ns);
void json_put_raw(struct json_writer *w, const char *key, const char *json); /* already JSON */

#endif
