/*
 * plan.c: request + policy + user = plan. All that a caller asked is judged here or in a layer's
 * prepare, before anything exists; nothing here outlives the process.
 */
#include "core/session/plan.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/digest.h"

#define OPERATOR_GROUP "warder"
#define DEFAULT_PATH   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int no_memory(struct error *err)
{
	return error_errno(err, ENOMEM, "launch");
}

/* Whose session: --for USER (root only), else the caller. */
static int plan_owner(struct plan *p, struct error *err)
{
	const char *for_user = p->request->for_user;
	const struct passwd *pw;

	errno = 0;
	pw = for_user ? getpwnam(for_user) : getpwuid(geteuid());
	if (!pw && for_user)
		return error_set(err, ENOENT, "--for %s: no such user", for_user);
	if (!pw)
		return error_set(err, ENOENT, "uid %u has no entry in the user database",
		                 (unsigned)geteuid());
	if (for_user && geteuid() != 0 && pw->pw_uid != geteuid())
		return error_set(err, EPERM, "--for %s: only root starts sessions for others",
		                 for_user);
	p->launch.owner_uid = pw->pw_uid;
	p->launch.owner_gid = pw->pw_gid;
	p->owner_name = strdup(pw->pw_name);
	p->owner_home = strdup(pw->pw_dir);
	if (!p->owner_name || !p->owner_home)
		return no_memory(err);
	p->launch.owner_name = p->owner_name;
	p->launch.owner_home = p->owner_home;
	return 0;
}

static int plan_policy(struct plan *p, struct error *err)
{
	const struct launch_request *q = p->request;
	/* whoever launches chooses among his own policies: a user's files decide nothing for root
	 */
	const struct passwd *pw = q->for_user ? getpwuid(geteuid()) : NULL;
	const char *home = !q->for_user ? p->owner_home : pw ? pw->pw_dir : NULL;
	int r = policy_load(q->policy ? q->policy : "default", home, &p->policy, err);

	for (int i = 0; r == 0 && i < q->n_settings; i++)
		r = policy_set(p->policy, q->settings[i].path, q->settings[i].value, err);
	for (int i = 0; r == 0 && i < q->n_mounts; i++)
		r = policy_add_mount(p->policy, q->mounts[i].source, q->mounts[i].target,
		                     q->mounts[i].writable, err);
	for (int i = 0; r == 0 && i < q->n_tmpfs; i++)
		r = policy_add_tmpfs(p->policy, q->tmpfs[i].target, q->tmpfs[i].size, err);
	for (char **a = q->allow; r == 0 && a && *a; a++)
		r = policy_add_allow(p->policy, *a, err);
	if (r == 0)
		r = policy_enforceable(p->policy, err);
	p->launch.policy = p->policy;
	return r;
}

static int plan_degraded(struct plan *p, struct error *err)
{
	for (char **name = p->request->allow_degraded; name && *name; name++) {
		int i = 0;

		while (layer_names[i] && strcmp(layer_names[i], *name) != 0)
			i++;
		if (!layer_names[i]) {
			error_set(err, EINVAL, "--allow-degraded %s: no such layer", *name);
			error_hint(err, "layers: identity mounts network limits environment "
			                "capabilities no_new_privs landlock seccomp");
			return -EINVAL;
		}
		p->launch.allow_degraded[i] = true;
	}
	return 0;
}

static int plan_names(struct plan *p, struct error *err)
{
	const struct launch_request *q = p->request;
	struct launch *l = &p->launch;
	int n = 0;
	int r = random_uuid(p->uuid);

	if (r < 0)
		return error_errno(err, r, "random numbers");
	for (const char *c = p->uuid; *c && n < SESSION_ID_LEN; c++) {
		if (*c != '-')
			l->id[n++] = *c;
	}
	l->id[n] = '\0';
	if (q->name)
		snprintf(p->name, sizeof(p->name), "%s", q->name);
	else
		snprintf(p->name, sizeof(p->name), "agent-%.40s-%s", p->owner_name, l->id);
	if (q->name && !session_name_valid(q->name))
		return error_set(
			err, EINVAL,
			"--name: expected at most 63 of a-z 0-9 _ . - beginning with a letter or "
			"digit, and not the form of an id");
	p->hostname = strdup(q->hostname ? q->hostname : "warder");
	p->project = strdup(q->project ? q->project : "/");
	p->workdir = strdup(q->workdir ? q->workdir : WORKSPACE_TARGET);
	if (!p->hostname || !p->project || !p->workdir)
		return no_memory(err);
	if (p->workdir[0] != '/')
		return error_set(err, EINVAL, "--workdir %s: expected an absolute path inside",
		                 p->workdir);
	l->hostname = p->hostname;
	l->project = p->project;
	l->workdir = p->workdir;
	return 0;
}

