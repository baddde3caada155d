/*
 * test_trail_reader.c: following a growing trail, finding where one was tampered with, and records
 * as lines for people, whatever bytes an agent put into them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <time.h>

#include "core/api/trail.h"
#include "core/base/bounds.h"
#include "tests/unit/sessions_box.h"

static const char id[] = "0123456789ab";

static void append(const struct box *b, const char *text, size_t len)
{
	int dir = box_dir(b->places.state_sessions_fd, id);
	int fd = openat(dir, "trail.jsonl", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, text, len), 0);
	fd_close(&fd);
	fd_close(&dir);
}

static void expect_line(struct trail_reader *t, const char *want)
{
	const char *line;
	size_t len;

	assert_int_equal(trail_next(t, &line, &len, NULL), 1);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(line, want, len);
}

static void expect_end(struct trail_reader *t)
{
	const char *line;
	size_t len;

	assert_int_equal(trail_next(t, &line, &len, NULL), 0);
}

static void test_follow(void **state)
{
	const struct box *b = *state;
	struct trail_reader *t = NULL;
	struct pollfd p = { .events = POLLIN };
	const char *line;
	size_t len;

	append(b, "{\"a\":1}\n{\"b\"", 12);
	assert_int_equal(trail_open(id, &t, NULL), 0);
	p.fd = trail_watch_fd(t);
	assert_true(p.fd >= 0);
	assert_int_equal(trail_watch_fd(t), p.fd);
	expect_line(t, "{\"a\":1}");
	expect_end(t); /* a begun line waits */
	assert_int_equal(poll(&p, 1, 0), 0);
	append(b, ":2}\n", 4);
	assert_int_equal(poll(&p, 1, 1000), 1);
	expect_line(t, "{\"b\":2}");
	expect_end(t);
	assert_int_equal(poll(&p, 1, 0), 0);
	append(b, "\n", 1);
	assert_int_equal(trail_next(t, &line, &len, NULL), 1);
	assert_int_equal(len, 0);
	trail_close(t);
	trail_close(NULL);
}

static void test_long_lines(void **state)
{
	const struct box *b = *state;
	char *text = malloc(TRAIL_LINE_MAX + 2);
	struct error err = ERROR_INIT;
	struct trail_reader *t = NULL;
	const char *line;
	size_t len;

	memset(text, 'x', TRAIL_LINE_MAX + 1);
	text[TRAIL_LINE_MAX] = '\n';
	append(b, "a\n", 2);
	append(b, text, TRAIL_LINE_MAX + 1);
	assert_int_equal(trail_open(id, &t, NULL), 0);
	expect_line(t, "a");
	assert_int_equal(trail_next(t, &line, &len, NULL), 1);
	assert_int_equal(len, TRAIL_LINE_MAX);
	text[TRAIL_LINE_MAX] = 'x';
	append(b, text, TRAIL_LINE_MAX + 1);
	assert_int_equal(trail_next(t, &line, &len, &err), -EBADMSG);
	assert_string_equal(err.text, "trail.jsonl: line 3 is longer than 262144 bytes");
	trail_close(t);
	free(text);
}

static void test_not_there(void **state)
{
	const struct box *b = *state;
	struct error err = ERROR_INIT;
	struct trail_reader *t = NULL;
	int dir;

	assert_int_equal(trail_open(id, &t, &err), -ENOENT);
	assert_string_equal(err.text, "no such session: 0123456789ab");
	assert_int_equal(trail_open("../../etc", &t, &err), -ENOENT);
	dir = box_dir(b->places.state_sessions_fd, id);
	assert_int_equal(trail_open(id, &t, &err), -ENOENT);
	assert_string_equal(err.text, "trail.jsonl: No such file or directory");
	assert_int_equal(mkfifoat(dir, "trail.jsonl", 0600), 0);
	assert_int_equal(trail_open(id, &t, &err), -EBADMSG); /* and does not hang */
	fd_close(&dir);
}

/* ---- verifying ---- */

static char *read_trail(const struct box *b, size_t *ret_len)
{
	int dir = box_dir(b->places.state_sessions_fd, id);
	char *text = NULL;

	assert_int_equal(fd_read_file(dir, "trail.jsonl", 100000, &text, ret_len, NULL), 0);
	fd_close(&dir);
	return text;
}

static void write_trail(const struct box *b, const char *text, size_t len)
{
	int dir = box_dir(b->places.state_sessions_fd, id);

	box_file(dir, "trail.jsonl", text, len);
	fd_close(&dir);
}

