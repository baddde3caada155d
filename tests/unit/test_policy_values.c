/*
 * Policies from text: every key's values and refusals, printing and digest, what options change,
 * and what cannot be enforced.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy.h"

static int parse(const char *text, struct policy **ret, struct error *err)
{
	return policy_parse("t.json", text, strlen(text), "/home/u", ret, err);
}

static struct policy *must_parse(const char *text)
{
	struct policy *p = NULL;
	struct error err = ERROR_INIT;

	if (parse(text, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

struct bad_case {
	const char *text;
	const char *error;
};

static void test_refused(void **state)
{
	static const struct bad_case cases[] = {
		{ "{\"name\":\"-x\"}",
		  "t.json: name: expected a name of letters, digits, \".\", \"_\" and"
		  " \"-\", at most 63, got \"-x\"" },
		{ "{\"identity\":{\"uid\":0}}",
		  "t.json: identity.uid: expected \"private\", got 0" },
		{ "{\"identity\":{\"uid\":\"root\"}}",
		  "t.json: identity.uid: expected \"private\", got \"root\"" },
		{ "{\"capabilities\":[\"CAP_SYS_ADMIN\"]}",
		  "t.json: capabilities[0]: expected none: no capability can be granted, got"
		  " \"CAP_SYS_ADMIN\"" },
		{ "{\"seccomp\":{\"profile\":\"unconfined\"}}",
		  "t.json: seccomp.profile: expected a profile's file, got \"unconfined\": every "
		  "session is"
		  " filtered" },
		{ "{\"limits\":{\"memory\":\"1k\"}}",
		  "t.json: limits.memory: expected 6M..1P, got 1024 bytes" },
		{ "{\"limits\":{\"memory\":\"2x\"}}",
		  "t.json: limits.memory: expected a size such as 512m or 2g, got \"2x\"" },
		{ "{\"limits\":{\"memory\":-1}}", NULL },
		{ "{\"limits\":{\"memory\":true}}", NULL },
		{ "{\"limits\":{\"cpus\":0}}", NULL },
		{ "{\"limits\":{\"cpus\":\"1\"}}", NULL },
		{ "{\"limits\":{\"pids\":3}}", "t.json: limits.pids: expected 4..4194304, got 3" },
		{ "{\"limits\":{\"pids\":4.5}}", NULL },
		{ "{\"limits\":{\"timeout\":\"500ms\"}}",
		  "t.json: limits.timeout: expected 1s..366d or \"none\", got \"500ms\"" },
		{ "{\"limits\":{\"timeout\":\"400d\"}}",
		  "t.json: limits.timeout: expected 1s..366d or \"none\", got \"400d\"" },
		{ "{\"limits\":{\"timeout\":null}}", NULL },
		{ "{\"limits\":null}", NULL },
		{ "{\"toggles\":{\"ptrace\":1}}", NULL },
		{ "{\"toggles\":{\"ebpf\":true}}", NULL },
		{ "{\"required\":[\"seccomp\",\"firewall\"]}", NULL },
		{ "{\"required\":\"seccomp\"}", NULL },
		{ "{\"filesystem\":{\"workspace\":\"w\"}}",
		  "t.json: filesystem.workspace: expected \"rw\", \"ro\" or \"cow\", got \"w\"" },
		{ "{\"filesystem\":{\"root\":\"/srv\"}}",
		  "t.json: filesystem.root: expected \"host\" or an image's name, got \"/srv\"" },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"x\",\"target\":\"/x\"}]}}",
		  "t.json: filesystem.mounts[0].source: expected an absolute path or ~/…, got "
		  "\"x\"" },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"~u/x\",\"target\":\"/x\"}]}}",
		  "t.json: filesystem.mounts[0].source: expected an absolute path or ~/…, got "
		  "\"~u/x\"" },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"/x\",\"target\":\"/a/../b\"}]}}",
		  "t.json: filesystem.mounts[0].target: expected an absolute path or ~/…, with no "
		  "\".\","
		  " \"..\" or empty part, got \"/a/../b\"" },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"/x\",\"target\":\"/\"}]}}",
		  "t.json: filesystem.mounts[0].target: expected a path below /, got \"/\"" },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"/x\",\"target\":\"/tmp\"}]}}",
		  "t.json: filesystem.mounts[0].target: expected each target once, got \"/tmp\" "
		  "again" },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"/x\"}]}}", NULL },
		{ "{\"filesystem\":{\"mounts\":[{\"source\":\"/x\",\"target\":\"/"
		  "x\",\"mode\":\"w\"}]}}",
		  NULL },
		{ "{\"filesystem\":{\"tmpfs\":[{\"target\":\"/x\",\"size\":\"1\"}]}}",
		  "t.json: filesystem.tmpfs[0].size: expected 4K..1P, got \"1\"" },
		{ "{\"filesystem\":{\"tmpfs\":[{\"target\":\"/x//y\"}]}}", NULL },
		{ "{\"filesystem\":{\"hide\":[\"/etc\"]}}", NULL },
		{ "{\"filesystem\":{\"hide\":[\"a\\u0000b\"]}}", NULL },
		{ "{\"network\":{\"mode\":\"host\"}}",
		  "t.json: network.mode: expected \"none\" or \"filtered\", got \"host\"" },
		{ "{\"network\":{\"allow\":[\"*\"]}}", NULL },
		{ "{\"network\":{\"allow\":[{\"cidr\":\"10.0.0.0/8\",\"host\":\"a.b\"}]}}",
		  "t.json: network.allow[0]: expected either \"host\" or \"cidr\"" },
		{ "{\"network\":{\"allow\":[{\"port\":80}]}}",
		  "t.json: network.allow[0]: expected either \"host\" or \"cidr\"" },
		{ "{\"network\":{\"allow\":[{\"cidr\":\"example.org\"}]}}",
		  "t.json: network.allow[0].cidr: expected ADDRESS/LEN, got \"example.org\"" },
		{ "{\"network\":{\"allow\":[{\"cidr\":\"10.0.0.1/8\"}]}}",
		  "t.json: network.allow[0].cidr: expected 10.0.0.0/8 (no bits beyond the prefix), "
		  "got"
		  " \"10.0.0.1/8\"" },
		{ "{\"network\":{\"allow\":[{\"host\":\"a.b:80\"}]}}",
		  "t.json: network.allow[0].host: expected a host name, got \"a.b:80\"" },
		{ "{\"network\":{\"allow\":[{\"host\":\"a.b\",\"port\":\"80-70\"}]}}",
		  "t.json: network.allow[0].port: expected 1..65535 or a range, got \"80-70\"" },
		{ "{\"network\":{\"upstream_proxy\":\"proxy\"}}",
		  "t.json: network.upstream_proxy: expected http://HOST:PORT or null, got "
		  "\"proxy\"" },
		{ "{\"exec\":{\"rules\":[{\"match\":[],\"action\":\"ask\"}]}}",
		  "t.json: exec.rules[0].match: expected at least one pattern" },
		{ "{\"exec\":{\"rules\":[{\"match\":[\"rm\"]}]}}", NULL },
		{ "{\"environment\":{\"pass\":[\"A=B\"]}}", NULL },
		{ "{\"environment\":{\"set\":{\"1A\":\"x\"}}}", NULL },
		{ "{\"environment\":{\"set\":{\"A\":1}}}", NULL },
		{ "{\"extends\":7}", NULL },
		{ "{\"sha256\":\"00\"}", NULL },
		{ "", NULL },
		{ "null", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *p = NULL;
		struct error err = ERROR_INIT;

		if (parse(cases[i].text, &p, &err) == 0)
			fail_msg("accepted: %s", cases[i].text);
		assert_null(p);
		assert_int_equal(err.code, EINVAL);
		assert_memory_equal(err.text, "t.json:", 7);
		if (cases[i].error)
			assert_string_equal(err.text, cases[i].error);
	}
}

static const char full[] =
	"{\"name\":\"full\",\"description\":\"all \\u00fc of "
	"it\",\"identity\":{\"uid\":\"private\"},"
	"\"capabilities\":[],\"seccomp\":{\"profile\":\"/p/x.json\",\"on_denied\":\"kill\"},"
	"\"filesystem\":{\"root\":\"debian-12\",\"read_only\":false,\"workspace\":\"cow\","
	"\"mounts\":[{\"source\":\"~/.gitconfig\",\"target\":\"~/.gitconfig\"},"
	"{\"source\":\"/srv\",\"target\":\"/data\",\"mode\":\"rw\"}],"
	"\"tmpfs\":[{\"target\":\"/tmp\",\"size\":8192},{\"target\":\"~/c\"}],\"hide\":[\"**/"
	".env\"]},"
	"\"network\":{\"mode\":\"filtered\",\"allow\":[\"GitHub.com.:443\",\"*.example.org:80-90\","
	"{\"cidr\":\"10.1.2.3/32\",\"port\":5432},{\"cidr\":\"2001:db8::/32\",\"port\":\"1-2\"},"
	"{\"host\":\"h.example.org\"}],\"deny\":[\"bad.example.org\"],\"on_unknown\":\"ask\","
	"\"upstream_proxy\":\"http://proxy.example.org:3128\"},"
	"\"exec\":{\"mode\":\"ask\",\"rules\":[{\"match\":[\"rm\",\"-rf\",\"**\"],\"action\":"
	"\"deny\"}],"
	"\"approval_timeout\":\"90s\"},"
	"\"limits\":{\"memory\":\"1.5g\",\"cpus\":0.255,\"pids\":5,\"disk\":\"1m\",\"open_files\":"
	"64,"
	"\"timeout\":90,\"idle_timeout\":\"1h30m\",\"output\":\"8k\"},"
	"\"environment\":{\"pass\":[\"LANG\"],\"set\":{\"HOME\":\"/h\",\"E\":\"\"}},"
	"\"toggles\":{\"ptrace\":true,\"memfd_exec\":true},\"required\":[\"landlock\",\"limits\"]}";

