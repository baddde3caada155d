/*
 * form.c: see form.h.
 */
#include "tui/form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "tui/keymap.h"

const char *const form_labels[FORM_FIELDS + 1] = {
	"Command", "User", "Project", "Name", "Policy", "Workspace", "Degraded",
	"Memory",  "CPUs", "PIDs",    "Time", "Launch", "Cancel",    NULL,
};
const char *const form_helps[FORM_FIELDS + 1] = {
	"the program and its arguments, quoted as in a shell",
	"whose session it is, and whose project",
	"becomes /workspace inside; nothing else of yours does",
	"optional; lower-case letters, digits, - . _",
	"Left and Right choose; what it does is shown below",
	"Left and Right choose: the policy's, writable, read-only",
	"empty: refuse; else layers that may be weaker here: limits",
	"empty: as the policy says; 512m, 2g",
	"empty: as the policy says; 0.5, 2",
	"empty: as the policy says; processes and threads at most",
	"empty: as the policy says; 30m, 2h",
	"Enter launches it in the background; a attaches",
	"Enter or Esc goes back",
	NULL,
};
const char *const form_workspaces[] = { "as the policy says", "rw", "ro", NULL };

/* Fields that set a policy path and an option of `warder run`. */
static const struct {
	enum form_field field;
	const char *path, *option;
} limits[] = {
	{ FORM_MEMORY, "limits.memory", "-m" },
	{ FORM_CPUS, "limits.cpus", "--cpus" },
	{ FORM_PIDS, "limits.pids", "--pids-limit" },
	{ FORM_TIMEOUT, "limits.timeout", "--timeout" },
};
enum { LIMITS = sizeof(limits) / sizeof(limits[0]) };

static bool is_choice(enum form_field field)
{
	return field == FORM_POLICY || field == FORM_WORKSPACE;
}

struct input *form_focused_text(struct form *f)
{
	return f->focus < FORM_TEXTS && !is_choice(f->focus) ? &f->texts[f->focus] : NULL;
}

static void load_policy(struct form *f, struct source *s)
{
	struct error err = ERROR_INIT;

	f->policy_error[0] = '\0';
	if (f->policy < 0)
		return;
	f->facts = (struct policy_facts){ .memory = 0 };
	if (s->policy(s, f->names.names[f->policy], &f->facts, &err) < 0)
		snprintf(f->policy_error, sizeof(f->policy_error), "%.399s", err.text);
}

void form_open(struct form *f, struct source *s)
{
	struct error err = ERROR_INIT;

	*f = (struct form){ .policy = -1, .may_choose_user = s->root };
	input_set(&f->texts[FORM_USER], s->launch_user);
	input_set(&f->texts[FORM_PROJECT], s->launch_project);
	if (s->policies(s, &f->names, &err) < 0)
		snprintf(f->policy_error, sizeof(f->policy_error), "%.399s", err.text);
	for (int i = 0; i < f->names.n; i++)
		if (f->policy < 0 || strcmp(f->names.names[i], "default") == 0)
			f->policy = i;
	load_policy(f, s);
}

/* Whether a word passes split_command as it stands: what text_safe_argv escapes does not. */
static bool plain_command(const struct session_record *r, struct buf *out)
{
	size_t n = 0;

	while (r->command != NULL && r->command[n] != NULL)
		n++;
	text_safe_argv(out, (const char *const *)r->command, n);
	return n > 0 && strstr(buf_str(out), "$'") == NULL && out->len < INPUT_MAX - 1;
}

static void set_limits(struct form *f, const struct session_record *r)
{
	char text[32];

	if (r->memory_limit != 0 && r->memory_limit != f->facts.memory) {
		snprintf(text, sizeof(text), "%" PRIu64, r->memory_limit);
		input_set(&f->texts[FORM_MEMORY], text);
	}
	if (r->cpus_milli != 0 && r->cpus_milli != f->facts.cpus_milli) {
		snprintf(text, sizeof(text), "%g", (double)r->cpus_milli / 1000);
		input_set(&f->texts[FORM_CPUS], text);
	}
	if (r->pids_limit > 0 && (uint64_t)r->pids_limit != f->facts.pids) {
		snprintf(text, sizeof(text), "%" PRIu64, (uint64_t)r->pids_limit);
		input_set(&f->texts[FORM_PIDS], text);
	}
	if (r->timeout_ns != f->facts.timeout_ns) {
		text_format_duration_exact(r->timeout_ns, text, sizeof(text));
		input_set(&f->texts[FORM_TIMEOUT], text);
	}
}

