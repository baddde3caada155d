/*
 * seccomp.c: the layer that filters system calls: the base filter (seccomp_base.c) and above it
 * the policy's profile.
 *
 * prepare, in the supervisor: read the profile, take its program from the cache or compile it,
 * build the base filter for the policy's toggles. enter, in the child right before execve: install
 * the watch (which announces executions), base and profile, in this order: the base refuses
 * another listener, and a profile need not allow seccomp(2). After it only write, sendmsg, close,
 * execve and exit follow; so a profile under which nothing could be started is refused in prepare.
 *
 * Where base and profile both refuse a call with an errno, the profile's is the one that is seen
 * (the kernel takes the newest filter's); nothing that one refuses is allowed by the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"
#include "core/layers/seccomp_base.h"
#include "core/layers/seccomp_compile.h"

enum cache_use { CACHE_NONE, CACHE_HIT, CACHE_STORED, CACHE_FAILED };

struct seccomp {
	struct bpf_program watch, base, profile;
	bool active;
	enum cache_use cache;
	int allowed;
};

/* An errno filter can be had at all. */
static int seccomp_available(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? -errno : 0;
}

static int profile_program(const struct launch *l, struct seccomp *s, struct error *err)
{
	const struct profile_machine machine = profile_this_machine();
	const char *file = l->policy->seccomp.profile;
	const enum on_denied on_denied = l->policy->seccomp.on_denied;
	CLEANUP_FREE char *text = NULL;
	char sha256[DIGEST_HEX], key[DIGEST_HEX];
	struct profile *p;
	size_t len;
	int r = fd_read_file(AT_FDCWD, file, POLICY_FILE_MAX, &text, &len, err);

	if (r < 0)
		return r;
	digest_hex(&(struct digest_part){ text, len }, 1, sha256);
	seccomp_cache_key(sha256, on_denied, &machine, key);
	if (l->state_dir && seccomp_cache_read(l->state_dir, key, &s->profile) == 0) {
		s->cache = CACHE_HIT;
		return 0;
	}
	r = profile_parse(file, text, len, &machine, &p, err);
	if (r < 0)
		return r;
	r = seccomp_compile(p, on_denied, &s->profile, err);
	profile_free(p);
	if (r < 0)
		return r;
	if (l->state_dir && !l->audit_only)
		s->cache = seccomp_cache_write(l->state_dir, key, &s->profile) == 0 ? CACHE_STORED
		                                                                    : CACHE_FAILED;
	return 0;
}

/* Every execve and execveat is announced to the supervisor, whatever profile is loaded; everything
 * else passes. */
static void watch_program(struct bpf_program *p)
{
	static const uint32_t calls[] = { SYS_execve, SYS_execveat };

	bpf_load_arch(p);
	bpf_add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, bpf_native_arch);
	bpf_return(p, SECCOMP_RET_ALLOW); /* refused by the base filter */
	bpf_load_nr(p);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		size_t block = bpf_block(p, BPF_JEQ, calls[i]);

		bpf_return(p, SECCOMP_RET_USER_NOTIF);
		bpf_block_end(p, block);
	}
	bpf_return(p, SECCOMP_RET_ALLOW);
}

/* The launch itself needs these once the filter stands; write tells that execve failed. */
static int profile_startable(const struct launch *l, const struct bpf_program *p, struct error *err)
{
	static const struct {
		uint32_t nr;
		const char *name;
	} needed[] = {
		{ SYS_execve, "execve" },
		{ SYS_write, "write" },
		{ SYS_exit_group, "exit_group" },
	};
	static const uint64_t args[6];

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		uint32_t action = bpf_run(p->insns, p->n, bpf_native_arch, needed[i].nr, args);

		action &= SECCOMP_RET_ACTION_FULL;
		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return error_set(err, EINVAL,
			                 "%s: does not allow %s: nothing could be started",
			                 l->policy->seccomp.profile, needed[i].name);
	}
	return 0;
}

