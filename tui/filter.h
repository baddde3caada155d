/*
 * filter.h: what `/` takes: words that must all match. TEXT matches anywhere in id, name, user,
 * command, policy or state (case does not count); !TEXT must not; FIELD=TEXT, FIELD!=TEXT look at
 * one field; cpu, mem, pids, age take = != < > and a number ("cpu>50" per cent of a core, "mem>1g",
 * "age>1h").
 */
#ifndef WARDER_TUI_FILTER_H
#define WARDER_TUI_FILTER_H

#include "core/api/sessions.h"
#include "core/base/error.h"

enum { FILTER_TERMS = 12, FILTER_TEXT = 200 };

enum filter_field {
	FIELD_ANY,
	FIELD_ID,
	FIELD_NAME,
	FIELD_USER,
	FIELD_POLICY,
	FIELD_STATE,
	FIELD_COMMAND,
	FIELD_CPU,
	FIELD_MEM,
	FIELD_PIDS,
	FIELD_AGE,
};

struct filter_term {
	enum filter_field field;
	char op; /* '=', '<', '>' */
	bool negate;
	char text[64];
	int64_t number;
};

struct filter {
	char text[FILTER_TEXT]; /* as typed */
	struct filter_term terms[FILTER_TERMS];
	int n;
};

int filter_parse(const char *text, struct filter *ret, struct error *err);
bool filter_match(const struct filter *f, const struct session_view *v, uint64_t now,
                  uint64_t wall);

#endif
