/*
 * seccomp_base.h: the filters that are ours and in no file: the one beneath every profile, pid
 * 1's and the supervisor's.
 *
 * The base filter is a list of refusals that no profile can lift, because the kernel takes the
 * strictest answer of all filters of a process. Only a policy's toggle leaves a group of them
 * out.
 */
#ifndef WARDER_LAYERS_SECCOMP_BASE_H
#define WARDER_LAYERS_SECCOMP_BASE_H

#include <stdbool.h>

#include "core/layers/seccomp_bpf.h"
#include "core/policy/policy.h"

/* Writes the base filter for these toggles. 0, or -E2BIG when it does not fit (a mistake in its
 * table). */
int seccomp_base_build(const bool toggles[TOGGLE_COUNT], struct bpf_program *ret);

/* For the sandbox's pid 1 once it has forked the agent: an allow-list of waiting, reading,
 * writing, signalling and ending; anything else is EPERM. No opening, no memory, no new process.
 * Needs no_new_privs. 0 or -errno. */
int seccomp_enter_init(void);

/* For a session's supervisor once it has launched: refuses foreign architectures and what it
 * never needs (modules, bpf, kexec, perf, keys, userfaultfd, io_uring, swap, reboot, clocks,
 * packet families of no use). Helpers that it starts inherit it. Sets no_new_privs, which it
 * needs. 0 or -errno. */
int seccomp_enter_supervisor(void);

#endif
