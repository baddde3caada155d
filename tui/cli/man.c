/*
 * man.c: the manual page and the completion. The parts that no table knows are written here by
 * hand, in man(7); what stands in a table is escaped.
 */
#include "tui/cli/man.h"

#include <string.h>

static const char description[] =
	".PP\n"
	"warder runs AI agents, or any command, in sandboxed sessions, and shows, inspects, pauses "
	"and ends them from one "
	"terminal.\n"
	"Each session has its own user, mount, network, PID, IPC, UTS and cgroup namespaces, no "
	"capabilities, a seccomp filter, "
	"Landlock where the kernel has it, and limits of memory, processors and processes.\n"
	"Every layer is enforced, or degraded with the reason, or off; a layer that the policy "
	"requires and the machine cannot "
	"give is a refused launch.\n"
	".PP\n"
	"There is no daemon: each session has a small supervisor process of its own, and the "
	"directory of sessions is the "
	"registry.\n"
	"As root, sessions of all users are seen and each gets a range of host user ids of its "
	"own.\n"
	"As an ordinary user, the same commands work for one's own sessions; root's sessions for "
	"that user are seen too.\n"
	".PP\n"
	"SESSION is an id, an unambiguous prefix of one, or a name.\n";

static const char exit_status[] = ".SH EXIT STATUS\n"
				  ".TP\n.B run\nThe command's own; 128+N if signal N ended it; 124 "
				  "if a wall\\-clock or idle timeout ended it; 125 if warder "
				  "itself failed or the launch was refused; 126 if the command "
				  "cannot be executed; 127 if it is not found.\n"
				  ".TP\n.B other verbs\n0; 1 if there is no such session, the "
				  "request was refused, or an audit or check found something.\n"
				  ".TP\n.B all\n2 for wrong usage.\n";

static const char files[] =
	".SH FILES\n"
	".TP\n.I /run/warder/sessions/ID\nlock, control socket and board of a live session. Other "
	"users: "
	"$XDG_RUNTIME_DIR/warder.\n"
	".TP\n.I /var/lib/warder/sessions/ID\nsession.json, trail.jsonl and output, kept after the "
	"end. Other users: "
	"$XDG_STATE_HOME/warder or ~/.local/state/warder.\n"
	".TP\n.I /etc/warder/policies, ~/.config/warder/policies\npolicies beside the shipped "
	"ones.\n"
	".SH ENVIRONMENT\n"
	".TP\n.B WARDER_RUNTIME_DIR, WARDER_STATE_DIR\nused instead of the directories above.\n"
	".TP\n.B WARDER_POLICY_DIR\nthe only directory in which policies are looked for.\n"
	".TP\n.B NO_COLOR\nno colours.\n";

static const char examples[] =
	".SH EXAMPLES\n"
	"A command on the current directory, without network, under the default policy:\n"
	".PP\n.RS\n.EX\nwarder run \\-\\- make test\n.EE\n.RE\n"
	".PP\nAs a script for Docker had it:\n"
	".PP\n.RS\n.EX\n"
	"warder run \\-\\-rm \\-\\-security\\-opt seccomp=agent.json \\-\\-security\\-opt "
	"no\\-new\\-privileges \\e\n"
	"  \\-\\-cap\\-drop=ALL \\-\\-read\\-only \\-\\-tmpfs /tmp:size=100M \\-v "
	"\"$PWD:/workspace:rw\" \\e\n"
	"  \\-\\-memory 2g \\-\\-cpus 1.0 \\-\\-pids\\-limit 100 \\-\\-name job7 \\-\\- agent "
	"\\-\\-task 7\n"
	".EE\n.RE\n"
	".PP\nStart in the background, watch, attach, end:\n"
	".PP\n.RS\n.EX\n"
	"id=$(warder run \\-d \\-t \\-\\- agent)\n"
	"warder trail \\-f $id\n"
	"warder attach $id\n"
	"warder kill $id\n"
	".EE\n.RE\n"
	".SH SECURITY\n"
	"The terminal of an attached session is the agent's: what it prints reaches yours "
	"unfiltered, as with "
	".BR ssh (1).\n"
	"Everything else that an agent wrote is shown with control characters made visible.\n"
	".SH SEE ALSO\n"
	".BR namespaces (7),\n.BR seccomp (2),\n.BR landlock (7),\n.BR cgroups (7)\n";

