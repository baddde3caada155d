/*
 * Seccomp profiles: real ones as users bring them, every field of the format, reduction to a
 * machine, refusals by place, and that the shipped one is clearly tighter than Docker's.
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

#include "core/policy/profile.h"

#ifndef WARDER_SOURCE_DIR
#define WARDER_SOURCE_DIR "."
#endif

#define DOCKER WARDER_SOURCE_DIR "/tests/fixtures/docker-default-seccomp.json"
#define PODMAN WARDER_SOURCE_DIR "/tests/fixtures/podman-default-seccomp.json"
#define AGENT  WARDER_SOURCE_DIR "/policies/seccomp/agent.json"

static const struct profile_machine pc = { .arch = "amd64", .kernel_major = 6, .kernel_minor = 1 };

static struct profile *load(const char *file, const struct profile_machine *m)
{
	struct profile *p = NULL;
	struct error err = ERROR_INIT;

	if (profile_load(file, m, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static int parse(const char *text, const struct profile_machine *m, struct profile **ret,
                 struct error *err)
{
	return profile_parse("s.json", text, strlen(text), m, ret, err);
}

static struct profile *must_parse(const char *text, const struct profile_machine *m)
{
	struct profile *p = NULL;
	struct error err = ERROR_INIT;

	if (parse(text, m, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

/* The n'th rule for a call (from 0), or NULL. */
static const struct profile_rule *find(const struct profile *p, const char *call, int n)
{
	for (int i = 0; i < p->n_rules; i++) {
		for (char **name = p->rules[i].names; *name; name++) {
			if (strcmp(*name, call) == 0 && n-- == 0)
				return &p->rules[i];
		}
	}
	return NULL;
}

static bool allows(const struct profile *p, const char *call)
{
	const struct profile_rule *r = find(p, call, 0);

	return r && r->action == PROFILE_ALLOW;
}

static void test_docker(void **state)
{
	struct profile *p = load(DOCKER, &pc);
	const struct profile_rule *r;

	(void)state;
	assert_int_equal(p->default_action, PROFILE_ERRNO);
	assert_int_equal(p->default_errno, EPERM);
	assert_int_equal(strlen(p->sha256), 64);
	assert_true(allows(p, "read") && allows(p, "ptrace") && allows(p, "arch_prctl"));
	assert_null(find(p, "mount", 0));
	assert_null(find(p, "riscv_flush_icache", 0));
	assert_null(find(p, "bpf", 0));

	r = find(p, "clone", 0);
	assert_non_null(r);
	assert_null(find(p, "clone", 1)); /* the one for s390 has no place here */
	assert_int_equal(r->n_args, 1);
	assert_int_equal(r->args[0].index, 0);
	assert_int_equal(r->args[0].op, PROFILE_MASKED_EQ);
	assert_int_equal(r->args[0].value, 0x7e020000);
	assert_int_equal(r->args[0].value_two, 0);
	r = find(p, "clone3", 0);
	assert_int_equal(r->action, PROFILE_ERRNO);
	assert_int_equal(r->errno_ret, ENOSYS);
	assert_int_equal(find(p, "personality", 4)->args[0].value, 0xffffffff);
	assert_string_equal(find(p, "read", 0)->place, "syscalls[0]");
	profile_free(p);
}

static void test_docker_elsewhere(void **state)
{
	static const char *const caps[] = { "CAP_SYS_ADMIN", NULL };
	const struct profile_machine admin = { "amd64", 6, 1, caps };
	const struct profile_machine old = { "amd64", 4, 7, NULL };
	const struct profile_machine arm = { "arm64", 6, 1, NULL };
	const struct profile_machine mainframe = { "s390x", 6, 1, NULL };
	struct profile *p;

	(void)state;
	p = load(DOCKER, &admin);
	assert_true(allows(p, "mount") && allows(p, "clone3"));
	assert_int_equal(find(p, "clone", 0)->n_args, 0);
	assert_null(find(p, "clone", 1));
	profile_free(p);
	p = load(DOCKER, &old);
	assert_null(find(p, "ptrace", 0));
	profile_free(p);
	p = load(DOCKER, &arm);
	assert_true(allows(p, "set_tls"));
	assert_null(find(p, "arch_prctl", 0));
	profile_free(p);
	p = load(DOCKER, &mainframe);
	assert_int_equal(find(p, "clone", 0)->args[0].index, 1);
	profile_free(p);
}

