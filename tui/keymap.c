/*
 * keymap.c: the table and its look-ups. See keymap.h for the rules it keeps.
 */
#include "tui/keymap.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define LIST_DETAIL   (IN_LIST | IN_DETAIL)
#define LIST_COMMANDS (IN_LIST | IN_COMMANDS)

/* clang-format off */
const struct key_entry key_table[] = {
	{ ACTION_UP, "up", IN_ALL, { 'k', K_UP }, NULL, "up", false, false, 0 },
	{ ACTION_DOWN, "down", IN_ALL, { 'j', K_DOWN }, NULL, "down", false, false, 0 },
	{ ACTION_PAGE_UP, "page-up", IN_ALL, { K_PAGE_UP }, NULL, "a page up", false, false, 0 },
	{ ACTION_PAGE_DOWN, "page-down", IN_ALL, { K_PAGE_DOWN }, NULL,
	  "a page down", false, false, 0 },
	{ ACTION_HALF_UP, "half-page-up", IN_ALL, { K_CTRL('U') }, NULL,
	  "half a page up", false, false, 0 },
	{ ACTION_HALF_DOWN, "half-page-down", IN_ALL, { K_CTRL('D') }, NULL,
	  "half a page down", false, false, 0 },
	{ ACTION_FIRST, "first", IN_ALL, { 'g', K_HOME }, NULL, "first line", false, false, 0 },
	{ ACTION_LAST, "last", IN_ALL, { 'G', K_END }, NULL, "last line", false, false, 0 },
	{ ACTION_OPEN, "open", LIST_COMMANDS, { K_ENTER }, "open",
	  "open: all about one session, or one command", false, false, 1 },
	{ ACTION_BACK, "back", IN_ALL, { K_ESC }, "back",
	  "back; clears message, filter and marks first", false, false, 1 },

	{ ACTION_NEW, "new", LIST_DETAIL, { 'n' }, "new", "launch a new session", true, false, 2 },
	{ ACTION_AGAIN, "again", LIST_DETAIL, { 'N' }, NULL,
	  "launch again like this one: same command, user, project, policy", true, false, 0 },
	{ ACTION_ATTACH, "attach", LIST_DETAIL, { 'a' }, "attach",
	  "attach to its terminal; Ctrl-Q comes back", false, false, 3 },
	{ ACTION_PAUSE, "pause", LIST_DETAIL, { 'p' }, "pause",
	  "pause or resume at once (freezes every process in it)", true, false, 4 },
	{ ACTION_STOP, "stop", LIST_DETAIL, { 'x', K_F9 }, "stop",
	  "stop: asks first; TERM, KILL after 10 s, or another signal", true, true, 5 },
	{ ACTION_KILL, "kill", LIST_DETAIL, { 'X' }, NULL,
	  "kill now: asks for a second key, K", true, true, 0 },
	{ ACTION_PANIC, "panic", LIST_DETAIL, { '!' }, "panic",
	  "panic: freeze every session at once; can be undone", true, false, 6 },

	{ ACTION_MARK, "mark", IN_LIST, { K_SPACE }, "mark",
	  "mark or unmark; actions then go to all that are marked", false, false, 8 },
	{ ACTION_MARK_RANGE, "mark-range", IN_LIST, { K_CTRL_SPACE }, NULL,
	  "mark everything from the last mark to here", false, false, 0 },
	{ ACTION_MARK_ALL, "mark-all", IN_LIST, { '*' }, NULL,
	  "mark all that are shown", false, false, 0 },
	{ ACTION_UNMARK, "unmark", IN_LIST, { 'U', K_CTRL('\\') }, NULL,
	  "remove all marks", false, false, 0 },

	{ ACTION_FILTER, "filter", LIST_COMMANDS | IN_HELP, { '/', K_F4, '\\' }, "filter",
	  "filter: text, !text, user=bob, state=paused, cpu>50, mem>1g", false, false, 7 },
	{ ACTION_SORT, "sort", IN_LIST, { 's', K_F6 }, "sort",
	  "choose what to sort by", false, false, 9 },
	{ ACTION_SORT_PREVIOUS, "sort-previous", IN_LIST, { '<' }, NULL,
	  "sort by the column to the left", false, false, 0 },
	{ ACTION_SORT_NEXT, "sort-next", IN_LIST, { '>' }, NULL,
	  "sort by the column to the right", false, false, 0 },
	{ ACTION_INVERT, "invert", IN_LIST, { 'I' }, NULL, "reverse the order", false, false, 0 },
	{ ACTION_GROUP, "group", LIST_COMMANDS, { 't', K_F5 }, "group",
	  "group by user; commands: below their parents", false, false, 10 },
	{ ACTION_FOLLOW, "follow", LIST_COMMANDS, { 'F', 'f' }, NULL,
	  "follow: cursor stays on its session or line; the newest command", false, false, 0 },
	{ ACTION_FREEZE, "freeze", LIST_DETAIL, { 'Z' }, NULL,
	  "freeze the display; sessions run on", false, false, 0 },
	{ ACTION_ENDED, "ended", IN_LIST, { 'e' }, "ended",
	  "show or hide ended sessions", false, false, 11 },
	{ ACTION_DISMISS, "dismiss", IN_LIST, { K_DELETE }, NULL,
	  "take an ended session off this list; its record stays", false, false, 0 },
	{ ACTION_PREVIEW, "preview", IN_LIST, { 'v' }, NULL,
	  "show or hide the preview", false, false, 0 },

	{ ACTION_TAB_NEXT, "tab-next", IN_DETAIL, { K_TAB, ']' }, "tabs",
	  "next tab of one session", false, false, 1 },
	{ ACTION_TAB_PREVIOUS, "tab-previous", IN_DETAIL, { K_SHIFT_TAB, '[' }, NULL,
	  "previous tab", false, false, 0 },
	{ ACTION_TAB_OVERVIEW, "overview", IN_DETAIL, { '1' }, NULL,
	  "its overview", false, false, 0 },
	{ ACTION_TAB_COMMANDS, "commands", IN_DETAIL, { '2' }, NULL,
	  "every command that ran in it", false, false, 0 },

	{ ACTION_PALETTE, "palette", IN_ALL, { ':', K_CTRL('P') }, "command",
	  "a command: quit, theme NAME, rate SECS, filter TEXT, any action", false, false, 13 },
	{ ACTION_HELP, "help", IN_ALL, { '?', K_F1 }, "help",
	  "this help; / searches it", false, false, 12 },
	{ ACTION_THEME, "theme-next", IN_ALL, { 'T' }, NULL, "next theme", false, false, 0 },
	{ ACTION_MOUSE, "mouse", IN_ALL, { 'm' }, NULL,
	  "mouse on or off; off, the terminal selects text", false, false, 0 },
	{ ACTION_READ_ONLY, "read-only", IN_ALL, { 'R' }, NULL,
	  "read-only at once; asks before it is lifted", false, false, 0 },
	{ ACTION_REDRAW, "redraw", IN_ALL, { K_CTRL('L'), 'r' }, NULL,
	  "look again and redraw", false, false, 0 },
	{ ACTION_SUSPEND, "suspend", IN_ALL, { K_CTRL('Z') }, NULL,
	  "suspend the dashboard (fg comes back)", false, false, 0 },
	{ ACTION_QUIT, "quit", IN_ALL, { 'q', K_F10 }, "quit",
	  "quit, or back from where you are; sandboxes keep running", false, false, 14 },
	{ ACTION_INTERRUPT, "interrupt", IN_ALL, { K_CTRL('C') }, NULL,
	  "says how to quit; ends nothing", false, false, 0 },
};
/* clang-format on */
const size_t key_table_length = sizeof(key_table) / sizeof(key_table[0]);
static_assert(sizeof(key_table) / sizeof(key_table[0]) == ACTION_COUNT - 1,
              "every action has its line in the table");

