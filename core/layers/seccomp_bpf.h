/*
 * seccomp_bpf.h: classic BPF programs for seccomp(2): built, evaluated, installed. Nothing here
 * knows a policy. Sources: seccomp(2); kernel Documentation/networking/filter.rst;
 * <linux/bpf_common.h>.
 */
#ifndef WARDER_LAYERS_SECCOMP_BPF_H
#define WARDER_LAYERS_SECCOMP_BPF_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bounds.h"

/* 32 kB: lives on the heap or in static storage. Zero-initialised is empty. */
struct bpf_program {
	uint16_t n;
	bool failed; /* too long, or a jump too far: must not be installed */
	struct sock_filter insns[SECCOMP_INSNS_MAX];
};

/* AUDIT_ARCH_* of this build; a build for another machine stops at the #error in seccomp_bpf.c. */
extern const uint32_t bpf_native_arch;

/* Building. Offsets of struct seccomp_data; arguments are loaded as their low 32 bits, which is
 * what the kernel takes wherever its parameter is an int. */
void bpf_load_nr(struct bpf_program *p);
void bpf_load_arch(struct bpf_program *p);
void bpf_load_arg(struct bpf_program *p, unsigned index);
void bpf_add(struct bpf_program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k);
void bpf_return(struct bpf_program *p, uint32_t action); /* SECCOMP_RET_* */
void bpf_return_errno(struct bpf_program *p, int error);
/* A block that is entered only when `test` (BPF_JEQ, BPF_JSET, BPF_JGT) holds between the
 * accumulator and k; otherwise the program goes on after bpf_block_end. Blocks end in a return,
 * or leave the accumulator changed. */
size_t bpf_block(struct bpf_program *p, uint16_t test, uint32_t k);
void bpf_block_end(struct bpf_program *p, size_t block);

/* What the program answers to a call: a SECCOMP_RET_* with its data. SECCOMP_RET_KILL_PROCESS
 * for a program that the kernel would not take. For checks and tests; at most SECCOMP_INSNS_MAX
 * steps, since jumps only go forward. */
uint32_t bpf_run(const struct sock_filter *insns, uint16_t n, uint32_t arch, uint32_t nr,
                 const uint64_t args[6]);
/* How many of this machine's system calls it lets through when every argument is 0. */
int bpf_count_allowed(const struct sock_filter *insns, uint16_t n);

/* The same with SECCOMP_FILTER_FLAG_NEW_LISTENER: returns the notification descriptor
 * (seccomp_unotify(2)), close-on-exec, or -errno. WAIT_KILLABLE_RECV (Linux 5.19) where the kernel
 * has it: then a signal does not take a call that is being looked at away again. */
int bpf_install_listener(const struct sock_filter *insns, uint16_t n);
/* seccomp(2), SECCOMP_SET_MODE_FILTER for the calling thread. A system call only. 0 or -errno. */
int bpf_install(const struct sock_filter *insns, uint16_t n);

#endif
