/*
 * The seccomp layer: profiles compiled, what their filters answer, the cache, and a child that
 * entered the layer. Profiles are written to a directory of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"
#include "core/layers/seccomp_compile.h"

static char dir[] = "/tmp/warder-seccomp-XXXXXX";
static char profile_path[64], cache_dir[64];
static struct bpf_program program;

#define NEEDED                                                                                     \
	"{ \"names\": [\"execve\", \"exit_group\", \"exit\", \"write\", \"read\"],"                \
	"  \"action\": \"SCMP_ACT_ALLOW\" }"
#define ALLOW_LIST(more)                                                                           \
	"{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [" NEEDED more "] }"
#define ALLOW_ALL "{ \"defaultAction\": \"SCMP_ACT_ALLOW\" , \"syscalls\": [] }"

static void write_profile(const char *text)
{
	CLEANUP_FD int fd = open(profile_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int compile(const char *text, enum on_denied on_denied, struct error *err)
{
	struct profile_machine machine = profile_this_machine();
	struct profile *p;
	int r = profile_parse("p.json", text, strlen(text), &machine, &p, err);

	if (r < 0)
		return r;
	r = seccomp_compile(p, on_denied, &program, err);
	profile_free(p);
	return r;
}

static void compiled(const char *text)
{
	struct error err = ERROR_INIT;

	if (compile(text, ON_DENIED_ERRNO, &err) < 0)
		fail_msg("%s", err.text);
}

static uint32_t answer(unsigned nr, uint64_t arg0)
{
	const uint64_t args[6] = { arg0 };

	return bpf_run(program.insns, program.n, bpf_native_arch, nr, args);
}

static const uint32_t denied = SECCOMP_RET_ERRNO | EPERM;

static void test_actions(void **state)
{
	(void)state;
	compiled("{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": ["
	         "{ \"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\" },"
	         "{ \"name\": \"write\", \"action\": \"SCMP_ACT_ALLOW\" },"
	         "{ \"names\": [\"getpid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 13 },"
	         "{ \"names\": [\"getppid\"], \"action\": \"SCMP_ACT_KILL\" },"
	         "{ \"names\": [\"gettid\"], \"action\": \"SCMP_ACT_TRAP\" },"
	         "{ \"names\": [\"getuid\"], \"action\": \"SCMP_ACT_LOG\" } ] }");
	assert_int_equal(answer(SYS_read, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_write, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_getpid, 0), SECCOMP_RET_ERRNO | EACCES);
	assert_int_equal(answer(SYS_getppid, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer(SYS_gettid, 0) & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_TRAP);
	assert_int_equal(answer(SYS_getuid, 0), SECCOMP_RET_LOG);
	assert_int_equal(answer(SYS_openat, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(bpf_count_allowed(program.insns, program.n), 3);
}

static void test_on_denied_kill(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(compile(ALLOW_LIST(",{ \"names\": [\"getpid\"], \"action\": "
	                                    "\"SCMP_ACT_ERRNO\", \"errnoRet\": 38 }"),
	                         ON_DENIED_KILL, &err),
	                 0);
	assert_int_equal(answer(SYS_openat, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer(SYS_getpid, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(answer(SYS_read, 0), SECCOMP_RET_ALLOW);
}

static void test_operators(void **state)
{
	static const struct {
		const char *op;
		uint64_t value, two, in, out;
	} rows[] = {
		{ "SCMP_CMP_NE", 40, 0, 41, 40 },
		{ "SCMP_CMP_LT", 40, 0, 39, 40 },
		{ "SCMP_CMP_LE", 40, 0, 40, 41 },
		{ "SCMP_CMP_EQ", 40, 0, 40, 41 },
		{ "SCMP_CMP_GE", 40, 0, 40, 39 },
		{ "SCMP_CMP_GT", 40, 0, 41, 40 },
		{ "SCMP_CMP_MASKED_EQ", 0xf0, 0x10, 0x1f, 0x20 },
		{ "SCMP_CMP_EQ", 0x100000028, 0, 0x100000028, 0x28 },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
		         "{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [ { \"names\": "
		         "[\"personality\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [ { "
		         "\"index\": 0, \"value\": %llu, \"valueTwo\": %llu, \"op\": \"%s\" } ] } "
		         "] }",
		         (unsigned long long)rows[i].value, (unsigned long long)rows[i].two,
		         rows[i].op);
		compiled(text);
		assert_int_equal(answer(SYS_personality, rows[i].in), SECCOMP_RET_ALLOW);
		assert_int_equal(answer(SYS_personality, rows[i].out), denied);
	}
}

#define ARG(index, value) "{ \"index\": " index ", \"value\": " value ", \"op\": \"SCMP_CMP_EQ\" }"

static void test_several_arguments(void **state)
{
	const uint64_t both[6] = { 1, 2 }, first[6] = { 1, 3 };

	(void)state;
	compiled(ALLOW_LIST(",{ \"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", "
	                    "\"args\": [ " ARG("0", "1") "," ARG("1", "2") " ] }"));
	assert_int_equal(bpf_run(program.insns, program.n, bpf_native_arch, SYS_socket, both),
	                 SECCOMP_RET_ALLOW);
	assert_int_equal(bpf_run(program.insns, program.n, bpf_native_arch, SYS_socket, first),
	                 denied);
	/* One index twice: any of them suffices, as with runc. */
	compiled(ALLOW_LIST(",{ \"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", "
	                    "\"args\": [ " ARG("0", "1") "," ARG("0", "2") " ] }"));
	assert_int_equal(answer(SYS_socket, 1), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_socket, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(SYS_socket, 3), denied);
}

