/*
 * sessions.c: the list. A scan marks what it finds in the directories, forgets the rest and sorts;
 * between scans nothing moves. The system places come first, so that a directory which a user made
 * under a system session's id cannot hide that one.
 */
#include "core/api/sessions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/api/sessions_list.h"
#include "core/api/spawn.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

#define REAP_WAIT_NS (5 * NS_PER_SEC) /* of one scan, for all reapers */

static const struct place place_none = {
	.dirs = { .runtime_fd = -1,
	          .state_fd = -1,
	          .runtime_sessions_fd = -1,
	          .state_sessions_fd = -1 },
	.watch_runtime = -1,
	.watch_state = -1,
};

static int watch_dir(const struct sessions *s, int fd, uint32_t mask)
{
	char path[64];

	if (s->inotify < 0 || fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return inotify_add_watch(s->inotify, path, mask | IN_ONLYDIR);
}

static bool is_gone(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Opens what was not there before, and opens again what was deleted under us. */
static int open_place(struct sessions *s, int which, struct error *err)
{
	struct place *p = &s->places[which];
	int r;

	if (!p->used)
		return 0;
	if (p->dirs.runtime_sessions_fd < 0 || p->dirs.state_sessions_fd < 0 ||
	    is_gone(p->dirs.runtime_sessions_fd) || is_gone(p->dirs.state_sessions_fd)) {
		places_close(&p->dirs);
		*p = place_none;
		p->used = true;
		r = which == PLACE_SYSTEM && geteuid() != 0
		            ? places_open_system(&p->dirs, NULL) /* a broken one is root's affair */
		            : places_open(&p->dirs, false, err);
		if (r < 0)
			return which == PLACE_SYSTEM && geteuid() != 0 ? 0 : r;
	}
	if (p->watch_runtime < 0)
		p->watch_runtime = watch_dir(s, p->dirs.runtime_sessions_fd,
		                             IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
	if (p->watch_state < 0)
		p->watch_state = watch_dir(s, p->dirs.state_sessions_fd, IN_DELETE);
	return 0;
}

int sessions_open(struct sessions **ret, struct error *err)
{
	struct sessions *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return error_errno(err, ENOMEM, "sessions");
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (int i = 0; i < PLACE_COUNT; i++)
		s->places[i] = place_none;
	s->places[PLACE_SYSTEM].used = true;
	s->places[PLACE_OWN].used = geteuid() != 0;
	for (int i = 0; r == 0 && i < PLACE_COUNT; i++)
		r = open_place(s, i, err);
	if (r < 0)
		sessions_close(s);
	else
		*ret = s;
	return r;
}

void sessions_close(struct sessions *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n; i++)
		session_item_free(s, s->items[i]);
	for (int i = 0; i < PLACE_COUNT; i++)
		places_close(&s->places[i].dirs);
	fd_close(&s->inotify);
	free(s->items);
	free(s->by_id);
	free(s);
}

static int compare_ids(const void *a, const void *b)
{
	const struct session_item *const *x = a;
	const struct session_item *const *y = b;

	return strcmp((*x)->view.id, (*y)->view.id);
}

static int compare_starts(const void *a, const void *b)
{
	const struct session_item *const *x = a;
	const struct session_item *const *y = b;
	uint64_t s = (*x)->record->started_wall;
	uint64_t t = (*y)->record->started_wall;

	return s != t ? (s < t ? -1 : 1) : strcmp((*x)->view.id, (*y)->view.id);
}

static void sort_items(struct session_item **items, int n,
                       int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(items, (size_t)n, sizeof(struct session_item *), compare);
}

static void index_ids(struct sessions *s)
{
	if (s->n > 0)
		memcpy(s->by_id, s->items, (size_t)s->n * sizeof(struct session_item *));
	s->n_indexed = s->n;
	sort_items(s->by_id, s->n, compare_ids);
}

struct session_item *sessions_item(const struct sessions *s, const char *id)
{
	int low = 0;
	int high = s->n_indexed;

	while (low < high) {
		int mid = low + (high - low) / 2;
		int c = strcmp(id, s->by_id[mid]->view.id);

		if (c == 0)
			return s->by_id[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static struct session_item *add_item(struct sessions *s, int place, const char *id)
{
	struct session_item *it;

	if (s->n == s->cap) {
		int cap = s->cap > 0 ? 2 * s->cap : 16;
		size_t size = (size_t)cap * sizeof(struct session_item *);
		struct session_item **items = realloc(s->items, size);
		struct session_item **by_id;

		if (items)
			s->items = items;
		by_id = items ? realloc(s->by_id, size) : NULL;
		if (!by_id)
			return NULL;
		s->by_id = by_id;
		s->cap = cap;
	}
	it = calloc(1, sizeof(*it));
	if (!it)
		return NULL;
	it->place = place;
	it->watch = -1;
	it->view.system = place == PLACE_SYSTEM;
	memcpy(it->view.id, id, SESSION_ID_LEN + 1);
	s->items[s->n++] = it;
	return it;
}

static void remove_at(struct session_item **items, int n, const struct session_item *it)
{
	int i = 0;

	while (i < n && items[i] != it)
		i++;
	if (i < n)
		memmove(&items[i], &items[i + 1],
		        (size_t)(n - i - 1) * sizeof(struct session_item *));
}

void sessions_forget(struct sessions *s, struct session_item *it)
{
	bool indexed = sessions_item(s, it->view.id) == it;

	remove_at(s->items, s->n, it);
	s->n--;
	if (indexed) {
		remove_at(s->by_id, s->n_indexed, it);
		s->n_indexed--;
	}
	session_item_free(s, it);
}

static int visit(struct sessions *s, int place, const char *id)
{
	struct session_item *it = sessions_item(s, id);

	if (it && it->seen)
		return 0;
	if (it && it->place != place) {
		sessions_forget(s, it);
		it = NULL;
	}
	if (!it)
		it = add_item(s, place, id);
	if (!it)
		return -ENOMEM;
	it->seen = session_item_update(s, it);
	if (!it->seen)
		sessions_forget(s, it);
	return 0;
}

static int scan_dir(struct sessions *s, int place, int dirfd)
{
	int fd = dirfd < 0 ? -1 : openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	DIR *d;
	int r = 0;

	if (fd < 0)
		return 0; /* not there (yet), or not for us */
	d = fdopendir(fd);
	if (!d) {
		fd_close(&fd);
		return -ENOMEM;
	}
	while (r == 0 && (e = readdir(d))) {
		if (session_id_valid(e->d_name))
			r = visit(s, place, e->d_name);
	}
	closedir(d);
	index_ids(s);
	return r;
}

static void drain_events(const struct sessions *s)
{
	char events[4096];

	while (s->inotify >= 0 && read(s->inotify, events, sizeof(events)) > 0)
		;
}

/* An ended one that a reaper has just finished belongs to the ended ones. */
static bool is_wanted(const struct session_item *it, bool with_ended)
{
	return it->seen && (with_ended || it->view.live || session_state_live(it->record->state));
}

static void forget_unwanted(struct sessions *s, bool with_ended)
{
	int kept = 0;

	for (int i = 0; i < s->n; i++) {
		if (is_wanted(s->items[i], with_ended))
			s->items[kept++] = s->items[i];
		else
			session_item_free(s, s->items[i]);
	}
	s->n = kept;
	sort_items(s->items, s->n, compare_starts);
	index_ids(s);
}

int sessions_scan(struct sessions *s, bool with_ended, struct error *err)
{
	int r = 0;

	spawn_collect();
	drain_events(s);
	s->reap_until = clock_now() + REAP_WAIT_NS;
	for (int i = 0; i < s->n; i++)
		s->items[i]->seen = false;
	for (int i = 0; r == 0 && i < PLACE_COUNT; i++)
		r = open_place(s, i, err);
	if (r < 0)
		return r;
	for (int i = 0; r == 0 && i < PLACE_COUNT; i++)
		r = scan_dir(s, i, s->places[i].dirs.runtime_sessions_fd);
	for (int i = 0; r == 0 && with_ended && i < PLACE_COUNT; i++)
		r = scan_dir(s, i, s->places[i].dirs.state_sessions_fd);
	forget_unwanted(s, with_ended);
	s->scanned = true;
	return r < 0 ? error_errno(err, r, "sessions") : 0;
}

int sessions_count(const struct sessions *s)
{
	return s->n;
}

const struct session_view *sessions_at(const struct sessions *s, int i)
{
	return i >= 0 && i < s->n ? &s->items[i]->view : NULL;
}

const struct session_view *sessions_by_id(const struct sessions *s, const char *id)
{
	const struct session_item *it = sessions_item(s, id);

	return it ? &it->view : NULL;
}

int sessions_watch_fd(const struct sessions *s)
{
	return s->inotify;
}