static const struct {
	uint32_t key;
	const char *name;
} key_names[] = {
	{ K_UP, "Up" },
	{ K_DOWN, "Down" },
	{ K_LEFT, "Left" },
	{ K_RIGHT, "Right" },
	{ K_HOME, "Home" },
	{ K_END, "End" },
	{ K_PAGE_UP, "PgUp" },
	{ K_PAGE_DOWN, "PgDn" },
	{ K_DELETE, "Del" },
	{ K_INSERT, "Ins" },
	{ K_SHIFT_TAB, "S-Tab" },
	{ K_ESC, "Esc" },
	{ K_ENTER, "Enter" },
	{ K_TAB, "Tab" },
	{ K_SPACE, "Space" },
	{ K_BACKSPACE, "Backspace" },
	{ K_CTRL_SPACE, "C-Space" },
	{ '<', "lt" },
};
static const size_t key_names_length = sizeof(key_names) / sizeof(key_names[0]);

enum action keymap_action(uint32_t key, enum key_place place)
{
	for (size_t i = 0; i < key_table_length; i++)
		for (size_t k = 0; k < KEYS_PER_ACTION; k++)
			if (key != 0 && key_table[i].keys[k] == key &&
			    (key_table[i].places & place) != 0)
				return key_table[i].action;
	return ACTION_NONE;
}

