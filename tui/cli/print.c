/*
 * print.c: standard output and standard error of the verbs.
 */
#include "tui/cli/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/fd.h"

/* One write for one message: lines of several processes on one terminal do not mix. A failure
 * cannot be told anywhere. */
static void say(struct buf *b)
{
	(void)fd_write_all(STDERR_FILENO, buf_str(b), b->len);
	buf_free(b);
}

void print_err(const struct error *err)
{
	/* No allocation: the error may be that there is no memory. */
	char text[ERROR_TEXT_MAX + ERROR_HINT_MAX + 64];
	int n = snprintf(text, sizeof(text), "warder: %s\n",
	                 err->text[0] != '\0' ? err->text : "failed");

	if (err->hint[0] != '\0')
		n += snprintf(text + n, sizeof(text) - (size_t)n, "  hint: %s\n", err->hint);
	(void)fd_write_all(STDERR_FILENO, text, (size_t)n);
}

void print_notice(const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	struct buf b = BUF_INIT;
	char raw[ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_safe(&text, raw, strlen(raw), false);
	buf_addf(&b, "warder: %s\n", buf_str(&text));
	buf_free(&text);
	say(&b);
}

int print_usage_error(const char *verb, const char *fmt, ...)
{
	struct error err = ERROR_INIT;
	char raw[ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (strcmp(verb, "warder") == 0) { /* the dashboard: no verb */
		error_set(&err, EINVAL, "%s", raw);
		error_hint(&err, "warder --help");
	} else {
		error_set(&err, EINVAL, "%s: %s", verb, raw);
		error_hint(&err, "warder %s --help", verb);
	}
	print_err(&err);
	return EXIT_USAGE;
}

int print_out(struct buf *b)
{
	struct error err = ERROR_INIT;
	int r = b->failed ? -ENOMEM : fd_write_all(STDOUT_FILENO, buf_str(b), b->len);

	buf_free(b);
	if (r == 0)
		return 0;
	error_errno(&err, r, "standard output");
	print_err(&err);
	return 1;
}

unsigned print_columns(void)
{
	struct winsize ws;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return 0;
	return ws.ws_col;
}

void print_safe(struct buf *out, const char *s)
{
	text_safe(out, s, strlen(s), false);
}

void print_cut(struct buf *out, const char *safe, size_t columns, bool pad)
{
	size_t all = text_columns(safe);
	size_t room = all > columns && columns > 0 ? columns - 1 : columns;
	size_t used = 0;
	const char *end = safe + strlen(safe);

	while (safe < end) {
		uint32_t cp = 0;
		size_t n = text_utf8_decode(safe, (size_t)(end - safe), &cp);
		int w = n > 0 ? text_width(cp) : -1;

		if (w < 0 || used + (size_t)w > room)
			break;
		buf_add(out, safe, n);
		used += (size_t)w;
		safe += n;
	}
	if (all > columns && columns > 0) {
		buf_addc(out, '~');
		used++;
	}
	for (; pad && used < columns; used++)
		buf_addc(out, ' ');
}

enum { TABLE_COLUMNS_MAX = 16, GAP = 2 };

static const char *cell_text(const char *cell)
{
	return cell != NULL ? cell : "-";
}

/* One line; cells before the last one are padded, the line as a whole is cut. */
static void table_line(struct buf *out, const struct print_column *columns, int n,
                       char *const *cells, const size_t *widths, unsigned width)
{
	struct buf line = BUF_INIT;

	for (int i = 0; i < n; i++) {
		const char *text = cells != NULL ? cell_text(cells[i]) : columns[i].title;
		size_t len = text_columns(text);
		size_t fill = widths[i] > len ? widths[i] - len : 0;

		if (columns[i].right)
			buf_addf(&line, "%*s", (int)fill, "");
		buf_adds(&line, text);
		if (i == n - 1)
			break;
		if (!columns[i].right)
			buf_addf(&line, "%*s", (int)fill, "");
		buf_addf(&line, "%*s", GAP, "");
	}
	if (line.failed)
		out->failed = true;
	print_cut(out, buf_str(&line), width > 0 ? width : SIZE_MAX, false);
	buf_addc(out, '\n');
	buf_free(&line);
}

void print_table(struct buf *out, const struct print_column *columns, int n_columns,
                 char *const *cells, int n_rows, unsigned width, bool header)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };

	if (n_columns > TABLE_COLUMNS_MAX)
		n_columns = TABLE_COLUMNS_MAX;
	for (int i = 0; i < n_columns; i++) {
		widths[i] = header ? strlen(columns[i].title) : 0;
		for (int row = 0; row < n_rows; row++) {
			size_t len = text_columns(cell_text(cells[row * n_columns + i]));

			if (len > widths[i])
				widths[i] = len;
		}
	}
	if (header)
		table_line(out, columns, n_columns, NULL, widths, width);
	for (int row = 0; row < n_rows; row++)
		table_line(out, columns, n_columns, cells + row * n_columns, widths, width);
}
