/*
 * test_record.c: session.json comes back as it was written, at whatever size, and what is not one
 * is refused by place.
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
#include "tests/unit/sessions_box.h"

static const char id[] = "0123456789ab";

static struct session_record *again(const struct session_record *r)
{
	struct session_record *back = NULL;
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	session_record_print(r, &text);
	assert_false(text.failed);
	assert_true(text.len <= DOTFILE_MAX);
	if (session_record_parse("session.json", text.data, text.len, &back, &err) < 0)
		fail_msg("%s", err.text);
	buf_free(&text);
	return back;
}

static void fill(struct session_record *r)
{
	r->project = strdup("/home/someone/caf\xe9"); /* a path is bytes */
	r->hostname = strdup("box");
	r->reason = strdup("exit 1");
	r->cgroup = strdup("warder/u-1000/s-0123456789ab");
	r->policy_json = strdup("{\"name\":\"default\"}");
	r->root_mode = true;
	r->ended_wall = r->started_wall + 5 * NS_PER_MS;
	r->exit_code = 1;
	r->pid = 4711;
	r->memory_limit = 2ULL << 30;
	r->timeout_ns = 90 * 60 * NS_PER_SEC + 500 * NS_PER_MS;
	r->cpus_milli = 1500;
	r->host_uid = 4000000000U;
	r->cpu_ns = INT64_MAX - 1; /* beyond what a JSON number holds exactly */
	r->trail_seq = 9007199254740993;
	r->net_in = 0;
	r->execs = 214;
	strcpy(r->trail_chain, CHAIN_START);
	r->layers = calloc(1, sizeof(*r->layers));
	r->n_layers = 1;
	r->layers[0].name = strdup("seccomp");
	r->layers[0].status = strdup("degraded");
	r->layers[0].reason = strdup("old kernel");
	r->layers[0].rows = calloc(1, sizeof(struct record_row));
	r->layers[0].n_rows = 1;
	r->layers[0].rows[0].key = strdup("profile");
	r->layers[0].rows[0].value = strdup("a\x1b[2J\"b");
}

static void test_round_trip(void **state)
{
	struct session_record *r = box_record(id, SESSION_EXITED);
	struct session_record *b;

	(void)state;
	fill(r);
	b = again(r);
	assert_string_equal(b->id, id);
	assert_string_equal(b->uuid, r->uuid);
	assert_string_equal(b->name, r->name);
	assert_string_equal(b->user, "someone");
	assert_int_equal(b->uid, geteuid());
	assert_int_equal(b->state, SESSION_EXITED);
	assert_string_equal(b->command[0], "make");
	assert_string_equal(b->command[1], "test");
	assert_null(b->command[2]);
	assert_string_equal(b->project, r->project);
	assert_string_equal(b->reason, "exit 1");
	assert_true(b->root_mode);
	assert_false(b->tty);
	assert_int_equal(b->started_wall, r->started_wall);
	assert_int_equal(b->ended_wall, r->ended_wall);
	assert_int_equal(b->exit_code, 1);
	assert_int_equal(b->pid, 4711);
	assert_int_equal(b->memory_limit, 2ULL << 30);
	assert_int_equal(b->timeout_ns, r->timeout_ns);
	assert_int_equal(b->idle_timeout_ns, 0);
	assert_int_equal(b->cpus_milli, 1500);
	assert_int_equal(b->host_uid, 4000000000U);
	assert_int_equal(b->cpu_ns, INT64_MAX - 1);
	assert_int_equal(b->trail_seq, 9007199254740993);
	assert_int_equal(b->memory_peak, -1);
	assert_int_equal(b->net_in, 0);
	assert_int_equal(b->execs, 214);
	assert_string_equal(b->trail_chain, CHAIN_START);
	assert_int_equal(b->n_layers, 1);
	assert_string_equal(b->layers[0].reason, "old kernel");
	assert_string_equal(b->layers[0].rows[0].value, "a\x1b[2J\"b");
	assert_string_equal(b->policy_json, "{\"name\":\"default\"}");
	session_record_free(b);
	session_record_free(r);
	session_record_free(NULL);
}

