/*
 * policy_print.c: a policy as JSON, and its digest. The keys stand in one fixed order and every
 * value is spelled one way, so that equal policies have equal bytes; the output is itself a policy
 * file that loads to the same policy. Left out, because they are no rules: where it came from, its
 * parent, its revision, and the digest of the rest.
 */
#include "core/policy/policy_private.h"

#include <errno.h>
#include <string.h>

static void put_fields(struct json_writer *w, const struct policy *p, const char *section)
{
	json_put_object(w, section);
	for (int i = 0; i < policy_n_fields; i++) {
		if (strcmp(policy_fields[i].section, section) == 0)
			policy_field_print(&policy_fields[i], p, w);
	}
}

static void put_strings(struct json_writer *w, const char *key, char *const *list)
{
	json_put_array(w, key);
	for (; list && *list; list++)
		json_put_string(w, NULL, *list);
	json_put_end(w, ']');
}

static void put_filesystem(struct json_writer *w, const struct policy *p)
{
	put_fields(w, p, "filesystem");
	json_put_array(w, "mounts");
	for (int i = 0; i < p->filesystem.n_mounts; i++) {
		const struct policy_mount *m = &p->filesystem.mounts[i];

		json_put_object(w, NULL);
		json_put_string(w, "source", m->source);
		json_put_string(w, "target", m->target);
		json_put_string(w, "mode", m->writable ? "rw" : "ro");
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_array(w, "tmpfs");
	for (int i = 0; i < p->filesystem.n_tmpfs; i++) {
		json_put_object(w, NULL);
		json_put_string(w, "target", p->filesystem.tmpfs[i].target);
		json_put_uint(w, "size", p->filesystem.tmpfs[i].size);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	put_strings(w, "hide", p->filesystem.hide);
	json_put_end(w, '}');
}

static void put_destinations(struct json_writer *w, const char *key,
                             const struct policy_destination *list, int n)
{
	json_put_array(w, key);
	for (int i = 0; i < n; i++)
		json_put_string(w, NULL, list[i].text);
	json_put_end(w, ']');
}

static void put_exec(struct json_writer *w, const struct policy *p)
{
	put_fields(w, p, "exec");
	json_put_array(w, "rules");
	for (int i = 0; i < p->exec.n_rules; i++) {
		json_put_object(w, NULL);
		put_strings(w, "match", p->exec.rules[i].match);
		json_put_string(w, "action", exec_action_names[p->exec.rules[i].action]);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
	json_put_end(w, '}');
}

static void put_environment(struct json_writer *w, const struct policy *p)
{
	json_put_object(w, "environment");
	put_strings(w, "pass", p->environment.pass);
	json_put_object(w, "set");
	for (int i = 0; i < p->environment.n_set; i++)
		json_put_string(w, p->environment.set[i].name, p->environment.set[i].value);
	json_put_end(w, '}');
	json_put_end(w, '}');
}

void policy_print(const struct policy *p, struct buf *out)
{
	struct json_writer w = json_writer(out);

	json_put_object(&w, NULL);
	json_put_string(&w, "name", p->name);
	if (p->description)
		json_put_string(&w, "description", p->description);
	json_put_object(&w, "identity");
	json_put_string(&w, "uid", "private");
	json_put_end(&w, '}');
	put_strings(&w, "capabilities", p->capabilities);
	put_fields(&w, p, "seccomp");
	json_put_end(&w, '}');
	put_filesystem(&w, p);
	put_fields(&w, p, "network");
	put_destinations(&w, "allow", p->network.allow, p->network.n_allow);
	put_destinations(&w, "deny", p->network.deny, p->network.n_deny);
	json_put_end(&w, '}');
	put_exec(&w, p);
	put_fields(&w, p, "limits");
	json_put_end(&w, '}');
	put_environment(&w, p);
	put_fields(&w, p, "toggles");
	json_put_end(&w, '}');
	json_put_array(&w, "required");
	for (int i = 0; i < LAYER_COUNT; i++) {
		if (p->required[i])
			json_put_string(&w, NULL, layer_names[i]);
	}
	json_put_end(&w, ']');
	json_put_end(&w, '}');
}

int policy_seal(struct policy *p, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	policy_print(p, &text);
	if (text.failed)
		return error_errno(err, ENOMEM, "policy %s", p->name);
	digest_hex(&(struct digest_part){ text.data, text.len }, 1, p->sha256);
	return 0;
}
