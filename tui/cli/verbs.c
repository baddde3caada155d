/*
 * verbs.c: how every verb begins and fails.
 */
#include "tui/cli/verbs.h"

#include <errno.h>
#include <stdlib.h>

#include "tui/cli/print.h"

int verb_fail(const struct verb *v, struct error *err, int status)
{
	error_prefix(err, "%s", v->name);
	print_err(err);
	return status;
}

static int show_help(const struct verb *v)
{
	struct buf b = BUF_INIT;

	options_help(v, &b);
	return print_out(&b);
}

int verb_begin(const struct verb *v, int argc, char **argv, void *opts, int min, int max,
	       char ***ret_operands, int *ret_n, int *ret_exit)
{
	struct error err = ERROR_INIT;
	char **operands = NULL;
	int n = 0;
	int r = options_parse(v, argc, argv, opts, &operands, &n, &err);

	if (r == OPTIONS_HELP) {
		*ret_exit = show_help(v);
		return -ECANCELED;
	}
	if (r < 0) {
		print_err(&err);
		*ret_exit = r == -EINVAL ? EXIT_USAGE : EXIT_WARDER;
		return r;
	}
	if (n < min || (max >= 0 && n > max)) {
		if (n < min)
			*ret_exit = print_usage_error(v->name, "expected %s", v->operands);
		else
			*ret_exit = print_usage_error(v->name, "%s: unexpected", operands[max]);
		free(operands);
		return -EINVAL;
	}
	*ret_operands = operands;
	*ret_n = n;
	return 0;
}
