/*
 * attach.c: warder attach.
 */
#include "tui/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "tui/cli/choose.h"
#include "tui/cli/launch_options.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

struct attach_verb_options {
	bool read_only;
	char keys[DETACH_KEYS_MAX + 1];
};

static int after(const struct attach_result *r, const char *id)
{
	if (r->gap > 0)
		print_notice("attach: %llu bytes of output were lost; warder logs has what is kept",
		             (unsigned long long)r->gap);
	switch (r->end) {
	case ATTACH_ENDED:
		print_notice("%s has ended: %s", id, r->ended.reason);
		return 0;
	case ATTACH_DETACHED:
		print_notice("detached; %s runs on", id);
		return 0;
	case ATTACH_SIGNALLED:
		if (r->output_error != 0) {
			struct error err = ERROR_INIT;

			error_errno(&err, r->output_error, "attach: standard output");
			print_err(&err);
			return 1;
		}
		return 128 + r->signal;
	case ATTACH_LOST:
		break;
	}
	print_notice("attach: %s: its supervisor ended; the session with it", id);
	return 1;
}

static int relay(const struct verb *v, const struct attach_verb_options *o, const char *id,
                 bool tty)
{
	CLEANUP_FD int fd = -1;
	struct attach_result result = { .end = ATTACH_LOST };
	struct error err = ERROR_INIT;
	struct attach_options a = {
		.id = id,
		.request = true,
		.raw = tty && isatty(STDIN_FILENO),
		.read_only = o->read_only,
		.replay = true,
		.detach_keys = o->keys,
	};

	if (link_connect(id, &fd, &err) < 0)
		return verb_fail(v, &err, 1);
	a.fd = fd;
	if (a.raw) {
		char keys[64];

		attach_keys_name(o->keys, keys, sizeof(keys));
		print_notice("attached to %s%s; %s detaches", id,
		             o->read_only ? " (read-only)" : "", keys);
	}
	if (attach_relay(&a, &result, &err) < 0)
		return verb_fail(v, &err, 1);
	return after(&result, id);
}

static int handle_keys(void *opts, const struct cli_option *o, const char *value, struct error *err)
{
	(void)o;
	return detach_keys_parse(value, ((struct attach_verb_options *)opts)->keys, err);
}

static int attach_main(const struct verb *v, int argc, char **argv)
{
	struct attach_verb_options o = { .read_only = false };
	const struct session_view *view = NULL;
	struct sessions *list = NULL;
	struct error err = ERROR_INIT;
	char **refs = NULL;
	char id[16] = "";
	bool tty = false;
	int n = 0;
	int status = 0;
	int r;

	if (detach_keys_parse("ctrl-q", o.keys, &err) < 0)
		return verb_fail(v, &err, 1);
	if (verb_begin(v, argc, argv, &o, 1, 1, &refs, &n, &status) < 0)
		return status;
	r = choose_one(refs[0], &list, &view, &err);
	if (r == 0 && !session_state_live(view->state)) {
		r = error_set(&err, ESRCH, "%s: the session has ended (%s)", refs[0],
		              session_state_names[view->state]);
		error_hint(&err, "warder logs %s shows what it printed", view->id);
	}
	free(refs);
	if (r == 0) {
		memcpy(id, view->id, sizeof(id));
		tty = view->record->tty;
	}
	if (list != NULL)
		sessions_close(list);
	return r < 0 ? verb_fail(v, &err, 1) : relay(v, &o, id, tty);
}

static const struct cli_option attach_verb_options[] = {
	{ 0, "read-only", .argument = NULL,
	  .offset = offsetof(struct attach_verb_options, read_only),
	  .help = "watch; nothing typed reaches the session" },
	{ 0, "detach-keys", "KEYS", .handle = handle_keys,
	  .help = "keys that detach, such as ctrl-p,ctrl-q (default ctrl-q)" },
	{ .name = NULL },
};

const struct verb verb_attach = {
	.name = "attach",
	.operands = "SESSION [--read-only] [--detach-keys KEYS]",
	.summary = "Connect this terminal to a session",
	.options = attach_verb_options,
	.text = "What the agent prints passes to the terminal unfiltered, escape sequences "
		"included; warder logs shows it made "
		"safe. The terminal's modes are restored at the end. Ending the attachment does "
		"not end the session.",
	.main = attach_main,
};
