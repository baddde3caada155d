/*
 * mounts_audit.c: every source that was asked for, opened once and judged by its descriptor
 * (policy.md, "Audit of mounts and environment"). One finding for each source; what --allow-risky
 * names is allowed and said.
 */
#include "core/layers/mounts_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool same_text(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	while (la > 1 && a[la - 1] == '/')
		la--;
	while (lb > 1 && b[lb - 1] == '/')
		lb--;
	return la == lb && memcmp(a, b, la) == 0;
}

/* --allow-risky PATH: the path as it was written, its canonical name, or another name of the same
 * object. When root launches for somebody else only the canonical name counts: the others may lead
 * over links of that user's, to what root never meant. */
static bool risk_allowed(const struct launch *l, const char *written, const struct source *s)
{
	const bool for_other = l->root_mode && l->owner_uid != 0;

	for (const char *const *p = l->allow_risky; p && *p; p++) {
		struct stat st;

		if (same_text(*p, s ? s->path : written))
			return true;
		if (!s || for_other)
			continue;
		if (same_text(*p, written) ||
		    (stat(*p, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino))
			return true;
	}
	return false;
}

static const char *subject_kind(const struct asked_mount *ask)
{
	return ask->project ? "project" : "mount";
}

/* A source that is not there, cannot be reached, or is of the wrong kind: nothing that
 * --allow-risky could mend. */
static int unusable(const struct asked_mount *ask, struct audit *a, struct error *err, int code,
                    const char *why)
{
	audit_add(a, AUDIT_REFUSED, "mount", ask->source, "%s", why);
	return error_set(err, code, "%s %s: %s", subject_kind(ask), ask->source, why);
}

static int open_failed(const struct launch *l, const struct asked_mount *ask, int code,
                       struct audit *a, struct error *err)
{
	char why[256];

	switch (-code) {
	case ENOENT:
		return unusable(ask, a, err, code,
		                ask->project ? "no such directory" : "no such file or directory");
	case ENOTDIR:
		return unusable(ask, a, err, code, "not a directory");
	case EACCES:
		snprintf(why, sizeof(why), "%s may not reach it", l->owner_name);
		unusable(ask, a, err, code, why);
		if (l->root_mode)
			error_hint(err, "--allow-risky %s", ask->source);
		return code;
	case ELOOP:
		return unusable(ask, a, err, code, "leads through a magic link or too many links");
	case ENOSYS:
		return unusable(ask, a, err, code, "openat2 is missing (Linux 5.6)");
	default:
		return unusable(ask, a, err, code, strerror(-code));
	}
}

/* What a project must be, beyond being harmless. Returns true when it is not, with the reason. */
static bool judge_project(const struct launch *l, const struct source *s, char *why, size_t size)
{
	if (l->root_mode && l->owner_uid != 0 && s->uid != l->owner_uid) {
		snprintf(why, size, "not %s's (it belongs to uid %u)", l->owner_name,
		         (unsigned)s->uid);
		return true;
	}
	return false;
}

static int check_project(const struct asked_mount *ask, const struct source *s, struct audit *a,
                         struct error *err)
{
	if (!S_ISDIR(s->mode))
		return unusable(ask, a, err, -ENOTDIR, "not a directory");
	if (faccessat(s->fd, ".", R_OK | X_OK, AT_EACCESS) < 0)
		return unusable(ask, a, err, -EACCES, "cannot be read");
	return 0;
}

static void describe_ok(const struct asked_mount *ask, const struct source *s, struct audit *a)
{
	char below[PATH_MAX], secret[64];
	const char *mode = ask->writable ? "rw" : "ro";
	int n = source_mounts_below(s->path, below, sizeof(below));

	secrets_in_directory(s, secret, sizeof(secret));
	if (n > 0)
		audit_add(a, AUDIT_OK, "mount", s->path, "%s %s; %d mounts below it (%.100s): %s",
		          ask->target, mode, n, below,
		          s->recursive ? "they come along" : "left out");
	else if (*secret && !ask->project)
		audit_add(a, AUDIT_OK, "mount", s->path, "%s %s; the agent will see its %s",
		          ask->target, mode, secret);
	else
		audit_add(a, AUDIT_OK, "mount", s->path, "%s %s", ask->target, mode);
}

static int refuse(const struct asked_mount *ask, const struct source *s, struct audit *a,
                  const char *why, struct error *err)
{
	audit_add(a, AUDIT_REFUSED, "mount", s->path, "%s", why);
	if (same_text(ask->source, s->path))
		error_set(err, EPERM, "mount %s: refused: %s", s->path, why);
	else
		error_set(err, EPERM, "mount %s: refused: leads to %s: %s", ask->source, s->path,
		          why);
	error_hint(err, "--allow-risky %s", s->path);
	return -EPERM;
}

/* The toggle under which the agent may make files that run with their owner's privileges on the
 * host; NULL when none is on. In a user namespace of its own making it may give a file
 * capabilities, for the namespace's root (capabilities(7), "Namespaced file capabilities"):
 * through the id map that root is the owner on disk. An io_uring opens files past the filter,
 * set-user-id bit and all. */
static const char *privilege_toggle(const struct launch *l)
{
	if (l->policy->toggles[TOGGLE_IO_URING])
		return "toggles.io_uring";
	return l->policy->toggles[TOGGLE_USER_NAMESPACES] ? "toggles.user_namespaces" : NULL;
}

/* Root's files never; what it means for others is said. */
static int check_privileges(const struct launch *l, const struct asked_mount *ask,
                            const struct source *s, struct audit *a, struct error *err)
{
	const char *toggle = ask->writable ? privilege_toggle(l) : NULL;
	char why[160];

	if (!toggle || !(s->idmapped || !l->root_mode))
		return 0;
	if (s->uid == 0 && l->root_mode) {
		snprintf(why, sizeof(why),
		         "belongs to root: under %s the agent could make its files privileged on "
		         "the host",
		         toggle);
		return unusable(ask, a, err, -EPERM, why);
	}
	audit_add(a, AUDIT_OK, "mount", s->path,
	          "under %s the agent can make files there; they may run as uid %u on the host",
	          toggle, (unsigned)s->uid);
	return 0;
}

int audit_source(struct launch *l, const struct asked_mount *ask, struct audit *a,
                 struct source *ret, struct error *err)
{
	struct source s = SOURCE_INIT;
	char why[256] = "", below[PATH_MAX];
	bool risky = false, allowed;
	int r = source_open(l, ask->source, false, &s);

	if (r == -EACCES && l->root_mode && risk_allowed(l, ask->source, NULL)) {
		r = source_open(l, ask->source, true, &s);
		risky = r == 0;
		snprintf(why, sizeof(why), "%s may not reach it", l->owner_name);
	}
	if (r < 0)
		return open_failed(l, ask, r, a, err);
	if (ask->project)
		r = check_project(ask, &s, a, err);
	if (r < 0)
		goto out;
	risky = risky || (ask->project && judge_project(l, &s, why, sizeof(why))) ||
	        secrets_judge(l, &s, ask, why, sizeof(why));
	allowed = risky && risk_allowed(l, ask->source, &s);
	if (risky && !allowed) {
		r = refuse(ask, &s, a, why, err);
		goto out;
	}
	s.idmapped = l->root_mode &&
	             (ask->project || allowed || l->owner_uid == 0 || s.uid == l->owner_uid);
	r = check_privileges(l, ask, &s, a, err);
	if (r < 0)
		goto out;
	/* Without privileges the kernel gives mounts that are locked together only together. */
	s.recursive = !l->root_mode && source_mounts_below(s.path, below, sizeof(below)) > 0;
	if (risky)
		audit_add(a, AUDIT_RISKY_ALLOWED, "mount", s.path, "%s", why);
	else
		describe_ok(ask, &s, a);
	*ret = s;
	return 0;
out:
	source_free(&s);
	return r;
}
