/*
 * sessions_find.c: a session by what a person typed, and what is done with one that was found.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/api/sessions_list.h"
#include "core/base/clock.h"
#include "core/base/fd.h"

enum {
	CANDIDATES_SHOWN = 8,
	LOCK_LOOKS = 50, /* a supervisor that has told its end lets go of its lock at once */
	LOCK_LOOK_MS = 10,
};

struct matches {
	const char *ref;
	struct session_item *first;
	int n;
	struct buf list; /* "0123456789ab (name)", … */
};

static void add_match(struct matches *m, struct session_item *it)
{
	const char *name = it->record->name;

	if (m->n++ == 0)
		m->first = it;
	if (m->n > CANDIDATES_SHOWN)
		return;
	buf_addf(&m->list, "%s%s", m->n > 1 ? ", " : "", it->view.id);
	if (name[0] != '\0')
		buf_addf(&m->list, " (%s)", name);
}

static bool has_name(const struct session_item *it, const char *ref)
{
	return strcmp(it->record->name, ref) == 0;
}

static bool has_live_name(const struct session_item *it, const char *ref)
{
	return it->view.live && has_name(it, ref);
}

static bool has_prefix(const struct session_item *it, const char *ref)
{
	return strncmp(it->view.id, ref, strlen(ref)) == 0;
}

static int answer(struct matches *m, const struct session_view **ret, struct error *err)
{
	if (m->n == 1) {
		*ret = &m->first->view;
		return 0;
	}
	error_set(err, ENOTUNIQ, "%s: ambiguous: %s%s", m->ref, buf_str(&m->list),
	          m->n > CANDIDATES_SHOWN ? ", …" : "");
	error_hint(err, "give more of the id");
	return -ENOTUNIQ;
}

int sessions_find(struct sessions *s, const char *ref, const struct session_view **ret,
                  struct error *err)
{
	/* names before prefixes, since "beef" may be both and a name was chosen by somebody; a live
	 * one before ended ones */
	static bool (*const rules[])(const struct session_item *, const char *) = {
		has_live_name,
		has_name,
		has_prefix,
	};
	struct session_item *it;
	int r = s->scanned ? 0 : sessions_scan(s, true, err);

	if (r < 0)
		return r;
	it = sessions_item(s, ref);
	if (it) {
		*ret = &it->view;
		return 0;
	}
	for (size_t i = 0; ref[0] != '\0' && i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct matches m = { .ref = ref };

		for (int k = 0; k < s->n; k++) {
			if (rules[i](s->items[k], ref))
				add_match(&m, s->items[k]);
		}
		r = m.n > 0 ? answer(&m, ret, err) : 0;
		buf_free(&m.list);
		if (m.n > 0)
			return r;
	}
	return error_set(err, ENOENT, "no such session: %s", ref);
}

/* The last moment of one that has ended. */
static int await_free_lock(const struct places *dirs, const struct session_item *it)
{
	int alive = places_session_alive(dirs, it->view.id);

	for (int i = 0; i < LOCK_LOOKS && alive == 1 && !session_state_live(it->view.state); i++) {
		(void)usleep(LOCK_LOOK_MS * 1000);
		alive = places_session_alive(dirs, it->view.id);
	}
	return alive;
}

int sessions_remove(struct sessions *s, const char *id, struct error *err)
{
	struct session_item *it = sessions_item(s, id);
	const struct places *dirs;
	int alive;
	int r;

	if (!it)
		return error_set(err, ENOENT, "no such session: %s", id);
	dirs = &s->places[it->place].dirs;
	alive = await_free_lock(dirs, it);
	if (alive == 1) {
		error_set(err, EBUSY, "%s: is live", id);
		error_hint(err, "warder kill %s", id);
		return -EBUSY;
	}
	if (alive == 0)
		return error_set(err, EBUSY, "%s: was lost and is not cleaned up yet", id);
	if (alive != -ENOENT)
		return error_errno(err, alive, "%s", id);
	if (it->view.system && geteuid() != 0)
		return error_set(err, EPERM, "%s: only root removes sessions that root ran", id);
	r = fd_remove_tree(dirs->state_sessions_fd, id);
	if (r < 0)
		return error_errno(err, r, "%s/sessions/%s", dirs->state, id);
	sessions_forget(s, it);
	return 0;
}

int sessions_state_dir(struct sessions *s, const char *id, int *ret_fd, struct error *err)
{
	const struct session_item *it = sessions_item(s, id);
	int fd;

	if (!it)
		return error_set(err, ENOENT, "no such session: %s", id);
	fd = openat(s->places[it->place].dirs.state_sessions_fd, id,
	            O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_errno(err, errno, "session %s", id);
	*ret_fd = fd;
	return 0;
}