static void test_podman(void **state)
{
	struct profile *p = load(PODMAN, &pc);
	const struct profile_rule *r;

	(void)state;
	assert_int_equal(p->default_action, PROFILE_ERRNO);
	assert_int_equal(p->default_errno, ENOSYS);
	r = find(p, "socket", 0);
	assert_int_equal(r->action, PROFILE_ERRNO);
	assert_int_equal(r->errno_ret, EINVAL);
	assert_int_equal(r->n_args, 2); /* two different arguments: both must hold */
	assert_int_equal(r->args[1].index, 2);
	assert_int_equal(r->args[1].value, 9);
	assert_int_equal(find(p, "bpf", 0)->errno_ret, EPERM);
	profile_free(p);
}

static void test_fields(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_KILL\",\"defaultErrnoRet\":13,\"flags\":["
		"\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],\"listenerPath\":"
		"\"\","
		"\"architectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_X86_64\"],\"syscalls\":["
		"{\"name\":\"read\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
		"{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_NE\"},{\"index\":1,\"value\":2,\"op\":"
		"\"SCMP_CMP_LT\"},"
		"{\"index\":2,\"value\":3,\"op\":\"SCMP_CMP_LE\"},{\"index\":3,\"value\":4,\"op\":"
		"\"SCMP_CMP_EQ\"},"
		"{\"index\":4,\"value\":5,\"op\":\"SCMP_CMP_GE\"},{\"index\":5,\"value\":6,\"op\":"
		"\"SCMP_CMP_GT\"}]},"
		"{\"name\":\"\",\"names\":[\"write\",\"made_up_call\"],\"action\":\"SCMP_ACT_LOG\","
		"\"args\":null,"
		"\"includes\":{},\"excludes\":null,\"comment\":\"c\"},"
		"{\"names\":[\"a1\"],\"action\":\"SCMP_ACT_KILL_THREAD\"},"
		"{\"names\":[\"a2\"],\"action\":\"SCMP_ACT_TRAP\"},"
		"{\"names\":[\"a3\"],\"action\":\"SCMP_ACT_ERRNO\"},"
		"{\"names\":[\"a4\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"errno\":"
		"\"ENOSYS\"},"
		"{\"names\":[\"a5\"],\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"22\"},"
		"{\"names\":[\"a6\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0}]}";
	struct profile *p = must_parse(text, &pc);

	(void)state;
	assert_int_equal(p->default_action, PROFILE_KILL_PROCESS);
	assert_int_equal(p->default_errno, 13);
	assert_int_equal(p->n_rules, 8);
	assert_int_equal(p->rules[0].n_args, 6);
	for (unsigned i = 0; i < 6; i++) {
		static const enum profile_op ops[] = { PROFILE_NE, PROFILE_LT, PROFILE_LE,
			                               PROFILE_EQ, PROFILE_GE, PROFILE_GT };

		assert_int_equal(p->rules[0].args[i].index, i);
		assert_int_equal(p->rules[0].args[i].value, i + 1);
		assert_int_equal(p->rules[0].args[i].op, ops[i]);
	}
	assert_int_equal(p->rules[1].action, PROFILE_LOG);
	assert_string_equal(p->rules[1].names[1], "made_up_call");
	assert_int_equal(p->rules[2].action, PROFILE_KILL_PROCESS);
	assert_int_equal(p->rules[3].action, PROFILE_TRAP);
	assert_int_equal(p->rules[4].errno_ret, EPERM);
	assert_int_equal(p->rules[5].errno_ret, ENOSYS);
	assert_int_equal(p->rules[6].errno_ret, EINVAL);
	assert_int_equal(p->rules[7].errno_ret, 0);
	profile_free(p);
}

