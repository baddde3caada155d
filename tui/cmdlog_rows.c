/*
 * cmdlog_rows.c: which commands are shown and in which order: all in the order they started, or
 * each below the command that its parent process ran. With a filter a command stands below its
 * nearest ancestor that is shown.
 */
#include "tui/cmdlog_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 16384, NONE = -1 };

bool cmdlog_is_parent(const struct cmdlog_entry *p, const struct cmdlog_entry *e)
{
	return p->end_seq == 0 || p->end_seq > e->seq;
}

bool cmdlog_matches(const struct cmdlog *c, const struct cmdlog_entry *e)
{
	bool inverse = c->filter[0] == '!';
	const char *want = c->filter + inverse;
	char small[1024];
	char *line = small;
	bool found;

	if (want[0] == '\0')
		return true;
	if (e->args_len == 0)
		return inverse;
	if (e->args_len > sizeof(small))
		line = malloc(e->args_len);
	if (line == NULL)
		return true;
	memcpy(line, e->text, e->args_len);
	for (size_t i = 0; i + 1 < e->args_len; i++)
		if (line[i] == '\0')
			line[i] = ' ';
	found = strcasestr(line, want) != NULL;
	if (line != small)
		free(line);
	return found != inverse;
}

void cmdlog_filter(struct cmdlog *c, const char *text)
{
	snprintf(c->filter, sizeof(c->filter), "%.*s", CMDLOG_FILTER - 1, text);
	for (int i = 0; i < c->n; i++)
		c->items[c->head + i]->matches = cmdlog_matches(c, c->items[c->head + i]);
	c->stale = true;
}

void cmdlog_tree(struct cmdlog *c, bool on)
{
	c->tree = on;
	c->stale = true;
}

static void list_rows(struct cmdlog *c)
{
	c->n_rows = 0;
	for (int i = 0; i < c->n; i++)
		if (c->items[c->head + i]->matches)
			c->rows[c->n_rows++].entry = c->items[c->head + i];
	for (int i = 0; i < c->n_rows; i++)
		c->rows[i].depth = 0;
}

/* By place among the items; NONE = none. */
struct tree {
	int bucket[BUCKETS]; /* the newest command of each pid, chained: */
	int more[CMDLOG_KEPT];
	int above[CMDLOG_KEPT];     /* the parent, or the nearest of its parents that is shown */
	int child[CMDLOG_KEPT + 1]; /* first; the last element: of those without a parent */
	int next[CMDLOG_KEPT];      /* sibling */
};

static int find_parent(const struct cmdlog *c, const struct tree *t, const struct cmdlog_entry *e)
{
	int at = e->ppid > 0 ? t->bucket[e->ppid % BUCKETS] : NONE;

	while (at != NONE && c->items[c->head + at]->pid != e->ppid)
		at = t->more[at];
	return at != NONE && cmdlog_is_parent(c->items[c->head + at], e) ? at : NONE;
}

/* The newest of a pid takes the place of the one before: no chain grows with a pid's commands. */
static void put_newest(const struct cmdlog *c, struct tree *t, int i)
{
	int pid = c->items[c->head + i]->pid;
	int *at = &t->bucket[pid % BUCKETS];

	while (*at != NONE && c->items[c->head + *at]->pid != pid)
		at = &t->more[*at];
	t->more[i] = *at != NONE ? t->more[*at] : NONE;
	*at = i;
}

static void link_parents(const struct cmdlog *c, struct tree *t)
{
	memset(t->bucket, 0xff, sizeof(t->bucket));
	memset(t->child, 0xff, sizeof(t->child));
	for (int i = 0; i < c->n; i++) {
		const struct cmdlog_entry *e = c->items[c->head + i];
		int parent = find_parent(c, t, e);

		if (parent != NONE && !c->items[c->head + parent]->matches)
			parent = t->above[parent];
		t->above[i] = parent;
		put_newest(c, t, i);
	}
	for (int i = c->n - 1; i >= 0; i--) { /* backwards, so that the oldest comes first */
		int *first = &t->child[t->above[i] != NONE ? t->above[i] : CMDLOG_KEPT];

		if (!c->items[c->head + i]->matches)
			continue;
		t->next[i] = *first;
		*first = i;
	}
}

static void tree_rows(struct cmdlog *c)
{
	struct tree *t = malloc(sizeof(*t));
	int depth = 0;
	int at;

	if (t == NULL) {
		list_rows(c);
		return;
	}
	link_parents(c, t);
	c->n_rows = 0;
	at = t->child[CMDLOG_KEPT];
	while (at != NONE) {
		c->rows[c->n_rows++] = (struct cmdlog_row){ c->items[c->head + at], depth };
		if (t->child[at] != NONE) {
			at = t->child[at];
			depth++;
			continue;
		}
		while (t->next[at] == NONE && t->above[at] != NONE) {
			at = t->above[at];
			depth--;
		}
		at = t->next[at];
	}
	free(t);
}

/* The row of the selected command, or of the first after it. With `newest`, of the newest. */
static int find_row(const struct cmdlog *c, bool newest)
{
	int best = NONE;

	for (int i = 0; i < c->n_rows; i++) {
		uint64_t seq = c->rows[i].entry->seq;
		uint64_t so_far = best != NONE ? c->rows[best].entry->seq : 0;

		if (newest ? seq >= so_far : seq >= c->selected && (best == NONE || seq < so_far))
			best = i;
	}
	return best == NONE ? c->n_rows - 1 : best;
}

void cmdlog_settle(struct cmdlog *c)
{
	int before = c->cursor;

	if (!c->stale)
		return;
	c->stale = false;
	if (c->tree)
		tree_rows(c);
	else
		list_rows(c);
	if (c->n_rows == 0) { /* a filter may give it back: `selected` stays */
		c->cursor = NONE;
		return;
	}
	c->cursor = find_row(c, c->follow);
	if (c->follow)
		c->selected = c->rows[c->cursor].entry->seq;
	else if (before >= 0)
		c->top += c->cursor - before;
}
