/*
 * profile.c: a seccomp profile as a whole: defaults, architectures, flags, and the way from a file
 * to what applies on this machine. The rules are read by profile_rules.c, in the order of the file.
 *
 * Sources: moby profiles/seccomp/seccomp.go and seccomp_linux.go (the file format and its
 * reduction), the OCI runtime specification "config-linux.md#seccomp", containers/common
 * pkg/seccomp (the errno names that Podman writes).
 */
#include "core/policy/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/base/bounds.h"
#include "core/base/digest.h"
#include "core/base/fd.h"
#include "core/policy/profile_private.h"

struct arch_name {
	const char *machine; /* uname(2) */
	const char *docker;
	const char *scmp;
};

static const struct arch_name arch_names[] = {
	{ "x86_64", "amd64", "SCMP_ARCH_X86_64" },
	{ "aarch64", "arm64", "SCMP_ARCH_AARCH64" },
	{ "riscv64", "riscv64", "SCMP_ARCH_RISCV64" },
	{ "ppc64le", "ppc64le", "SCMP_ARCH_PPC64LE" },
	{ "s390x", "s390x", "SCMP_ARCH_S390X" },
	{ "loongarch64", "loong64", "SCMP_ARCH_LOONGARCH64" },
	{ "i686", "x86", "SCMP_ARCH_X86" },
	{ "armv7l", "arm", "SCMP_ARCH_ARM" },
	{ "mips64", "mips64", "SCMP_ARCH_MIPS64" },
};

enum { N_ARCHES = sizeof(arch_names) / sizeof(arch_names[0]) };

struct profile_machine profile_this_machine(void)
{
	static char unknown[65];
	struct profile_machine m = { .arch = unknown };
	struct utsname u;

	if (uname(&u) < 0)
		return m;
	snprintf(unknown, sizeof(unknown), "%s", u.machine);
	for (int i = 0; i < N_ARCHES; i++) {
		if (strcmp(arch_names[i].machine, u.machine) == 0)
			m.arch = arch_names[i].docker;
	}
	if (sscanf(u.release, "%u.%u", &m.kernel_major, &m.kernel_minor) != 2)
		m.kernel_major = m.kernel_minor = 0;
	return m;
}

bool profile_given(const struct json_at *at)
{
	return json_present(at) && !json_is(at, JSON_NULL);
}

int profile_constant(const struct json_at *at, const char *prefix, const char **ret,
                     struct error *err)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t len = strlen(prefix);
	const char *s;
	int r = json_string(at, &s, err);

	if (r < 0)
		return r;
	if (strncmp(s, prefix, len) != 0 || !s[len] || s[len + strspn(s + len, upper)])
		return json_error(at, err, "expected %s…, got \"%.64s\"", prefix, s);
	*ret = s;
	return 0;
}

int profile_action(const struct json_at *at, enum profile_action *ret, struct error *err)
{
	static const char *const names[] = {
		"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP",
		"SCMP_ACT_LOG",   "SCMP_ACT_KILL",  "SCMP_ACT_KILL_THREAD",  NULL,
	};
	static const enum profile_action actions[] = {
		PROFILE_ALLOW, PROFILE_ERRNO,        PROFILE_KILL_PROCESS, PROFILE_TRAP,
		PROFILE_LOG,   PROFILE_KILL_PROCESS, PROFILE_KILL_PROCESS,
	};
	const char *s;
	int index;
	int r = json_string(at, &s, err);

	if (r < 0)
		return r;
	if (strcmp(s, "SCMP_ACT_NOTIFY") == 0 || strcmp(s, "SCMP_ACT_TRACE") == 0)
		return json_error(at, err, "%s is not possible: nobody would answer it", s);
	r = json_enum(at, names, &index, err);
	if (r == 0)
		*ret = actions[index];
	return r;
}

/* "EPERM" or, as Podman also takes it, "1". 0 when it is neither. */
static int errno_of(const char *s)
{
	int64_t n;

	if (text_parse_int(s, 1, 4095, &n, NULL) == 0)
		return (int)n;
	for (int e = 1; e < 256; e++) {
		const char *name = strerrorname_np(e);

		if (name && strcmp(name, s) == 0)
			return e;
	}
	return 0;
}

int profile_errno(const struct json_at *number, const struct json_at *name, int *ret,
                  struct error *err)
{
	int64_t n = *ret;
	const char *s = "";
	int r = 0;

	/* 4095: MAX_ERRNO, the kernel cuts larger ones (seccomp(2), SECCOMP_RET_ERRNO) */
	if (profile_given(number))
		r = json_int(number, 0, 4095, &n, err);
	if (r == 0 && profile_given(name))
		r = json_string(name, &s, err);
	if (r < 0)
		return r;
	if (*s) {
		n = errno_of(s);
		if (n == 0)
			return json_error(name, err, "expected an errno's name, got \"%.64s\"", s);
	}
	*ret = (int)n;
	return 0;
}

static int read_arch_list(const struct json_at *at, struct error *err)
{
	int r = 0;

	if (!profile_given(at))
		return 0;
	r = json_expect(at, JSON_ARRAY, err);
	for (int i = 0; r == 0 && i < json_count(at); i++) {
		struct json_at item = json_item(at, i);
		const char *s;

		r = profile_constant(&item, "SCMP_ARCH_", &s, err);
	}
	return r;
}

/* Only checked: warder filters the native architecture and refuses calls of every other one,
 * whatever a profile's list of sub-architectures would let in. */
