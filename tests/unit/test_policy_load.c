/*
 * Policies from files: the shipped ones, search by name, the chain of `extends`, and where errors
 * are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/policy/policy.h"

#ifndef WARDER_SOURCE_DIR
#define WARDER_SOURCE_DIR "."
#endif

static char dir[64];
static char shipped[4096];

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/warder-policy-XXXXXX");
	if (!mkdtemp(dir) || !realpath(WARDER_SOURCE_DIR "/policies", shipped))
		return -1;
	setenv("WARDER_POLICY_DIR", dir, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unsetenv("WARDER_POLICY_DIR");

	CLEANUP_FD int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd_remove_tree(tmp, strrchr(dir, '/') + 1);
}

static void put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);

	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct policy *load(const char *ref)
{
	struct policy *p = NULL;
	struct error err = ERROR_INIT;

	if (policy_load(ref, NULL, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

/* Loading ref fails, and the text is the directory's path, "/", and want. */
static void fails(const char *ref, const char *want)
{
	struct policy *p = NULL;
	struct error err = ERROR_INIT;
	char full[1024];

	snprintf(full, sizeof(full), "%s/%s", dir, want);
	assert_true(policy_load(ref, NULL, &p, &err) < 0);
	assert_null(p);
	assert_string_equal(err.text, full);
}

static void test_shipped(void **state)
{
	static const char *const names[] = { "default", "strict", "coding", "offline", "review" };

	(void)state;
	setenv("WARDER_POLICY_DIR", shipped, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLEANUP_POLICY struct policy *p = load(names[i]);
		struct error err = ERROR_INIT;
		char want[4200];

		assert_string_equal(p->name, names[i]);
		assert_non_null(p->description);
		assert_int_equal(policy_enforceable(p, &err), 0);
		snprintf(want, sizeof(want), "%s/seccomp/agent.json", shipped);
		assert_string_equal(p->seccomp.profile, want);
		assert_int_equal(access(p->seccomp.profile, R_OK), 0);
		assert_true(p->filesystem.read_only);
		for (int t = 0; t < TOGGLE_COUNT; t++)
			assert_false(p->toggles[t]);
		assert_int_equal(p->network.mode,
		                 strcmp(names[i], "coding") ? NETWORK_NONE : NETWORK_FILTERED);
		assert_int_equal(p->filesystem.workspace,
		                 strcmp(names[i], "review") ? WORKSPACE_RW : WORKSPACE_RO);
		assert_true(p->required[LAYER_SECCOMP] && p->required[LAYER_IDENTITY]);
	}

	struct policy_entry *list = NULL;
	assert_int_equal(policy_list(NULL, &list, NULL), 5);
	assert_string_equal(list[0].name, "coding");
	assert_string_equal(list[4].name, "strict");
	free(list);
}

/* The program's own defaults are those of default.json, which adds only the patterns of hide. */
static void test_default_is_default(void **state)
{
	(void)state;
	setenv("WARDER_POLICY_DIR", shipped, 1);

	CLEANUP_POLICY struct policy *file = load("default");
	CLEANUP_POLICY struct policy *own = NULL;
	CLEANUP_BUF struct buf a = BUF_INIT, b = BUF_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_addf(&text, "{\"name\":\"default\",\"description\":\"%s\",\"filesystem\":{\"hide\":[",
	         file->description);
	for (char **h = file->filesystem.hide; *h; h++)
		buf_addf(&text, "%s\"%s\"", h == file->filesystem.hide ? "" : ",", *h);
	buf_adds(&text, "]}}");
	assert_int_equal(policy_parse("x.json", buf_str(&text), text.len, NULL, &own, NULL), 0);
	policy_print(file, &a);
	policy_print(own, &b);
	assert_string_equal(buf_str(&a), buf_str(&b));
	assert_string_equal(file->sha256, own->sha256);
	assert_int_equal(own->limits.memory, 2147483648LL);
	assert_int_equal(own->limits.cpus_milli, 1000);
	assert_int_equal(own->limits.pids, 100);
	assert_int_equal(own->limits.open_files, 1024);
	assert_int_equal(own->limits.timeout_ns, 1800000000000LL);
	assert_int_equal(own->limits.output, 64 << 20);
	assert_int_equal(own->filesystem.n_tmpfs, 1);
	assert_int_equal(own->filesystem.tmpfs[0].size, 100 << 20);
}