/* Conditions on the same argument stay together: what they mean is for who makes the filter. */
static void test_same_argument(void **state)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\",\"b\"],"
		"\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":7,\"args\":["
		"{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_EQ\"},{\"index\":1,\"value\":5,\"op\":"
		"\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":9,\"op\":\"SCMP_CMP_EQ\"}]}]}";
	struct profile *p = must_parse(text, &pc);

	(void)state;
	assert_int_equal(p->n_rules, 1);
	assert_int_equal(p->rules[0].errno_ret, 7);
	assert_string_equal(p->rules[0].names[1], "b");
	assert_int_equal(p->rules[0].n_args, 3);
	assert_int_equal(p->rules[0].args[1].index, 1);
	assert_int_equal(p->rules[0].args[1].value, 5);
	profile_free(p);
}

struct condition_case {
	const char *json; /* includes and excludes */
	bool kept;        /* on amd64, Linux 6.1, holding CAP_A and CAP_B */
};

static void test_conditions(void **state)
{
	static const struct condition_case cases[] = {
		{ "\"includes\":{\"caps\":[\"CAP_A\",\"CAP_B\"]}", true },
		{ "\"includes\":{\"caps\":[\"CAP_A\",\"CAP_C\"]}", false },
		{ "\"includes\":{\"caps\":[]}", true },
		{ "\"excludes\":{\"caps\":[\"CAP_C\",\"CAP_B\"]}", false },
		{ "\"excludes\":{\"caps\":[\"CAP_C\"]}", true },
		{ "\"includes\":{\"arches\":[\"arm\",\"amd64\"]}", true },
		{ "\"includes\":{\"arches\":[\"arm\",\"x86\"]}", false },
		{ "\"excludes\":{\"arches\":[\"arm\",\"amd64\"]}", false },
		{ "\"includes\":{\"minKernel\":\"6.1\"}", true },
		{ "\"includes\":{\"minKernel\":\"5.19\"}", true },
		{ "\"includes\":{\"minKernel\":\"6.10\"}", false },
		{ "\"includes\":{\"minKernel\":\"10.0\"}", false },
		{ "\"excludes\":{\"minKernel\":\"4.8\"}", false },
		{ "\"excludes\":{\"minKernel\":\"6.2\"}", true },
		{ "\"includes\":{\"arches\":[\"amd64\"],\"caps\":[\"CAP_C\"]}", false },
		{ "\"excludes\":{\"arches\":[\"arm\"],\"caps\":[\"CAP_A\"]}", false },
		{ "\"includes\":{\"arches\":[\"amd64\"]},\"excludes\":{\"caps\":[\"CAP_A\"]}",
		  false },
		{ "\"includes\":{\"arches\":null,\"caps\":null,\"minKernel\":\"\"}", true },
	};
	static const char *const caps[] = { "CAP_A", "CAP_B", NULL };
	const struct profile_machine m = { "amd64", 6, 1, caps };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(
			text, sizeof(text),
			"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\"],"
			"\"action\":\"SCMP_ACT_ALLOW\",%s}]}",
			cases[i].json);

		struct profile *p = must_parse(text, &m);
		if ((p->n_rules == 1) != cases[i].kept)
			fail_msg("%s", cases[i].json);
		profile_free(p);
	}
}

struct bad_case {
	const char *text; /* %s of the frame */
	const char *error;
};

static void refused(const char *text, const char *want)
{
	struct profile *p = NULL;
	struct error err = ERROR_INIT;

	if (parse(text, &pc, &p, &err) == 0)
		fail_msg("accepted: %s", text);
	assert_null(p);
	assert_memory_equal(err.text, "s.json:", 7);
	if (want)
		assert_string_equal(err.text + 8, want);
}

