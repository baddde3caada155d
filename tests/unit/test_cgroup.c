/*
 * test_cgroup.c: real cgroups with real children, on whatever world this machine has; the v1 half
 * is also tried alone, and killing also without cgroup.kill. Skips, saying why, where this process
 * may make no cgroup.
 */
#include "tests/unit/cgroup_box.h"

#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "core/layers/capabilities.h"
#include "core/layers/probe.h"

static void do_nothing(void *arg)
{
	(void)arg;
}

static void wait_forever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void use_memory(void *arg)
{
	size_t size = *(size_t *)arg;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096)
		p[i] = 1;
}

static void fork_all(void *arg)
{
	int *count = arg;

	while (*count < 1000) {
		pid_t pid = fork();

		if (pid < 0)
			_exit(errno == EAGAIN ? 0 : 1);
		if (pid == 0)
			wait_forever(NULL);
		(*count)++;
	}
}

/* Each process forks without end and dies soon: a moving target. */
static void fork_bomb(void *arg)
{
	(void)arg;
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		if (fork() == 0 && fork() == 0)
			usleep(500);
}

static void spin(void *arg)
{
	volatile uint64_t *count = arg;

	for (;;)
		(*count)++;
}

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

static void test_child_is_inside(void **state)
{
	struct cgroup *c = create(&limits);
	pid_t pid = start(c, wait_forever, NULL);
	char path[64], want[128];
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int found = 0, wanted = c->v2.dir >= 0;

	(void)state;
	for (int i = 0; i < V1_COUNT; i++)
		wanted += c->v1.base[i] >= 0;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	snprintf(want, sizeof(want), "/%s\n", cgroup_path(c));
	for (int i = 0; i < WAIT_MS && found < wanted; i++) {
		free(text);
		text = NULL;
		assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, &text, &len, NULL), 0);
		found = 0;
		for (const char *p = text; (p = strstr(p, want)); p++)
			found++;
		sleep_ms(1);
	}
	assert_int_equal(found, wanted);
	assert_int_equal(cgroup_populated(c), 1);
	assert_int_equal(cgroup_remove(c, 0), -EBUSY);
	cgroup_kill(c);
	finish(pid);
	discard(c);
}

static void test_clone_into(void **state)
{
	struct cgroup *c = create(&limits);
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	long pid;

	(void)state;
	if (cgroup_clone_fd(c) < 0) {
		discard(c);
		print_message("skipped: no v2 tree\n");
		skip();
	}
	args.cgroup = (uint64_t)cgroup_clone_fd(c);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		wait_forever(NULL);
	assert_true(pid > 0);
	assert_int_equal(cgroup_populated(c), 1);
	assert_int_equal(cgroup_join_v2(c, (pid_t)pid, NULL), 0);
	assert_int_equal(cgroup_kill(c), 0);
	assert_true(WIFSIGNALED(finish((pid_t)pid)));
	discard(c);
}

