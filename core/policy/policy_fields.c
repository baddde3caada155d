/*
 * policy_fields.c: the one table of a policy's scalar settings. Reading a file, policy_set and
 * printing all go through it, so that a setting has one range and one spelling wherever it comes
 * from. Lists are not here.
 */
#include "core/policy/policy_private.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"

const char *const layer_names[LAYER_COUNT + 1] = {
	[LAYER_IDENTITY] = "identity",         [LAYER_MOUNTS] = "mounts",
	[LAYER_NETWORK] = "network",           [LAYER_LIMITS] = "limits",
	[LAYER_ENVIRONMENT] = "environment",   [LAYER_CAPABILITIES] = "capabilities",
	[LAYER_NO_NEW_PRIVS] = "no_new_privs", [LAYER_LANDLOCK] = "landlock",
	[LAYER_SECCOMP] = "seccomp",
};
const char *const toggle_names[TOGGLE_COUNT + 1] = {
	[TOGGLE_PTRACE] = "ptrace",
	[TOGGLE_USER_NAMESPACES] = "user_namespaces",
	[TOGGLE_RAW_SOCKETS] = "raw_sockets",
	[TOGGLE_KEYRING] = "keyring",
	[TOGGLE_PERF] = "perf",
	[TOGGLE_IO_URING] = "io_uring",
	[TOGGLE_MEMFD_EXEC] = "memfd_exec",
};
const char *const workspace_names[] = { "rw", "ro", "cow", NULL };
const char *const network_names[] = { "none", "filtered", NULL };
static const char *const on_unknown_list[] = { "deny", "ask", NULL };
const char *const exec_mode_names[] = { "log", "ask", "deny", NULL };
const char *const exec_action_names[] = { "allow", "ask", "deny", NULL };
static const char *const on_denied_list[] = { "errno", "kill", NULL };

static_assert(sizeof(enum workspace_mode) == sizeof(unsigned), "enums are stored as unsigned");
static_assert(sizeof(enum network_mode) == sizeof(unsigned), "enums are stored as unsigned");
static_assert(sizeof(enum on_denied) == sizeof(unsigned), "enums are stored as unsigned");

#define DAY_NS       (24 * 3600 * 1000000000ULL)
#define DURATION_MIN 1000000000ULL
#define DURATION_MAX (366 * DAY_NS)

#define AT(member)   offsetof(struct policy, member)
#define TOGGLE(name, id)                                                                           \
	{                                                                                          \
		"toggles", name, KIND_BOOL, AT(toggles[id])                                        \
	}

