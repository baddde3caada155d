/*
 * policy_parse.c: a document's keys applied on a policy that is complete already (its parent, or
 * the defaults).
 *
 * An object's keys that are left out keep the parent's value, also inside `environment.set`; a list
 * replaces the parent's, except `filesystem.hide` and `network.deny`, which add up. Every error
 * names the place. A policy that an error left half-changed is thrown away by the caller.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

struct reading {
	const struct policy_source *src;
	struct policy *p;
};

static int no_memory(struct error *err)
{
	return error_errno(err, ENOMEM, "policy");
}

static int expect_list(const struct json_at *at, int max, struct error *err)
{
	int r = json_expect(at, JSON_ARRAY, err);

	if (r == 0 && json_count(at) > max)
		return json_error(at, err, "expected at most %d items, got %d", max,
		                  json_count(at));
	return r;
}

/* A string that passes `ok`. */
static int read_word(const struct json_at *at, bool (*ok)(const char *, const char **),
                     const char **ret, struct error *err)
{
	const char *why = "";
	const char *s;
	int r = json_string(at, &s, err);

	if (r < 0)
		return r;
	if (!ok(s, &why))
		return json_error(at, err, "expected %s, got \"%.64s\"", why, s);
	*ret = s;
	return 0;
}

/* Adds the strings of a list to *list, each once. */
static int read_words(const struct json_at *at, bool (*ok)(const char *, const char **),
                      char ***list, struct error *err)
{
	int r = expect_list(at, POLICY_LIST_MAX - strv_count(*list), err);

	for (int i = 0; r == 0 && i < json_count(at); i++) {
		struct json_at item = json_item(at, i);
		const char *s = NULL;

		r = read_word(&item, ok, &s, err);
		if (r == 0 && !strv_has(*list, s) && strv_add(list, s) < 0)
			r = no_memory(err);
	}
	return r;
}

/* ---- filesystem ---- */

static int read_target(const struct json_at *at, const struct policy *p, const char **ret,
                       struct error *err)
{
	int r = read_word(at, policy_target_ok, ret, err);

	if (r == 0 && policy_has_target(p, *ret))
		return json_error(at, err, "expected each target once, got \"%.64s\" again", *ret);
	return r;
}

static int read_mount(const struct json_at *at, struct policy *p, struct error *err)
{
	static const char *const keys[] = { "source", "target", "mode", NULL };
	static const char *const modes[] = { "ro", "rw", NULL };
	const char *source = NULL, *target = NULL;
	int mode = 0;
	int r = json_only_keys(at, keys, err);

	if (r < 0)
		return r;

	struct json_at source_at = json_member(at, "source");
	struct json_at target_at = json_member(at, "target");
	struct json_at mode_at = json_member(at, "mode");
	r = read_word(&source_at, policy_source_ok, &source, err);
	if (r == 0)
		r = read_target(&target_at, p, &target, err);
	if (r == 0 && json_present(&mode_at))
		r = json_enum(&mode_at, modes, &mode, err);
	if (r < 0)
		return r;

	return policy_append_mount(p, source, target, mode == 1) < 0 ? no_memory(err) : 0;
}

static int read_tmpfs(const struct json_at *at, struct policy *p, struct error *err)
{
	static const char *const keys[] = { "target", "size", NULL };
	uint64_t size = POLICY_TMPFS_DEFAULT;
	struct error why = ERROR_INIT;
	const char *target, *text;
	int r = json_only_keys(at, keys, err);

	if (r < 0)
		return r;

	struct json_at target_at = json_member(at, "target");
	struct json_at size_at = json_member(at, "size");
	r = read_target(&target_at, p, &target, err);
	if (r < 0)
		return r;
	if (json_is(&size_at, JSON_NUMBER)) {
		int64_t bytes;

		r = json_int(&size_at, POLICY_TMPFS_MIN, (int64_t)POLICY_SIZE_MAX, &bytes, err);
		if (r < 0)
			return r;
		size = (uint64_t)bytes;
	} else if (json_present(&size_at)) {
		r = json_string(&size_at, &text, err);
		if (r < 0)
			return r;
		if (text_parse_size(text, &size, &why) < 0)
			return json_error(&size_at, err, "%s", why.text);
		if (size < POLICY_TMPFS_MIN || size > POLICY_SIZE_MAX)
			return json_error(&size_at, err, "expected 4K..1P, got \"%.64s\"", text);
	}
	return policy_append_tmpfs(p, target, size) < 0 ? no_memory(err) : 0;
}

