/*
 * test_live.c: the dashboard over real sandboxes: seen, paused, attached to, stopped, launched and
 * killed from the keyboard. Skipped, with the reason, where this machine cannot launch one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/screen/harness.h"

static char place[] = "/tmp/warder-live-XXXXXX";
static char runtime_env[128], state_env[128], policy_env[512];
static const char *const env[] = { runtime_env, state_env, policy_env, NULL };
static const char *skip_reason;

/* Runs `warder ARGS` in the test's project; its output in out. Returns the exit status. */
static int warder(const char *args, char *out, size_t size)
{
	char command[1024];
	FILE *p;
	size_t n;
	int status;

	snprintf(command, sizeof(command), "cd %s/project && env %s %s %s \"$WARDER\" %s 2>&1",
	         place, runtime_env, state_env, policy_env, args);
	p = popen(command, "r");
	assert_non_null(p);
	n = fread(out, 1, size - 1, p);
	out[n] = '\0';
	status = pclose(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int setup(void **state)
{
	static char why[1100];
	char project[128];
	char out[1024];
	char here[400];

	(void)state;
	if (mkdtemp(place) == NULL || getcwd(here, sizeof(here)) == NULL)
		return -1;
	chmod(place, 0755);
	snprintf(project, sizeof(project), "%s/project", place);
	snprintf(runtime_env, sizeof(runtime_env), "WARDER_RUNTIME_DIR=%s/run", place);
	snprintf(state_env, sizeof(state_env), "WARDER_STATE_DIR=%s/state", place);
	snprintf(policy_env, sizeof(policy_env), "WARDER_POLICY_DIR=%s/policies", here);
	if (mkdir(project, 0755) < 0)
		return -1;
	if (warder("run --rm -- true", out, sizeof(out)) != 0) {
		out[strcspn(out, "\n")] = '\0';
		snprintf(why, sizeof(why), "%s", out);
		skip_reason = why;
	}
	return 0;
}

static int teardown(void **state)
{
	char out[1024];

	(void)state;
	warder("kill --all --grace 0s", out, sizeof(out));
	snprintf(out, sizeof(out), "rm -rf %s", place);
	return system(out) == 0 ? 0 : -1;
}

static void test_whole_life(void **state)
{
	static const char *const argv[] = { NULL, NULL };
	char out[1024];
	struct harness t;

	(void)state;
	if (skip_reason != NULL) {
		print_message("SKIP live dashboard: %s\n", skip_reason);
		skip();
	}
	assert_int_equal(warder("run -dit --name first -- "
	                        "sh -c 'while :; do sh -c \"exit 7\"; echo tick; sleep 1; done'",
	                        out, sizeof(out)),
	                 0);
	harness_start(&t, argv, env, 120, 40);
	harness_wait_text(&t, "1 session  1 running");
	harness_wait_text(&t, "while :; do");
	/* A session that comes is seen without asking. */
	assert_int_equal(warder("run -dit --name second -- sleep 1000", out, sizeof(out)), 0);
	harness_wait_text(&t, "2 running");
	harness_send(&t, "/while\r");
	harness_wait_text(&t, "filter: while");
	harness_send(&t, "p");
	harness_wait_text(&t, "1 paused");
	harness_send(&t, "p");
	harness_wait_text(&t, "2 running");
	harness_send(&t, "a");
	harness_wait_text(&t, "Ctrl-Q comes back");
	harness_wait_text(&t, "tick");
	assert_false(t.alternate);
	harness_send(&t, "\021");
	harness_wait_text(&t, "filter: while");
	assert_true(t.alternate);
	harness_send(&t, "\r");
	harness_wait_text(&t, "seccomp       enforced");
	harness_wait_text(&t, "RECENT");
	/* Every command it runs, as it runs it, with how it ended where the kernel tells. */
	harness_send(&t, "2");
	harness_wait_text(&t, "[2 Commands]");
	harness_wait_text(&t, "sleep 1");
	harness_send(&t, "/exit 7\r");
	harness_wait_text(&t, "match exit 7");
	harness_send(&t, "k\r");
	harness_wait_text(&t, "argv 2");
	harness_wait_text(&t, "held (f follows)");
	harness_send(&t, "f");
	harness_wait_text(&t, " after 0.");
	assert_true(harness_shows(&t, "7 after 0.") || harness_shows(&t, "ended after 0."));
	assert_true(harness_shows(&t, "yes: as its program received it"));
	harness_send(&t, "1");
	harness_wait_text(&t, "[1 Overview]");
	harness_send(&t, "\033");
	harness_wait_text(&t, "MEM/LIMIT"); /* the list again: Esc and the next key must not
					     * arrive together */
	harness_send(&t, "X");
	harness_wait_text(&t, "> Cancel");
	harness_send(&t, "K");
	harness_wait_text(&t, "1 running");
	harness_wait_text(&t, "killed by");
	harness_send(&t, "\033\033\033");
	harness_wait_no_text(&t, "filter: while");
	harness_send(&t, "nsleep 500");
	harness_wait_text(&t, "-- sleep 500");
	harness_send(&t, "\023");
	harness_wait_text(&t, "2 running");
	harness_send(&t, "!");
	harness_wait_text(&t, "2 of 2 live sessions are frozen");
	harness_send(&t, "kill 2\r");
	harness_wait_text(&t, "3 ended");
	harness_send(&t, "q");
	assert_int_equal(harness_wait_end(&t), 0);
	assert_true(harness_shows(&t, "no sandbox is running"));
	harness_assert_restored(&t);
	harness_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_life),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