static void test_names(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	compiled(
		ALLOW_LIST(",{ \"names\": [\"socketcall\", \"s390_pci_mmio_read\", "
	                   "\"riscv_flush_icache\", \"arm_fadvise64_64\", \"listns\"], \"action\": "
	                   "\"SCMP_ACT_ALLOW\" },"
	                   "{ \"names\": [\"cachestat\", \"fchmodat2\"], \"action\": "
	                   "\"SCMP_ACT_ALLOW\" }"));
	assert_int_equal(answer(451, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(452, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(450, 0), denied);
	assert_int_equal(compile(ALLOW_LIST(",{ \"names\": [\"close\", \"opn\"], \"action\": "
	                                    "\"SCMP_ACT_ALLOW\" }"),
	                         ON_DENIED_ERRNO, &err),
	                 -EINVAL);
	assert_string_equal(err.text, "p.json: syscalls[1].names: unknown system call \"opn\"");
}

static void test_foreign_architecture(void **state)
{
	static const uint64_t none[6];

	(void)state;
	compiled(ALLOW_ALL);
	assert_int_equal(bpf_run(program.insns, program.n, 0x40000003, SYS_read, none),
	                 SECCOMP_RET_ERRNO | ENOSYS);
}

/* ---- the layer ---- */

struct session {
	struct policy policy;
	struct launch launch;
	struct error err;
};

static void session_init(struct session *s, const char *profile)
{
	write_profile(profile);
	memset(s, 0, sizeof(*s));
	s->policy.seccomp.profile = profile_path;
	s->policy.required[LAYER_SECCOMP] = true;
	s->launch.policy = &s->policy;
	s->launch.state_dir = dir;
}

static int prepare(struct session *s)
{
	s->err = ERROR_INIT;
	return layer_seccomp.prepare(&s->launch, &s->err);
}

static void prepared(struct session *s)
{
	if (prepare(s) < 0)
		fail_msg("%s", s->err.text);
	assert_int_equal(s->launch.status[LAYER_SECCOMP].state, LAYER_ENFORCED);
}

static void row(const struct session *s, const char *key, char *ret, size_t size)
{
	struct layer_rows rows = { .n = 0 };

	layer_seccomp.describe(&s->launch, &rows);
	ret[0] = '\0';
	for (int i = 0; i < rows.n; i++) {
		if (strcmp(rows.rows[i].key, key) == 0)
			snprintf(ret, size, "%s", rows.rows[i].value);
	}
	layer_rows_free(&rows);
}

static bool from_cache(struct session *s)
{
	char value[256];

	prepared(s);
	row(s, "profile_filter", value, sizeof(value));
	layer_seccomp.release(&s->launch);
	return strstr(value, "taken from the cache");
}

/* The only file of the cache; its name in cache_file. */
static char cache_file[160];

static void find_cache_file(void)
{
	char command[160];
	FILE *f;

	snprintf(command, sizeof(command), "ls -d %s/*", cache_dir);
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(cache_file, sizeof(cache_file), f));
	cache_file[strcspn(cache_file, "\n")] = '\0';
	pclose(f);
}

static void empty_cache(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf %s/cache", dir);
	assert_int_equal(system(command), 0);
}

static void spoil_at(off_t offset)
{
	CLEANUP_FD int fd = open(cache_file, O_RDWR | O_CLOEXEC);
	char c;

	assert_int_equal(pread(fd, &c, 1, offset), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, offset), 1);
}

