/*
 * model.c: see model.h. A build is one pass over the source, a sort, and the headings put in.
 */
#include "tui/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tui/words.h"

const char *const column_names[COLUMN_COUNT + 1] = {
	"attention", "id",   "name", "user",   "state",   "age", "cpu",
	"memory",    "pids", "left", "policy", "command", NULL,
};

enum { BUSY_PERMILLE = 100 }; /* mean of a minute: short bursts do not move a session about */

struct model_seen {
	char id[SOURCE_ID];
	enum session_state state;
};

struct sort_item {
	const struct session_view *view;
	int64_t key;
	char text[48];
};

bool id_set_has(const struct id_set *set, const char *id)
{
	for (int i = 0; i < set->n; i++)
		if (strcmp(set->ids[i], id) == 0)
			return true;
	return false;
}

int id_set_add(struct id_set *set, const char *id)
{
	if (id_set_has(set, id))
		return 0;
	if (set->n == set->capacity) {
		int capacity = set->capacity > 0 ? set->capacity * 2 : 16;
		void *ids = reallocarray(set->ids, (size_t)capacity, sizeof(*set->ids));

		if (ids == NULL)
			return -ENOMEM;
		set->ids = ids;
		set->capacity = capacity;
	}
	snprintf(set->ids[set->n++], SOURCE_ID, "%.15s", id);
	return 0;
}

void id_set_remove(struct id_set *set, const char *id)
{
	for (int i = 0; i < set->n; i++) {
		if (strcmp(set->ids[i], id) != 0)
			continue;
		memmove(set->ids[i], set->ids[i + 1], (size_t)(set->n - i - 1) * SOURCE_ID);
		set->n--;
		return;
	}
}

void id_set_clear(struct id_set *set)
{
	set->n = 0;
}

void model_init(struct model *m, struct source *source)
{
	*m = (struct model){
		.source = source,
		.cursor = -1,
		.follow = true,
		.show_ended = true,
	};
}

void model_free(struct model *m)
{
	free(m->rows);
	free(m->seen);
	free(m->marks.ids);
	free(m->dismissed.ids);
	*m = (struct model){ .cursor = -1 };
}

/* Smaller is shown earlier. */
static int64_t attention(const struct session_view *v, uint64_t now)
{
	int64_t limit = words_memory_limit(v);
	bool limited;
	uint64_t left = words_left(v, now, &limited);

	if (!session_state_live(v->state))
		return words_failed(v) ? 5 : 6;
	if (words_stale(v, now))
		return 0;
	if ((v->have_board && v->board.approvals > 0) || (limited && left < 60 * NS_PER_SEC) ||
	    (limit > 0 && words_memory(v) > limit / 10 * 9))
		return 1;
	if (words_layer_problems(v) > 0)
		return 2;
	return words_cpu_mean(v) >= BUSY_PERMILLE ? 3 : 4;
}

static void sort_key(const struct model *m, struct sort_item *item)
{
	const struct session_view *v = item->view;
	bool limited;
	uint64_t left;

	item->key = 0;
	item->text[0] = '\0';
	switch (m->sort) {
	case COLUMN_ATTENTION:
		item->key = attention(v, m->now);
		break;
	case COLUMN_ID:
		snprintf(item->text, sizeof(item->text), "%s", v->id);
		break;
	case COLUMN_NAME:
		/* Those without one come last. */
		snprintf(item->text, sizeof(item->text), "%.47s",
		         words_named(v) ? v->record->name : "~");
		break;
	case COLUMN_USER:
		snprintf(item->text, sizeof(item->text), "%.47s", words_user(v));
		break;
	case COLUMN_STATE:
		words_state(v, m->now, false, item->text, sizeof(item->text));
		break;
	case COLUMN_AGE:
		item->key = (int64_t)words_age(v, m->now, m->wall);
		break;
	case COLUMN_CPU:
		item->key = -(int64_t)words_cpu(v);
		break;
	case COLUMN_MEMORY:
		item->key = -words_memory(v);
		break;
	case COLUMN_PIDS:
		item->key = -words_pids(v);
		break;
	case COLUMN_LEFT:
		left = words_left(v, m->now, &limited);
		item->key = limited ? (int64_t)left : INT64_MAX;
		break;
	case COLUMN_POLICY:
		snprintf(item->text, sizeof(item->text), "%.47s", words_text(v->record->policy));
		break;
	case COLUMN_COMMAND:
		if (v->record->command != NULL && v->record->command[0] != NULL)
			snprintf(item->text, sizeof(item->text), "%.47s", v->record->command[0]);
		break;
	case COLUMN_COUNT:
	default:
		break;
	}
}

