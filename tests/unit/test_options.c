/*
 * test_options.c: the table parser, and what the options of run make of a command line, Docker's
 * forms included.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tui/cli/launch_options.h"
#include "tui/cli/launch_values.h"
#include "tui/cli/man.h"
#include "tui/cli/verbs.h"
#include "tui/dashboard.h"

struct words {
	bool apple, banana;
	const char *cherry, *date;
};

static const char *const dates[] = { "medjool", "deglet", NULL };
static const struct cli_option fruit[] = {
	{ 'a', "apple", .argument = NULL, .offset = offsetof(struct words, apple), .help = "a" },
	{ 'b', "banana", .argument = NULL, .offset = offsetof(struct words, banana), .help = "b" },
	{ 'c', "cherry", "N", .offset = offsetof(struct words, cherry), .help = "c" },
	{ 0, "date", "KIND", .offset = offsetof(struct words, date), .choices = dates,
	  .help = "d" },
	{ .name = NULL },
};
static const struct verb eat = {
	.name = "eat", .operands = "X", .summary = "Eat", .options = fruit
};
static const struct verb chew = { .name = "chew",
	                          .operands = "X",
	                          .summary = "Chew",
	                          .options = fruit,
	                          .stop_at_operand = true };

enum { WORDS_MAX = 48 };

/* Splits at blanks; words that need blanks are not needed here. */
static int split(const char *line, char *copy, size_t size, char **argv)
{
	char *next = copy;
	int n = 0;

	snprintf(copy, size, "%s", line);
	while (next != NULL && n < WORDS_MAX)
		argv[n++] = strsep(&next, " ");
	argv[n] = NULL;
	return n;
}

static int parse(const struct verb *v, const char *line, struct words *w, char *operands, char *why)
{
	char copy[1024];
	char *argv[WORDS_MAX + 1];
	int argc = split(line, copy, sizeof(copy), argv);
	char **rest = NULL;
	struct error err = ERROR_INIT;
	int n = -1;
	int r;

	*w = (struct words){ .apple = false };
	*operands = '\0';
	r = options_parse(v, argc, argv, w, &rest, &n, &err);
	snprintf(why, 2048, "%s|%s", err.text, err.hint);
	for (int i = 0; r == 0 && i < n; i++)
		sprintf(operands + strlen(operands), "%s%s", i ? " " : "", rest[i]);
	if (r == 0)
		assert_null(rest[n]);
	/* values point into this frame's words: copied for the caller */
	if (w->cherry != NULL)
		w->cherry = strdup(w->cherry);
	if (w->date != NULL)
		w->date = strdup(w->date);
	free(rest);
	return r;
}

static void release(struct words *w)
{
	free((char *)(uintptr_t)w->cherry);
	free((char *)(uintptr_t)w->date);
}

static void test_forms(void **state)
{
	static const struct {
		const char *line, *cherry, *operands;
		bool apple, banana;
	} cases[] = {
		{ "eat -c 5", "5", "", false, false },
		{ "eat -c5", "5", "", false, false },
		{ "eat -c=5", "5", "", false, false },
		{ "eat --cherry 5", "5", "", false, false },
		{ "eat --cherry=5", "5", "", false, false },
		{ "eat --cherry=", "", "", false, false },
		{ "eat --cherry=a=b", "a=b", "", false, false },
		{ "eat -abc 5 x", "5", "x", true, true },
		{ "eat -abc5", "5", "", true, true },
		{ "eat -c --apple", "--apple", "", false, false },
		{ "eat --cherry 1 --cherry 2", "2", "", false, false },
		{ "eat x --apple y", NULL, "x y", true, false },
		{ "eat -- --apple y", NULL, "--apple y", false, false },
		{ "eat -", NULL, "-", false, false },
		{ "eat --apple=true --banana=false", NULL, "", true, false },
		{ "eat --apple --apple=0 --banana=1", NULL, "", false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct words w;
		char operands[256];
		char why[2048];

		if (parse(&eat, cases[i].line, &w, operands, why) != 0)
			fail_msg("%s: %s", cases[i].line, why);
		assert_string_equal(operands, cases[i].operands);
		assert_int_equal(w.apple, cases[i].apple);
		assert_int_equal(w.banana, cases[i].banana);
		if (cases[i].cherry == NULL)
			assert_null(w.cherry);
		else
			assert_string_equal(w.cherry, cases[i].cherry);
		release(&w);
	}
}

static void test_stops_at_operand(void **state)
{
	struct words w;
	char operands[256];
	char why[2048];

	(void)state;
	assert_int_equal(parse(&chew, "chew -a ls --banana -c", &w, operands, why), 0);
	assert_string_equal(operands, "ls --banana -c");
	assert_true(w.apple);
	assert_false(w.banana);
	assert_int_equal(parse(&chew, "chew -- -a -- b", &w, operands, why), 0);
	assert_string_equal(operands, "-a -- b");
	assert_false(w.apple);
	assert_int_equal(parse(&chew, "chew ls -- b", &w, operands, why), 0);
	assert_string_equal(operands, "ls -- b");
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "eat --aple", "eat: --aple: unknown option|did you mean --apple?" },
		{ "eat --qqqqqq", "eat: --qqqqqq: unknown option|warder eat --help lists them" },
		{ "eat -ax", "eat: -ax: unknown option|" },
		{ "eat --cherry", "eat: --cherry: needs a value (N)" },
		{ "eat -c", "eat: --cherry: needs a value (N)" },
		{ "eat --apple=perhaps", "eat: --apple: expected true or false, got perhaps" },
		{ "eat --date plum", "eat: --date plum: expected one of medjool, deglet" },
		{ "eat --date medjol", "|did you mean medjool?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct words w;
		char operands[256];
		char why[2048];

		assert_int_equal(parse(&eat, cases[i].line, &w, operands, why), -EINVAL);
		if (strstr(why, cases[i].why) == NULL)
			fail_msg("%s: got %s, expected %s", cases[i].line, why, cases[i].why);
		release(&w);
	}
}