/* Text as roff: nothing in it is a request, an escape or a hyphen that breaks. */
static void roff(struct buf *out, const char *text)
{
	bool start = true;

	for (; *text != '\0'; text++) {
		if (start && (*text == '.' || *text == '\''))
			buf_adds(out, "\\&");
		start = *text == '\n';
		if (*text == '\\')
			buf_adds(out, "\\e");
		else if (*text == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *text);
	}
}

static void roff_paragraphs(struct buf *out, const char *text)
{
	while (text != NULL && *text != '\0') {
		const char *end = strstr(text, "\n\n");
		size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
		struct buf part = BUF_INIT;

		buf_add(&part, text, len);
		buf_adds(out, ".PP\n");
		roff(out, buf_str(&part));
		buf_addc(out, '\n');
		buf_free(&part);
		text = end != NULL ? end + 2 : NULL;
	}
}

static void roff_options(struct buf *out, const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++) {
		buf_adds(out, ".TP\n");
		if (o->letter != 0)
			buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
		buf_adds(out, "\\fB\\-\\-");
		roff(out, o->name);
		buf_adds(out, "\\fR");
		if (o->argument != NULL) {
			buf_adds(out, " \\fI");
			roff(out, o->argument);
			buf_adds(out, "\\fR");
		}
		buf_addc(out, '\n');
		roff(out, o->help);
		buf_adds(out, ".\n");
	}
}

/* Every form of a verb, one call each: "warder run" and "[OPTIONS] …". Without operands the options
 * themselves are the form. */
static void each_form(const struct verb *v, struct buf *out,
                      void (*add)(struct buf *out, const char *call, const char *form))
{
	CLEANUP_BUF struct buf call = BUF_INIT;
	CLEANUP_BUF struct buf options = BUF_INIT;
	const char *line = v->operands;

	options_call(v, &call);
	for (const struct cli_option *o = v->options; *line == '\0' && o && o->name; o++)
		buf_addf(&options, "%s[--%s%s%s]", options.len > 0 ? " " : "", o->name,
		         o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "");
	if (*line == '\0')
		line = buf_str(&options);
	while (line != NULL) {
		size_t len = strcspn(line, "\n");
		struct buf form = BUF_INIT;

		buf_add(&form, line, len);
		add(out, buf_str(&call), buf_str(&form));
		buf_free(&form);
		line = line[len] != '\0' ? line + len + 1 : NULL;
	}
}

static void roff_form(struct buf *out, const char *call, const char *form)
{
	buf_adds(out, ".br\n\\fB");
	roff(out, call);
	buf_adds(out, "\\fR ");
	roff(out, form);
	buf_addc(out, '\n');
}

static void roff_verb(struct buf *out, const struct verb *v)
{
	buf_adds(out, ".SS warder ");
	roff(out, v->name);
	buf_addc(out, '\n');
	each_form(v, out, roff_form);
	buf_adds(out, ".PP\n");
	roff(out, v->summary);
	buf_adds(out, ".\n");
	roff_paragraphs(out, v->text);
	roff_options(out, v->options);
	if (v->stop_at_operand && v->options != NULL && v->shared != NULL)
		buf_adds(out, ".TP\nand the options of \\fBrun\\fR.\n");
	else
		roff_options(out, v->shared);
}

void man_page(const struct man_source *s, struct buf *out)
{
	buf_addf(out, ".TH WARDER 1 \"\" \"warder %s\" \"User Commands\"\n", s->version);
	buf_adds(out,
	         ".SH NAME\nwarder \\- launch, watch, inspect and end sandboxed agent sessions\n"
	         ".SH SYNOPSIS\n.nh\n.ad l\n");
	each_form(s->dashboard, out, roff_form);
	for (const struct verb *const *v = s->verbs; *v != NULL; v++)
		each_form(*v, out, roff_form);
	buf_adds(out, ".SH DESCRIPTION\n");
	buf_adds(out, description);
	buf_adds(out, ".SH DASHBOARD\n");
	roff_paragraphs(out, s->dashboard->text);
	roff_options(out, s->dashboard->options);
	buf_adds(out, ".SH VERBS\nEvery verb takes \\fB\\-\\-help\\fR.\n");
	for (const struct verb *const *v = s->verbs; *v != NULL; v++)
		roff_verb(out, *v);
	buf_adds(out, exit_status);
	buf_adds(out, files);
	buf_adds(out, examples);
}

