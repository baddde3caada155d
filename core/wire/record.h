/*
 * record.h: session.json, what is known of a session beside its board: written by its supervisor
 * at launch and at every change of state, read by `ps`, `show` and the dashboard, and all that is
 * left after the end.
 */
#ifndef WARDER_WIRE_RECORD_H
#define WARDER_WIRE_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/wire/board.h"

struct record_row {
	char *key, *value;
};
struct record_layer {
	char *name;
	char *status; /* "enforced", "degraded", "off" */
	char *reason; /* "" or why */
	struct record_row *rows;
	int n_rows;
};

struct session_record {
	char id[16], uuid[40], name[64];
	char *user; /* whose it is */
	uid_t uid;
	enum session_state state;
	char **command; /* NULL-terminated */
	char *policy;   /* name */
	char policy_sha256[65];
	uint32_t policy_revision;
	char *project; /* host path */
	char *hostname;
	bool root_mode, tty;
	uint64_t started_wall, ended_wall; /* 0 = unknown */
	int32_t exit_code;                 /* -1 = unknown */
	char *reason; /* in words: "exit 1", "killed by root", "out of memory (limit
			        * 2.0G)", "timed out after 30m" */
	int32_t pid;  /* the agent's main process on the host; 0 = none */
	uint64_t memory_limit, timeout_ns, idle_timeout_ns;
	uint32_t cpus_milli, pids_limit;
	uid_t host_uid; /* what the agent is on the host */
	char *cgroup;   /* path or "" */
	/* after the end; -1 = unknown */
	int64_t cpu_ns, memory_peak, read_bytes, write_bytes, net_in, net_out, execs;
	uint64_t trail_seq;
	char trail_chain[72];
	struct record_layer *layers;
	int n_layers;
	char *policy_json; /* the policy in force, as policy_print prints it */
};

void session_record_print(const struct session_record *r, struct buf *out);
/* `file` names it in errors. The caller frees *ret with session_record_free. */
int session_record_parse(const char *file, const char *text, size_t len,
                         struct session_record **ret, struct error *err);
void session_record_free(struct session_record *r); /* accepts NULL */

#endif
