/*
 * fields.c: see fields.h. Values are moved with memcpy at the table's offsets: the table alone
 * knows the types.
 */
#include "core/wire/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

#define EXACT_MAX 9007199254740991 /* 2^53 - 1 */

static bool is_utf8(const char *s)
{
	size_t len = strlen(s);
	uint32_t cp;

	while (len > 0) {
		size_t n = text_utf8_decode(s, len, &cp);

		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

void field_put_text(struct json_writer *w, const char *key, const char *text)
{
	CLEANUP_BUF struct buf wide = BUF_INIT;

	if (!text || is_utf8(text)) {
		json_put_string(w, key, text);
		return;
	}
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p >= 0x80)
			buf_addc(&wide, (char)(0xc0 | *p >> 6));
		buf_addc(&wide, *p >= 0x80 ? (char)(0x80 | (*p & 0x3f)) : (char)*p);
	}
	json_put_object(w, key);
	json_put_string(w, "bytes", buf_str(&wide));
	json_put_end(w, '}');
	if (wide.failed)
		w->out->failed = true;
}

static void put_list(struct json_writer *w, const char *key, char *const *list)
{
	if (!list) {
		json_put_null(w, key);
		return;
	}
	json_put_array(w, key);
	for (; *list; list++)
		field_put_text(w, NULL, *list);
	json_put_end(w, ']');
}

static void put_number(struct json_writer *w, const char *key, int64_t v)
{
	char text[24];

	if (v <= EXACT_MAX) {
		json_put_int(w, key, v);
		return;
	}
	snprintf(text, sizeof(text), "%" PRId64, v);
	json_put_string(w, key, text);
}

static void put_known(struct json_writer *w, const char *key, int64_t v)
{
	if (v < 0)
		json_put_null(w, key);
	else
		put_number(w, key, v);
}

static void put_duration(struct json_writer *w, const char *key, uint64_t ns)
{
	char text[64];

	text_format_duration_exact(ns, text, sizeof(text));
	json_put_string(w, key, text);
}

