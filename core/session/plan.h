/*
 * plan.h: from a launch request to everything that a launch needs: whose session, under which
 * policy, in which directories. Makes and frees; starts nothing.
 */
#ifndef WARDER_SESSION_PLAN_H
#define WARDER_SESSION_PLAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/layers/layer.h"
#include "core/policy/policy.h"
#include "core/wire/places.h"
#include "core/wire/request.h"

struct plan {
	struct launch_request *request; /* owned */
	struct policy *policy;          /* owned: the one in force, options applied */
	struct places places;
	struct launch launch; /* what layers see; its strings point into this plan */
	char uuid[37];
	char name[64];
	char *owner_name, *owner_home; /* owned */
	char *project, *workdir, *hostname;
	char **exec_paths;  /* candidates for execve in order; NULL-terminated; owned */
	gid_t operator_gid; /* of the group "warder", or (gid_t)-1 */
};

/* Takes the request over (freed with the plan, also on failure). */
int plan_make(struct launch_request *request, struct plan *ret, struct error *err);
/* After layers_prepare: the PATH of the agent's environment gives the candidates. */
int plan_exec_paths(struct plan *p, struct error *err);
void plan_free(struct plan *p); /* does not release layers */

#endif
