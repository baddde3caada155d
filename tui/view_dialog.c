/*
 * view_dialog.c: dialogs and the panic screen. Whatever the size, the title (which names the
 * target) and the choices are seen before the explanations.
 */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"
#include "tui/words.h"

enum { DIALOG_W = 66, PANIC_W = 78, PANIC_COLUMNS = 2 };

static int widest(const struct dialog *d)
{
	int w = (int)text_columns(d->title) + 6;

	for (int i = 0; i < d->n_lines; i++) {
		int columns = (int)text_columns(d->lines[i]);

		w = columns > w ? columns : w;
	}
	for (int i = 0; i < d->n_choices; i++) {
		int columns = (int)text_columns(d->choices[i].label) + 12;

		w = columns > w ? columns : w;
	}
	return w;
}

static void draw_choice(struct grid *g, struct rect r, const struct choice *c, bool at)
{
	char key[16] = "";
	enum theme_role role = at ? ROLE_FOCUS : c->danger ? ROLE_DANGER : ROLE_DIALOG;

	if (at)
		grid_fill(g, r, ' ', ROLE_FOCUS);
	if (c->key != 0)
		keymap_key_name(c->key, key, sizeof(key));
	grid_strf(g, r.x, r.y, r.w - 6, role, "%s%s", at ? "> " : "  ", c->label);
	grid_right(g, r.x + r.w - 6, r.y, 5, at ? ROLE_FOCUS : ROLE_KEY, key);
}

static void draw_choices(struct grid *g, struct rect r, const struct dialog *d)
{
	int from = 0;

	if (r.h <= 0)
		return;
	if (d->at >= r.h)
		from = d->at - r.h + 1;
	for (int i = 0; i < r.h && from + i < d->n_choices; i++)
		draw_choice(g, (struct rect){ r.x, r.y + i, r.w, 1 }, &d->choices[from + i],
		            from + i == d->at);
}

void view_dialog(struct app *a, struct grid *g)
{
	const struct dialog *d = &a->dialog;
	int w = widest(d) + 6;
	int gap = d->n_lines > 0 ? 1 : 0;
	struct rect r;
	int room;
	int lines;

	if (w < DIALOG_W && d->kind != DIALOG_SORT)
		w = DIALOG_W;
	if (w > 100)
		w = 100;
	r = layout_dialog(g->w, g->h - (g->h > 6 ? 2 : 0), w, d->n_lines + d->n_choices + gap + 4);
	if (g->w < LAYOUT_TINY_W || g->h < LAYOUT_TINY_H) {
		/* No room for a frame: the title, then the choices. */
		grid_fill(g, (struct rect){ 0, 0, g->w, g->h }, ' ', ROLE_DIALOG);
		grid_str(g, 0, 0, g->w, ROLE_TITLE, d->title);
		draw_choices(g, (struct rect){ 0, 1, g->w, g->h - 1 }, d);
		return;
	}
	grid_box(g, r, ROLE_BORDER, d->title);
	room = r.h - 2 - d->n_choices - gap;
	if (room >= d->n_lines + 1) {
		r.y++;
		room--;
	}
	lines = room < d->n_lines ? (room > 0 ? room : 0) : d->n_lines;
	for (int i = 0; i < lines; i++)
		grid_str(g, r.x + 3, r.y + 1 + i, r.w - 6, ROLE_DIALOG, d->lines[i]);
	if (lines > 0)
		lines += gap;
	draw_choices(
		g,
		(struct rect){ r.x + 2, r.y + 1 + lines, r.w - 4,
	                       r.h - 2 - lines < d->n_choices ? r.h - 2 - lines : d->n_choices },
		d);
}

