/*
 * cmdlog.c: records in, commands kept, the cursor. Which rows that makes: cmdlog_rows.c.
 */
#include "tui/cmdlog.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "tui/cmdlog_rows.h"

enum { CAPACITY = 2 * CMDLOG_KEPT, REPLACED_LOOK = 256 };

int cmdlog_init(struct cmdlog *c)
{
	*c = (struct cmdlog){ .follow = true, .cursor = -1 };
	c->items = calloc(CAPACITY, sizeof(struct cmdlog_entry *));
	c->rows = calloc(CMDLOG_KEPT, sizeof(*c->rows));
	if (c->items != NULL && c->rows != NULL)
		return 0;
	cmdlog_free(c);
	return -ENOMEM;
}

void cmdlog_free(struct cmdlog *c)
{
	for (int i = 0; i < c->n; i++)
		free(c->items[c->head + i]);
	free(c->items);
	free(c->rows);
	*c = (struct cmdlog){ .cursor = -1 };
}

static const char *text_of(const struct json_at *record, const char *key)
{
	struct json_at at = json_member(record, key);
	const char *s;

	return json_string(&at, &s, NULL) == 0 ? s : "";
}

static int64_t number_of(const struct json_at *record, const char *key, int64_t min, int64_t max,
                         int64_t otherwise)
{
	struct json_at at = json_member(record, key);
	int64_t v;

	return json_int(&at, min, max, &v, NULL) == 0 ? v : otherwise;
}

static bool flag_of(const struct json_at *record, const char *key)
{
	struct json_at at = json_member(record, key);
	bool v;

	return json_bool(&at, &v, NULL) == 0 && v;
}

static const char *put_text(struct cmdlog_entry *e, size_t *at, const char *s)
{
	size_t len = strlen(s) + 1;
	char *to = e->text + *at;

	memcpy(to, s, len);
	*at += len;
	return to;
}

static struct cmdlog_entry *make_entry(const struct json_at *r, uint64_t seq)
{
	static const char *const keys[] = { "exe", "cwd", "unverified_because", "argv_sha256" };
	struct json_at argv = json_member(r, "argv");
	struct cmdlog_entry *e;
	const char *arg;
	size_t size = 0;
	size_t at = 0;

	for (struct json_at i = json_item(&argv, 0); i.value != NULL; i = json_next(&i))
		if (json_string(&i, &arg, NULL) == 0)
			size += strlen(arg) + 1;
	for (size_t k = 0; k < 4; k++)
		size += strlen(text_of(r, keys[k])) + 1;
	e = calloc(1, sizeof(*e) + size);
	if (e == NULL)
		return NULL;
	for (struct json_at i = json_item(&argv, 0); i.value != NULL; i = json_next(&i)) {
		if (json_string(&i, &arg, NULL) < 0)
			continue;
		put_text(e, &at, arg);
		e->argc++;
	}
	e->args_len = at;
	e->exe = put_text(e, &at, text_of(r, keys[0]));
	e->cwd = put_text(e, &at, text_of(r, keys[1]));
	e->doubt = put_text(e, &at, text_of(r, keys[2]));
	e->sha256 = put_text(e, &at, text_of(r, keys[3]));
	e->size = sizeof(*e) + size;
	e->seq = seq;
	if (clock_parse(text_of(r, "time"), &e->time) < 0)
		e->time = 0;
	e->pid = (int)number_of(r, "pid", 1, INT_MAX, 0);
	e->ppid = (int)number_of(r, "ppid", 1, INT_MAX, 0);
	e->argv_bytes = (uint64_t)number_of(r, "argv_bytes", 0, INT64_MAX, 0);
	e->verified = flag_of(r, "verified");
	e->exit_code = -1;
	e->duration_ms = -1;
	return e;
}