const struct policy_field policy_fields[] = {
	{ "seccomp", "profile", KIND_PROFILE, AT(seccomp.profile) },
	{ "seccomp", "on_denied", KIND_ENUM, AT(seccomp.on_denied), on_denied_list },
	{ "filesystem", "root", KIND_ROOT, AT(filesystem.root) },
	{ "filesystem", "read_only", KIND_BOOL, AT(filesystem.read_only) },
	{ "filesystem", "workspace", KIND_ENUM, AT(filesystem.workspace), workspace_names },
	{ "network", "mode", KIND_ENUM, AT(network.mode), network_names },
	{ "network", "on_unknown", KIND_ENUM, AT(network.on_unknown), on_unknown_list },
	{ "network", "upstream_proxy", KIND_PROXY, AT(network.upstream_proxy) },
	{ "exec", "mode", KIND_ENUM, AT(exec.mode), exec_mode_names },
	{ "exec", "approval_timeout", KIND_DURATION, AT(exec.approval_timeout_ns) },
	/* 6m is Docker's least as well: below it a shell does not start */
	{ "limits", "memory", KIND_SIZE, AT(limits.memory), NULL, 6ULL << 20, POLICY_SIZE_MAX },
	/* 0.01: a quota of 1 ms, the kernel's least, in a period of 100 ms */
	{ "limits", "cpus", KIND_MILLI, AT(limits.cpus_milli), NULL, 10, 1024000 },
	/* from pid 1, the command and what it starts, to the kernel's PID_MAX_LIMIT */
	{ "limits", "pids", KIND_COUNT, AT(limits.pids), NULL, 4, 4194304 },
	{ "limits", "disk", KIND_SIZE, AT(limits.disk), NULL, 64ULL << 10, POLICY_SIZE_MAX },
	/* to the kernel's default of fs.nr_open */
	{ "limits", "open_files", KIND_COUNT, AT(limits.open_files), NULL, 16, 1048576 },
	{ "limits", "timeout", KIND_DURATION, AT(limits.timeout_ns) },
	{ "limits", "idle_timeout", KIND_DURATION, AT(limits.idle_timeout_ns) },
	{ "limits", "output", KIND_SIZE, AT(limits.output), NULL, 4ULL << 10, POLICY_SIZE_MAX },
	TOGGLE("ptrace", TOGGLE_PTRACE),
	TOGGLE("user_namespaces", TOGGLE_USER_NAMESPACES),
	TOGGLE("raw_sockets", TOGGLE_RAW_SOCKETS),
	TOGGLE("keyring", TOGGLE_KEYRING),
	TOGGLE("perf", TOGGLE_PERF),
	TOGGLE("io_uring", TOGGLE_IO_URING),
	TOGGLE("memfd_exec", TOGGLE_MEMFD_EXEC),
};
const int policy_n_fields = sizeof(policy_fields) / sizeof(policy_fields[0]);

static void *field_at(const struct policy_field *f, struct policy *p)
{
	return (char *)p + f->offset;
}

static const void *field_of(const struct policy_field *f, const struct policy *p)
{
	return (const char *)p + f->offset;
}

static void store_bool(const struct policy_field *f, struct policy *p, bool v)
{
	memcpy(field_at(f, p), &v, sizeof(v));
}

static void store_u32(const struct policy_field *f, struct policy *p, uint64_t v)
{
	uint32_t narrow = (uint32_t)v;

	memcpy(field_at(f, p), &narrow, sizeof(narrow));
}

static void store_u64(const struct policy_field *f, struct policy *p, uint64_t v)
{
	memcpy(field_at(f, p), &v, sizeof(v));
}

static int store_string(const struct policy_field *f, struct policy *p, const char *s,
                        struct error *err)
{
	char **slot = field_at(f, p);

	return policy_replace(slot, s) < 0 ? error_errno(err, ENOMEM, "%s", f->key) : 0;
}

static int bad_size(const struct policy_field *f, uint64_t got, struct error *err)
{
	char low[16], high[16];

	text_format_size(f->min, low, sizeof(low));
	text_format_size(f->max, high, sizeof(high));
	return error_set(err, EINVAL, "expected %s..%s, got %" PRIu64 " bytes", low, high, got);
}

static int set_size(const struct policy_field *f, const char *text, struct policy *p,
                    struct error *err)
{
	uint64_t v;
	int r = text_parse_size(text, &v, err);

	if (r < 0)
		return r;
	if (v < f->min || v > f->max)
		return bad_size(f, v, err);
	store_u64(f, p, v);
	return 0;
}

static int set_duration(const struct policy_field *f, const char *text, struct policy *p,
                        struct error *err)
{
	uint64_t v;
	int r = text_parse_duration(text, &v, err);

	if (r < 0)
		return r;
	if (v != 0 && (v < DURATION_MIN || v > DURATION_MAX))
		return error_set(err, EINVAL, "expected 1s..366d or \"none\", got \"%.64s\"", text);
	store_u64(f, p, v);
	return 0;
}

static int set_milli(const struct policy_field *f, const char *text, struct policy *p,
                     struct error *err)
{
	uint64_t v;
	int r = text_parse_milli(text, &v, err);

