/*
 * launch_options.c: Docker's way of asking for a container, as a launch request. The form of
 * every value is judged here (a usage error); what it means is judged by the supervisor (a
 * refused launch). An option that would loosen what warder never loosens is refused here with the
 * reason: accepted never means ignored.
 */
#include "tui/cli/launch_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/api/policies.h"
#include "core/api/sessions.h"
#include "core/base/bounds.h"
#include "tui/cli/launch_values.h"

#define WORKSPACE "/workspace"

static const char *const workspace_choices[] = { "rw", "ro", "cow", NULL };
static const char *const network_choices[] = { "none", "filtered", NULL };
static const char *const exec_choices[] = { "log", "ask", "deny", NULL };

static int out_of_memory(struct error *err)
{
	return error_errno(err, ENOMEM, "options");
}

static int add_setting(struct launch_options *o, const char *path, const char *value,
                       struct error *err)
{
	struct launch_request *r = o->request;
	struct request_setting *grown =
		reallocarray(r->settings, (size_t)r->n_settings + 1, sizeof(*grown));

	if (grown == NULL)
		return out_of_memory(err);
	r->settings = grown;
	grown[r->n_settings] = (struct request_setting){ strdup(path), strdup(value) };
	r->n_settings++;
	if (grown[r->n_settings - 1].path == NULL || grown[r->n_settings - 1].value == NULL)
		return out_of_memory(err);
	return 0;
}

static int handle_setting(void *opts, const struct cli_option *o, const char *value,
                          struct error *err)
{
	return add_setting(opts, o->setting, value, err);
}

static int handle_tty(void *opts, const struct cli_option *o, const char *value, struct error *err)
{
	struct launch_options *lo = opts;

	(void)o;
	(void)err;
	lo->tty_given = true;
	lo->tty = strcmp(value, "true") == 0;
	return 0;
}

/* -v PATH:/workspace names the project, as a user of Docker would write it. */
static int workspace_volume(struct launch_options *o, char *source, int writable, struct error *err)
{
	free((char *)(uintptr_t)o->workspace_volume);
	o->workspace_volume = source;
	if (writable < 0)
		return 0;
	return add_setting(o, "filesystem.workspace", writable ? "rw" : "ro", err);
}

static int handle_volume(void *opts, const struct cli_option *o, const char *value,
                         struct error *err)
{
	struct launch_options *lo = opts;
	struct launch_request *r = lo->request;
	struct request_mount *grown;
	struct volume v;
	int ret = volume_parse(value, &v, err);

	(void)o;
	if (ret < 0)
		return ret;
	if (strcmp(v.target, WORKSPACE) == 0) {
		free(v.target);
		return workspace_volume(lo, v.source, v.writable, err);
	}
	grown = r->n_mounts < MOUNTS_MAX
	                ? reallocarray(r->mounts, (size_t)r->n_mounts + 1, sizeof(*grown))
	                : NULL;
	if (grown == NULL) {
		free(v.source);
		free(v.target);
		if (r->n_mounts >= MOUNTS_MAX)
			return error_set(err, E2BIG, "at most %d volumes", MOUNTS_MAX);
		return out_of_memory(err);
	}
	r->mounts = grown;
	grown[r->n_mounts++] = (struct request_mount){
		.source = v.source,
		.target = v.target,
		.writable = v.writable != 0, /* Docker's default is rw */
	};
	return 0;
}

static int handle_tmpfs(void *opts, const struct cli_option *o, const char *value,
                        struct error *err)
{
	struct launch_request *r = ((struct launch_options *)opts)->request;
	struct request_tmpfs *grown;
	struct request_tmpfs t;
	int ret = tmpfs_parse(value, &t.target, &t.size, err);

	(void)o;
	if (ret < 0)
		return ret;
	grown = r->n_tmpfs < MOUNTS_MAX
	                ? reallocarray(r->tmpfs, (size_t)r->n_tmpfs + 1, sizeof(*grown))
	                : NULL;
	if (grown == NULL) {
		free(t.target);
		if (r->n_tmpfs >= MOUNTS_MAX)
			return error_set(err, E2BIG, "at most %d of them", MOUNTS_MAX);
		return out_of_memory(err);
	}
	r->tmpfs = grown;
	grown[r->n_tmpfs++] = t;
	return 0;
}

