/*
 * draw.c: the back end: a grid's cells to ncurses, and the terminal's modes. Besides keys.c the
 * only file that knows curses.
 *
 * Nothing here draws a string: cells only, each printable by construction (grid.h). A row that did
 * not change costs nothing, and ncurses sends only what differs; nothing is ever cleared first, so
 * nothing flickers.
 *
 * The way back is prepared before the terminal is touched: exit runs terminal_close by atexit(3);
 * the signals that ask to end only set a flag; a crash writes the prepared bytes, restores the
 * modes by tcsetattr(3) (async-signal-safe) and dies of its signal.
 */
#include "tui/terminal.h"

#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/error.h"

#undef lines
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_OFF "\033[?1006;1000l"

static struct {
	bool open, registered, active; /* active: the terminal is in our modes */
	bool colour_started, pastes;
	struct termios before;
	SCREEN *screen;
	char restore[256]; /* bytes that bring a terminal back after a crash */
	size_t restore_len;
	struct grid shown;
	bool all;      /* the next draw sends everything */
	sigset_t mask; /* as it was before ours */
	struct theme theme;
} term;

static volatile sig_atomic_t ending;  /* the signal that asked to end */
static volatile sig_atomic_t stopped; /* TSTP came */

static void on_end(int sig)
{
	ending = sig;
}
static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}
static void on_continue(int sig)
{
	(void)sig;
}

static void on_crash(int sig)
{
	if (term.active) {
		ssize_t n = write(STDOUT_FILENO, term.restore, term.restore_len);

		(void)n;
		tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
	}
	/* SA_RESETHAND has put the default back: the fault itself, or this, ends the process. */
	raise(sig);
}

static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigfillset(&sa.sa_mask);
	if ((flags & SA_NODEFER) != 0)
		sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

