/*
 * choose.h: from the words of a command line to sessions, and one request to many of them at
 * once: a stopped supervisor delays no other.
 */
#ifndef WARDER_CLI_CHOOSE_H
#define WARDER_CLI_CHOOSE_H

#include "core/api/link.h"
#include "core/api/sessions.h"
#include "tui/cli/options.h"

/* Opens the list and finds one session, live or ended. The caller closes *ret_list; *ret_view
 * is valid until its next scan. */
int choose_one(const char *ref, struct sessions **ret_list, const struct session_view **ret_view,
               struct error *err);

struct fleet_target {
	char id[16];
	char label[128]; /* as the user named it, else the id */
	int fd;          /* while a call is under way */
	bool accepted, done, ok;
	struct error err;
};
struct fleet {
	struct fleet_target *targets; /* owned */
	int n;
	bool failed; /* some session was not found, or refused; it was said */
};

struct fleet_choice {
	const struct verb *verb; /* for messages */
	char *const *refs;
	int n_refs;
	bool all;         /* every live session … */
	const char *user; /* … or those of one user */
};
/* Live sessions; what cannot be found, or has ended, is said and skipped with `failed` set.
 * -errno only when the list itself cannot be had. */
int fleet_choose(const struct fleet_choice *c, struct fleet *ret, struct error *err);
void fleet_free(struct fleet *f);

struct fleet_call {
	uint8_t type; /* enum packet_type */
	const void *payload;
	size_t length;
	uint64_t timeout_ns;
	bool until_ended; /* wait for the end of the session, not only for the answer */
};
/* Sends to all, gathers all answers, says what failed. Returns how many said yes. */
int fleet_call(const struct verb *v, struct fleet *f, const struct fleet_call *call);

#endif