/* Read from the file itself: a name service asked for a group that it does not have costs every
 * launch its whole chain of modules. */
static gid_t operator_group(void)
{
	FILE *f = fopen("/etc/group", "re");
	struct group *gr;
	gid_t gid = (gid_t)-1;

	while (f && (gr = fgetgrent(f))) {
		if (strcmp(gr->gr_name, OPERATOR_GROUP) == 0) {
			gid = gr->gr_gid;
			break;
		}
	}
	if (f)
		fclose(f);
	return gid;
}

int plan_make(struct launch_request *request, struct plan *ret, struct error *err)
{
	struct launch *l = &ret->launch;
	int r;

	*ret = (struct plan){ .request = request,
		              .operator_gid = (gid_t)-1,
		              .launch = { .cgroup_fd = -1, .notices = BUF_INIT } };
	ret->places.runtime_fd = ret->places.state_fd = -1;
	ret->places.runtime_sessions_fd = ret->places.state_sessions_fd = -1;
	if (!request->argv || !request->argv[0] || !*request->argv[0])
		r = error_set(err, EINVAL, "no command given");
	else
		r = plan_owner(ret, err);
	if (r == 0)
		r = plan_names(ret, err);
	if (r == 0)
		r = plan_degraded(ret, err);
	if (r == 0)
		r = plan_policy(ret, err);
	l->root_mode = geteuid() == 0;
	l->tty = request->tty;
	l->audit_only = request->mode != REQUEST_RUN;
	l->host_environ = (const char *const *)request->environ_all;
	l->env_named = (const char *const *)request->env;
	l->allow_risky = (const char *const *)request->allow_risky;
	if (r == 0)
		r = places_open(&ret->places, !l->audit_only, err);
	l->runtime_dir = ret->places.runtime;
	l->state_dir = ret->places.state;
	if (l->root_mode)
		ret->operator_gid = operator_group();
	if (r < 0)
		plan_free(ret);
	return r;
}

static const char *env_value(char *const *envp, const char *name)
{
	size_t len = strlen(name);

	for (; envp && *envp; envp++) {
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	}
	return NULL;
}

int plan_exec_paths(struct plan *p, struct error *err)
{
	const char *command = p->request->argv[0];
	const char *path = env_value(p->launch.envp, "PATH");
	size_t n = 0;

	if (!path || !*path)
		path = DEFAULT_PATH;
	for (const char *c = path; *c; c++)
		n += *c == ':';
	p->exec_paths = calloc(n + 2, sizeof(char *));
	if (!p->exec_paths)
		return no_memory(err);
	if (strchr(command, '/')) {
		p->exec_paths[0] = strdup(command);
		return p->exec_paths[0] ? 0 : no_memory(err);
	}
	n = 0;
	for (const char *c = path;; c++) {
		size_t len = strcspn(c, ":");

		/* an empty element would mean the current directory: never run the workspace by
		 * accident */
		if (len > 0 && asprintf(&p->exec_paths[n++], "%.*s/%s", (int)len, c, command) < 0) {
			p->exec_paths[n - 1] = NULL;
			return no_memory(err);
		}
		c += len;
		if (!*c)
			return 0;
	}
}

static void strings_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void plan_free(struct plan *p)
{
	strings_free(p->exec_paths);
	free(p->owner_name);
	free(p->owner_home);
	free(p->project);
	free(p->workdir);
	free(p->hostname);
	buf_free(&p->launch.notices);
	policy_free(p->policy);
	launch_request_free(p->request);
	places_close(&p->places);
	*p = (struct plan){ .request = NULL };
	p->places.runtime_fd = p->places.state_fd = -1;
	p->places.runtime_sessions_fd = p->places.state_sessions_fd = -1;
}