static int seccomp_prepare(struct launch *l, struct error *err)
{
	struct seccomp *s;
	int r = seccomp_available();

	if (r < 0)
		return layer_settle_status(l, LAYER_SECCOMP, LAYER_OFF, err,
		                           "use a kernel built with CONFIG_SECCOMP_FILTER",
		                           "the kernel has no seccomp filters: %s", strerror(-r));
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_errno(err, ENOMEM, "seccomp");
	l->state[LAYER_SECCOMP] = s;
	r = seccomp_base_build(l->policy->toggles, &s->base);
	if (r < 0)
		return error_errno(err, r, "seccomp: base filter");
	watch_program(&s->watch);
	r = profile_program(l, s, err);
	if (r < 0)
		return r;
	r = profile_startable(l, &s->profile, err);
	if (r < 0)
		return r;
	s->allowed = bpf_count_allowed(s->profile.insns, s->profile.n);
	s->active = true;
	return layer_settle_status(l, LAYER_SECCOMP, LAYER_ENFORCED, err, NULL, "%s", "");
}

static int seccomp_enter(const struct launch *l, struct layer_report *report)
{
	const struct seccomp *s = l->state[LAYER_SECCOMP];
	int r;

	if (!s || !s->active)
		return 0;
	if (report->announce) {
		report->what = "announce executions";
		r = bpf_install_listener(s->watch.insns, s->watch.n);
		if (r < 0)
			return r;
		report->announce(report, r);
		(void)close(r);
	}
	report->what = "install the base filter";
	r = bpf_install(s->base.insns, s->base.n);
	if (r < 0)
		return r;
	report->what = "install the profile's filter";
	return bpf_install(s->profile.insns, s->profile.n);
}

static void seccomp_describe(const struct launch *l, struct layer_rows *rows)
{
	static const char *const cache_words[] = {
		[CACHE_NONE] = "compiled, not kept",
		[CACHE_HIT] = "taken from the cache",
		[CACHE_STORED] = "compiled, kept in the cache",
		[CACHE_FAILED] = "compiled; the cache could not be written",
	};
	const struct seccomp *s = l->state[LAYER_SECCOMP];
	CLEANUP_BUF struct buf open = BUF_INIT;

	if (!s || !s->active)
		return;
	for (int i = 0; i < TOGGLE_COUNT; i++) {
		if (l->policy->toggles[i])
			buf_addf(&open, "%s%s", open.len ? " " : "", toggle_names[i]);
	}
	layer_row_add(rows, "profile", "%s", l->policy->seccomp.profile);
	layer_row_add(rows, "allowed_calls", "%d", s->allowed);
	layer_row_add(rows, "on_denied", "%s",
	              l->policy->seccomp.on_denied == ON_DENIED_KILL ? "kill" : "errno");
	layer_row_add(rows, "profile_filter", "%u instructions, %s", (unsigned)s->profile.n,
	              cache_words[s->cache]);
	layer_row_add(rows, "base_filter", "%u instructions, beneath the profile",
	              (unsigned)s->base.n);
	layer_row_add(rows, "base_opened_by_toggles", "%s", open.len ? buf_str(&open) : "none");
}

static void seccomp_release(struct launch *l)
{
	free(l->state[LAYER_SECCOMP]);
	l->state[LAYER_SECCOMP] = NULL;
}

/* Installs the base filter, then asks for a socket whose family it refuses, with a bit above the
 * 31st. */
static int probe_attempt(void)
{
	static const bool toggles[TOGGLE_COUNT];
	static struct bpf_program base;
	int r = seccomp_base_build(toggles, &base);

	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = bpf_install(base.insns, base.n);
	if (r < 0)
		return r;
	if (syscall(SYS_socket, 0x100000000UL | AF_VSOCK, SOCK_STREAM, 0) >= 0)
		return -EIO;
	return errno == EAFNOSUPPORT ? 0 : -errno;
}

int seccomp_probe(struct probe_result *ret)
{
	int r = probe_child(probe_attempt);

	if (r < 0)
		probe_set(ret, LAYER_OFF, "use a kernel built with CONFIG_SECCOMP_FILTER",
		          "installing a filter and testing it: %s", strerror(-r));
	else
		probe_set(ret, LAYER_ENFORCED, NULL,
		          "a filter was installed and refused what it should");
	return 0;
}

const struct layer layer_seccomp = {
	.name = "seccomp",
	.why_here = "last: every other layer's calls would have to be allowed otherwise",
	.prepare = seccomp_prepare,
	.enter = seccomp_enter,
	.describe = seccomp_describe,
	.release = seccomp_release,
};
