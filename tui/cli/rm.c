/*
 * rm.c: warder rm: forgets ended sessions, their trail and output.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "core/api/sessions.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

struct rm_options {
	bool ended;
};

static int remove_named(const struct verb *v, struct sessions *list, const char *ref,
                        struct buf *out)
{
	const struct session_view *view = NULL;
	struct error err = ERROR_INIT;
	char id[16];
	int r = sessions_find(list, ref, &view, &err);

	if (r == 0) {
		snprintf(id, sizeof(id), "%s", view->id);
		r = sessions_remove(list, id, &err);
	}
	if (r < 0)
		return verb_fail(v, &err, 1);
	print_safe(out, ref);
	buf_addc(out, '\n');
	return 0;
}

/* Ids are gathered first: removing may change the list. */
static int remove_ended(const struct verb *v, struct sessions *list, struct buf *out)
{
	int n = sessions_count(list);
	char(*ids)[16] = calloc((size_t)n + 1, sizeof(*ids));
	int n_ids = 0;
	int status = 0;

	if (ids == NULL) {
		out->failed = true;
		return 1;
	}
	for (int i = 0; i < n; i++) {
		const struct session_view *view = sessions_at(list, i);

		if (!session_state_live(view->state) && !view->live)
			memcpy(ids[n_ids++], view->id, sizeof(*ids));
	}
	for (int i = 0; i < n_ids; i++) {
		struct error err = ERROR_INIT;

		if (sessions_remove(list, ids[i], &err) < 0)
			status = verb_fail(v, &err, 1);
		else
			buf_addf(out, "%s\n", ids[i]);
	}
	free(ids);
	return status;
}

static int rm_main(const struct verb *v, int argc, char **argv)
{
	struct rm_options o = { .ended = false };
	struct error err = ERROR_INIT;
	struct sessions *list = NULL;
	struct buf out = BUF_INIT;
	char **refs = NULL;
	int n = 0;
	int status = 0;

	if (verb_begin(v, argc, argv, &o, 0, -1, &refs, &n, &status) < 0)
		return status;
	if ((n > 0) == o.ended)
		status = print_usage_error(v->name, "expected sessions, or --ended");
	else if (sessions_open(&list, &err) < 0)
		status = verb_fail(v, &err, 1);
	else if (sessions_scan(list, true, &err) < 0)
		status = verb_fail(v, &err, 1);
	else if (o.ended)
		status = remove_ended(v, list, &out);
	for (int i = 0; status != EXIT_USAGE && list != NULL && i < n; i++)
		status |= remove_named(v, list, refs[i], &out);
	free(refs);
	if (list != NULL)
		sessions_close(list);
	return print_out(&out) || status ? (status ? status : 1) : 0;
}

static const struct cli_option rm_options[] = {
	{ 0, "ended", .argument = NULL, .offset = offsetof(struct rm_options, ended),
	  .help = "every ended session that you may see" },
	{ .name = NULL },
};

const struct verb verb_rm = {
	.name = "rm",
	.operands = "SESSION...\n--ended",
	.summary = "Forget ended sessions: record, trail and output",
	.options = rm_options,
	.main = rm_main,
};
