/*
 * main.c: the table of verbs.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/session/entry.h"
#include "tui/cli/man.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"
#include "tui/dashboard.h"

#ifndef WARDER_VERSION
#define WARDER_VERSION "unknown"
#endif

static const struct verb *const verbs[] = {
	&verb_run,    &verb_ps,     &verb_show,   &verb_top,    &verb_trail, &verb_logs,
	&verb_attach, &verb_kill,   &verb_pause,  &verb_resume, &verb_panic, &verb_rm,
	&verb_audit,  &verb_policy, &verb_doctor, NULL,
};
enum { N_VERBS = sizeof(verbs) / sizeof(verbs[0]) - 1 };

static int print_generated(void (*print)(const struct man_source *s, struct buf *out))
{
	const struct man_source source = { verbs, &verb_dashboard, WARDER_VERSION };
	struct buf out = BUF_INIT;

	print(&source, &out);
	return print_out(&out);
}

static int print_version(void)
{
	struct buf out = BUF_INIT;

	buf_adds(&out, "warder " WARDER_VERSION "\n");
	return print_out(&out);
}

static const struct verb *find_verb(const char *name)
{
	for (int i = 0; i < N_VERBS; i++) {
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	}
	return NULL;
}

static int unknown_verb(const char *name)
{
	const char *names[N_VERBS + 1] = { NULL };
	struct error err = ERROR_INIT;
	const char *nearest;

	for (int i = 0; i < N_VERBS; i++)
		names[i] = verbs[i]->name;
	nearest = text_nearest(name, names);
	error_set(&err, EINVAL, "%s: unknown verb", name);
	if (nearest != NULL)
		error_hint(&err, "did you mean %s? warder --help lists all", nearest);
	else
		error_hint(&err, "warder --help lists all");
	print_err(&err);
	return EXIT_USAGE;
}

/* What the binary is for its own other processes and for the build. Not shown in help. */
static int hidden_verb(int argc, char **argv)
{
	const char *name = argv[1];

	if (strcmp(name, "__supervise") == 0)
		return supervise_main();
	if (strcmp(name, "__reap") == 0 && argc == 3)
		return reap_main(argv[2]);
	if (strcmp(name, "__probe") == 0)
		return probe_main();
	if (strcmp(name, "__man") == 0)
		return print_generated(man_page);
	if (strcmp(name, "__completion") == 0)
		return print_generated(man_completion);
	return unknown_verb(name);
}

static int help_of(int argc, char **argv)
{
	char help[] = "--help";
	const struct verb *v = argc > 2 ? find_verb(argv[2]) : NULL;
	char *words[] = { argc > 2 ? argv[2] : NULL, help, NULL };

	if (argc <= 2)
		return print_generated(man_overview);
	return v != NULL ? v->main(v, 2, words) : unknown_verb(argv[2]);
}

/* So that a write to a closed pipe is an error like another; a handler, unlike SIG_IGN, is not
 * inherited by what is exec'd. */
static void on_pipe(int sig)
{
	(void)sig;
}

static int dispatch(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct verb *v;

	if (name == NULL || (name[0] == '-' && strcmp(name, "--help") != 0 &&
	                     strcmp(name, "-h") != 0 && strcmp(name, "--version") != 0))
		return dashboard_main(argc, argv);
	if (strcmp(name, "--version") == 0)
		return print_version();
	if (name[0] == '-' || strcmp(name, "help") == 0)
		return help_of(argc, argv);
	if (strncmp(name, "__", 2) == 0)
		return hidden_verb(argc, argv);
	v = find_verb(name);
	return v != NULL ? v->main(v, argc - 1, argv + 1) : unknown_verb(name);
}

int main(int argc, char **argv)
{
	struct sigaction pipe_action = { .sa_handler = on_pipe, .sa_flags = SA_RESTART };

	if (fd_sanitize_std() < 0)
		return EXIT_WARDER;
	if (getauxval(AT_SECURE)) {
		print_notice("refusing to run setuid, setgid or with file capabilities");
		return EXIT_WARDER;
	}
	sigaction(SIGPIPE, &pipe_action, NULL);
	return dispatch(argc, argv);
}
