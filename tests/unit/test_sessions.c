/*
 * test_sessions.c: the list of sessions: what appears, changes, ends, is lost and is found. Lost
 * ones are reaped by starting /proc/self/exe, which is this program: its own __reap does the little
 * that the list relies on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>

#include "core/api/sessions.h"
#include "tests/unit/sessions_box.h"

static const char id[] = "0123456789ab";
static const char other[] = "0123ffffffff";

/* `test_sessions __reap ID`: the record becomes `lost`, the runtime directory goes; a mark tells
 * that it ran. */
static int reap(const char *which)
{
	struct session_record *r = NULL;
	struct places p;
	struct buf text = BUF_INIT;
	char *old = NULL;
	char name[64];
	size_t len;
	int dir;

	if (places_open(&p, false, NULL) < 0)
		return 1;
	snprintf(name, sizeof(name), "reaped-%s", which);
	if (fd_write_file_atomic(p.state_fd, name, "", 0, 0600, NULL) < 0)
		return 1;
	dir = openat(p.state_sessions_fd, which, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0 && fd_read_file(dir, "session.json", 100000, &old, &len, NULL) == 0 &&
	    session_record_parse("session.json", old, len, &r, NULL) == 0) {
		r->state = SESSION_LOST;
		session_record_print(r, &text);
		if (fd_write_file_atomic(dir, "session.json", text.data, text.len, 0600, NULL) < 0)
			return 1;
	}
	session_record_free(r);
	free(old);
	buf_free(&text);
	return fd_remove_tree(p.runtime_sessions_fd, which) == 0 ? 0 : 1;
}

static bool was_reaped(const struct box *b, const char *which)
{
	char name[64];

	snprintf(name, sizeof(name), "reaped-%s", which);
	return faccessat(b->places.state_fd, name, F_OK, 0) == 0;
}

static struct sessions *open_list(void)
{
	struct sessions *s = NULL;
	struct error err = ERROR_INIT;

