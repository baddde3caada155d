/*
 * policy_data.c: the memory of a struct policy: defaults, copy, free, and its growing lists.
 *
 * Every pointer in a policy is owned by it; a half-built one (any list or string missing) can be
 * freed. The defaults here are those of policies/default.json, which adds only the patterns of
 * `filesystem.hide`: a list that adds up along `extends` could never be emptied again if it began
 * in the program.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int strv_count(char *const *list)
{
	int n = 0;

	while (list && list[n])
		n++;
	return n;
}

bool strv_has(char *const *list, const char *s)
{
	for (; list && *list; list++) {
		if (strcmp(*list, s) == 0)
			return true;
	}
	return false;
}

int strv_add(char ***list, const char *s)
{
	int n = strv_count(*list);
	char *copy = strdup(s);
	char **grown = copy ? realloc(*list, ((size_t)n + 2) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(copy);
		return -ENOMEM;
	}
	grown[n] = copy;
	grown[n + 1] = NULL;
	*list = grown;
	return 0;
}

int strv_copy(char *const *list, char ***ret)
{
	int n = strv_count(list);
	char **copy = calloc((size_t)n + 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		copy[i] = strdup(list[i]);
		if (!copy[i]) {
			strv_free(copy);
			return -ENOMEM;
		}
	}
	*ret = copy;
	return 0;
}

void strv_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void *policy_grow(void *list, int n, size_t item)
{
	return reallocarray(list, (size_t)n + 1, item);
}

int policy_replace(char **dst, const char *s)
{
	char *copy = NULL;

	if (s) {
		copy = strdup(s);
		if (!copy)
			return -ENOMEM;
	}
	free(*dst);
	*dst = copy;
	return 0;
}

int policy_append_mount(struct policy *p, const char *source, const char *target, bool writable)
{
	struct policy_mount *list =
		policy_grow(p->filesystem.mounts, p->filesystem.n_mounts, sizeof(*list));

	if (!list)
		return -ENOMEM;
	p->filesystem.mounts = list;

	struct policy_mount copy = {
		.source = strdup(source),
		.target = strdup(target),
		.writable = writable,
	};
	if (!copy.source || !copy.target) {
		free(copy.source);
		free(copy.target);
		return -ENOMEM;
	}
	list[p->filesystem.n_mounts++] = copy;
	return 0;
}

int policy_append_tmpfs(struct policy *p, const char *target, uint64_t size)
{
	struct policy_tmpfs *list =
		policy_grow(p->filesystem.tmpfs, p->filesystem.n_tmpfs, sizeof(*list));

	if (!list)
		return -ENOMEM;
	p->filesystem.tmpfs = list;

	struct policy_tmpfs copy = { .target = strdup(target), .size = size };
	if (!copy.target)
		return -ENOMEM;
	list[p->filesystem.n_tmpfs++] = copy;
	return 0;
}

int policy_append_rule(struct policy *p, const struct policy_exec_rule *r)
{
	struct policy_exec_rule *list = policy_grow(p->exec.rules, p->exec.n_rules, sizeof(*list));

	if (!list)
		return -ENOMEM;
	p->exec.rules = list;

	struct policy_exec_rule copy = { .action = r->action };
	if (strv_copy(r->match, &copy.match) < 0)
		return -ENOMEM;
	list[p->exec.n_rules++] = copy;
	return 0;
}

int policy_append_destination(struct policy_destination **list, int *n,
                              const struct policy_destination *d)
{
	struct policy_destination *grown = policy_grow(*list, *n, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;

	struct policy_destination copy = *d;
	copy.text = strdup(d->text);
	copy.host = d->host ? strdup(d->host) : NULL;
	if (!copy.text || (d->host && !copy.host)) {
		policy_destination_free(&copy);
		return -ENOMEM;
	}
	grown[(*n)++] = copy;
	return 0;
}

int policy_put_variable(struct policy *p, const char *name, const char *value)
{
	for (int i = 0; i < p->environment.n_set; i++) {
		if (strcmp(p->environment.set[i].name, name) == 0)
			return policy_replace(&p->environment.set[i].value, value);
	}

	struct policy_variable *list =
		policy_grow(p->environment.set, p->environment.n_set, sizeof(*list));
	if (!list)
		return -ENOMEM;
	p->environment.set = list;

	struct policy_variable copy = { .name = strdup(name), .value = strdup(value) };
	if (!copy.name || !copy.value) {
		free(copy.name);
		free(copy.value);
		return -ENOMEM;
	}
	list[p->environment.n_set++] = copy;
	return 0;
}

static void free_mount(struct policy_mount *m)
{
	free(m->source);
	free(m->target);
}

void policy_clear_mounts(struct policy *p)
{
	for (int i = 0; i < p->filesystem.n_mounts; i++)
		free_mount(&p->filesystem.mounts[i]);
	free(p->filesystem.mounts);
	p->filesystem.mounts = NULL;
	p->filesystem.n_mounts = 0;
}

void policy_clear_tmpfs(struct policy *p)
{
	for (int i = 0; i < p->filesystem.n_tmpfs; i++)
		free(p->filesystem.tmpfs[i].target);
	free(p->filesystem.tmpfs);
	p->filesystem.tmpfs = NULL;
	p->filesystem.n_tmpfs = 0;
}

void policy_clear_rules(struct policy *p)
{
	for (int i = 0; i < p->exec.n_rules; i++)
		strv_free(p->exec.rules[i].match);
	free(p->exec.rules);
	p->exec.rules = NULL;
	p->exec.n_rules = 0;
}

void policy_clear_destinations(struct policy_destination **list, int *n)
{
	for (int i = 0; i < *n; i++)
		policy_destination_free(&(*list)[i]);
	free(*list);
	*list = NULL;
	*n = 0;
}

bool policy_has_target(const struct policy *p, const char *target)
{
	for (int i = 0; i < p->filesystem.n_mounts; i++) {
		if (strcmp(p->filesystem.mounts[i].target, target) == 0)
			return true;
	}
	for (int i = 0; i < p->filesystem.n_tmpfs; i++) {
		if (strcmp(p->filesystem.tmpfs[i].target, target) == 0)
			return true;
	}
	return false;
}

void policy_drop_target(struct policy *p, const char *target)
{
	struct policy_mount *mounts = p->filesystem.mounts;
	struct policy_tmpfs *tmpfs = p->filesystem.tmpfs;
	int kept = 0;

	for (int i = 0; i < p->filesystem.n_mounts; i++) {
		if (strcmp(mounts[i].target, target) == 0)
			free_mount(&mounts[i]);
		else
			mounts[kept++] = mounts[i];
	}
	p->filesystem.n_mounts = kept;

	kept = 0;
	for (int i = 0; i < p->filesystem.n_tmpfs; i++) {
		if (strcmp(tmpfs[i].target, target) == 0)
			free(tmpfs[i].target);
		else
			tmpfs[kept++] = tmpfs[i];
	}
	p->filesystem.n_tmpfs = kept;
}

static const struct policy default_scalars = {
	.revision = 1,
	.seccomp.on_denied = ON_DENIED_ERRNO,
	.filesystem = { .read_only = true, .workspace = WORKSPACE_RW },
	.network = { .mode = NETWORK_NONE, .on_unknown = ON_UNKNOWN_DENY },
	.exec = { .mode = EXEC_LOG, .approval_timeout_ns = 60000000000ULL },
	.limits = {
		.memory = 2ULL << 30,
		.cpus_milli = 1000,
		.pids = 100,
		.disk = 1ULL << 30,
		.open_files = 1024,
		.timeout_ns = 30 * 60000000000ULL,
		.output = 64ULL << 20,
	},
	.required = {
		[LAYER_IDENTITY] = true,
		[LAYER_MOUNTS] = true,
		[LAYER_NETWORK] = true,
		[LAYER_CAPABILITIES] = true,
		[LAYER_SECCOMP] = true,
		[LAYER_LIMITS] = true,
	},
};

static const char *const default_pass[] = { "LANG", "LC_ALL", "TERM", "COLORTERM", "TZ" };

struct policy *policy_defaults(void)
{
	struct policy *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	*p = default_scalars;

	int r = strv_copy(NULL, &p->capabilities);
	r = r ? r : strv_copy(NULL, &p->filesystem.hide);
	r = r ? r : policy_replace(&p->filesystem.root, "host");
	for (size_t i = 0; i < sizeof(default_pass) / sizeof(default_pass[0]); i++)
		r = r ? r : strv_add(&p->environment.pass, default_pass[i]);
	r = r ? r : policy_put_variable(p, "HOME", "/home/agent");
	r = r ? r : policy_append_tmpfs(p, "/tmp", POLICY_TMPFS_DEFAULT);
	if (r < 0) {
		policy_free(p);
		return NULL;
	}
	return p;
}

/* Copies what the plain assignment in policy_copy cannot: everything behind a pointer. */
static int copy_strings(const struct policy *from, struct policy *to)
{
	int r = policy_replace(&to->name, from->name);

	r = r ? r : policy_replace(&to->description, from->description);
	r = r ? r : policy_replace(&to->file, from->file);
	r = r ? r : policy_replace(&to->extends, from->extends);
	r = r ? r : policy_replace(&to->seccomp.profile, from->seccomp.profile);
	r = r ? r : policy_replace(&to->filesystem.root, from->filesystem.root);
	r = r ? r : policy_replace(&to->network.upstream_proxy, from->network.upstream_proxy);
	r = r ? r : strv_copy(from->capabilities, &to->capabilities);
	r = r ? r : strv_copy(from->filesystem.hide, &to->filesystem.hide);
	r = r ? r : strv_copy(from->environment.pass, &to->environment.pass);
	return r;
}