static void test_cache(void **state)
{
	struct session s;
	struct stat st;

	(void)state;
	empty_cache();
	session_init(&s, ALLOW_LIST(""));
	assert_false(from_cache(&s));
	assert_true(from_cache(&s));
	find_cache_file();
	assert_int_equal(stat(cache_file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(cache_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	s.policy.seccomp.on_denied = ON_DENIED_KILL;
	assert_false(from_cache(&s));
	s.policy.seccomp.on_denied = ON_DENIED_ERRNO;
	assert_true(from_cache(&s));
	write_profile(ALLOW_LIST(" "));
	assert_false(from_cache(&s));
	s.launch.state_dir = NULL;
	assert_false(from_cache(&s));
}

static void test_cache_distrusts(void **state)
{
	const off_t places[] = { 0, 20, 80, 100 };
	char other[160];
	struct session s;

	(void)state;
	empty_cache();
	session_init(&s, ALLOW_LIST(""));
	assert_false(from_cache(&s));
	find_cache_file();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		spoil_at(places[i]);
		assert_false(from_cache(&s)); /* and written anew */
		assert_true(from_cache(&s));
	}
	assert_int_equal(truncate(cache_file, 80), 0);
	assert_false(from_cache(&s));
	assert_int_equal(truncate(cache_file, 75), 0);
	assert_false(from_cache(&s));
	assert_int_equal(truncate(cache_file, 1 << 20), 0);
	assert_false(from_cache(&s));
	assert_int_equal(chmod(cache_file, 0666), 0);
	assert_false(from_cache(&s));
	assert_int_equal(chmod(cache_dir, 0777), 0);
	assert_false(from_cache(&s));
	assert_int_equal(chmod(cache_dir, 0700), 0);
	assert_true(from_cache(&s));

	if (geteuid() == 0) {
		assert_int_equal(chown(cache_file, 65534, 65534), 0);
		assert_false(from_cache(&s));
		assert_true(from_cache(&s));
	}

	/* A link, and another profile's program under this one's name. */
	snprintf(other, sizeof(other), "%s/other", dir);
	assert_int_equal(rename(cache_file, other), 0);
	assert_int_equal(symlink(other, cache_file), 0);
	assert_false(from_cache(&s));
	assert_true(from_cache(&s));
	assert_int_equal(unlink(cache_file), 0);
	write_profile(ALLOW_ALL);
	assert_false(from_cache(&s));
	find_cache_file();
	assert_int_equal(rename(other, cache_file), 0);
	assert_false(from_cache(&s));
}

static void test_cache_is_bounded(void **state)
{
	struct session s;
	char path[128];

	(void)state;
	empty_cache();
	session_init(&s, ALLOW_LIST(""));
	assert_false(from_cache(&s));
	find_cache_file();
	for (int i = 1; i < SECCOMP_CACHE_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%d", cache_dir, i);
		assert_true(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
	}
	assert_true(from_cache(&s));
	write_profile(ALLOW_ALL);
	assert_false(from_cache(&s));
	assert_int_equal(access(path, F_OK), -1);
	assert_true(from_cache(&s));
}

static void test_nothing_could_start(void **state)
{
	struct session s;

	(void)state;
	session_init(&s, "{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [] }");
	assert_int_equal(prepare(&s), -EINVAL);
	assert_non_null(strstr(s.err.text, "does not allow execve"));
	layer_seccomp.release(&s.launch);
	session_init(&s, "{ \"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [ { \"names\": "
	                 "[\"execve\", \"exit_group\"], \"action\": \"SCMP_ACT_ALLOW\" } ] }");
	assert_int_equal(prepare(&s), -EINVAL);
	assert_non_null(strstr(s.err.text, "does not allow write"));
	layer_seccomp.release(&s.launch);
	session_init(&s, ALLOW_ALL);
	unlink(profile_path);
	assert_int_equal(prepare(&s), -ENOENT);
	assert_non_null(strstr(s.err.text, profile_path));
	layer_seccomp.release(&s.launch);
}

/* ---- in a child that entered the layer ---- */

static int in_child(const struct session *s, int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct layer_report report = { .what = "" };

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    layer_seccomp.enter(&s->launch, &report) < 0)
			_exit(99);
		/* Not _exit(3): a sanitizer's does more than the profile allows. */
		syscall(SYS_exit_group, body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int body_denied(void)
{
	if (write(-1, "", 0) != -1 || errno != EBADF)
		return 1;
	return syscall(SYS_getpid) == -1 && errno == EPERM ? 0 : 2;
}

static int body_beneath(void)
{
	if (syscall(SYS_getpid) <= 0)
		return 1;
	if (syscall(SYS_ioctl, -1, TIOCSTI | 0x100000000ULL, "x") != -1 || errno != EPERM)
		return 2;
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 3;
	if (syscall(SYS_socket, 0x100000000ULL | AF_VSOCK, SOCK_STREAM, 0) != -1 ||
	    errno != EAFNOSUPPORT)
		return 4;
	if (syscall(SYS_keyctl, -1, 0, 0, 0, 0) != -1 || errno != EPERM)
		return 5;
	return 0;
}

static int body_keyring(void)
{
	return syscall(SYS_keyctl, -1, 0, 0, 0, 0) == -1 && errno != EPERM ? 0 : 1;
}

static void test_entered(void **state)
{
	struct session s;
	char value[256];

	(void)state;
	session_init(&s, ALLOW_LIST(""));
	prepared(&s);
	row(&s, "allowed_calls", value, sizeof(value));
	assert_string_equal(value, "5");
	row(&s, "base_opened_by_toggles", value, sizeof(value));
	assert_string_equal(value, "none");
	assert_int_equal(in_child(&s, body_denied), 0);
	layer_seccomp.release(&s.launch);

	s.policy.seccomp.on_denied = ON_DENIED_KILL;
	prepared(&s);
	assert_int_equal(in_child(&s, body_denied), 1000 + SIGSYS);
	layer_seccomp.release(&s.launch);
}

static void test_base_beneath_open_profile(void **state)
{
	struct session s;
	char value[256];

	(void)state;
	session_init(&s, ALLOW_ALL);
	prepared(&s);
	assert_int_equal(in_child(&s, body_beneath), 0);
	layer_seccomp.release(&s.launch);

	s.policy.toggles[TOGGLE_KEYRING] = true;
	prepared(&s);
	row(&s, "base_opened_by_toggles", value, sizeof(value));
	assert_string_equal(value, "keyring");
	if (syscall(SYS_keyctl, -1, 0, 0, 0, 0) == -1 && errno != ENOSYS)
		assert_int_equal(in_child(&s, body_keyring), 0);
	layer_seccomp.release(&s.launch);
}

static void test_probe(void **state)
{
	struct probe_result result;

	(void)state;
	assert_int_equal(seccomp_probe(&result), 0);
	assert_int_equal(result.state, LAYER_ENFORCED);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(profile_path, sizeof(profile_path), "%s/p.json", dir);
	snprintf(cache_dir, sizeof(cache_dir), "%s/cache/seccomp", dir);
	return 0;
}

static int teardown(void **state)
{
	CLEANUP_FD int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	return tmp < 0 ? -1 : fd_remove_tree(tmp, dir + strlen("/tmp/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_on_denied_kill),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_several_arguments),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_foreign_architecture),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_distrusts),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_nothing_could_start),
		cmocka_unit_test(test_entered),
		cmocka_unit_test(test_base_beneath_open_profile),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