const struct key_entry *keymap_entry(enum action action)
{
	for (size_t i = 0; i < key_table_length; i++)
		if (key_table[i].action == action)
			return &key_table[i];
	return NULL;
}

enum action keymap_by_name(const char *name)
{
	for (size_t i = 0; i < key_table_length; i++)
		if (strcmp(key_table[i].name, name) == 0)
			return key_table[i].action;
	return ACTION_NONE;
}

void keymap_key_name(uint32_t key, char *out, size_t size)
{
	for (size_t i = 0; i < key_names_length; i++) {
		if (key_names[i].key == key && key != '<') {
			snprintf(out, size, "%s", key_names[i].name);
			return;
		}
	}
	if (key >= K_F1 && key <= K_F12)
		snprintf(out, size, "F%u", key - K_F1 + 1);
	else if (key < 32)
		snprintf(out, size, "^%c", (char)(key + 64));
	else if (key < 127)
		snprintf(out, size, "%c", (char)key);
	else
		snprintf(out, size, "?");
}

static uint32_t named_key(const char *name)
{
	unsigned n;
	char end;

	for (size_t i = 0; i < key_names_length; i++)
		if (strcmp(key_names[i].name, name) == 0)
			return key_names[i].key;
	if (sscanf(name, "F%2u%c", &n, &end) == 1 && n >= 1 && n <= 12)
		return K_F1 + n - 1;
	if (name[0] == 'C' && name[1] == '-' && name[2] != '\0' && name[3] == '\0')
		return (uint32_t)K_CTRL(name[2]);
	return 0;
}

int keymap_script_next(const char **p, uint32_t *ret, char *other, size_t other_size,
                       struct error *err)
{
	size_t n = text_utf8_decode(*p, strlen(*p), ret);
	const char *end;

	other[0] = '\0';
	if (**p != '<') {
		if (n == 0)
			return error_set(err, EINVAL, "script: not UTF-8");
		*p += n;
		return 0;
	}
	end = strchr(*p, '>');
	if (end == NULL || (size_t)(end - *p - 1) >= other_size)
		return error_set(err, EINVAL, "script: no > after %.20s", *p);
	snprintf(other, other_size, "%.*s", (int)(end - *p - 1), *p + 1);
	*p = end + 1;
	*ret = named_key(other);
	if (*ret != 0)
		other[0] = '\0';
	return 0;
}
