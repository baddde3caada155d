/*
 * ending.h: what is left to do when the last process of the sandbox is gone.
 */
#ifndef WARDER_SESSION_ENDING_H
#define WARDER_SESSION_ENDING_H

#include "core/session/session.h"

/* Output drained, verdict found, layers released, records written, directories gone, clients told;
 * the loop stops when the last client has taken what is due to it. */
void ending_finish(struct session *s);

#endif
