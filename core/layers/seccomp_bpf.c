/*
 * seccomp_bpf.c: builds, evaluates and installs classic BPF for seccomp(2).
 *
 * The evaluator knows only the instructions that seccomp filters are made of (the kernel's own
 * list is longer); a program with any other is answered with "kill", so that a check never
 * passes on what it did not understand.
 */
#include "core/layers/seccomp_bpf.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/layers/seccomp_calls.h"

#if defined(__x86_64__) && !defined(__ILP32__)
const uint32_t bpf_native_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
const uint32_t bpf_native_arch = AUDIT_ARCH_AARCH64;
#else
#error "warder knows the system calls of x86-64 and aarch64 only"
#endif

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the low half of an argument is its first word on little-endian machines only");

void bpf_add(struct bpf_program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (p->n == SECCOMP_INSNS_MAX) {
		p->failed = true;
		return;
	}
	p->insns[p->n++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

static void load(struct bpf_program *p, size_t offset)
{
	bpf_add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

void bpf_load_nr(struct bpf_program *p)
{
	load(p, offsetof(struct seccomp_data, nr));
}

void bpf_load_arch(struct bpf_program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
}

void bpf_load_arg(struct bpf_program *p, unsigned index)
{
	load(p, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));
}

void bpf_return(struct bpf_program *p, uint32_t action)
{
	bpf_add(p, BPF_RET | BPF_K, 0, 0, action);
}

void bpf_return_errno(struct bpf_program *p, int error)
{
	bpf_return(p, SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA));
}

size_t bpf_block(struct bpf_program *p, uint16_t test, uint32_t k)
{
	size_t block = p->n;

	bpf_add(p, BPF_JMP | test | BPF_K, 0, 0, k);
	return block;
}

void bpf_block_end(struct bpf_program *p, size_t block)
{
	size_t skip;

	if (p->failed)
		return;
	skip = p->n - block - 1;
	if (skip > UINT8_MAX)
		p->failed = true;
	else
		p->insns[block].jf = (uint8_t)skip;
}

static bool jump_taken(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	default:
		return false;
	}
}

/* A 32-bit word of struct seccomp_data. */
static bool data_word(uint32_t offset, uint32_t arch, uint32_t nr, const uint64_t args[6],
                      uint32_t *ret)
{
	size_t first = offsetof(struct seccomp_data, args);

	if (offset == offsetof(struct seccomp_data, nr))
		*ret = nr;
	else if (offset == offsetof(struct seccomp_data, arch))
		*ret = arch;
	else if (offset < first)
		*ret = 0;
	else if (offset % 4 || offset >= sizeof(struct seccomp_data))
		return false;
	else
		*ret = (uint32_t)(args[(offset - first) / 8] >> (offset % 8 ? 32 : 0));
	return true;
}

uint32_t bpf_run(const struct sock_filter *insns, uint16_t n, uint32_t arch, uint32_t nr,
                 const uint64_t args[6])
{
	uint32_t acc = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &insns[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (!data_word(i->k, arch, nr, args, &acc))
				return SECCOMP_RET_KILL_PROCESS;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += jump_taken(BPF_OP(i->code), acc, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return SECCOMP_RET_KILL_PROCESS;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

int bpf_count_allowed(const struct sock_filter *insns, uint16_t n)
{
	static const uint64_t none[6];
	int allowed = 0;

	for (uint32_t nr = 0; nr <= CALL_NEWEST; nr++) {
		uint32_t action = bpf_run(insns, n, bpf_native_arch, nr, none);

		action &= SECCOMP_RET_ACTION_FULL;
		allowed += action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
	}
	return allowed;
}

static long set_filter(const struct sock_filter *insns, uint16_t n, unsigned flags)
{
	/* The kernel only reads it; struct sock_fprog has no const. */
	union {
		const struct sock_filter *from;
		struct sock_filter *to;
	} filter = { .from = insns };
	struct sock_fprog prog = { .len = n, .filter = filter.to };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

int bpf_install(const struct sock_filter *insns, uint16_t n)
{
	return set_filter(insns, n, 0) < 0 ? -errno : 0;
}

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

int bpf_install_listener(const struct sock_filter *insns, uint16_t n)
{
	long fd = set_filter(insns, n,
	                     SECCOMP_FILTER_FLAG_NEW_LISTENER |
	                             SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	if (fd < 0 && errno == EINVAL)
		fd = set_filter(insns, n, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	return fd < 0 ? -errno : (int)fd;
}