	if (r < 0)
		return r;
	if (v < f->min || v > f->max)
		return error_set(err, EINVAL, "expected 0.01..1024, got %.64s", text);
	store_u32(f, p, v);
	return 0;
}

static int set_enum(const struct policy_field *f, const char *text, struct policy *p,
                    struct error *err)
{
	char known[128] = "";

	for (uint32_t i = 0; f->names[i]; i++) {
		if (strcmp(text, f->names[i]) == 0) {
			store_u32(f, p, i);
			return 0;
		}
		strncat(known, i ? " or " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, f->names[i], sizeof(known) - strlen(known) - 1);
	}
	return error_set(err, EINVAL, "expected %s, got \"%.64s\"", known, text);
}

static int set_bool(const struct policy_field *f, const char *text, struct policy *p,
                    struct error *err)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return error_set(err, EINVAL, "expected true or false, got \"%.64s\"", text);
	store_bool(f, p, yes);
	return 0;
}

static int set_profile(const struct policy_field *f, const char *text,
                       const struct policy_source *src, struct policy *p, struct error *err)
{
	CLEANUP_FREE char *path = NULL;

	if (strcmp(text, "unconfined") == 0)
		return error_set(
			err, EINVAL,
			"expected a profile's file, got \"unconfined\": every session is filtered");
	if (!*text)
		return error_set(err, EINVAL, "expected a profile's file, got \"\"");

	int r = policy_resolve(src, text, &path);
	if (r == -EINVAL)
		return error_set(err, EINVAL, "expected a path, got \"%.64s\" without a home for ~",
		                 text);
	if (r < 0)
		return error_errno(err, r, "\"%.64s\"", text);
	return store_string(f, p, path, err);
}

static int set_word(const struct policy_field *f, const char *text, struct policy *p,
                    struct error *err)
{
	const char *why = "";
	bool ok = f->kind == KIND_ROOT ? policy_root_ok(text, &why) : policy_proxy_ok(text, &why);

	if (!ok)
		return error_set(err, EINVAL, "expected %s, got \"%.64s\"", why, text);
	return store_string(f, p, text, err);
}

static int set_from(const struct policy_field *f, const char *text, const struct policy_source *src,
                    struct policy *p, struct error *err)
{
	int64_t count;
	int r;

	switch (f->kind) {
	case KIND_BOOL:
		return set_bool(f, text, p, err);
	case KIND_ENUM:
		return set_enum(f, text, p, err);
	case KIND_SIZE:
		return set_size(f, text, p, err);
	case KIND_DURATION:
		return set_duration(f, text, p, err);
	case KIND_COUNT:
		r = text_parse_int(text, (int64_t)f->min, (int64_t)f->max, &count, err);
		if (r == 0)
			store_u32(f, p, (uint64_t)count);
		return r;
	case KIND_MILLI:
		return set_milli(f, text, p, err);
	case KIND_PROXY:
		if (strcmp(text, "none") == 0)
			return store_string(f, p, NULL, err);
		return set_word(f, text, p, err);
	case KIND_ROOT:
		return set_word(f, text, p, err);
	case KIND_PROFILE:
		return set_profile(f, text, src, p, err);
	}
	return error_set(err, EINVAL, "%s cannot be set", f->key);
}

int policy_field_set(const struct policy_field *f, const char *text, struct policy *p,
                     struct error *err)
{
	const struct policy_source here = { .file = NULL, .home = getenv("HOME") };

	return set_from(f, text, &here, p, err);
}

/* Numbers stand in a file as numbers; sizes and durations may, as bytes and seconds. */
static int read_number(const struct policy_field *f, const struct json_at *at, struct policy *p,
                       struct error *err)
{
	int64_t v;
	double cpus;
	int r;

