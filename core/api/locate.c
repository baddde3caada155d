/*
 * locate.c: a session by its id, in the user's own places first.
 */
#include "core/api/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fd.h"

static int open_in(int dirfd, const char *id)
{
	return dirfd < 0 ? -1 : openat(dirfd, id, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* 1 when it is in these places, which then belong to *ret; 0 when not. */
static int look(struct places *p, const char *id, struct located *ret)
{
	int runtime_fd = open_in(p->runtime_sessions_fd, id);
	int state_fd = open_in(p->state_sessions_fd, id);

	if (runtime_fd < 0 && state_fd < 0) {
		places_close(p);
		return 0;
	}
	*ret = (struct located){ .places = *p, .runtime_fd = runtime_fd, .state_fd = state_fd };
	return 1;
}

int locate_open(const char *id, struct located *ret, struct error *err)
{
	struct places p;
	int r;

	if (!session_id_valid(id))
		return error_set(err, ENOENT, "no such session: %s", id);
	r = places_open(&p, false, err);
	if (r < 0)
		return r;
	if (look(&p, id, ret))
		return 0;
	if (geteuid() != 0 && places_open_system(&p, NULL) == 0 && look(&p, id, ret))
		return 0;
	return error_set(err, ENOENT, "no such session: %s", id);
}

void locate_close(struct located *l)
{
	fd_close(&l->runtime_fd);
	fd_close(&l->state_fd);
	places_close(&l->places);
}
