/*
 * theme.h: from meaning to appearance. The screens draw roles ("running", "alert"); a theme file
 * says how each looks with 256 colours, with 16 or 8, and without any. Colour never carries meaning
 * alone: what a role means is also in the words.
 *
 * A theme is JSON: {"name", "description", "roles": {ROLE: {"fg", "bg", "fg16", "bg16", "bold",
 * "dim", "reverse", "underline", "mono"}}}. fg and bg are a number 0..255 or a name ("red",
 * "bright-red", "default"); fg16 and bg16 are names; mono is a list of attributes used where there
 * is no colour. A role left out looks like "text". Unknown keys are refused with their place.
 */
#ifndef WARDER_TUI_THEME_H
#define WARDER_TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define THEME_ROLES(X)                                                                             \
	X(TEXT, "text")         /* plain */                                                        \
	X(MUTED, "muted")       /* less important */                                               \
	X(TITLE, "title")       /* where we are */                                                 \
	X(HEADING, "heading")   /* column headings, section names */                               \
	X(SORTED, "sorted")     /* the heading that the list is sorted by */                       \
	X(KEY, "key")           /* a key's name */                                                 \
	X(BAR, "bar")           /* the line at the bottom */                                       \
	X(SELECTED, "selected") /* the selected row */                                             \
	X(MARKED, "marked")     /* a marked row's sign */                                          \
	X(RUNNING, "running")                                                                      \
	X(PAUSED, "paused")                                                                        \
	X(ENDED, "ended")                                                                          \
	X(FAILED, "failed")                                                                        \
	X(ALERT, "alert") /* the alert line when something is wrong */                             \
	X(NOTE, "note")   /* the alert line otherwise */                                           \
	X(LOW, "meter-low")                                                                        \
	X(MEDIUM, "meter-medium")                                                                  \
	X(HIGH, "meter-high")                                                                      \
	X(GRAPH, "graph")                                                                          \
	X(BORDER, "border")                                                                        \
	X(DIALOG, "dialog") /* inside a dialog */                                                  \
	X(DANGER, "danger") /* a choice that destroys */                                           \
	X(FIELD, "field")   /* a text field */                                                     \
	X(FOCUS, "focus")   /* the field or choice that has the keys */                            \
	X(ENFORCED, "enforced")                                                                    \
	X(DEGRADED, "degraded")                                                                    \
	X(OFF, "off")

enum theme_role {
#define X(id, name) ROLE_##id,
	THEME_ROLES(X)
#undef X
		ROLE_COUNT,
};

enum theme_attribute {
	THEME_BOLD = 1,
	THEME_DIM = 2,
	THEME_REVERSE = 4,
	THEME_UNDERLINE = 8,
};

enum { THEME_DEFAULT_COLOUR = -1 }; /* the terminal's own */

struct theme_look {
	int16_t fg, bg;     /* 0..255 or -1 */
	int16_t fg16, bg16; /* 0..15 or -1 */
	uint8_t attributes; /* enum theme_attribute */
	uint8_t mono;       /* the same, where there is no colour */
};

struct theme {
	char name[32];
	struct theme_look looks[ROLE_COUNT];
};

enum { THEMES_MAX = 64 };
struct theme_list {
	char names[THEMES_MAX][32]; /* sorted */
	int n;
};

/* The one that is always there: attributes only. */
void theme_builtin(struct theme *ret);
/* Themes are looked for in $WARDER_THEME_DIR if set (alone, for tests), else beside the binary
 * (DIR/../themes, DIR/themes), then in the installed data directory: the first of these that
 * exists. Errors name file and place; -ENOENT says which names there are. */
int theme_load(const char *name, struct theme *ret, struct error *err);
int theme_parse(const char *file, const char *text, size_t len, struct theme *ret,
                struct error *err);
void theme_names(struct theme_list *ret);
/* NO_COLOR (no-color.org: set and not empty) or TERM=dumb ask for no colour. */
bool theme_wants_mono(void);

#endif
