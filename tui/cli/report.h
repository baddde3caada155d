/*
 * report.h: the JSON answers of launch_report (audit, dry run) and launch_probe (doctor) as text
 * for people.
 */
#ifndef WARDER_CLI_REPORT_H
#define WARDER_CLI_REPORT_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/text.h"

/* *ret_refused: a launch like this would be refused. */
int report_print_audit(const struct buf *json, struct buf *out, bool *ret_refused,
                       struct error *err);
/* *ret_missing: some layer cannot be enforced here. */
int report_print_doctor(const struct buf *json, struct buf *out, bool *ret_missing,
                        struct error *err);

/* JSON over several lines, two spaces a level; strings made safe for a terminal. text is valid
 * JSON. */
void report_indent_json(const char *text, size_t len, struct buf *out);

#endif
