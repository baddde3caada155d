/*
 * policy_enforce.c: what a policy may say and this version cannot do. The list shrinks as the parts
 * are built; nothing on it is ever accepted and then not enforced.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse(struct error *err, const char *key, const char *value, const char *hint)
{
	error_set(err, ENOTSUP, "%s: \"%s\" cannot be enforced by this version", key, value);
	error_hint(err, "%s", hint);
	return -ENOTSUP;
}

static int check_rules(const struct policy *p, struct error *err)
{
	char key[48];

	for (int i = 0; i < p->exec.n_rules; i++) {
		enum exec_action action = p->exec.rules[i].action;

		if (action == EXEC_ACTION_ALLOW)
			continue;
		snprintf(key, sizeof(key), "exec.rules[%d].action", i);
		return refuse(err, key, exec_action_names[action], "only \"allow\" is possible");
	}
	return 0;
}

int policy_enforceable(const struct policy *p, struct error *err)
{
	if (p->exec.mode != EXEC_LOG)
		return refuse(err, "exec.mode", exec_mode_names[p->exec.mode], "use \"log\"");
	if (check_rules(p, err) < 0)
		return -ENOTSUP;
	if (p->filesystem.workspace == WORKSPACE_COW)
		return refuse(err, "filesystem.workspace", "cow", "use \"rw\" or \"ro\"");
	if (strcmp(p->filesystem.root, "host") != 0)
		return refuse(err, "filesystem.root", p->filesystem.root, "use \"host\"");
	if (p->network.on_unknown == ON_UNKNOWN_ASK)
		return refuse(err, "network.on_unknown", "ask", "use \"deny\"");
	if (p->network.upstream_proxy)
		return refuse(err, "network.upstream_proxy", p->network.upstream_proxy, "use null");
	return 0;
}
