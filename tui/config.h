/*
 * config.h: what the dashboard keeps for next time, in ~/.config/warder/config.json: the theme.
 *
 * What must hold: a file that is not understood is never overwritten; nothing is written into
 * another's home (sudo with the caller's HOME).
 */
#ifndef WARDER_TUI_CONFIG_H
#define WARDER_TUI_CONFIG_H

#include <stddef.h>

#include "core/base/error.h"

/* The theme that was kept last; "" when there is none. err: the file is not understood. */
int config_theme(char *out, size_t size, struct error *err);
int config_keep_theme(const char *name, struct error *err);

#endif