static void test_help(void **state)
{
	struct words w;
	char operands[256];
	char why[2048];
	struct buf help = BUF_INIT;

	(void)state;
	assert_int_equal(parse(&eat, "eat --help", &w, operands, why), OPTIONS_HELP);
	assert_int_equal(parse(&eat, "eat -ah", &w, operands, why), OPTIONS_HELP);
	assert_int_equal(parse(&chew, "chew ls --help", &w, operands, why), 0);
	options_help(&eat, &help);
	assert_non_null(strstr(buf_str(&help), "usage: warder eat X\n"));
	assert_non_null(strstr(buf_str(&help), "  -c, --cherry N"));
	buf_free(&help);
	/* The dashboard has no operands: the form is made of its options. */
	help = BUF_INIT;
	options_help(&verb_dashboard, &help);
	assert_non_null(strstr(buf_str(&help),
	                       "usage: warder [--theme NAME] [--read-only] [--user NAME]\n"));
	buf_free(&help);
}

/* ---- run ---- */

static int launch(const char *line, struct launch_options *o, struct launch_request **ret,
                  struct error *err)
{
	char copy[2048];
	char *argv[WORDS_MAX + 1];
	int argc = split(line, copy, sizeof(copy), argv);
	char **rest = NULL;
	int n = 0;
	int r = launch_options_init(o, err);

	assert_int_equal(r, 0);
	r = options_parse(&verb_run, argc, argv, o, &rest, &n, err);
	if (r == 0)
		r = launch_options_request(o, REQUEST_RUN, rest, ret, err);
	free(rest);
	return r;
}

static const char *setting(const struct launch_request *r, const char *path)
{
	const char *value = NULL;

	for (int i = 0; i < r->n_settings; i++) {
		if (strcmp(r->settings[i].path, path) == 0)
			value = r->settings[i].value; /* the last one counts */
	}
	return value;
}

/* The command line that users of Docker bring. */
static void test_docker_command(void **state)
{
	struct launch_options o;
	struct launch_request *r = NULL;
	struct error err = ERROR_INIT;
	char cwd[4096];
	char expected[4200];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	if (launch("run --security-opt seccomp=F --security-opt no-new-privileges --cap-drop=ALL "
	           "--read-only --tmpfs /tmp:size=100M -v /srv/p:/workspace:rw -v "
	           "f:/input/prompt:ro "
	           "--memory 2g --cpus 1.0 --pids-limit 100 --rm --name N1 -- cmd --rm args",
	           &o, &r, &err) == 0)
		fail_msg("a name with a capital letter is no session's name");
	assert_non_null(strstr(err.text, "run: --name N1: expected"));
	launch_options_free(&o);
	err = ERROR_INIT;
	if (launch("run --security-opt seccomp=F --security-opt no-new-privileges --cap-drop=ALL "
	           "--read-only --tmpfs /tmp:size=100M -v /srv/p:/workspace:rw -v "
	           "f:/input/prompt:ro "
	           "--memory 2g --cpus 1.0 --pids-limit 100 --rm --name n1 -- cmd --rm args",
	           &o, &r, &err) != 0)
		fail_msg("%s", err.text);
	snprintf(expected, sizeof(expected), "%s/F", cwd);
	assert_string_equal(setting(r, "seccomp.profile"), expected);
	assert_string_equal(setting(r, "filesystem.read_only"), "true");
	assert_string_equal(setting(r, "filesystem.workspace"), "rw");
	assert_string_equal(setting(r, "limits.memory"), "2g");
	assert_string_equal(setting(r, "limits.cpus"), "1.0");
	assert_string_equal(setting(r, "limits.pids"), "100");
	assert_int_equal(r->n_tmpfs, 1);
	assert_string_equal(r->tmpfs[0].target, "/tmp");
	assert_int_equal(r->tmpfs[0].size, 100 << 20);
	assert_int_equal(r->n_mounts, 1);
	snprintf(expected, sizeof(expected), "%s/f", cwd);
	assert_string_equal(r->mounts[0].source, expected);
	assert_string_equal(r->mounts[0].target, "/input/prompt");
	assert_false(r->mounts[0].writable);
	assert_string_equal(r->project, "/srv/p");
	assert_string_equal(r->name, "n1");
	assert_true(r->remove_after);
	assert_true(r->attached);
	assert_string_equal(r->argv[0], "cmd");
	assert_string_equal(r->argv[1], "--rm");
	assert_string_equal(r->argv[2], "args");
	assert_null(r->argv[3]);
	launch_request_free(r);
	launch_options_free(&o);
}