	switch (f->kind) {
	case KIND_SIZE:
		r = json_int(at, (int64_t)f->min, (int64_t)f->max, &v, err);
		if (r == 0)
			store_u64(f, p, (uint64_t)v);
		return r;
	case KIND_DURATION:
		r = json_int(at, 0, (int64_t)(DURATION_MAX / 1000000000ULL), &v, err);
		if (r == 0)
			store_u64(f, p, (uint64_t)v * 1000000000ULL);
		return r;
	case KIND_COUNT:
		r = json_int(at, (int64_t)f->min, (int64_t)f->max, &v, err);
		if (r == 0)
			store_u32(f, p, (uint64_t)v);
		return r;
	case KIND_MILLI:
		r = json_double(at, (double)f->min / 1000, (double)f->max / 1000, &cpus, err);
		if (r == 0)
			store_u32(f, p, (uint64_t)(cpus * 1000 + 0.5));
		return r;
	case KIND_BOOL:
	case KIND_ENUM:
	case KIND_ROOT:
	case KIND_PROXY:
	case KIND_PROFILE:
		break;
	}
	return json_error(at, err, "expected no number");
}

static int read_text(const struct policy_field *f, const struct json_at *at,
                     const struct policy_source *src, struct policy *p, struct error *err)
{
	struct error why = ERROR_INIT;
	const char *text;
	int r = json_string(at, &text, err);

	if (r < 0)
		return r;
	if (set_from(f, text, src, p, &why) < 0)
		return json_error(at, err, "%s", why.text);
	return 0;
}

int policy_field_read(const struct policy_field *f, const struct json_at *at,
                      const struct policy_source *src, struct policy *p, struct error *err)
{
	bool yes;
	int index, r;

	switch (f->kind) {
	case KIND_BOOL:
		r = json_bool(at, &yes, err);
		if (r == 0)
			store_bool(f, p, yes);
		return r;
	case KIND_ENUM:
		r = json_enum(at, f->names, &index, err);
		if (r == 0)
			store_u32(f, p, (uint64_t)index);
		return r;
	case KIND_COUNT:
	case KIND_MILLI:
		return read_number(f, at, p, err);
	case KIND_SIZE:
	case KIND_DURATION:
		if (json_is(at, JSON_NUMBER))
			return read_number(f, at, p, err);
		return read_text(f, at, src, p, err);
	case KIND_PROXY:
		if (json_is(at, JSON_NULL))
			return store_string(f, p, NULL, err);
		return read_text(f, at, src, p, err);
	case KIND_ROOT:
	case KIND_PROFILE:
		return read_text(f, at, src, p, err);
	}
	return json_error(at, err, "cannot be read");
}

void policy_field_print(const struct policy_field *f, const struct policy *p, struct json_writer *w)
{
	const void *at = field_of(f, p);
	uint64_t wide = 0;
	uint32_t narrow = 0;
	bool yes = false;
	char text[64];

	switch (f->kind) {
	case KIND_BOOL:
		memcpy(&yes, at, sizeof(yes));
		json_put_bool(w, f->key, yes);
		return;
	case KIND_ENUM:
		memcpy(&narrow, at, sizeof(narrow));
		json_put_string(w, f->key, f->names[narrow]);
		return;
	case KIND_SIZE:
		memcpy(&wide, at, sizeof(wide));
		json_put_uint(w, f->key, wide);
		return;
	case KIND_DURATION:
		memcpy(&wide, at, sizeof(wide));
		text_format_duration_exact(wide, text, sizeof(text));
		json_put_string(w, f->key, text);
		return;
	case KIND_COUNT:
		memcpy(&narrow, at, sizeof(narrow));
		json_put_uint(w, f->key, narrow);
		return;
	case KIND_MILLI:
		memcpy(&narrow, at, sizeof(narrow));
		json_put_double(w, f->key, (double)narrow / 1000, 3);
		return;
	case KIND_ROOT:
	case KIND_PROXY:
	case KIND_PROFILE:
		json_put_string(w, f->key, *(char *const *)at);
		return;
	}
}
