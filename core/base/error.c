/*
 * error.c: filling struct error. Whatever comes in through a format, the text that is kept is
 * printable and on one line, cut at a whole character; no allocation, so it works when memory is
 * gone.
 */
#include "core/base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static const char cut_mark[] = "...";

/* Copies src, made safe, into out (size bytes, NUL included). */
static void copy_safe(char *out, size_t size, const char *src)
{
	const char *end = src + strlen(src);
	size_t room = size - sizeof(cut_mark); /* leaves the mark and the NUL */
	size_t len = 0;
	size_t mark_at = 0;

	while (src < end) {
		char unit[TEXT_SAFE_UNIT];
		size_t n = text_safe_next(&src, end, false, unit, NULL);

		if (len + n > size - 1) {
			memcpy(out + mark_at, cut_mark, sizeof(cut_mark));
			return;
		}
		memcpy(out + len, unit, n);
		len += n;
		if (len <= room)
			mark_at = len;
	}
	out[len] = '\0';
}

static int positive(int code)
{
	if (code == 0)
		return EIO;
	return code < 0 ? -code : code;
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
	char raw[ERROR_TEXT_MAX + 16];
	va_list ap;

	code = positive(code);
	if (err == NULL)
		return -code;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	err->code = code;
	err->hint[0] = '\0';
	copy_safe(err->text, sizeof(err->text), raw);
	return -code;
}

int error_errno(struct error *err, int code, const char *fmt, ...)
{
	char raw[ERROR_TEXT_MAX + 16];
	const char *why;
	va_list ap;
	size_t len;

	code = positive(code);
	if (err == NULL)
		return -code;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	len = strlen(raw);
	why = strerrordesc_np(code);
	if (why != NULL)
		snprintf(raw + len, sizeof(raw) - len, ": %s", why);
	else
		snprintf(raw + len, sizeof(raw) - len, ": error %d", code);
	err->code = code;
	err->hint[0] = '\0';
	copy_safe(err->text, sizeof(err->text), raw);
	return -code;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char raw[ERROR_TEXT_MAX + 16];
	va_list ap;
	size_t len;

	if (err == NULL)
		return -EIO;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	len = strlen(raw);
	snprintf(raw + len, sizeof(raw) - len, ": %s", err->text);
	copy_safe(err->text, sizeof(err->text), raw);
	err->code = positive(err->code);
	return -err->code;
}

void error_hint(struct error *err, const char *fmt, ...)
{
	char raw[ERROR_HINT_MAX + 16];
	va_list ap;

	if (err == NULL || err->hint[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	copy_safe(err->hint, sizeof(err->hint), raw);
}
