/*
 * choose.c: sessions by name, and requests to many. Connections are made in batches, so that the
 * number of open descriptors is bounded however many sessions there are.
 */
#include "tui/cli/choose.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "tui/cli/print.h"
#include "tui/cli/verbs.h"

enum { BATCH = 200 };

int choose_one(const char *ref, struct sessions **ret_list, const struct session_view **ret_view,
               struct error *err)
{
	struct sessions *list = NULL;
	int r = sessions_open(&list, err);

	if (r < 0)
		return r;
	r = sessions_scan(list, true, err);
	if (r == 0)
		r = sessions_find(list, ref, ret_view, err);
	if (r < 0) {
		sessions_close(list);
		return r;
	}
	*ret_list = list;
	return 0;
}

static int add_target(struct fleet *f, const struct session_view *v, const char *label)
{
	struct fleet_target *grown;

	for (int i = 0; i < f->n; i++) {
		if (strcmp(f->targets[i].id, v->id) == 0)
			return 0;
	}
	grown = reallocarray(f->targets, (size_t)f->n + 1, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	f->targets = grown;
	grown[f->n] = (struct fleet_target){ .fd = -1 };
	snprintf(grown[f->n].id, sizeof(grown[f->n].id), "%s", v->id);
	snprintf(grown[f->n].label, sizeof(grown[f->n].label), "%s", label);
	f->n++;
	return 0;
}

static int add_by_ref(const struct fleet_choice *c, struct sessions *list, const char *ref,
                      struct fleet *f)
{
	const struct session_view *v = NULL;
	struct error err = ERROR_INIT;
	int r = sessions_find(list, ref, &v, &err);

	if (r == 0 && session_state_live(v->state))
		return add_target(f, v, ref);
	if (r == 0)
		error_set(&err, ESRCH, "%s: the session has ended (%s)", ref,
		          session_state_names[v->state]);
	verb_fail(c->verb, &err, 1);
	f->failed = true;
	return 0;
}

static bool belongs_to(const struct session_view *v, const char *user)
{
	return user == NULL || (v->record->user != NULL && strcmp(v->record->user, user) == 0);
}

int fleet_choose(const struct fleet_choice *c, struct fleet *ret, struct error *err)
{
	struct sessions *list = NULL;
	bool named = c->n_refs > 0;
	int r = sessions_open(&list, err);

	*ret = (struct fleet){ .targets = NULL };
	if (r < 0)
		return r;
	r = sessions_scan(list, named, err);
	for (int i = 0; r == 0 && i < c->n_refs; i++)
		r = add_by_ref(c, list, c->refs[i], ret);
	for (int i = 0; r == 0 && !named && i < sessions_count(list); i++) {
		const struct session_view *v = sessions_at(list, i);

		if (session_state_live(v->state) && belongs_to(v, c->user))
			r = add_target(ret, v, v->id);
	}
	sessions_close(list);
	if (r == -ENOMEM)
		error_errno(err, ENOMEM, "the list of sessions");
	if (r == 0 && !named && ret->n == 0)
		print_notice("%s: no session is running", c->verb->name);
	if (r < 0)
		fleet_free(ret);
	return r;
}

void fleet_free(struct fleet *f)
{
	for (int i = 0; i < f->n; i++)
		fd_close(&f->targets[i].fd);
	free(f->targets);
	*f = (struct fleet){ .targets = NULL };
}

static void settle(struct fleet_target *t, bool ok)
{
	t->done = true;
	t->ok = ok;
	fd_close(&t->fd);
}

static void start(struct fleet_target *t, const struct fleet_call *call)
{
	int r = link_connect(t->id, &t->fd, &t->err);

	if (r == 0) {
		r = link_send(t->fd, call->type, call->payload, call->length);
		if (r < 0)
			error_errno(&t->err, r, "sending to its supervisor");
	}
	if (r < 0)
		settle(t, false);
}

static void take_error(struct fleet_target *t, const struct packet_head *head, const void *payload)
{
	struct packet_error e;

	if (packet_payload(head, payload, &e, sizeof(e)) < 0) {
		error_set(&t->err, EPROTO, "the supervisor's answer makes no sense");
	} else {
		e.text[sizeof(e.text) - 1] = '\0';
		e.hint[sizeof(e.hint) - 1] = '\0';
		error_set(&t->err, e.code, "%s", e.text);
		if (e.hint[0] != '\0')
			error_hint(&t->err, "%s", e.hint);
	}
	settle(t, false);
}

static void receive(struct fleet_target *t, const struct fleet_call *call, char *packet)
{
	struct packet_head head;
	const void *payload;
	ssize_t n = link_recv(t->fd, packet, PACKET_MAX);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		if (!(call->until_ended && t->accepted))
			error_set(&t->err, ECONNRESET, "its supervisor ended");
		settle(t, call->until_ended && t->accepted);
		return;
	}
	if (packet_decode(packet, (size_t)n, &head, &payload) < 0)
		return;
	if (head.type == PACKET_ERROR) {
		take_error(t, &head, payload);
	} else if (head.type == PACKET_OK) {
		t->accepted = true;
		if (!call->until_ended)
			settle(t, true);
	} else if (head.type == PACKET_ENDED) {
		settle(t, true);
	}
}

/* Polls those still open once. Returns how many there were. */
static int gather(struct fleet_target *t, int n, const struct fleet_call *call, uint64_t deadline,
                  char *packet)
{
	struct pollfd p[BATCH];
	int index[BATCH];
	uint64_t now = clock_now();
	int open = 0;

	for (int i = 0; i < n; i++) {
		if (t[i].done)
			continue;
		index[open] = i;
		p[open++] = (struct pollfd){ .fd = t[i].fd, .events = POLLIN };
	}
	if (open == 0 || now >= deadline)
		return 0;
	if (poll(p, (nfds_t)open, (int)((deadline - now) / NS_PER_MS) + 1) <= 0)
		return open; /* interrupted or late: looked at again */
	for (int i = 0; i < open; i++) {
		if (p[i].revents)
			receive(&t[index[i]], call, packet);
	}
	return open;
}

static void call_batch(struct fleet_target *t, int n, const struct fleet_call *call, char *packet)
{
	uint64_t deadline;

	for (int i = 0; i < n; i++)
		start(&t[i], call);
	deadline = clock_now() + call->timeout_ns;
	while (gather(t, n, call, deadline, packet) > 0)
		;
	for (int i = 0; i < n; i++) {
		if (t[i].done)
			continue;
		error_set(&t[i].err, ETIMEDOUT, "%s after %u s",
		          t[i].accepted ? "it has not ended" : "its supervisor does not answer",
		          (unsigned)(call->timeout_ns / NS_PER_SEC));
		settle(&t[i], false);
	}
}

int fleet_call(const struct verb *v, struct fleet *f, const struct fleet_call *call)
{
	char *packet = malloc(PACKET_MAX);
	int ok = 0;

	for (int i = 0; packet != NULL && i < f->n; i += BATCH)
		call_batch(f->targets + i, f->n - i < BATCH ? f->n - i : BATCH, call, packet);
	free(packet);
	for (int i = 0; i < f->n; i++) {
		struct fleet_target *t = &f->targets[i];

		if (t->ok) {
			ok++;
			continue;
		}
		if (t->err.code == 0)
			error_errno(&t->err, ENOMEM, "request");
		error_prefix(&t->err, "%s", t->label);
		verb_fail(v, &t->err, 1);
		f->failed = true;
	}
	return ok;
}
