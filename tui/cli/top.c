/*
 * top.c: warder top: usage of live sessions, painted again each second. No curses: home, lines
 * each cleared to their end, the rest cleared; so it works through any pipe of terminals, and its
 * output to a file is plain tables.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/api/sessions.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/json.h"
#include "tui/cli/cells.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"
#include "tui/tty.h"

enum { REFRESH_MS = 1000 };

struct top_options {
	bool once, json;
};

static void cell_left(struct buf *out, const struct session_view *v)
{
	uint64_t now = clock_now();
	char text[32];

	if (v->board.deadline == 0) {
		buf_adds(out, "-");
		return;
	}
	text_format_duration(v->board.deadline > now ? v->board.deadline - now : 0, text,
	                     sizeof(text));
	buf_adds(out, text);
}

static void cell_share(struct buf *out, int64_t used, int64_t limit)
{
	if (used < 0 || limit <= 0)
		buf_adds(out, "-");
	else
		buf_addf(out, "%.1f", (double)used * 100 / (double)limit);
}

static void add_row(struct rows *rows, const struct session_view *v)
{
	const struct board_data *b = &v->board;
	const struct board_sample *s = cell_sample(v);
	bool known = v->have_board;
	struct buf c = BUF_INIT;

	buf_adds(&c, v->id);
	rows_add(rows, &c);
	print_safe(&c, v->record->user != NULL ? v->record->user : "-");
	rows_add(rows, &c);
	cell_state(&c, v);
	rows_add(rows, &c);
	cell_cpu(&c, v);
	rows_add(rows, &c);
	cell_size(&c, known ? b->memory : -1);
	rows_add(rows, &c);
	cell_share(&c, known ? b->memory : -1, known ? b->memory_limit : -1);
	rows_add(rows, &c);
	cell_size(&c, known ? b->memory_peak : -1);
	rows_add(rows, &c);
	cell_number(&c, known ? b->pids : -1);
	rows_add(rows, &c);
	cell_size(&c, s != NULL ? s->read_rate : -1);
	rows_add(rows, &c);
	cell_size(&c, s != NULL ? s->write_rate : -1);
	rows_add(rows, &c);
	if (known)
		cell_left(&c, v);
	else
		buf_adds(&c, "-");
	rows_add(rows, &c);
	cell_command(&c, v);
	rows_add(rows, &c);
}

static void print_human(const struct sessions *list, struct buf *out)
{
	static const struct print_column columns[] = {
		{ "ID", false },    { "USER", false },   { "STATE", false }, { "CPU%", true },
		{ "MEM", true },    { "MEM%", true },    { "PEAK", true },   { "PIDS", true },
		{ "READ/s", true }, { "WRITE/s", true }, { "LEFT", true },   { "COMMAND", false },
	};
	enum { N = sizeof(columns) / sizeof(columns[0]) };
	struct rows rows = { .n_columns = N };

	for (int i = 0; i < sessions_count(list); i++) {
		if (session_state_live(sessions_at(list, i)->state))
			add_row(&rows, sessions_at(list, i));
	}
	print_table(out, columns, N, rows.cells, rows.n_cells / N, print_columns(), true);
	out->failed |= rows.failed;
	rows_free(&rows);
}

static void print_json(const struct sessions *list, struct buf *out)
{
	struct json_writer w = json_writer(out);

	json_put_array(&w, NULL);
	for (int i = 0; i < sessions_count(list); i++) {
		if (session_state_live(sessions_at(list, i)->state))
			session_view_print(sessions_at(list, i), &w, NULL);
	}
	json_put_end(&w, ']');
	buf_addc(out, '\n');
}

/* The table as a repaint of the screen; no more lines than it has. */
static void paint(struct buf *table, struct buf *out)
{
	struct winsize ws = { .ws_row = 24 };
	const char *p = buf_str(table);

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws);
	buf_adds(out, "\033[H");
	for (unsigned row = 1; *p != '\0' && row < ws.ws_row; row++) {
		size_t len = strcspn(p, "\n");

		buf_add(out, p, len);
		buf_adds(out, "\033[K\r\n");
		p += len + (p[len] == '\n');
	}
	buf_adds(out, "q quits\033[J");
	out->failed |= table->failed;
	buf_free(table);
}