static int handle_env(void *opts, const struct cli_option *o, const char *value, struct error *err)
{
	(void)o;
	return env_add(&((struct launch_options *)opts)->request->env, value, err);
}

static int handle_env_file(void *opts, const struct cli_option *o, const char *value,
                           struct error *err)
{
	(void)o;
	return env_add_file(&((struct launch_options *)opts)->request->env, value, err);
}

static int handle_allow(void *opts, const struct cli_option *o, const char *value,
                        struct error *err)
{
	struct policy_destination d = { .host = NULL };
	int ret = policy_destination_parse(value, &d, err);

	(void)o;
	if (ret < 0)
		return ret;
	policy_destination_free(&d);
	return strings_add(&((struct launch_options *)opts)->request->allow, value) < 0
	               ? out_of_memory(err)
	               : 0;
}

static int handle_allow_degraded(void *opts, const struct cli_option *o, const char *value,
                                 struct error *err)
{
	(void)o;
	return strings_add(&((struct launch_options *)opts)->request->allow_degraded, value) < 0
	               ? out_of_memory(err)
	               : 0;
}

static int handle_allow_risky(void *opts, const struct cli_option *o, const char *value,
                              struct error *err)
{
	char *path = NULL;
	int ret = path_absolute(value, &path, err);

	(void)o;
	if (ret == 0 &&
	    strings_add(&((struct launch_options *)opts)->request->allow_risky, path) < 0)
		ret = out_of_memory(err);
	free(path);
	return ret;
}

static int handle_security_opt(void *opts, const struct cli_option *o, const char *value,
                               struct error *err)
{
	char *path = NULL;
	int ret;

	(void)o;
	if (strcmp(value, "no-new-privileges") == 0 ||
	    strcmp(value, "no-new-privileges:true") == 0 ||
	    strcmp(value, "no-new-privileges=true") == 0)
		return 0;
	if (strncmp(value, "no-new-privileges", 17) == 0)
		return error_set(err, EPERM, "no_new_privs is always on");
	if (strcmp(value, "seccomp=unconfined") == 0)
		return error_set(err, EPERM, "a session without a seccomp filter is never started");
	if (strncmp(value, "seccomp=", 8) != 0 || value[8] == '\0')
		return error_set(err, EINVAL, "expected seccomp=FILE or no-new-privileges");
	ret = path_absolute(value + 8, &path, err);
	if (ret == 0)
		ret = add_setting(opts, "seccomp.profile", path, err);
	free(path);
	return ret;
}

static int handle_cap_drop(void *opts, const struct cli_option *o, const char *value,
                           struct error *err)
{
	(void)opts;
	(void)o;
	if (*value == '\0')
		return error_set(err, EINVAL, "expected a capability or ALL");
	return 0; /* all are dropped anyway */
}

static int handle_cap_add(void *opts, const struct cli_option *o, const char *value,
                          struct error *err)
{
	(void)opts;
	(void)o;
	(void)value;
	error_set(err, EPERM, "an agent never holds a capability");
	error_hint(err, "what needs one is better done outside, on the project's files");
	return -EPERM;
}

/* Inside there is one user. */
static int handle_user(void *opts, const struct cli_option *o, const char *value, struct error *err)
{
	size_t len = strcspn(value, ":");
	const char *group = value[len] == ':' ? value + len + 1 : "agent";

	(void)opts;
	(void)o;
	if (len == 0 || *group == '\0')
		return error_set(err, EINVAL, "expected USER or USER:GROUP");
	if (((len == 4 && memcmp(value, "1000", 4) == 0) ||
	     (len == 5 && memcmp(value, "agent", 5) == 0)) &&
	    (strcmp(group, "1000") == 0 || strcmp(group, "agent") == 0))
		return 0;
	error_set(err, EPERM, "inside, the agent is always uid 1000 (agent), never root");
	error_hint(err, "--for USER says whose session it is");
	return -EPERM;
}

