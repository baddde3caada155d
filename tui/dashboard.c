/*
 * dashboard.c: the dashboard on a terminal: options, the loop, the way out. With --demo --script it
 * draws into a file instead, without any terminal (the screen tests).
 *
 * The loop waits for the keys, the directory of sessions, orders under way, and one timer; nothing
 * else wakes it.
 */
#include "tui/dashboard.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "tui/app.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"
#include "tui/config.h"
#include "tui/demo.h"
#include "tui/terminal.h"

#define COMMANDS_EVERY_NS (50 * NS_PER_MS)

enum {
	SCAN_TICKS =
		5, /* the directories are looked at this often even without a word from inotify */
	ORDER_FDS = 32,
	KEYS_A_TURN = 4096, /* then the screen is drawn, however fast a paste comes */
};

struct options {
	const char *theme, *user;
	bool read_only;
	/* the made-up one */
	bool demo, ascii;
	const char *seed, *clock, *size, *script, *dump, *count;
};

#define OPTION(member) offsetof(struct options, member)

static const struct cli_option public_options[] = {
	{ .name = "theme",
	  .argument = "NAME",
	  .offset = OPTION(theme),
	  .help = "colours: dark, mono, or another that is installed (default: the one chosen last "
	          "with T, else "
	          "dark; mono with NO_COLOR)" },
	{ .name = "read-only", .offset = OPTION(read_only), .help = "look, change nothing" },
	{ .name = "user",
	  .argument = "NAME",
	  .offset = OPTION(user),
	  .help = "only this user's sessions" },
	{ .name = NULL },
};

/* For the tests and for looking around: made-up sessions. */
static const struct cli_option demo_options[] = {
	{ .name = "demo", .offset = OPTION(demo), .help = "made-up sessions" },
	{ .name = "ascii", .offset = OPTION(ascii), .help = "no character beyond ASCII" },
	{ .name = "seed",
	  .argument = "N",
	  .offset = OPTION(seed),
	  .help = "of the made-up figures" },
	{ .name = "clock",
	  .argument = "HH:MM:SS",
	  .offset = OPTION(clock),
	  .help = "the time, standing still" },
	{ .name = "count", .argument = "N", .offset = OPTION(count), .help = "how many sessions" },
	{ .name = "size", .argument = "WxH", .offset = OPTION(size), .help = "of the screen" },
	{ .name = "script",
	  .argument = "KEYS",
	  .offset = OPTION(script),
	  .help = "keys to press, without a terminal: text, <Enter>, <F5>, <C-c>, <tick>, "
	          "<resize:WxH>" },
	{ .name = "dump",
	  .argument = "FILE",
	  .offset = OPTION(dump),
	  .help = "where the screen is written then (default: standard output)" },
	{ .name = NULL },
};

const struct verb verb_dashboard = {
	.name = "warder",
	.operands = "",
	.summary = "watch, launch and end sandboxes on one screen",
	.options = public_options,
	.text = "Without a verb, warder opens the dashboard: all sessions that you may see, live. "
		"Press ? for "
		"the keys. Quitting it ends no session.",
	.main = NULL,
};

static const struct verb verb_demo = {
	.name = "warder",
	.operands = "--demo",
	.summary = "the dashboard with made-up sessions",
	.options = demo_options,
	.shared = public_options,
	.main = NULL,
};

/* ---- without a terminal: a script in, a screen out ---- */

static int parse_size(const char *text, int *ret_w, int *ret_h, struct error *err)
{
	char end;

	if (sscanf(text, "%4dx%4d%c", ret_w, ret_h, &end) != 2 || *ret_w < 1 || *ret_h < 1 ||
	    *ret_w > GRID_SIDE_MAX || *ret_h > GRID_SIDE_MAX)
		return error_set(err, EINVAL, "expected WxH, 1 to %d each, got %.40s",
		                 GRID_SIDE_MAX, text);
	return 0;
}

static void paste(struct app *a, const char *text)
{
	app_paste(a, true);
	for (; *text != '\0'; text++)
		app_key(a, (unsigned char)*text);
	app_paste(a, false);
}

