/*
 * probe.h: each layer tried for real on this machine, in a short-lived child, for `warder
 * doctor`. One function a layer, kept in the layer's own file; layers_probe (layer.h)
 * dispatches. Each returns 0 always: what went wrong is the result.
 */
#ifndef WARDER_LAYERS_PROBE_H
#define WARDER_LAYERS_PROBE_H

#include "core/layers/layer.h"

/* Runs attempt in a forked child, which may change itself beyond repair. Returns what attempt
 * returned: 0 or -errno; -EIO when a signal ended the child; -errno of fork(2). attempt must not
 * print, nor return anything else. */
int probe_child(int (*attempt)(void));

/* Fills a result. */
void probe_set(struct probe_result *ret, enum layer_state state, const char *remedy,
               const char *fmt, ...) __attribute__((format(printf, 4, 5)));

int identity_probe(struct probe_result *ret);
int mounts_probe(struct probe_result *ret);
int network_probe(struct probe_result *ret);
int limits_probe(struct probe_result *ret);
int environment_probe(struct probe_result *ret);
int capabilities_probe(struct probe_result *ret);
int no_new_privs_probe(struct probe_result *ret);
int landlock_probe(struct probe_result *ret);
int seccomp_probe(struct probe_result *ret);

#endif