static void test_bad_roots(void **state)
{
	static const struct bad_case cases[] = {
		{ "{}", NULL },
		{ "[]", NULL },
		{ "{\"defaultAction\":\"ALLOW\"}", NULL },
		{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}",
		  "defaultAction: SCMP_ACT_NOTIFY is not possible: nobody would answer it" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}",
		  "defaultErrnoRet: expected 0..4095, got 4096" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOPE\"}",
		  "defaultErrno: expected an errno's name, got \"ENOPE\"" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"flags\":[\"SECCOMP_FILTER_FLAG_NEW_"
		  "LISTENER\"]}",
		  NULL },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"listenerPath\":\"/run/s\"}",
		  "listenerPath: no outside process may answer for a session" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"x86\"]}",
		  "architectures[0]: expected SCMP_ARCH_…, got \"x86\"" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_ARM\"]}",
		  "architectures: expected SCMP_ARCH_X86_64, this machine's, among them" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_"
		  "ARCH_X86_64\"}],"
		  "\"architectures\":[\"SCMP_ARCH_X86_64\"]}",
		  "architectures: expected either this or archMap" },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"arch\":\"SCMP_ARCH_X86_"
		  "64\"}]}",
		  NULL },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscall\":[]}", NULL },
		{ "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":{}}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(cases[i].text, cases[i].error);
}