static void test_half_filled(void **state)
{
	struct session_record *r = box_record(id, SESSION_STARTING);
	struct session_record *b;

	(void)state;
	free(r->policy);
	r->policy = NULL;
	b = again(r);
	assert_string_equal(b->policy, ""); /* readers need not ask */
	assert_string_equal(b->reason, "");
	assert_null(b->policy_json);
	assert_int_equal(b->exit_code, -1);
	session_record_free(b);
	session_record_free(r);
}

/* A command as long as execve takes it, and a policy as long as a file may be: the record stays
 * readable. */
static void test_huge(void **state)
{
	struct session_record *r = box_record(id, SESSION_RUNNING);
	struct session_record *b;
	size_t n = 0;

	(void)state;
	free(r->command[0]);
	free(r->command[1]);
	free(r->command);
	r->command = calloc(ARGV_MAX + 1, sizeof(*r->command));
	r->command[0] = malloc(100001);
	memset(r->command[0], 1, 100000); /* six bytes each in JSON */
	r->command[0][100000] = '\0';
	for (int i = 1; i < ARGV_MAX; i++)
		r->command[i] = strdup("caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9 caf\xc3\xa9");
	r->policy_json = malloc(POLICY_FILE_MAX);
	memset(r->policy_json, '"', POLICY_FILE_MAX - 1);
	r->policy_json[POLICY_FILE_MAX - 1] = '\0';
	b = again(r);
	while (b->command[n])
		n++;
	assert_true(n > 100 && n < ARGV_MAX);
	assert_string_equal(b->command[n - 1], "…");
	assert_true(strlen(b->command[0]) < 5000);
	assert_string_equal(b->command[0] + strlen(b->command[0]) - strlen("…"), "…");
	assert_null(b->policy_json);
	session_record_free(b);
	session_record_free(r);
}

static void refused(const char *text, const char *why)
{
	struct session_record *r = NULL;
	struct error err = ERROR_INIT;

	assert_true(session_record_parse("session.json", text, strlen(text), &r, &err) < 0);
	assert_null(r);
	assert_string_equal(err.text, why);
}

#define HEAD "{\"id\":\"0123456789ab\",\"uid\":1,\"state\":\"running\","

static void test_refused(void **state)
{
	static char big[DOTFILE_MAX + 2];

	(void)state;
	refused("[]", "session.json: expected an object, got an array");
	refused("{\"uid\":1}", "session.json: id: is missing");
	refused("{\"id\":\"0123456789AB\",\"uid\":1,\"state\":\"running\",\"command\":[]}",
	        "session.json: id: expected 12 lower-case hex digits");
	refused("{\"id\":\"0123456789abcdef\",\"uid\":1,\"state\":\"running\",\"command\":[]}",
	        "session.json: id: expected at most 15 bytes, got 16");
	refused("{\"id\":\"0123456789ab\",\"uid\":-1}",
	        "session.json: uid: expected 0..4294967295, got -1");
	refused(HEAD "\"command\":[1]}", "session.json: command[0]: expected a string, got 1");
	refused(HEAD "\"command\":[{\"bytes\":\"\\u0100\"}]}",
	        "session.json: command[0].bytes: expected characters up to U+00FF");
	refused(HEAD "\"command\":[],\"started_wall\":\"yesterday\"}",
	        "session.json: started_wall: expected a time such as 2026-01-31T12:00:00.000Z");
	refused(HEAD "\"command\":[],\"pid\":3000000000}",
	        "session.json: pid: expected 0..2147483647");
	refused(HEAD "\"command\":[],\"cpu_ns\":\"12x\"}",
	        "session.json: cpu_ns: expected a whole number from 0 to 9223372036854775807");
	refused(HEAD "\"command\":[],\"layers\":[{\"name\":\"a\"}]}",
	        "session.json: layers[0].status: is missing");
	refused(HEAD "\"command\":[],\"layers\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}",
	        "session.json: layers: expected at most 16 layers, got 17");
	memset(big, ' ', sizeof(big) - 1);
	refused(big, "session.json: longer than 262144 bytes");
}

/* A newer warder's members are passed over. */
static void test_unknown_members(void **state)
{
	const char *text = HEAD "\"command\":[],\"later\":{\"a\":[1,2]}}";
	struct session_record *r = NULL;

	(void)state;
	assert_int_equal(session_record_parse("session.json", text, strlen(text), &r, NULL), 0);
	assert_null(r->command[0]);
	session_record_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_half_filled),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