static int read_arch_map(const struct json_at *at, struct error *err)
{
	static const char *const keys[] = { "architecture", "subArchitectures", NULL };
	int r = json_expect(at, JSON_ARRAY, err);

	for (int i = 0; r == 0 && i < json_count(at); i++) {
		struct json_at item = json_item(at, i);
		const char *s;

		r = json_only_keys(&item, keys, err);
		if (r < 0)
			break;

		struct json_at arch = json_member(&item, "architecture");
		struct json_at sub = json_member(&item, "subArchitectures");
		r = profile_constant(&arch, "SCMP_ARCH_", &s, err);
		r = r ? r : read_arch_list(&sub, err);
	}
	return r;
}

/* A list that leaves this machine out would filter calls that nobody here can make, and no
 * other. */
static int check_native(const struct json_at *at, const struct profile_machine *machine,
                        struct error *err)
{
	const char *scmp = NULL;

	for (int i = 0; i < N_ARCHES; i++) {
		if (strcmp(arch_names[i].docker, machine->arch) == 0)
			scmp = arch_names[i].scmp;
	}
	if (!scmp || json_count(at) == 0)
		return 0;
	for (int i = 0; i < json_count(at); i++) {
		struct json_at item = json_item(at, i);
		const char *s;

		if (json_string(&item, &s, NULL) == 0 && strcmp(s, scmp) == 0)
			return 0;
	}
	return json_error(at, err, "expected %s, this machine's, among them", scmp);
}

static int read_arches(const struct json_at *root, const struct profile_machine *machine,
                       struct error *err)
{
	struct json_at map = json_member(root, "archMap");
	struct json_at list = json_member(root, "architectures");
	int r = 0;

	if (profile_given(&map) && profile_given(&list) && json_count(&list) > 0)
		return json_error(&list, err, "expected either this or archMap");
	if (profile_given(&map))
		r = read_arch_map(&map, err);
	if (r == 0 && profile_given(&list)) {
		r = read_arch_list(&list, err);
		r = r ? r : check_native(&list, machine, err);
	}
	return r;
}

/* LOG and SPEC_ALLOW change nothing that is refused, and the filter is installed by a single
 * thread, so TSYNC has nothing to do: all three are accepted and have no effect. */
static int read_flags(const struct json_at *at, struct error *err)
{
	static const char *const harmless[] = {
		"SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"SECCOMP_FILTER_FLAG_TSYNC",
		NULL,
	};
	int r, index;

	if (!profile_given(at))
		return 0;
	r = json_expect(at, JSON_ARRAY, err);
	for (int i = 0; r == 0 && i < json_count(at); i++) {
		struct json_at item = json_item(at, i);

		r = json_enum(&item, harmless, &index, err);
	}
	return r;
}

static int refuse_listener(const struct json_at *root, struct error *err)
{
	static const char *const keys[] = { "listenerPath", "listenerMetadata" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct json_at at = json_member(root, keys[i]);
		const char *s = "";

		if (profile_given(&at) && (json_string(&at, &s, NULL) < 0 || *s))
			return json_error(&at, err, "no outside process may answer for a session");
	}
	return 0;
}

static int read_rules(const struct json_at *root, const struct profile_machine *machine,
                      struct profile *p, struct error *err)
{
	struct json_at at = json_member(root, "syscalls");
	int r;

	if (!profile_given(&at))
		return 0;
	r = json_expect(&at, JSON_ARRAY, err);
	if (r == 0 && json_count(&at) > SECCOMP_INSNS_MAX)
		return json_error(&at, err, "expected at most %d items, got %d", SECCOMP_INSNS_MAX,
		                  json_count(&at));
	for (int i = 0; r == 0 && i < json_count(&at); i++) {
		struct json_at item = json_item(&at, i);

		r = profile_read_rule(&item, machine, p, err);
	}
	return r;
}

static int read_root(const struct json_at *root, const struct profile_machine *machine,
                     struct profile *p, struct error *err)
{
	static const char *const keys[] = {
		"defaultAction", "defaultErrnoRet", "defaultErrno",     "archMap",  "architectures",
		"flags",         "listenerPath",    "listenerMetadata", "syscalls", NULL,
	};
	struct json_at action = json_member(root, "defaultAction");
	struct json_at number = json_member(root, "defaultErrnoRet");
	struct json_at name = json_member(root, "defaultErrno");
	struct json_at flags = json_member(root, "flags");
	int r = json_only_keys(root, keys, err);

	r = r ? r : profile_action(&action, &p->default_action, err);
	r = r ? r : profile_errno(&number, &name, &p->default_errno, err);
	r = r ? r : read_arches(root, machine, err);
	r = r ? r : read_flags(&flags, err);
	r = r ? r : refuse_listener(root, err);
	r = r ? r : read_rules(root, machine, p, err);
	return r;
}

int profile_parse(const char *file, const char *text, size_t len,
                  const struct profile_machine *machine, struct profile **ret, struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct profile *p;
	int r = json_parse(file, text, len, &doc, err);

	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	if (p)
		p->file = strdup(file);
	if (!p || !p->file) {
		profile_free(p);
		return error_errno(err, ENOMEM, "%s", file);
	}
	/* EPERM is what runc answers where a profile names no errno */
	p->default_errno = EPERM;
	digest_hex(&(struct digest_part){ text, len }, 1, p->sha256);

	struct json_at root = json_root(file, doc);
	r = read_root(&root, machine, p, err);
	if (r < 0) {
		profile_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int profile_load(const char *file, const struct profile_machine *machine, struct profile **ret,
                 struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = fd_read_file(AT_FDCWD, file, POLICY_FILE_MAX, &text, &len, err);

	return r < 0 ? r : profile_parse(file, text, len, machine, ret, err);
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->n_rules; i++) {
		for (char **name = p->rules[i].names; name && *name; name++)
			free(*name);
		free(p->rules[i].names);
		free(p->rules[i].args);
	}
	free(p->rules);
	free(p->file);
	free(p);
}
