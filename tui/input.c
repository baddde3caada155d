/*
 * input.c: see input.h. Only printable characters enter, so that what is shown is what will be
 * used.
 */
#include "tui/input.h"

#include <stdio.h>
#include <string.h>

#include "tui/keymap.h"

static size_t before(const struct input *in, size_t at)
{
	while (at > 0 && ((unsigned char)in->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct input *in, size_t at)
{
	if (at < in->len)
		at++;
	while (at < in->len && ((unsigned char)in->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct input *in, size_t from, size_t to)
{
	memmove(in->text + from, in->text + to, in->len - to + 1);
	in->len -= to - from;
	in->at = from;
}

static size_t encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

static bool insert(struct input *in, uint32_t cp)
{
	char bytes[4];
	size_t n;

	if (cp < 32 || cp >= KEY_CODE_BASE || (cp >= 0xd800 && cp <= 0xdfff) || text_width(cp) < 1)
		return false;
	n = encode(cp, bytes);
	if (in->len + n >= sizeof(in->text))
		return true;
	memmove(in->text + in->at + n, in->text + in->at, in->len - in->at + 1);
	memcpy(in->text + in->at, bytes, n);
	in->len += n;
	in->at += n;
	return true;
}

void input_set(struct input *in, const char *text)
{
	const char *end = text + strlen(text);

	*in = (struct input){ .len = 0 };
	while (text < end) {
		uint32_t cp;
		size_t n = text_utf8_decode(text, (size_t)(end - text), &cp);

		if (n > 0)
			insert(in, cp);
		text += n > 0 ? n : 1;
	}
}

static size_t word_start(const struct input *in)
{
	size_t at = in->at;

	while (at > 0 && in->text[at - 1] == ' ')
		at--;
	while (at > 0 && in->text[at - 1] != ' ')
		at--;
	return at;
}

bool input_key(struct input *in, uint32_t key)
{
	switch (key) {
	case K_BACKSPACE:
		cut(in, before(in, in->at), in->at);
		return true;
	case K_DELETE:
		cut(in, in->at, after(in, in->at));
		return true;
	case K_LEFT:
		in->at = before(in, in->at);
		return true;
	case K_RIGHT:
		in->at = after(in, in->at);
		return true;
	case K_HOME:
	case K_CTRL('A'):
		in->at = 0;
		return true;
	case K_END:
	case K_CTRL('E'):
		in->at = in->len;
		return true;
	case K_CTRL('U'):
		cut(in, 0, in->at);
		return true;
	case K_CTRL('K'):
		cut(in, in->at, in->len);
		return true;
	case K_CTRL('W'):
		cut(in, word_start(in), in->at);
		return true;
	default:
		return insert(in, key);
	}
}

void input_draw(const struct input *in, struct grid *g, int x, int y, int w, bool focus)
{
	size_t from = 0;
	int column;

	if (w < 1)
		return;
	grid_fill(g, (struct rect){ x, y, w, 1 }, ' ', ROLE_FIELD);
	for (;;) {
		char head[INPUT_MAX];

		snprintf(head, sizeof(head), "%.*s", (int)(in->at - from), in->text + from);
		column = (int)text_columns(head);
		if (column < w || from >= in->at)
			break;
		from = after(in, from);
	}
	grid_text(g, x, y, w, ROLE_FIELD, in->text + from, in->len - from);
	if (focus) {
		g->cursor_x = x + (column < w ? column : w - 1);
		g->cursor_y = y;
	}
}
