/*
 * environment_secrets.h: what looks like a secret and what steers other programs, private to the
 * environment layer.
 */
#ifndef WARDER_LAYERS_ENVIRONMENT_SECRETS_H
#define WARDER_LAYERS_ENVIRONMENT_SECRETS_H

#include <stdbool.h>

/* Why a variable looks like a secret ("name", "value: a GitHub token"), or NULL. Never repeats the
 * value. */
const char *secret_in_variable(const char *name, const char *value);

/* Whether programs load code or take orders from this variable (LD_PRELOAD, BASH_ENV, …). */
bool variable_is_dangerous(const char *name);

#endif
