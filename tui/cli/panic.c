/*
 * panic.c: warder panic: every session at once. Freezing and resuming ask nothing; killing asks
 * for a typed word that names how many, and what was counted is what is killed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "tui/cli/choose.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

struct panic_options {
	bool freeze, kill, resume, yes;
};

static bool confirmed(int n)
{
	char question[128];
	char expected[32];
	char answer[64] = "";
	size_t len = 0;

	snprintf(expected, sizeof(expected), "kill %d", n);
	snprintf(question, sizeof(question),
	         "This kills %d session%s at once. Type \"%s\" to go on: ", n, n == 1 ? "" : "s",
	         expected);
	if (fd_write_all(STDERR_FILENO, question, strlen(question)) < 0)
		return false;
	while (len < sizeof(answer) - 1 && read(STDIN_FILENO, answer + len, 1) == 1 &&
	       answer[len] != '\n')
		len++;
	answer[len] = '\0';
	return strcmp(answer, expected) == 0;
}

static int do_kill(const struct verb *v, const struct panic_options *o, struct fleet *f)
{
	struct packet_stop stop = { .grace_ns = 0 };
	struct fleet_call call = { .type = PACKET_STOP,
		                   .payload = &stop,
		                   .length = sizeof(stop),
		                   .timeout_ns = 20 * NS_PER_SEC,
		                   .until_ended = true };

	if (f->n > 0 && !o->yes && !isatty(STDIN_FILENO)) {
		struct error err = ERROR_INIT;

		error_set(&err, EPERM, "--kill asks for a typed word and there is no terminal");
		error_hint(&err, "--yes kills without asking");
		return verb_fail(v, &err, 1);
	}
	if (f->n > 0 && !o->yes && !confirmed(f->n)) {
		print_notice("panic: nothing was killed");
		return 1;
	}
	print_notice("panic: %d of %d killed", fleet_call(v, f, &call), f->n);
	return f->failed;
}

static int do_freeze(const struct verb *v, const struct panic_options *o, struct fleet *f)
{
	struct fleet_call call = { .type = o->freeze ? PACKET_PAUSE : PACKET_RESUME,
		                   .timeout_ns = 5 * NS_PER_SEC };
	int ok = fleet_call(v, f, &call);

	print_notice("panic: %d of %d %s", ok, f->n, o->freeze ? "frozen" : "resumed");
	return f->failed;
}

static int panic_main(const struct verb *v, int argc, char **argv)
{
	struct panic_options o = { .freeze = false };
	struct error err = ERROR_INIT;
	struct fleet f = { .targets = NULL };
	char **operands = NULL;
	int n = 0;
	int status = 0;

	if (verb_begin(v, argc, argv, &o, 0, 0, &operands, &n, &status) < 0)
		return status;
	free(operands);
	if (o.freeze + o.kill + o.resume != 1)
		return print_usage_error(v->name, "expected one of --freeze, --kill, --resume");
	if (fleet_choose(&(struct fleet_choice){ .verb = v, .all = true }, &f, &err) < 0)
		return verb_fail(v, &err, 1);
	status = o.kill ? do_kill(v, &o, &f) : do_freeze(v, &o, &f);
	fleet_free(&f);
	return status;
}

static const struct cli_option panic_options[] = {
	{ 0, "freeze", .argument = NULL, .offset = offsetof(struct panic_options, freeze),
	  .help = "freeze every session; nothing is lost" },
	{ 0, "kill", .argument = NULL, .offset = offsetof(struct panic_options, kill),
	  .help = "kill every session at once; asks for a typed word" },
	{ 0, "resume", .argument = NULL, .offset = offsetof(struct panic_options, resume),
	  .help = "let all of them run on" },
	{ 0, "yes", .argument = NULL, .offset = offsetof(struct panic_options, yes),
	  .help = "with --kill: do not ask" },
	{ .name = NULL },
};

const struct verb verb_panic = {
	.name = "panic",
	.operands = "--freeze | --kill | --resume",
	.summary = "Freeze, kill or resume every session at once",
	.options = panic_options,
	.main = panic_main,
};
