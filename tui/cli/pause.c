/*
 * pause.c: warder pause and warder resume.
 */
#include <stdlib.h>

#include "core/base/clock.h"
#include "tui/cli/choose.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

struct pause_options {
	bool all;
};

static int pause_main(const struct verb *v, int argc, char **argv)
{
	struct pause_options o = { .all = false };
	struct fleet_call call = { .type = v == &verb_pause ? PACKET_PAUSE : PACKET_RESUME,
		                   .timeout_ns = 5 * NS_PER_SEC };
	struct error err = ERROR_INIT;
	struct fleet f = { .targets = NULL };
	struct buf out = BUF_INIT;
	char **refs = NULL;
	int n = 0;
	int status = 0;
	int r;

	if (verb_begin(v, argc, argv, &o, 0, -1, &refs, &n, &status) < 0)
		return status;
	if ((n > 0) == o.all) {
		free(refs);
		return print_usage_error(v->name, "expected sessions, or --all");
	}
	r = fleet_choose(&(struct fleet_choice){ v, refs, n, o.all, NULL }, &f, &err);
	free(refs);
	if (r < 0)
		return verb_fail(v, &err, 1);
	fleet_call(v, &f, &call);
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

static const struct cli_option pause_options[] = {
	{ 0, "all", .argument = NULL, .offset = offsetof(struct pause_options, all),
	  .help = "every live session that you may see" },
	{ .name = NULL },
};

const struct verb verb_pause = {
	.name = "pause",
	.operands = "SESSION...\n--all",
	.summary = "Freeze every process of sessions",
	.options = pause_options,
	.text = "Returns once the kernel says that they are frozen. The wall-clock timeout goes on "
		"counting.",
	.main = pause_main,
};

const struct verb verb_resume = {
	.name = "resume",
	.operands = "SESSION...\n--all",
	.summary = "Let paused sessions run on",
	.options = pause_options,
	.main = pause_main,
};
