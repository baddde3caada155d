/*
 * audit.c: warder audit.
 */
#include <errno.h>
#include <stdlib.h>

#include "tui/cli/launch_options.h"
#include "tui/cli/print.h"
#include "tui/cli/report.h"
#include "tui/cli/verbs.h"

static int run_report(const struct verb *v, struct launch_options *o, char *const *operands)
{
	static char shell[] = "sh"; /* the command does not matter to what is mounted and passed */
	char *const default_command[] = { shell, NULL };
	struct launch_request *request = NULL;
	struct error err = ERROR_INIT;
	CLEANUP_BUF struct buf json = BUF_INIT;
	struct buf out = BUF_INIT;
	bool refused = true;
	int unused = 0;
	int r = launch_options_request(o, REQUEST_AUDIT, *operands ? operands : default_command,
	                               &request, &err);

	if (r < 0)
		return verb_fail(v, &err, r == -EINVAL ? EXIT_USAGE : 1);
	r = launch_report(request, &json, &unused, &err);
	launch_request_free(request);
	if (r == 0)
		r = report_print_audit(&json, &out, &refused, &err);
	if (r < 0) {
		buf_free(&out);
		return verb_fail(v, &err, 1);
	}
	if (o->json) {
		buf_free(&out);
		buf_add(&out, json.data, json.len);
		buf_addc(&out, '\n');
	}
	return print_out(&out) || refused;
}

static int audit_main(const struct verb *v, int argc, char **argv)
{
	struct launch_options o;
	struct error err = ERROR_INIT;
	char **operands = NULL;
	int n = 0;
	int status = 0;

	if (launch_options_init(&o, &err) < 0)
		status = verb_fail(v, &err, 1);
	else if (verb_begin(v, argc, argv, &o, 0, -1, &operands, &n, &status) == 0)
		status = run_report(v, &o, operands);
	else if (status == EXIT_WARDER)
		status = 1;
	free(operands);
	launch_options_free(&o);
	return status;
}

static const struct cli_option audit_options[] = {
	{ 0, "json", .argument = NULL, .offset = offsetof(struct launch_options, json),
	  .help = "the whole report as JSON" },
	{ .name = NULL },
};

const struct verb verb_audit = {
	.name = "audit",
	.operands = "[OPTIONS of run] [--json] [--] [COMMAND [ARG...]]",
	.summary = "Show what a launch would mount, pass and reach, and what the audit refuses",
	.options = audit_options,
	.shared = launch_option_table,
	.stop_at_operand = true,
	.text = "Starts nothing. The exit status is 1 if such a launch would be refused.",
	.main = audit_main,
};
