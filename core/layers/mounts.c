/*
 * mounts.c: the mounts layer: a new root on a tmpfs with the host's /usr read-only, a private /etc,
 * /dev, /proc, /tmp and home, the project at /workspace, and what was asked for beside it. This
 * file makes the plan (mounts_plan.h) and tells about it; mounts_enter.c carries it out in the
 * child.
 *
 * What must hold: every source was audited by the descriptor that is mounted; all is nosuid, and
 * nodev but for the device nodes themselves; nothing of the host is writable but what was asked for
 * as rw; no file is made on the host.
 */
#include "core/layers/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/mounts_plan.h"

/* ---- adding steps ---- */

struct step *step_add(struct mounts *m, enum step_kind kind, const char *verb, const char *path)
{
	struct step *s;

	if (m->n == m->cap) {
		int cap = m->cap ? m->cap * 2 : 64;
		struct step *grown = realloc(m->steps, (size_t)cap * sizeof(*grown));

		if (!grown) {
			m->failed = true;
			return NULL;
		}
		m->steps = grown;
		m->cap = cap;
	}
	s = &m->steps[m->n];
	*s = (struct step){ .kind = kind, .source = SOURCE_INIT };
	s->path = strdup(path[0] == '/' ? path + 1 : path);
	if (asprintf(&s->label, "%s %s", verb, path) < 0)
		s->label = NULL;
	if (!s->path || !s->label) {
		free(s->path);
		free(s->label);
		m->failed = true;
		return NULL;
	}
	m->n++;
	return s;
}

static void step_set_data(struct mounts *m, struct step *s, const char *data, size_t len)
{
	s->data = malloc(len + 1);
	if (!s->data) {
		m->failed = true;
		return;
	}
	memcpy(s->data, data, len);
	s->data[len] = '\0';
	s->len = len;
}

void step_dir(struct mounts *m, const char *path, mode_t mode)
{
	struct step *s = step_add(m, STEP_DIR, "make", path);

	if (s)
		s->mode = mode;
}

void step_link(struct mounts *m, const char *path, const char *to)
{
	struct step *s = step_add(m, STEP_LINK, "link", path);

	if (s)
		step_set_data(m, s, to, strlen(to));
}

void step_file(struct mounts *m, const char *path, mode_t mode, const char *data, size_t len)
{
	struct step *s = step_add(m, STEP_FILE, "write", path);

	if (!s)
		return;
	s->mode = mode;
	step_set_data(m, s, data, len);
}

int step_tree(struct mounts *m, const char *path, struct source *src, uint64_t attr,
              struct error *err)
{
	struct step *s = step_add(m, STEP_TREE, "mount", path);

	if (!s) {
		source_free(src);
		return error_errno(err, ENOMEM, "mount %s", path);
	}
	s->source = *src;
	s->attr = attr;
	s->directory = S_ISDIR(src->mode);
	s->create = true;
	return 0;
}

static void tmpfs_options(struct step *s, uint64_t size, unsigned inodes, mode_t mode)
{
	snprintf(s->size, sizeof(s->size), "%llu", (unsigned long long)size);
	snprintf(s->inodes, sizeof(s->inodes), "%u", inodes);
	snprintf(s->mode_text, sizeof(s->mode_text), "%04o", (unsigned)mode);
	s->attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
}

struct step *step_tmpfs(struct mounts *m, const char *path, uint64_t size, unsigned inodes,
                        mode_t mode)
{
	struct step *s = step_add(m, STEP_TMPFS, "mount", path);

	if (!s)
		return NULL;
	tmpfs_options(s, size, inodes, mode);
	s->directory = true;
	s->create = true;
	return s;
}

int step_system(struct mounts *m, const struct launch *l, const char *path, uint64_t attr,
                struct error *err)
{
	struct source src = SOURCE_INIT;
	int r = source_open(l, path, true, &src);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, r, "mount %s", path);
	src.recursive = S_ISDIR(src.mode);
	return step_tree(m, path, &src, attr, err);
}

static void step_free(struct step *s)
{
	free(s->path);
	free(s->label);
	free(s->data);
	source_free(&s->source);
}

/* ---- what was asked for ---- */

/* "~/x" of the session's user on the host; otherwise a copy. */
static char *source_expand(const struct launch *l, const char *source)
{
	char *path = NULL;

	if (source[0] != '~' || (source[1] && source[1] != '/'))
		return strdup(source);
	return asprintf(&path, "%s%s", l->owner_home ? l->owner_home : "", source + 1) < 0 ? NULL
	                                                                                   : path;
}

