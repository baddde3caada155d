/*
 * profile_rules.c: one entry of a profile's "syscalls": read and checked whole, then kept or left
 * out by its conditions (moby profiles/seccomp/seccomp_linux.go, setupSeccomp: every `includes`
 * must hold, no `excludes` may).
 */
#include "core/policy/profile_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"

enum { SYSCALL_ARGS = 6, SYSCALL_NAME_MAX = 63 };
/* cJSON's numbers are doubles: every whole number up to here is exact */
#define VALUE_MAX (1LL << 53)

struct conditions {
	bool any; /* some condition holds */
	bool all; /* all conditions hold */
};

static bool has_word(const char *const *list, const char *s)
{
	for (; list && *list; list++) {
		if (strcmp(*list, s) == 0)
			return true;
	}
	return false;
}

static void judge(struct conditions *c, bool holds)
{
	c->any = c->any || holds;
	c->all = c->all && holds;
}

static int read_caps(const struct json_at *at, const struct profile_machine *m,
                     struct conditions *c, struct error *err)
{
	int r = profile_given(at) ? json_expect(at, JSON_ARRAY, err) : 0;

	for (int i = 0; r == 0 && i < json_count(at); i++) {
		struct json_at item = json_item(at, i);
		const char *s = "";

		r = profile_constant(&item, "CAP_", &s, err);
		judge(c, has_word(m->caps, s));
	}
	return r;
}

static int read_arches(const struct json_at *at, const struct profile_machine *m,
                       struct conditions *c, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	int r = profile_given(at) ? json_expect(at, JSON_ARRAY, err) : 0;
	int n = r == 0 ? json_count(at) : 0;
	bool here = false;

	for (int i = 0; r == 0 && i < n; i++) {
		struct json_at item = json_item(at, i);
		const char *s = "";

		r = json_string(&item, &s, err);
		if (r == 0 && (!*s || s[strspn(s, letters)]))
			r = json_error(&item, err,
			               "expected an architecture, as \"amd64\", got \"%.64s\"", s);
		here = here || strcmp(s, m->arch) == 0;
	}
	if (n > 0)
		judge(c, here);
	return r;
}

static int read_kernel(const struct json_at *at, const struct profile_machine *m,
                       struct conditions *c, struct error *err)
{
	unsigned major, minor;
	const char *s;
	int end = 0;
	int r;

	if (!profile_given(at))
		return 0;
	r = json_string(at, &s, err);
	if (r < 0)
		return r;
	if (!*s)
		return 0;
	if (s[strspn(s, "0123456789.")] || strlen(s) > 12 ||
	    sscanf(s, "%5u.%5u%n", &major, &minor, &end) != 2 || s[end])
		return json_error(at, err, "expected a kernel, as \"4.8\", got \"%.64s\"", s);
	judge(c, m->kernel_major > major || (m->kernel_major == major && m->kernel_minor >= minor));
	return 0;
}

/* One of "includes" and "excludes". With nothing in it: no condition, all of none hold. */
static int read_conditions(const struct json_at *at, const struct profile_machine *m,
                           struct conditions *ret, struct error *err)
{
	static const char *const keys[] = { "caps", "arches", "minKernel", NULL };
	struct conditions c = { .any = false, .all = true };
	int r = 0;

	if (profile_given(at)) {
		struct json_at caps = json_member(at, "caps");
		struct json_at arches = json_member(at, "arches");
		struct json_at kernel = json_member(at, "minKernel");

		r = json_only_keys(at, keys, err);
		r = r ? r : read_caps(&caps, m, &c, err);
		r = r ? r : read_arches(&arches, m, &c, err);
		r = r ? r : read_kernel(&kernel, m, &c, err);
	}
	if (r == 0)
		*ret = c;
	return r;
}