static int read_filesystem(const struct json_at *at, const struct reading *rd, struct error *err)
{
	struct json_at mounts = json_member(at, "mounts");
	struct json_at tmpfs = json_member(at, "tmpfs");
	struct json_at hide = json_member(at, "hide");
	int r = 0;

	/* both are emptied before either is filled: a target must be alone in what is in force */
	if (json_present(&mounts))
		policy_clear_mounts(rd->p);
	if (json_present(&tmpfs))
		policy_clear_tmpfs(rd->p);
	if (json_present(&mounts))
		r = expect_list(&mounts, MOUNTS_MAX, err);
	for (int i = 0; r == 0 && i < json_count(&mounts); i++) {
		struct json_at item = json_item(&mounts, i);

		r = read_mount(&item, rd->p, err);
	}
	if (r == 0 && json_present(&tmpfs))
		r = expect_list(&tmpfs, MOUNTS_MAX, err);
	for (int i = 0; r == 0 && i < json_count(&tmpfs); i++) {
		struct json_at item = json_item(&tmpfs, i);

		r = read_tmpfs(&item, rd->p, err);
	}
	if (r == 0 && json_present(&hide))
		r = read_words(&hide, policy_hide_ok, &rd->p->filesystem.hide, err);
	return r;
}

/* ---- network ---- */

/* A port of the object form, as text: a number or "8000-8100". */
static int read_port(const struct json_at *at, char text[32], struct error *err)
{
	struct policy_destination probe;
	char whole[48];
	const char *s;
	int64_t port;
	int r;

	if (!json_is(at, JSON_STRING)) {
		r = json_int(at, 1, 65535, &port, err);
		if (r == 0)
			snprintf(text, 32, "%d", (int)port);
		return r;
	}
	r = json_string(at, &s, err);
	if (r < 0)
		return r;
	if (snprintf(whole, sizeof(whole), "x:%.24s", s) != (int)strlen(s) + 2 ||
	    policy_destination_parse(whole, &probe, NULL) < 0)
		return json_error(at, err, "expected 1..65535 or a range, got \"%.64s\"", s);
	policy_destination_free(&probe);
	snprintf(text, 32, "%s", s);
	return 0;
}

/* { "host" or "cidr": …, "port": … } written as the string form would be. */
static int read_object(const struct json_at *at, struct buf *text, struct json_at *ret_where,
                       struct error *err)
{
	static const char *const keys[] = { "host", "cidr", "port", NULL };
	struct json_at host = json_member(at, "host");
	struct json_at cidr = json_member(at, "cidr");
	struct json_at port = json_member(at, "port");
	char port_text[32] = "";
	const char *s;
	int r = json_only_keys(at, keys, err);

	if (r < 0)
		return r;
	if (json_present(&host) == json_present(&cidr))
		return json_error(at, err, "expected either \"host\" or \"cidr\"");
	*ret_where = json_present(&cidr) ? cidr : host;
	r = json_string(ret_where, &s, err);
	if (r == 0 && json_present(&port))
		r = read_port(&port, port_text, err);
	if (r < 0)
		return r;

	const char *slash = strchr(s, '/');
	int address = slash ? (int)(slash - s) : (int)strlen(s);
	if (strpbrk(s, "[]") || (json_present(&host) && (slash || strchr(s, ':'))))
		return json_error(ret_where, err, "expected %s, got \"%.64s\"",
		                  json_present(&host) ? "a host name" : "ADDRESS/LEN", s);
	if (strchr(s, ':'))
		buf_addf(text, "[%.*s]%s", address, s, slash ? slash : "");
	else
		buf_adds(text, s);
	if (port_text[0])
		buf_addf(text, ":%s", port_text);
	return 0;
}

static int read_destination(const struct json_at *at, struct policy_destination **list, int *n,
                            struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct policy_destination d;
	struct json_at where = *at;
	struct error why = ERROR_INIT;
	const char *s;
	int r;

	if (json_is(at, JSON_OBJECT)) {
		r = read_object(at, &text, &where, err);
		if (r < 0)
			return r;
		if (text.failed)
			return no_memory(err);
		s = buf_str(&text);
	} else {
		r = json_string(at, &s, err);
		if (r < 0)
			return r;
	}
	r = policy_destination_parse(s, &d, &why);
	if (r < 0) {
		json_error(&where, err, "%s", why.text);
		error_hint(err, "%s", why.hint);
		return r;
	}
	if (d.host && where.key && strcmp(where.key, "cidr") == 0)
		r = json_error(&where, err, "expected ADDRESS/LEN, got \"%.64s\"", d.text);
	else if (policy_append_destination(list, n, &d) < 0)
		r = no_memory(err);
	policy_destination_free(&d);
	return r;
}

