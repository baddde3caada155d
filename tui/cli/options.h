/*
 * options.h: verbs and their options as tables. The parser, --help, the man page and the shell
 * completion all read the same rows, so they cannot differ.
 *
 * Forms: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -n=VALUE, bundled flags (-dit), and
 * --flag=true|false. `--` ends options; so does the first operand when the verb says so (`run`).
 * A scalar given twice: the last one counts.
 */
#ifndef WARDER_CLI_OPTIONS_H
#define WARDER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/base/text.h"

struct cli_option {
	char letter;          /* 0: none */
	const char *name;     /* without dashes; NULL ends a table */
	const char *argument; /* how help calls the value; NULL: a flag */
	size_t offset;        /* in the verb's struct: bool, or const char * into argv */
	/* Instead of storing: NULL, or takes the value ("true" or "false" for a flag). Returns
	 * 0, -EINVAL (usage), or another -errno (refused); err is "WHY" only: the parser puts
	 * "VERB: --name VALUE: " before it. */
	int (*handle)(void *opts, const struct cli_option *o, const char *value, struct error *err);
	/* Before that: NULL, or judges the value; same errors. */
	int (*check)(const char *value, struct error *err);
	const char *const *choices; /* or NULL: the only values, NULL-terminated */
	const char *setting;        /* for handle: the path in a policy that the option sets */
	bool secret;                /* errors do not show the value */
	const char *help;           /* one line */
};

struct verb {
	const char *name;     /* "warder" for the dashboard, which has none */
	const char *operands; /* for the synopsis, e.g. "SESSION [--json]"; one form a line */
	const char *summary;  /* one line, no full stop */
	const struct cli_option *options; /* or NULL */
	const struct cli_option *shared;  /* a second table over the same struct, or NULL */
	bool stop_at_operand;             /* options end at the first operand */
	const char *text; /* paragraphs for help and manual, an empty line between; or NULL */
	/* argv[0] is the verb; returns the exit status. */
	int (*main)(const struct verb *v, int argc, char **argv);
};

enum { OPTIONS_HELP = 1 };

/* Reads argv[1..argc). *ret_operands: pointers into argv, NULL-terminated; the caller frees
 * the array. Returns 0, OPTIONS_HELP when -h or --help was met (operands untouched), or
 * -errno. */
int options_parse(const struct verb *v, int argc, char **argv, void *opts, char ***ret_operands,
                  int *ret_n, struct error *err);

/* "warder run", "warder": how a verb is called. */
void options_call(const struct verb *v, struct buf *out);
/* The whole help of a verb. */
void options_help(const struct verb *v, struct buf *out);
/* "-m, --memory SIZE" */
void options_label(const struct cli_option *o, struct buf *out);

/* ---- checks for tables ---- */
int options_check_size(const char *value, struct error *err);
int options_check_duration(const char *value, struct error *err);

#endif