static int script_other(struct app *a, const char *what, struct error *err)
{
	int w;
	int h;

	if (strcmp(what, "tick") == 0) {
		demo_tick(a->source);
		app_tick(a);
	} else if (strncmp(what, "resize:", 7) == 0) {
		if (parse_size(what + 7, &w, &h, err) < 0)
			return -EINVAL;
		app_resize(a, w, h);
	} else if (sscanf(what, "click:%4d,%4d", &w, &h) == 2) {
		app_mouse(a, MOUSE_CLICK, w, h);
	} else if (strncmp(what, "paste:", 6) == 0) {
		paste(a, what + 6);
	} else {
		return error_set(err, EINVAL, "script: no such key: <%s>", what);
	}
	return 0;
}

static int play(struct app *a, const char *script, struct grid *g, struct error *err)
{
	char other[256];
	uint32_t key;
	int r;

	r = app_draw(a, g);
	while (r == 0 && *script != '\0' && a->wish != WISH_QUIT) {
		r = keymap_script_next(&script, &key, other, sizeof(other), err);
		if (r == 0 && other[0] != '\0')
			r = script_other(a, other, err);
		else if (r == 0)
			app_key(a, key);
		if (r == 0)
			r = app_draw(a, g);
	}
	return r;
}

static int dump(const struct grid *g, const char *file, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FD int fd = -1;
	int r;

	grid_dump(g, &out);
	if (file == NULL)
		return fd_write_all(STDOUT_FILENO, buf_str(&out), out.len);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(err, errno, "%s", file);
	r = fd_write_all(fd, buf_str(&out), out.len);
	return r < 0 ? error_errno(err, r, "%s", file) : 0;
}

static int run_script(struct app *a, const struct options *o, struct error *err)
{
	struct grid g = { .cursor_x = -1, .cursor_y = -1 };
	int w = 80;
	int h = 24;
	int r = o->size != NULL ? parse_size(o->size, &w, &h, err) : 0;

	if (r == 0) {
		app_resize(a, w, h);
		r = play(a, o->script, &g, err);
	}
	if (r == 0)
		r = dump(&g, o->dump, err);
	grid_free(&g);
	return r;
}

/* ---- on a terminal ---- */

struct loop_state {
	struct app *app;
	struct grid grid;
	int timer;
	double rate;    /* what the timer is set to */
	unsigned theme; /* app->theme_changes that the terminal has */
	unsigned ticks;
	uint64_t scanned;
	uint64_t commands_read;
	bool scan_due, commands_due, mouse;
};

static void set_timer(struct loop_state *s)
{
	uint64_t ns = (uint64_t)(s->app->rate * 1e9);
	struct itimerspec t = {
		.it_interval = { (time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC) },
		.it_value = { (time_t)(ns / NS_PER_SEC), (long)(ns % NS_PER_SEC) },
	};

	timerfd_settime(s->timer, 0, &t, NULL);
	s->rate = s->app->rate;
}

/* The directories are looked at ten times a second at most: a storm of short sessions does not
 * eat the screen. */
static void scan_if_due(struct loop_state *s)
{
	uint64_t now = clock_now();

	if (!s->scan_due || now < s->scanned + 100 * NS_PER_MS || app_stands_still(s->app))
		return;
	app_scan(s->app);
	s->scanned = clock_now();
	s->scan_due = false;
}

/* A storm of commands is drawn twenty times a second; what came before is caught up with turn by
 * turn, keys in between. */
static void read_commands_if_due(struct loop_state *s)
{
	if (!app_commands_behind(s->app) &&
	    (!s->commands_due || clock_now() < s->commands_read + COMMANDS_EVERY_NS))
		return;
	app_commands_read(s->app);
	s->commands_read = clock_now();
	s->commands_due = false;
}

/* How long to wait at most; NULL: until something happens. */
static const struct timespec *patience(const struct loop_state *s)
{
	static const struct timespec none = { 0, 0 };
	static const struct timespec commands = { 0, COMMANDS_EVERY_NS };
	static const struct timespec scan = { 0, 100 * 1000 * 1000 };

	if (app_stands_still(s->app))
		return NULL;
	if (app_commands_behind(s->app))
		return &none;
	if (s->commands_due)
		return &commands;
	return s->scan_due ? &scan : NULL;
}

