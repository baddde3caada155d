/*
 * capabilities.h: giving up every capability, for the sandbox's layer and for the supervisor
 * itself. Source: capabilities(7).
 */
#ifndef WARDER_LAYERS_CAPABILITIES_H
#define WARDER_LAYERS_CAPABILITIES_H

#include <stddef.h>

/* Empties effective, permitted, inheritable, ambient and bounding set, locks the secure bits so
 * that user id 0 means nothing any more, and reads every set back. Needs CAP_SETPCAP in the
 * process's user namespace. System calls only: for a child between fork and execve. 0 or -errno;
 * -EPERM too when a set read back is not empty. */
int capabilities_drop_all(void);

/* The same for a process that may hold none to begin with (a rootless supervisor): without
 * CAP_SETPCAP the bounding set cannot be changed, which is harmless under no_new_privs. 0 or
 * -errno. */
int capabilities_drop_held(void);

/* The names of what the calling process holds in any set but the bounding one, with commas, as
 * libcap-ng reads them from the kernel; "" if none. Allocates: not for the child. out is always
 * terminated. 0 or -errno. */
int capabilities_held(char *out, size_t size);

#endif