static void handle_signals(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT };
	static char stack[64 * 1024]; /* the stack may be what is broken */
	stack_t alternative = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigset_t ours;

	sigaltstack(&alternative, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		handle(crashes[i], on_crash, SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
	sigemptyset(&ours);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		handle(ends[i], on_end, 0);
		sigaddset(&ours, ends[i]);
	}
	handle(SIGTSTP, on_stop, 0);
	handle(SIGCONT, on_continue, 0);
	handle(SIGPIPE, SIG_IGN, 0);
	sigaddset(&ours, SIGTSTP);
	sigaddset(&ours, SIGCONT);
	sigaddset(&ours, SIGWINCH);
	sigprocmask(SIG_BLOCK, &ours, &term.mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigdelset(&term.mask, ends[i]);
	sigdelset(&term.mask, SIGTSTP);
	sigdelset(&term.mask, SIGWINCH);
}

const sigset_t *terminal_poll_mask(void)
{
	return &term.mask;
}

int terminal_signal(void)
{
	int sig = ending;

	if (sig != 0) {
		ending = 0;
		return sig;
	}
	sig = stopped ? SIGTSTP : 0;
	stopped = 0;
	return sig;
}

/* A capability without its padding ("$<5>", terminfo(5)). */
static void add_restore(const char *bytes)
{
	const char *s = bytes;

	if (s == NULL || s == (const char *)-1)
		return;
	while (*s != '\0' && term.restore_len < sizeof(term.restore)) {
		if (s[0] == '$' && s[1] == '<' && strchr(s, '>') != NULL)
			s = strchr(s, '>') + 1;
		else
			term.restore[term.restore_len++] = *s++;
	}
}

static const char *capability(const char *name)
{
	char copy[16];

	snprintf(copy, sizeof(copy), "%s", name);
	return tigetstr(copy);
}

static bool has(const char *name)
{
	const char *bytes = capability(name);

	return bytes != NULL && bytes != (const char *)-1;
}

/* Terminals that know bracketed paste (xterm's BE, or relatives by name). Others are not
 * bothered. */
static bool knows_paste(void)
{
	static const char *const names[] = { "xterm",   "tmux",  "screen",    "rxvt",
		                             "foot",    "kitty", "alacritty", "st-",
		                             "wezterm", "vte",   "konsole" };
	const char *type = getenv("TERM");

	if (has("BE"))
		return true;
	for (size_t i = 0; type != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(type, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void prepare_restore(void)
{
	term.restore_len = 0;
	term.pastes = knows_paste();
	if (term.pastes)
		add_restore(PASTE_OFF);
	if (has("kmous"))
		add_restore(MOUSE_OFF);
	add_restore(capability("sgr0"));
	add_restore(capability("op"));
	add_restore(capability("rmkx"));
	add_restore(capability("cnorm"));
	add_restore(capability("rmcup"));
}

static void send(const char *bytes)
{
	fputs(bytes, stdout);
	fflush(stdout);
}

static void enter_modes(void)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	typeahead(-1); /* a frame is sent whole, in one piece, whatever is typed meanwhile */
	curs_set(0);
	term.active = true;
	if (term.pastes)
		send(PASTE_ON);
}

static void leave_modes(void)
{
	if (!term.active)
		return;
	if (term.pastes)
		send(PASTE_OFF);
	if (!has("rmcup")) {
		/* What follows stands below the last screen, not in the middle of its last line. */
		move(LINES - 1, 0);
		clrtoeol();
		refresh();
		term.all = true;
	}
	endwin();
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
	term.active = false;
}

int terminal_open(const struct theme *theme, struct error *err)
{
	const char *type = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &term.before) < 0) {
		error_set(err, ENOTTY, "dashboard: not a terminal");
		error_hint(err, "`warder ps` and `warder top --once` print the sessions");
		return -ENOTTY;
	}
	unsetenv("LINES"); /* ncurses would never follow the window */
	unsetenv("COLUMNS");
	if (getenv("ESCDELAY") == NULL)
		set_escdelay(25);
	term.screen = newterm(NULL, stdout, stdin);
	if (term.screen == NULL || !has("cup")) {
		if (term.screen != NULL) {
			endwin();
			delscreen(term.screen);
			term.screen = NULL;
		}
		tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
		error_set(err, ENOTTY, "dashboard: a terminal of type %.40s cannot move its cursor",
		          type != NULL ? type : "(none)");
		error_hint(err, "set TERM, or use `warder ps` and `warder top`");
		return -ENOTTY;
	}
	prepare_restore();
	if (!term.registered)
		atexit(terminal_close);
	term.registered = true;
	term.open = true;
	handle_signals();
	enter_modes();
	terminal_define_keys();
	if (has_colors()) {
		start_color();
		use_default_colors();
		term.colour_started = true;
	}
	terminal_theme(theme);
	return 0;
}

void terminal_close(void)
{
	if (!term.open)
		return;
	term.open = false;
	leave_modes();
	delscreen(term.screen);
	term.screen = NULL;
	grid_free(&term.shown);
	sigprocmask(SIG_SETMASK, &term.mask, NULL);
}

void terminal_leave(void)
{
	leave_modes();
}

void terminal_return(void)
{
	if (!term.open)
		return;
	tcgetattr(STDIN_FILENO, &term.before);
	enter_modes();
	terminal_redraw();
}

void terminal_suspend(void)
{
	sigset_t stop;

	terminal_leave();
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	handle(SIGTSTP, SIG_DFL, 0);
	kill(0, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* stopped here */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	handle(SIGTSTP, on_stop, 0);
	terminal_return();
}

void terminal_mouse(bool on)
{
	mouseinterval(0); /* each press at once: two of them are told apart by the app */
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
}

void terminal_redraw(void)
{
	term.all = true;
}

/* ---- appearance ---- */

static short pair_of(enum theme_role role, bool selected)
{
	return (short)(1 + 2 * (int)role + (selected ? 1 : 0));
}

static short to_eight(int16_t colour)
{
	return (short)(colour >= 8 && COLORS < 16 ? colour - 8 : colour);
}

/* Text that means nothing special takes the selection's own colour. */
static bool is_plain(enum theme_role role)
{
	return role == ROLE_TEXT || role == ROLE_MUTED || role == ROLE_ENDED;
}

static void start_pairs(const struct theme *theme)
{
	const struct theme_look *selected = &theme->looks[ROLE_SELECTED];
	bool many = COLORS >= 256;

	for (int r = 0; r < ROLE_COUNT; r++) {
		const struct theme_look *look = &theme->looks[r];
		const struct theme_look *front = is_plain((enum theme_role)r) ? selected : look;

		init_pair(pair_of((enum theme_role)r, false),
		          many ? look->fg : to_eight(look->fg16),
		          many ? look->bg : to_eight(look->bg16));
		init_pair(pair_of((enum theme_role)r, true),
		          many ? front->fg : to_eight(front->fg16),
		          many ? selected->bg : to_eight(selected->bg16));
	}
}

void terminal_theme(const struct theme *theme)
{
	term.theme = *theme;
	if (term.colour_started)
		start_pairs(theme);
	terminal_redraw();
}

static attr_t attributes(const struct grid_cell *cell, short *ret_pair)
{
	const struct theme_look *look = &term.theme.looks[cell->role];
	const struct theme_look *selected = &term.theme.looks[ROLE_SELECTED];
	bool colour = term.colour_started && COLORS >= 8;
	bool on = (cell->flags & GRID_SELECTED) != 0;
	unsigned a = colour ? look->attributes : look->mono;
	attr_t out = A_NORMAL;

	if (on)
		a |= colour ? selected->attributes : selected->mono;
	if ((cell->flags & GRID_HIDDEN) != 0)
		a ^= THEME_REVERSE;
	if ((a & THEME_BOLD) != 0)
		out |= A_BOLD;
	if ((a & THEME_DIM) != 0)
		out |= A_DIM;
	if ((a & THEME_REVERSE) != 0)
		out |= A_REVERSE;
	if ((a & THEME_UNDERLINE) != 0)
		out |= A_UNDERLINE;
	*ret_pair = colour ? pair_of((enum theme_role)cell->role, on) : 0;
	return out;
}

/* The locale's table of widths is not ours: where they differ, a stand-in keeps the columns in
 * place. */
static void draw_cell(int x, int y, const struct grid_cell *cell)
{
	wchar_t text[4] = { (wchar_t)cell->cp };
	size_t n = 1;
	cchar_t c;
	short pair;
	attr_t attr = attributes(cell, &pair);

	if (cell->cp >= 0x80 && wcwidth((wchar_t)cell->cp) != cell->width) {
		text[0] = L'?';
		for (int i = 1; i < cell->width; i++) {
			setcchar(&c, text, attr, pair, NULL);
			mvadd_wch(y, x + i, &c);
		}
	} else {
		for (size_t i = 0; i < 2 && cell->mark[i] != 0; i++)
			if (wcwidth((wchar_t)cell->mark[i]) == 0)
				text[n++] = (wchar_t)cell->mark[i];
	}
	if (setcchar(&c, text, attr, pair, NULL) == OK)
		mvadd_wch(y, x, &c);
}

static bool row_changed(const struct grid *g, int y)
{
	return memcmp(grid_at(g, 0, y), grid_at(&term.shown, 0, y),
	              (size_t)g->w * sizeof(struct grid_cell)) != 0;
}

static void place_cursor(const struct grid *g)
{
	bool seen = g->cursor_x >= 0 && g->cursor_y >= 0;

	leaveok(stdscr, seen ? FALSE : TRUE);
	curs_set(seen ? 1 : 0);
	if (seen)
		move(g->cursor_y, g->cursor_x);
}

void terminal_draw(const struct grid *g)
{
	bool all = term.all || term.shown.w != g->w || term.shown.h != g->h;

	if (!term.active)
		return;
	if (all) {
		/* Everything is sent again, over what stands there: the screen is not cleared
		 * first. */
		erase();
		if (term.all)
			redrawwin(stdscr);
		if (grid_size(&term.shown, g->w, g->h) < 0)
			return;
	}
	for (int y = 0; y < g->h && y < LINES; y++) {
		if (!all && !row_changed(g, y))
			continue;
		for (int x = 0; x < g->w && x < COLS; x++)
			if (grid_at(g, x, y)->width != 0)
				draw_cell(x, y, grid_at(g, x, y));
	}
	memcpy(term.shown.cells, g->cells, (size_t)g->w * (size_t)g->h * sizeof(*g->cells));
	term.all = false;
	place_cursor(g);
	wnoutrefresh(stdscr);
	doupdate();
}

void terminal_size(int *ret_w, int *ret_h)
{
	*ret_w = COLS;
	*ret_h = LINES;
}