/* Where a command with this seq stands, or would: the first that is not older. */
static int place_of(const struct cmdlog *c, uint64_t seq)
{
	int low = 0;
	int high = c->n;

	while (low < high) {
		int mid = low + (high - low) / 2;

		if (c->items[c->head + mid]->seq < seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void drop_oldest(struct cmdlog *c)
{
	struct cmdlog_entry *e = c->items[c->head];

	c->bytes -= e->size;
	c->head++;
	c->n--;
	c->older++;
	free(e);
	c->stale = true;
}

/* The next program of the same process came before this end was written. */
static bool was_replaced(const struct cmdlog *c, const struct cmdlog_entry *e)
{
	int next = place_of(c, e->end_seq);

	for (int i = next - 1; i >= 0 && i >= next - REPLACED_LOOK; i--) {
		const struct cmdlog_entry *other = c->items[c->head + i];

		if (other->seq <= e->seq)
			return false;
		if (other->pid == e->pid)
			return true;
	}
	return false;
}

static void finish(const struct cmdlog *c, struct cmdlog_entry *e, const struct cmdlog_end *end)
{
	e->end_seq = end->seq;
	e->exit_code = end->exit_code;
	e->signal = end->signal;
	e->duration_ms = end->duration_ms;
	e->replaced = e->exit_code < 0 && e->signal == 0 && was_replaced(c, e);
}

static int add_end(struct cmdlog *c, const struct json_at *r, uint64_t seq)
{
	struct json_at duration = json_member(r, "duration_ms");
	struct cmdlog_end end = {
		.seq = seq,
		.of = (uint64_t)number_of(r, "exec_seq", 1, INT64_MAX, 0),
		.exit_code = (int)number_of(r, "exit_code", 0, 255, -1),
		.signal = (int)number_of(r, "signal", 1, 127, 0),
	};
	int i = place_of(c, end.of);

	if (json_double(&duration, 0, 1e15, &end.duration_ms, NULL) < 0)
		end.duration_ms = -1;
	if (i < c->n && c->items[c->head + i]->seq == end.of) {
		finish(c, c->items[c->head + i], &end);
		return 1;
	}
	if (c->older == 0 || c->n == 0 || end.of > c->items[c->head]->seq)
		c->ends[c->next_end++ % CMDLOG_ENDS] = end;
	return 0;
}

static int add_entry(struct cmdlog *c, const struct json_at *r, uint64_t seq)
{
	int i = place_of(c, seq);
	struct cmdlog_entry **items;
	struct cmdlog_entry *e;

	if (i < c->n && c->items[c->head + i]->seq == seq)
		return 0;
	if (i == 0 && c->older > 0) {
		c->older++;
		return 1;
	}
	e = make_entry(r, seq);
	if (e == NULL)
		return -ENOMEM;
	e->matches = cmdlog_matches(c, e);
	if (c->head + c->n == CAPACITY) {
		memmove(c->items, c->items + c->head, (size_t)c->n * sizeof(*c->items));
		c->head = 0;
	}
	items = c->items + c->head;
	memmove(items + i + 1, items + i, (size_t)(c->n - i) * sizeof(*items));
	items[i] = e;
	c->n++;
	c->bytes += e->size;
	c->stale = true;
	for (int k = 0; k < CMDLOG_ENDS; k++) {
		if (c->ends[k].of == seq) {
			finish(c, e, &c->ends[k]);
			c->ends[k].of = 0;
		}
	}
	while (c->n > CMDLOG_KEPT || (c->bytes > CMDLOG_BYTES && c->n > 1))
		drop_oldest(c);
	return 1;
}

int cmdlog_add(struct cmdlog *c, const char *line, size_t len)
{
	static const char mark[] = "\"kind\":\"exec";
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root;
	const char *kind;
	uint64_t seq;

	/* most records are about other things: they need not be parsed */
	if (memmem(line, len, mark, sizeof(mark) - 1) == NULL ||
	    json_parse("trail", line, len, &doc, NULL) < 0)
		return 0;
	root = json_root("trail", doc);
	kind = text_of(&root, "kind");
	seq = (uint64_t)number_of(&root, "seq", 1, INT64_MAX, 0);
	if (seq == 0)
		return 0;
	if (strcmp(kind, "exec") == 0)
		return add_entry(c, &root, seq);
	return strcmp(kind, "exec_end") == 0 ? add_end(c, &root, seq) : 0;
}

void cmdlog_follow(struct cmdlog *c, bool on)
{
	c->follow = on;
	c->stale = true;
}

void cmdlog_move(struct cmdlog *c, int by)
{
	cmdlog_settle(c);
	if (c->n_rows == 0)
		return;
	if (by < 0)
		c->follow = false;
	else if (by >= CMDLOG_KEPT && !c->tree)
		c->follow = true;
	if (by > c->n_rows)
		by = c->n_rows;
	if (by < -c->n_rows)
		by = -c->n_rows;
	c->cursor += by;
	if (c->cursor >= c->n_rows)
		c->cursor = c->n_rows - 1;
	if (c->cursor < 0)
		c->cursor = 0;
	/* downwards in a tree the newest may be behind */
	if (c->tree && by != 0)
		c->follow = false;
	c->selected = c->rows[c->cursor].entry->seq;
}

void cmdlog_scroll(struct cmdlog *c, int lines)
{
	if (c->top > c->n_rows - lines)
		c->top = c->n_rows - lines;
	if (c->cursor >= 0 && c->top > c->cursor)
		c->top = c->cursor;
	if (c->cursor >= c->top + lines)
		c->top = c->cursor - lines + 1;
	if (c->top < 0)
		c->top = 0;
}

const struct cmdlog_entry *cmdlog_selected(const struct cmdlog *c)
{
	return !c->stale && c->cursor >= 0 && c->cursor < c->n_rows ? c->rows[c->cursor].entry
	                                                            : NULL;
}

const struct cmdlog_entry *cmdlog_parent(const struct cmdlog *c, const struct cmdlog_entry *e)
{
	for (int i = place_of(c, e->seq) - 1; i >= 0 && e->ppid > 0; i--) {
		const struct cmdlog_entry *p = c->items[c->head + i];

		if (p->pid == e->ppid)
			return cmdlog_is_parent(p, e) ? p : NULL;
	}
	return NULL;
}

void cmdlog_line(const struct cmdlog_entry *e, struct buf *out)
{
	const char *arg = e->text;
	const char *end = e->text + e->args_len;

	for (int i = 0; arg < end; i++, arg += strlen(arg) + 1) {
		char word[CMDLOG_LINE + 1];
		const char *words[] = { word };
		size_t len = strnlen(arg, CMDLOG_LINE);

		if (i > 0)
			buf_addc(out, ' ');
		if (out->len >= CMDLOG_LINE)
			break;
		/* a cut in the middle of a character would make an escape of it */
		while (arg[len] != '\0' && len > 0 && ((unsigned char)arg[len] & 0xc0) == 0x80)
			len--;
		memcpy(word, arg, len);
		word[len] = '\0';
		text_safe_argv(out, words, 1);
		if (arg[len] != '\0')
			break;
	}
	if (arg < end || e->argv_bytes > 0)
		buf_adds(out, "…");
}