void form_open_like(struct form *f, struct source *s, const struct session_record *r)
{
	CLEANUP_BUF struct buf command = BUF_INIT;
	CLEANUP_BUF struct buf weaker = BUF_INIT;
	bool known = false;

	form_open(f, s);
	if (r->user != NULL && f->may_choose_user)
		input_set(&f->texts[FORM_USER], r->user);
	if (r->project != NULL)
		input_set(&f->texts[FORM_PROJECT], r->project);
	for (int i = 0; r->policy != NULL && i < f->names.n; i++) {
		if (strcmp(f->names.names[i], r->policy) == 0) {
			f->policy = i;
			known = true;
		}
	}
	load_policy(f, s);
	if (known && f->policy_error[0] == '\0')
		set_limits(f, r);
	for (int i = 0; i < r->n_layers; i++)
		if (strcmp(r->layers[i].status, "enforced") != 0)
			buf_addf(&weaker, "%s%s", weaker.len > 0 ? " " : "", r->layers[i].name);
	input_set(&f->texts[FORM_DEGRADED], buf_str(&weaker));
	if (plain_command(r, &command))
		input_set(&f->texts[FORM_COMMAND], buf_str(&command));
}

void form_focus_on(struct form *f, const char *error)
{
	error += strspn(error, "-"); /* "--name x: taken" */
	for (int i = 0; i < FORM_LAUNCH; i++) {
		size_t n = strlen(form_labels[i]);

		if (strncasecmp(error, form_labels[i], n) == 0 &&
		    (error[n] == ':' || error[n] == ' '))
			f->focus = (enum form_field)i;
	}
}

static void move_focus(struct form *f, int step)
{
	int at = (int)f->focus;

	do
		at = (at + step + FORM_FIELDS) % FORM_FIELDS;
	while (at == FORM_USER && !f->may_choose_user);
	f->focus = (enum form_field)at;
}

static void choose(struct form *f, struct source *s, int step)
{
	if (f->focus == FORM_POLICY && f->names.n > 0) {
		f->policy = (f->policy + step + f->names.n) % f->names.n;
		load_policy(f, s);
	} else if (f->focus == FORM_WORKSPACE) {
		f->workspace = (f->workspace + step + 3) % 3;
	} else if (f->focus >= FORM_LAUNCH) {
		f->focus = f->focus == FORM_LAUNCH ? FORM_CANCEL : FORM_LAUNCH;
	}
}

enum form_event form_key(struct form *f, struct source *s, uint32_t key)
{
	struct input *text = form_focused_text(f);

	switch (key) {
	case K_ESC:
		return FORM_CANCELLED;
	case K_CTRL('S'):
		return FORM_LAUNCHES;
	case K_TAB:
	case K_DOWN:
		move_focus(f, 1);
		return FORM_STAYS;
	case K_SHIFT_TAB:
	case K_UP:
		move_focus(f, -1);
		return FORM_STAYS;
	case K_ENTER:
		if (f->focus == FORM_LAUNCH)
			return FORM_LAUNCHES;
		if (f->focus == FORM_CANCEL)
			return FORM_CANCELLED;
		move_focus(f, 1);
		return FORM_STAYS;
	default:
		break;
	}
	if (text != NULL)
		input_key(text, key);
	else if (key == K_LEFT || key == K_RIGHT || key == K_SPACE)
		choose(f, s, key == K_LEFT ? -1 : 1);
	return FORM_STAYS;
}

/* Takes one word off *p as a shell would (quotes and backslash; nothing is expanded). */
static int next_word(const char **p, struct buf *word, struct error *err)
{
	char quote = '\0';

	for (; **p != '\0' && (quote != '\0' || **p != ' '); (*p)++) {
		char c = **p;

		if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == quote && quote != '\0') {
			quote = '\0';
		} else if (c == '\\' && quote != '\'' && (*p)[1] != '\0') {
			buf_addc(word, *++(*p));
		} else {
			buf_addc(word, c);
		}
	}
	return quote != '\0' ? error_set(err, EINVAL, "Command: a quote is not closed") : 0;
}

static int split_command(const char *text, char **argv, int max, int *ret_n, struct error *err)
{
	int n = 0;

	for (;;) {
		CLEANUP_BUF struct buf word = BUF_INIT;
		int r;

		text += strspn(text, " ");
		if (*text == '\0')
			break;
		if (n == max)
			return error_set(err, E2BIG, "Command: too many words");
		buf_str(&word);
		r = next_word(&text, &word, err);
		if (r < 0)
			return r;
		argv[n] = strdup(buf_str(&word));
		if (argv[n++] == NULL)
			return error_set(err, ENOMEM, "no memory");
	}
	*ret_n = n;
	return n > 0 ? 0 : error_set(err, EINVAL, "Command: what shall run?");
}

static char *filled(const struct form *f, enum form_field field)
{
	return f->texts[field].len > 0 ? strdup(f->texts[field].text) : NULL;
}

static int check_limit(enum form_field field, const char *text, struct error *err)
{
	uint64_t value;
	int64_t whole;
	int r;

	if (field == FORM_MEMORY)
		r = text_parse_size(text, &value, err);
	else if (field == FORM_CPUS)
		r = text_parse_milli(text, &value, err);
	else if (field == FORM_PIDS)
		r = text_parse_int(text, 1, INT32_MAX, &whole, err);
	else
		r = text_parse_duration(text, &value, err);
	return r < 0 ? error_prefix(err, "%s", form_labels[field]) : 0;
}

