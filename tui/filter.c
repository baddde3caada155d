/*
 * filter.c: see filter.h.
 */
#include "tui/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/words.h"

static const struct {
	const char *name;
	enum filter_field field;
} fields[] = {
	{ "id", FIELD_ID },         { "name", FIELD_NAME },   { "user", FIELD_USER },
	{ "policy", FIELD_POLICY }, { "state", FIELD_STATE }, { "command", FIELD_COMMAND },
	{ "cmd", FIELD_COMMAND },   { "cpu", FIELD_CPU },     { "mem", FIELD_MEM },
	{ "pids", FIELD_PIDS },     { "age", FIELD_AGE },
};

static bool is_number(enum filter_field field)
{
	return field >= FIELD_CPU;
}

static int parse_number(struct filter_term *t, struct error *err)
{
	uint64_t n = 0;
	int r;

	if (t->field == FIELD_MEM)
		r = text_parse_size(t->text, &n, err);
	else if (t->field == FIELD_AGE)
		r = text_parse_duration(t->text, &n, err);
	else
		return text_parse_int(t->text, 0, INT32_MAX, &t->number, err);
	t->number = (int64_t)n;
	return r;
}

/* "user=bob" → the field and what stands behind the operator; false when it is a plain word. */
static bool split(const char *word, struct filter_term *t, const char **ret_value)
{
	size_t n = strcspn(word, "=<>!");

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *op = word + n;

		if (strlen(fields[i].name) != n || strncmp(fields[i].name, word, n) != 0)
			continue;
		if (op[0] == '!' && op[1] == '=') {
			t->negate = !t->negate;
			op++;
		} else if (op[0] == '\0' || op[0] == '!') {
			return false;
		}
		t->field = fields[i].field;
		t->op = *op;
		*ret_value = op + 1;
		return true;
	}
	return false;
}

static int parse_term(const char *word, struct filter_term *t, struct error *err)
{
	const char *value = word;

	*t = (struct filter_term){ .op = '=' };
	if (*word == '!') {
		t->negate = true;
		value = ++word;
	}
	split(word, t, &value);
	if (*value == '\0')
		return error_set(err, EINVAL, "filter: a value is missing");
	if (t->op != '=' && !is_number(t->field))
		return error_set(err, EINVAL, "filter: < and > take cpu, mem, pids or age");
	snprintf(t->text, sizeof(t->text), "%.63s", value);
	return is_number(t->field) ? parse_number(t, err) : 0;
}

int filter_parse(const char *text, struct filter *ret, struct error *err)
{
	struct filter f = { .n = 0 };
	char words[FILTER_TEXT];
	char *save = NULL;

	snprintf(f.text, sizeof(f.text), "%.199s", text);
	memcpy(words, f.text, sizeof(words));
	for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
		int r;

		if (f.n == FILTER_TERMS)
			return error_set(err, E2BIG, "filter: at most %d words", FILTER_TERMS);
		r = parse_term(w, &f.terms[f.n], err);
		if (r < 0)
			return r;
		f.n++;
	}
	*ret = f;
	return 0;
}

static bool has(const char *s, const char *text)
{
	return s != NULL && strcasestr(s, text) != NULL;
}

static bool command_has(const struct session_view *v, const char *text)
{
	for (size_t i = 0; v->record->command != NULL && v->record->command[i] != NULL; i++)
		if (has(v->record->command[i], text))
			return true;
	return false;
}

static bool compare(int64_t value, const struct filter_term *t)
{
	if (value < 0)
		return false;
	if (t->op == '<')
		return value < t->number;
	return t->op == '>' ? value > t->number : value == t->number;
}

static bool match_any(const struct session_view *v, const char *text, const char *state)
{
	return has(v->id, text) || has(v->record->name, text) || has(v->record->user, text) ||
	       has(v->record->policy, text) || has(state, text) || command_has(v, text);
}

static bool match_term(const struct filter_term *t, const struct session_view *v, uint64_t now,
                       uint64_t wall)
{
	int32_t cpu = words_cpu(v);
	char state[64];

	words_state(v, now, false, state, sizeof(state));
	switch (t->field) {
	case FIELD_ANY:
		return match_any(v, t->text, state);
	case FIELD_ID:
		return strncmp(v->id, t->text, strlen(t->text)) == 0;
	case FIELD_NAME:
		return has(v->record->name, t->text);
	case FIELD_USER:
		return strcmp(words_user(v), t->text) == 0;
	case FIELD_POLICY:
		return has(v->record->policy, t->text);
	case FIELD_STATE:
		return has(state, t->text) || has(session_state_names[v->state], t->text);
	case FIELD_COMMAND:
		return command_has(v, t->text);
	case FIELD_CPU:
		return compare(cpu < 0 ? -1 : cpu / 10, t);
	case FIELD_MEM:
		return compare(words_memory(v), t);
	case FIELD_PIDS:
		return compare(words_pids(v), t);
	case FIELD_AGE:
		return compare((int64_t)words_age(v, now, wall), t);
	default:
		return false;
	}
}

bool filter_match(const struct filter *f, const struct session_view *v, uint64_t now, uint64_t wall)
{
	for (int i = 0; i < f->n; i++)
		if (match_term(&f->terms[i], v, now, wall) == f->terms[i].negate)
			return false;
	return true;
}
