/*
 * model.h: which sessions the list shows, in which order, and where the cursor and the marks are.
 * No terminal, no clock, no system call: the data comes from a source, `now` with it.
 *
 * What must hold: the cursor and the marks belong to identities, never to lines. A line under the
 * cursor that came to hold another session by itself is noted (slipped), so that no key acts on a
 * session that the operator did not see there.
 */
#ifndef WARDER_TUI_MODEL_H
#define WARDER_TUI_MODEL_H

#include "tui/filter.h"
#include "tui/source.h"

enum column {
	COLUMN_ATTENTION, /* not shown: what waits or fails first, then busy, idle, ended */
	COLUMN_ID,
	COLUMN_NAME,
	COLUMN_USER,
	COLUMN_STATE,
	COLUMN_AGE,
	COLUMN_CPU,
	COLUMN_MEMORY,
	COLUMN_PIDS,
	COLUMN_LEFT,
	COLUMN_POLICY,
	COLUMN_COMMAND,
	COLUMN_COUNT,
};
extern const char *const column_names[COLUMN_COUNT + 1];

struct id_set {
	char (*ids)[SOURCE_ID];
	int n, capacity;
};

/* A line of the list: a session, or (view == NULL) the heading of a user's group. */
struct model_row {
	const struct session_view *view;
	const char *user;
	int sessions, running;
	int64_t cpu_permille, memory; /* sums of what is known */
};

struct model_totals {
	int live, running, paused, ended, failed;
	int64_t cpu_permille, memory, memory_limit;
};

struct model {
	struct source *source;
	char only_user[64]; /* --user; "" = all */
	uint64_t now, wall; /* of what is shown */

	struct model_row *rows;
	int n, capacity;
	int shown;                  /* sessions among the rows */
	int name_w;                 /* columns of the longest given name among them */
	int hidden_ended;           /* left out because ended ones are hidden */
	struct model_totals totals; /* of all that the source has (of only_user) */

	char selected[SOURCE_ID];
	int cursor;       /* row of the selected session; -1 = none */
	int top;          /* first row on screen */
	uint64_t slipped; /* `now` when the row under the cursor changed by itself; 0 = never */

	enum column sort;
	bool inverted, grouped, follow, show_ended;
	struct filter filter;
	struct id_set marks, dismissed;

	struct model_seen *seen; /* states at the last build, by id */
	int n_seen;
	char news[200]; /* what ended since the last build, but for clean exits; "" = nothing */
	char news_id[SOURCE_ID];
	bool news_bad;
};

void model_init(struct model *m, struct source *source);
void model_free(struct model *m);
/* Takes the newest from the source (which was scanned or refreshed before). 0 or -ENOMEM: the
 * rows are then empty. */
int model_build(struct model *m);
const struct session_view *model_selected(const struct model *m); /* or NULL */
const struct session_view *model_find(const struct model *m, const char *id);
/* Moves by lines, over headings; stops at the ends. */
void model_move(struct model *m, int by);
void model_select_row(struct model *m, int row);
/* Scrolls so that the cursor is among `lines` lines. */
void model_scroll(struct model *m, int lines);

bool id_set_has(const struct id_set *set, const char *id);
int id_set_add(struct id_set *set, const char *id); /* 0 or -ENOMEM */
void id_set_remove(struct id_set *set, const char *id);
void id_set_clear(struct id_set *set);

#endif
