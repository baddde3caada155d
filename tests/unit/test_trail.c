/*
 * test_trail.c: the trail's writer: records that verify, taking up where a dead supervisor
 * stopped, and full disks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/base/bounds.h"
#include "core/session/trail.h"
#include "tests/unit/place.h"

static int put(struct trail *t, const char *kind, const char *detail)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(t, &b, kind);

	json_put_string(&w, "detail", detail);
	return trail_put(t, &w, &b);
}

/* Checks every line and gives how many there are; the file must end with a whole one, whose chain
 * is *chain. */
static int verify(int dirfd, char chain[CHAIN_HEX])
{
	char *text = NULL;
	size_t len = 0;
	int n = 0;

	strcpy(chain, CHAIN_START);
	assert_int_equal(fd_read_file(dirfd, "trail.jsonl", 1 << 24, &text, &len, NULL), 0);
	for (char *at = text, *end; at < text + len; at = end + 1) {
		end = memchr(at, '\n', len - (size_t)(at - text));
		assert_non_null(end);
		assert_int_equal(chain_check(chain, at, (size_t)(end - at)), 0);
		n++;
	}
	free(text);
	return n;
}

static void add_raw(const char *bytes)
{
	int fd = open("trail.jsonl", O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(fd_write_all(fd, bytes, strlen(bytes)), 0);
	fd_close(&fd);
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void make_trail(const struct place *p, struct trail *t, int n)
{
	assert_int_equal(trail_create(t, p->fd, NULL), 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(put(t, "limit", "some"), 0);
}

static void test_chain(void **state)
{
	struct place *p = *state;
	struct trail t;
	char chain[CHAIN_HEX];
	char *text = NULL;
	size_t len;

	assert_int_equal(trail_create(&t, p->fd, NULL), 0);
	t.policy_sha256 = "feed";
	t.policy_revision = 7;
	assert_int_equal(put(&t, "limit", "\"quoted\"\n\x1b[31m"), 0);
	assert_int_equal(put(&t, "signal", "two"), 0);
	assert_int_equal(t.seq, 2);
	assert_int_equal(verify(p->fd, chain), 2);
	assert_string_equal(chain, t.chain);
	assert_int_equal(fd_read_file(p->fd, "trail.jsonl", 4096, &text, &len, NULL), 0);
	assert_ptr_equal(strstr(text, "{\"seq\":1,\"time\":\""), text);
	assert_non_null(strstr(text, "\n{\"seq\":2,"));
	assert_non_null(strstr(
		text, "\"kind\":\"signal\",\"policy_revision\":7,\"policy_sha256\":\"feed\""));
	free(text);
	assert_true(t.dirty);
	trail_sync(&t);
	assert_false(t.dirty);
	trail_finish(&t);
	assert_int_equal(t.fd, -1);
}

static void test_one_trail_only(void **state)
{
	struct place *p = *state;
	struct error err = ERROR_INIT;
	struct trail t, other;

	make_trail(p, &t, 1);
	assert_int_equal(trail_create(&other, p->fd, &err), -EEXIST);
	assert_non_null(strstr(err.text, "trail.jsonl"));
	trail_finish(&t);
}

static void test_resume(void **state)
{
	static const char *const torn[] = { "", "{", "{\"seq\":4,\"time\":\"2026", "{\"seq\":4}" };
	struct place *p = *state;
	char chain[CHAIN_HEX];
	struct trail t;

	make_trail(p, &t, 3);
	trail_finish(&t);
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		add_raw(torn[i]);
		assert_int_equal(trail_resume(&t, p->fd, NULL), 0);
		assert_int_equal(t.seq, 3 + i);
		assert_int_equal(put(&t, "state", "lost"), 0);
		trail_finish(&t);
		assert_int_equal(verify(p->fd, chain), 4 + (int)i);
		assert_string_equal(chain, t.chain);
	}
}

static void test_resume_long_lines(void **state)
{
	struct place *p = *state;
	char chain[CHAIN_HEX];
	struct trail t;
	char *detail = malloc(TRAIL_LINE_MAX);

	memset(detail, 'x', TRAIL_LINE_MAX);
	detail[TRAIL_LINE_MAX - 1024] = '\0';
	make_trail(p, &t, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(put(&t, "exec", detail), 0);
	trail_finish(&t);
	/* and a torn one that is as long */
	add_raw(detail);
	assert_int_equal(trail_resume(&t, p->fd, NULL), 0);
	assert_int_equal(t.seq, 4);
	assert_int_equal(put(&t, "state", "lost"), 0);
	trail_finish(&t);
	assert_int_equal(verify(p->fd, chain), 5);
	free(detail);
}

static void test_resume_empty(void **state)
{
	struct place *p = *state;
	char chain[CHAIN_HEX];
	struct trail t;

	make_file("trail.jsonl", "{\"torn");
	assert_int_equal(trail_resume(&t, p->fd, NULL), 0);
	assert_int_equal(t.seq, 0);
	assert_int_equal(put(&t, "state", "lost"), 0);
	trail_finish(&t);
	assert_int_equal(verify(p->fd, chain), 1);
}

/* What is no trail is left as it is, and no descriptor stays open. */
static void test_resume_refuses(void **state)
{
	static const char *const lines[] = {
		"nonsense\n",
		"{}\n",
		"{\"seq\":0,\"chain\":\"" CHAIN_START "\"}\n",
		"{\"seq\":-1,\"chain\":\"" CHAIN_START "\"}\n",
		"{\"seq\":9223372036854775807,\"chain\":\"" CHAIN_START "\"}\n",
		"{\"seq\":1,\"chain\":\"abc\"}\n",
		"{\"seq\":1,\"chain\":\"" CHAIN_START "0\"}\n",
		"{\"seq\":1,\"chain\":7}\n",
		"\n",
	};
	struct place *p = *state;
	int before = open_fds();
	struct trail t;

	assert_int_equal(trail_resume(&t, p->fd, NULL), -ENOENT);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct error err = ERROR_INIT;

		make_file("trail.jsonl", lines[i]);
		assert_true(trail_resume(&t, p->fd, &err) < 0);
		assert_string_not_equal(err.text, "");
		assert_int_equal(t.fd, -1);
		check_file("trail.jsonl", lines[i]);
	}
	assert_int_equal(unlink("trail.jsonl"), 0);
	assert_int_equal(symlink("/etc/passwd", "trail.jsonl"), 0);
	assert_int_equal(trail_resume(&t, p->fd, NULL), -ELOOP);
	assert_int_equal(open_fds(), before);
}

/* In a private mount namespace: a disk of 64 kB. */
static int full_disk(void)
{
	static char detail[3000];
	char chain[CHAIN_HEX], before[CHAIN_HEX];
	struct trail t;
	off_t size;
	int dir, r = 0;
	uint64_t seq;

	if (mkdir("small", 0700) < 0 || mount("none", "small", "tmpfs", 0, "size=64k") < 0)
		return 77;
	if (chdir("small") < 0)
		return 1;
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memset(detail, 'd', sizeof(detail) - 1);
	assert_int_equal(trail_create(&t, dir, NULL), 0);
	for (int i = 0; i < 100 && r == 0; i++) {
		seq = t.seq;
		strcpy(before, t.chain);
		size = size_of("trail.jsonl");
		r = put(&t, "exec", detail);
	}
	/* a part of the record had been written: cut off again, nothing moved on */
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(t.failed, -ENOSPC);
	assert_int_equal(t.seq, seq);
	assert_string_equal(t.chain, before);
	assert_int_equal(size_of("trail.jsonl"), size);
	assert_int_equal(verify(dir, chain), seq);
	assert_string_equal(chain, before);
	/* a short one would fit: but one is missing, so nothing more is written */
	assert_int_equal(put(&t, "state", "x"), -ENOSPC);
	assert_int_equal(size_of("trail.jsonl"), size);
	trail_finish(&t);
	/* who takes it up later, with room again, goes on where it ended */
	assert_int_equal(mount(NULL, ".", NULL, MS_REMOUNT, "size=128k"), 0);
	assert_int_equal(trail_resume(&t, dir, NULL), 0);
	assert_int_equal(t.seq, seq);
	assert_int_equal(put(&t, "state", "lost"), 0);
	trail_finish(&t);
	assert_int_equal(verify(dir, chain), seq + 1);
	fd_close(&dir);
	return 0;
}

static void test_full_disk(void **state)
{
	(void)state;
	check_in_private_mounts(full_disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(test_chain),        in_place(test_one_trail_only),
		in_place(test_resume),       in_place(test_resume_long_lines),
		in_place(test_resume_empty), in_place(test_resume_refuses),
		in_place(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
