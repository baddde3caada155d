/*
 * doctor.c: warder doctor.
 */
#include <stdlib.h>

#include "core/api/launch.h"
#include "tui/cli/print.h"
#include "tui/cli/report.h"
#include "tui/cli/verbs.h"

struct doctor_options {
	bool json;
};

static int doctor_main(const struct verb *v, int argc, char **argv)
{
	struct doctor_options o = { .json = false };
	struct error err = ERROR_INIT;
	CLEANUP_BUF struct buf json = BUF_INIT;
	struct buf out = BUF_INIT;
	bool missing = true;
	char **operands = NULL;
	int n = 0;
	int status = 0;
	int r;

	if (verb_begin(v, argc, argv, &o, 0, 0, &operands, &n, &status) < 0)
		return status;
	free(operands);
	r = launch_probe(&json, &err);
	if (r == 0)
		r = report_print_doctor(&json, &out, &missing, &err);
	if (r < 0) {
		buf_free(&out);
		return verb_fail(v, &err, 1);
	}
	if (o.json) {
		buf_free(&out);
		buf_add(&out, json.data, json.len);
		if (json.len == 0 || json.data[json.len - 1] != '\n')
			buf_addc(&out, '\n');
	}
	return print_out(&out) || missing;
}

static const struct cli_option doctor_options[] = {
	{ 0, "json", .argument = NULL, .offset = offsetof(struct doctor_options, json),
	  .help = "the whole report as JSON" },
	{ .name = NULL },
};

const struct verb verb_doctor = {
	.name = "doctor",
	.operands = "[--json]",
	.summary = "Try every isolation layer on this machine and say how to get what is missing",
	.options = doctor_options,
	.text = "Nothing is guessed from a version: each layer is tried. The exit status is 1 if "
		"one cannot be enforced.",
	.main = doctor_main,
};