static void test_extends(void **state)
{
	(void)state;
	put("top.json",
	    "{\"description\":\"d\",\"limits\":{\"memory\":\"64m\",\"pids\":9},"
	    "\"network\":{\"allow\":[\"a.example.org:1\"],\"deny\":[\"x.example.org\"]},"
	    "\"filesystem\":{\"hide\":[\"a\",\"b\"],\"tmpfs\":[]},"
	    "\"environment\":{\"pass\":[\"A\"],\"set\":{\"X\":\"1\",\"Y\":\"2\"}},"
	    "\"seccomp\":{\"profile\":\"p/top.json\"}}");
	put("mid.json", "{\"extends\":\"top\",\"limits\":{\"pids\":10},"
	                "\"network\":{\"allow\":[],\"deny\":[\"y.example.org\"]}}");
	put("low.json", "{\"name\":\"low\",\"extends\":\"mid.json\",\"required\":[],"
	                "\"filesystem\":{\"hide\":[\"b\",\"c\"]},"
	                "\"environment\":{\"pass\":[],\"set\":{\"Y\":\"3\"}}}");

	CLEANUP_POLICY struct policy *p = load("low");
	char want[256];

	assert_string_equal(p->name, "low");
	assert_string_equal(p->extends, "mid.json");
	assert_null(p->description);
	assert_int_equal(p->revision, 1);
	snprintf(want, sizeof(want), "%s/low.json", dir);
	assert_string_equal(p->file, want);
	snprintf(want, sizeof(want), "%s/p/top.json", dir);
	assert_string_equal(p->seccomp.profile, want);
	assert_int_equal(p->limits.memory, 64 << 20);
	assert_int_equal(p->limits.pids, 10);
	assert_int_equal(p->network.n_allow, 0);
	assert_int_equal(p->network.n_deny, 2);
	assert_string_equal(p->network.deny[0].host, "x.example.org");
	assert_string_equal(p->network.deny[1].host, "y.example.org");
	assert_int_equal(p->filesystem.n_tmpfs, 0);
	assert_string_equal(p->filesystem.hide[0], "a");
	assert_string_equal(p->filesystem.hide[1], "b");
	assert_string_equal(p->filesystem.hide[2], "c");
	assert_null(p->filesystem.hide[3]);
	assert_true(!p->environment.pass || !p->environment.pass[0]);
	assert_int_equal(p->environment.n_set, 3);
	assert_string_equal(p->environment.set[2].name, "Y");
	assert_string_equal(p->environment.set[2].value, "3");
	for (int i = 0; i < LAYER_COUNT; i++)
		assert_false(p->required[i]);
}

static void test_loop(void **state)
{
	struct policy *p = NULL;
	struct error err = ERROR_INIT;
	char want[256];

	(void)state;
	put("a.json", "{\"extends\":\"b\"}");
	put("b.json", "{\"extends\":\"a.json\"}");
	put("self.json", "{\"extends\":\"self\"}");
	assert_int_equal(policy_load("a", NULL, &p, &err), -EINVAL);
	snprintf(want, sizeof(want),
	         "%s/b.json: extends: \"a.json\" leads back to %s/a.json: a loop", dir, dir);
	assert_string_equal(err.text, want);
	assert_int_equal(policy_load("self", NULL, &p, &err), -EINVAL);
	assert_non_null(strstr(err.text, "self.json: a loop"));
	assert_null(p);
}

static void test_depth(void **state)
{
	char name[32], text[64];

	(void)state;
	put("p0.json", "{}");
	for (int i = 1; i <= 9; i++) {
		snprintf(name, sizeof(name), "p%d.json", i);
		snprintf(text, sizeof(text), "{\"extends\":\"p%d\"}", i - 1);
		put(name, text);
	}
	policy_free(load("p8"));
	fails("p9", "p1.json: extends: expected at most 8 parents");
}

