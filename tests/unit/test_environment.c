/*
 * test_environment.c: a clean environment, what may pass, what is refused and in which words; that
 * no value is ever told; the working directory entered without magic links.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/environment_secrets.h"
#include "core/layers/layer.h"

struct scene {
	struct policy policy;
	struct launch l;
	struct error err;
	char *pass[8];
	char names[8][64];
};

static void scene_open(struct scene *s, const char *const *host, const char *const *named)
{
	*s = (struct scene){ .err = ERROR_INIT };
	s->policy.environment.pass = s->pass;
	s->l = (struct launch){
		.policy = &s->policy, .host_environ = host, .env_named = named, .workdir = "/tmp"
	};
}

static void scene_pass(struct scene *s, int i, const char *name)
{
	strcpy(s->names[i], name);
	s->pass[i] = s->names[i];
}

static void scene_close(struct scene *s)
{
	layer_environment.release(&s->l);
	buf_free(&s->l.notices);
}

static const char *got(const struct scene *s, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (char **v = s->l.envp; *v; v++) {
		if (strncmp(*v, name, n) == 0 && (*v)[n] == '=') {
			assert_null(found); /* never twice */
			found = *v + n + 1;
		}
	}
	return found;
}

static void clean_by_default(void **state)
{
	static const char *const host[] = { "HOME=/root",       "SECRET_THING=x", "EDITOR=vi",
		                            "TERM=xterm-kitty", "PATH=/evil",     NULL };
	struct scene s;

	(void)state;
	scene_open(&s, host, NULL);
	assert_int_equal(layer_environment.prepare(&s.l, &s.err), 0);
	assert_string_equal(got(&s, "HOME"), "/home/agent");
	assert_string_equal(got(&s, "USER"), "agent");
	assert_string_equal(got(&s, "SHELL"), "/bin/bash");
	assert_string_equal(got(&s, "TERM"), "xterm-kitty");
	assert_string_equal(got(&s, "WARDER"), "1");
	assert_null(strstr(got(&s, "PATH"), "evil"));
	assert_null(got(&s, "SECRET_THING"));
	assert_null(got(&s, "EDITOR"));
	assert_int_equal(s.l.status[LAYER_ENVIRONMENT].state, LAYER_ENFORCED);
	scene_close(&s);
}

static void who_wins(void **state)
{
	static const char *const host[] = { "EDITOR=vi", "LANG=de_DE.UTF-8", "A=host",
		                            "TERM=../../etc/passwd", NULL };
	static const char *const named[] = { "B=option", "C=", NULL };
	static char set_a[] = "A", set_b[] = "B", policy_value[] = "policy";
	struct policy_variable set[] = { { set_a, policy_value }, { set_b, policy_value } };
	struct scene s;

	(void)state;
	scene_open(&s, host, named);
	scene_pass(&s, 0, "LANG");
	scene_pass(&s, 1, "A");
	scene_pass(&s, 2, "ABSENT");
	s.policy.environment.set = set;
	s.policy.environment.n_set = 2;
	assert_int_equal(layer_environment.prepare(&s.l, &s.err), 0);
	assert_string_equal(got(&s, "LANG"), "de_DE.UTF-8");
	assert_string_equal(got(&s, "A"), "policy");
	assert_string_equal(got(&s, "B"), "option");
	assert_string_equal(got(&s, "C"), "");
	assert_string_equal(got(&s, "TERM"), "dumb");
	assert_null(got(&s, "ABSENT"));
	scene_close(&s);
}

static void secrets_are_refused(void **state)
{
	static const char *const host[] = { "GITHUB_TOKEN=abc", "LD_PRELOAD=/x.so",
		                            "INNOCENT=ghp_0123456789abcdef", NULL };
	static const char *const named[] = { "GITHUB_TOKEN=abc", NULL };
	struct audit a = { .findings = NULL };
	struct scene s;

	(void)state;
	scene_open(&s, host, NULL);
	scene_pass(&s, 0, "GITHUB_TOKEN");
	assert_int_equal(layer_environment.prepare(&s.l, &s.err), -EPERM);
	assert_string_equal(s.err.text,
	                    "environment: GITHUB_TOKEN looks like a secret (name): refused");
	assert_string_equal(s.err.hint, "-e GITHUB_TOKEN passes it");
	layer_environment.release(&s.l);
	/* The audit tells all of them, and no value. */
	scene_pass(&s, 1, "LD_PRELOAD");
	scene_pass(&s, 2, "INNOCENT");
	assert_int_equal(environment_audit(&s.l, &a, &s.err), 0);
	assert_int_equal(a.n, 3);
	for (int i = 0; i < a.n; i++) {
		assert_int_equal(a.findings[i].verdict, AUDIT_REFUSED);
		assert_null(strstr(a.findings[i].reason, "abc"));
		assert_null(strstr(a.findings[i].reason, "ghp_"));
	}
	assert_string_equal(a.findings[2].reason, "looks like a secret (value: a GitHub token)");
	audit_free(&a);
	/* Named with -e it passes and is told. */
	s.pass[1] = NULL;
	s.l.env_named = named;
	assert_int_equal(layer_environment.prepare(&s.l, &s.err), 0);
	assert_string_equal(got(&s, "GITHUB_TOKEN"), "abc");
	assert_non_null(strstr(buf_str(&s.l.notices),
	                       "environment GITHUB_TOKEN: given with -e; looks like a secret"));
	assert_null(strstr(buf_str(&s.l.notices), "abc"));
	scene_close(&s);
}

