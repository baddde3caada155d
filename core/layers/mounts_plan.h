/*
 * mounts_plan.h: the new root as a list of steps, private to the mounts_*.c files.
 *
 * prepare fills the list in the parent; enter walks it in the child with system calls only.
 * Everything a step needs is made beforehand: paths without their leading '/', option strings, the
 * label that names it in an error. A mount point is made only where the directory above it is ours
 * (a tmpfs of this root), never inside a bind of the host (CVE-2026-87766: a symlinked parent in a
 * workspace must not create files on the host).
 */
#ifndef WARDER_LAYERS_MOUNTS_PLAN_H
#define WARDER_LAYERS_MOUNTS_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/layers/layer.h"

enum step_kind {
	STEP_DIR,    /* path, mode */
	STEP_FILE,   /* path, mode, data */
	STEP_LINK,   /* path, data: what it points to */
	STEP_UNLINK, /* path, or the directory if `directory` */
	STEP_TMPFS,  /* path, options */
	STEP_PROC,
	STEP_DEVPTS,
	STEP_TREE,    /* a mount of the host's: source */
	STEP_INNER,   /* a mount of `data`, a path inside the new root */
	STEP_SETTING, /* path below /proc/sys, data; a kernel without it is no failure */
};

/* A host object that was opened once and audited by that descriptor. */
struct source {
	char *path;  /* canonical, absolute */
	int fd;      /* O_PATH, or -1 once entered */
	int tree_fd; /* its detached mount, or -1: made in prepare by root, else in the child */
	dev_t dev;
	ino_t ino;
	mode_t mode;
	uid_t uid; /* its owner on disk */
	gid_t gid;
	bool recursive; /* mounts below it come along */
	bool idmapped;  /* its owner becomes the agent's host id */
};

struct step {
	enum step_kind kind;
	char *path;  /* inside, relative to the root; owned */
	char *label; /* "mount /workspace", owned */
	char *data;  /* owned */
	size_t len;
	mode_t mode;
	uint64_t attr; /* MOUNT_ATTR_* to set */
	char size[24]; /* tmpfs options */
	char inodes[16];
	char mode_text[8];
	bool directory; /* what the mount point is */
	bool create;    /* make the mount point (and what is above it) */
	bool optional;  /* an absent mount point is no failure */
	bool asked;     /* by policy or options, not ours */
	struct source source;
};

struct mounts {
	struct step *steps; /* owned */
	int n, cap;
	bool failed;         /* out of memory while adding */
	bool in_child_trees; /* rootless: the child opens and clones the sources */
	int hidden;          /* files masked by filesystem.hide */
	struct step root;    /* the tmpfs at / */
	bool read_only;
	bool tty;
};

/* ---- mounts.c ---- */
/* Adds a step and returns it, or NULL (and sets failed). path is absolute; label is VERB and the
 * path. The pointer is good until the next step is added. */
struct step *step_add(struct mounts *m, enum step_kind kind, const char *verb, const char *path);
void step_dir(struct mounts *m, const char *path, mode_t mode);
void step_link(struct mounts *m, const char *path, const char *to);
void step_file(struct mounts *m, const char *path, mode_t mode, const char *data, size_t len);
/* A mount of an opened source, which is taken over, whatever comes of it. 0 or -ENOMEM. */
int step_tree(struct mounts *m, const char *path, struct source *src, uint64_t attr,
              struct error *err);
struct step *step_tmpfs(struct mounts *m, const char *path, uint64_t size, unsigned inodes,
                        mode_t mode);
/* A read-only nosuid nodev bind of a system directory or file at the same place; nothing if it is
 * not there. */
int step_system(struct mounts *m, const struct launch *l, const char *path, uint64_t attr,
                struct error *err);

/* ---- mounts_system.c, mounts_etc.c, mounts_devices.c: what every root has ---- */
int system_steps(struct mounts *m, const struct launch *l, struct error *err);
int etc_steps(struct mounts *m, const struct launch *l, struct error *err);
int device_steps(struct mounts *m, const struct launch *l, struct error *err);
void proc_steps(struct mounts *m, const struct policy *p);

/* ---- mounts_sources.c ---- */
#define SOURCE_INIT ((struct source){ .fd = -1, .tree_fd = -1 })
/* Opens a path once, following symlinks but no magic links, and finds its canonical name from the
 * descriptor. In root mode with another owner it is opened with that owner's rights unless
 * `privileged`. 0 or -errno, no text. */
int source_open(const struct launch *l, const char *path, bool privileged, struct source *ret);
/* The same for a descriptor that is open already; it is taken over on success only. */
int source_from(int fd, struct source *ret);
/* Makes the detached mount with its attributes (root mode). `what` names it in errors. */
int source_tree(const struct launch *l, struct source *s, uint64_t attr, const char *what,
                struct error *err);
/* The child's: opens and compares the source again, clones it. System calls only. 0 or -errno
 * (-ESTALE). */
int source_tree_in_child(struct source *s, uint64_t attr);
void source_close(struct source *s); /* descriptors only */
void source_free(struct source *s);
/* Where other file systems are mounted below `path`: the first one's name in *ret ("" if none), how
 * many returned. */
int source_mounts_below(const char *path, char *ret, size_t size);
/* The name of the file system type that a descriptor lies on, from /proc/self/mountinfo; "?" if
 * unknown. */
void source_fs_name(int fd, char *ret, size_t size);
void idmap_cache_clear(void);

/* ---- mounts_audit.c ---- */
struct asked_mount {
	const char *source; /* as written */
	const char *target; /* inside, absolute, ~ replaced; for the project WORKSPACE_TARGET */
	bool project;
	bool writable;
};
/* Opens and judges one source. Findings are added; *ret is filled when it may be mounted. 0, or
 * -errno with err when it is refused or cannot be opened (the finding is added all the same). */
int audit_source(struct launch *l, const struct asked_mount *ask, struct audit *a,
                 struct source *ret, struct error *err);

/* ---- mounts_secrets.c: what is known to be dangerous to hand out ---- */
/* Why the object behind a source must not be handed out; false when nothing speaks against it. */
bool secrets_judge(const struct launch *l, const struct source *s, const struct asked_mount *ask,
                   char *why, size_t size);
/* The name of an entry of a directory that looks like a secret of its own (.env, a private key), or
 * "". */
void secrets_in_directory(const struct source *s, char *ret, size_t size);

/* ---- mounts_targets.c ---- */
/* "~/x" -> "/home/agent/x"; otherwise a copy without repeated or trailing slashes. NULL without
 * memory. */
char *target_expand(const char *target);
/* Refuses targets that are warder's own, relative or with "..". 0 or -EINVAL/-EPERM. */
int target_check(const char *target, bool tmpfs, struct error *err);
/* Adds the asked mounts and tmpfs in an order in which parents come first, and settles for each
 * whether its mount point may be made or must exist in the bind that it lies in. */
int target_order(struct mounts *m, int first, struct error *err);

/* ---- mounts_hide.c ---- */
/* Masks the project's files that filesystem.hide names. Findings (what "hide") when `a` is given.
 * *ret_partial says why the walk could not finish ("" if it did). `m` may be NULL: only look. */
int hide_steps(struct mounts *m, struct launch *l, const struct source *project, struct audit *a,
               char *ret_partial, size_t size, struct error *err);

/* ---- mounts_enter.c ---- */
int mounts_enter(const struct launch *l, struct layer_report *report);
void mounts_close(struct mounts *m); /* every descriptor of the plan */

#endif
