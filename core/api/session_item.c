/*
 * session_item.c: one session as a viewer knows it.
 *
 * The order matters: first whether it is alive, then its record. A supervisor writes the final
 * record before it lets go of its lock, so a free lock with a live record means that it died. Its
 * directory only ever had the name ID while the lock was held, so there is no race with one that is
 * starting.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/api/sessions_list.h"
#include "core/api/spawn.h"
#include "core/base/bounds.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

#define REAP_AGAIN_NS (30 * NS_PER_SEC)
#define RECORDLESS_NS (3 * NS_PER_SEC) /* a directory younger than this may still get its record */

static struct places *dirs_of(struct sessions *s, const struct session_item *it)
{
	return &s->places[it->place].dirs;
}

static uint64_t timespec_ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void take_record(struct session_item *it, struct session_record *record)
{
	session_record_free(it->record);
	it->record = record;
	it->view.record = record;
}

/* A record for one that has none, or none that can be read: only its owner is known. */
static int make_up_record(struct session_item *it, const struct stat *dir, const char *why)
{
	struct session_record *r = calloc(1, sizeof(*r));
	const struct passwd *pw = getpwuid(dir->st_uid);

	if (!r)
		return -ENOMEM;
	snprintf(r->id, sizeof(r->id), "%s", it->view.id);
	r->uid = dir->st_uid;
	r->user = strdup(pw ? pw->pw_name : "");
	r->state = it->view.live ? SESSION_STARTING : SESSION_LOST;
	r->command = calloc(1, sizeof(*r->command));
	r->policy = strdup("");
	r->project = strdup("");
	r->hostname = strdup("");
	r->reason = strdup(why);
	r->cgroup = strdup("");
	r->exit_code = -1;
	r->cpu_ns = r->memory_peak = r->read_bytes = r->write_bytes = -1;
	r->net_in = r->net_out = r->execs = -1;
	if (!r->user || !r->command || !r->policy || !r->project || !r->hostname || !r->reason ||
	    !r->cgroup) {
		session_record_free(r);
		return -ENOMEM;
	}
	take_record(it, r);
	it->from_file = false;
	return 0;
}

static bool same_file(const struct session_item *it, const struct stat *st)
{
	return it->from_file && it->ino == st->st_ino && it->size == st->st_size &&
	       it->mtime == timespec_ns(st->st_mtim);
}

