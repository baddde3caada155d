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

/* "expected A, or B": one of the forms that the verb has. */
static int too_few(const struct verb *v)
{
	CLEANUP_BUF struct buf forms = BUF_INIT;

	for (const char *c = v->operands; *c != '\0'; c++) {
		if (*c == '\n')
			buf_adds(&forms, ", or ");
		else
			buf_addc(&forms, *c);
	}
	return print_usage_error(v->name, "expected %s", buf_str(&forms));
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
			*ret_exit = too_few(v);
		else
			*ret_exit = print_usage_error(v->name, "%s: unexpected", operands[max]);
		free(operands);
		return -EINVAL;
	}
	*ret_operands = operands;
	*ret_n = n;
	return 0;
}
