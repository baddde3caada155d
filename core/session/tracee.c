/*
 * tracee.c: ptrace and the reading of a stopped program. Arguments are argc strings from arg_start
 * (proc_pid_stat(5)): the kernel counts first and copies then, so a rewritten argument may have
 * swallowed the next, and the last may be what was meant as the first variable; the program sees
 * just these.
 */
#include "core/session/tracee.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include "core/base/bounds.h"
#include "core/base/fd.h"
#include "core/base/text.h"

int tracee_seize(pid_t tid)
{
	return ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) < 0 ? -errno
	                                                                                   : 0;
}

int tracee_interrupt(pid_t tid)
{
	return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? -errno : 0;
}

int tracee_detach(pid_t tid, int signal)
{
	return ptrace(PTRACE_DETACH, tid, NULL, (void *)(long)signal) < 0 ? -errno : 0;
}

int tracee_go_on(pid_t tid, int signal)
{
	return ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal) < 0 ? -errno : 0;
}

pid_t tracee_former_tid(pid_t tid)
{
	unsigned long former = 0;

	return ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former) < 0 ? 0 : (pid_t)former;
}

static ssize_t peek(pid_t pid, uint64_t at, void *out, size_t len)
{
	struct iovec to = { .iov_base = out, .iov_len = len };
	struct iovec from = { .iov_base = (void *)(uintptr_t)at, .iov_len = len };
	ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

	return n < 0 ? -errno : n;
}

static uint64_t stack_pointer(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec io = { .iov_base = &regs, .iov_len = sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)(long)NT_PRSTATUS, &io) < 0)
		return 0;
#if defined(__x86_64__)
	return regs.rsp;
#else
	return regs.sp;
#endif
}

/* ppid, and where the arguments lie: fields 4, 48 and 49. The name (field 2) may hold anything,
 * ")" too. */
static int read_stat(pid_t pid, pid_t *ret_ppid, uint64_t *ret_start, uint64_t *ret_end)
{
	char path[48], text[2048];
	CLEANUP_FD int fd = -1;
	const char *at;
	char *end;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at)
		return -ESRCH;
	at += 3; /* ") S" */
	for (int field = 4; field <= 49; field++) {
		uint64_t v = strtoull(at, &end, 10); /* a negative one wraps: none of ours is */

		if (end == at)
			return -ESRCH;
		at = end;
		if (field == 4)
			*ret_ppid = (pid_t)v;
		else if (field == 48)
			*ret_start = v;
		else if (field == 49)
			*ret_end = v;
	}
	return 0;
}

static char *read_link(pid_t pid, const char *name)
{
	char path[48], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	return n < 0 ? NULL : strndup(target, (size_t)n);
}

/* argc strings of `text` into c: ARGV_MAX of them are kept, all are counted. What is not there is
 * not made up. */
static int split(const char *text, size_t len, uint64_t argc, struct command *c)
{
	uint64_t kept = argc < ARGV_MAX ? argc : ARGV_MAX;
	size_t at = 0;

	c->argv = calloc(kept + 1, sizeof(*c->argv));
	if (!c->argv)
		return -ENOMEM;
	c->cut = argc > kept;
	for (uint64_t i = 0; i < argc && at < len; i++) {
		const char *nul = memchr(text + at, '\0', len - at);
		size_t n = nul ? (size_t)(nul - text) - at : len - at;

		if (i < kept)
			c->argv[i] = strndup(text + at, n);
		if (i < kept && !c->argv[i]) {
			kept = i;
			c->cut = true;
		}
		at += n + (nul ? 1 : 0);
	}
	c->args_len = at;
	digest_hex(&(struct digest_part){ text, at }, 1, c->args_sha256);
	return 0;
}