static void tick(struct loop_state *s)
{
	uint64_t n;

	if (read(s->timer, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	if (++s->ticks % SCAN_TICKS == 0)
		s->scan_due = true;
	app_tick(s->app);
}

static void wait_for_something(struct loop_state *s)
{
	struct source *source = s->app->source;
	struct pollfd fds[4 + ORDER_FDS];
	int order_fds[ORDER_FDS];
	int n = source->order_fds(source, order_fds, ORDER_FDS);

	fds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = s->timer, .events = POLLIN };
	/* Nobody takes from it while the list stands still: it would only say the same again. */
	fds[2] = (struct pollfd){ .fd = s->scan_due || app_stands_still(s->app)
		                                ? -1
		                                : source->watch_fd(source),
		                  .events = POLLIN };
	fds[3] = (struct pollfd){ .fd = s->commands_due ? -1 : app_commands_fd(s->app),
		                  .events = POLLIN };
	for (int i = 0; i < n; i++)
		fds[4 + i] = (struct pollfd){ .fd = order_fds[i], .events = POLLIN };
	if (ppoll(fds, (nfds_t)(4 + n), patience(s), terminal_poll_mask()) < 0)
		return;
	if (fds[1].revents != 0)
		tick(s);
	if (fds[2].revents != 0)
		s->scan_due = true;
	if (fds[3].revents != 0)
		s->commands_due = true;
	for (int i = 0; i < n; i++)
		if (fds[4 + i].revents != 0) {
			app_outcomes(s->app);
			break;
		}
}

/* False when the terminal is gone. */
static bool take_input(struct loop_state *s)
{
	for (int i = 0; i < KEYS_A_TURN && s->app->wish == WISH_NOTHING; i++) {
		uint32_t key = 0;
		int w;
		int h;

		switch (terminal_event(&key)) {
		case EVENT_NONE:
			return true;
		case EVENT_GONE:
			return false;
		case EVENT_PASTE:
			app_paste(s->app, true);
			break;
		case EVENT_PASTE_END:
			app_paste(s->app, false);
			break;
		case EVENT_CLICK:
			terminal_pointer(&w, &h);
			app_mouse(s->app, MOUSE_CLICK, w, h);
			break;
		case EVENT_WHEEL_UP:
			app_mouse(s->app, MOUSE_UP, 0, 0);
			break;
		case EVENT_WHEEL_DOWN:
			app_mouse(s->app, MOUSE_DOWN, 0, 0);
			break;
		case EVENT_RESIZE:
			terminal_size(&w, &h);
			app_resize(s->app, w, h);
			break;
		case EVENT_KEY:
		default:
			if (key != 0)
				app_key(s->app, key);
			break;
		}
	}
	return true;
}

static void attach(struct app *a)
{
	struct error err = ERROR_INIT;
	int r;

	terminal_leave();
	r = a->source->attach(a->source, a->wish_id, a->read_only, &err);
	terminal_return();
	if (r < 0)
		app_say(a, true, "attach: %s", err.text);
	app_scan(a);
}

/* What the app cannot do itself. False to quit. */
static bool grant_wish(struct app *a)
{
	enum wish wish = a->wish;

	a->wish = WISH_NOTHING;
	switch (wish) {
	case WISH_QUIT:
		return false;
	case WISH_ATTACH:
		attach(a);
		return true;
	case WISH_SUSPEND:
		terminal_suspend();
		app_scan(a);
		return true;
	case WISH_REDRAW:
		terminal_redraw();
		return true;
	case WISH_NOTHING:
	default:
		return true;
	}
}

static void draw(struct loop_state *s)
{
	int w;
	int h;

	terminal_size(&w, &h);
	app_resize(s->app, w, h);
	if (s->theme != s->app->theme_changes) {
		terminal_theme(&s->app->theme);
		s->theme = s->app->theme_changes;
	}
	if (s->mouse != s->app->mouse) {
		terminal_mouse(s->app->mouse);
		s->mouse = s->app->mouse;
	}
	if (app_draw(s->app, &s->grid) == 0)
		terminal_draw(&s->grid);
}

/* Returns the signal that ended it, or 0. */
static int run_loop(struct loop_state *s)
{
	for (;;) {
		int sig;

		draw(s);
		wait_for_something(s);
		sig = terminal_signal();
		if (sig == SIGTSTP)
			s->app->wish = WISH_SUSPEND;
		else if (sig != 0)
			return sig;
		if (!take_input(s))
			return SIGHUP;
		scan_if_due(s);
		read_commands_if_due(s);
		if (!grant_wish(s->app))
			return 0;
		if (s->rate != s->app->rate)
			set_timer(s);
	}
}

static void say_goodbye(const struct app *a)
{
	int live = a->model.totals.live;

	if (live == 0)
		printf("warder: no sandbox is running\n");
	else
		printf("warder: %d sandbox%s keep%s running (warder ps)\n", live,
		       live == 1 ? "" : "es", live == 1 ? "s" : "");
}

static int run_terminal(struct app *a, struct error *err)
{
	struct loop_state s = {
		.app = a,
		.grid = { .cursor_x = -1, .cursor_y = -1 },
		.timer = -1,
	};
	int sig;
	int r = terminal_open(&a->theme, err);

	if (r < 0)
		return r;
	s.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s.timer < 0) {
		r = error_errno(err, errno, "dashboard: timer");
		terminal_close();
		return r;
	}
	set_timer(&s);
	sig = run_loop(&s);
	terminal_close();
	fd_close(&s.timer);
	grid_free(&s.grid);
	if (sig != 0)
		return 128 + sig;
	say_goodbye(a);
	return 0;
}

