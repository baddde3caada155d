/*
 * report.c: audit and dry run. The same prepare functions as a launch's, with audit_only set, so
 * that what is reported is what would happen; the audit itself goes on after a refusal, so that
 * all of them are seen at once.
 */
#include "core/session/report.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/wire/packet.h"

static const char *const verdict_names[] = { "ok", "risky-allowed", "refused" };

static bool put_findings(struct json_writer *w, const struct audit *a)
{
	bool refused = a->failed;

	json_put_array(w, "findings");
	for (int i = 0; i < a->n; i++) {
		const struct audit_finding *f = &a->findings[i];

		json_put_object(w, NULL);
		json_put_string(w, "verdict", verdict_names[f->verdict]);
		json_put_string(w, "what", f->what);
		json_put_string(w, "subject", f->subject);
		json_put_string(w, "reason", f->reason);
		json_put_end(w, '}');
		refused |= f->verdict == AUDIT_REFUSED;
	}
	json_put_end(w, ']');
	return refused;
}

static void put_layers(struct json_writer *w, const struct launch *l)
{
	json_put_array(w, "layers");
	for (int i = 0; i < LAYER_COUNT; i++) {
		struct layer_rows rows = { .rows = NULL };

		if (layers[i]->describe)
			layers[i]->describe(l, &rows);
		json_put_object(w, NULL);
		json_put_string(w, "name", layer_names[i]);
		json_put_string(w, "status", layer_state_names[l->status[i].state]);
		json_put_string(w, "reason", l->status[i].reason);
		json_put_object(w, "rows");
		for (int k = 0; k < rows.n; k++)
			json_put_string(w, rows.rows[k].key, rows.rows[k].value);
		json_put_end(w, '}');
		json_put_end(w, '}');
		layer_rows_free(&rows);
	}
	json_put_end(w, ']');
}

static void put_environment(struct json_writer *w, const struct launch *l)
{
	json_put_array(w, "environment");
	for (char **e = l->envp; e && *e; e++)
		json_put_bytes(w, NULL, *e, strcspn(*e, "="));
	json_put_end(w, ']');
}

static int send_chunks(int fd, const char *text, size_t len)
{
	enum { CHUNK = PACKET_MAX / 2 };
	unsigned char msg[PACKET_MAX];

	while (len > 0) {
		size_t n = len < CHUNK ? len : CHUNK;
		size_t size = packet_encode(PACKET_REPORT, 0, text, n, msg, sizeof(msg));

		if (send(fd, msg, size, MSG_NOSIGNAL) != (ssize_t)size)
			return -EPIPE;
		text += n;
		len -= n;
	}
	return 0;
}

int report_send(struct plan *p, int launcher, struct error *err)
{
	struct launch *l = &p->launch;
	struct audit a = { .findings = NULL };
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct json_writer w = json_writer(&b);
	struct error prepared = ERROR_INIT;
	bool refused;
	int r;

	r = layers[LAYER_IDENTITY]->prepare(l, err); /* host ids, for the audit of owners */
	if (r == 0)
		r = mounts_audit(l, &a, err);
	if (r == 0)
		r = environment_audit(l, &a, err);
	layers_release(l);
	if (r < 0) {
		audit_free(&a);
		return r;
	}
	json_put_object(&w, NULL);
	refused = put_findings(&w, &a);
	if (layers_prepare(l, &prepared) == 0) {
		put_layers(&w, l);
		put_environment(&w, l);
		json_put_null(&w, "error");
		layers_release(l);
	} else {
		json_put_array(&w, "layers");
		json_put_end(&w, ']');
		json_put_array(&w, "environment");
		json_put_end(&w, ']');
		json_put_string(&w, "error", prepared.text);
		refused = true;
	}
	json_put_string(&w, "policy", p->policy->name);
	json_put_bool(&w, "refused", refused);
	json_put_end(&w, '}');
	audit_free(&a);
	if (b.failed)
		return error_errno(err, ENOMEM, "audit");
	return send_chunks(launcher, b.data, b.len);
}