/* Audits one asked mount and, with a plan, adds its step. */
static int ask_one(struct mounts *m, struct launch *l, const struct asked_mount *ask,
                   struct audit *a, struct error *err)
{
	const uint64_t attr =
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (ask->writable ? 0u : MOUNT_ATTR_RDONLY);
	struct source src = SOURCE_INIT;
	int r = audit_source(l, ask, a, &src, err);

	if (r < 0 || !m) {
		source_free(&src);
		return r;
	}
	r = step_tree(m, ask->target, &src, attr, err);
	if (r == 0)
		m->steps[m->n - 1].asked = true;
	return r;
}

static int ask_project(struct mounts *m, struct launch *l, struct audit *a, struct error *err)
{
	const struct asked_mount ask = {
		.source = l->project,
		.target = WORKSPACE_TARGET,
		.project = true,
		.writable = l->policy->filesystem.workspace == WORKSPACE_RW,
	};

	if (l->policy->filesystem.workspace == WORKSPACE_COW)
		return error_set(err, ENOTSUP,
		                 "filesystem.workspace: cow is not enforced by this version");
	return ask_one(m, l, &ask, a, err);
}

static int ask_mount(struct mounts *m, struct launch *l, const struct policy_mount *pm,
                     struct audit *a, struct error *err)
{
	CLEANUP_FREE char *source = source_expand(l, pm->source);
	CLEANUP_FREE char *target = target_expand(pm->target);
	struct asked_mount ask = { .source = source, .target = target, .writable = pm->writable };
	int r;

	if (!source || !target)
		return error_errno(err, ENOMEM, "mount %s", pm->source);
	if (source[0] != '/') {
		audit_add(a, AUDIT_REFUSED, "mount", source, "not an absolute path");
		return error_set(err, EINVAL, "mount %s: expected an absolute path", source);
	}
	r = target_check(target, false, err);
	if (r < 0) {
		audit_add(a, AUDIT_REFUSED, "mount", source, "%s may not be mounted over", target);
		return r;
	}
	return ask_one(m, l, &ask, a, err);
}

static int ask_tmpfs(struct mounts *m, const struct policy_tmpfs *t, struct error *err)
{
	CLEANUP_FREE char *target = target_expand(t->target);
	struct step *s;
	bool home;
	int r;

	if (!target)
		return error_errno(err, ENOMEM, "tmpfs %s", t->target);
	r = target_check(target, true, err);
	if (r < 0)
		return r;
	home = strcmp(target, AGENT_HOME) == 0;
	s = step_tmpfs(m, target, t->size, 0, home ? 0700 : 01777);
	if (!s)
		return error_errno(err, ENOMEM, "tmpfs %s", target);
	s->asked = true;
	return 0;
}

static bool tmpfs_asked(const struct launch *l, const char *target)
{
	for (int i = 0; i < l->policy->filesystem.n_tmpfs; i++) {
		CLEANUP_FREE char *t = target_expand(l->policy->filesystem.tmpfs[i].target);

		if (t && strcmp(t, target) == 0)
			return true;
	}
	return false;
}

static void default_tmpfs(struct mounts *m, const struct launch *l)
{
	enum { TMP_SIZE = 100 << 20, RUN_SIZE = 4 << 20, RUN_INODES = 1024 };

	if (!tmpfs_asked(l, "/tmp"))
		step_tmpfs(m, "/tmp", TMP_SIZE, 0, 01777);
	if (!tmpfs_asked(l, AGENT_HOME))
		step_tmpfs(m, AGENT_HOME, l->policy->limits.disk, 0, 0700);
	step_tmpfs(m, "/run", RUN_SIZE, RUN_INODES, 0755);
}

/* ---- prepare ---- */

static struct mounts *mounts_new(const struct launch *l)
{
	enum { ROOT_SIZE = 16 << 20, ROOT_INODES = 4096 };
	struct mounts *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->in_child_trees = !l->root_mode;
	m->read_only = l->policy->filesystem.read_only;
	m->tty = l->tty;
	m->root = (struct step){ .kind = STEP_TMPFS, .source = SOURCE_INIT };
	tmpfs_options(&m->root, ROOT_SIZE, ROOT_INODES, 0755);
	return m;
}