static void check_memory(struct cgroup *c)
{
	size_t size = 128 * MIB;
	struct cgroup_usage u;
	struct pollfd pfd;

	cgroup_usage(c, &u);
	assert_int_equal(u.oom_kills, 0);
	pfd = (struct pollfd){ .fd = cgroup_oom_fd(c), .events = POLLIN };
	assert_true(pfd.fd >= 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(WTERMSIG(finish(start(c, use_memory, &size))), SIGKILL);
	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	cgroup_usage(c, &u);
	assert_true(u.oom_kills >= 1);
	assert_true(u.memory_peak > 32 * MIB);
	assert_true(u.memory_peak <= 65 * MIB);
	/* reading the figures makes it quiet again, but for what the kernel still has to tell: it
	 * holds notices back for some 10 ms */
	for (int i = 0; i < 50 && poll(&pfd, 1, 50) == 1; i++)
		cgroup_usage(c, &u);
	assert_int_equal(poll(&pfd, 1, 0), 0);
}

static void test_memory(void **state)
{
	struct cgroup *c = create(&limits);

	(void)state;
	check_memory(c);
	discard(c);
}

static void test_memory_group(void **state)
{
	struct cgroup *c = create(&limits);
	size_t size = 128 * MIB;
	pid_t bystander;

	(void)state;
	if (!(c->v2.controllers & CTL_MEMORY)) {
		discard(c);
		print_message("skipped: memory.oom.group is v2 only\n");
		skip();
	}
	bystander = start(c, wait_forever, NULL);
	finish(start(c, use_memory, &size));
	assert_int_equal(WTERMSIG(finish(bystander)), SIGKILL);
	discard(c);
}

static void test_pids(void **state)
{
	struct cgroup *c = create(&limits);
	int *count = shared(sizeof(*count));
	struct cgroup_usage u;

	(void)state;
	assert_int_equal(finish(start(c, fork_all, count)), 0);
	assert_int_equal(*count, limits.pids - 1);
	cgroup_usage(c, &u);
	assert_int_equal(u.pids, limits.pids - 1);
	discard(c);
}

static void test_cpu(void **state)
{
	const struct cgroup_limits slow = { .memory = 64 * MIB, .cpus_milli = 100, .pids = 10 };
	struct cgroup *c = create(&slow);
	struct cgroup_usage u;
	pid_t pid;

	(void)state;
	if (*cgroup_missing(c)) {
		discard(c);
		print_message("skipped: no controller for %s\n", "cpu");
		skip();
	}
	pid = start(c, spin, shared(8));
	sleep_ms(1000);
	cgroup_usage(c, &u);
	cgroup_kill(c);
	finish(pid);
	assert_true(u.cpu_ns > 20 * 1000000);
	assert_true(u.cpu_ns < 250 * 1000000);
	assert_true(u.throttled_ns > 0);
	assert_true(u.memory >= 0);
	discard(c);
}

static void check_freeze(struct cgroup *c)
{
	volatile uint64_t *count = shared(sizeof(*count));
	pid_t pid = start(c, spin, (void *)(uintptr_t)count);
	uint64_t before;

	for (int i = 0; i < WAIT_MS && *count == 0; i++)
		sleep_ms(1);
	assert_int_equal(cgroup_frozen(c), 0);
	assert_int_equal(cgroup_freeze(c, true), 0);
	for (int i = 0; i < WAIT_MS && cgroup_frozen(c) != 1; i++)
		sleep_ms(1);
	assert_int_equal(cgroup_frozen(c), 1);
	before = *count;
	sleep_ms(50);
	assert_true(*count == before);
	assert_int_equal(cgroup_freeze(c, false), 0);
	for (int i = 0; i < WAIT_MS && *count == before; i++)
		sleep_ms(1);
	assert_true(*count > before);
	/* a frozen one is killed too */
	assert_int_equal(cgroup_freeze(c, true), 0);
	assert_int_equal(cgroup_kill(c), 0);
	assert_int_equal(WTERMSIG(finish(pid)), SIGKILL);
}

static void test_freeze(void **state)
{
	struct cgroup *c = create(&limits);

	(void)state;
	check_freeze(c);
	discard(c);
}

static void check_bomb(struct cgroup *c)
{
	pid_t pid = start(c, fork_bomb, NULL);

	sleep_ms(200);
	assert_int_equal(cgroup_kill(c), 0);
	assert_int_equal(WTERMSIG(finish(pid)), SIGKILL);
	assert_true(until_empty(c));
	sleep_ms(20);
	assert_int_equal(cgroup_populated(c), 0);
}

static void test_kill_bomb(void **state)
{
	struct cgroup *c = create(&limits);

	(void)state;
	check_bomb(c);
	discard(c);
}

static void test_kill_without_kill_file(void **state)
{
	struct cgroup *c = create(&limits);

	(void)state;
	fd_close(&c->v2.fd[V2_KILL]);
	check_bomb(c);
	discard(c);
}

static void test_v1_alone(void **state)
{
	struct cgroup *c = create_v1_only(&limits);
	struct cgroup_usage u;

	(void)state;
	assert_string_equal(cgroup_kind(c), "v1");
	assert_int_equal(cgroup_clone_fd(c), -1);
	c->oom_fd = cgroup_v1_watch_oom(c);
	check_memory(c);
	check_freeze(c);
	cgroup_usage(c, &u);
	assert_true(u.cpu_ns > 0);
	check_bomb(c);
	discard(c);
}

static void test_set_limits(void **state)
{
	struct cgroup *c = create(&limits);
	struct cgroup_limits to = { .memory = 256 * MIB, .cpus_milli = 500, .pids = 5 };
	size_t size = 128 * MIB;
	int *count = shared(sizeof(*count));

	(void)state;
	assert_int_equal(cgroup_set_limits(c, &to, NULL), 0);
	assert_int_equal(finish(start(c, use_memory, &size)), 0);
	assert_int_equal(finish(start(c, fork_all, count)), 0);
	assert_int_equal(*count, 4);
	cgroup_kill(c);
	assert_true(until_empty(c));
	assert_int_equal(cgroup_set_limits(c, &limits, NULL), 0);
	assert_true(WIFSIGNALED(finish(start(c, use_memory, &size))));
	discard(c);
}

static void test_open_what_is_left(void **state)
{
	struct cgroup *c = create(&limits), *again = NULL;
	pid_t pid = start(c, wait_forever, NULL);

	(void)state;
	cgroup_free(c);
	assert_int_equal(cgroup_open(test_uid, test_id, &again, NULL), 0);
	assert_non_null(again);
	assert_int_equal(cgroup_populated(again), 1);
	assert_int_equal(cgroup_kill(again), 0);
	finish(pid);
	discard(again);
	again = (struct cgroup *)1;
	assert_int_equal(cgroup_open(test_uid, test_id, &again, NULL), 0);
	assert_null(again);
}

static void test_taken_id(void **state)
{
	struct cgroup *c = create(&limits), *other = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(cgroup_create(test_uid, test_id, &limits, &other, &err), -EEXIST);
	assert_non_null(strstr(err.text, cgroup_path(c)));
	assert_null(other);
	assert_int_equal(finish(start(c, do_nothing, NULL)), 0); /* it still stands */
	discard(c);
}

static void test_bad_id(void **state)
{
	struct cgroup *c = NULL;

	(void)state;
	assert_int_equal(cgroup_create(test_uid, "../x", &limits, &c, NULL), -EINVAL);
	assert_int_equal(cgroup_create(test_uid, "", &limits, &c, NULL), -EINVAL);
	assert_int_equal(cgroup_open(test_uid, "a/b", &c, NULL), -EINVAL);
	assert_null(c);
}

/* Sessions of one user that come and go in several processes share and remove the upper
 * directories. */
static void test_race(void **state)
{
	enum { PROCESSES = 6, TURNS = 60 };
	char user[32];
	int bad = 0;
	pid_t pids[PROCESSES];

	(void)state;
	discard(create(&limits));
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int turn = 0; turn < TURNS; turn++) {
			struct error err = ERROR_INIT;
			struct cgroup *c = NULL;
			char id[32];

			snprintf(id, sizeof(id), "race-%d-%d", i, turn);
			if (cgroup_create(test_uid, id, &limits, &c, &err) < 0) {
				fprintf(stderr, "%s\n", err.text);
				_exit(1);
			}
			if (*cgroup_missing(c) || cgroup_remove(c, 100) < 0)
				_exit(2);
			cgroup_free(c);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++)
		bad += finish(pids[i]) != 0;
	assert_int_equal(bad, 0);
	snprintf(user, sizeof(user), "u-%u", (unsigned)test_uid);
	assert_int_equal(count_left(user), 0);
}