static void test_values(void **state)
{
	CLEANUP_POLICY struct policy *p = must_parse(full);

	(void)state;
	assert_string_equal(p->name, "full");
	assert_string_equal(p->seccomp.profile, "/p/x.json");
	assert_int_equal(p->seccomp.on_denied, ON_DENIED_KILL);
	assert_string_equal(p->filesystem.root, "debian-12");
	assert_false(p->filesystem.read_only);
	assert_int_equal(p->filesystem.workspace, WORKSPACE_COW);
	assert_int_equal(p->filesystem.n_mounts, 2);
	assert_string_equal(p->filesystem.mounts[0].source, "~/.gitconfig");
	assert_false(p->filesystem.mounts[0].writable);
	assert_true(p->filesystem.mounts[1].writable);
	assert_int_equal(p->filesystem.tmpfs[0].size, 8192);
	assert_int_equal(p->filesystem.tmpfs[1].size, 100 << 20);
	assert_int_equal(p->network.n_allow, 5);
	assert_string_equal(p->network.allow[0].host, "github.com");
	assert_int_equal(p->network.allow[1].port_max, 90);
	assert_true(p->network.allow[1].wildcard);
	assert_int_equal(p->network.allow[2].family, AF_INET);
	assert_string_equal(p->network.allow[3].text, "[2001:db8::]/32:1-2");
	assert_int_equal(p->network.allow[4].port_min, 0);
	assert_int_equal(p->network.allow[4].port_max, 65535);
	assert_int_equal(p->exec.rules[0].action, EXEC_ACTION_DENY);
	assert_string_equal(p->exec.rules[0].match[1], "-rf");
	assert_int_equal(p->exec.approval_timeout_ns, 90000000000LL);
	assert_int_equal(p->limits.memory, 3LL << 29);
	assert_int_equal(p->limits.cpus_milli, 255);
	assert_int_equal(p->limits.timeout_ns, 90000000000LL);
	assert_int_equal(p->limits.idle_timeout_ns, 5400000000000LL);
	assert_true(p->toggles[TOGGLE_PTRACE] && p->toggles[TOGGLE_MEMFD_EXEC]);
	assert_false(p->toggles[TOGGLE_PERF]);
	assert_true(p->required[LAYER_LANDLOCK] && p->required[LAYER_LIMITS]);
	assert_false(p->required[LAYER_SECCOMP]);
	assert_int_equal(strlen(p->sha256), 64);
}