static int copy_lists(const struct policy *from, struct policy *to)
{
	int r = 0;

	for (int i = 0; r == 0 && i < from->filesystem.n_mounts; i++)
		r = policy_append_mount(to, from->filesystem.mounts[i].source,
		                        from->filesystem.mounts[i].target,
		                        from->filesystem.mounts[i].writable);
	for (int i = 0; r == 0 && i < from->filesystem.n_tmpfs; i++)
		r = policy_append_tmpfs(to, from->filesystem.tmpfs[i].target,
		                        from->filesystem.tmpfs[i].size);
	for (int i = 0; r == 0 && i < from->network.n_allow; i++)
		r = policy_append_destination(&to->network.allow, &to->network.n_allow,
		                              &from->network.allow[i]);
	for (int i = 0; r == 0 && i < from->network.n_deny; i++)
		r = policy_append_destination(&to->network.deny, &to->network.n_deny,
		                              &from->network.deny[i]);
	for (int i = 0; r == 0 && i < from->exec.n_rules; i++)
		r = policy_append_rule(to, &from->exec.rules[i]);
	for (int i = 0; r == 0 && i < from->environment.n_set; i++)
		r = policy_put_variable(to, from->environment.set[i].name,
		                        from->environment.set[i].value);
	return r;
}

/* Forgets, without freeing, every pointer of a policy that was assigned from another. */
static void disown(struct policy *p)
{
	p->name = p->description = p->file = p->extends = NULL;
	p->seccomp.profile = NULL;
	p->capabilities = NULL;
	p->filesystem.root = NULL;
	p->filesystem.mounts = NULL;
	p->filesystem.n_mounts = 0;
	p->filesystem.tmpfs = NULL;
	p->filesystem.n_tmpfs = 0;
	p->filesystem.hide = NULL;
	p->network.allow = p->network.deny = NULL;
	p->network.n_allow = p->network.n_deny = 0;
	p->network.upstream_proxy = NULL;
	p->exec.rules = NULL;
	p->exec.n_rules = 0;
	p->environment.pass = NULL;
	p->environment.set = NULL;
	p->environment.n_set = 0;
}

struct policy *policy_copy(const struct policy *p)
{
	struct policy *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *p;
	disown(copy);
	if (copy_strings(p, copy) < 0 || copy_lists(p, copy) < 0) {
		policy_free(copy);
		return NULL;
	}
	return copy;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	free(p->name);
	free(p->description);
	free(p->file);
	free(p->extends);
	free(p->seccomp.profile);
	strv_free(p->capabilities);
	free(p->filesystem.root);
	policy_clear_mounts(p);
	policy_clear_tmpfs(p);
	strv_free(p->filesystem.hide);
	policy_clear_destinations(&p->network.allow, &p->network.n_allow);
	policy_clear_destinations(&p->network.deny, &p->network.n_deny);
	free(p->network.upstream_proxy);
	policy_clear_rules(p);
	strv_free(p->environment.pass);
	for (int i = 0; i < p->environment.n_set; i++) {
		free(p->environment.set[i].name);
		free(p->environment.set[i].value);
	}
	free(p->environment.set);
	free(p);
}