static void test_places(void **state)
{
	struct error err = ERROR_INIT;
	struct policy *p = NULL;

	(void)state;
	put("web.json",
	    "{\"network\":{\"allow\":[\"a.b\",\"c.d\",{\"host\":\"e.f\",\"port\":70000}]}}");
	fails("web", "web.json: network.allow[2].port: expected 1..65535, got 70000");
	put("typo.json", "{\"limits\":{\"memroy\":\"1g\"}}");
	assert_int_equal(policy_load("typo", NULL, &p, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/typo.json: limits"));
	assert_non_null(strstr(err.text, "memroy"));
	put("twice.json", "{\"limits\":{\"pids\":8,\"pids\":9}}");
	assert_int_equal(policy_load("twice", NULL, &p, &err), -EINVAL);
	put("note.json", "{} // mine");
	assert_int_equal(policy_load("note", NULL, &p, &err), -EINVAL);
	put("list.json", "[]");
	assert_int_equal(policy_load("list", NULL, &p, &err), -EINVAL);
	put("orphan.json", "{\"extends\":\"nobody\"}");
	assert_int_equal(policy_load("orphan", NULL, &p, &err), -ENOENT);
	assert_non_null(strstr(err.text, "orphan.json: extends: policy \"nobody\": not found in"));
	put("child.json", "{\"extends\":\"web\"}");
	fails("child", "web.json: network.allow[2].port: expected 1..65535, got 70000");
	put("alias.json", "{\"name\":\"other\"}");
	fails("alias",
	      "alias.json: name: expected \"alias\", as the file is called, got \"other\"");
	assert_null(p);
}

static void test_references(void **state)
{
	struct error err = ERROR_INIT;
	struct policy *p = NULL;
	char path[256];

	(void)state;
	put("alias.json", "{\"name\":\"other\"}");
	snprintf(path, sizeof(path), "%s/alias.json", dir);
	p = load(path); /* by its path a file may be called otherwise */
	assert_string_equal(p->name, "other");
	policy_free(p);
	p = NULL;
	put("plain.json", "{}");
	p = load("plain");
	assert_string_equal(p->name, "plain");
	policy_free(p);
	p = NULL;

	assert_int_equal(policy_load("plian", NULL, &p, &err), -ENOENT);
	assert_non_null(strstr(err.hint, "plain"));
	assert_int_equal(policy_load("", NULL, &p, &err), -EINVAL);
	assert_int_equal(policy_load("..", NULL, &p, &err), -EINVAL);
	assert_int_equal(policy_load("a b", NULL, &p, &err), -EINVAL);
	assert_int_equal(policy_load("./no.json", NULL, &p, &err), -ENOENT);
	assert_int_equal(policy_load(dir, NULL, &p, &err), -EISDIR);
	assert_null(p);
}

/* The user's own directory comes first; without $WARDER_POLICY_DIR the rest is looked at too. */
static void test_home(void **state)
{
	char path[256];

	(void)state;
	unsetenv("WARDER_POLICY_DIR");
	snprintf(path, sizeof(path), "%s/.config/warder/policies", dir);
	assert_int_equal(fd_mkdir_p(path, 0755), 0);
	put(".config/warder/policies/mine-alone.json", "{\"limits\":{\"pids\":7}}");

	CLEANUP_POLICY struct policy *p = NULL;
	struct policy_entry *list = NULL;
	bool seen = false;

	assert_int_equal(policy_load("mine-alone", dir, &p, NULL), 0);
	assert_int_equal(p->limits.pids, 7);
	assert_int_equal(policy_load("mine-alone", NULL, &(struct policy *){ NULL }, NULL),
	                 -ENOENT);

	int n = policy_list(dir, &list, NULL);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		seen = seen || strcmp(list[i].name, "mine-alone") == 0;
		assert_true(i == 0 || strcmp(list[i - 1].name, list[i].name) < 0);
	}
	assert_true(seen);
	free(list);
}

static void test_list_skips(void **state)
{
	struct policy_entry *list = NULL;

	(void)state;
	put("b.json", "{}");
	put("a.json", "not looked into");
	put("README", "");
	put(".hidden.json", "{}");
	put(".json", "{}");
	put("bad name.json", "{}");
	assert_int_equal(policy_list(NULL, &list, NULL), 2);
	assert_string_equal(list[0].name, "a");
	assert_string_equal(list[1].name, "b");
	free(list);
}

/* A file that cannot be read is an error, not a reason to look further. */
static void test_unreadable(void **state)
{
	bool root = geteuid() == 0; /* who reads files of every mode, and so steps down */
	char path[256];
	struct policy *p = NULL;
	int r;

	(void)state;
	put("shut.json", "{}");
	snprintf(path, sizeof(path), "%s/shut.json", dir);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	r = policy_load("shut", NULL, &p, NULL);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	assert_int_equal(r, -EACCES);
}

static void test_size(void **state)
{
	CLEANUP_BUF struct buf big = BUF_INIT;
	struct policy *p = NULL;

	(void)state;
	buf_adds(&big, "{\"description\":\"");
	for (int i = 0; i < 20000; i++)
		buf_adds(&big, "0123456789012345678901234567890123456789012345678901234567890123");
	buf_adds(&big, "\"}");
	put("big.json", buf_str(&big));
	assert_int_equal(policy_load("big", NULL, &p, NULL), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_default_is_default, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_extends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_loop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_depth, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_references, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_home, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list_skips, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_size, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
