/*
 * request.c: a launch request as JSON. Bytes that are not UTF-8 survive (fields.h): a file's name
 * is whatever it is.
 */
#include "core/wire/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bounds.h"
#include "core/wire/fields.h"

static const char *const mode_names[] = {
	[REQUEST_RUN] = "run",
	[REQUEST_AUDIT] = "audit",
	[REQUEST_DRY_RUN] = "dry-run",
	NULL,
};

#define REQUEST_FIELD(member, k, ...)                                                              \
	{                                                                                          \
		.name = #member, .kind = (k), .offset = offsetof(struct launch_request, member),   \
		__VA_ARGS__                                                                        \
	}

static const struct field request_fields[] = {
	REQUEST_FIELD(argv, FIELD_LIST, .size = ARGV_MAX),
	REQUEST_FIELD(policy, FIELD_TEXT),
	REQUEST_FIELD(name, FIELD_TEXT),
	REQUEST_FIELD(for_user, FIELD_TEXT),
	REQUEST_FIELD(project, FIELD_TEXT),
	REQUEST_FIELD(workdir, FIELD_TEXT),
	REQUEST_FIELD(hostname, FIELD_TEXT),
	REQUEST_FIELD(allow, FIELD_LIST, .size = POLICY_LIST_MAX),
	REQUEST_FIELD(env, FIELD_LIST, .size = ARGV_MAX),
	REQUEST_FIELD(environ_all, FIELD_LIST, .size = ARGV_MAX),
	REQUEST_FIELD(allow_risky, FIELD_LIST, .size = POLICY_LIST_MAX),
	REQUEST_FIELD(allow_degraded, FIELD_LIST, .size = POLICY_LIST_MAX),
	REQUEST_FIELD(tty, FIELD_BOOL),
	REQUEST_FIELD(interactive, FIELD_BOOL),
	REQUEST_FIELD(attached, FIELD_BOOL),
	REQUEST_FIELD(remove_after, FIELD_BOOL),
	REQUEST_FIELD(rows, FIELD_U16),
	REQUEST_FIELD(cols, FIELD_U16),
	{ .name = NULL },
};

static const struct field setting_fields[] = {
	{ .name = "path",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct request_setting, path),
	  .required = true },
	{ .name = "value",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct request_setting, value),
	  .required = true },
	{ .name = NULL },
};

static const struct field mount_fields[] = {
	{ .name = "source",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct request_mount, source),
	  .required = true },
	{ .name = "target",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct request_mount, target),
	  .required = true },
	{ .name = "writable",
	  .kind = FIELD_BOOL,
	  .offset = offsetof(struct request_mount, writable) },
	{ .name = NULL },
};

static const struct field tmpfs_fields[] = {
	{ .name = "target",
	  .kind = FIELD_TEXT,
	  .offset = offsetof(struct request_tmpfs, target),
	  .required = true },
	{ .name = "size", .kind = FIELD_U64, .offset = offsetof(struct request_tmpfs, size) },
	{ .name = NULL },
};

void launch_request_print(const struct launch_request *r, struct buf *out)
{
	struct json_writer w = json_writer(out);

	json_put_object(&w, NULL);
	json_put_string(&w, "mode", mode_names[r->mode]);
	fields_put(&w, request_fields, r);
	fields_put_array(&w, "settings", setting_fields, sizeof(*r->settings), r->settings,
	                 r->n_settings);
	fields_put_array(&w, "mounts", mount_fields, sizeof(*r->mounts), r->mounts, r->n_mounts);
	fields_put_array(&w, "tmpfs", tmpfs_fields, sizeof(*r->tmpfs), r->tmpfs, r->n_tmpfs);
	json_put_end(&w, '}');
}

static int get_arrays(const struct json_at *root, struct launch_request *r, struct error *err)
{
	struct json_at at = json_member(root, "settings");
	void *items = NULL;
	int e = fields_get_array(&at, setting_fields, sizeof(*r->settings), POLICY_LIST_MAX, &items,
	                         &r->n_settings, err);

	r->settings = items;
	if (e < 0)
		return e;
	at = json_member(root, "mounts");
	e = fields_get_array(&at, mount_fields, sizeof(*r->mounts), MOUNTS_MAX, &items,
	                     &r->n_mounts, err);
	r->mounts = items;
	if (e < 0)
		return e;
	at = json_member(root, "tmpfs");
	e = fields_get_array(&at, tmpfs_fields, sizeof(*r->tmpfs), MOUNTS_MAX, &items, &r->n_tmpfs,
	                     err);
	r->tmpfs = items;
	return e;
}

static int get_request(const struct json_at *root, struct launch_request *r, struct error *err)
{
	struct json_at at;
	int mode = 0;
	int e = fields_get(root, request_fields, r, err);

	if (e < 0)
		return e;
	at = json_member(root, "mode");
	e = json_enum(&at, mode_names, &mode, err);
	if (e < 0)
		return e;
	r->mode = (enum request_mode)mode;
	at = json_member(root, "argv");
	if (r->mode == REQUEST_RUN && (!r->argv || !r->argv[0]))
		return json_error(&at, err, "expected a command");
	return get_arrays(root, r, err);
}

int launch_request_parse(const char *text, size_t len, struct launch_request **ret,
                         struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct launch_request *r;
	struct json_at root;
	int e;

	if (len > REQUEST_MAX)
		return error_set(err, E2BIG, "launch request: longer than %d bytes", REQUEST_MAX);
	e = json_parse("launch request", text, len, &doc, err);
	if (e < 0)
		return e;
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_errno(err, ENOMEM, "launch request");
	root = json_root("launch request", doc);
	e = get_request(&root, r, err);
	if (e < 0)
		launch_request_free(r);
	else
		*ret = r;
	return e;
}

void launch_request_free(struct launch_request *r)
{
	if (!r)
		return;
	fields_free_array(setting_fields, sizeof(*r->settings), r->settings, r->n_settings);
	fields_free_array(mount_fields, sizeof(*r->mounts), r->mounts, r->n_mounts);
	fields_free_array(tmpfs_fields, sizeof(*r->tmpfs), r->tmpfs, r->n_tmpfs);
	fields_free(request_fields, r);
	free(r);
}
