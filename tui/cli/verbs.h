/*
 * verbs.h: the verbs, one per file. main.c orders them; nothing else knows them all.
 */
#ifndef WARDER_CLI_VERBS_H
#define WARDER_CLI_VERBS_H

#include "tui/cli/options.h"

extern const struct verb verb_run, verb_ps, verb_show, verb_top, verb_trail, verb_logs, verb_attach,
	verb_kill, verb_pause, verb_resume, verb_panic, verb_rm, verb_audit, verb_policy,
	verb_doctor;

/* Parses a verb's words: 0 to go on (*ret_operands is the caller's to free), or done with
 * *ret_exit set: help was printed, or the error was (EXIT_USAGE; `refused` for what is
 * well-formed but refused). Between min and max operands (-1: any). */
int verb_begin(const struct verb *v, int argc, char **argv, void *opts, int min, int max,
               char ***ret_operands, int *ret_n, int *ret_exit);

/* Prints err as "warder: VERB: …" and returns status. */
int verb_fail(const struct verb *v, struct error *err, int status);

#endif