static void test_bad_rules(void **state)
{
	static const struct bad_case cases[] = {
		{ "\"names\":[]", "names: expected names of system calls, got none" },
		{ "\"comment\":\"x\"", "names: expected names of system calls, got none" },
		{ "\"names\":[\"read\"],\"name\":\"write\"",
		  "name: expected either this or names" },
		{ "\"names\":[\"READ\"]", "names[0]: expected a system call's name, got \"READ\"" },
		{ "\"names\":[\"read\",\"a b\"]",
		  "names[1]: expected a system call's name, got \"a b\"" },
		{ "\"names\":[1]", NULL },
		{ "\"names\":[\"read\"],\"errnoRet\":-1", NULL },
		{ "\"names\":[\"read\"],\"errno\":\"0\"", NULL },
		{ "\"names\":[\"read\"],\"why\":\"x\"", NULL },
		{ "\"names\":[\"read\"],\"comment\":1", NULL },
		{ "\"names\":[\"read\"],\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}"
		  "]",
		  "args[0].index: expected 0..5, got 6" },
		{ "\"names\":[\"read\"],\"args\":[{\"index\":0,\"value\":-1,\"op\":\"SCMP_CMP_EQ\"}"
		  "]",
		  NULL },
		{ "\"names\":[\"read\"],\"args\":[{\"index\":0,\"value\":18446744073709551615,"
		  "\"op\":"
		  "\"SCMP_CMP_EQ\"}]",
		  NULL },
		{ "\"names\":[\"read\"],\"args\":[{\"index\":0,\"value\":1.5,\"op\":\"SCMP_CMP_"
		  "EQ\"}]",
		  NULL },
		{ "\"names\":[\"read\"],\"args\":[{\"index\":0,\"value\":1,\"op\":\"EQ\"}]", NULL },
		{ "\"names\":[\"read\"],\"args\":[{\"index\":0,\"value\":1}]", NULL },
		{ "\"names\":[\"read\"],\"args\":{}", NULL },
		{ "\"names\":[\"read\"],\"includes\":{\"caps\":[\"SYS_ADMIN\"]}",
		  "includes.caps[0]: expected CAP_…, got \"SYS_ADMIN\"" },
		{ "\"names\":[\"read\"],\"includes\":{\"arches\":[\"\"]}", NULL },
		{ "\"names\":[\"read\"],\"includes\":{\"minKernel\":\"4\"}",
		  "includes.minKernel: expected a kernel, as \"4.8\", got \"4\"" },
		{ "\"names\":[\"read\"],\"includes\":{\"minKernel\":\"4.8.1\"}", NULL },
		{ "\"names\":[\"read\"],\"includes\":{\"minKernel\":4.8}", NULL },
		{ "\"names\":[\"read\"],\"excludes\":{\"maxKernel\":\"4.8\"}", NULL },
		{ "\"names\":[\"read\"],\"excludes\":[]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], want[256];

		snprintf(text, sizeof(text),
		         "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":["
		         "\"write\"],"
		         "\"action\":\"SCMP_ACT_ALLOW\"},{\"action\":\"SCMP_ACT_ALLOW\",%s}]}",
		         cases[i].text);
		snprintf(want, sizeof(want), "syscalls[1].%s",
		         cases[i].error ? cases[i].error : "");
		refused(text, cases[i].error ? want : NULL);
	}
	refused("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
	        "\"SCMP_ACT_TRACE\"}]}",
	        "syscalls[0].action: SCMP_ACT_TRACE is not possible: nobody would answer it");
	refused("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"a\"]}]}", NULL);
}

/* Calls that open when a toggle or nothing at all stands in their way, and that Docker allows to
 * everybody. */
static void test_agent_is_tighter(void **state)
{
	static const char *const gone[] = {
		"adjtimex",
		"clock_adjtime",
		"fanotify_mark",
		"io_setup",
		"io_submit",
		"ioprio_set",
		"ipc",
		"memfd_secret",
		"mlockall",
		"modify_ldt",
		"mq_open",
		"msgget",
		"name_to_handle_at",
		"process_mrelease",
		"remap_file_pages",
		"sched_setscheduler",
		"sched_setattr",
		"semget",
		"socketcall",
		"sync",
		"syncfs",
		"vmsplice",
	};
	struct profile *docker = load(DOCKER, &pc);
	struct profile *agent = load(AGENT, &pc);

	(void)state;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		if (!allows(docker, gone[i]) || allows(agent, gone[i]))
			fail_msg("%s", gone[i]);
	}
	assert_int_equal(agent->default_action, PROFILE_ERRNO);
	assert_int_equal(agent->default_errno, EPERM);
	assert_int_equal(find(agent, "clone3", 0)->errno_ret, ENOSYS);
	assert_int_equal(find(agent, "clone", 0)->args[0].value, 0x7e020000);
	for (int i = 0; find(agent, "socket", i); i++) {
		assert_int_equal(find(agent, "socket", i)->args[0].op, PROFILE_MASKED_EQ);
		assert_int_equal(find(agent, "socket", i)->args[0].value, 0xffffffff);
	}
	profile_free(docker);
	profile_free(agent);
}

/* What the agent's profile allows beyond Docker's is what a policy's toggle stands before. */
static void test_agent_opens_only_toggles(void **state)
{
	static const char *const toggled[] = {
		"io_uring_enter",  "io_uring_register", "io_uring_setup",
		"perf_event_open", "add_key",           "keyctl",
		"request_key",     "unshare",
	};
	struct profile *docker = load(DOCKER, &pc);
	struct profile *agent = load(AGENT, &pc);

	(void)state;
	for (int i = 0; i < agent->n_rules; i++) {
		if (agent->rules[i].action != PROFILE_ALLOW)
			continue;
		for (char **name = agent->rules[i].names; *name; name++) {
			bool known = find(docker, *name, 0) != NULL;

			for (size_t t = 0; t < sizeof(toggled) / sizeof(toggled[0]); t++)
				known = known || strcmp(*name, toggled[t]) == 0;
			if (!known)
				fail_msg("%s", *name);
		}
	}
	profile_free(docker);
	profile_free(agent);
}

static void test_machine(void **state)
{
	struct profile_machine m = profile_this_machine();

	(void)state;
	assert_true(m.kernel_major >= 4);
	assert_non_null(m.arch);
#ifdef __x86_64__
	assert_string_equal(m.arch, "amd64");
#endif
	assert_null(m.caps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_docker_elsewhere),
		cmocka_unit_test(test_podman),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_same_argument),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_bad_roots),
		cmocka_unit_test(test_bad_rules),
		cmocka_unit_test(test_agent_is_tighter),
		cmocka_unit_test(test_agent_opens_only_toggles),
		cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