static int handle_detach_keys(void *opts, const struct cli_option *o, const char *value,
                              struct error *err)
{
	(void)o;
	return detach_keys_parse(value, ((struct launch_options *)opts)->detach_keys, err);
}

static int check_name(const char *value, struct error *err)
{
	if (session_name_valid(value))
		return 0;
	return error_set(err, EINVAL,
	                 "expected at most 63 of a-z 0-9 _ . - beginning with a letter or digit, "
	                 "and not the form of an id");
}

static int check_text(const char *value, struct error *err)
{
	return *value != '\0' ? 0 : error_set(err, EINVAL, "expected a value");
}

#define FIELD(f)      .offset = offsetof(struct launch_options, f)
#define SETTING(path) .handle = handle_setting, .setting = (path)

const struct cli_option launch_option_table[] = {
	{ 'd', "detach", .argument = NULL, FIELD(detach),
	  .help = "start it, print its id and leave it running" },
	{ 'i', "interactive", .argument = NULL, FIELD(interactive),
	  .help = "keep standard input open with -d (attached it always is)" },
	{ 't', "tty", .argument = NULL, .handle = handle_tty,
	  .help = "give it a terminal (default: when standard input is one)" },
	{ 0, "rm", .argument = NULL, FIELD(remove_after),
	  .help = "remove its record and trail when it has ended" },
	{ 0, "name", "NAME", FIELD(name), .check = check_name,
	  .help = "a name beside its id (default agent-USER-ID)" },
	{ 0, "policy", "NAME|FILE", FIELD(policy), .check = check_text,
	  .help = "the policy to run under (default: default)" },
	{ 0, "for", "USER", FIELD(for_user), .check = check_text,
	  .help = "whose session it is; root only" },
	{ 0, "user", "USER", .handle = handle_user,
	  .help = "the user inside: 1000 or agent, never root" },
	{ 'C', "project", "DIR", FIELD(project), .check = check_text,
	  .help = "the directory at /workspace (default: the current one)" },
	{ 'w', "workdir", "DIR", FIELD(workdir), .check = check_inside_path,
	  .help = "the working directory inside (default /workspace)" },
	{ 0, "workspace", "MODE", SETTING("filesystem.workspace"), .choices = workspace_choices,
	  .help = "the project read-write (rw), read-only (ro) or copied on write (cow)" },
	{ 'v', "volume", "SRC:DST[:ro|rw]", .handle = handle_volume,
	  .help = "mount a host path; at /workspace it is the project" },
	{ 0, "tmpfs", "DST[:size=N]", .handle = handle_tmpfs,
	  .help = "an empty file system in memory" },
	{ 0, "read-only", .argument = NULL, SETTING("filesystem.read_only"),
	  .help = "the root read-only" },
	{ 'e', "env", "NAME[=VALUE]", .handle = handle_env, .secret = true,
	  .help = "set a variable, or pass the caller's" },
	{ 0, "env-file", "FILE", .handle = handle_env_file, .help = "variables, one a line" },
	{ 'm', "memory", "SIZE", SETTING("limits.memory"), .check = options_check_size,
	  .help = "memory limit, swap included: 512m, 2g" },
	{ 0, "cpus", "N", SETTING("limits.cpus"), .check = check_cpus,
	  .help = "processor limit in cores: 0.5, 2" },
	{ 0, "pids-limit", "N", SETTING("limits.pids"), .check = check_pids,
	  .help = "how many processes and threads at once" },
	{ 0, "timeout", "TIME", SETTING("limits.timeout"), .check = options_check_duration,
	  .help = "end it after this time: 90s, 30m, none" },
	{ 0, "idle-timeout", "TIME", SETTING("limits.idle_timeout"),
	  .check = options_check_duration,
	  .help = "end it after this time without output or input" },
	{ 0, "network", "MODE", SETTING("network.mode"), .choices = network_choices,
	  .help = "no network (none), or what the policy allows (filtered)" },
	{ 0, "allow", "HOST[:PORT]", .handle = handle_allow, .help = "allow one more destination" },
	{ 0, "exec", "MODE", SETTING("exec.mode"), .choices = exec_choices,
	  .help = "commands are logged (log), asked for (ask) or refused (deny)" },
	{ 0, "security-opt", "OPTION", .handle = handle_security_opt,
	  .help = "seccomp=FILE; no-new-privileges (always on)" },
	{ 0, "cap-drop", "CAP", .handle = handle_cap_drop,
	  .help = "accepted: every capability is dropped anyway" },
	{ 0, "cap-add", "CAP", .handle = handle_cap_add, .help = "refused: none can be added" },
	{ 0, "hostname", "NAME", FIELD(hostname), .check = check_hostname,
	  .help = "the host name inside (default warder)" },
	{ 0, "allow-degraded", "LAYER", .handle = handle_allow_degraded, .check = check_text,
	  .help = "start though this machine cannot fully enforce that layer" },
	{ 0, "allow-risky", "PATH", .handle = handle_allow_risky,
	  .help = "mount that path though the audit would refuse it" },
	{ 0, "detach-keys", "KEYS", .handle = handle_detach_keys,
	  .help = "keys that detach, such as ctrl-p,ctrl-q (default ctrl-q)" },
	{ 0, "dry-run", .argument = NULL, FIELD(dry_run),
	  .help = "say what would be done and start nothing" },
	{ .name = NULL },
};

