/*
 * environment.c: the agent's environment and working directory. Clean by default: nothing of the
 * caller's environment comes in but what the policy's `pass` or -e names. What looks like a secret,
 * or makes programs load code, passes by -e only, and that is said. Values are never shown, in no
 * error, notice or description.
 *
 * The working directory is entered without following magic links: /proc/self/fd/N must not lead out
 * through a descriptor that happens to be open (CVE-2024-21626).
 */
#include "core/layers/environment_secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum origin { FROM_WARDER, FROM_CALLER, FROM_POLICY, FROM_OPTION };
static const char *const origin_names[] = { "warder's own", "passed", "set by the policy",
	                                    "given with -e" };

struct environment {
	char **variables; /* "K=V", NULL-terminated; launch->envp */
	enum origin *origins;
	int n, cap;
	size_t bytes;
	char *workdir_label;
};

static bool name_is_valid(const char *name, size_t len)
{
	if (len == 0 || (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		      (c >= 'a' && c <= 'z')))
			return false;
	}
	return true;
}

static int grow(struct environment *e)
{
	int cap = e->cap ? e->cap * 2 : 32;
	char **variables = realloc(e->variables, (size_t)(cap + 1) * sizeof(*variables));
	enum origin *origins;

	if (!variables)
		return -ENOMEM;
	e->variables = variables;
	origins = realloc(e->origins, (size_t)cap * sizeof(*origins));
	if (!origins)
		return -ENOMEM;
	e->origins = origins;
	e->cap = cap;
	return 0;
}

/* The index of a variable, or n. */
static int find(const struct environment *e, const char *name)
{
	size_t len = strlen(name);
	int i = 0;

	while (i < e->n &&
	       !(strncmp(e->variables[i], name, len) == 0 && e->variables[i][len] == '='))
		i++;
	return i;
}

/* Sets or replaces. */
static int put(struct environment *e, const char *name, const char *value, enum origin origin,
               struct error *err)
{
	char *text = NULL;
	int i = find(e, name);

	if (i == e->n && e->n == e->cap && grow(e) < 0)
		return error_errno(err, ENOMEM, "environment");
	if (asprintf(&text, "%s=%s", name, value) < 0)
		return error_errno(err, ENOMEM, "environment");
	e->bytes += strlen(text) + 1;
	if (i < e->n) {
		e->bytes -= strlen(e->variables[i]) + 1;
		free(e->variables[i]);
	} else {
		e->n++;
	}
	e->variables[i] = text;
	e->origins[i] = origin;
	e->variables[e->n] = NULL;
	if (e->bytes > ENVIRONMENT_MAX)
		return error_set(err, E2BIG, "environment: more than %d bytes", ENVIRONMENT_MAX);
	return 0;
}

static const char *value_in(const char *const *variables, const char *name)
{
	size_t len = strlen(name);

	for (; variables && *variables; variables++) {
		if (strncmp(*variables, name, len) == 0 && (*variables)[len] == '=')
			return *variables + len + 1;
	}
	return NULL;
}

