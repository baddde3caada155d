/*
 * trail_check.c: does a trail verify? Line by line its seq and chain, and at the end what
 * session.json (of an ended session) or the board (of a live one) holds of the newest record: a
 * trail that was cut or written anew from the start agrees with itself, but not with them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/trail_reader.h"
#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/wire/board.h"
#include "core/wire/record.h"

static bool broken(struct trail_check *c, uint64_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool broken(struct trail_check *c, uint64_t line, const char *fmt, ...)
{
	struct trail_verdict *v = &c->verdict;
	va_list ap;
	int n = line > 0 ? snprintf(v->detail, sizeof(v->detail), "line %" PRIu64 ": ", line) : 0;

	va_start(ap, fmt);
	vsnprintf(v->detail + n, sizeof(v->detail) - (size_t)n, fmt, ap);
	va_end(ap);
	v->broken_line = line;
	v->intact = false;
	return false;
}

/* -EBADMSG when the line is no record at all. */
static int read_seq(const char *line, size_t len, uint64_t *ret)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct json_at root, at;
	int64_t seq;

	if (json_parse(TRAIL_FILE, line, len, &doc, NULL) < 0)
		return -EBADMSG;
	root = json_root(TRAIL_FILE, doc);
	at = json_member(&root, "seq");
	if (json_int(&at, 1, INT64_MAX, &seq, NULL) < 0)
		return -EBADMSG;
	*ret = (uint64_t)seq;
	return 0;
}

bool trail_check_line(struct trail_check *c, const char *line, size_t len)
{
	uint64_t at = c->verdict.records + 1;
	uint64_t seq;

	if (read_seq(line, len, &seq) < 0)
		return broken(c, at, "is not a record");
	if (seq != c->seq + 1 && c->seq == 0)
		return broken(c, at, "seq %" PRIu64 " comes first, expected 1", seq);
	if (seq != c->seq + 1)
		return broken(c, at, "seq %" PRIu64 " follows %" PRIu64, seq, c->seq);
	if (chain_check(c->chain, line, len) < 0)
		return broken(c, at,
		              "does not fit its chain: it was changed, or what is before it");
	if (c->expect_seq > 0 && c->exact && seq > c->expect_seq)
		return broken(c, at, "stands after the session's last record (seq %" PRIu64 ")",
		              c->expect_seq);
	if (seq == c->expect_seq && strcmp(c->chain, c->expect_chain) != 0)
		return broken(c, at, "its chain is not the one that the supervisor published");
	c->seq = seq;
	c->verdict.records++;
	return true;
}

void trail_check_end(struct trail_check *c, size_t rest)
{
	if (c->seq < c->expect_seq)
		broken(c, 0, "the last %" PRIu64 " record%s missing", c->expect_seq - c->seq,
		       c->expect_seq - c->seq == 1 ? " is" : "s are");
	else if (rest > 0 && c->exact)
		broken(c, c->verdict.records + 1, "is cut off");
	else
		c->verdict.intact = true;
}

static bool expect_board(const struct located *l, struct trail_check *c)
{
	struct board_map *map = NULL;
	struct board_data *data = NULL;
	bool ok = false;

	if (l->runtime_fd < 0 || board_map_open(l->runtime_fd, "board", &map, NULL) < 0)
		return false;
	data = malloc(sizeof(*data));
	if (data && board_copy(map, data) == 0) {
		c->expect_seq = data->trail_seq;
		snprintf(c->expect_chain, sizeof(c->expect_chain), "%s", data->trail_chain);
		ok = true;
	}
	free(data);
	board_map_close(map);
	return ok;
}

static int read_record(int state_fd, struct session_record **ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = fd_read_file(state_fd, "session.json", DOTFILE_MAX, &text, &len, err);

	return r < 0 ? r : session_record_parse("session.json", text, len, ret, err);
}

/* What is known of the end. The board is asked before the trail is read: the trail can only be
 * ahead of it. */
static int expect_end(const struct located *l, struct trail_check *c, struct error *err)
{
	struct session_record *record;
	int r;

	if (expect_board(l, c))
		return 0;
	r = read_record(l->state_fd, &record, err);
	if (r < 0)
		return r;
	c->expect_seq = record->trail_seq;
	snprintf(c->expect_chain, sizeof(c->expect_chain), "%s", record->trail_chain);
	c->exact = !session_state_live(record->state);
	session_record_free(record);
	return 0;
}

static int check_all(struct located *l, struct trail_check *c, struct error *err)
{
	struct trail_reader *t = NULL;
	const char *line;
	size_t len;
	bool whole = true;
	int r = expect_end(l, c, err);

	if (r == 0)
		r = trail_open_in(l->state_fd, &t, err);
	if (r < 0)
		return r;
	while (whole && (r = trail_next(t, &line, &len, err)) > 0)
		whole = trail_check_line(c, line, len);
	if (r == -EBADMSG) { /* a line without end is a finding, not a failure */
		broken(c, c->verdict.records + 1, "is longer than %d bytes", TRAIL_LINE_MAX);
		r = 0;
	} else if (r >= 0 && whole) {
		trail_check_end(c, trail_rest(t));
	}
	trail_close(t);
	return r < 0 ? r : 0;
}

int trail_verify(const char *id, struct trail_verdict *ret, struct error *err)
{
	struct trail_check c = { .chain = CHAIN_START };
	struct located l;
	int r = locate_open(id, &l, err);

	if (r < 0)
		return r;
	if (l.state_fd < 0)
		r = error_set(err, ENOENT, "session %s: has no files yet", id);
	else
		r = check_all(&l, &c, err);
	locate_close(&l);
	if (r == 0)
		*ret = c.verdict;
	return r;
}
