/*
 * report.h: what a launch would do, without doing it: `warder audit` and `run --dry-run`.
 */
#ifndef WARDER_SESSION_REPORT_H
#define WARDER_SESSION_REPORT_H

#include "core/session/plan.h"

/* Sends the report (api/launch.h has its form) in PACKET_REPORT packets. */
int report_send(struct plan *p, int launcher, struct error *err);

#endif