/* The caller's terminal type names a file that programs open: only a plain name is taken. */
static const char *terminal_type(const struct launch *l)
{
	const char *term = value_in(l->host_environ, "TERM");

	if (!term || !*term || strlen(term) > 64 || *term == '.' ||
	    strspn(term, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-._") !=
	            strlen(term))
		return l->tty ? "xterm" : "dumb";
	return term;
}

static int put_own(struct environment *e, const struct launch *l, struct error *err)
{
	const struct {
		const char *name, *value;
	} own[] = {
		{ "HOME", AGENT_HOME },   { "USER", AGENT_NAME },   { "LOGNAME", AGENT_NAME },
		{ "SHELL", "/bin/bash" }, { "PATH", DEFAULT_PATH }, { "TERM", terminal_type(l) },
		{ "LANG", "C.UTF-8" },    { "WARDER", "1" },        { "container", "warder" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(own) / sizeof(own[0]); i++)
		r = put(e, own[i].name, own[i].value, FROM_WARDER, err);
	return r;
}

static int refuse(struct audit *a, const char *name, const char *why, const char *detail,
                  struct error *err)
{
	audit_add(a, AUDIT_REFUSED, "environment", name, "%s%s", why, detail);
	error_set(err, EPERM, "environment: %s %s%s: refused", name, why, detail);
	error_hint(err, "-e %s passes it", name);
	return -EPERM;
}

/* A variable of the caller's that the policy passes. */
static int judge_passed(const char *name, const char *value, struct audit *a, struct error *err)
{
	const char *secret = secret_in_variable(name, value);
	char detail[64];

	if (secret) {
		snprintf(detail, sizeof(detail), " (%s)", secret);
		return refuse(a, name, "looks like a secret", detail, err);
	}
	if (variable_is_dangerous(name))
		return refuse(a, name, "steers the programs that run", "", err);
	audit_add(a, AUDIT_OK, "environment", name, "passed");
	return 0;
}

static int put_passed(struct environment *e, const struct launch *l, struct audit *a,
                      struct error *err)
{
	int result = 0;

	for (char *const *name = l->policy->environment.pass; name && *name; name++) {
		const char *value = value_in(l->host_environ, *name);
		int r;

		/* Named with -e: judged and told there. */
		if (!value || value_in(l->env_named, *name))
			continue;
		r = judge_passed(*name, value, a, result == 0 ? err : NULL);
		if (r == 0)
			r = put(e, *name, value, FROM_CALLER, result == 0 ? err : NULL);
		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}

/* What policy and options set is their author's decision; that it looks like a secret is told. */
static void tell(struct audit *a, enum audit_verdict bad, enum origin origin, const char *name,
                 const char *value)
{
	const char *secret = secret_in_variable(name, value);

	if (secret)
		audit_add(a, bad, "environment", name, "%s; looks like a secret (%s)",
		          origin_names[origin], secret);
	else if (variable_is_dangerous(name))
		audit_add(a, bad, "environment", name, "%s; steers the programs that run",
		          origin_names[origin]);
	else
		audit_add(a, AUDIT_OK, "environment", name, "%s", origin_names[origin]);
}

static int put_set(struct environment *e, const struct launch *l, struct audit *a,
                   struct error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < l->policy->environment.n_set; i++) {
		const struct policy_variable *v = &l->policy->environment.set[i];

		if (!name_is_valid(v->name, strlen(v->name)))
			return error_set(err, EINVAL, "environment.set: %s is no variable's name",
			                 v->name);
		tell(a, AUDIT_RISKY_ALLOWED, FROM_POLICY, v->name, v->value);
		r = put(e, v->name, v->value, FROM_POLICY, err);
	}
	return r;
}

static int put_named(struct environment *e, const struct launch *l, struct audit *a,
                     struct error *err)
{
	int r = 0;

	for (const char *const *p = l->env_named; r == 0 && p && *p; p++) {
		const char *equals = strchr(*p, '=');
		CLEANUP_FREE char *name = NULL;

		if (!equals || !name_is_valid(*p, (size_t)(equals - *p)))
			return error_set(err, EINVAL, "-e: %.*s is no variable's name",
			                 equals ? (int)(equals - *p) : 64, *p);
		name = strndup(*p, (size_t)(equals - *p));
		if (!name)
			return error_errno(err, ENOMEM, "environment");
		tell(a, AUDIT_RISKY_ALLOWED, FROM_OPTION, name, equals + 1);
		r = put(e, name, equals + 1, FROM_OPTION, err);
	}
	return r;
}

/* All of it; goes on after a refusal so that the audit is whole, returns the first. */
static int collect(struct environment *e, const struct launch *l, struct audit *a,
                   struct error *err)
{
	int refused, r = put_own(e, l, err);

	if (r < 0)
		return r;
	refused = put_passed(e, l, a, err);
	r = put_set(e, l, a, refused < 0 ? NULL : err);
	if (r == 0)
		r = put_named(e, l, a, refused < 0 ? NULL : err);
	return refused < 0 ? refused : r;
}

static void environment_free(struct environment *e)
{
	if (!e)
		return;
	for (int i = 0; i < e->n; i++) {
		explicit_bzero(e->variables[i], strlen(e->variables[i]));
		free(e->variables[i]);
	}
	free(e->variables);
	free(e->origins);
	free(e->workdir_label);
	free(e);
}

static int environment_prepare(struct launch *l, struct error *err)
{
	struct environment *e = calloc(1, sizeof(*e));
	struct audit a = { .findings = NULL };
	int r;

	if (!e)
		return error_errno(err, ENOMEM, "environment");
	l->state[LAYER_ENVIRONMENT] = e;
	r = collect(e, l, &a, err);
	if (r == 0 && asprintf(&e->workdir_label, "change to directory %s", l->workdir) < 0) {
		e->workdir_label = NULL;
		r = error_errno(err, ENOMEM, "environment");
	}
	for (int i = 0; r == 0 && i < a.n; i++) {
		if (a.findings[i].verdict == AUDIT_RISKY_ALLOWED)
			buf_addf(&l->notices, "environment %s: %s\n", a.findings[i].subject,
			         a.findings[i].reason);
	}
	audit_free(&a);
	if (r < 0)
		return r;
	l->envp = e->variables;
	return layer_settle_status(l, LAYER_ENVIRONMENT, LAYER_ENFORCED, err, "", "%s", "");
}

int environment_audit(struct launch *l, struct audit *a, struct error *err)
{
	struct environment *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return error_errno(err, ENOMEM, "environment");
	r = collect(e, l, a, err);
	environment_free(e);
	return r == -EPERM ? 0 : r; /* a refusal is a finding */
}

/* Without following magic links, and only to a directory. System calls only. */
static int change_directory(const char *path)
{
	int r, fd = fd_openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC,
	                       RESOLVE_NO_MAGICLINKS);

	if (fd < 0)
		return fd;
	r = fchdir(fd) < 0 ? -errno : 0;
	fd_close(&fd);
	return r;
}

static int environment_enter(const struct launch *l, struct layer_report *report)
{
	const struct environment *e = l->state[LAYER_ENVIRONMENT];

	umask(022);
	report->what = e->workdir_label;
	return change_directory(l->workdir);
}

static void environment_describe(const struct launch *l, struct layer_rows *rows)
{
	const struct environment *e = l->state[LAYER_ENVIRONMENT];

	if (!e)
		return;
	layer_row_add(rows, "directory", "%s", l->workdir);
	for (int i = 0; i < e->n; i++) {
		char key[sizeof(((struct layer_row *)NULL)->key)];

		snprintf(key, sizeof(key), "%.*s", (int)strcspn(e->variables[i], "="),
		         e->variables[i]);
		layer_row_add(rows, key, "%s", origin_names[e->origins[i]]);
	}
}

static void environment_release(struct launch *l)
{
	environment_free(l->state[LAYER_ENVIRONMENT]);
	l->state[LAYER_ENVIRONMENT] = NULL;
	l->envp = NULL;
}

static int probe_attempt(void)
{
	int r = change_directory("/");

	if (r < 0)
		return r;
	return change_directory("/proc/self/cwd") == -ELOOP ? 0 : -ENOTSUP;
}

int environment_probe(struct probe_result *ret)
{
	int r = probe_child(probe_attempt);

	if (r < 0)
		probe_set(ret, LAYER_OFF,
		          "openat2 is there from Linux 5.6 on; a container's seccomp profile may "
		          "hide it",
		          "entering a directory without magic links: %s", strerror(-r));
	else
		probe_set(ret, LAYER_ENFORCED, NULL,
		          "a clean environment; a directory entered without magic links");
	return 0;
}

const struct layer layer_environment = {
	.name = "environment",
	.why_here = "the working directory is looked up in the new root; nothing that it does "
		    "needs more than the agent has",
	.prepare = environment_prepare,
	.enter = environment_enter,
	.describe = environment_describe,
	.release = environment_release,
};
