/*
 * capabilities.c: the layer that drops every capability from every set (capabilities(7)), and
 * reads back that it did.
 *
 * libcap-ng is the second opinion (capabilities_held), and knows the names. The drop itself is
 * plain system calls: libcap-ng's capng_apply reads /proc/PID/status through stdio and
 * allocates, which a child between fork and execve must not.
 *
 * Order: secure bits and the bounding set first, since both need CAP_SETPCAP; then ambient; then
 * the three of capset(2).
 */
#include "core/layers/capabilities.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/layers/layer.h"
#include "core/layers/probe.h"

/* User id 0 gives nothing at execve, nor at setuid; what is held is not kept over setuid;
 * nothing can be made ambient. */
#define SECURE_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

enum { CAP_WORDS = _LINUX_CAPABILITY_U32S_3, CAP_LIMIT = 64 };

struct cap_sets {
	struct __user_cap_data_struct words[CAP_WORDS];
};

static int cap_get(struct cap_sets *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &header, ret->words) < 0 ? -errno : 0;
}

static int cap_clear(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct cap_sets none = { 0 };

	return syscall(SYS_capset, &header, none.words) < 0 ? -errno : 0;
}

/* PR_CAPBSET_DROP fails with EINVAL past the last capability that the kernel knows. */
static int bounding_drop(void)
{
	for (unsigned long cap = 0; cap < CAP_LIMIT; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL && cap > 0 ? 0 : -errno;
	}
	return 0;
}

/* The ambient set is read back with the permitted one: the kernel keeps it within that
 * (capabilities(7), "the invariant that no capability can ever be ambient if it is not both
 * permitted and inheritable"). */
static int verify_empty(bool bounding)
{
	struct cap_sets sets;
	int r = cap_get(&sets);

	if (r < 0)
		return r;
	for (int i = 0; i < CAP_WORDS; i++) {
		if (sets.words[i].effective | sets.words[i].permitted | sets.words[i].inheritable)
			return -EPERM;
	}
	for (unsigned long cap = 0; bounding && cap < CAP_LIMIT; cap++) {
		int in = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (in < 0)
			break;
		if (in)
			return -EPERM;
	}
	return 0;
}

static int drop(bool bounding)
{
	int r;

	if (bounding) {
		if (prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0) < 0)
			return -errno;
		r = bounding_drop();
		if (r < 0)
			return r;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	r = cap_clear();
	return r < 0 ? r : verify_empty(bounding);
}

int capabilities_drop_all(void)
{
	return drop(true);
}

int capabilities_drop_held(void)
{
	struct cap_sets sets;
	int r = cap_get(&sets);

	if (r < 0)
		return r;
	return drop(sets.words[0].effective & (1U << CAP_SETPCAP));
}

int capabilities_held(char *out, size_t size)
{
	static const capng_type_t types[] = { CAPNG_EFFECTIVE, CAPNG_PERMITTED, CAPNG_INHERITABLE,
		                              CAPNG_AMBIENT };
	size_t len = 0;

	if (size == 0)
		return -EINVAL;
	out[0] = '\0';
	if (capng_get_caps_process() < 0)
		return -EIO;
	for (unsigned cap = 0; cap < CAP_LIMIT; cap++) {
		const char *name = capng_capability_to_name(cap);
		bool held = false;

		for (size_t i = 0; name && i < sizeof(types) / sizeof(types[0]); i++)
			held = held || capng_have_capability(types[i], cap);
		if (held && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "," : "",
			                        name);
	}
	return 0;
}

static int capabilities_prepare(struct launch *l, struct error *err)
{
	return layer_settle_status(l, LAYER_CAPABILITIES, LAYER_ENFORCED, err, NULL, "%s", "");
}

static int capabilities_enter(const struct launch *l, struct layer_report *report)
{
	(void)l;
	report->what = "drop all capabilities";
	return capabilities_drop_all();
}

static void capabilities_describe(const struct launch *l, struct layer_rows *rows)
{
	(void)l;
	layer_row_add(rows, "capabilities", "%s", "none");
	layer_row_add(rows, "emptied_sets", "%s",
	              "effective, permitted, inheritable, ambient, bounding; read back");
	layer_row_add(rows, "secure_bits", "%s",
	              "noroot, no_setuid_fixup, no_cap_ambient_raise; locked");
}

/* As in a session: in a user namespace of one's own, so that an ordinary user can try it too. */
static int probe_attempt(void)
{
	char held[256];
	int r;

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	r = capabilities_drop_all();
	if (r < 0)
		return r;
	r = capabilities_held(held, sizeof(held));
	if (r < 0)
		return r;
	return held[0] ? -EPERM : 0;
}

int capabilities_probe(struct probe_result *ret)
{
	int r = probe_child(probe_attempt);

	if (r < 0)
		probe_set(
			ret, LAYER_OFF,
			"allow user namespaces (see identity): capabilities are dropped inside one",
			"dropping every capability in a user namespace: %s", strerror(-r));
	else
		probe_set(ret, LAYER_ENFORCED, NULL,
		          "every set emptied in a user namespace, and read back");
	return 0;
}

const struct layer layer_capabilities = {
	.name = "capabilities",
	.why_here = "identity, mounts and network needed them; nothing after it does",
	.prepare = capabilities_prepare,
	.enter = capabilities_enter,
	.describe = capabilities_describe,
};
