/*
 * json_scan.h: for json_read.c only: is this text JSON (RFC 8259), without what warder refuses
 * beyond it?
 */
#ifndef WARDER_BASE_JSON_SCAN_H
#define WARDER_BASE_JSON_SCAN_H

#include <stddef.h>

#include "core/base/error.h"

/* 0, or -EINVAL with "FILE:LINE:COLUMN: MESSAGE". Columns count characters from 1. Refused
 * beyond the RFC: nesting deeper than JSON_DEPTH_MAX, \u0000 and lone surrogates in strings,
 * numbers longer than 60 characters. */
int json_scan(const char *file, const char *text, size_t len, struct error *err);

#endif
