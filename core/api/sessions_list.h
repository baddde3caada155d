/*
 * sessions_list.h: what is behind `struct sessions`. For core/api/sessions*.c only.
 */
#ifndef WARDER_API_SESSIONS_LIST_H
#define WARDER_API_SESSIONS_LIST_H

#include <stddef.h>
#include <sys/types.h>

#include "core/api/sessions.h"

struct session_item {
	struct session_view view;
	struct session_record *record; /* what view.record points to */
	struct board_map *board;       /* mapped while it lives */
	int place;                     /* index in sessions.places */
	int watch;                     /* inotify, on its state directory; -1 = none */
	bool seen;                     /* by the scan under way */
	bool from_file;                /* the record is session.json's, of this file: */
	ino_t ino;
	off_t size;
	uint64_t mtime;      /* ns */
	uint64_t reap_after; /* ns, clock_now(): not tried again before */
};

enum { PLACE_SYSTEM, PLACE_OWN, PLACE_COUNT };

struct place {
	struct places dirs;
	bool used; /* of interest to this user at all */
	int watch_runtime, watch_state;
};

struct sessions {
	struct place places[PLACE_COUNT];
	int inotify;
	struct session_item **items; /* in order of start */
	struct session_item **by_id; /* the same, for searching */
	int n, cap;
	int n_indexed;       /* of by_id */
	uint64_t reap_until; /* no scan waits for reapers longer than this */
	bool scanned;
};

/* Brings one item up to date: alive, record, board. False when this user may not see it. */
bool session_item_update(struct sessions *s, struct session_item *it);
void session_item_free(struct sessions *s, struct session_item *it);
struct session_item *sessions_item(const struct sessions *s, const char *id);
/* Takes an item out of both arrays and frees it. */
void sessions_forget(struct sessions *s, struct session_item *it);

#endif
