/*
 * output.h: what the agent printed, kept in two files of half the cap each: `output` is written;
 * when it is full it becomes `output.1` and a new one begins. So the newest output/2..output bytes
 * are always there, and never more than the cap.
 */
#ifndef WARDER_SESSION_OUTPUT_H
#define WARDER_SESSION_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct output {
	int dirfd;                           /* borrowed: the session's state directory */
	void (*opened)(void *owner, int fd); /* a new file: grant access to it */
	void *owner;
	int fd;
	uint64_t half; /* bytes per file */
	uint64_t in_file;
	uint64_t total; /* printed so far, kept or not */
	int failed;     /* -errno: keeping stopped (told once by the caller); the session goes on */
};

/* `opened` may be NULL. */
int output_create(struct output *o, int dirfd, uint64_t cap, void (*opened)(void *owner, int fd),
                  void *owner, struct error *err);
/* Returns 0, or -errno the first time keeping fails (then 0 again: nothing more is kept). */
int output_add(struct output *o, const void *data, size_t len);
void output_close(struct output *o);

#endif
