/*
 * run.c: warder run. The exit status is the command's; what warder itself has to say uses
 * Docker's numbers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/api/sessions.h"
#include "core/base/fd.h"
#include "tui/attach.h"
#include "tui/cli/launch_options.h"
#include "tui/cli/print.h"
#include "tui/cli/report.h"
#include "tui/cli/verbs.h"

static void print_notices(const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		if (len > 0)
			print_notice("notice: %.*s", (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

static void window_size(struct launch_request *r)
{
	struct winsize ws;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) == 0) {
		r->rows = ws.ws_row;
		r->cols = ws.ws_col;
	}
}

static int exit_of(const struct attach_result *a, const struct packet_launched *l, const char *keys)
{
	char name[64];

	if (a->gap > 0)
		print_notice("run: %llu bytes of output were lost", (unsigned long long)a->gap);
	switch (a->end) {
	case ATTACH_ENDED:
		if (a->output_error != 0 && a->output_error != EPIPE)
			return EXIT_WARDER;
		return a->ended.exit_code;
	case ATTACH_DETACHED:
		attach_keys_name(keys, name, sizeof(name));
		print_notice("detached by %s; %s runs on: warder attach %s", name, l->name, l->id);
		return 0;
	case ATTACH_SIGNALLED:
		return 128 + a->signal;
	case ATTACH_LOST:
		break;
	}
	print_notice("run: %s: its supervisor ended; the session with it", l->name);
	return EXIT_WARDER;
}

/* Why it ended, when neither the command nor a signal that came through us was the cause. */
static void say_reason(const struct attach_result *a)
{
	if (a->ended.state == SESSION_TIMEOUT || a->ended.state == SESSION_FAILED ||
	    (a->ended.state == SESSION_KILLED && a->signal == 0))
		print_notice("run: %s", a->ended.reason);
}

static int relay(const struct verb *v, const struct launch_options *o,
                 const struct packet_launched *l, int fd)
{
	struct attach_result result = { .end = ATTACH_LOST };
	struct error err = ERROR_INIT;
	struct attach_options a = {
		.fd = fd,
		.id = l->id,
		.raw = l->tty && isatty(STDIN_FILENO),
		.forward_signals = true,
		.detach_keys = o->detach_keys,
	};

	if (attach_relay(&a, &result, &err) < 0)
		return verb_fail(v, &err, EXIT_WARDER);
	if (result.output_error != 0 && result.output_error != EPIPE) {
		error_errno(&err, result.output_error, "standard output");
		verb_fail(v, &err, EXIT_WARDER);
	}
	if (result.end == ATTACH_ENDED)
		say_reason(&result);
	return exit_of(&result, l, o->detach_keys);
}

static int start(const struct verb *v, const struct launch_options *o,
                 struct launch_request *request)
{
	struct packet_launched launched = { .tty = 0 };
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	CLEANUP_FD int fd = -1;
	int status = EXIT_WARDER;
	int r;

	if (!o->tty_given)
		request->tty = !o->detach && isatty(STDIN_FILENO);
	if (request->tty)
		window_size(request);
	r = launch_start(request, &launched, &fd, &status, &err);
	launch_request_free(request);
	if (r < 0)
		return verb_fail(v, &err, status);
	launched.notices[sizeof(launched.notices) - 1] = '\0';
	print_notices(launched.notices);
	if (!o->detach)
		return relay(v, o, &launched, fd);
	buf_addf(&out, "%s\n", launched.id);
	return print_out(&out);
}

static int dry_run(const struct verb *v, struct launch_request *request)
{
	CLEANUP_BUF struct buf json = BUF_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	bool refused = true;
	int status = EXIT_WARDER;
	int r = launch_report(request, &json, &status, &err);

	launch_request_free(request);
	if (r == 0)
		r = report_print_audit(&json, &out, &refused, &err);
	if (r < 0) {
		buf_free(&out);
		return verb_fail(v, &err, status != 0 ? status : EXIT_WARDER);
	}
	if (print_out(&out) != 0)
		return 1;
	return refused ? EXIT_WARDER : 0;
}

static int run_main(const struct verb *v, int argc, char **argv)
{
	struct launch_options o;
	struct launch_request *request = NULL;
	struct error err = ERROR_INIT;
	char **operands = NULL;
	int n = 0;
	int status = EXIT_WARDER;
	int r = launch_options_init(&o, &err);

	if (r < 0)
		return verb_fail(v, &err, EXIT_WARDER);
	if (verb_begin(v, argc, argv, &o, 1, -1, &operands, &n, &status) == 0) {
		r = launch_options_request(&o, o.dry_run ? REQUEST_DRY_RUN : REQUEST_RUN, operands,
		                           &request, &err);
		if (r < 0)
			status = verb_fail(v, &err, r == -EINVAL ? EXIT_USAGE : EXIT_WARDER);
		else
			status = o.dry_run ? dry_run(v, request) : start(v, &o, request);
	}
	free(operands);
	launch_options_free(&o);
	return status;
}

const struct verb verb_run = {
	.name = "run",
	.operands = "[OPTIONS] [--] COMMAND [ARG...]",
	.summary = "Run a command in a new sandboxed session",
	.options = launch_option_table,
	.stop_at_operand = true,
	.text = "Attached unless -d is given: with a terminal on standard input the session gets a "
		"terminal of its own, "
		"whose bytes pass unfiltered; else standard input, output and error stay apart and "
		"signals are "
		"forwarded. Options mean what they mean to docker run, and end at the first word "
		"that is not one.\n\n"
		"The exit status is the command's own; 128+N if signal N ended it; 124 if a "
		"timeout did; 125 if warder "
		"itself failed or refused the launch; 126 if the command cannot be executed; 127 "
		"if it is not found; "
		"2 for wrong usage.",
	.main = run_main,
};
