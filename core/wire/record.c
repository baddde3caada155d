/*
 * record.c: session.json. A file of at most DOTFILE_MAX whatever the command or the policy: a long
 * command is cut (the launch's own record in the trail has all of it), a policy that would not fit
 * is left out.
 */
#include "core/wire/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/wire/fields.h"
#include "core/wire/places.h"

enum {
	COMMAND_ROOM = 64 * 1024, /* bytes of JSON for the command */
	WORD_MAX = 4096,          /* bytes of one word of it: at most six times that in JSON */
	RECORD_FIXED_ROOM = 1024, /* what is written after the policy, and more */
	LAYERS_MAX = BOARD_LAYERS,
	ROWS_MAX = 256, /* rows of one layer's description: a mount each at most, and a few */
};

#define RECORD_FIELD(member, k, ...)                                                               \
	{                                                                                          \
		.name = #member, .kind = (k), .offset = offsetof(struct session_record, member),   \
		__VA_ARGS__                                                                        \
	}
#define RECORD_CHARS(member, ...)                                                                  \
	RECORD_FIELD(member, FIELD_CHARS, .size = sizeof(((struct session_record *)0)->member),    \
	             __VA_ARGS__)

static const struct field record_fields[] = {
	RECORD_CHARS(id, .required = true),
	RECORD_CHARS(uuid),
	RECORD_CHARS(name),
	RECORD_FIELD(user, FIELD_TEXT),
	RECORD_FIELD(uid, FIELD_U32, .required = true),
	RECORD_FIELD(policy, FIELD_TEXT),
	RECORD_CHARS(policy_sha256),
	RECORD_FIELD(policy_revision, FIELD_U32),
	RECORD_FIELD(project, FIELD_TEXT),
	RECORD_FIELD(hostname, FIELD_TEXT),
	RECORD_FIELD(root_mode, FIELD_BOOL),
	RECORD_FIELD(tty, FIELD_BOOL),
	RECORD_FIELD(started_wall, FIELD_TIME),
	RECORD_FIELD(ended_wall, FIELD_TIME),
	RECORD_FIELD(exit_code, FIELD_KNOWN32),
	RECORD_FIELD(reason, FIELD_TEXT),
	RECORD_FIELD(pid, FIELD_U32),
	RECORD_FIELD(memory_limit, FIELD_U64),
	RECORD_FIELD(timeout_ns, FIELD_DURATION),
	RECORD_FIELD(idle_timeout_ns, FIELD_DURATION),
	RECORD_FIELD(cpus_milli, FIELD_U32),
	RECORD_FIELD(pids_limit, FIELD_U32),
	RECORD_FIELD(host_uid, FIELD_U32),
	RECORD_FIELD(cgroup, FIELD_TEXT),
	RECORD_FIELD(cpu_ns, FIELD_KNOWN64),
	RECORD_FIELD(memory_peak, FIELD_KNOWN64),
	RECORD_FIELD(read_bytes, FIELD_KNOWN64),
	RECORD_FIELD(write_bytes, FIELD_KNOWN64),
	RECORD_FIELD(net_in, FIELD_KNOWN64),
	RECORD_FIELD(net_out, FIELD_KNOWN64),
	RECORD_FIELD(execs, FIELD_KNOWN64),
	RECORD_FIELD(trail_seq, FIELD_U64),
	RECORD_CHARS(trail_chain),
	{ .name = NULL },
};

/* Printed apart from the others, since they are cut. */
static const struct field long_fields[] = {
	RECORD_FIELD(command, FIELD_LIST, .size = ARGV_MAX, .required = true),
	RECORD_FIELD(policy_json, FIELD_TEXT),
	{ .name = NULL },
};

static const struct field layer_fields[] = {
	{ .name = "name",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct record_layer, name),
	  .required = true },
	{ .name = "status",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct record_layer, status),
	  .required = true },
	{ .name = "reason", .kind = FIELD_TEXT, .offset = offsetof(struct record_layer, reason) },
	{ .name = NULL },
};

static const struct field row_fields[] = {
	{ .name = "key",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct record_row, key),
	  .required = true },
	{ .name = "value",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct record_row, value),
	  .required = true },
	{ .name = NULL },
};

/* A word that is too long is cut at a whole character and ends in "…". */
static void put_word(struct json_writer *w, const char *word)
{
	char cut[WORD_MAX + 4];
	size_t len = strnlen(word, WORD_MAX + 1);

	if (len <= WORD_MAX) {
		field_put_text(w, NULL, word);
		return;
	}
	len = WORD_MAX;
	while (len > WORD_MAX - 4 && ((unsigned char)word[len] & 0xc0) == 0x80)
		len--;
	memcpy(cut, word, len);
	memcpy(cut + len, "…", sizeof("…"));
	field_put_text(w, NULL, cut);
}

static void put_command(struct json_writer *w, char *const *command)
{
	size_t start = w->out->len;

	json_put_array(w, "command");
	for (; command && *command; command++) {
		if (w->out->len - start > COMMAND_ROOM) {
			json_put_string(w, NULL, "…");
			break;
		}
		put_word(w, *command);
	}
	json_put_end(w, ']');
}