/* Reads session.json, which was just stat'ed. */
static int read_record(int state_fd, struct session_item *it, const struct stat *st,
                       struct error *err)
{
	CLEANUP_FD int fd =
		openat(state_fd, "session.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP_FREE char *text = NULL;
	struct session_record *record;
	size_t len;
	int r;

	if (fd < 0)
		return error_errno(err, errno, "session.json");
	r = fd_read_all(fd, "session.json", DOTFILE_MAX, &text, &len, err);
	if (r == 0)
		r = session_record_parse("session.json", text, len, &record, err);
	if (r < 0)
		return r;
	if (strcmp(record->id, it->view.id) != 0) {
		session_record_free(record);
		return error_set(err, EBADMSG, "session.json: of another session");
	}
	take_record(it, record);
	it->from_file = true;
	it->ino = st->st_ino;
	it->size = st->st_size;
	it->mtime = timespec_ns(st->st_mtim);
	return 0;
}

/* 0: there is a record, true or made up. 1: there is none in the file system. -EACCES: not for this
 * user. */
static int load_record(struct sessions *s, struct session_item *it)
{
	struct error err = ERROR_INIT;
	CLEANUP_FD int fd = -1;
	struct stat st;
	int dirfd = dirs_of(s, it)->state_sessions_fd;
	int r;

	if (dirfd < 0)
		return 1;
	fd = openat(dirfd, it->view.id, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 1 : -EACCES;
	if (fstatat(fd, "session.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1 : -EACCES;
	if (same_file(it, &st))
		return 0;
	r = read_record(fd, it, &st, &err);
	if (r == -EACCES || r == -EPERM)
		return -EACCES;
	if (r == 0 || it->from_file) /* a bad new one does not take away the last good one */
		return 0;
	return fstat(fd, &st) < 0 ? -EACCES : make_up_record(it, &st, err.text);
}

static void watch_record(struct sessions *s, struct session_item *it)
{
	char path[64];
	CLEANUP_FD int fd = -1;
	int dirfd = dirs_of(s, it)->state_sessions_fd;

	if (it->watch >= 0 || s->inotify < 0 || dirfd < 0)
		return;
	fd = openat(dirfd, it->view.id, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	it->watch = inotify_add_watch(s->inotify, path, IN_MOVED_TO | IN_ONLYDIR);
}

static void drop_live(struct sessions *s, struct session_item *it)
{
	board_map_close(it->board);
	it->board = NULL;
	it->view.have_board = false;
	if (it->watch >= 0)
		(void)inotify_rm_watch(s->inotify, it->watch);
	it->watch = -1;
}

static void open_board(struct sessions *s, struct session_item *it)
{
	CLEANUP_FD int fd = -1;

	if (it->board)
		return;
	fd = openat(dirs_of(s, it)->runtime_sessions_fd, it->view.id,
	            O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		(void)board_map_open(fd, "board", &it->board, NULL);
}

static bool may_reap(const struct session_item *it)
{
	return (!it->view.system || geteuid() == 0) && clock_now() >= it->reap_after;
}

/* Starts the reaper and waits for it, as long as this scan may still wait. */
static void reap(struct sessions *s, struct session_item *it)
{
	struct spawn reaper = {
		.verb = "__reap", .arg = it->view.id, .out = -1, .fd3 = -1, .fd4 = -1
	};
	uint64_t now = clock_now();
	int status;
	pid_t pid;

	it->reap_after = now + REAP_AGAIN_NS;
	if (spawn_self(&reaper, &pid, NULL) < 0)
		return;
	if (spawn_wait(pid, now < s->reap_until ? s->reap_until - now : 0, &status) == 0)
		spawn_leave(pid);
}

/* Old enough that a record would be there. */
static bool is_settled(struct sessions *s, const struct session_item *it)
{
	uint64_t wall = clock_wall();
	struct stat st;

	if (fstatat(dirs_of(s, it)->runtime_sessions_fd, it->view.id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return timespec_ns(st.st_mtim) + RECORDLESS_NS < wall;
}

static int stand_in(struct sessions *s, struct session_item *it)
{
	struct stat st;

	if (fstatat(dirs_of(s, it)->runtime_sessions_fd, it->view.id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	return make_up_record(it, &st, "");
}

static void set_state(struct session_item *it)
{
	if (it->view.live && it->view.have_board)
		it->view.state = (enum session_state)it->view.board.state;
	else if (!it->view.live && session_state_live(it->record->state))
		it->view.state = SESSION_LOST;
	else
		it->view.state = it->record->state;
}

static void refresh_item(struct session_item *it)
{
	if (it->board && board_copy(it->board, &it->view.board) == 0)
		it->view.have_board = true;
	set_state(it);
}

bool session_item_update(struct sessions *s, struct session_item *it)
{
	int alive = places_session_alive(dirs_of(s, it), it->view.id);
	int r;

	if (alive < 0 && alive != -ENOENT)
		return false;
	it->view.live = alive == 1;
	r = load_record(s, it);
	if (alive == 0 && (r == 0 || is_settled(s, it)) && may_reap(it)) {
		reap(s, it);
		alive = places_session_alive(dirs_of(s, it), it->view.id);
		r = load_record(s, it);
	}
	/* one that ended while we looked */
	if (r > 0 && alive != -ENOENT)
		r = it->record && it->from_file ? 0 : stand_in(s, it);
	if (r != 0 || !it->record)
		return false;
	if (it->view.live) {
		watch_record(s, it);
		open_board(s, it);
	} else {
		drop_live(s, it);
	}
	refresh_item(it);
	return true;
}

void sessions_refresh(struct sessions *s)
{
	for (int i = 0; i < s->n; i++)
		refresh_item(s->items[i]);
}

void session_item_free(struct sessions *s, struct session_item *it)
{
	if (!it)
		return;
	drop_live(s, it);
	session_record_free(it->record);
	free(it);
}