static int read_arg(const struct json_at *at, struct profile_arg *ret, struct error *err)
{
	static const char *const keys[] = { "index", "value", "valueTwo", "op", NULL };
	static const char *const ops[] = {
		[PROFILE_NE] = "SCMP_CMP_NE",
		[PROFILE_LT] = "SCMP_CMP_LT",
		[PROFILE_LE] = "SCMP_CMP_LE",
		[PROFILE_EQ] = "SCMP_CMP_EQ",
		[PROFILE_GE] = "SCMP_CMP_GE",
		[PROFILE_GT] = "SCMP_CMP_GT",
		[PROFILE_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
		NULL,
	};
	struct json_at index_at = json_member(at, "index");
	struct json_at value_at = json_member(at, "value");
	struct json_at two_at = json_member(at, "valueTwo");
	struct json_at op_at = json_member(at, "op");
	int64_t index = 0, value = 0, two = 0;
	int op = 0;
	int r = json_only_keys(at, keys, err);

	r = r ? r : json_int(&index_at, 0, SYSCALL_ARGS - 1, &index, err);
	r = r ? r : json_int(&value_at, 0, VALUE_MAX, &value, err);
	if (r == 0 && profile_given(&two_at))
		r = json_int(&two_at, 0, VALUE_MAX, &two, err);
	r = r ? r : json_enum(&op_at, ops, &op, err);
	if (r == 0)
		*ret = (struct profile_arg){
			.index = (unsigned)index,
			.value = (uint64_t)value,
			.value_two = (uint64_t)two,
			.op = (enum profile_op)op,
		};
	return r;
}

static int read_args(const struct json_at *at, struct profile_rule *rule, struct error *err)
{
	int n, r;

	if (!profile_given(at))
		return 0;
	r = json_expect(at, JSON_ARRAY, err);
	if (r < 0)
		return r;
	n = json_count(at);
	if (n > SYSCALL_ARGS * 8)
		return json_error(at, err, "expected at most %d conditions", SYSCALL_ARGS * 8);
	if (n == 0)
		return 0;
	rule->args = calloc((size_t)n, sizeof(*rule->args));
	if (!rule->args)
		return error_errno(err, ENOMEM, "profile");
	for (int i = 0; r == 0 && i < n; i++) {
		struct json_at item = json_item(at, i);

		r = read_arg(&item, &rule->args[i], err);
	}
	rule->n_args = n;
	return r;
}

/* Names that no architecture knows are for who resolves them; what cannot be a name is refused
 * here. */
static int check_name(const struct json_at *at, const char **ret, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const char *s;
	int r = json_string(at, &s, err);

	if (r < 0)
		return r;
	if (!*s || strlen(s) > SYSCALL_NAME_MAX || s[strspn(s, letters)])
		return json_error(at, err, "expected a system call's name, got \"%.64s\"", s);
	*ret = s;
	return 0;
}

static int add_name(const struct json_at *at, struct profile_rule *rule, int i, struct error *err)
{
	const char *s = NULL;
	int r = check_name(at, &s, err);

	if (r < 0)
		return r;
	rule->names[i] = strdup(s);
	return rule->names[i] ? 0 : error_errno(err, ENOMEM, "profile");
}

static int read_names(const struct json_at *at, struct profile_rule *rule, struct error *err)
{
	struct json_at names = json_member(at, "names");
	struct json_at old = json_member(at, "name");
	int n = profile_given(&names) ? json_count(&names) : 0;
	const char *single = "";
	int r = 0;

	if (profile_given(&names))
		r = json_expect(&names, JSON_ARRAY, err);
	if (r == 0 && profile_given(&old))
		r = json_string(&old, &single, err);
	if (r < 0)
		return r;
	if (*single && n > 0)
		return json_error(&old, err, "expected either this or names");
	if (!*single && n == 0)
		return json_error(&names, err, "expected names of system calls, got none");
	if (n > SECCOMP_INSNS_MAX)
		return json_error(&names, err, "expected at most %d names", SECCOMP_INSNS_MAX);
	rule->names = calloc((size_t)n + 2, sizeof(*rule->names));
	if (!rule->names)
		return error_errno(err, ENOMEM, "profile");
	if (*single)
		return add_name(&old, rule, 0, err);
	for (int i = 0; r == 0 && i < n; i++) {
		struct json_at item = json_item(&names, i);

		r = add_name(&item, rule, i, err);
	}
	return r;
}

static void free_rule(struct profile_rule *rule)
{
	for (char **name = rule->names; name && *name; name++)
		free(*name);
	free(rule->names);
	free(rule->args);
}

/* Takes the rule over on success. */
static int keep(struct profile *p, const struct profile_rule *rule)
{
	struct profile_rule *grown = reallocarray(p->rules, (size_t)p->n_rules + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->rules = grown;
	grown[p->n_rules++] = *rule;
	return 0;
}

static int read_body(const struct json_at *at, struct profile_rule *rule, struct error *err)
{
	struct json_at action = json_member(at, "action");
	struct json_at args = json_member(at, "args");
	struct json_at number = json_member(at, "errnoRet");
	struct json_at name = json_member(at, "errno");
	struct json_at comment = json_member(at, "comment");
	int r = profile_action(&action, &rule->action, err);

	r = r ? r : profile_errno(&number, &name, &rule->errno_ret, err);
	if (r == 0 && profile_given(&comment))
		r = json_expect(&comment, JSON_STRING, err);
	r = r ? r : read_names(at, rule, err);
	r = r ? r : read_args(&args, rule, err);
	return r;
}

int profile_read_rule(const struct json_at *at, const struct profile_machine *machine,
                      struct profile *p, struct error *err)
{
	static const char *const keys[] = {
		"names", "name",    "action",   "errnoRet", "errno",
		"args",  "comment", "includes", "excludes", NULL,
	};
	struct json_at includes_at = json_member(at, "includes");
	struct json_at excludes_at = json_member(at, "excludes");
	struct profile_rule rule = { .errno_ret = EPERM };
	struct conditions includes = { .any = false }, excludes = { .any = false };
	int r = json_only_keys(at, keys, err);

	snprintf(rule.place, sizeof(rule.place), "syscalls[%d]", at->index);
	r = r ? r : read_body(at, &rule, err);
	r = r ? r : read_conditions(&includes_at, machine, &includes, err);
	r = r ? r : read_conditions(&excludes_at, machine, &excludes, err);
	if (r == 0 && includes.all && !excludes.any) {
		r = keep(p, &rule);
		if (r == 0)
			return 0;
		error_errno(err, r, "%s: %s", p->file, rule.place);
	}
	free_rule(&rule);
	return r;
}
