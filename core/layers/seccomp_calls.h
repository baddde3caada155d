/*
 * seccomp_calls.h: numbers of system calls that the headers of an older distribution lack. They
 * are the same on every architecture (asm-generic/unistd.h).
 */
#ifndef WARDER_LAYERS_SECCOMP_CALLS_H
#define WARDER_LAYERS_SECCOMP_CALLS_H

/* The newest call that the base filter was written with knowledge of (file_setattr, Linux 6.17).
 * Whatever comes later is answered ENOSYS, whatever a profile says: nobody has judged it. */
enum { CALL_NEWEST = 469 };

enum {
	CALL_QUOTACTL_FD = 443,
	CALL_FCHMODAT2 = 452,
	CALL_OPEN_TREE_ATTR = 467,
};

#endif
