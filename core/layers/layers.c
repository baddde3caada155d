/*
 * layers.c: THE ordered table of isolation layers, and what is common to all of them. The child
 * enters them from top to bottom; the reason for each place stands in the layer's own `why_here`.
 * Adding a layer is one file, one name in policy.h and one line here.
 */
#include "core/layers/layer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/layers/probe.h"

const struct layer *const layers[LAYER_COUNT] = {
	[LAYER_IDENTITY] = &layer_identity,         [LAYER_MOUNTS] = &layer_mounts,
	[LAYER_NETWORK] = &layer_network,           [LAYER_LIMITS] = &layer_limits,
	[LAYER_ENVIRONMENT] = &layer_environment,   [LAYER_CAPABILITIES] = &layer_capabilities,
	[LAYER_NO_NEW_PRIVS] = &layer_no_new_privs, [LAYER_LANDLOCK] = &layer_landlock,
	[LAYER_SECCOMP] = &layer_seccomp,
};

const char *const layer_state_names[] = { "off", "degraded", "enforced", NULL };

int layer_settle_status(struct launch *l, enum layer_id id, enum layer_state state,
                        struct error *err, const char *remedy, const char *fmt, ...)
{
	struct layer_status *s = &l->status[id];
	va_list ap;

	s->state = state;
	va_start(ap, fmt);
	vsnprintf(s->reason, sizeof(s->reason), fmt, ap);
	va_end(ap);
	if (state == LAYER_ENFORCED || !l->policy->required[id] || l->allow_degraded[id])
		return 0;
	error_set(err, EPERM, "%s: %s", layer_names[id], s->reason);
	if (remedy && *remedy)
		error_hint(err, "%s; or accept it with --allow-degraded %s", remedy,
		           layer_names[id]);
	else
		error_hint(err, "accept it with --allow-degraded %s", layer_names[id]);
	return -EPERM;
}

int layers_prepare(struct launch *l, struct error *err)
{
	for (int i = 0; i < LAYER_COUNT; i++) {
		int r = layers[i]->prepare ? layers[i]->prepare(l, err) : 0;

		if (r < 0) {
			layers_release(l);
			return r;
		}
	}
	return 0;
}

int layers_settle(struct launch *l, pid_t child, struct error *err)
{
	for (int i = 0; i < LAYER_COUNT; i++) {
		int r = layers[i]->settle ? layers[i]->settle(l, child, err) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int layers_enter(const struct launch *l, enum layer_id first, enum layer_id last,
                 enum layer_id *failed, struct layer_report *report)
{
	for (int i = (int)first; i <= (int)last; i++) {
		int r;

		if (!layers[i]->enter)
			continue;
		report->what = "";
		r = layers[i]->enter(l, report);
		if (r < 0) {
			*failed = (enum layer_id)i;
			return r;
		}
	}
	return 0;
}

void layers_release(struct launch *l)
{
	for (int i = LAYER_COUNT - 1; i >= 0; i--) {
		if (layers[i]->release)
			layers[i]->release(l);
	}
}

int layers_probe(enum layer_id id, struct probe_result *ret)
{
	static int (*const probes[LAYER_COUNT])(struct probe_result *) = {
		[LAYER_IDENTITY] = identity_probe,
		[LAYER_MOUNTS] = mounts_probe,
		[LAYER_NETWORK] = network_probe,
		[LAYER_LIMITS] = limits_probe,
		[LAYER_ENVIRONMENT] = environment_probe,
		[LAYER_CAPABILITIES] = capabilities_probe,
		[LAYER_NO_NEW_PRIVS] = no_new_privs_probe,
		[LAYER_LANDLOCK] = landlock_probe,
		[LAYER_SECCOMP] = seccomp_probe,
	};

	return probes[id](ret);
}

void layer_row_add(struct layer_rows *r, const char *key, const char *fmt, ...)
{
	struct layer_row *row;
	va_list ap;

	if (r->n == r->cap) {
		int cap = r->cap ? r->cap * 2 : 16;
		struct layer_row *grown = realloc(r->rows, (size_t)cap * sizeof(*grown));

		if (!grown)
			return;
		r->rows = grown;
		r->cap = cap;
	}
	row = &r->rows[r->n++];
	snprintf(row->key, sizeof(row->key), "%s", key);
	va_start(ap, fmt);
	vsnprintf(row->value, sizeof(row->value), fmt, ap);
	va_end(ap);
}

void layer_rows_free(struct layer_rows *r)
{
	free(r->rows);
	*r = (struct layer_rows){ .rows = NULL };
}

void audit_add(struct audit *a, enum audit_verdict v, const char *what, const char *subject,
               const char *fmt, ...)
{
	struct audit_finding *f;
	va_list ap;

	if (a->n == a->cap) {
		int cap = a->cap ? a->cap * 2 : 16;
		struct audit_finding *grown = realloc(a->findings, (size_t)cap * sizeof(*grown));

		if (!grown) {
			a->failed = true;
			return;
		}
		a->findings = grown;
		a->cap = cap;
	}
	f = &a->findings[a->n++];
	f->verdict = v;
	snprintf(f->what, sizeof(f->what), "%s", what);
	snprintf(f->subject, sizeof(f->subject), "%s", subject);
	va_start(ap, fmt);
	vsnprintf(f->reason, sizeof(f->reason), fmt, ap);
	va_end(ap);
}

void audit_free(struct audit *a)
{
	free(a->findings);
	*a = (struct audit){ .findings = NULL };
}
