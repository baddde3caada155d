/*
 * locate.h: where one session's files are. Inside core/api only.
 */
#ifndef WARDER_API_LOCATE_H
#define WARDER_API_LOCATE_H

#include "core/base/error.h"
#include "core/wire/places.h"

struct located {
	struct places places; /* those that the session lives in */
	int runtime_fd;       /* $RUNTIME/sessions/ID, O_PATH; -1 when it has ended */
	int state_fd;         /* $STATE/sessions/ID, O_PATH; -1 when there is none yet */
};

/* Looks at the user's own places, then at the system's. -ENOENT: "no such session: ID", also for
 * what the user may not see. The caller closes. */
int locate_open(const char *id, struct located *ret, struct error *err);
void locate_close(struct located *l);

#endif