static int by_key(const void *pa, const void *pb, void *context)
{
	const struct sort_item *a = pa;
	const struct sort_item *b = pb;
	const struct model *m = context;
	int r = 0;

	if (m->grouped)
		r = strcmp(words_user(a->view), words_user(b->view));
	if (r != 0)
		return r;
	r = a->key != b->key ? (a->key < b->key ? -1 : 1) : strcmp(a->text, b->text);
	if (r != 0)
		return m->inverted ? -r : r;
	if (a->view->record->started_wall != b->view->record->started_wall)
		return a->view->record->started_wall < b->view->record->started_wall ? -1 : 1;
	return strcmp(a->view->id, b->view->id);
}

static bool mine(const struct model *m, const struct session_view *v)
{
	return m->only_user[0] == '\0' || strcmp(words_user(v), m->only_user) == 0;
}

static void count(struct model_totals *t, const struct session_view *v)
{
	int64_t memory = words_memory(v);
	int64_t limit = words_memory_limit(v);
	int32_t cpu = words_cpu(v);

	if (!session_state_live(v->state)) {
		t->ended++;
		t->failed += words_failed(v);
		return;
	}
	t->live++;
	t->paused += v->state == SESSION_PAUSED;
	t->running += v->state != SESSION_PAUSED;
	t->cpu_permille += cpu > 0 ? cpu : 0;
	t->memory += memory > 0 ? memory : 0;
	t->memory_limit += limit > 0 ? limit : 0;
}

static int seen_by_id(const void *a, const void *b)
{
	return strcmp(((const struct model_seen *)a)->id, ((const struct model_seen *)b)->id);
}

static void tell_end(struct model *m, const struct session_view *v)
{
	char state[64];
	const char *why = v->record->reason;

	words_state(v, m->now, false, state, sizeof(state));
	m->news_bad = words_failed(v);
	snprintf(m->news_id, sizeof(m->news_id), "%.15s", v->id);
	snprintf(m->news, sizeof(m->news), "%.*s of %.40s ended: %.120s", WORDS_ID, v->id,
	         words_user(v), why != NULL && *why != '\0' ? why : state);
}

/* What was live and is now over, and not by a clean exit, is news. */
static void notice(struct model *m)
{
	int n = m->source->count(m->source);
	struct model_seen *seen = calloc((size_t)n + 1, sizeof(*seen));

	m->news[0] = '\0';
	if (seen == NULL)
		return;
	for (int i = 0; i < n; i++) {
		const struct session_view *v = m->source->at(m->source, i);
		struct model_seen *before;

		snprintf(seen[i].id, SOURCE_ID, "%.15s", v->id);
		seen[i].state = v->state;
		before = m->n_seen > 0 ? bsearch(&seen[i], m->seen, (size_t)m->n_seen,
		                                 sizeof(*seen), seen_by_id)
		                       : NULL;
		if (before != NULL && session_state_live(before->state) &&
		    !session_state_live(v->state) && mine(m, v) &&
		    (words_failed(v) || v->state != SESSION_EXITED))
			tell_end(m, v);
	}
	qsort(seen, (size_t)n, sizeof(*seen), seen_by_id);
	free(m->seen);
	m->seen = seen;
	m->n_seen = n;
}

/* The sessions that pass, unsorted. */
static int collect(struct model *m, struct sort_item *items)
{
	int total = m->source->count(m->source);
	int n = 0;

	m->totals = (struct model_totals){ .live = 0 };
	m->hidden_ended = 0;
	for (int i = 0; i < total; i++) {
		const struct session_view *v = m->source->at(m->source, i);

		if (!mine(m, v))
			continue;
		count(&m->totals, v);
		if (id_set_has(&m->dismissed, v->id) && !v->live)
			continue;
		if (!m->show_ended && !session_state_live(v->state)) {
			m->hidden_ended++;
			continue;
		}
		if (filter_match(&m->filter, v, m->now, m->wall))
			items[n++].view = v;
	}
	return n;
}

