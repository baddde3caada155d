/*
 * no_new_privs.c: no execve gains anything any more: no set-user-id bit, no file capability
 * (prctl(2), PR_SET_NO_NEW_PRIVS; kernel Documentation/userspace-api/no_new_privs.rst). It
 * cannot be undone and is inherited. Landlock and seccomp, which are entered after it, are only
 * open to an unprivileged process that has it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "core/layers/layer.h"
#include "core/layers/probe.h"

/* Sets it and reads it back. */
static int no_new_privs_set(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -EPERM;
}

static int no_new_privs_prepare(struct launch *l, struct error *err)
{
	return layer_settle_status(l, LAYER_NO_NEW_PRIVS, LAYER_ENFORCED, err, NULL, "%s", "");
}

static int no_new_privs_enter(const struct launch *l, struct layer_report *report)
{
	(void)l;
	report->what = "set no_new_privs";
	return no_new_privs_set();
}

static void no_new_privs_describe(const struct launch *l, struct layer_rows *rows)
{
	(void)l;
	layer_row_add(rows, "no_new_privs", "%s", "set: no program can gain privileges by execve");
}

int no_new_privs_probe(struct probe_result *ret)
{
	int r = probe_child(no_new_privs_set);

	if (r < 0)
		probe_set(ret, LAYER_OFF, "a Linux kernel of 3.5 or later",
		          "prctl(PR_SET_NO_NEW_PRIVS): errno %d", -r);
	else
		probe_set(ret, LAYER_ENFORCED, NULL, "set and read back");
	return 0;
}

const struct layer layer_no_new_privs = {
	.name = "no_new_privs",
	.why_here = "landlock and seccomp need it; nothing before it executes a program",
	.prepare = no_new_privs_prepare,
	.enter = no_new_privs_enter,
	.describe = no_new_privs_describe,
};