/* What is printed is a policy, and the same one; the digest is of those bytes. */
static void test_print(void **state)
{
	static const char *const texts[] = { full, "{}" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_POLICY struct policy *p = must_parse(texts[i]);
		CLEANUP_BUF struct buf a = BUF_INIT, b = BUF_INIT;
		char digest[DIGEST_HEX];

		policy_print(p, &a);

		CLEANUP_POLICY struct policy *again = must_parse(buf_str(&a));
		policy_print(again, &b);
		assert_string_equal(buf_str(&a), buf_str(&b));
		digest_hex(&(struct digest_part){ a.data, a.len }, 1, digest);
		assert_string_equal(p->sha256, digest);
		assert_string_equal(again->sha256, digest);
	}
}

static void test_copy(void **state)
{
	CLEANUP_POLICY struct policy *copy = NULL;
	CLEANUP_BUF struct buf a = BUF_INIT, b = BUF_INIT;
	struct policy *p = must_parse(full);

	(void)state;
	policy_print(p, &a);
	copy = policy_copy(p);
	assert_non_null(copy);
	assert_string_equal(copy->file, "t.json");
	policy_free(p);
	policy_print(copy, &b);
	assert_string_equal(buf_str(&a), buf_str(&b));
}

struct set_case {
	const char *path, *value;
	const char *error; /* NULL: accepted */
};