static void test_run_fields(void **state)
{
	struct launch_options o;
	struct launch_request *r = NULL;
	struct error err = ERROR_INIT;
	char cwd[4096];

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	setenv("WARDER_TEST_PASSED", "yes", 1);
	unsetenv("WARDER_TEST_ABSENT");
	if (launch("run -dit -e A=1 -e B=2 -e A=3 -e WARDER_TEST_PASSED -e WARDER_TEST_ABSENT -w "
	           "/workspace/sub "
	           "--policy ./p.json --for alice --timeout 1h --idle-timeout none --network none "
	           "--workspace ro --allow-degraded limits --allow-risky x --detach-keys "
	           "ctrl-p,ctrl-q "
	           "--hostname box --user 1000:1000 --exec log true",
	           &o, &r, &err) != 0)
		fail_msg("%s", err.text);
	assert_false(r->attached);
	assert_true(r->interactive);
	assert_true(r->tty);
	assert_string_equal(r->env[0], "A=3");
	assert_string_equal(r->env[1], "B=2");
	assert_string_equal(r->env[2], "WARDER_TEST_PASSED=yes");
	assert_null(r->env[3]);
	assert_string_equal(r->workdir, "/workspace/sub");
	assert_string_equal(r->project, cwd);
	assert_int_equal(strncmp(r->policy, cwd, strlen(cwd)), 0);
	assert_string_equal(r->policy + strlen(cwd), "/p.json");
	assert_string_equal(r->for_user, "alice");
	assert_string_equal(setting(r, "limits.timeout"), "1h");
	assert_string_equal(setting(r, "limits.idle_timeout"), "none");
	assert_string_equal(setting(r, "network.mode"), "none");
	assert_string_equal(setting(r, "filesystem.workspace"), "ro");
	assert_string_equal(setting(r, "exec.mode"), "log");
	assert_string_equal(r->allow_degraded[0], "limits");
	assert_string_equal(r->allow_risky[0] + strlen(cwd), "/x");
	assert_string_equal(r->hostname, "box");
	assert_string_equal(o.detach_keys, "\x10\x11");
	assert_string_equal(r->argv[0], "true");
	assert_non_null(r->environ_all);
	launch_request_free(r);
	launch_options_free(&o);
}

