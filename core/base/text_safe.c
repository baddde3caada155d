/*
 * text_safe.c: untrusted bytes made printable. One decision for every code point: text_width() says
 * whether it may reach a terminal; what may not becomes a visible escape. Nothing here depends on
 * the locale.
 */
#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* RFC 3629, section 4: the second byte's range excludes overlong forms, surrogates and what is
 * above U+10FFFF. */
size_t text_utf8_decode(const char *s, size_t len, uint32_t *ret)
{
	unsigned char first;
	uint32_t cp;
	uint32_t least;
	size_t n;

	if (len == 0)
		return 0;
	first = (unsigned char)s[0];
	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	if (first >= 0xc2 && first <= 0xdf) {
		n = 2;
		cp = first & 0x1f;
		least = 0x80;
	} else if (first >= 0xe0 && first <= 0xef) {
		n = 3;
		cp = first & 0x0f;
		least = 0x800;
	} else if (first >= 0xf0 && first <= 0xf4) {
		n = 4;
		cp = first & 0x07;
		least = 0x10000;
	} else {
		return 0;
	}
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (!is_continuation(s[i]))
			return 0;
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret = cp;
	return n;
}

static size_t escape_short(char out[TEXT_SAFE_UNIT], char c)
{
	out[0] = '\\';
	out[1] = c;
	out[2] = '\0';
	return 2;
}

static size_t escape(uint32_t cp, char out[TEXT_SAFE_UNIT])
{
	switch (cp) {
	case '\n':
		return escape_short(out, 'n');
	case '\t':
		return escape_short(out, 't');
	case '\r':
		return escape_short(out, 'r');
	case 0x1b:
		return escape_short(out, 'e');
	default:
		break;
	}
	if (cp < 0x80)
		return (size_t)snprintf(out, TEXT_SAFE_UNIT, "\\x%02x", cp);
	if (cp <= 0xffff)
		return (size_t)snprintf(out, TEXT_SAFE_UNIT, "\\u%04x", cp);
	return (size_t)snprintf(out, TEXT_SAFE_UNIT, "\\U%08x", cp);
}

size_t text_safe_next(const char **p, const char *end, bool quote, char out[TEXT_SAFE_UNIT],
                      bool *ret_hidden)
{
	uint32_t cp = 0;
	size_t n = text_utf8_decode(*p, (size_t)(end - *p), &cp);
	bool hidden = n == 0 || text_width(cp) < 0;
	size_t len;

	if (n == 0) {
		len = (size_t)snprintf(out, TEXT_SAFE_UNIT, "\\x%02x", (unsigned char)**p);
		n = 1;
	} else if (hidden) {
		len = escape(cp, out);
	} else if (quote && cp == '\\') {
		len = escape_short(out, '\\');
	} else {
		memcpy(out, *p, n);
		out[n] = '\0';
		len = n;
	}
	*p += n;
	if (ret_hidden != NULL)
		*ret_hidden = hidden;
	return len;
}

size_t text_safe(struct buf *out, const char *bytes, size_t len, bool quote)
{
	const char *p = bytes;
	const char *end = bytes + len;
	size_t hidden = 0;

	while (p < end) {
		char unit[TEXT_SAFE_UNIT];
		bool escaped;
		size_t n = text_safe_next(&p, end, quote, unit, &escaped);

		buf_add(out, unit, n);
		hidden += escaped;
	}
	return hidden;
}

/* Whether a shell takes the word as it stands. '=' in the first word would be an assignment. */
static bool is_plain_word(const char *word, bool first)
{
	const char *allowed = first ? "@%+:,./_-" : "@%+=:,./_-";

	if (*word == '\0')
		return false;
	for (const char *p = word; *p != '\0'; p++) {
		bool alnum = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		             (*p >= '0' && *p <= '9');

		if (!alnum && strchr(allowed, *p) == NULL)
			return false;
	}
	return true;
}

static bool has_hidden(const char *word)
{
	const char *end = word + strlen(word);

	while (word < end) {
		char unit[TEXT_SAFE_UNIT];
		bool hidden;

		text_safe_next(&word, end, false, unit, &hidden);
		if (hidden)
			return true;
	}
	return false;
}

/* 'word', or $'word' of bash where something has to be escaped. */
static void add_quoted(struct buf *out, const char *word)
{
	const char *end = word + strlen(word);
	bool ansi = has_hidden(word);

	buf_adds(out, ansi ? "$'" : "'");
	while (word < end) {
		char unit[TEXT_SAFE_UNIT];
		size_t n;

		if (*word == '\'') {
			buf_adds(out, ansi ? "\\'" : "'\\''");
			word++;
			continue;
		}
		n = text_safe_next(&word, end, ansi, unit, NULL);
		buf_add(out, unit, n);
	}
	buf_addc(out, '\'');
}

void text_safe_argv(struct buf *out, const char *const *argv, size_t argc)
{
	for (size_t i = 0; i < argc; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		if (is_plain_word(argv[i], i == 0))
			buf_adds(out, argv[i]);
		else
			add_quoted(out, argv[i]);
	}
}

size_t text_columns(const char *s)
{
	const char *end = s + strlen(s);
	size_t columns = 0;

	while (s < end) {
		uint32_t cp;
		size_t n = text_utf8_decode(s, (size_t)(end - s), &cp);
		int width = n > 0 ? text_width(cp) : 1;

		if (width > 0)
			columns += (size_t)width;
		s += n > 0 ? n : 1;
	}
	return columns;
}