static void put_layers(struct json_writer *w, const struct session_record *r)
{
	json_put_array(w, "layers");
	for (int i = 0; i < r->n_layers; i++) {
		const struct record_layer *l = &r->layers[i];

		json_put_object(w, NULL);
		fields_put(w, layer_fields, l);
		fields_put_array(w, "rows", row_fields, sizeof(*l->rows), l->rows,
		                 l->rows && l->n_rows > ROWS_MAX ? ROWS_MAX : l->n_rows);
		json_put_end(w, '}');
	}
	json_put_end(w, ']');
}

static void put_policy(struct json_writer *w, const char *policy)
{
	CLEANUP_BUF struct buf escaped = BUF_INIT;
	struct json_writer sub = json_writer(&escaped);

	field_put_text(&sub, NULL, policy);
	if (w->out->len + escaped.len + RECORD_FIXED_ROOM > DOTFILE_MAX)
		json_put_null(w, "policy_json");
	else
		json_put_raw(w, "policy_json", buf_str(&escaped));
	if (escaped.failed)
		w->out->failed = true;
}

void session_record_print(const struct session_record *r, struct buf *out)
{
	struct json_writer w = json_writer(out);

	json_put_object(&w, NULL);
	fields_put(&w, record_fields, r);
	json_put_string(&w, "state",
	                r->state < SESSION_STATE_COUNT ? session_state_names[r->state] : NULL);
	put_command(&w, r->command);
	put_layers(&w, r);
	put_policy(&w, r->policy_json);
	json_put_end(&w, '}');
	buf_addc(out, '\n');
}

static int get_layer(const struct json_at *at, struct record_layer *l, struct error *err)
{
	struct json_at rows = json_member(at, "rows");
	void *items = NULL;
	int r = fields_get(at, layer_fields, l, err);

	if (r == 0)
		r = fields_get_array(&rows, row_fields, sizeof(*l->rows), ROWS_MAX, &items,
		                     &l->n_rows, err);
	l->rows = items;
	return r;
}

static int get_layers(const struct json_at *root, struct session_record *rec, struct error *err)
{
	struct json_at at = json_member(root, "layers");
	int n = json_count(&at);
	int r;

	if (!json_present(&at))
		return 0;
	r = json_expect(&at, JSON_ARRAY, err);
	if (r < 0 || n == 0)
		return r;
	if (n > LAYERS_MAX)
		return json_error(&at, err, "expected at most %d layers, got %d", LAYERS_MAX, n);
	rec->layers = calloc((size_t)n, sizeof(*rec->layers));
	if (!rec->layers)
		return error_errno(err, ENOMEM, "layers");
	rec->n_layers = n;
	for (int i = 0; r == 0 && i < n; i++) {
		struct json_at item = json_item(&at, i);

		r = get_layer(&item, &rec->layers[i], err);
	}
	return r;
}

/* Readers need not care whether a text was there. */
static int fill_texts(struct session_record *r)
{
	char **const texts[] = { &r->user,     &r->policy, &r->project,
		                 &r->hostname, &r->reason, &r->cgroup };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!*texts[i])
			*texts[i] = strdup("");
		if (!*texts[i])
			return -ENOMEM;
	}
	for (int i = 0; i < r->n_layers; i++) {
		if (!r->layers[i].reason)
			r->layers[i].reason = strdup("");
		if (!r->layers[i].reason)
			return -ENOMEM;
	}
	return 0;
}

static int get_record(const struct json_at *root, struct session_record *rec, struct error *err)
{
	struct json_at at;
	int state = 0;
	int r = fields_get(root, record_fields, rec, err);

	if (r == 0)
		r = fields_get(root, long_fields, rec, err);
	if (r < 0)
		return r;
	at = json_member(root, "id");
	if (!session_id_valid(rec->id))
		return json_error(&at, err, "expected %d lower-case hex digits", SESSION_ID_LEN);
	at = json_member(root, "pid");
	if (rec->pid < 0)
		return json_error(&at, err, "expected 0..2147483647");
	at = json_member(root, "state");
	r = json_enum(&at, session_state_names, &state, err);
	if (r < 0)
		return r;
	rec->state = (enum session_state)state;
	r = get_layers(root, rec, err);
	if (r == 0 && fill_texts(rec) < 0)
		r = error_errno(err, ENOMEM, "%s", root->file);
	return r;
}

int session_record_parse(const char *file, const char *text, size_t len,
                         struct session_record **ret, struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct session_record *rec;
	struct json_at root;
	int r;

	if (len > DOTFILE_MAX)
		return error_set(err, EFBIG, "%s: longer than %d bytes", file, DOTFILE_MAX);
	r = json_parse(file, text, len, &doc, err);
	if (r < 0)
		return r;
	rec = calloc(1, sizeof(*rec));
	if (!rec)
		return error_errno(err, ENOMEM, "%s", file);
	root = json_root(file, doc);
	r = get_record(&root, rec, err);
	if (r < 0)
		session_record_free(rec);
	else
		*ret = rec;
	return r;
}

void session_record_free(struct session_record *r)
{
	if (!r)
		return;
	for (int i = 0; r->layers && i < r->n_layers; i++) {
		fields_free(layer_fields, &r->layers[i]);
		fields_free_array(row_fields, sizeof(*r->layers[i].rows), r->layers[i].rows,
		                  r->layers[i].n_rows);
	}
	free(r->layers);
	fields_free(record_fields, r);
	fields_free(long_fields, r);
	free(r);
}
