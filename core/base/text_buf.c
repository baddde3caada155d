/*
 * text_buf.c: growing buffers. The byte after the last one is always NUL once anything was added.
 * After a failed allocation nothing more is added, so that what is there is a true beginning of
 * what was meant.
 */
#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 64 };

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

/* Makes room for len more bytes and a NUL. */
static bool reserve(struct buf *b, size_t len)
{
	size_t need;
	size_t cap;
	char *data;

	if (b->failed)
		return false;
	if (len >= SIZE_MAX / 2 || b->len >= SIZE_MAX / 2 - len)
		goto fail;
	need = b->len + len + 1;
	if (need <= b->cap)
		return true;
	cap = b->cap > 0 ? b->cap : BUF_FIRST;
	while (cap < need)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL)
		goto fail;
	b->data = data;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	if (s != NULL)
		buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room;
	int n;

	if (!reserve(b, 0))
		return;
	room = b->cap - b->len;
	va_start(ap, fmt);
	n = vsnprintf(b->data + b->len, room, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n >= room && reserve(b, (size_t)n)) {
		va_start(ap, fmt);
		n = vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->failed |= n < 0;
	if (!b->failed)
		b->len += (size_t)n;
	b->data[b->len] = '\0';
}

const char *buf_str(struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *data;

	buf_add(b, "", 0);
	if (b->failed) {
		buf_free(b);
		return NULL;
	}
	data = b->data;
	*b = BUF_INIT;
	return data;
}
