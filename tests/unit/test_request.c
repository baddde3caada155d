/*
 * test_request.c: a launch request arrives as it was sent, byte for byte, and a bad one is refused
 * by place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/wire/request.h"

static char **list(const char *a, const char *b)
{
	char **l = calloc(3, sizeof(*l));

	l[0] = strdup(a);
	l[1] = b ? strdup(b) : NULL;
	return l;
}

static struct launch_request *full_request(void)
{
	struct launch_request *r = calloc(1, sizeof(*r));

	r->argv = list("sh", "\xff\xfe not UTF-8");
	r->policy = strdup("strict");
	r->project = strdup("/p/\xe9");
	r->environ_all = list("A=1", "B=\x80\n\x01");
	r->env = list("K=V", NULL);
	r->allow_degraded = calloc(1, sizeof(char *));
	r->settings = calloc(2, sizeof(*r->settings));
	r->n_settings = 2;
	r->settings[0] = (struct request_setting){ strdup("limits.memory"), strdup("1g") };
	r->settings[1] = (struct request_setting){ strdup("limits.memory"), strdup("2g") };
	r->mounts = calloc(1, sizeof(*r->mounts));
	r->n_mounts = 1;
	r->mounts[0] = (struct request_mount){ strdup("/s"), strdup("/t"), true };
	r->tmpfs = calloc(1, sizeof(*r->tmpfs));
	r->n_tmpfs = 1;
	r->tmpfs[0] = (struct request_tmpfs){ strdup("/x"), INT64_MAX };
	r->tty = r->attached = true;
	r->rows = 65535;
	r->cols = 80;
	return r;
}

static void test_round_trip(void **state)
{
	struct launch_request *r = full_request(), *b = NULL;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	launch_request_print(r, &text);
	if (launch_request_parse(text.data, text.len, &b, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(b->mode, REQUEST_RUN);
	assert_string_equal(b->argv[0], "sh");
	assert_string_equal(b->argv[1], "\xff\xfe not UTF-8");
	assert_null(b->argv[2]);
	assert_string_equal(b->project, "/p/\xe9");
	assert_string_equal(b->policy, "strict");
	assert_null(b->name);
	assert_null(b->allow);
	assert_string_equal(b->environ_all[1], "B=\x80\n\x01");
	assert_string_equal(b->env[0], "K=V");
	assert_null(b->allow_degraded[0]);
	assert_int_equal(b->n_settings, 2);
	assert_string_equal(b->settings[1].value, "2g"); /* in order */
	assert_string_equal(b->mounts[0].target, "/t");
	assert_true(b->mounts[0].writable);
	assert_int_equal(b->tmpfs[0].size, INT64_MAX);
	assert_true(b->tty && b->attached && !b->interactive && !b->remove_after);
	assert_int_equal(b->rows, 65535);
	launch_request_free(r);
	launch_request_free(b);
	launch_request_free(NULL);
	buf_free(&text);
}

static void refused(const char *text, const char *why)
{
	struct launch_request *r = NULL;
	struct error err = ERROR_INIT;

	assert_true(launch_request_parse(text, strlen(text), &r, &err) < 0);
	assert_null(r);
	assert_string_equal(err.text, why);
}

static void test_refused(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	refused("{}",
	        "launch request: mode: expected \"run\", \"audit\" or \"dry-run\", got nothing");
	refused("{\"mode\":\"run\"}", "launch request: argv: expected a command");
	refused("{\"mode\":\"run\",\"argv\":[]}", "launch request: argv: expected a command");
	refused("{\"mode\":\"audit\",\"rows\":65536}",
	        "launch request: rows: expected 0..65535, got 65536");
	refused("{\"mode\":\"audit\",\"mounts\":[{\"source\":\"/a\"}]}",
	        "launch request: mounts[0].target: is missing");
	refused("{\"mode\":\"audit\",\"settings\":{}}",
	        "launch request: settings: expected an array, got an object");
	buf_adds(&b, "{\"mode\":\"audit\",\"mounts\":[0");
	for (int i = 0; i < MOUNTS_MAX; i++)
		buf_adds(&b, ",0");
	buf_adds(&b, "]}");
	refused(buf_str(&b), "launch request: mounts: expected at most 64, got 65");
	buf_free(&b);
}

static void test_too_long(void **state)
{
	char *text = calloc(1, REQUEST_MAX + 2);
	struct launch_request *r = NULL;

	(void)state;
	memset(text, ' ', REQUEST_MAX + 1);
	assert_int_equal(launch_request_parse(text, REQUEST_MAX + 1, &r, NULL), -E2BIG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
