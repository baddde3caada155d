/*
 * test_places.c: where things live, and every directory that is refused: not ours, a link, writable
 * by others.
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

/* Opens the box's places anew; what is wrong with them must be said so, after the box's path. */
static void refused(const struct box *b, bool create, int code, const char *said)
{
	struct places p = { .runtime_fd = 99 };
	struct error err = ERROR_INIT;
	char want[256];

	snprintf(want, sizeof(want), "%s%s", b->root, said);
	assert_int_equal(places_open(&p, create, &err), -code);
	assert_string_equal(err.text, want);
	assert_int_equal(p.runtime_fd, 99);
}

static void test_created(void **state)
{
	const struct box *b = *state;
	struct stat st;
	mode_t want = geteuid() == 0 ? 0755 : 0700;

	assert_int_equal(fstat(b->places.runtime_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, want);
	assert_int_equal(fstat(b->places.state_sessions_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, want);
	assert_int_equal(b->places.system, geteuid() == 0);
	assert_int_equal(fcntl(b->places.runtime_sessions_fd, F_GETFD), FD_CLOEXEC);
}

static void test_absent(void **state)
{
	const struct box *b = *state;
	struct places p;
	char path[128];

	snprintf(path, sizeof(path), "%s/nowhere", b->root);
	setenv("WARDER_RUNTIME_DIR", path, 1);
	assert_int_equal(places_open(&p, false, NULL), 0);
	assert_int_equal(p.runtime_fd, -1);
	assert_int_equal(p.runtime_sessions_fd, -1);
	assert_true(p.state_fd >= 0);
	assert_int_equal(places_session_alive(&p, id), -ENOENT);
	places_close(&p);
	assert_int_equal(p.state_fd, -1);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void test_link(void **state)
{
	const struct box *b = *state;
	char run[128], real[128];

	snprintf(run, sizeof(run), "%s/run", b->root);
	snprintf(real, sizeof(real), "%s/real", b->root);
	assert_int_equal(rename(run, real), 0);
	assert_int_equal(symlink(real, run), 0);
	refused(b, false, ELOOP, "/run: is a symbolic link");
	refused(b, true, ELOOP, "/run: is a symbolic link");
	assert_int_equal(unlink(run), 0);
	assert_int_equal(symlink("/nonexistent", run), 0); /* dangling: mkdir does not follow it */
	refused(b, true, ELOOP, "/run: is a symbolic link");
	assert_int_equal(unlink(run), 0);
	assert_int_equal(rename(real, run), 0);
	snprintf(run, sizeof(run), "%s/run/sessions", b->root);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(symlink("/tmp", run), 0);
	refused(b, true, ELOOP, "/run/sessions: is a symbolic link");
}

static void test_not_a_directory(void **state)
{
	const struct box *b = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/file", b->root);
	fclose(fopen(path, "we"));
	setenv("WARDER_RUNTIME_DIR", path, 1);
	refused(b, true, ENOTDIR, "/file: Not a directory");
	strcat(path, "/below");
	setenv("WARDER_RUNTIME_DIR", path, 1);
	refused(b, true, ENOTDIR, "/file: Not a directory");
}

static void test_writable_by_others(void **state)
{
	const struct box *b = *state;

	assert_int_equal(fchmod(b->places.runtime_fd, 0777), 0);
	refused(b, true, EPERM, "/run: others may write it (mode 0777)");
	assert_int_equal(fchmod(b->places.runtime_fd, 01770), 0);
	refused(b, false, EPERM, "/run: others may write it (mode 1770)");
	assert_int_equal(fchmod(b->places.runtime_fd, 0700), 0);
	assert_int_equal(fchmod(b->places.state_sessions_fd, 0722), 0);
	refused(b, false, EPERM, "/state/sessions: others may write it (mode 0722)");
}

static void needs_root(const char *what)
{
	if (geteuid() == 0)
		return;
	print_message("%s needs root\n", what);
	skip();
}

static void test_of_another_user(void **state)
{
	const struct box *b = *state;

	needs_root("giving a directory away");
	assert_int_equal(fchown(b->places.runtime_fd, 1234, 1234), 0);
	refused(b, true, EPERM, "/run: owned by uid 1234, expected 0");
	assert_int_equal(fchown(b->places.runtime_fd, 0, 0), 0);
	assert_int_equal(fchown(b->places.state_fd, 1234, 1234), 0);
	refused(b, false, EPERM, "/state: owned by uid 1234, expected 0");
}

/* As another user, in a child; its exit status is the test's number of the check that failed. */
static void as_user(int (*body)(const char *root), const char *root)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(54321) < 0 || setuid(54321) < 0)
			_exit(100);
		_exit(body(root));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* An override that is root's: no place of the user's own, but the system places of this test. */
static int look_at_roots(const char *root)
{
	struct places p;

	(void)root;
	if (places_open(&p, false, NULL) != 0 || p.runtime_fd >= 0 || p.system)
		return 1;
	if (places_open_system(&p, NULL) != 0 || p.runtime_sessions_fd < 0 || !p.system)
		return 2;
	places_close(&p);
	return places_open(&p, true, NULL) == -EPERM ? 0 : 3;
}

static int find_by_xdg(const char *root)
{
	char path[128];
	struct places p;

	unsetenv("WARDER_RUNTIME_DIR");
	unsetenv("WARDER_STATE_DIR");
	snprintf(path, sizeof(path), "%s/user", root);
	setenv("XDG_RUNTIME_DIR", path, 1);
	setenv("HOME", path, 1);
	unsetenv("XDG_STATE_HOME");
	if (places_open(&p, true, NULL) != 0 || p.system)
		return 1;
	strcat(path, "/warder");
	if (strcmp(p.runtime, path) != 0)
		return 2;
	strcpy(strrchr(path, '/'), "/.local/state/warder");
	if (strcmp(p.state, path) != 0)
		return 3;
	places_close(&p);
	/* another user's, as su leaves it behind */
	setenv("XDG_RUNTIME_DIR", "/", 1);
	setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
	if (places_open(&p, false, NULL) != 0)
		return 4;
	if (strcmp(p.runtime, "/tmp/warder-54321") != 0 || strcmp(p.state, path) != 0)
		return 5;
	places_close(&p);
	return 0;
}

/* Somebody made our directory in /tmp before us. */
static int refuse_planted(const char *root)
{
	struct error err = ERROR_INIT;
	struct places p;

	(void)root;
	unsetenv("WARDER_RUNTIME_DIR");
	unsetenv("XDG_RUNTIME_DIR");
	if (places_open(&p, true, &err) != -EPERM)
		return 1;
	return strcmp(err.text, "/tmp/warder-54321: owned by uid 0, expected 54321") != 0 ? 2 : 0;
}

static void test_ordinary_user(void **state)
{
	const struct box *b = *state;
	char path[128];

	needs_root("becoming another user");
	assert_int_equal(chmod(b->root, 0755), 0);
	as_user(look_at_roots, b->root);
	snprintf(path, sizeof(path), "%s/user", b->root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, 54321, 54321), 0);
	if (access("/run/user/54321", F_OK) == 0 || access("/tmp/warder-54321", F_OK) == 0) {
		print_message("uid 54321 is in use here\n");
		skip();
	}
	as_user(find_by_xdg, b->root);
	assert_int_equal(mkdir("/tmp/warder-54321", 0755), 0);
	as_user(refuse_planted, b->root);
	assert_int_equal(rmdir("/tmp/warder-54321"), 0);
}

static void test_too_long(void **state)
{
	char path[400] = "/";
	struct places p;

	(void)state;
	memset(path + 1, 'x', sizeof(path) - 2);
	setenv("WARDER_STATE_DIR", path, 1);
	assert_int_equal(places_open(&p, false, NULL), -ENAMETOOLONG);
}

static void test_alive(void **state)
{
	const struct box *b = *state;
	pid_t pid;
	int dir;

	assert_int_equal(places_session_alive(&b->places, id), -ENOENT);
	dir = box_dir(b->places.runtime_sessions_fd, id);
	assert_int_equal(places_session_alive(&b->places, id), 0);
	pid = box_supervisor(b, id);
	assert_int_equal(places_session_alive(&b->places, id), 1);
	assert_int_equal(places_session_alive(&b->places, id), 1); /* asking changes nothing */
	box_kill(pid);
	assert_int_equal(places_session_alive(&b->places, id), 0);
	assert_int_equal(unlinkat(dir, "lock", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir, "lock"), 0);
	assert_int_equal(places_session_alive(&b->places, id), -ELOOP);
	fd_close(&dir);
}

static void test_names(void **state)
{
	char long_name[NAME_LEN_MAX + 2];

	(void)state;
	assert_true(session_id_valid("0123456789ab"));
	assert_false(session_id_valid("0123456789AB"));
	assert_false(session_id_valid("0123456789abc"));
	assert_false(session_id_valid("0123456789a"));
	assert_false(session_id_valid("0123456789a/"));
	assert_false(session_id_valid(""));
	assert_true(session_name_valid("a"));
	assert_true(session_name_valid("0-web_1.x"));
	assert_false(session_name_valid(""));
	assert_false(session_name_valid("-a"));
	assert_false(session_name_valid(".."));
	assert_false(session_name_valid("A"));
	assert_false(session_name_valid("a/b"));
	assert_false(session_name_valid("a b"));
	assert_false(session_name_valid("0123456789ab")); /* would look like an id */
	memset(long_name, 'a', sizeof(long_name));
	long_name[NAME_LEN_MAX + 1] = '\0';
	assert_false(session_name_valid(long_name));
	long_name[NAME_LEN_MAX] = '\0';
	assert_true(session_name_valid(long_name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_box(test_created),
		in_box(test_absent),
		in_box(test_link),
		in_box(test_not_a_directory),
		in_box(test_writable_by_others),
		in_box(test_of_another_user),
		in_box(test_ordinary_user),
		in_box(test_too_long),
		in_box(test_alive),
		in_box(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