int launch_options_init(struct launch_options *o, struct error *err)
{
	*o = (struct launch_options){ .request = calloc(1, sizeof(*o->request)) };
	if (o->request == NULL)
		return out_of_memory(err);
	return detach_keys_parse("ctrl-q", o->detach_keys, err);
}

void launch_options_free(struct launch_options *o)
{
	launch_request_free(o->request);
	free((char *)(uintptr_t)o->workspace_volume);
	*o = (struct launch_options){ .request = NULL };
}

static int keep(char **to, const char *s)
{
	if (s == NULL)
		return 0;
	*to = strdup(s);
	return *to != NULL ? 0 : -ENOMEM;
}

/* A policy's file is named from here; the supervisor has another directory. */
static int keep_policy(char **to, const char *ref, struct error *err)
{
	size_t len = ref != NULL ? strlen(ref) : 0;

	if (ref == NULL)
		return 0;
	if (strchr(ref, '/') != NULL || (len > 5 && strcmp(ref + len - 5, ".json") == 0))
		return path_absolute(ref, to, err);
	return keep(to, ref) < 0 ? out_of_memory(err) : 0;
}

static int fill_project(struct launch_options *o, struct error *err)
{
	if (o->project != NULL && o->workspace_volume != NULL)
		return error_set(err, EINVAL, "--project and --volume …:%s name the same place",
		                 WORKSPACE);
	if (o->workspace_volume != NULL) {
		if (keep(&o->request->project, o->workspace_volume) < 0)
			return out_of_memory(err);
		return 0;
	}
	return path_absolute(o->project != NULL ? o->project : ".", &o->request->project, err);
}

static int fill_lists(struct launch_request *r, char *const *operands)
{
	for (char *const *s = operands; *s != NULL; s++) {
		if (strings_add(&r->argv, *s) < 0)
			return -ENOMEM;
	}
	for (char **s = environ; s != NULL && *s != NULL; s++) {
		if (strings_add(&r->environ_all, *s) < 0)
			return -ENOMEM;
	}
	return 0;
}

int launch_options_request(struct launch_options *o, enum request_mode mode, char *const *operands,
                           struct launch_request **ret, struct error *err)
{
	struct launch_request *r = o->request;
	int e = fill_project(o, err);

	if (e == 0)
		e = keep_policy(&r->policy, o->policy, err);
	if (e < 0)
		return e;
	if (keep(&r->name, o->name) < 0 || keep(&r->for_user, o->for_user) < 0 ||
	    keep(&r->workdir, o->workdir) < 0 || keep(&r->hostname, o->hostname) < 0 ||
	    fill_lists(r, operands) < 0)
		return out_of_memory(err);
	r->mode = mode;
	r->attached = !o->detach;
	r->interactive = o->interactive || !o->detach;
	r->remove_after = o->remove_after;
	r->tty = o->tty;
	o->request = NULL;
	*ret = r;
	return 0;
}
