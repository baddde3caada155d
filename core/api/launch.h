/*
 * launch.h: starting a session. The supervisor is another process (`warder __supervise`, this same
 * binary): heavy and privileged work never happens in a front end.
 */
#ifndef WARDER_API_LAUNCH_H
#define WARDER_API_LAUNCH_H

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/wire/packet.h"
#include "core/wire/request.h"

/* Starts it and waits until the agent runs (or was refused: err has the reason and the hint;
 * nothing is left behind). err->code: ENOEXEC-like codes for "cannot execute" (EACCES, ENOEXEC →
 * exit 126) and ENOENT of the command (→ 127) are told apart by *ret_exit (125, 126, 127, set on
 * failure too). With request->attached *ret_fd is the launcher's own connection: it gets all
 * output without loss (the agent waits for it), then PACKET_ENDED; without, it is -1. */
int launch_start(const struct launch_request *r, struct packet_launched *ret, int *ret_fd,
                 int *ret_exit, struct error *err);
/* REQUEST_AUDIT and REQUEST_DRY_RUN: the report as JSON:
 * {"findings":[{"verdict":"ok"|"risky-allowed"|"refused","what","subject","reason"}],"layers":[{"name","status","reason","rows":{…}}],
 * "environment":["NAME",…],"policy":"…","refused":bool}. */
int launch_report(const struct launch_request *r, struct buf *ret_json, int *ret_exit,
                  struct error *err);
/* `warder doctor`: JSON {"layers":[{"name","status","detail","remedy"}],"machine":{…}} from
 * `warder __probe`. */
int launch_probe(struct buf *ret_json, struct error *err);

#endif