/* An ended session of n records. */
static void ended_session(const struct box *b, int n)
{
	struct session_record *r = box_record(id, SESSION_EXITED);
	char chain[CHAIN_HEX];

	box_trail(b, id, n, chain);
	r->trail_seq = (uint64_t)n;
	strcpy(r->trail_chain, chain);
	box_record_write(b, r);
}

static void verdict(bool intact, uint64_t records, uint64_t line, const char *detail)
{
	struct trail_verdict v;
	struct error err = ERROR_INIT;

	if (trail_verify(id, &v, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(v.detail, detail);
	assert_int_equal(v.intact, intact);
	assert_int_equal(v.records, records);
	assert_int_equal(v.broken_line, line);
}

static void test_intact(void **state)
{
	ended_session(*state, 20);
	verdict(true, 20, 0, "");
}

static char *line_start(char *text, int line)
{
	while (--line > 0)
		text = strchr(text, '\n') + 1;
	return text;
}

static void test_changed(void **state)
{
	const struct box *b = *state;
	char *text;
	size_t len;

	ended_session(b, 20);
	text = read_trail(b, &len);
	*strstr(line_start(text, 12), "12:04") = '0';
	write_trail(b, text, len);
	verdict(false, 11, 12,
	        "line 12: does not fit its chain: it was changed, or what is before it");
	line_start(text, 12)[0] = '[';
	write_trail(b, text, len);
	verdict(false, 11, 12, "line 12: is not a record");
	free(text);
}

static void test_removed(void **state)
{
	const struct box *b = *state;
	char *text, *from, *to;
	size_t len;

	ended_session(b, 20);
	text = read_trail(b, &len);
	from = line_start(text, 12);
	to = line_start(text, 13);
	memmove(from, to, len - (size_t)(to - text));
	write_trail(b, text, len - (size_t)(to - from));
	verdict(false, 11, 12, "line 12: seq 13 follows 11");
	from = line_start(text, 2);
	write_trail(b, from, strlen(from) > 100 ? 100 : strlen(from));
	verdict(false, 0, 0, "the last 20 records are missing"); /* no whole line is left */
	free(text);
}

static void test_start_removed(void **state)
{
	const struct box *b = *state;
	char *text;
	size_t len;

	ended_session(b, 3);
	text = read_trail(b, &len);
	write_trail(b, line_start(text, 2), len - (size_t)(line_start(text, 2) - text));
	verdict(false, 0, 1, "line 1: seq 2 comes first, expected 1");
	free(text);
}

static void test_cut(void **state)
{
	const struct box *b = *state;
	char *text;
	size_t len;

	ended_session(b, 20);
	text = read_trail(b, &len);
	write_trail(b, text, (size_t)(line_start(text, 18) - text));
	verdict(false, 17, 0, "the last 3 records are missing");
	write_trail(b, text, (size_t)(line_start(text, 20) - text));
	verdict(false, 19, 0, "the last 1 record is missing");
	write_trail(b, "", 0);
	verdict(false, 0, 0, "the last 20 records are missing");
	free(text);
}

/* The chain holds no secret: anybody can write a whole new trail, or go on with one. */
static void test_forged(void **state)
{
	const struct box *b = *state;
	char chain[CHAIN_HEX];
	char *text;
	size_t len;

	ended_session(b, 4);
	text = read_trail(b, &len);
	box_trail(b, id, 5, chain);
	verdict(false, 4, 5, "line 5: stands after the session's last record (seq 4)");
	write_trail(b, text, len);
	append(b, "{\"seq\":5", 8);
	verdict(false, 4, 5, "line 5: is cut off");
	free(text);

	struct buf anew = BUF_INIT;

	strcpy(chain, CHAIN_START);
	for (int i = 1; i <= 4; i++) {
		char line[64];

		snprintf(line, sizeof(line), "{\"seq\":%d,\"kind\":\"nothing\"}", i);
		chain_append(&anew, chain, line, strlen(line));
	}
	write_trail(b, anew.data, anew.len);
	verdict(false, 3, 4, "line 4: its chain is not the one that the supervisor published");
	buf_free(&anew);
}

/* While it lives the board knows the newest record, and session.json an older one. */
static void test_live(void **state)
{
	const struct box *b = *state;
	pid_t pid = box_supervisor(b, id);
	int dir = box_dir(b->places.runtime_sessions_fd, id);
	struct session_record *r = box_record(id, SESSION_RUNNING);
	struct board *board = NULL;
	char chain[CHAIN_HEX];
	int fd = -1;

	r->trail_seq = 2;
	strcpy(r->trail_chain, CHAIN_START); /* an old one, not to be asked */
	box_record_write(b, r);
	assert_int_equal(board_create(dir, "board", &board, &fd, NULL), 0);
	box_trail(b, id, 6, chain);
	board->data.trail_seq = 6;
	strcpy(board->data.trail_chain, chain);
	verdict(true, 6, 0, "");
	box_trail(b, id, 8, chain);
	append(b, "{\"seq\":9", 8); /* a record on its way */
	verdict(true, 8, 0, "");
	box_trail(b, id, 4, chain);
	verdict(false, 4, 0, "the last 2 records are missing");
	board_unmap(board);
	fd_close(&fd);
	fd_close(&dir);
	box_kill(pid);
}

/* ---- for people ---- */

static void shown(const char *record, const char *want)
{
	struct buf out = BUF_INIT;

	trail_format(record, strlen(record), &out);
	assert_string_equal(buf_str(&out), want);
	buf_free(&out);
}

#define AT "\"seq\":1,\"time\":\"2026-11-28T12:04:31.500Z\",\"policy_revision\":1,"

static void test_format(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	shown("{" AT
	      "\"kind\":\"layer\",\"name\":\"seccomp\",\"status\":\"enforced\",\"reason\":\"\"}",
	      "12:04:31 layer seccomp enforced");
	shown("{" AT
	      "\"kind\":\"layer\",\"name\":\"limits\",\"status\":\"off\",\"reason\":\"by policy\"}",
	      "12:04:31 layer limits off: by policy");
	shown("{" AT "\"kind\":\"state\",\"from\":null,\"to\":\"starting\",\"reason\":null}",
	      "12:04:31 state starting");
	shown("{" AT
	      "\"kind\":\"state\",\"from\":\"running\",\"to\":\"exited\",\"reason\":\"exit 1\","
	      "\"exit_code\":1}",
	      "12:04:31 state running -> exited: exit 1");
	shown("{" AT "\"kind\":\"state\",\"from\":\"running\",\"to\":\"exited\",\"exit_code\":3}",
	      "12:04:31 state running -> exited: exit 3");
	shown("{" AT "\"kind\":\"state\",\"from\":\"starting\",\"to\":\"running\",\"user\":\"jo\","
	      "\"command\":[\"sh\",\"-c\",\"echo \\u001b[2J\"]}",
	      "12:04:31 state starting -> running: jo: sh -c $'echo \\e[2J'");
	shown("{" AT "\"kind\":\"signal\",\"by_uid\":0,\"signal\":15}",
	      "12:04:31 signal TERM by uid 0");
	shown("{" AT "\"kind\":\"signal\",\"by_uid\":0,\"signal\":999}",
	      "12:04:31 signal 999 by uid 0");
	shown("{" AT "\"kind\":\"limit\",\"which\":\"memory\",\"detail\":\"2.0G\"}",
	      "12:04:31 limit memory: 2.0G");
	shown("{" AT "\"kind\":\"attach\",\"by_uid\":7}", "12:04:31 attach by uid 7");
	shown("{" AT "\"kind\":\"attach\",\"by_uid\":7,\"attached\":false}",
	      "12:04:31 attach ended by uid 7");
	shown("{" AT "\"kind\":\"gap\",\"missed\":12}", "12:04:31 gap missed: 12");
	shown("{" AT "\"kind\":\"policy\",\"by_uid\":0,\"path\":\"limits.memory\",\"old\":\"1g\","
	      "\"new\":\"2g\"}",
	      "12:04:31 policy limits.memory 1g -> 2g by uid 0");
	shown("{" AT "\"kind\":\"exec\",\"pid\":3,\"exe\":\"/bin/a\",\"argv\":[\"a\",\"b "
	      "c\"],\"cwd\":\"/w\","
	      "\"verified\":true}",
	      "12:04:31 exec a 'b c'  exe /bin/a  in /w  pid 3");
	shown("{" AT "\"kind\":\"exec\",\"pid\":3,\"argv\":[\"a\"],\"verified\":false,"
	      "\"unverified_because\":\"already traced by another process\"}",
	      "12:04:31 exec a  NOT VERIFIED: already traced by another process  pid 3");
	shown("{" AT "\"kind\":\"exec_end\",\"pid\":3,\"exec_seq\":12,\"duration_ms\":1500,"
	      "\"exit_code\":0,\"signal\":null}",
	      "12:04:31 exec_end of 12 after 1.500 s, exit 0, pid 3");
	shown("{" AT
	      "\"kind\":\"exec_failed\",\"pid\":3,\"argv\":[\"a\",\"b c\"],\"ok\":true,\"by\":null,"
	      "\"load\":1.5,\"more\":{},\"chain\":\"00\"}",
	      "12:04:31 exec_failed pid=3 argv=a 'b c' ok=yes load=1.5 more=…");
}

static void test_format_hostile(void **state)
{
	(void)state;
	shown("{\"kind\":\"\\u001b]0;x\\u0007\",\"k\\u009b\":\"\\u202e\\n\"}",
	      "--:--:-- \\e]0;x\\x07 k\\u009b=\\u202e\\n");
	shown("{\"kind\":7}", "--:--:-- not a record: {\"kind\":7}");
	shown("\x1b[2J", "--:--:-- not a record: \\e[2J");
	shown("", "--:--:-- not a record: ");
	shown("{\"kind\":\"gap\",\"time\":\"now\"}", "--:--:-- gap");
}

static void test_tail(void **state)
{
	const struct box *b = *state;
	char chain[CHAIN_HEX];
	struct buf out = BUF_INIT;

	setenv("TZ", "UTC", 1);
	tzset();
	box_trail(b, id, 1000, chain);
	assert_int_equal(trail_tail(id, 2, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "12:04:39 gap missed: 999\n12:04:40 gap missed: 1000\n");
	buf_free(&out);
	append(b, "{\"torn", 6);
	assert_int_equal(trail_tail(id, 1, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "12:04:40 gap missed: 1000\n");
	buf_free(&out);
	assert_int_equal(trail_tail(id, 0, &out, NULL), 0);
	assert_int_equal(out.len, 0);
	box_trail(b, id, 2, chain);
	assert_int_equal(trail_tail(id, TRAIL_TAIL_MAX, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "12:04:01 gap missed: 1\n12:04:02 gap missed: 2\n");
	buf_free(&out);
	box_trail(b, id, 0, chain);
	assert_int_equal(trail_tail(id, 5, &out, NULL), 0);
	assert_int_equal(out.len, 0);
}

/* Records far longer than what is looked at first. */
static void test_tail_of_long_lines(void **state)
{
	const struct box *b = *state;
	struct buf out = BUF_INIT, text = BUF_INIT;
	char chain[CHAIN_HEX] = CHAIN_START;
	int lines = 0;

	for (int i = 0; i < 5; i++) {
		struct buf line = BUF_INIT;

		buf_adds(&line, "{\"kind\":\"limit\",\"pad\":\"");
		for (int k = 0; k < 50000; k++)
			buf_addc(&line, 'x');
		buf_addf(&line, "\",\"which\":\"%d\"}", i);
		chain_append(&text, chain, line.data, line.len);
		buf_free(&line);
	}
	append(b, text.data, text.len);
	assert_int_equal(trail_tail(id, 3, &out, NULL), 0);
	for (const char *p = buf_str(&out); (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 3);
	assert_non_null(strstr(buf_str(&out), "limit 2\n"));
	buf_free(&out);
	buf_free(&text);
}

static void test_output(void **state)
{
	const struct box *b = *state;
	int dir = box_dir(b->places.state_sessions_fd, id);
	int old = 99, now = 99;

	assert_int_equal(output_open(id, &old, &now, NULL), 0);
	assert_int_equal(old, -1);
	assert_int_equal(now, -1);
	box_file(dir, "output", "new", 3);
	assert_int_equal(output_open(id, &old, &now, NULL), 0);
	assert_int_equal(old, -1);
	fd_close(&now);
	box_file(dir, "output.1", "old", 3);
	assert_int_equal(output_open(id, &old, &now, NULL), 0);
	assert_true(old >= 0 && now >= 0);
	fd_close(&old);
	fd_close(&now);
	assert_int_equal(unlinkat(dir, "output", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir, "output"), 0);
	assert_int_equal(output_open(id, &old, &now, NULL), -ELOOP);
	fd_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_box(test_follow),        in_box(test_long_lines),
		in_box(test_not_there),     in_box(test_intact),
		in_box(test_changed),       in_box(test_removed),
		in_box(test_start_removed), in_box(test_cut),
		in_box(test_forged),        in_box(test_live),
		in_box(test_format),        in_box(test_format_hostile),
		in_box(test_tail),          in_box(test_tail_of_long_lines),
		in_box(test_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
