/*
 * policies.h: named policies for front ends; see core/policy/policy.h for what they mean.
 */
#ifndef WARDER_API_POLICIES_H
#define WARDER_API_POLICIES_H

#include "core/policy/policy.h"

/* Loads and checks: the file, its profile, and that this version can enforce it. */
int policies_check(const char *ref, struct policy **ret, struct error *err);

#endif
