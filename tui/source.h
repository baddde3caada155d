/*
 * source.h: where the dashboard's sessions come from and where its orders go. Two are made: the
 * machine's sessions (live.c) and made-up ones (demo.c), so that every screen is drawn and tested
 * without a sandbox.
 *
 * No function waits: orders run beside the screen and come back as outcomes.
 */
#ifndef WARDER_TUI_SOURCE_H
#define WARDER_TUI_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/api/launch.h"
#include "core/api/sessions.h"
#include "core/base/error.h"
#include "core/base/text.h"

enum { SOURCE_ID = 16 };

enum order_kind { ORDER_PAUSE, ORDER_RESUME, ORDER_STOP, ORDER_KILL, ORDER_SIGNAL, ORDER_LAUNCH };

/* What is to be done, to the sessions that were named on the screen when it was confirmed. */
struct order {
	enum order_kind kind;
	int signal;
	char (*ids)[SOURCE_ID];
	int n;
	const struct launch_request *launch; /* ORDER_LAUNCH */
};

struct outcome {
	enum order_kind kind;
	int done, failed;
	/* The one session, the one that failed first, or the launched one; "" = none. */
	char id[SOURCE_ID];
	char text[600]; /* why it failed, or what the launch has to say; printable */
};

/* What a policy will do, for the launch form. */
struct policy_facts {
	char description[160];
	char network[32], workspace[16], seccomp[64], root[64];
	bool read_only;
	uint64_t memory, timeout_ns; /* bytes; 0 = no limit */
	uint32_t cpus_milli, pids;
};
struct policy_names {
	char names[64][64];
	int n;
};

struct source {
	char host[64], user[64];  /* this machine, who looks */
	bool root;                /* may launch for others */
	char launch_user[64];     /* what the launch form starts with: whose, */
	char launch_project[512]; /* and which project */
	uint64_t memory_total;    /* of the machine; 0 = unknown */

	/* Monotonic and wall clock, ns. */
	void (*clocks)(struct source *s, uint64_t *ret_now, uint64_t *ret_wall);
	int (*scan)(struct source *s, struct error *err);
	void (*refresh)(struct source *s); /* no system call */
	int (*count)(const struct source *s);
	const struct session_view *(*at)(const struct source *s, int i); /* until the next scan */
	int (*trail)(struct source *s, const char *id, int n, struct buf *ret, struct error *err);
	/* The trail's lines one by one, from its first: begin (NULL: end it), then each as it is
	 * written; 1, 0: none for now, -errno. At most one session's at a time. */
	int (*follow)(struct source *s, const char *id, struct error *err);
	int (*followed)(struct source *s, const char **ret_line, size_t *ret_len,
	                struct error *err);
	int (*follow_fd)(const struct source *s); /* readable: there is more; -1: ask */
	int (*policies)(struct source *s, struct policy_names *ret, struct error *err);
	int (*policy)(struct source *s, const char *name, struct policy_facts *ret,
	              struct error *err);
	int (*order)(struct source *s, const struct order *o, struct error *err);
	bool (*outcome)(struct source *s, struct outcome *ret); /* the next one, if any */
	int (*attach)(struct source *s, const char *id, bool read_only, struct error *err);
	/* What to poll: descriptors of orders under way, and the one that says "scan" (or -1). */
	int (*order_fds)(const struct source *s, int *fds, int max);
	int (*watch_fd)(const struct source *s);
	void (*close)(struct source *s); /* frees s */
};

int source_live(struct source **ret, struct error *err);

#endif