static int add_setting(struct launch_request *r, const char *path, const char *value)
{
	struct request_setting *s = &r->settings[r->n_settings];

	s->path = strdup(path);
	s->value = strdup(value);
	r->n_settings++;
	return s->path != NULL && s->value != NULL ? 0 : -ENOMEM;
}

static int add_settings(const struct form *f, struct launch_request *r, struct error *err)
{
	r->settings = calloc(LIMITS + 1, sizeof(*r->settings));
	if (r->settings == NULL)
		return error_set(err, ENOMEM, "no memory");
	for (size_t i = 0; i < LIMITS; i++) {
		const struct input *in = &f->texts[limits[i].field];
		int e;

		if (in->len == 0)
			continue;
		e = check_limit(limits[i].field, in->text, err);
		if (e < 0)
			return e;
		if (add_setting(r, limits[i].path, in->text) < 0)
			return error_set(err, ENOMEM, "no memory");
	}
	if (f->workspace > 0 &&
	    add_setting(r, "filesystem.workspace", form_workspaces[f->workspace]) < 0)
		return error_set(err, ENOMEM, "no memory");
	return 0;
}

static char **copy_environment(void)
{
	size_t n = 0;
	char **copy;

	while (environ != NULL && environ[n] != NULL)
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy != NULL && i < n; i++)
		copy[i] = strdup(environ[i]);
	return copy;
}

/* The words of a field, between spaces and commas. NULL without any, or without memory. */
static char **word_list(const char *text)
{
	char **list = calloc(INPUT_MAX / 2 + 1, sizeof(*list));
	int n = 0;

	while (list != NULL && *(text += strspn(text, " ,")) != '\0') {
		size_t len = strcspn(text, " ,");

		list[n++] = strndup(text, len);
		text += len;
	}
	if (n == 0) {
		free(list);
		return NULL;
	}
	return list;
}

static int fill_request(const struct form *f, struct launch_request *r, struct error *err)
{
	int n = 0;
	int e;

	r->argv = calloc(INPUT_MAX / 2 + 1, sizeof(*r->argv));
	if (r->argv == NULL)
		return error_set(err, ENOMEM, "no memory");
	e = split_command(f->texts[FORM_COMMAND].text, r->argv, INPUT_MAX / 2, &n, err);
	if (e < 0)
		return e;
	if (f->policy >= 0)
		r->policy = strdup(f->names.names[f->policy]);
	if (f->may_choose_user)
		r->for_user = filled(f, FORM_USER);
	r->name = filled(f, FORM_NAME);
	r->project = filled(f, FORM_PROJECT);
	if (r->project == NULL || r->project[0] != '/')
		return error_set(err, EINVAL, "Project: expected an absolute path");
	r->allow_degraded = word_list(f->texts[FORM_DEGRADED].text);
	r->environ_all = copy_environment();
	r->tty = true;
	r->interactive = true;
	r->rows = 24;
	r->cols = 80;
	return add_settings(f, r, err);
}

int form_request(const struct form *f, struct launch_request **ret, struct error *err)
{
	struct launch_request *r = calloc(1, sizeof(*r));
	int e;

	if (r == NULL)
		return error_set(err, ENOMEM, "no memory");
	e = fill_request(f, r, err);
	if (e < 0) {
		launch_request_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

static void add_option(struct buf *out, const char *option, const char *value)
{
	buf_addf(out, " %s ", option);
	text_safe_argv(out, &value, 1);
}

void form_shell(const struct form *f, struct buf *out)
{
	struct error err = ERROR_INIT;
	char *argv[INPUT_MAX / 2 + 1] = { NULL };
	int n = 0;

	buf_adds(out, "warder run -dit");
	if (f->may_choose_user && f->texts[FORM_USER].len > 0)
		add_option(out, "--for", f->texts[FORM_USER].text);
	if (f->policy >= 0)
		add_option(out, "--policy", f->names.names[f->policy]);
	add_option(out, "-C", f->texts[FORM_PROJECT].text);
	if (f->workspace > 0)
		add_option(out, "--workspace", form_workspaces[f->workspace]);
	if (f->texts[FORM_NAME].len > 0)
		add_option(out, "--name", f->texts[FORM_NAME].text);
	for (const char *t = f->texts[FORM_DEGRADED].text; *(t += strspn(t, " ,")) != '\0';
	     t += strcspn(t, " ,"))
		buf_addf(out, " --allow-degraded %.*s", (int)strcspn(t, " ,"), t);
	for (size_t i = 0; i < LIMITS; i++)
		if (f->texts[limits[i].field].len > 0)
			add_option(out, limits[i].option, f->texts[limits[i].field].text);
	buf_adds(out, " -- ");
	if (split_command(f->texts[FORM_COMMAND].text, argv, INPUT_MAX / 2, &n, &err) == 0)
		text_safe_argv(out, (const char *const *)argv, (size_t)n);
	else
		buf_adds(out, "…");
	for (int i = 0; i < INPUT_MAX / 2; i++)
		free(argv[i]);
}