	if (sessions_open(&s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void scan(struct sessions *s, bool with_ended, int want)
{
	struct error err = ERROR_INIT;

	if (sessions_scan(s, with_ended, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(sessions_count(s), want);
}

/* A live session with a board. */
static pid_t live_session(const struct box *b, const char *which, struct board **ret)
{
	int dir = box_dir(b->places.runtime_sessions_fd, which);
	int fd = -1;

	assert_int_equal(board_create(dir, "board", ret, &fd, NULL), 0);
	(*ret)->data.state = SESSION_RUNNING;
	fd_close(&fd);
	fd_close(&dir);
	box_record_write(b, box_record(which, SESSION_RUNNING));
	return box_supervisor(b, which);
}

static void test_nothing(void **state)
{
	struct box *b = *state;
	struct sessions *s;
	char path[128];

	snprintf(path, sizeof(path), "%s/nowhere", b->root);
	setenv("WARDER_RUNTIME_DIR", path, 1);
	s = open_list();
	scan(s, true, 0);
	assert_null(sessions_at(s, 0));
	assert_null(sessions_by_id(s, id));
	sessions_close(s);
	sessions_close(NULL);
}

/* The directories are made by the first launch, long after the dashboard was opened. */
static void test_directories_appear(void **state)
{
	const struct box *b = *state;
	struct places p;
	struct sessions *s;
	struct pollfd w = { .events = POLLIN };
	char path[128];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/later", b->root);
	setenv("WARDER_RUNTIME_DIR", path, 1);
	s = open_list();
	scan(s, false, 0);
	assert_int_equal(places_open(&p, true, NULL), 0);
	scan(s, false, 0);
	w.fd = sessions_watch_fd(s);
	assert_int_equal(poll(&w, 1, 0), 0);
	struct box later = { .places = p };

	assert_int_equal(mkdirat(p.runtime_sessions_fd, ".new-0123456789ab", 0700), 0);
	assert_int_equal(
		renameat(p.runtime_sessions_fd, ".new-0123456789ab", p.runtime_sessions_fd, id), 0);
	assert_int_equal(poll(&w, 1, 1000), 1);
	pid = box_supervisor(&later, id);
	box_record_write(&later, box_record(id, SESSION_RUNNING));
	scan(s, false, 1);
	assert_int_equal(poll(&w, 1, 0), 0); /* drained */
	box_kill(pid);
	places_close(&p);
	sessions_close(s);
}

static void test_live(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	const struct session_view *v;
	struct board *board = NULL;
	pid_t pid = live_session(b, id, &board);

	scan(s, false, 1);
	v = sessions_at(s, 0);
	assert_string_equal(v->id, id);
	assert_true(v->live && v->have_board);
	assert_int_equal(v->state, SESSION_RUNNING);
	assert_string_equal(v->record->command[0], "make");
	assert_int_equal(v->system, geteuid() == 0);

	board_begin(board);
	board->data.state = SESSION_PAUSED;
	board->data.memory = 4096;
	sessions_refresh(s); /* the writer is in it: the old copy stays */
	assert_int_equal(v->state, SESSION_RUNNING);
	board_end(board);
	sessions_refresh(s);
	assert_int_equal(v->state, SESSION_PAUSED);
	assert_int_equal(v->board.memory, 4096);
	assert_false(was_reaped(b, id));
	board_unmap(board);
	box_kill(pid);
	sessions_close(s);
}

/* Its record replaced, its end, its removal: each wakes the watcher and is seen. */
static void test_changes_wake(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	struct pollfd w = { .fd = sessions_watch_fd(s), .events = POLLIN };
	struct session_record *r;
	struct board *board = NULL;
	pid_t pid = live_session(b, id, &board);

	scan(s, true, 1);
	assert_int_equal(poll(&w, 1, 0), 0);
	r = box_record(id, SESSION_EXITED);
	r->exit_code = 3;
	box_record_write(b, r);
	assert_int_equal(poll(&w, 1, 1000), 1);
	scan(s, true, 1);
	assert_int_equal(sessions_at(s, 0)->record->exit_code, 3);
	assert_true(sessions_at(s, 0)->live);
	box_end(b, id);
	box_kill(pid);
	assert_int_equal(poll(&w, 1, 1000), 1);
	scan(s, true, 1);
	assert_false(sessions_at(s, 0)->live);
	assert_false(sessions_at(s, 0)->have_board);
	assert_int_equal(sessions_at(s, 0)->state, SESSION_EXITED);
	assert_false(was_reaped(b, id));
	scan(s, false, 0); /* takes the news that its watch is gone, too */
	assert_int_equal(poll(&w, 1, 0), 0);
	scan(s, true, 1);
	assert_int_equal(sessions_remove(s, id, NULL), 0);
	assert_int_equal(sessions_count(s), 0);
	assert_null(sessions_by_id(s, id));
	assert_int_equal(poll(&w, 1, 1000), 1);
	scan(s, true, 0);
	board_unmap(board);
	sessions_close(s);
}

/* One between mkdir and its name, and what is no session at all. */
static void test_ignored(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	int dir = box_dir(b->places.runtime_sessions_fd, ".new-0123456789ab");

	fd_close(&dir);
	dir = box_dir(b->places.runtime_sessions_fd, "lost+found");
	fd_close(&dir);
	assert_int_equal(symlinkat("/tmp", b->places.runtime_sessions_fd, other), 0);
	assert_int_equal(mkdirat(b->places.state_sessions_fd, id, 0700),
	                 0); /* its record is not there yet */
	scan(s, true, 0);
	sessions_close(s);
}

static void test_lost(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	struct board *board = NULL;
	pid_t pid = live_session(b, id, &board);

	scan(s, false, 1);
	box_kill(pid);
	scan(s, true, 1);
	assert_true(was_reaped(b, id));
	assert_int_equal(sessions_at(s, 0)->state, SESSION_LOST);
	assert_false(sessions_at(s, 0)->live);
	assert_int_equal(places_session_alive(&b->places, id), -ENOENT);
	scan(s, false, 0);
	board_unmap(board);
	sessions_close(s);
}

/* A supervisor that died after its last word and before its directory went. */
static void test_ended_half(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	pid_t pid = box_supervisor(b, id);

	box_record_write(b, box_record(id, SESSION_EXITED));
	scan(s, false, 1);
	box_kill(pid);
	scan(s, true, 1);
	assert_true(was_reaped(b, id));
	sessions_close(s);
}

/* Without a record: live it is starting; dead it is reaped only when the record had its time to
 * come. */
static void test_without_record(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	pid_t pid = box_supervisor(b, id);
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	scan(s, false, 1);
	assert_int_equal(sessions_at(s, 0)->state, SESSION_STARTING);
	assert_int_equal(sessions_at(s, 0)->record->uid, geteuid());
	assert_null(sessions_at(s, 0)->record->command[0]);
	box_kill(pid);
	scan(s, true, 1);
	assert_int_equal(sessions_at(s, 0)->state, SESSION_LOST);
	assert_false(was_reaped(b, id));
	assert_int_equal(utimensat(b->places.runtime_sessions_fd, id, old, 0), 0);
	scan(s, true, 0);
	assert_true(was_reaped(b, id));
	sessions_close(s);
}

static void test_bad_record(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	int dir = box_dir(b->places.state_sessions_fd, id);

	box_file(dir, "session.json", "{", 1);
	scan(s, true, 1);
	assert_int_equal(sessions_at(s, 0)->state, SESSION_LOST);
	assert_non_null(strstr(sessions_at(s, 0)->record->reason, "session.json"));
	box_record_write(b, box_record(id, SESSION_EXITED));
	scan(s, true, 1);
	assert_int_equal(sessions_at(s, 0)->state, SESSION_EXITED);
	box_file(dir, "session.json", "{", 1); /* a bad one does not take the good one away */
	scan(s, true, 1);
	assert_int_equal(sessions_at(s, 0)->state, SESSION_EXITED);
	sessions_close(s);
	s = open_list();
	box_record_write(b, box_record(other, SESSION_EXITED));
	assert_int_equal(renameat(b->places.state_sessions_fd, other, b->places.state_sessions_fd,
	                          "aaaaaaaaaaaa"),
	                 0);
	scan(s, true, 2); /* the record says another id */
	assert_int_equal(sessions_by_id(s, "aaaaaaaaaaaa")->state, SESSION_LOST);
	fd_close(&dir);
	sessions_close(s);
}

static void ended(const struct box *b, const char *which, const char *name, uint64_t seconds)
{
	struct session_record *r = box_record(which, SESSION_EXITED);

	snprintf(r->name, sizeof(r->name), "%s", name);
	r->started_wall = seconds * NS_PER_SEC;
	box_record_write(b, r);
}

static void found(struct sessions *s, const char *ref, const char *want)
{
	const struct session_view *v = NULL;
	struct error err = ERROR_INIT;

	if (sessions_find(s, ref, &v, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(v->id, want);
}

static void not_found(struct sessions *s, const char *ref, int code, const char *why)
{
	const struct session_view *v = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(sessions_find(s, ref, &v, &err), -code);
	assert_null(v);
	assert_string_equal(err.text, why);
}

static void test_order_and_find(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	struct board *board = NULL;
	pid_t pid;

	ended(b, "bbbbbbbbbbbb", "web", 300);
	ended(b, "aaaaaaaaaaaa", "web", 200);
	ended(b, "0123aaaaaaaa", "db", 200);
	found(s, "db", "0123aaaaaaaa"); /* looks by itself the first time */
	scan(s, true, 3);
	assert_string_equal(sessions_at(s, 0)->id, "0123aaaaaaaa");
	assert_string_equal(sessions_at(s, 1)->id, "aaaaaaaaaaaa");
	assert_string_equal(sessions_at(s, 2)->id, "bbbbbbbbbbbb");
	found(s, "aaaaaaaaaaaa", "aaaaaaaaaaaa");
	found(s, "b", "bbbbbbbbbbbb");
	not_found(s, "web", ENOTUNIQ, "web: ambiguous: aaaaaaaaaaaa (web), bbbbbbbbbbbb (web)");
	not_found(s, "c", ENOENT, "no such session: c");
	not_found(s, "", ENOENT, "no such session: ");
	not_found(s, "aaaaaaaaaaaaa", ENOENT, "no such session: aaaaaaaaaaaaa");
	pid = live_session(b, other, &board);
	scan(s, true, 4);
	not_found(s, "0123", ENOTUNIQ,
	          "0123: ambiguous: 0123aaaaaaaa (db), 0123ffffffff (agent-0123)");
	ended(b, "cccccccccccc", "agent-0123", 400);
	ended(b, "dddddddddddd", "0123", 500);
	scan(s, true, 6);
	found(s, "agent-0123", other);    /* the live one */
	found(s, "0123", "dddddddddddd"); /* a name before a prefix */
	box_kill(pid);
	board_unmap(board);
	sessions_close(s);
}

static void test_remove_refused(void **state)
{
	const struct box *b = *state;
	struct sessions *s = open_list();
	struct error err = ERROR_INIT;
	struct board *board = NULL;
	pid_t pid = live_session(b, id, &board);
	int fd = -1;

	scan(s, true, 1);
	assert_int_equal(sessions_remove(s, id, &err), -EBUSY);
	assert_string_equal(err.text, "0123456789ab: is live");
	assert_int_equal(sessions_remove(s, other, &err), -ENOENT);
	assert_int_equal(sessions_state_dir(s, other, &fd, NULL), -ENOENT);
	assert_int_equal(sessions_state_dir(s, id, &fd, NULL), 0);
	assert_int_equal(faccessat(fd, "session.json", F_OK, 0), 0);
	fd_close(&fd);
	box_kill(pid);
	board_unmap(board);
	sessions_close(s);
}

/* A user sees what root runs for them, and nothing else of root's; nor can they reap it. */
static int look_as_user(void)
{
	struct sessions *s = NULL;
	const struct session_view *v;

	if (sessions_open(&s, NULL) != 0 || sessions_scan(s, true, NULL) != 0)
		return 1;
	if (sessions_count(s) != 2)
		return 2;
	v = sessions_by_id(s, id);
	if (!v || !v->system || !v->live || v->state != SESSION_RUNNING || !v->have_board)
		return 3;
	v = sessions_by_id(s, "eeeeeeeeeeee");
	if (!v || v->live || v->state != SESSION_LOST)
		return 4;
	if (sessions_remove(s, "eeeeeeeeeeee", NULL) == 0)
		return 5;
	sessions_close(s);
	return 0;
}

static void open_to_all(const struct box *b, const char *which, const char *file)
{
	assert_int_equal(fchmodat(b->places.runtime_sessions_fd, which, 0755, 0), 0);
	assert_int_equal(fchmodat(b->places.state_sessions_fd, which, 0755, 0), 0);
	if (file)
		assert_int_equal(fchmodat(b->places.runtime_sessions_fd, file, 0644, 0), 0);
}

static void test_as_user(void **state)
{
	const struct box *b = *state;
	struct board *board[3] = { NULL };
	static const char *const ids[] = { id, other, "eeeeeeeeeeee" };
	char path[64];
	pid_t pids[3], pid;
	int status;

	if (geteuid() != 0) {
		print_message("becoming another user needs root\n");
		skip();
	}
	assert_int_equal(chmod(b->root, 0755), 0);
	for (int i = 0; i < 3; i++)
		pids[i] = live_session(b, ids[i], &board[i]);
	for (int i = 0; i < 3; i += 2) {
		snprintf(path, sizeof(path), "%s/lock", ids[i]);
		open_to_all(b, ids[i], path);
		snprintf(path, sizeof(path), "%s/board", ids[i]);
		open_to_all(b, ids[i], path);
		snprintf(path, sizeof(path), "%s/session.json", ids[i]);
		assert_int_equal(fchmodat(b->places.state_sessions_fd, path, 0644, 0), 0);
	}
	box_kill(pids[2]);
	pid = fork();
	if (pid == 0) {
		if (setgid(54321) < 0 || setuid(54321) < 0)
			_exit(100);
		_exit(look_as_user());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(was_reaped(b, "eeeeeeeeeeee"));
	for (int i = 0; i < 3; i++)
		board_unmap(board[i]);
	box_kill(pids[0]);
	box_kill(pids[1]);
}

static void printed(const struct session_view *v, const char *want)
{
	struct buf out = BUF_INIT;
	struct json_writer w = json_writer(&out);

	session_view_print(v, &w, NULL);
	assert_string_equal(buf_str(&out), want);
	buf_free(&out);
}

static void test_print(void **state)
{
	struct session_record *r = box_record(id, SESSION_EXITED);
	struct session_view *v = calloc(1, sizeof(*v));
	struct board_data *d = &v->board;

	(void)state;
	strcpy(v->id, id);
	v->record = r;
	v->state = SESSION_EXITED;
	r->uid = 7;
	r->reason = strdup("exit 0");
	r->exit_code = 0;
	r->ended_wall = r->started_wall + NS_PER_SEC;
	r->cpu_ns = 1500 * NS_PER_MS;
	r->memory_limit = 1024;
	r->cpus_milli = 1500;
	r->timeout_ns = 90 * NS_PER_SEC;
	r->idle_timeout_ns = 1500 * NS_PER_MS;
	r->pid = 99;
	printed(v,
	        "{\"id\":\"0123456789ab\",\"uuid\":\"6ba7b810-9dad-41d1-80b4-00c04fd430c8\","
	        "\"name\":\"agent-0123\",\"user\":\"someone\",\"uid\":7,\"state\":\"exited\","
	        "\"command\":[\"make\",\"test\"],\"policy\":\"default\","
	        "\"started\":\"2027-01-15T08:00:00.000Z\",\"ended\":\"2027-01-15T08:00:01.000Z\","
	        "\"exit_code\":0,\"reason\":\"exit 0\",\"pid\":null,"
	        "\"usage\":{\"cpu_percent\":null,\"cpu_seconds\":1.500,\"memory_bytes\":null,"
	        "\"memory_peak_bytes\":null,\"pids\":null,\"read_bytes\":null,\"write_bytes\":null,"
	        "\"net_in_bytes\":null,\"net_out_bytes\":null},"
	        "\"limits\":{\"memory_bytes\":1024,\"cpus\":1.500,\"pids\":null,\"timeout_s\":90,"
	        "\"idle_timeout_s\":1.500},"
	        "\"counts\":{\"exec\":null,\"exec_denied\":null,\"syscall_denied\":null,"
	        "\"connect\":null,\"connect_denied\":null,\"dns_denied\":null},\"approvals\":0}");

	v->live = v->have_board = true;
	v->state = SESSION_RUNNING;
	r->exit_code = -1;
	r->ended_wall = 0;
	r->reason[0] = '\0';
	d->agent_pid = 100;
	d->memory = 0;
	d->cpu_ns = d->memory_peak = d->pids = d->read_bytes = d->write_bytes = -1;
	d->net_in = d->net_out = d->exec_denied = d->syscall_denied = -1;
	d->connects = d->connect_denied = d->dns_denied = -1;
	d->execs = 5;
	d->approvals = 2;
	d->sample_head = d->sample_count = 1;
	d->samples[0].cpu_permille = 1234;
	printed(v,
	        "{\"id\":\"0123456789ab\",\"uuid\":\"6ba7b810-9dad-41d1-80b4-00c04fd430c8\","
	        "\"name\":\"agent-0123\",\"user\":\"someone\",\"uid\":7,\"state\":\"running\","
	        "\"command\":[\"make\",\"test\"],\"policy\":\"default\","
	        "\"started\":\"2027-01-15T08:00:00.000Z\",\"ended\":null,"
	        "\"exit_code\":null,\"reason\":null,\"pid\":100,"
	        "\"usage\":{\"cpu_percent\":123.4,\"cpu_seconds\":null,\"memory_bytes\":0,"
	        "\"memory_peak_bytes\":null,\"pids\":null,\"read_bytes\":null,\"write_bytes\":null,"
	        "\"net_in_bytes\":null,\"net_out_bytes\":null},"
	        "\"limits\":{\"memory_bytes\":1024,\"cpus\":1.500,\"pids\":null,\"timeout_s\":90,"
	        "\"idle_timeout_s\":1.500},"
	        "\"counts\":{\"exec\":5,\"exec_denied\":null,\"syscall_denied\":null,"
	        "\"connect\":null,\"connect_denied\":null,\"dns_denied\":null},\"approvals\":2}");
	session_record_free(r);
	free(v);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		in_box(test_nothing),        in_box(test_directories_appear),
		in_box(test_live),           in_box(test_changes_wake),
		in_box(test_ignored),        in_box(test_lost),
		in_box(test_ended_half),     in_box(test_without_record),
		in_box(test_bad_record),     in_box(test_order_and_find),
		in_box(test_remove_refused), in_box(test_as_user),
		in_box(test_print),
	};

	if (argc == 3 && strcmp(argv[1], "__reap") == 0)
		return reap(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
