/*
 * json_read.c: parsed values and typed readers. The only file that knows cJSON. A document is given
 * out only when json_scan() found it strict and no object in it has a key twice, so readers need
 * not care.
 */
#include "core/base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/base/json_scan.h"

enum { GOT_MAX = 40 }; /* bytes of a wrong string that an error repeats */

#define INT_EXACT 9007199254740991.0 /* 2^53 - 1: above it a double has gaps */

static_assert(JSON_DEPTH_MAX < CJSON_NESTING_LIMIT, "our cap is met before cJSON's");

static const cJSON *node(const struct json_at *at)
{
	return (const cJSON *)at->value;
}

static enum json_type type_of(const cJSON *value)
{
	switch (value->type & 0xff) {
	case cJSON_False:
	case cJSON_True:
		return JSON_BOOL;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_Object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, because pair by pair a hostile megabyte would take minutes. */
static int check_own_keys(const struct json_at *at, struct error *err)
{
	CLEANUP_FREE const char **keys = NULL;
	size_t n = 0;

	if (node(at)->child == NULL || node(at)->child->next == NULL)
		return 0;
	keys = calloc((size_t)json_count(at), sizeof(*keys));
	if (keys == NULL)
		return error_errno(err, ENOMEM, "%s", at->file != NULL ? at->file : "json");
	for (const cJSON *m = node(at)->child; m != NULL; m = m->next)
		keys[n++] = m->string;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < n; i++) {
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return json_error(at, err, "key \"%s\" is there twice", keys[i]);
	}
	return 0;
}

static int check_keys(const struct json_at *at, struct error *err)
{
	bool object = json_is(at, JSON_OBJECT);
	int index = 0;
	int r;

	if (!object && !json_is(at, JSON_ARRAY))
		return 0;
	r = object ? check_own_keys(at, err) : 0;
	if (r < 0)
		return r;
	for (const cJSON *m = node(at)->child; m != NULL; m = m->next) {
		struct json_at member = {
			.value = (const struct json *)m,
			.up = at,
			.key = object ? m->string : NULL,
			.index = index++,
		};

		r = check_keys(&member, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int json_parse(const char *file, const char *text, size_t len, struct json **ret, struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	int r = json_scan(file, text, len, err);

	if (r < 0)
		return r;
	doc = (struct json *)cJSON_ParseWithLength(text, len);
	if (doc == NULL)
		return error_errno(err, ENOMEM, "%s", file != NULL ? file : "json");
	root = json_root(file, doc);
	r = check_keys(&root, err);
	if (r < 0)
		return r;
	*ret = doc;
	doc = NULL;
	return 0;
}

void json_free(struct json *doc)
{
	cJSON_Delete((cJSON *)doc);
}

struct json_at json_root(const char *file, const struct json *doc)
{
	return (struct json_at){ .value = doc, .file = file };
}

struct json_at json_member(const struct json_at *object, const char *key)
{
	struct json_at at = { .up = object, .key = key };

	if (json_is(object, JSON_OBJECT))
		at.value = (const struct json *)cJSON_GetObjectItemCaseSensitive(node(object), key);
	return at;
}

struct json_at json_item(const struct json_at *array, int index)
{
	struct json_at at = { .up = array, .index = index };

	if (json_is(array, JSON_ARRAY))
		at.value = (const struct json *)cJSON_GetArrayItem(node(array), index);
	return at;
}

struct json_at json_next(const struct json_at *item)
{
	struct json_at at = *item;

	if (at.value != NULL)
		at.value = (const struct json *)node(&at)->next;
	at.index++;
	return at;
}

struct json_at json_nth(const struct json_at *object, int index)
{
	struct json_at at = { .up = object, .key = "", .index = index };

	if (json_is(object, JSON_OBJECT))
		at.value = (const struct json *)cJSON_GetArrayItem(node(object), index);
	if (at.value != NULL)
		at.key = node(&at)->string;
	return at;
}

int json_count(const struct json_at *at)
{
	if (!json_is(at, JSON_ARRAY) && !json_is(at, JSON_OBJECT))
		return 0;
	return cJSON_GetArraySize(node(at));
}

bool json_present(const struct json_at *at)
{
	return at->value != NULL;
}

bool json_is(const struct json_at *at, enum json_type type)
{
	return at->value != NULL && type_of(node(at)) == type;
}

void json_path(const struct json_at *at, struct buf *out)
{
	if (at->up == NULL)
		return;
	json_path(at->up, out);
	if (at->key == NULL) {
		buf_addf(out, "[%d]", at->index);
		return;
	}
	if (at->up->up != NULL)
		buf_addc(out, '.');
	text_safe(out, at->key, strlen(at->key), false);
}

int json_error(const struct json_at *at, struct error *err, const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const struct json_at *root = at;
	char message[ERROR_TEXT_MAX];
	size_t start;
	va_list ap;

	if (err == NULL)
		return -EINVAL;
	while (root->up != NULL)
		root = root->up;
	if (root->file != NULL)
		buf_addf(&text, "%s: ", root->file);
	start = text.len;
	json_path(at, &text);
	if (text.len > start)
		buf_adds(&text, ": ");
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	buf_adds(&text, message);
	return error_set(err, EINVAL, "%s", buf_str(&text));
}

/* A double without the locale's decimal point. */
static void add_double(struct buf *out, double v)
{
	char text[32];
	char *comma;

	snprintf(text, sizeof(text),
	         fabs(v) <= INT_EXACT && v == (double)(int64_t)v ? "%.0f" : "%.6g", v);
	comma = strchr(text, ',');
	if (comma != NULL)
		*comma = '.';
	buf_adds(out, text);
}

/* What stands there, for errors. */
static void add_got(struct buf *out, const struct json_at *at)
{
	const char *s;

	if (at->value == NULL) {
		buf_adds(out, "nothing");
		return;
	}
	switch (type_of(node(at))) {
	case JSON_NULL:
		buf_adds(out, "null");
		break;
	case JSON_BOOL:
		buf_adds(out, cJSON_IsTrue(node(at)) ? "true" : "false");
		break;
	case JSON_NUMBER:
		add_double(out, node(at)->valuedouble);
		break;
	case JSON_STRING:
		s = node(at)->valuestring;
		buf_addc(out, '"');
		text_safe(out, s, strnlen(s, GOT_MAX), false);
		buf_adds(out, strlen(s) > GOT_MAX ? "...\"" : "\"");
		break;
	case JSON_ARRAY:
		buf_adds(out, "an array");
		break;
	case JSON_OBJECT:
		buf_adds(out, "an object");
		break;
	}
}

static int fail_expected(const struct json_at *at, struct error *err, const char *what)
{
	CLEANUP_BUF struct buf got = BUF_INIT;

	add_got(&got, at);
	return json_error(at, err, "expected %s, got %s", what, buf_str(&got));
}

int json_expect(const struct json_at *at, enum json_type type, struct error *err)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",       [JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",  [JSON_OBJECT] = "an object",
	};

	return json_is(at, type) ? 0 : fail_expected(at, err, names[type]);
}

int json_string(const struct json_at *at, const char **ret, struct error *err)
{
	int r = json_expect(at, JSON_STRING, err);

	if (r == 0)
		*ret = node(at)->valuestring;
	return r;
}

int json_bool(const struct json_at *at, bool *ret, struct error *err)
{
	int r = json_expect(at, JSON_BOOL, err);

	if (r == 0)
		*ret = cJSON_IsTrue(node(at));
	return r;
}

int json_int(const struct json_at *at, int64_t min, int64_t max, int64_t *ret, struct error *err)
{
	char what[80];

	if (json_is(at, JSON_NUMBER)) {
		double v = node(at)->valuedouble;

		/* NaN and infinity fail the first test; within 2^53 the cast is exact. */
		if (fabs(v) <= INT_EXACT && v == (double)(int64_t)v && (int64_t)v >= min &&
		    (int64_t)v <= max) {
			*ret = (int64_t)v;
			return 0;
		}
	}
	if (min == INT64_MIN && max == INT64_MAX)
		snprintf(what, sizeof(what), "a whole number");
	else if (max == INT64_MAX)
		snprintf(what, sizeof(what), "a whole number from %" PRId64 " up", min);
	else
		snprintf(what, sizeof(what), "%" PRId64 "..%" PRId64, min, max);
	return fail_expected(at, err, what);
}

int json_double(const struct json_at *at, double min, double max, double *ret, struct error *err)
{
	CLEANUP_BUF struct buf what = BUF_INIT;

	if (json_is(at, JSON_NUMBER)) {
		double v = node(at)->valuedouble;

		if (isfinite(v) && v >= min && v <= max) {
			*ret = v;
			return 0;
		}
	}
	add_double(&what, min);
	buf_adds(&what, "..");
	add_double(&what, max);
	return fail_expected(at, err, buf_str(&what));
}

int json_enum(const struct json_at *at, const char *const *names, int *ret, struct error *err)
{
	CLEANUP_BUF struct buf what = BUF_INIT;

	for (int i = 0; names[i] != NULL; i++) {
		if (json_is(at, JSON_STRING) && strcmp(node(at)->valuestring, names[i]) == 0) {
			*ret = i;
			return 0;
		}
		buf_addf(&what, "%s\"%s\"",
		         i == 0                 ? ""
		         : names[i + 1] == NULL ? " or "
		                                : ", ",
		         names[i]);
	}
	return fail_expected(at, err, buf_str(&what));
}

static bool is_among(const char *key, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strcmp(key, *names) == 0)
			return true;
	}
	return false;
}

int json_only_keys(const struct json_at *at, const char *const *names, struct error *err)
{
	int r = json_expect(at, JSON_OBJECT, err);

	if (r < 0)
		return r;
	for (const cJSON *m = node(at)->child; m != NULL; m = m->next) {
		const char *near;

		if (is_among(m->string, names))
			continue;
		near = text_nearest(m->string, names);
		if (near != NULL)
			return json_error(at, err, "unknown key \"%s\"; did you mean \"%s\"?",
			                  m->string, near);
		return json_error(at, err, "unknown key \"%s\"", m->string);
	}
	return 0;
}