/* What the audit found and allowed is said once at launch. */
static void notices_from(struct launch *l, const struct audit *a)
{
	for (int i = 0; i < a->n; i++) {
		const struct audit_finding *f = &a->findings[i];
		bool tells = f->verdict == AUDIT_RISKY_ALLOWED || strcmp(f->what, "hide") == 0 ||
		             strchr(f->reason, ';');

		if (!tells)
			continue;
		buf_addf(&l->notices, "%s ", f->what);
		text_safe(&l->notices, f->subject, strlen(f->subject), false);
		buf_adds(&l->notices,
		         f->verdict == AUDIT_RISKY_ALLOWED ? ": risky, allowed: " : ": ");
		text_safe(&l->notices, f->reason, strlen(f->reason), false);
		buf_addc(&l->notices, '\n');
	}
}

/* A mount whose owner is somebody else than the session's user is not id-mapped: the agent gets
 * what others get. */
static void notice_owners(struct launch *l, const struct mounts *m)
{
	for (int i = 0; l->root_mode && i < m->n; i++) {
		const struct step *s = &m->steps[i];

		if (s->kind != STEP_TREE || !s->asked || s->source.idmapped)
			continue;
		buf_adds(&l->notices, "mount ");
		text_safe(&l->notices, s->source.path, strlen(s->source.path), false);
		buf_addf(&l->notices,
		         ": belongs to uid %u, not to %s: only what everybody may do there\n",
		         (unsigned)s->source.uid, l->owner_name);
	}
}

static int plan_asked(struct mounts *m, struct launch *l, struct audit *a, struct error *err)
{
	int first, r = ask_project(m, l, a, err);

	if (r < 0)
		return r;
	first = m->n;
	for (int i = 0; r == 0 && i < l->policy->filesystem.n_mounts; i++)
		r = ask_mount(m, l, &l->policy->filesystem.mounts[i], a, err);
	for (int i = 0; r == 0 && i < l->policy->filesystem.n_tmpfs; i++)
		r = ask_tmpfs(m, &l->policy->filesystem.tmpfs[i], err);
	return r < 0 ? r : target_order(m, first, err);
}

static const struct source *project_source(const struct mounts *m)
{
	for (int i = 0; i < m->n; i++) {
		if (m->steps[i].kind == STEP_TREE &&
		    strcmp(m->steps[i].path, WORKSPACE_TARGET + 1) == 0)
			return &m->steps[i].source;
	}
	return NULL;
}

static int make_trees(const struct launch *l, struct mounts *m, struct error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < m->n; i++) {
		struct step *s = &m->steps[i];

		if (s->kind == STEP_TREE)
			r = source_tree(l, &s->source, s->attr, s->label, err);
	}
	idmap_cache_clear();
	return r;
}

static int plan_all(struct mounts *m, struct launch *l, struct audit *a, char *partial, size_t size,
                    struct error *err)
{
	int r = system_steps(m, l, err);

	if (r == 0)
		r = etc_steps(m, l, err);
	if (r == 0)
		r = device_steps(m, l, err);
	if (r < 0)
		return r;
	proc_steps(m, l->policy);
	default_tmpfs(m, l);
	r = plan_asked(m, l, a, err);
	if (r == 0)
		r = hide_steps(m, l, project_source(m), a, partial, size, err);
	if (r == 0 && m->failed)
		r = error_errno(err, ENOMEM, "mounts");
	if (r == 0 && l->root_mode)
		r = make_trees(l, m, err);
	return r;
}

static int mounts_prepare(struct launch *l, struct error *err)
{
	struct mounts *m = mounts_new(l);
	struct audit a = { .findings = NULL };
	char partial[160];
	int r;

	if (!m)
		return error_errno(err, ENOMEM, "mounts");
	l->state[LAYER_MOUNTS] = m;
	if (l->root_mode && l->host_uid == 0 && !l->audit_only)
		return error_set(err, EINVAL, "mounts: no host uid for the agent");
	r = plan_all(m, l, &a, partial, sizeof(partial), err);
	notices_from(l, &a);
	audit_free(&a);
	if (r < 0)
		return r;
	notice_owners(l, m);
	if (*partial)
		return layer_settle_status(
			l, LAYER_MOUNTS, LAYER_DEGRADED, err,
			"name fewer patterns in filesystem.hide, or a smaller project", "%s",
			partial);
	return layer_settle_status(l, LAYER_MOUNTS, LAYER_ENFORCED, err, "", "%s", "");
}

/* ---- audit, describe, release ---- */

static void keep_first(struct error *first, const struct error *e, int r)
{
	if (r < 0 && first && first->code == 0)
		*first = *e;
}