static int read_destinations(const struct json_at *at, struct policy_destination **list, int *n,
                             struct error *err)
{
	int r = expect_list(at, POLICY_LIST_MAX - *n, err);

	for (int i = 0; r == 0 && i < json_count(at); i++) {
		struct json_at item = json_item(at, i);

		r = read_destination(&item, list, n, err);
	}
	return r;
}

static int read_network(const struct json_at *at, const struct reading *rd, struct error *err)
{
	struct json_at allow = json_member(at, "allow");
	struct json_at deny = json_member(at, "deny");
	struct policy *p = rd->p;
	int r = 0;

	if (json_present(&allow)) {
		policy_clear_destinations(&p->network.allow, &p->network.n_allow);
		r = read_destinations(&allow, &p->network.allow, &p->network.n_allow, err);
	}
	if (r == 0 && json_present(&deny))
		r = read_destinations(&deny, &p->network.deny, &p->network.n_deny, err);
	return r;
}

/* ---- exec, environment, and the rest ---- */

static bool pattern_ok(const char *s, const char **why)
{
	*why = "a pattern of at most 4096 bytes";
	return strlen(s) <= GLOB_PATTERN_MAX;
}

static int read_rule(const struct json_at *at, struct policy *p, struct error *err)
{
	static const char *const keys[] = { "match", "action", NULL };
	struct json_at match = json_member(at, "match");
	struct json_at action = json_member(at, "action");
	struct policy_exec_rule rule = { .match = NULL };
	int index = 0;
	int r = json_only_keys(at, keys, err);

	if (r == 0)
		r = json_enum(&action, exec_action_names, &index, err);
	if (r == 0)
		r = expect_list(&match, POLICY_LIST_MAX, err);
	if (r == 0 && json_count(&match) == 0)
		r = json_error(&match, err, "expected at least one pattern");
	for (int i = 0; r == 0 && i < json_count(&match); i++) {
		struct json_at item = json_item(&match, i);
		const char *s = NULL;

		r = read_word(&item, pattern_ok, &s, err);
		if (r == 0 && strv_add(&rule.match, s) < 0)
			r = no_memory(err);
	}
	rule.action = (enum exec_action)index;
	if (r == 0 && policy_append_rule(p, &rule) < 0)
		r = no_memory(err);
	strv_free(rule.match);
	return r;
}

static int read_exec(const struct json_at *at, const struct reading *rd, struct error *err)
{
	struct json_at rules = json_member(at, "rules");
	int r;

	if (!json_present(&rules))
		return 0;
	policy_clear_rules(rd->p);
	r = expect_list(&rules, POLICY_LIST_MAX, err);
	for (int i = 0; r == 0 && i < json_count(&rules); i++) {
		struct json_at item = json_item(&rules, i);

		r = read_rule(&item, rd->p, err);
	}
	return r;
}

static int read_environment(const struct json_at *at, const struct reading *rd, struct error *err)
{
	struct json_at pass = json_member(at, "pass");
	struct json_at set = json_member(at, "set");
	int r = 0;

	if (json_present(&pass)) {
		strv_free(rd->p->environment.pass);
		rd->p->environment.pass = NULL;
		r = read_words(&pass, policy_variable_ok, &rd->p->environment.pass, err);
	}
	if (r == 0 && json_present(&set))
		r = json_expect(&set, JSON_OBJECT, err);
	for (int i = 0; r == 0 && i < json_count(&set); i++) {
		struct json_at item = json_nth(&set, i);
		const char *why = "", *value;

		if (!policy_variable_ok(item.key, &why))
			return json_error(&item, err, "expected %s", why);
		r = json_string(&item, &value, err);
		if (r == 0 && rd->p->environment.n_set >= POLICY_LIST_MAX)
			r = json_error(&set, err, "expected at most %d variables", POLICY_LIST_MAX);
		if (r == 0 && policy_put_variable(rd->p, item.key, value) < 0)
			r = no_memory(err);
	}
	return r;
}