/* "0a1b2c alice paused" for each, as many as fit. */
static int draw_targets(struct app *a, struct grid *g, struct rect r, int most)
{
	const struct dialog *d = &a->dialog;
	int columns = r.w / 25 > 0 ? r.w / 25 : 1;
	int w = r.w / columns;
	int fit = most * columns;

	for (int i = 0; i < d->targets.n; i++) {
		const struct session_view *v = model_find(&a->model, d->targets.ids[i]);
		int x = r.x + i % columns * w;
		int y = r.y + i / columns;
		char state[64] = "gone";

		if (i == fit - 1 && d->targets.n > fit) {
			grid_strf(g, x, y, w, ROLE_MUTED, "and %d more", d->targets.n - i);
			break;
		}
		if (v != NULL)
			words_state(v, a->model.now, true, state, sizeof(state));
		grid_strf(g, x, y, w - 1, ROLE_DIALOG, "%.*s %.9s %s%s", WORDS_ID,
		          d->targets.ids[i], v != NULL ? words_user(v) : "", state,
		          id_set_has(&d->thawed, d->targets.ids[i]) ? "" : " before");
	}
	return (d->targets.n + columns - 1) / columns < most
	               ? (d->targets.n + columns - 1) / columns
	               : most;
}

static int frozen(struct app *a)
{
	int n = 0;

	for (int i = 0; i < a->dialog.targets.n; i++) {
		const struct session_view *v = model_find(&a->model, a->dialog.targets.ids[i]);

		n += v != NULL && v->state == SESSION_PAUSED;
	}
	return n;
}

static void draw_prompt(struct app *a, struct grid *g, struct rect r)
{
	int w = grid_strf(g, r.x, r.y, r.w, ROLE_DIALOG,
	                  "%stype  kill %d  and Enter: ", r.w >= 50 ? "To end them all " : "",
	                  a->dialog.targets.n);

	input_draw(&a->dialog.typed, g, r.x + w, r.y, r.w - w < 12 ? r.w - w : 12, true);
}

static const char *const panic_keys[] = { "f  keep them frozen and look around",
	                                  "r  resume those that were running" };

static void panic_small(struct app *a, struct grid *g)
{
	int y = 0;

	grid_fill(g, (struct rect){ 0, 0, g->w, g->h }, ' ', ROLE_DIALOG);
	if (g->h > 2)
		grid_strf(g, 0, y++, g->w, ROLE_ALERT, "PANIC: %d/%d frozen", frozen(a),
		          a->dialog.targets.n);
	if (g->h > 1)
		grid_strf(g, 0, y++, g->w, ROLE_DIALOG, "type kill %d, Enter", a->dialog.targets.n);
	input_draw(&a->dialog.typed, g, 0, y++, g->w < 12 ? g->w : 12, true);
	for (int i = 0; i < 2; i++)
		grid_str(g, 0, y + i, g->w, ROLE_TEXT, panic_keys[i]);
}

void view_panic(struct app *a, struct grid *g)
{
	const struct dialog *d = &a->dialog;
	int rows = (d->targets.n + PANIC_COLUMNS - 1) / PANIC_COLUMNS;
	struct rect r =
		layout_dialog(g->w, g->h - (g->h > 6 ? 2 : 0), PANIC_W, rows < 4 ? 16 : rows + 12);
	int x = r.x + 3;
	int w = r.w - 6;
	int y = r.y + 1;
	int most;

	if (r.h < 7 || r.w < 40) {
		panic_small(a, g);
		return;
	}
	grid_box(g, r, ROLE_ALERT, "PANIC");
	most = r.h - 2 - (r.h >= 14 ? 10 : 8);
	if (r.h >= 14)
		y++;
	grid_strf(g, x, y++, w, ROLE_TITLE, "%d of %d live session%s frozen. Nothing was killed.",
	          frozen(a), d->targets.n, d->targets.n == 1 ? " is" : "s are");
	if (most > 0)
		y += 1 + draw_targets(a, g, (struct rect){ x, y + (r.h >= 14), w, most }, most) +
		     (r.h >= 14);
	draw_prompt(a, g, (struct rect){ x, y, w, 1 });
	y += 1 + (r.h >= 12);
	for (int i = 0; i < 2; i++)
		grid_str(g, x, y++, w, ROLE_DIALOG, panic_keys[i]);
	if (r.h >= 12)
		grid_str(g, x, y + (r.h >= 14), w, ROLE_MUTED,
		         "From a shell: warder panic --freeze | --resume | --kill");
}
