/*
 * policy_private.h: what the files of core/policy share and nobody else sees: the table of scalar
 * settings, which drives reading, policy_set and printing alike, and the helpers that keep struct
 * policy's lists.
 */
#ifndef WARDER_POLICY_PRIVATE_H
#define WARDER_POLICY_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/policy/policy.h"

/* ---- a policy's memory: policy_data.c ---- */

/* The policy that a file without `extends` starts from. NULL without memory. */
struct policy *policy_defaults(void);
/* NULL-terminated lists of owned strings; NULL counts as empty. Each returns 0 or -ENOMEM. */
int strv_add(char ***list, const char *s);
int strv_copy(char *const *list, char ***ret);
int strv_count(char *const *list);
bool strv_has(char *const *list, const char *s);
void strv_free(char **list);
/* realloc(3) of a list of n items to n + 1; NULL without memory, the old list is intact then. */
void *policy_grow(void *list, int n, size_t item);
/* *dst = copy of s (NULL stays NULL), the old value is freed. 0 or -ENOMEM. */
int policy_replace(char **dst, const char *s);

/* Each appends one item, copying it. 0 or -ENOMEM. */
int policy_append_mount(struct policy *p, const char *source, const char *target, bool writable);
int policy_append_tmpfs(struct policy *p, const char *target, uint64_t size);
int policy_append_rule(struct policy *p, const struct policy_exec_rule *r);
int policy_append_destination(struct policy_destination **list, int *n,
                              const struct policy_destination *d);
/* Replaces the value of a name that is set already. */
int policy_put_variable(struct policy *p, const char *name, const char *value);
/* Empties the list. */
void policy_clear_mounts(struct policy *p);
void policy_clear_tmpfs(struct policy *p);
void policy_clear_rules(struct policy *p);
void policy_clear_destinations(struct policy_destination **list, int *n);
/* Removes the mount or tmpfs at target, if there is one. */
void policy_drop_target(struct policy *p, const char *target);
bool policy_has_target(const struct policy *p, const char *target);

/* ---- scalar settings: policy_fields.c ---- */

enum policy_kind {
	KIND_BOOL,
	KIND_ENUM,
	KIND_SIZE,     /* uint64_t, bytes */
	KIND_DURATION, /* uint64_t, ns; 0 = none */
	KIND_COUNT,    /* uint32_t */
	KIND_MILLI,    /* uint32_t, thousandths */
	KIND_ROOT,     /* char *: "host" or an image */
	KIND_PROXY,    /* char * or NULL */
	KIND_PROFILE,  /* char *: absolute path */
};

struct policy_field {
	const char *section, *key;
	enum policy_kind kind;
	size_t offset;            /* in struct policy */
	const char *const *names; /* of KIND_ENUM */
	uint64_t min, max;        /* of numbers; a duration may be 0 beside */
};

/* Where a value stands: for "~" and for paths relative to the policy. Both may be NULL. */
struct policy_source {
	const char *file;
	const char *home;
};

extern const struct policy_field policy_fields[];
extern const int policy_n_fields;

int policy_field_read(const struct policy_field *f, const struct json_at *at,
                      const struct policy_source *src, struct policy *p, struct error *err);
/* The same from a word. Errors read "expected …, got …". */
int policy_field_set(const struct policy_field *f, const char *text, struct policy *p,
                     struct error *err);
void policy_field_print(const struct policy_field *f, const struct policy *p,
                        struct json_writer *w);

/* ---- checks of single values: policy_check.c ---- */

/* Each says in *why what was expected and returns false, or returns true. */
bool policy_name_ok(const char *s, const char **why);     /* of a policy */
bool policy_variable_ok(const char *s, const char **why); /* name of an environment variable */
bool policy_source_ok(const char *s, const char **why);   /* of a mount */
bool policy_target_ok(const char *s, const char **why);   /* of a mount or tmpfs */
bool policy_hide_ok(const char *s, const char **why);
bool policy_root_ok(const char *s, const char **why);
bool policy_proxy_ok(const char *s, const char **why);
/* An absolute path: `path` as it is, below home for ~/…, else beside file (or in the current
 * directory when file is NULL); symlinks resolved when it exists. -EINVAL when ~ has no home.
 * The caller frees. */
int policy_resolve(const struct policy_source *src, const char *path, char **ret);

enum { POLICY_TMPFS_MIN = 4096 };
#define POLICY_SIZE_MAX      (1ULL << 50)
#define POLICY_TMPFS_DEFAULT (100ULL << 20)

/* ---- reading and digest ---- */

/* Applies a document's keys, except `extends`, on what p has already. */
int policy_apply(const struct json_at *root, const struct policy_source *src, struct policy *p,
                 struct error *err);
/* Sets p->sha256. 0 or -ENOMEM. */
int policy_seal(struct policy *p, struct error *err);

/* ---- search: policy_search.c ---- */

/* Directories in order, NULL-terminated, each with one that may not exist. 0 or -ENOMEM;
 * strv_free. */
int policy_search_dirs(const char *home, char ***ret);
/* The file of a policy called by name. *ret is freed by the caller. -ENOENT is told with the
 * places looked at. */
int policy_search(const char *name, const char *home, char **ret, struct error *err);
/* dir/rest of the first search directory that has it readable; NULL when none has. */
char *policy_search_file(const char *rest, const char *home);

#endif
