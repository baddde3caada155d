/*
 * launch_options.h: the options of `run`, which `audit` takes too, and the launch request that
 * they make.
 */
#ifndef WARDER_CLI_LAUNCH_OPTIONS_H
#define WARDER_CLI_LAUNCH_OPTIONS_H

#include "core/api/launch.h"
#include "tui/cli/options.h"

enum { DETACH_KEYS_MAX = 8 };

struct launch_options {
	bool detach, interactive, remove_after, dry_run, json;
	bool tty_given, tty;
	const char *name, *policy, *for_user, *project, *workdir, *hostname;
	const char *workspace_volume;          /* host path of -v PATH:/workspace, owned; or NULL */
	char detach_keys[DETACH_KEYS_MAX + 1]; /* bytes; never empty after launch_options_init */
	struct launch_request *request;        /* what handlers collected; owned */
};

extern const struct cli_option launch_option_table[];

int launch_options_init(struct launch_options *o, struct error *err);
void launch_options_free(struct launch_options *o);
/* Takes the collected request over, completed with the plain fields, the command (operands,
 * NULL-terminated) and the caller's environment. *ret is freed with launch_request_free.
 * Errors: as options' (EINVAL = usage). */
int launch_options_request(struct launch_options *o, enum request_mode mode, char *const *operands,
                           struct launch_request **ret, struct error *err);

/* Docker's form: "ctrl-q", "ctrl-p,ctrl-q", "a". keys: at least DETACH_KEYS_MAX + 1 bytes. */
int detach_keys_parse(const char *text, char *keys, struct error *err);

#endif
