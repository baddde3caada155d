/*
 * sample.h: usage once a second, for the board's history, the idle limit, and the trail's
 * durability.
 */
#ifndef WARDER_SESSION_SAMPLE_H
#define WARDER_SESSION_SAMPLE_H

#include "core/session/session.h"

void sample_open(struct session *s);
/* The usage now, from the cgroup, or from /proc where there is none. */
void sample_usage(struct session *s);

#endif
