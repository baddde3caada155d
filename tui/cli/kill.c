/*
 * kill.c: warder kill. Without -s it returns when the session has ended, with everything in it.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "tui/cli/choose.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

/* How long beyond the grace an end may take: a full page cache of a dying process is slow to go. */
#define END_MARGIN_NS (20 * NS_PER_SEC)
#define ANSWER_NS     (5 * NS_PER_SEC)

struct kill_options {
	bool all;
	const char *user, *signal, *grace;
};

/* "TERM", "SIGTERM", "15"; -EINVAL for others. */
static int parse_signal(const char *text, struct error *err)
{
	int64_t n;

	if (isdigit((unsigned char)*text)) {
		if (text_parse_int(text, 1, NSIG - 1, &n, NULL) == 0)
			return (int)n;
	} else {
		if (strncasecmp(text, "SIG", 3) == 0)
			text += 3;
		for (int i = 1; i < NSIG; i++) {
			const char *name = sigabbrev_np(i);

			if (name != NULL && strcasecmp(name, text) == 0)
				return i;
		}
	}
	return error_set(err, EINVAL, "expected a signal such as TERM, INT or 9");
}

static int check_signal(const char *value, struct error *err)
{
	int r = parse_signal(value, err);

	return r < 0 ? r : 0;
}

static int call(const struct verb *v, const struct kill_options *o, struct fleet *f)
{
	struct packet_signal sig = { .signal = 0 };
	struct packet_stop stop = { .grace_ns = 5 * NS_PER_SEC };
	struct fleet_call c = { .type = PACKET_STOP, .payload = &stop, .length = sizeof(stop) };

	if (o->signal != NULL) {
		sig.signal = parse_signal(o->signal, NULL);
		c = (struct fleet_call){ .type = PACKET_SIGNAL,
			                 .payload = &sig,
			                 .length = sizeof(sig),
			                 .timeout_ns = ANSWER_NS };
		return fleet_call(v, f, &c);
	}
	if (o->grace != NULL)
		text_parse_duration(o->grace, &stop.grace_ns, NULL); /* checked by the table */
	c.until_ended = true;
	c.timeout_ns = stop.grace_ns + END_MARGIN_NS;
	return fleet_call(v, f, &c);
}

static int kill_main(const struct verb *v, int argc, char **argv)
{
	struct kill_options o = { .all = false };
	struct error err = ERROR_INIT;
	struct fleet f = { .targets = NULL };
	struct buf out = BUF_INIT;
	char **refs = NULL;
	int n = 0;
	int status = 0;
	int r;

	if (verb_begin(v, argc, argv, &o, 0, -1, &refs, &n, &status) < 0)
		return status;
	if ((n > 0) + o.all + (o.user != NULL) != 1) {
		free(refs);
		return print_usage_error(v->name, "expected sessions, or --all, or --user NAME");
	}
	r = fleet_choose(&(struct fleet_choice){ v, refs, n, o.all, o.user }, &f, &err);
	free(refs);
	if (r < 0)
		return verb_fail(v, &err, 1);
	call(v, &o, &f);
	for (int i = 0; i < f.n; i++) {
		if (f.targets[i].ok) {
			print_safe(&out, f.targets[i].label);
			buf_addc(&out, '\n');
		}
	}
	status = f.failed;
	fleet_free(&f);
	return print_out(&out) || status;
}

static const struct cli_option kill_options[] = {
	{ 0, "all", .argument = NULL, .offset = offsetof(struct kill_options, all),
	  .help = "every live session that you may see" },
	{ 0, "user", "NAME", .offset = offsetof(struct kill_options, user),
	  .help = "every live session of that user" },
	{ 's', "signal", "SIGNAL", .offset = offsetof(struct kill_options, signal),
	  .check = check_signal,
	  .help = "only send that signal to the command (KILL: to everything)" },
	{ 0, "grace", "TIME", .offset = offsetof(struct kill_options, grace),
	  .check = options_check_duration,
	  .help = "time between TERM and KILL (default 5s; 0: at once)" },
	{ .name = NULL },
};

const struct verb verb_kill = {
	.name = "kill",
	.operands =
		"SESSION... [--grace TIME]\nSESSION... -s SIGNAL\n--all | --user NAME [OPTIONS]",
	.summary = "End sessions: TERM, then KILL of every process after a grace",
	.options = kill_options,
	.text = "Prints each session that it ended and returns when all of them are gone. With -s "
		"the signal is "
		"sent and nothing is waited for.",
	.main = kill_main,
};