static int read_identity(const struct json_at *at, const struct reading *rd, struct error *err)
{
	static const char *const uids[] = { "private", NULL };
	struct json_at uid = json_member(at, "uid");
	int index;

	(void)rd; /* a private uid is the only one there is: nothing to keep */
	return json_present(&uid) ? json_enum(&uid, uids, &index, err) : 0;
}

struct section {
	const char *name;
	const char *const *keys;
	int (*read_lists)(const struct json_at *at, const struct reading *rd, struct error *err);
};

#define KEYS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct section sections[] = {
	{ "identity", KEYS("uid"), read_identity },
	{ "seccomp", KEYS("profile", "on_denied"), NULL },
	{ "filesystem", KEYS("root", "read_only", "workspace", "mounts", "tmpfs", "hide"),
	  read_filesystem },
	{ "network", KEYS("mode", "allow", "deny", "on_unknown", "upstream_proxy"), read_network },
	{ "exec", KEYS("mode", "rules", "approval_timeout"), read_exec },
	{ "limits",
	  KEYS("memory", "cpus", "pids", "disk", "open_files", "timeout", "idle_timeout", "output"),
	  NULL },
	{ "environment", KEYS("pass", "set"), read_environment },
	{ "toggles", toggle_names, NULL },
};

static int read_section(const struct json_at *root, const struct section *s,
                        const struct reading *rd, struct error *err)
{
	struct json_at at = json_member(root, s->name);

	if (!json_present(&at))
		return 0;

	int r = json_only_keys(&at, s->keys, err);
	for (int i = 0; r == 0 && i < policy_n_fields; i++) {
		const struct policy_field *f = &policy_fields[i];
		struct json_at value;

		if (strcmp(f->section, s->name) != 0)
			continue;
		value = json_member(&at, f->key);
		if (json_present(&value))
			r = policy_field_read(f, &value, rd->src, rd->p, err);
	}
	if (r == 0 && s->read_lists)
		r = s->read_lists(&at, rd, err);
	return r;
}

static int read_name(const struct json_at *root, struct policy *p, struct error *err)
{
	struct json_at name = json_member(root, "name");
	struct json_at description = json_member(root, "description");
	const char *s;
	int r = 0;

	if (json_present(&name)) {
		r = read_word(&name, policy_name_ok, &s, err);
		if (r == 0 && policy_replace(&p->name, s) < 0)
			r = no_memory(err);
	}
	if (r == 0 && json_present(&description)) {
		r = json_string(&description, &s, err);
		if (r == 0 && policy_replace(&p->description, s) < 0)
			r = no_memory(err);
	}
	return r;
}

static int read_capabilities(const struct json_at *root, struct error *err)
{
	struct json_at at = json_member(root, "capabilities");
	struct json_at first;
	const char *s;
	int r;

	if (!json_present(&at))
		return 0;
	r = json_expect(&at, JSON_ARRAY, err);
	if (r < 0 || json_count(&at) == 0)
		return r;
	first = json_item(&at, 0);
	r = json_string(&first, &s, err);
	if (r < 0)
		return r;
	return json_error(&first, err, "expected none: no capability can be granted, got \"%.64s\"",
	                  s);
}

static int read_required(const struct json_at *root, struct policy *p, struct error *err)
{
	struct json_at at = json_member(root, "required");
	int r, index;

	if (!json_present(&at))
		return 0;
	r = expect_list(&at, POLICY_LIST_MAX, err);
	memset(p->required, 0, sizeof(p->required));
	for (int i = 0; r == 0 && i < json_count(&at); i++) {
		struct json_at item = json_item(&at, i);

		r = json_enum(&item, layer_names, &index, err);
		if (r == 0)
			p->required[index] = true;
	}
	return r;
}

int policy_apply(const struct json_at *root, const struct policy_source *src, struct policy *p,
                 struct error *err)
{
	static const char *const keys[] = {
		"name",        "description", "extends",  "identity", "capabilities",
		"seccomp",     "filesystem",  "network",  "exec",     "limits",
		"environment", "toggles",     "required", NULL,
	};
	const struct reading rd = { .src = src, .p = p };
	int r = json_only_keys(root, keys, err);

	r = r ? r : read_name(root, p, err);
	r = r ? r : read_capabilities(root, err);
	for (size_t i = 0; r == 0 && i < sizeof(sections) / sizeof(sections[0]); i++)
		r = read_section(root, &sections[i], &rd, err);
	r = r ? r : read_required(root, p, err);
	return r;
}
