/*
 * policy_change.c: what a launch's options change on a private copy. Values are checked as in a
 * file, the digest is made anew after each change, and a change that fails leaves the policy as it
 * was.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bounds.h"

static const struct policy_field *find_field(const char *path)
{
	for (int i = 0; i < policy_n_fields; i++) {
		const struct policy_field *f = &policy_fields[i];
		size_t len = strlen(f->section);

		if (strncmp(path, f->section, len) == 0 && path[len] == '.' &&
		    strcmp(path + len + 1, f->key) == 0)
			return f;
	}
	return NULL;
}

static int unknown_path(const char *path, struct error *err)
{
	char known[64][48];
	const char *names[65] = { NULL };

	for (int i = 0; i < policy_n_fields && i < 64; i++) {
		snprintf(known[i], sizeof(known[i]), "%s.%s", policy_fields[i].section,
		         policy_fields[i].key);
		names[i] = known[i];
	}
	error_set(err, EINVAL, "%.64s: no such setting", path);

	const char *nearest = text_nearest(path, names);
	if (nearest)
		error_hint(err, "did you mean %s?", nearest);
	return -EINVAL;
}

int policy_set(struct policy *p, const char *path, const char *value, struct error *err)
{
	const struct policy_field *f = find_field(path);
	struct error why = ERROR_INIT;
	int r;

	if (!f)
		return unknown_path(path, err);
	r = policy_field_set(f, value, p, &why);
	if (r < 0)
		return error_set(err, r, "%s: %s", path, why.text);
	return policy_seal(p, err);
}

static int bad(struct error *err, const char *key, const char *why, const char *got)
{
	return error_set(err, EINVAL, "%s: expected %s, got \"%.64s\"", key, why, got);
}

static int no_memory(struct error *err)
{
	return error_errno(err, ENOMEM, "policy");
}

int policy_add_mount(struct policy *p, const char *source, const char *target, bool writable,
                     struct error *err)
{
	const char *why = "";

	if (!policy_source_ok(source, &why))
		return bad(err, "filesystem.mounts: source", why, source);
	if (!policy_target_ok(target, &why))
		return bad(err, "filesystem.mounts: target", why, target);
	if (p->filesystem.n_mounts >= MOUNTS_MAX)
		return error_set(err, E2BIG, "filesystem.mounts: expected at most %d", MOUNTS_MAX);
	if (policy_append_mount(p, source, target, writable) < 0)
		return no_memory(err);

	/* the new one is the last: whatever stood at its place goes */
	struct policy_mount added = p->filesystem.mounts[--p->filesystem.n_mounts];
	policy_drop_target(p, target);
	p->filesystem.mounts[p->filesystem.n_mounts++] = added;
	return policy_seal(p, err);
}

int policy_add_tmpfs(struct policy *p, const char *target, uint64_t size, struct error *err)
{
	const char *why = "";

	if (!policy_target_ok(target, &why))
		return bad(err, "filesystem.tmpfs: target", why, target);
	if (size < POLICY_TMPFS_MIN || size > POLICY_SIZE_MAX)
		return error_set(err, EINVAL,
		                 "filesystem.tmpfs: size: expected 4K..1P, got %" PRIu64, size);
	if (p->filesystem.n_tmpfs >= MOUNTS_MAX)
		return error_set(err, E2BIG, "filesystem.tmpfs: expected at most %d", MOUNTS_MAX);
	if (policy_append_tmpfs(p, target, size) < 0)
		return no_memory(err);

	struct policy_tmpfs added = p->filesystem.tmpfs[--p->filesystem.n_tmpfs];
	policy_drop_target(p, target);
	p->filesystem.tmpfs[p->filesystem.n_tmpfs++] = added;
	return policy_seal(p, err);
}

int policy_add_allow(struct policy *p, const char *host_port, struct error *err)
{
	struct policy_destination d;
	struct error why = ERROR_INIT;
	int r = policy_destination_parse(host_port, &d, &why);

	if (r < 0) {
		error_set(err, r, "network.allow: %s", why.text);
		error_hint(err, "%s", why.hint);
		return r;
	}
	if (p->network.n_allow >= POLICY_LIST_MAX)
		r = error_set(err, E2BIG, "network.allow: expected at most %d", POLICY_LIST_MAX);
	else if (policy_append_destination(&p->network.allow, &p->network.n_allow, &d) < 0)
		r = no_memory(err);
	policy_destination_free(&d);
	return r < 0 ? r : policy_seal(p, err);
}

int policy_add_variable(struct policy *p, const char *name, const char *value, struct error *err)
{
	const char *why = "";

	if (!policy_variable_ok(name, &why))
		return bad(err, "environment.set", why, name);
	if (p->environment.n_set >= POLICY_LIST_MAX)
		return error_set(err, E2BIG, "environment.set: expected at most %d",
		                 POLICY_LIST_MAX);
	if (policy_put_variable(p, name, value) < 0)
		return no_memory(err);
	return policy_seal(p, err);
}