static void test_set(void **state)
{
	static const struct set_case cases[] = {
		{ "limits.memory", "1g", NULL },
		{ "limits.cpus", "0.5", NULL },
		{ "limits.pids", "12", NULL },
		{ "limits.timeout", "none", NULL },
		{ "limits.idle_timeout", "5m", NULL },
		{ "limits.output", "1m", NULL },
		{ "network.mode", "filtered", NULL },
		{ "network.upstream_proxy", "none", NULL },
		{ "filesystem.workspace", "ro", NULL },
		{ "filesystem.read_only", "false", NULL },
		{ "filesystem.root", "img", NULL },
		{ "exec.mode", "deny", NULL },
		{ "seccomp.profile", "/x/p.json", NULL },
		{ "seccomp.on_denied", "kill", NULL },
		{ "toggles.io_uring", "true", NULL },
		{ "limits.memory", "1k", "limits.memory: expected 6M..1P, got 1024 bytes" },
		{ "limits.cpus", "0", "limits.cpus: expected 0.01..1024, got 0" },
		{ "limits.cpus", "x", "" },
		{ "limits.pids", "0", "" },
		{ "network.mode", "open", "network.mode: expected none or filtered, got \"open\"" },
		{ "filesystem.read_only", "yes",
		  "filesystem.read_only: expected true or false, got \"yes\"" },
		{ "toggles.ptrace", "", "toggles.ptrace: expected true or false, got \"\"" },
		{ "limits.memroy", "1g", "limits.memroy: no such setting" },
		{ "network.allow", "x", "network.allow: no such setting" },
		{ "limits", "x", "limits: no such setting" },
		{ "", "", ": no such setting" },
		{ "seccomp.profile", "", "seccomp.profile: expected a profile's file, got \"\"" },
	};
	CLEANUP_POLICY struct policy *p = must_parse("{}");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		char before[DIGEST_HEX];
		int r;

		strcpy(before, p->sha256);
		r = policy_set(p, cases[i].path, cases[i].value, &err);
		if (!cases[i].error) {
			if (r < 0)
				fail_msg("%s", err.text);
			if (strcmp(cases[i].path, "network.upstream_proxy") != 0)
				assert_string_not_equal(p->sha256, before);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		if (*cases[i].error)
			assert_string_equal(err.text, cases[i].error);
		assert_string_equal(p->sha256, before);
	}
	assert_int_equal(p->limits.memory, 1 << 30);
	assert_int_equal(p->limits.cpus_milli, 500);
	assert_int_equal(p->limits.pids, 12);
	assert_int_equal(p->limits.timeout_ns, 0);
	assert_int_equal(p->filesystem.workspace, WORKSPACE_RO);
	assert_false(p->filesystem.read_only);
	assert_true(p->toggles[TOGGLE_IO_URING]);
	assert_string_equal(p->seccomp.profile, "/x/p.json");
}

static void test_set_hint(void **state)
{
	CLEANUP_POLICY struct policy *p = must_parse("{}");
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(policy_set(p, "limits.memroy", "1g", &err), -EINVAL);
	assert_string_equal(err.hint, "did you mean limits.memory?");
}

