/*
 * input.h: one line of text being edited: the filter, the palette, the fields of the launch form.
 */
#ifndef WARDER_TUI_INPUT_H
#define WARDER_TUI_INPUT_H

#include "tui/grid.h"

enum { INPUT_MAX = 1024 };

struct input {
	char text[INPUT_MAX]; /* UTF-8 of printable characters only */
	size_t len, at;       /* bytes; at = cursor, on a character's start */
};

void input_set(struct input *in, const char *text);
/* True when the key was one for the line (a character, Backspace, Delete, Left, Right, Home,
 * End, ^A ^E ^U ^W ^K). */
bool input_key(struct input *in, uint32_t key);
/* Draws it in w columns with the cursor in sight; `focus` puts the terminal's cursor there. */
void input_draw(const struct input *in, struct grid *g, int x, int y, int w, bool focus);

#endif