static int print_once(const struct top_options *o, struct sessions *list, bool screen,
                      struct error *err)
{
	struct buf table = BUF_INIT;
	struct buf out = BUF_INIT;
	int r = sessions_scan(list, false, err);

	if (r < 0)
		return r;
	sessions_refresh(list);
	if (o->json)
		print_json(list, &out);
	else
		print_human(list, screen ? &table : &out);
	if (screen)
		paint(&table, &out);
	else if (!o->json && !o->once)
		buf_addc(&out, '\n');
	return print_out(&out);
}

/* Until the next refresh. True to end: q, Ctrl-C, or a signal. */
static bool wait_turn(int signal_fd, bool keys, uint64_t until)
{
	for (;;) {
		uint64_t now = clock_now();
		int ms = now < until ? (int)((until - now) / NS_PER_MS) + 1 : 0;
		struct pollfd p[2] = { { signal_fd, POLLIN, 0 },
			               { keys ? STDIN_FILENO : -1, POLLIN, 0 } };
		struct signalfd_siginfo si;
		char key = 0;

		if (poll(p, 2, ms) == 0)
			return false;
		if (p[0].revents && read(signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
			if (si.ssi_signo == SIGWINCH)
				return false;
			return true;
		}
		if (p[1].revents && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
			return true;
	}
}

static int live(const struct top_options *o, struct sessions *list, struct error *err)
{
	bool screen = !o->json && isatty(STDOUT_FILENO);
	bool keys = screen && isatty(STDIN_FILENO) && tty_enter(STDIN_FILENO, TTY_KEYS) == 0;
	CLEANUP_FD int signal_fd = -1;
	uint64_t next = clock_now();
	sigset_t set;
	int r = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		r = error_errno(err, errno, "signalfd");
	if (r == 0 && screen)
		r = fd_write_all(STDOUT_FILENO, "\033[?1049h\033[?25l\033[2J", 18) < 0;
	while (r == 0) {
		r = print_once(o, list, screen, err);
		next += REFRESH_MS * NS_PER_MS;
		if (r != 0 || wait_turn(signal_fd, keys, next))
			break;
		if (clock_now() > next)
			next = clock_now();
	}
	if (screen)
		(void)fd_write_all(STDOUT_FILENO, "\033[?25h\033[?1049l", 14);
	tty_leave();
	return r;
}

static int top_main(const struct verb *v, int argc, char **argv)
{
	struct top_options o = { .once = false };
	struct sessions *list = NULL;
	struct error err = ERROR_INIT;
	char **operands = NULL;
	int n = 0;
	int status = 0;
	int r;

	if (verb_begin(v, argc, argv, &o, 0, 0, &operands, &n, &status) < 0)
		return status;
	free(operands);
	if (sessions_open(&list, &err) < 0)
		return verb_fail(v, &err, 1);
	r = o.once ? print_once(&o, list, false, &err) : live(&o, list, &err);
	sessions_close(list);
	return r < 0 ? verb_fail(v, &err, 1) : r;
}

static const struct cli_option top_options[] = {
	{ 0, "once", .argument = NULL, .offset = offsetof(struct top_options, once),
	  .help = "one table and no more" },
	{ 0, "json", .argument = NULL, .offset = offsetof(struct top_options, json),
	  .help = "a JSON array a line for each refresh" },
	{ .name = NULL },
};

const struct verb verb_top = {
	.name = "top",
	.operands = "[--once] [--json]",
	.summary = "Show what live sessions use, refreshed each second",
	.options = top_options,
	.text = "q or Ctrl-C ends it.",
	.main = top_main,
};