static void values_stay_untold(void **state)
{
	static const char *const named[] = { "API_KEY=tell-nobody", "PLAIN=tell-nobody", NULL };
	struct layer_rows rows = { .rows = NULL };
	struct scene s;

	(void)state;
	scene_open(&s, NULL, named);
	assert_int_equal(layer_environment.prepare(&s.l, &s.err), 0);
	layer_environment.describe(&s.l, &rows);
	assert_true(rows.n > 5);
	for (int i = 0; i < rows.n; i++)
		assert_null(strstr(rows.rows[i].value, "tell-nobody"));
	assert_null(strstr(buf_str(&s.l.notices), "tell-nobody"));
	layer_rows_free(&rows);
	scene_close(&s);
}

static void bad_names(void **state)
{
	static const char *const bad[] = { "=x", "1A=x", "A-B=x", "A B=x", "NOVALUE", NULL };

	(void)state;
	for (const char *const *p = bad; *p; p++) {
		const char *named[] = { *p, NULL };
		struct scene s;

		scene_open(&s, NULL, named);
		assert_int_equal(layer_environment.prepare(&s.l, &s.err), -EINVAL);
		scene_close(&s);
	}
}

static void what_looks_like_a_secret(void **state)
{
	static const struct {
		const char *name, *value;
		bool secret;
	} cases[] = {
		{ "GITHUB_TOKEN", "x", true },
		{ "npm_config_authtoken", "x", true },
		{ "AWS_SECRET_ACCESS_KEY", "x", true },
		{ "DB_PASSWORD", "x", true },
		{ "OPENAI_API_KEY", "x", true },
		{ "SESSION_COOKIE", "x", true },
		{ "PROXY_AUTH", "x", true },
		{ "GITHUB_TOKEN", "", false },
		{ "GIT_AUTHOR_NAME", "Alice", false },
		{ "XKB_DEFAULT_LAYOUT", "de", false },
		{ "KEYBOARD", "us", false },
		{ "MONKEY", "banana", false },
		{ "PASSENGERS", "3", false },
		{ "LANG", "en_GB.UTF-8", false },
		{ "LC_ALL", "sk-SK", false },
		{ "X", "github_pat_0123456789abcdef", true },
		{ "X", "sk-ant-REDACTED", true },
		{ "X", "AKIAIOSFODNN7EXAMPLE", true },
		{ "X", "xoxb-123456789012-abcdef", true },
		{ "X", "eyJhbGciOi.eyJzdWIiOi.c2ln", true },
		{ "X", "-----BEGIN RSA PRIVATE KEY-----\nMII", true },
		{ "X", "postgres://app:hunter2@db/app", true },
		{ "X", "https://example.org:8080/a@b", false },
		{ "X", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", true },
		{ "X", "00000000000000000000000000000001", false },
		{ "X", "Zm9vYmFyQmF6MTIzNDU2Nzg5MGFiY2RlZkdISUpL", true },
		{ "X", "/usr/lib/x86_64-linux-gnu/Some/Path/To/Files1", false },
		{ "X", "the quick brown fox jumps over the lazy dog", false },
		{ "X", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool is = secret_in_variable(cases[i].name, cases[i].value) != NULL;

		if (is != cases[i].secret)
			print_error("%s=%s\n", cases[i].name, cases[i].value);
		assert_int_equal(is, cases[i].secret);
	}
	assert_true(variable_is_dangerous("LD_LIBRARY_PATH"));
	assert_true(variable_is_dangerous("BASH_ENV"));
	assert_true(variable_is_dangerous("BASH_FUNC_ls%%"));
	assert_false(variable_is_dangerous("LANG"));
}

/* Enters in a forked child: an errno, or 0 when it stands in `expect`. */
static int enter_in_child(const struct scene *s, const char *expect)
{
	struct layer_report report = { .what = "" };
	char cwd[256];
	int status, r;
	pid_t pid = fork();

	if (pid == 0) {
		r = layer_environment.enter(&s->l, &report);
		if (r < 0)
			_exit(strstr(report.what, s->l.workdir) ? -r : 255);
		_exit(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, expect) == 0 && umask(0) == 022
		              ? 0
		              : 254);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void working_directory(void **state)
{
	const struct {
		const char *path;
		int code;
	} cases[] = { { "/usr/bin", 0 },
		      { "/absent", ENOENT },
		      { "/etc/passwd", ENOTDIR },
		      { "/proc/self/cwd", ELOOP },
		      { "/proc/self/fd/9", ELOOP } };
	int fd = open("/", O_PATH | O_DIRECTORY);

	(void)state;
	assert_int_equal(dup2(fd, 9), 9);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s;

		scene_open(&s, NULL, NULL);
		s.l.workdir = cases[i].path;
		assert_int_equal(layer_environment.prepare(&s.l, &s.err), 0);
		assert_int_equal(enter_in_child(&s, cases[i].path), cases[i].code);
		scene_close(&s);
	}
	close(9);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_by_default),    cmocka_unit_test(who_wins),
		cmocka_unit_test(secrets_are_refused), cmocka_unit_test(values_stay_untold),
		cmocka_unit_test(bad_names),           cmocka_unit_test(what_looks_like_a_secret),
		cmocka_unit_test(working_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
