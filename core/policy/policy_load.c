/*
 * policy_load.c: from a name or a file to a complete policy: reads it, follows `extends` to the
 * top, then applies the documents downwards. The chain that is being followed lies on the stack,
 * one link per file, so that a loop is seen when a file comes up that is open already, and told as
 * one.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

static const char default_profile[] = "seccomp/agent.json";

struct chain {
	const char *file; /* as it is told */
	const char *real; /* symlinks resolved */
	const char *home;
	const struct chain *child; /* who extends it, or NULL */
	int depth;
};

static int load_file(const char *file, const char *name, const struct chain *child,
                     const char *home, struct policy **ret, struct error *err);

static bool is_path(const char *ref)
{
	size_t len = strlen(ref);

	return strchr(ref, '/') || (len > 5 && strcmp(ref + len - 5, ".json") == 0);
}

/* The file of a parent, whose path is taken from the directory of the file that names it. */
static int find_parent(const char *ref, const struct chain *c, char **ret, struct error *err)
{
	const struct policy_source src = { .file = c->file, .home = c->home };

	if (!is_path(ref))
		return policy_search(ref, c->home, ret, err);

	int r = policy_resolve(&src, ref, ret);
	return r < 0 ? error_errno(err, r, "\"%.64s\"", ref) : 0;
}

static int load_parent(const struct json_at *at, const char *ref, const struct chain *c,
                       struct policy **ret, struct error *err)
{
	CLEANUP_FREE char *file = NULL;
	struct error why = ERROR_INIT;

	if (c->depth >= POLICY_EXTENDS_MAX)
		return json_error(at, err, "expected at most %d parents", POLICY_EXTENDS_MAX);
	if (find_parent(ref, c, &file, &why) < 0) {
		json_error(at, err, "%s", why.text);
		error_hint(err, "%s", why.hint);
		return -why.code;
	}

	CLEANUP_FREE char *real = realpath(file, NULL);
	for (const struct chain *seen = c; real && seen; seen = seen->child) {
		if (seen->real && strcmp(seen->real, real) == 0)
			return json_error(at, err, "\"%.64s\" leads back to %s: a loop", ref,
			                  seen->file);
	}
	return load_file(file, is_path(ref) ? NULL : ref, c, c->home, ret, err);
}

/* The file's name without directory and ".json", when that is a name; else "policy". The caller
 * frees. */
static char *name_of_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	size_t len = strlen(base);
	const char *why;

	if (len > 5 && strcmp(base + len - 5, ".json") == 0)
		len -= 5;

	char *name = strndup(base, len);
	if (name && !policy_name_ok(name, &why)) {
		free(name);
		name = strdup("policy");
	}
	return name;
}

/* What a policy never takes from its parent. */
static int make_own(struct policy *p, const struct chain *c, const char *extends)
{
	int r = policy_replace(&p->description, NULL);

	r = r ? r : policy_replace(&p->file, c->real ? c->real : c->file);
	r = r ? r : policy_replace(&p->extends, extends);
	free(p->name);
	p->name = name_of_file(c->file);
	return p->name ? r : -ENOMEM;
}

static int check_name(const struct json_at *root, const struct policy *p, const char *name,
                      struct error *err)
{
	struct json_at at = json_member(root, "name");

	if (name && strcmp(p->name, name) != 0)
		return json_error(&at, err, "expected \"%s\", as the file is called, got \"%s\"",
		                  name, p->name);
	return 0;
}

static int read_document(const struct json *doc, const char *name, const struct chain *c,
                         struct policy **ret, struct error *err)
{
	const struct policy_source src = { .file = c->file, .home = c->home };
	CLEANUP_POLICY struct policy *p = NULL;
	struct json_at root = json_root(c->file, doc);
	const char *extends = NULL;
	int r = json_expect(&root, JSON_OBJECT, err);

	if (r < 0)
		return r;

	struct json_at at = json_member(&root, "extends");
	if (json_present(&at) && !json_is(&at, JSON_NULL)) {
		r = json_string(&at, &extends, err);
		if (r == 0)
			r = load_parent(&at, extends, c, &p, err);
		if (r < 0)
			return r;
	} else {
		p = policy_defaults();
	}
	if (!p || make_own(p, c, extends) < 0)
		return error_errno(err, ENOMEM, "%s", c->file);
	r = policy_apply(&root, &src, p, err);
	if (r == 0)
		r = check_name(&root, p, name, err);
	if (r < 0)
		return r;
	*ret = p;
	p = NULL;
	return 0;
}

static int load_file(const char *file, const char *name, const struct chain *child,
                     const char *home, struct policy **ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *real = realpath(file, NULL);
	CLEANUP_JSON struct json *doc = NULL;
	struct chain c = {
		.file = file,
		.real = real,
		.home = home,
		.child = child,
		.depth = child ? child->depth + 1 : 0,
	};
	size_t len;
	int r = fd_read_file(AT_FDCWD, file, POLICY_FILE_MAX, &text, &len, err);

	if (r == 0)
		r = json_parse(file, text, len, &doc, err);
	if (r == 0)
		r = read_document(doc, name, &c, ret, err);
	return r;
}

/* The profile for a policy of which no file of the chain named one. When none is installed the
 * place is kept where it should be: the launch then says that this file is missing. */
static int choose_profile(struct policy *p, const char *home)
{
	if (p->seccomp.profile)
		return 0;

	const struct policy_source src = { .file = NULL, .home = home };
	CLEANUP_FREE char *found = policy_search_file(default_profile, home);
	if (!found) {
		char **dirs;
		int r = policy_search_dirs(home, &dirs);

		if (r < 0)
			return r;
		r = asprintf(&found, "%s/%s", dirs[0], default_profile);
		strv_free(dirs);
		if (r < 0) {
			found = NULL;
			return -ENOMEM;
		}
	}
	return policy_resolve(&src, found, &p->seccomp.profile);
}

static int finish(struct policy *p, const char *home, struct error *err)
{
	int r = choose_profile(p, home);

	if (r < 0)
		return error_errno(err, r, "%s: seccomp.profile", p->file);
	p->revision = 1;
	return policy_seal(p, err);
}

int policy_load(const char *ref, const char *home, struct policy **ret, struct error *err)
{
	CLEANUP_POLICY struct policy *p = NULL;
	CLEANUP_FREE char *found = NULL;
	const char *file = ref;
	int r = 0;

	if (!is_path(ref)) {
		r = policy_search(ref, home, &found, err);
		file = found;
	}
	if (r == 0)
		r = load_file(file, found ? ref : NULL, NULL, home, &p, err);
	if (r == 0)
		r = finish(p, home, err);
	if (r < 0)
		return r;
	*ret = p;
	p = NULL;
	return 0;
}

int policy_parse(const char *file, const char *text, size_t len, const char *home,
                 struct policy **ret, struct error *err)
{
	CLEANUP_POLICY struct policy *p = NULL;
	CLEANUP_JSON struct json *doc = NULL;
	CLEANUP_FREE char *real = realpath(file, NULL);
	const struct chain c = { .file = file, .real = real, .home = home };
	int r = json_parse(file, text, len, &doc, err);

	if (r == 0)
		r = read_document(doc, NULL, &c, &p, err);
	if (r == 0)
		r = finish(p, home, err);
	if (r < 0)
		return r;
	*ret = p;
	p = NULL;
	return 0;
}