static void test_add(void **state)
{
	CLEANUP_POLICY struct policy *p = must_parse("{}");
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(policy_add_mount(p, "/a", "/x", true, &err), 0);
	assert_int_equal(policy_add_tmpfs(p, "/tmp", 4096, &err), 0);
	assert_int_equal(p->filesystem.n_tmpfs, 1);
	assert_int_equal(p->filesystem.tmpfs[0].size, 4096);
	assert_int_equal(policy_add_mount(p, "~/b", "/x", false, &err), 0);
	assert_int_equal(p->filesystem.n_mounts, 1);
	assert_string_equal(p->filesystem.mounts[0].source, "~/b");
	assert_int_equal(policy_add_mount(p, "/t", "/tmp", false, &err), 0);
	assert_int_equal(p->filesystem.n_tmpfs, 0);
	assert_int_equal(p->filesystem.n_mounts, 2);
	assert_int_equal(policy_add_mount(p, "rel", "/y", false, &err), -EINVAL);
	assert_int_equal(policy_add_mount(p, "/y", "y", false, &err), -EINVAL);
	assert_int_equal(policy_add_tmpfs(p, "/y", 1, &err), -EINVAL);
	assert_int_equal(p->filesystem.n_mounts, 2);
	for (int i = 2; i < 64; i++) {
		char target[16];

		snprintf(target, sizeof(target), "/m%d", i);
		assert_int_equal(policy_add_mount(p, "/s", target, false, &err), 0);
	}
	assert_int_equal(policy_add_mount(p, "/s", "/one-more", false, &err), -E2BIG);

	assert_int_equal(policy_add_allow(p, "h.example.org:1", &err), 0);
	assert_int_equal(p->network.n_allow, 1);
	assert_int_equal(policy_add_allow(p, "h.example.org:0", &err), -EINVAL);
	assert_string_equal(err.text,
	                    "network.allow: expected a port 1..65535 or a range, got \"0\"");
	assert_int_equal(policy_add_variable(p, "K", "1", &err), 0);
	assert_int_equal(policy_add_variable(p, "K", "2", &err), 0);
	assert_int_equal(p->environment.n_set, 2);
	assert_string_equal(p->environment.set[1].value, "2");
	assert_int_equal(policy_add_variable(p, "K=", "2", &err), -EINVAL);

	CLEANUP_BUF struct buf text = BUF_INIT;
	char digest[DIGEST_HEX];
	policy_print(p, &text);
	digest_hex(&(struct digest_part){ text.data, text.len }, 1, digest);
	assert_string_equal(p->sha256, digest);
}

static void test_enforceable(void **state)
{
	static const struct bad_case cases[] = {
		{ "{\"exec\":{\"mode\":\"ask\"}}",
		  "exec.mode: \"ask\" cannot be enforced by this version" },
		{ "{\"exec\":{\"mode\":\"deny\"}}",
		  "exec.mode: \"deny\" cannot be enforced by this version" },
		{ "{\"exec\":{\"rules\":[{\"match\":[\"a\"],\"action\":\"allow\"},"
		  "{\"match\":[\"b\"],\"action\":\"ask\"}]}}",
		  "exec.rules[1].action: \"ask\" cannot be enforced by this version" },
		{ "{\"filesystem\":{\"workspace\":\"cow\"}}",
		  "filesystem.workspace: \"cow\" cannot be enforced by this version" },
		{ "{\"filesystem\":{\"root\":\"img\"}}",
		  "filesystem.root: \"img\" cannot be enforced by this version" },
		{ "{\"network\":{\"on_unknown\":\"ask\"}}",
		  "network.on_unknown: \"ask\" cannot be enforced by this version" },
		{ "{\"network\":{\"upstream_proxy\":\"http://p:1\"}}",
		  "network.upstream_proxy: \"http://p:1\" cannot be enforced by this version" },
		{ "{\"network\":{\"mode\":\"filtered\",\"allow\":[\"a.b\"]}}", NULL },
		{ "{\"exec\":{\"rules\":[{\"match\":[\"a\"],\"action\":\"allow\"}]}}", NULL },
		{ "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_POLICY struct policy *p = must_parse(cases[i].text);
		struct error err = ERROR_INIT;

		assert_int_equal(policy_enforceable(p, &err), cases[i].error ? -ENOTSUP : 0);
		if (cases[i].error)
			assert_string_equal(err.text, cases[i].error);
	}
}

static void test_bounds(void **state)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct policy *p = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	buf_adds(&text, "{\"network\":{\"allow\":[\"a.b\"");
	for (int i = 1; i < 513; i++)
		buf_adds(&text, ",\"a.b\"");
	buf_adds(&text, "]}}");
	assert_int_equal(parse(buf_str(&text), &p, &err), -EINVAL);
	assert_string_equal(err.text, "t.json: network.allow: expected at most 512 items, got 513");
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_values),
		cmocka_unit_test(test_print),   cmocka_unit_test(test_copy),
		cmocka_unit_test(test_set),     cmocka_unit_test(test_set_hint),
		cmocka_unit_test(test_add),     cmocka_unit_test(test_enforceable),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