/* All of the arguments for the digest, COMMAND_ARGS_MAX of them for the record. */
static int read_args(pid_t pid, uint64_t start, uint64_t end, struct command *c)
{
	uint64_t sp = stack_pointer(pid), argc = 0;
	size_t room;
	CLEANUP_FREE char *text = NULL;
	ssize_t n;

	if (end <= start || end - start > EXEC_ARGS_MAX ||
	    peek(pid, sp, &argc, sizeof(argc)) != sizeof(argc))
		return -EFAULT;
	/* torn strings may run on past arg_end, into what became the environment */
	room = (size_t)(end - start) + EXEC_TORN_MAX;
	text = malloc(room);
	if (!text)
		return -ENOMEM;
	n = peek(pid, start, text, room);
	if (n < (ssize_t)(end - start)) /* the stack may end before the room does */
		n = peek(pid, start, text, (size_t)(end - start));
	if (n <= 0)
		return -EFAULT;
	return split(text, (size_t)n, argc, c);
}

/* Only so much is kept: whole arguments from the first, and of the one that crosses the cap its
 * beginning. */
static void cut_args(struct command *c)
{
	size_t total = 0;

	for (size_t i = 0; c->argv[i]; i++) {
		size_t n = strlen(c->argv[i]) + 1;

		if (total + n > COMMAND_ARGS_MAX) {
			size_t keep = COMMAND_ARGS_MAX - total;

			c->argv[i][keep < n - 1 ? keep : n - 1] = '\0';
			for (size_t k = i + 1; c->argv[k]; k++) {
				free(c->argv[k]);
				c->argv[k] = NULL;
			}
			c->cut = true;
			return;
		}
		total += n;
	}
}

int tracee_command(pid_t pid, struct command *ret)
{
	struct command c = { .pid = pid };
	uint64_t start = 0, end = 0;
	int r = read_stat(pid, &c.ppid, &start, &end);

	if (r == 0)
		r = read_args(pid, start, end, &c);
	if (r < 0) {
		command_free(&c);
		return r;
	}
	cut_args(&c);
	c.exe = read_link(pid, "exe");
	c.cwd = read_link(pid, "cwd");
	*ret = c;
	return 0;
}

/* One string, page by page: it may end just before what is not mapped. */
static char *peek_string(pid_t tid, uint64_t at)
{
	char text[4096];
	size_t len = 0;

	while (len < sizeof(text)) {
		size_t page = 4096 - (at + len) % 4096;
		size_t want = page < sizeof(text) - len ? page : sizeof(text) - len;
		ssize_t n = peek(tid, at + len, text + len, want);
		const char *nul = n > 0 ? memchr(text + len, '\0', (size_t)n) : NULL;

		if (nul)
			return strndup(text, sizeof(text));
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len > 0 ? strndup(text, len) : NULL;
}

int tracee_claim(pid_t tid, uint64_t path, uint64_t argv, struct command *ret)
{
	struct command c = { .pid = tid };
	uint64_t start, end;

	c.argv = calloc(CLAIM_ARGS_MAX + 1, sizeof(*c.argv));
	if (!c.argv)
		return -ENOMEM;
	(void)read_stat(tid, &c.ppid, &start, &end);
	c.exe = path ? peek_string(tid, path) : NULL;
	c.cwd = read_link(tid, "cwd");
	for (size_t i = 0; argv && i < CLAIM_ARGS_MAX; i++) {
		uint64_t at = 0;

		if (peek(tid, argv + i * sizeof(at), &at, sizeof(at)) != sizeof(at) || at == 0)
			break;
		c.argv[i] = peek_string(tid, at);
		if (!c.argv[i])
			break;
		c.args_len += strlen(c.argv[i]) + 1;
	}
	cut_args(&c);
	*ret = c;
	return 0;
}

int tracee_first(pid_t pid, char *const *argv, struct command *ret)
{
	struct command c = { .pid = pid };
	CLEANUP_BUF struct buf all = BUF_INIT;
	uint64_t start, end;
	size_t n = 0;

	while (argv[n])
		buf_add(&all, argv[n], strlen(argv[n]) + 1), n++;
	if (all.failed || split(all.data, all.len, n, &c) < 0)
		return -ENOMEM;
	cut_args(&c);
	(void)read_stat(pid, &c.ppid, &start, &end);
	c.exe = read_link(pid, "exe");
	c.cwd = read_link(pid, "cwd");
	*ret = c;
	return 0;
}

void command_free(struct command *c)
{
	for (char **a = c->argv; a && *a; a++)
		free(*a);
	free(c->argv);
	free(c->exe);
	free(c->cwd);
	*c = (struct command){ .pid = 0 };
}
