/*
 * profile_private.h: between profile.c (a profile as a whole) and profile_rules.c (one entry of
 * "syscalls").
 */
#ifndef WARDER_POLICY_PROFILE_PRIVATE_H
#define WARDER_POLICY_PROFILE_PRIVATE_H

#include <stdbool.h>

#include "core/base/json.h"
#include "core/policy/profile.h"

/* Present and not null: profiles made by tools write null for what they leave out. */
bool profile_given(const struct json_at *at);
/* A name written in upper case after prefix, as SCMP_ARCH_X86 or CAP_SYS_ADMIN. */
int profile_constant(const struct json_at *at, const char *prefix, const char **ret,
                     struct error *err);
int profile_action(const struct json_at *at, enum profile_action *ret, struct error *err);
/* errnoRet or, which wins as in Podman, the name in `errno`; *ret keeps its value when neither
 * is given. */
int profile_errno(const struct json_at *number, const struct json_at *name, int *ret,
                  struct error *err);
/* Reads one entry and, when it applies to the machine, adds it to the profile's rules. */
int profile_read_rule(const struct json_at *at, const struct profile_machine *machine,
                      struct profile *p, struct error *err);

#endif
