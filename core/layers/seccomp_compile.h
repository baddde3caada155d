/*
 * seccomp_compile.h: a profile compiled to BPF by libseccomp, and the compiled programs kept on
 * disk.
 */
#ifndef WARDER_LAYERS_SECCOMP_COMPILE_H
#define WARDER_LAYERS_SECCOMP_COMPILE_H

#include "core/base/digest.h"
#include "core/layers/seccomp_bpf.h"
#include "core/policy/policy.h"
#include "core/policy/profile.h"

/* Compiles for this machine's own architecture; calls of any other are ENOSYS. With
 * ON_DENIED_KILL, a default of "errno" becomes "kill the process"; rules that say errno keep it.
 * Refused, by place: names that no architecture knows, a program longer than the kernel takes. */
int seccomp_compile(const struct profile *p, enum on_denied on_denied, struct bpf_program *ret,
                    struct error *err);

/* libseccomp's version at run time, "2.5.4": what it makes of a profile may differ by it. */
void seccomp_compiler(char *out, size_t size);

/* The name under which a compiled profile is kept: everything that the program depends on. */
void seccomp_cache_key(const char *profile_sha256, enum on_denied on_denied,
                       const struct profile_machine *machine, char ret[DIGEST_HEX]);
/* $state_dir/cache/seccomp/KEY. 0, or -errno: whatever is not exactly what we wrote is as good
 * as absent. */
int seccomp_cache_read(const char *state_dir, const char *key, struct bpf_program *ret);
/* 0 or -errno; a failure costs time at the next launch, nothing else. */
int seccomp_cache_write(const char *state_dir, const char *key, const struct bpf_program *p);

#endif