/* A supervisor ends with no capability in the world: what it made goes all the same. */
static void test_remove_without_capabilities(void **state)
{
	struct cgroup *c = create(&limits);
	char user[32];
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(capabilities_drop_held() < 0 ? 1 : cgroup_remove(c, 100) < 0 ? 2 : 0);
	assert_int_equal(finish(pid), 0);
	cgroup_free(c);
	snprintf(user, sizeof(user), "u-%u", (unsigned)test_uid);
	assert_int_equal(count_left(user), 0);
	if (!others_live())
		assert_int_equal(count_left(""), 0);
}

static void test_world(void **state)
{
	struct cgroup_world w;
	struct probe_result p;
	struct cgroup *c = create(&limits);

	(void)state;
	assert_int_equal(cgroup_world(&w), 0);
	assert_int_equal(w.v2, strcmp(cgroup_kind(c), "v2") == 0);
	assert_string_equal(w.why, "");
	assert_int_equal(limits_probe(&p), 0);
	assert_int_equal(p.state, LAYER_ENFORCED);
	print_message("here: %s, %s\n", cgroup_kind(c), p.detail);
	discard(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_world),
		cmocka_unit_test(test_child_is_inside),
		cmocka_unit_test(test_clone_into),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_group),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_kill_bomb),
		cmocka_unit_test(test_kill_without_kill_file),
		cmocka_unit_test(test_v1_alone),
		cmocka_unit_test(test_set_limits),
		cmocka_unit_test(test_open_what_is_left),
		cmocka_unit_test(test_taken_id),
		cmocka_unit_test(test_bad_id),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_remove_without_capabilities),
	};

	test_uid = 3000000000U + (uid_t)getpid();
	snprintf(test_id, sizeof(test_id), "test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