int mounts_audit(struct launch *l, struct audit *a, struct error *err)
{
	struct mounts *m = mounts_new(l);
	struct error first = ERROR_INIT;
	char partial[160] = "";
	int r, result = 0;

	if (!m)
		return error_errno(err, ENOMEM, "mounts");
	for (int i = -1; i < l->policy->filesystem.n_mounts; i++) {
		struct error e = ERROR_INIT;

		r = i < 0 ? ask_project(m, l, a, &e)
		          : ask_mount(m, l, &l->policy->filesystem.mounts[i], a, &e);
		keep_first(&first, &e, r);
		/* Everything else is told by a finding. */
		if ((r == -ENOMEM || r == -ENOTSUP) && result == 0)
			result = r;
	}
	if (project_source(m)) {
		struct error e = ERROR_INIT;

		r = target_order(m, 1, &e);
		keep_first(&first, &e, r);
		if (r < 0 && result == 0)
			result = r;
		e = ERROR_INIT;
		r = hide_steps(NULL, l, project_source(m), a, partial, sizeof(partial), &e);
		keep_first(&first, &e, r);
		if (r < 0 && result == 0)
			result = r;
		if (*partial)
			audit_add(a,
			          l->allow_degraded[LAYER_MOUNTS] ? AUDIT_RISKY_ALLOWED
			                                          : AUDIT_REFUSED,
			          "hide", l->project, "%s", partial);
	}
	if (result < 0 && err)
		*err = first;
	for (int i = 0; i < m->n; i++)
		step_free(&m->steps[i]);
	free(m->steps);
	free(m);
	return result;
}

static void describe_tree(const struct launch *l, const struct step *s, struct layer_rows *rows)
{
	const struct source *src = &s->source;
	const char *mode = s->attr & MOUNT_ATTR_RDONLY ? "ro" : "rw";
	char key[sizeof(((struct layer_row *)NULL)->key)];

	snprintf(key, sizeof(key), "/%s", s->path);
	if (src->idmapped && l->audit_only)
		layer_row_add(rows, key, "%.180s %s, uid %u on disk", src->path, mode,
		              (unsigned)src->uid);
	else if (src->idmapped)
		layer_row_add(rows, key, "%.180s %s, uid %u on disk is %u", src->path, mode,
		              (unsigned)src->uid, (unsigned)l->host_uid);
	else
		layer_row_add(rows, key, "%.200s %s%s", src->path, mode,
		              s->asked && src->recursive ? ", mounts below come along" : "");
}

static void mounts_describe(const struct launch *l, struct layer_rows *rows)
{
	const struct mounts *m = l->state[LAYER_MOUNTS];

	if (!m)
		return;
	layer_row_add(rows, "/", "tmpfs %s", m->read_only ? "ro" : "rw");
	for (int i = 0; i < m->n; i++) {
		const struct step *s = &m->steps[i];
		char key[sizeof(((struct layer_row *)NULL)->key)], size[16];

		snprintf(key, sizeof(key), "/%s", s->path);
		if (s->kind == STEP_TREE && (s->asked || s->directory)) {
			describe_tree(l, s, rows);
		} else if (s->kind == STEP_TMPFS && !s->optional) {
			text_format_size(strtoull(s->size, NULL, 10), size, sizeof(size));
			layer_row_add(rows, key, "tmpfs %s", size);
		} else if (s->kind == STEP_PROC) {
			layer_row_add(rows, key, "proc of the session's own, masked");
		} else if (s->kind == STEP_DEVPTS) {
			layer_row_add(rows, key, "devpts of the session's own");
		}
	}
	layer_row_add(rows, "hidden", "%d files of the project", m->hidden);
}

void mounts_close(struct mounts *m)
{
	for (int i = 0; i < m->n; i++)
		source_close(&m->steps[i].source);
}

void mounts_launched(struct launch *l)
{
	if (l->state[LAYER_MOUNTS])
		mounts_close(l->state[LAYER_MOUNTS]);
}

static void mounts_release(struct launch *l)
{
	struct mounts *m = l->state[LAYER_MOUNTS];

	if (!m)
		return;
	for (int i = 0; i < m->n; i++)
		step_free(&m->steps[i]);
	free(m->steps);
	free(m);
	l->state[LAYER_MOUNTS] = NULL;
}

const struct layer layer_mounts = {
	.name = "mounts",
	.why_here = "needs the ids and capabilities of the user namespace; everything after it "
		    "must see only the new root",
	.prepare = mounts_prepare,
	.enter = mounts_enter,
	.describe = mounts_describe,
	.release = mounts_release,
};
