/*
 * form.h: the launch form's content: its fields, what they mean as a launch request and as a shell
 * command. Not how it looks.
 */
#ifndef WARDER_TUI_FORM_H
#define WARDER_TUI_FORM_H

#include "tui/input.h"
#include "tui/source.h"

/* From top to bottom, as Tab goes. */
enum form_field {
	FORM_COMMAND,
	FORM_USER,
	FORM_PROJECT,
	FORM_NAME,
	FORM_POLICY,
	FORM_WORKSPACE,
	FORM_DEGRADED,
	FORM_MEMORY,
	FORM_CPUS,
	FORM_PIDS,
	FORM_TIMEOUT,
	FORM_LAUNCH,
	FORM_CANCEL,
	FORM_FIELDS,
	FORM_TEXTS = FORM_LAUNCH,
};

enum form_event { FORM_STAYS, FORM_CANCELLED, FORM_LAUNCHES };

struct form {
	struct input
		texts[FORM_TEXTS]; /* those of POLICY and WORKSPACE stay empty: they are choices */
	enum form_field focus;
	bool may_choose_user;
	struct policy_names names;
	int policy;                /* index in names; -1 = none found */
	struct policy_facts facts; /* of that policy */
	char policy_error[400];    /* why it cannot be used, or "" */
	int workspace;             /* 0 the policy's, 1 rw, 2 ro */
};

extern const char *const form_labels[FORM_FIELDS + 1];
extern const char *const form_helps[FORM_FIELDS + 1];
extern const char *const form_workspaces[];

void form_open(struct form *f, struct source *s);
/* The same again: user, project, policy and command of that session, and the limits that its policy
 * does not say. */
void form_open_like(struct form *f, struct source *s, const struct session_record *r);
/* Puts the focus on the field that an error ("Memory: ...") begins with. */
void form_focus_on(struct form *f, const char *error);
enum form_event form_key(struct form *f, struct source *s, uint32_t key);
struct input *form_focused_text(struct form *f); /* NULL when a choice or a button has the keys */
/* Checks all fields. err says which one is wrong. The caller frees *ret with
 * launch_request_free. */
int form_request(const struct form *f, struct launch_request **ret, struct error *err);
/* The shell command that does the same, as far as the fields are filled in. */
void form_shell(const struct form *f, struct buf *out);

#endif