static int64_t clamp64(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

union value {
	char *text;
	char **list;
	bool boolean;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int32_t i32;
	int64_t i64;
};

static size_t value_size(enum field_kind kind)
{
	static const size_t sizes[] = {
		[FIELD_TEXT] = sizeof(char *),       [FIELD_CHARS] = 0,
		[FIELD_LIST] = sizeof(char **),      [FIELD_BOOL] = sizeof(bool),
		[FIELD_U16] = sizeof(uint16_t),      [FIELD_U32] = sizeof(uint32_t),
		[FIELD_U64] = sizeof(uint64_t),      [FIELD_KNOWN32] = sizeof(int32_t),
		[FIELD_KNOWN64] = sizeof(int64_t),   [FIELD_TIME] = sizeof(uint64_t),
		[FIELD_DURATION] = sizeof(uint64_t),
	};

	return sizes[kind];
}

static void put_one(struct json_writer *w, const struct field *f, const char *place)
{
	union value v;

	memcpy(&v, place, value_size(f->kind));
	switch (f->kind) {
	case FIELD_TEXT:
		field_put_text(w, f->name, v.text);
		break;
	case FIELD_CHARS:
		field_put_text(w, f->name, place);
		break;
	case FIELD_LIST:
		put_list(w, f->name, v.list);
		break;
	case FIELD_BOOL:
		json_put_bool(w, f->name, v.boolean);
		break;
	case FIELD_U16:
		json_put_uint(w, f->name, v.u16);
		break;
	case FIELD_U32:
		json_put_uint(w, f->name, v.u32);
		break;
	case FIELD_U64:
		put_number(w, f->name, clamp64(v.u64));
		break;
	case FIELD_KNOWN32:
		put_known(w, f->name, v.i32);
		break;
	case FIELD_KNOWN64:
		put_known(w, f->name, v.i64);
		break;
	case FIELD_TIME:
		json_put_time(w, f->name, v.u64);
		break;
	case FIELD_DURATION:
		put_duration(w, f->name, v.u64);
		break;
	}
}

void fields_put(struct json_writer *w, const struct field *fields, const void *base)
{
	for (; fields->name; fields++)
		put_one(w, fields, (const char *)base + fields->offset);
}

static int no_memory(const struct json_at *at, struct error *err)
{
	json_error(at, err, "no memory");
	if (err)
		err->code = ENOMEM;
	return -ENOMEM;
}

/* Back from characters to the bytes that they stand for, in place. */
static int narrow(const struct json_at *at, char *text, struct error *err)
{
	const char *from = text;
	size_t left = strlen(text);
	uint32_t cp;

	while (left > 0) {
		size_t n = text_utf8_decode(from, left, &cp);

		if (n == 0 || cp > 0xff)
			return json_error(at, err, "expected characters up to U+00FF");
		*text++ = (char)cp;
		from += n;
		left -= n;
	}
	*text = '\0';
	return 0;
}

/* *ret is owned by the caller, on success. */
static int get_text(const struct json_at *at, char **ret, struct error *err)
{
	struct json_at bytes = json_member(at, "bytes");
	bool wide = json_is(at, JSON_OBJECT);
	const char *s;
	char *copy;
	int r = json_string(wide ? &bytes : at, &s, err);

	if (r < 0)
		return r;
	copy = strdup(s);
	if (!copy)
		return no_memory(at, err);
	r = wide ? narrow(&bytes, copy, err) : 0;
	if (r < 0)
		free(copy);
	else
		*ret = copy;
	return r;
}

static int get_chars(const struct json_at *at, char *place, size_t size, struct error *err)
{
	char *text = NULL;
	size_t len;
	int r = get_text(at, &text, err);

	if (r < 0)
		return r;
	len = strlen(text);
	if (len < size)
		memcpy(place, text, len + 1);
	else
		r = json_error(at, err, "expected at most %zu bytes, got %zu", size - 1, len);
	free(text);
	return r;
}

static void free_list(char **list)
{
	if (!list)
		return;
	for (char **p = list; *p; p++)
		free(*p);
	free(list);
}

static int get_list(const struct json_at *at, size_t max, char ***ret, struct error *err)
{
	int n = json_count(at);
	int r = json_expect(at, JSON_ARRAY, err);
	char **list;

	if (r < 0)
		return r;
	if ((size_t)n > max)
		return json_error(at, err, "expected at most %zu texts, got %d", max, n);
	list = calloc((size_t)n + 1, sizeof(*list));
	if (!list)
		return no_memory(at, err);
	for (int i = 0; r == 0 && i < n; i++) {
		struct json_at item = json_item(at, i);

		r = get_text(&item, &list[i], err);
	}
	if (r < 0)
		free_list(list);
	else
		*ret = list;
	return r;
}

static int get_number(const struct json_at *at, int64_t max, int64_t *ret, struct error *err)
{
	const char *text;

	if (!json_is(at, JSON_STRING))
		return json_int(at, 0, max, ret, err);
	if (json_string(at, &text, NULL) == 0 && text_parse_int(text, 0, max, ret, NULL) == 0)
		return 0;
	return json_error(at, err, "expected a whole number from 0 to %" PRId64, max);
}

static int get_time(const struct json_at *at, uint64_t *ret, struct error *err)
{
	const char *text;
	int r = json_string(at, &text, err);

	if (r == 0 && clock_parse(text, ret) < 0)
		r = json_error(at, err, "expected a time such as 2026-01-31T12:00:00.000Z");
	return r;
}

static int get_duration(const struct json_at *at, uint64_t *ret, struct error *err)
{
	const char *text;
	int r = json_string(at, &text, err);

	if (r == 0 && text_parse_duration(text, ret, NULL) < 0)
		r = json_error(at, err, "expected a duration such as 1h30m");
	return r;
}

static int get_scalar(const struct json_at *at, const struct field *f, union value *v,
                      struct error *err)
{
	int64_t n = 0;
	int r = 0;

	switch (f->kind) {
	case FIELD_BOOL:
		return json_bool(at, &v->boolean, err);
	case FIELD_U16:
		r = get_number(at, UINT16_MAX, &n, err);
		v->u16 = (uint16_t)n;
		return r;
	case FIELD_U32:
		r = get_number(at, UINT32_MAX, &n, err);
		v->u32 = (uint32_t)n;
		return r;
	case FIELD_KNOWN32:
		r = get_number(at, INT32_MAX, &n, err);
		v->i32 = (int32_t)n;
		return r;
	case FIELD_U64:
	case FIELD_KNOWN64:
		r = get_number(at, INT64_MAX, &n, err);
		v->i64 = n;
		return r;
	case FIELD_TIME:
		return get_time(at, &v->u64, err);
	case FIELD_DURATION:
		return get_duration(at, &v->u64, err);
	case FIELD_TEXT:
		return get_text(at, &v->text, err);
	case FIELD_LIST:
		return get_list(at, f->size, &v->list, err);
	case FIELD_CHARS:
		break;
	}
	return -EINVAL;
}

static int get_one(const struct json_at *at, const struct field *f, char *place, struct error *err)
{
	union value v = { .u64 = 0 };
	int r = 0;

	if (!json_present(at) || json_is(at, JSON_NULL)) {
		if (f->required)
			return json_error(at, err, "is missing");
		if (f->kind == FIELD_KNOWN32)
			v.i32 = -1;
		else if (f->kind == FIELD_KNOWN64)
			v.i64 = -1;
	} else if (f->kind == FIELD_CHARS) {
		return get_chars(at, place, f->size, err);
	} else {
		r = get_scalar(at, f, &v, err);
	}
	if (r == 0)
		memcpy(place, &v, value_size(f->kind));
	return r;
}

int fields_get(const struct json_at *object, const struct field *fields, void *base,
               struct error *err)
{
	int r = json_expect(object, JSON_OBJECT, err);

	for (; r == 0 && fields->name; fields++) {
		struct json_at at = json_member(object, fields->name);

		r = get_one(&at, fields, (char *)base + fields->offset, err);
	}
	return r;
}

void fields_free(const struct field *fields, void *base)
{
	for (; fields->name; fields++) {
		char *place = (char *)base + fields->offset;
		union value v;

		memcpy(&v, place, value_size(fields->kind));
		if (fields->kind == FIELD_TEXT)
			free(v.text);
		else if (fields->kind == FIELD_LIST)
			free_list(v.list);
	}
}

void fields_put_array(struct json_writer *w, const char *key, const struct field *fields,
                      size_t stride, const void *items, int n)
{
	json_put_array(w, key);
	for (int i = 0; i < n; i++) {
		json_put_object(w, NULL);
		fields_put(w, fields, (const char *)items + (size_t)i * stride);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

int fields_get_array(const struct json_at *at, const struct field *fields, size_t stride, int max,
                     void **ret, int *ret_n, struct error *err)
{
	int n = json_count(at);
	char *items;
	int r;

	*ret = NULL;
	*ret_n = 0;
	if (!json_present(at) || json_is(at, JSON_NULL))
		return 0;
	r = json_expect(at, JSON_ARRAY, err);
	if (r < 0 || n == 0)
		return r;
	if (n > max)
		return json_error(at, err, "expected at most %d, got %d", max, n);
	items = calloc((size_t)n, stride);
	if (!items)
		return no_memory(at, err);
	for (int i = 0; r == 0 && i < n; i++) {
		struct json_at item = json_item(at, i);

		r = fields_get(&item, fields, items + (size_t)i * stride, err);
	}
	if (r < 0) {
		fields_free_array(fields, stride, items, n);
		return r;
	}
	*ret = items;
	*ret_n = n;
	return 0;
}

void fields_free_array(const struct field *fields, size_t stride, void *items, int n)
{
	for (int i = 0; items && i < n; i++)
		fields_free(fields, (char *)items + (size_t)i * stride);
	free(items);
}
