/*
 * reap.c: `warder __reap ID`: a supervisor died without ending its session. Its agent died with it
 * (pid 1's parent-death signal); this makes sure (cgroup), takes away what is left, and says
 * `lost` in trail and session.json. A session whose lock is held is never touched, and a lock of
 * the reapers' own makes one of them the only one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/layers/identity.h"
#include "core/session/entry.h"
#include "core/session/registry.h"
#include "core/session/trail.h"
#include "core/wire/places.h"
#include "core/wire/record.h"

static int read_record(int state_fd, struct session_record **ret)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = fd_read_file(state_fd, RECORD_FILE, DOTFILE_MAX * 4, &text, &len, NULL);

	return r < 0 ? r : session_record_parse(RECORD_FILE, text, len, ret, NULL);
}

/* The supervisor left no spare: who may read the record stays as it was this way too. */
static void write_in_place(int state_fd, const struct buf *b)
{
	CLEANUP_FD int fd = openat(state_fd, RECORD_FILE, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && fd_write_all(fd, b->data, b->len) == 0)
		(void)!ftruncate(fd, (off_t)b->len);
}

static void write_lost(int state_fd, struct session_record *rec)
{
	static const char reason[] = "lost: its supervisor ended without ending it";
	struct trail t;
	struct buf line = BUF_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct json_writer w;

	if (trail_resume(&t, state_fd, NULL) == 0) {
		t.policy_sha256 = rec->policy_sha256;
		t.policy_revision = rec->policy_revision;
		w = trail_begin(&t, &line, "state");
		json_put_string(&w, "from", session_state_names[rec->state]);
		json_put_string(&w, "to", session_state_names[SESSION_LOST]);
		json_put_string(&w, "reason", reason);
		json_put_null(&w, "exit_code");
		(void)trail_put(&t, &w, &line);
		rec->trail_seq = t.seq;
		snprintf(rec->trail_chain, sizeof(rec->trail_chain), "%s", t.chain);
		trail_finish(&t);
	}
	rec->state = SESSION_LOST;
	rec->ended_wall = clock_wall();
	rec->exit_code = -1;
	rec->pid = 0;
	free(rec->reason);
	rec->reason = strdup(reason);
	session_record_print(rec, &out);
	if (!out.failed && record_replace(state_fd, out.data, out.len) < 0)
		write_in_place(state_fd, &out);
}

/* The session's lock is ours. Without a readable record there is nothing to say `lost` in, but all
 * the rest is done. */
static int reap(struct places *p, const char *id, struct session_record *rec, int state_fd,
                int lock_fd)
{
	int r = registry_end_cgroup(lock_fd, id);

	if (r < 0)
		return r; /* something of it may live: left as it is for the next try */
	if (rec && session_state_live(rec->state))
		write_lost(state_fd, rec);
	registry_drop_name(p, rec ? rec->name : NULL, id);
	(void)identity_reclaim(p->runtime, id);
	return registry_remove(p, id);
}

int reap_main(const char *id)
{
	struct places p;
	struct session_record *rec = NULL;
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int lock = -1;
	CLEANUP_FD int turn = -1;
	CLEANUP_FD int state = -1;
	int r;

	if (!session_id_valid(id) || places_open(&p, false, NULL) < 0)
		return 2;
	dir = openat(p.runtime_sessions_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0) {
		places_close(&p);
		return 0;
	}
	lock = openat(dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	/* a file that nobody else may open: the session's owner cannot hold the reaper up */
	turn = openat(dir, "reaper", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0 || turn < 0 || fd_locked(lock) != 0 || fd_lock(turn) < 0) {
		places_close(&p);
		return 0; /* alive, or being reaped by another */
	}
	state = openat(p.state_sessions_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (state >= 0)
		(void)read_record(state, &rec);
	r = reap(&p, id, rec, state, lock);
	session_record_free(rec);
	places_close(&p);
	return r < 0 ? 1 : 0;
}
