/*
 * view_help.c: the help, generated from the key table. What read-only switches off is said beside
 * it.
 */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"

enum { HELP_KEYS_W = 16 };

static const char *const signs[][2] = {
	{ ">", "the line under the cursor" },
	{ "*", "marked: actions go to all marked sessions" },
	{ "!", "a layer of this session is degraded or off: Enter shows which and why" },
	{ "2G?", "a limit of the policy that this machine may not enforce" },
	{ "LAY", "layers enforced, of all" },
	{ "LEFT", "until its time limit ends it" },
	{ "RUN", "a command that runs (tab 2)" },
	{ "exec", "a command whose process went on as another program: the next of that pid" },
	{ "NOT VERIFIED", "a command as it was asked for: what ran could not be proved" },
	{ "-", "not known, or no limit" },
	{ "no answer", "its supervisor has been silent for 5 s: the figures are old" },
};

static void keys_of(const struct key_entry *e, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < KEYS_PER_ACTION && e->keys[i] != 0; i++) {
		char key[16];

		keymap_key_name(e->keys[i], key, sizeof(key));
		n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? "  " : "", key);
		if (n >= size)
			return;
	}
}

static bool wanted(const struct app *a, const char *keys, const char *name, const char *help)
{
	const char *text = a->search.text;

	return a->search.len == 0 || strcasestr(keys, text) != NULL ||
	       strcasestr(name, text) != NULL || strcasestr(help, text) != NULL;
}

static void place_word(unsigned places, char *out, size_t size)
{
	snprintf(out, size, "%s",
	         places == IN_ALL          ? ""
	         : places == IN_LIST       ? "list"
	         : places == IN_DETAIL     ? "detail"
	         : (places & IN_HELP) != 0 ? "list, 2, help"
	         : (places & IN_COMMANDS)  ? "list, tab 2"
	                                   : "list, detail");
}

/* Writes line `n` of the help if it is on screen. */
static void help_line(struct app *a, struct grid *g, struct rect r, int n, bool off,
                      const char *const text[4])
{
	int y = r.y + n - a->help_top;
	bool wide = r.w >= 90;
	int x = r.x + 1;
	int keys_w = r.w >= 90 ? HELP_KEYS_W : 13;

	if (n < a->help_top || y >= r.y + r.h)
		return;
	grid_str(g, x, y, keys_w - 1, off ? ROLE_MUTED : ROLE_KEY, text[0]);
	x += keys_w;
	if (wide) {
		grid_str(g, x, y, 15, ROLE_MUTED, text[1]);
		grid_str(g, x + 16, y, 13, ROLE_MUTED, text[2]);
		x += 30;
	}
	grid_strf(g, x, y, r.x + r.w - x, off ? ROLE_MUTED : ROLE_TEXT, "%s%s", text[3],
	          off ? " (off: read-only)" : "");
}

static int draw_lines(struct app *a, struct grid *g, struct rect r)
{
	int n = 0;

	for (size_t i = 0; i < key_table_length; i++) {
		const struct key_entry *e = &key_table[i];
		char keys[80];
		char place[32];

		keys_of(e, keys, sizeof(keys));
		place_word(e->places, place, sizeof(place));
		if (wanted(a, keys, e->name, e->help))
			help_line(a, g, r, n++, e->changes && a->read_only,
			          (const char *const[4]){ keys, e->name, place, e->help });
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (wanted(a, signs[i][0], "", signs[i][1]))
			help_line(a, g, r, n++, false,
			          (const char *const[4]){ signs[i][0], "", "on screen",
			                                  signs[i][1] });
	return n;
}

void view_help(struct app *a, struct grid *g, const struct layout *l)
{
	struct rect r = l->body;
	int n;

	if (!l->tiny && r.h > 4) {
		grid_fill(g, (struct rect){ r.x, r.y, r.w, 1 }, 0x2500, ROLE_BORDER);
		if (a->search.len > 0)
			grid_strf(g, 2, r.y, r.w - 2, ROLE_TITLE, " Keys with \"%s\" ",
			          a->search.text);
		else
			grid_str(g, 2, r.y, r.w - 2, ROLE_TITLE, " Keys ");
		r.y++;
		r.h--;
	}
	n = draw_lines(a, g, r);
	if (n == 0)
		grid_str(g, r.x + 1, r.y, r.w - 1, ROLE_MUTED, "no key does that");
	a->page = r.h;
	a->length = n;
	if (a->help_top > n - r.h)
		a->help_top = n > r.h ? n - r.h : 0;
}
