/*
 * safe_lines.c: see safe_lines.h.
 */
#include "tui/cli/safe_lines.h"

#include <string.h>

static void show_returns(struct safe_lines *s, struct buf *out)
{
	for (; s->returns > 0; s->returns--)
		buf_adds(out, "\\r");
}

/* How many bytes at the end of s might be the beginning of a UTF-8 sequence that goes on. */
static size_t unfinished(const char *s, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		unsigned char c = (unsigned char)s[len - n];

		if ((c & 0xc0) == 0x80)
			continue;
		if ((c >= 0xc2 && c <= 0xdf && n < 2) || ((c & 0xf0) == 0xe0 && n < 3) ||
		    (c >= 0xf0 && c <= 0xf4 && n < 4))
			return n;
		return 0;
	}
	return 0;
}

/* A run without newline, tab and carriage return. */
static void add_run(struct safe_lines *s, const char *run, size_t len, struct buf *out)
{
	if (len == 0)
		return;
	show_returns(s, out);
	text_safe(out, run, len, false);
}

static void add_whole(struct safe_lines *s, const char *bytes, size_t len, struct buf *out)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c != '\n' && c != '\t' && c != '\r')
			continue;
		add_run(s, bytes + start, i - start, out);
		start = i + 1;
		if (c == '\r') {
			s->returns++;
			continue;
		}
		if (c == '\n')
			s->returns = 0;
		show_returns(s, out);
		buf_addc(out, c);
	}
	add_run(s, bytes + start, len - start, out);
}

void safe_lines_add(struct safe_lines *s, const char *bytes, size_t len, struct buf *out)
{
	struct buf joined = BUF_INIT;
	size_t tail;

	buf_add(&joined, s->held, s->held_len);
	buf_add(&joined, bytes, len);
	if (joined.failed) {
		out->failed = true;
		buf_free(&joined);
		return;
	}
	tail = unfinished(joined.data, joined.len);
	add_whole(s, joined.data, joined.len - tail, out);
	memcpy(s->held, joined.data + joined.len - tail, tail);
	s->held_len = tail;
	buf_free(&joined);
}

void safe_lines_end(struct safe_lines *s, struct buf *out)
{
	add_run(s, s->held, s->held_len, out);
	s->held_len = 0;
	show_returns(s, out);
}