static int open_source(const struct options *o, struct source **ret, struct error *err)
{
	struct demo_options d = { .seed = 1, .clock = o->clock };
	int64_t n;

	if (!o->demo)
		return source_live(ret, err);
	if (o->seed != NULL) {
		if (text_parse_int(o->seed, 0, INT32_MAX, &n, err) < 0)
			return -EINVAL;
		d.seed = (uint64_t)n;
	}
	if (o->count != NULL) {
		if (text_parse_int(o->count, 1, 20000, &n, err) < 0)
			return -EINVAL;
		d.count = (int)n;
	}
	if (o->clock != NULL)
		setenv("TZ", "UTC", 1);
	return source_demo(&d, ret, err);
}

/* The theme that was kept, if it can be had; else NULL. */
static const char *kept_theme(const struct options *o, char *name, size_t size)
{
	struct error err = ERROR_INIT;
	struct theme theme;

	if (o->demo || theme_wants_mono())
		return NULL;
	if (config_theme(name, size, &err) < 0)
		print_err(&err);
	else if (name[0] != '\0' && theme_load(name, &theme, &err) == 0)
		return name;
	return NULL;
}

static void keep_theme(const struct options *o, const struct app *a)
{
	struct error err = ERROR_INIT;

	if (!o->demo && a->theme_changes > 0 && config_keep_theme(a->theme.name, &err) < 0)
		print_err(&err);
}

static int run(const struct options *o, struct error *err)
{
	char theme[64];
	bool utf8 = setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct app_options app_options = {
		.theme = o->theme != NULL ? o->theme : kept_theme(o, theme, sizeof(theme)),
		.user = o->user,
		.read_only = o->read_only,
		.ascii = o->ascii || (!utf8 && o->script == NULL),
	};
	struct source *source = NULL;
	struct app app;
	int r = open_source(o, &source, err);

	if (r < 0)
		return r;
	r = app_open(&app, source, &app_options, err);
	if (r == 0) {
		r = o->script != NULL ? run_script(&app, o, err) : run_terminal(&app, err);
		keep_theme(o, &app);
		app_close(&app);
	}
	source->close(source);
	return r;
}

int dashboard_main(int argc, char **argv)
{
	bool demo = argc > 1 && strcmp(argv[1], "--demo") == 0;
	struct options o = { .theme = NULL };
	struct error err = ERROR_INIT;
	char **operands = NULL;
	int status = 0;
	int n;
	int r;

	if (verb_begin(demo ? &verb_demo : &verb_dashboard, argc, argv, &o, 0, 0, &operands, &n,
	               &status) < 0)
		return status;
	free(operands);
	r = run(&o, &err);
	if (r >= 0)
		return r;
	print_err(&err);
	return r == -EINVAL ? 2 : 1;
}
