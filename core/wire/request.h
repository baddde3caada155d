/*
 * request.h: a launch as `warder run` and the launch form ask for it, carried to `warder
 * __supervise` as JSON in a memfd. The supervisor trusts its own caller (same user) but not the
 * bytes: all is checked again.
 */
#ifndef WARDER_WIRE_REQUEST_H
#define WARDER_WIRE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/text.h"

struct request_mount {
	char *source, *target;
	bool writable;
};
struct request_tmpfs {
	char *target;
	uint64_t size; /* 0: not given */
};
struct request_setting {
	char *path, *value; /* policy_set's: "limits.memory" = "2g" */
};

enum request_mode { REQUEST_RUN, REQUEST_AUDIT, REQUEST_DRY_RUN };

/* Lists are NULL-terminated or counted; strings owned; NULL = not given. */
struct launch_request {
	enum request_mode mode;
	char **argv;
	char *policy; /* name or file; NULL: "default" */
	char *name;
	char *for_user; /* --for */
	char *project;  /* absolute */
	char *workdir;  /* inside */
	char *hostname;
	struct request_setting *settings; /* in order */
	int n_settings;
	struct request_mount *mounts;
	int n_mounts;
	struct request_tmpfs *tmpfs;
	int n_tmpfs;
	char **allow;       /* --allow HOST[:PORT] */
	char **env;         /* "K=V", named by the caller with -e or --env-file */
	char **environ_all; /* the caller's environment, for environment.pass */
	char **allow_risky;
	char **allow_degraded;                         /* layer names */
	bool tty, interactive, attached, remove_after; /* -t, -i, not -d, --rm */
	uint16_t rows, cols;
};

void launch_request_print(const struct launch_request *r, struct buf *out);
int launch_request_parse(const char *text, size_t len, struct launch_request **ret,
                         struct error *err);
void launch_request_free(struct launch_request *r); /* heap-allocated members and r itself;
						     * accepts NULL */

#endif