static int reserve(struct model *m, int n)
{
	struct model_row *rows;

	if (n <= m->capacity)
		return 0;
	rows = reallocarray(m->rows, (size_t)n, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	m->rows = rows;
	m->capacity = n;
	return 0;
}

static void add_to_heading(struct model_row *heading, const struct session_view *v)
{
	int64_t memory = words_memory(v);
	int32_t cpu = words_cpu(v);

	heading->sessions++;
	if (!session_state_live(v->state))
		return;
	heading->running += v->state != SESSION_PAUSED;
	heading->cpu_permille += cpu > 0 ? cpu : 0;
	heading->memory += memory > 0 ? memory : 0;
}

static void fill(struct model *m, const struct sort_item *items, int n)
{
	int heading = -1;

	m->n = 0;
	m->shown = n;
	m->name_w = 0;
	for (int i = 0; i < n; i++) {
		const char *user = words_user(items[i].view);

		if (m->grouped && (heading < 0 || strcmp(m->rows[heading].user, user) != 0)) {
			heading = m->n++;
			m->rows[heading] = (struct model_row){ .user = user };
		}
		if (m->grouped)
			add_to_heading(&m->rows[heading], items[i].view);
		m->rows[m->n++] = (struct model_row){ .view = items[i].view, .user = user };
		if (words_named(items[i].view) &&
		    (int)text_columns(items[i].view->record->name) > m->name_w)
			m->name_w = (int)text_columns(items[i].view->record->name);
	}
}

static int row_of(const struct model *m, const char *id)
{
	for (int i = 0; i < m->n; i++)
		if (m->rows[i].view != NULL && strcmp(m->rows[i].view->id, id) == 0)
			return i;
	return -1;
}

/* The session row at or after `row`, else the last one before it; -1 when there is none. */
static int near_row(const struct model *m, int row)
{
	if (row < 0)
		row = 0;
	for (int i = row; i < m->n; i++)
		if (m->rows[i].view != NULL)
			return i;
	for (int i = row < m->n ? row : m->n - 1; i >= 0; i--)
		if (m->rows[i].view != NULL)
			return i;
	return -1;
}

static void place_cursor(struct model *m)
{
	int line = m->cursor;
	bool had = m->selected[0] != '\0';
	int row = had && m->follow ? row_of(m, m->selected) : -1;

	if (row < 0)
		row = near_row(m, line);
	m->cursor = row;
	if (row < 0) {
		m->selected[0] = '\0';
		return;
	}
	if (had && strcmp(m->selected, m->rows[row].view->id) != 0)
		m->slipped = m->now;
	snprintf(m->selected, sizeof(m->selected), "%.15s", m->rows[row].view->id);
}

int model_build(struct model *m)
{
	int total = m->source->count(m->source);
	struct sort_item *items = calloc((size_t)total + 1, sizeof(*items));
	int n;

	if (items == NULL || reserve(m, 2 * total + 1) < 0) {
		free(items);
		m->n = 0;
		m->shown = 0;
		m->cursor = -1;
		return -ENOMEM;
	}
	n = collect(m, items);
	for (int i = 0; i < n; i++)
		sort_key(m, &items[i]);
	qsort_r(items, (size_t)n, sizeof(*items), by_key, m);
	fill(m, items, n);
	free(items);
	notice(m);
	place_cursor(m);
	return 0;
}

const struct session_view *model_selected(const struct model *m)
{
	return m->cursor >= 0 && m->cursor < m->n ? m->rows[m->cursor].view : NULL;
}

const struct session_view *model_find(const struct model *m, const char *id)
{
	int n = m->source->count(m->source);

	for (int i = 0; i < n; i++) {
		const struct session_view *v = m->source->at(m->source, i);

		if (strcmp(v->id, id) == 0)
			return v;
	}
	return NULL;
}

void model_select_row(struct model *m, int row)
{
	if (row < 0 || row >= m->n || m->rows[row].view == NULL)
		return;
	m->cursor = row;
	m->slipped = 0;
	snprintf(m->selected, sizeof(m->selected), "%.15s", m->rows[row].view->id);
}

void model_move(struct model *m, int by)
{
	int step = by < 0 ? -1 : 1;
	int target = m->cursor;

	for (int i = m->cursor + step; by != 0 && i >= 0 && i < m->n; i += step) {
		if (m->rows[i].view == NULL)
			continue;
		target = i;
		by -= step;
	}
	model_select_row(m, target);
}

void model_scroll(struct model *m, int lines)
{
	int first = m->cursor;

	if (lines < 1)
		lines = 1;
	if (first > 0 && m->rows[first - 1].view == NULL && lines > 1)
		first--; /* its group's heading stays in sight */
	if (m->cursor >= m->top + lines)
		m->top = m->cursor - lines + 1;
	if (first >= 0 && first < m->top)
		m->top = first;
	if (m->top > m->n - lines)
		m->top = m->n - lines;
	if (m->top < 0)
		m->top = 0;
}