static void test_run_refusals(void **state)
{
	static const struct {
		const char *line;
		int code;
		const char *why;
	} cases[] = {
		{ "run --cap-add SYS_ADMIN true", -EPERM, "--cap-add SYS_ADMIN: " },
		{ "run --cap-add=ALL true", -EPERM, "--cap-add ALL: " },
		{ "run --user 0 true", -EPERM, "uid 1000" },
		{ "run --user root true", -EPERM, "uid 1000" },
		{ "run --user 1000:0 true", -EPERM, "uid 1000" },
		{ "run --user 1001 true", -EPERM, "uid 1000" },
		{ "run --security-opt seccomp=unconfined true", -EPERM, "seccomp" },
		{ "run --security-opt no-new-privileges=false true", -EPERM, "always on" },
		{ "run --security-opt apparmor=x true", -EINVAL, "expected seccomp=FILE" },
		{ "run -v /a true", -EINVAL, "expected SRC:DST" },
		{ "run -v :/a true", -EINVAL, "expected SRC:DST" },
		{ "run -v /a: true", -EINVAL, "expected SRC:DST" },
		{ "run -v /a:b true", -EINVAL, "absolute" },
		{ "run -v /a:/b/../c true", -EINVAL, "without .." },
		{ "run -v /a:/b:ro,z true", -EINVAL, "ro,z is not supported" },
		{ "run -v /a:/b:z true", -EINVAL, "z is not supported" },
		{ "run -v /a:/b:rx true", -EINVAL, "expected ro or rw" },
		{ "run --tmpfs tmp true", -EINVAL, "absolute" },
		{ "run --tmpfs /tmp:noexec true", -EINVAL, "noexec is not supported" },
		{ "run --tmpfs /tmp:size=lots true", -EINVAL, "lots" },
		{ "run -m lots true", -EINVAL, "--memory lots" },
		{ "run --cpus 0 true", -EINVAL, "more than 0" },
		{ "run --cpus x true", -EINVAL, "--cpus x" },
		{ "run --pids-limit -1 true", -EINVAL, "--pids-limit -1" },
		{ "run --timeout soon true", -EINVAL, "--timeout soon" },
		{ "run --network host true", -EINVAL, "none, filtered" },
		{ "run --name 0123456789ab true", -EINVAL, "--name" },
		{ "run --hostname a_b true", -EINVAL, "--hostname" },
		{ "run --detach-keys ctrl-1 true", -EINVAL, "ctrl-p,ctrl-q" },
		{ "run -w sub true", -EINVAL, "absolute" },
		{ "run -C /a -v /b:/workspace true", -EINVAL, "the same place" },
		{ "run --env-file /nonexistent/file true", -EINVAL, "/nonexistent/file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct launch_options o;
		struct launch_request *r = NULL;
		struct error err = ERROR_INIT;
		int got = launch(cases[i].line, &o, &r, &err);

		if (got != cases[i].code || strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s: got %d, %s", cases[i].line, got, err.text);
		launch_options_free(&o);
	}
}

/* A value given with -e may be a secret. */
static void test_env_errors_hide_values(void **state)
{
	struct launch_options o;
	struct launch_request *r = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(launch("run -e =hunter2 true", &o, &r, &err), -EINVAL);
	assert_null(strstr(err.text, "hunter2"));
	launch_options_free(&o);
}

static void test_env_file(void **state)
{
	char path[] = "/tmp/warder-test-env-XXXXXX";
	static const char text[] =
		"# comment\n\n  A=1\r\nB=two words # kept\nWARDER_TEST_FILE\nA=3\n";
	char **list = NULL;
	struct error err = ERROR_INIT;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	setenv("WARDER_TEST_FILE", "from here", 1);
	assert_int_equal(env_add_file(&list, path, &err), 0);
	assert_string_equal(list[0], "A=3");
	assert_string_equal(list[1], "B=two words # kept");
	assert_string_equal(list[2], "WARDER_TEST_FILE=from here");
	assert_null(list[3]);
	assert_int_equal(pwrite(fd, "bad name=1\n", 11, 0), 11);
	assert_int_equal(env_add_file(&list, path, &err), -EINVAL);
	assert_non_null(strstr(err.text, "line 1"));
	for (char **s = list; *s != NULL; s++)
		free(*s);
	free(list);
	close(fd);
	unlink(path);
}

/* Every option of every table is in help and manual page: they are the same rows. */
static void test_manual_has_every_option(void **state)
{
	static const struct verb nothing = { .name = "warder",
		                             .operands = "",
		                             .summary = "Dashboard" };
	const struct verb *verbs[] = { &verb_run, &verb_kill, &verb_trail, NULL };
	const struct man_source source = { verbs, &nothing, "1" };
	struct buf page = BUF_INIT;
	struct buf completion = BUF_INIT;

	(void)state;
	man_page(&source, &page);
	man_completion(&source, &completion);
	for (const struct cli_option *o = verb_run.options; o->name != NULL; o++) {
		char plain[64];
		char roff[128] = "\\-\\-";

		for (const char *c = o->name; *c != '\0'; c++) {
			size_t len = strlen(roff);

			snprintf(roff + len, sizeof(roff) - len, *c == '-' ? "\\-" : "%c", *c);
		}
		snprintf(plain, sizeof(plain), "--%s ", o->name);
		if (strstr(buf_str(&page), roff) == NULL)
			fail_msg("the manual page lacks %s", roff);
		if (strstr(buf_str(&completion), plain) == NULL)
			fail_msg("the completion lacks %s", plain);
	}
	buf_free(&page);
	buf_free(&completion);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_stops_at_operand),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_docker_command),
		cmocka_unit_test(test_run_fields),
		cmocka_unit_test(test_run_refusals),
		cmocka_unit_test(test_env_errors_hide_values),
		cmocka_unit_test(test_env_file),
		cmocka_unit_test(test_manual_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
