/*
 * keymap.h: the one table of keys: what each does, where, and how help and the bottom line call it.
 * Keys are bound to actions by name; nothing else in the dashboard knows which key does what.
 *
 * Rules that the table keeps (and its test checks): no action that destroys or changes is on a
 * Ctrl-letter, j, k, h, l, Enter, Space or Backspace; one key has one meaning in one place; the
 * same letter means the same on every screen.
 */
#ifndef WARDER_TUI_KEYMAP_H
#define WARDER_TUI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* A key: a code point (Ctrl-A is 1, Esc 27, Enter 13, Space 32, Backspace 127), or one of these. */
enum {
	KEY_CODE_BASE = 0x200000,
	K_UP = KEY_CODE_BASE,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PAGE_UP,
	K_PAGE_DOWN,
	K_DELETE,
	K_INSERT,
	K_SHIFT_TAB,
	K_F1,
	K_F2,
	K_F3,
	K_F4,
	K_F5,
	K_F6,
	K_F7,
	K_F8,
	K_F9,
	K_F10,
	K_F11,
	K_F12,
	K_CODE_END,
	K_ESC = 27,
	K_ENTER = 13,
	K_TAB = 9,
	K_SPACE = 32,
	K_BACKSPACE = 127,
	K_CTRL_SPACE = KEY_CODE_BASE + 0x100, /* NUL on the wire */
	K_ALT, /* Alt with any key, or Esc and a key at the same moment: closes a dialog */
};
#define K_CTRL(letter) ((letter)&0x1f)

enum action {
	ACTION_NONE,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_HALF_UP,
	ACTION_HALF_DOWN,
	ACTION_FIRST,
	ACTION_LAST,
	ACTION_OPEN,
	ACTION_BACK,
	ACTION_NEW,
	ACTION_AGAIN,
	ACTION_ATTACH,
	ACTION_PAUSE,
	ACTION_STOP,
	ACTION_KILL,
	ACTION_PANIC,
	ACTION_MARK,
	ACTION_MARK_RANGE,
	ACTION_MARK_ALL,
	ACTION_UNMARK,
	ACTION_FILTER,
	ACTION_SORT,
	ACTION_SORT_PREVIOUS,
	ACTION_SORT_NEXT,
	ACTION_INVERT,
	ACTION_GROUP,
	ACTION_FOLLOW,
	ACTION_FREEZE,
	ACTION_ENDED,
	ACTION_DISMISS,
	ACTION_PREVIEW,
	ACTION_TAB_NEXT,
	ACTION_TAB_PREVIOUS,
	ACTION_TAB_OVERVIEW,
	ACTION_TAB_COMMANDS,
	ACTION_PALETTE,
	ACTION_HELP,
	ACTION_THEME,
	ACTION_MOUSE,
	ACTION_READ_ONLY,
	ACTION_REDRAW,
	ACTION_SUSPEND,
	ACTION_QUIT,
	ACTION_INTERRUPT,
	ACTION_COUNT,
};

/* The second tab of the detail view has the keys of both its places. */
enum key_place { IN_LIST = 1, IN_DETAIL = 2, IN_HELP = 4, IN_ALL = 7, IN_COMMANDS = 8 };

enum { KEYS_PER_ACTION = 4 };

struct key_entry {
	enum action action;
	const char *name;               /* "stop": for the palette and for remapping */
	unsigned places;                /* enum key_place */
	uint32_t keys[KEYS_PER_ACTION]; /* 0 = none */
	const char *label;              /* on the bottom line; NULL = not there */
	const char *help;
	bool changes;  /* refused when read-only */
	bool destroys; /* opens a dialog first */
	uint8_t rank;  /* place on the bottom line, 1 first */
};

extern const struct key_entry key_table[];
extern const size_t key_table_length;

enum action keymap_action(uint32_t key, enum key_place place);
const struct key_entry *keymap_entry(enum action action); /* NULL for ACTION_NONE */
enum action keymap_by_name(const char *name);
/* "Enter", "F5", "^U", "x". */
void keymap_key_name(uint32_t key, char *out, size_t size);

/* The next key of a script: a character, or <Name> (<Enter>, <F5>, <C-c>, <lt>). Moves *p. 0, or
 * -EINVAL. What stands between < and > without being a key is left in `other` (for
 * <resize:80x24>, <tick>, <paste:text>), then *ret is 0. */
int keymap_script_next(const char **p, uint32_t *ret, char *other, size_t other_size,
                       struct error *err);

#endif
