/*
 * sessions_box.h: for tests of what viewers see: runtime and state directories of one's own and
 * sessions in them, whose locks are held by real processes. Include after cmocka.h.
 */
#ifndef WARDER_TESTS_SESSIONS_BOX_H
#define WARDER_TESTS_SESSIONS_BOX_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/wire/board.h"
#include "core/wire/chain.h"
#include "core/wire/places.h"
#include "core/wire/record.h"

struct box {
	char root[64];
	struct places places;
};

static inline int box_enter(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	char path[128];

	strcpy(b->root, "/tmp/test_sessions.XXXXXX");
	if (!mkdtemp(b->root))
		return -1;
	snprintf(path, sizeof(path), "%s/run", b->root);
	setenv("WARDER_RUNTIME_DIR", path, 1);
	snprintf(path, sizeof(path), "%s/state", b->root);
	setenv("WARDER_STATE_DIR", path, 1);
	*state = b;
	return places_open(&b->places, true, NULL);
}

static inline int box_leave(void **state)
{
	struct box *b = *state;
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd_remove_tree(tmp, b->root + strlen("/tmp/"));

	fd_close(&tmp);
	places_close(&b->places);
	free(b);
	return r;
}

#define in_box(test) cmocka_unit_test_setup_teardown(test, box_enter, box_leave)

static inline int box_dir(int parent, const char *name)
{
	if (mkdirat(parent, name, 0700) < 0)
		assert_int_equal(errno, EEXIST);
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void box_file(int dir, const char *name, const char *text, size_t len)
{
	assert_int_equal(fd_write_file_atomic(dir, name, text, len, 0600, NULL), 0);
}

/* A record to be changed and written; freed by box_record_write. */
static inline struct session_record *box_record(const char *id, enum session_state state)
{
	struct session_record *r = calloc(1, sizeof(*r));

	snprintf(r->id, sizeof(r->id), "%s", id);
	snprintf(r->uuid, sizeof(r->uuid), "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
	snprintf(r->name, sizeof(r->name), "agent-%.4s", id);
	r->user = strdup("someone");
	r->uid = geteuid();
	r->state = state;
	r->command = calloc(3, sizeof(*r->command));
	r->command[0] = strdup("make");
	r->command[1] = strdup("test");
	r->policy = strdup("default");
	r->started_wall = 1800000000ULL * NS_PER_SEC;
	r->exit_code = -1;
	r->cpu_ns = r->memory_peak = r->read_bytes = r->write_bytes = -1;
	r->net_in = r->net_out = r->execs = -1;
	return r;
}

static inline void box_record_write(const struct box *b, struct session_record *r)
{
	struct buf text = BUF_INIT;
	int dir = box_dir(b->places.state_sessions_fd, r->id);

	session_record_print(r, &text);
	assert_false(text.failed);
	box_file(dir, "session.json", text.data, text.len);
	buf_free(&text);
	fd_close(&dir);
	session_record_free(r);
}

/* A process that holds the session's lock, as a supervisor does, until box_kill. */
static inline pid_t box_supervisor(const struct box *b, const char *id)
{
	int dir = box_dir(b->places.runtime_sessions_fd, id);
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (lock < 0 || fd_lock(lock) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	fd_close(&dir);
	return pid;
}

static inline void box_kill(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* The session's runtime directory as a supervisor takes it away at its end. */
static inline void box_end(const struct box *b, const char *id)
{
	assert_int_equal(fd_remove_tree(b->places.runtime_sessions_fd, id), 0);
}

/* A trail of n records; *chain is that of the last. */
static inline void box_trail(const struct box *b, const char *id, int n, char chain[CHAIN_HEX])
{
	int dir = box_dir(b->places.state_sessions_fd, id);
	struct buf text = BUF_INIT;

	strcpy(chain, CHAIN_START);
	for (int i = 1; i <= n; i++) {
		char line[128];

		snprintf(line, sizeof(line),
		         "{\"seq\":%d,\"time\":\"2026-11-28T12:04:%02d.000Z\",\"kind\":\"gap\","
		         "\"missed\":%d}",
		         i, i % 60, i);
		chain_append(&text, chain, line, strlen(line));
	}
	box_file(dir, "trail.jsonl", text.data ? text.data : "", text.len);
	buf_free(&text);
	fd_close(&dir);
}

#endif