static void overview_form(struct buf *out, const char *call, const char *form)
{
	buf_addf(out, "  %s %s\n", call, form);
}

void man_overview(const struct man_source *s, struct buf *out)
{
	buf_adds(out,
	         "warder: launch, watch, inspect and end sandboxed agent sessions.\n\nusage:\n");
	each_form(s->dashboard, out, overview_form);
	buf_adds(out, "  warder VERB [OPTIONS]\n\nVerbs:\n");
	for (const struct verb *const *v = s->verbs; *v != NULL; v++)
		buf_addf(out, "  %-10s %s\n", (*v)->name, (*v)->summary);
	buf_adds(out, "\nwarder VERB --help tells more of each.\n");
}

/* ---- bash ---- */

static void completion_words(struct buf *out, const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++) {
		if (o->letter != 0)
			buf_addf(out, "-%c ", o->letter);
		buf_addf(out, "--%s ", o->name);
	}
}

/* Values of options: choices by list; the rest by the kind of thing that the argument's name
 * says. */
static void completion_values(struct buf *out, const struct cli_option *table)
{
	for (const struct cli_option *o = table; o != NULL && o->name != NULL; o++) {
		if (o->argument == NULL)
			continue;
		buf_adds(out, "\t\t");
		if (o->letter != 0)
			buf_addf(out, "-%c|", o->letter);
		buf_addf(out, "--%s) ", o->name);
		if (o->choices != NULL) {
			buf_adds(out, "words=\"");
			for (const char *const *c = o->choices; *c != NULL; c++)
				buf_addf(out, "%s%s", c != o->choices ? " " : "", *c);
			buf_adds(out, "\"");
		} else if (strcmp(o->argument, "DIR") == 0) {
			buf_adds(out, "flags=-d");
		} else if (strcmp(o->argument, "USER") == 0) {
			buf_adds(out, "flags=-u");
		} else if (strcmp(o->name, "policy") == 0) {
			buf_adds(out, "words=$(warder policy list 2>/dev/null | "
			              "awk 'NR > 1 { print $1 }'); flags=-f");
		} else {
			buf_adds(out, "flags=-f");
		}
		buf_adds(out, " ;;\n");
	}
}

static bool takes_sessions(const struct verb *v)
{
	return strncmp(v->operands, "SESSION", 7) == 0;
}

static void completion_verb(struct buf *out, const struct verb *v)
{
	buf_addf(out, "\t%s)\n\t\tcase $prev in\n", v->name);
	completion_values(out, v->options);
	completion_values(out, v->shared);
	buf_adds(out, "\t\t*) words=\"--help ");
	completion_words(out, v->options);
	completion_words(out, v->shared);
	buf_adds(out, "\"");
	if (takes_sessions(v))
		buf_adds(out, "\n\t\t\t[[ $cur == -* ]] || words=$(warder ps -aq 2>/dev/null)");
	else if (v->stop_at_operand)
		buf_adds(out, "\n\t\t\t[[ $cur == -* ]] || flags=-c");
	else if (strncmp(v->operands, "list", 4) == 0)
		buf_adds(out,
		         "\n\t\t\t[[ $cur == -* ]] || { words=\"list show check\"; flags=-f; }");
	buf_adds(out, " ;;\n\t\tesac ;;\n");
}

void man_completion(const struct man_source *s, struct buf *out)
{
	buf_adds(out, "# bash completion for warder; generated from its tables\n"
	              "_warder()\n{\n"
	              "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
	              "words= flags=\n"
	              "\tCOMPREPLY=()\n"
	              "\tif (( COMP_CWORD == 1 )); then\n\t\twords=\"");
	for (const struct verb *const *v = s->verbs; *v != NULL; v++)
		buf_addf(out, "%s ", (*v)->name);
	completion_words(out, s->dashboard->options);
	buf_adds(out, "--help --version\"\n\telse\n\tcase ${COMP_WORDS[1]} in\n");
	for (const struct verb *const *v = s->verbs; *v != NULL; v++)
		completion_verb(out, *v);
	buf_adds(
		out,
		"\tesac\n\tfi\n"
		"\t[[ -n $words ]] && mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		"\t[[ -n $flags ]] && mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen $flags "
		"-- \"$cur\")\n"
		"\treturn 0\n}\n"
		"complete -o filenames -F _warder warder\n");
}
