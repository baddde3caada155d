/*
 * keys.c: what the terminal sends, as key codes of keymap.h. Besides draw.c the only file that
 * knows curses.
 *
 * An escape sequence that nobody knows (another terminal's function key, an answer to a question)
 * is swallowed whole: its letters must not act as keys.
 */
#include <ncurses.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tui/keymap.h"
#include "tui/terminal.h"

enum {
	CODE_PASTE = KEY_MAX + 10,
	CODE_PASTE_END,
	CODE_UP,
	CODE_DOWN,
	CODE_RIGHT,
	CODE_LEFT,
	CODE_HOME,
	CODE_END,
	SEQUENCE_MAX = 4096, /* keys swallowed as one unknown sequence */
};

static const struct {
	int code;
	uint32_t key;
} codes[] = {
	{ KEY_UP, K_UP },
	{ KEY_DOWN, K_DOWN },
	{ KEY_LEFT, K_LEFT },
	{ KEY_RIGHT, K_RIGHT },
	{ KEY_HOME, K_HOME },
	{ KEY_END, K_END },
	{ KEY_PPAGE, K_PAGE_UP },
	{ KEY_NPAGE, K_PAGE_DOWN },
	{ KEY_DC, K_DELETE },
	{ KEY_IC, K_INSERT },
	{ KEY_BTAB, K_SHIFT_TAB },
	{ KEY_ENTER, K_ENTER },
	{ KEY_BACKSPACE, K_BACKSPACE },
	{ CODE_UP, K_UP },
	{ CODE_DOWN, K_DOWN },
	{ CODE_RIGHT, K_RIGHT },
	{ CODE_LEFT, K_LEFT },
	{ CODE_HOME, K_HOME },
	{ CODE_END, K_END },
};

/* Terminals differ in whether arrows come as \033OA or \033[A: both are known. */
void terminal_define_keys(void)
{
	define_key("\033[200~", CODE_PASTE);
	define_key("\033[201~", CODE_PASTE_END);
	define_key("\033[A", CODE_UP);
	define_key("\033[B", CODE_DOWN);
	define_key("\033[C", CODE_RIGHT);
	define_key("\033[D", CODE_LEFT);
	define_key("\033OA", CODE_UP);
	define_key("\033OB", CODE_DOWN);
	define_key("\033OC", CODE_RIGHT);
	define_key("\033OD", CODE_LEFT);
	define_key("\033[H", CODE_HOME);
	define_key("\033[F", CODE_END);
	define_key("\033[1~", CODE_HOME);
	define_key("\033[4~", CODE_END);
}

static MEVENT pointer;

void terminal_pointer(int *ret_x, int *ret_y)
{
	*ret_x = pointer.x;
	*ret_y = pointer.y;
}

static enum terminal_event mouse_event(uint32_t *ret_key)
{
	*ret_key = 0;
	if (getmouse(&pointer) != OK)
		return EVENT_KEY;
	if ((pointer.bstate & BUTTON4_PRESSED) != 0)
		return EVENT_WHEEL_UP;
	if ((pointer.bstate & BUTTON5_PRESSED) != 0)
		return EVENT_WHEEL_DOWN;
	return (pointer.bstate & BUTTON1_PRESSED) != 0 ? EVENT_CLICK : EVENT_KEY;
}

static enum terminal_event code_event(wint_t code, uint32_t *ret_key)
{
	if (code == KEY_RESIZE)
		return EVENT_RESIZE;
	if (code == KEY_MOUSE)
		return mouse_event(ret_key);
	if (code == CODE_PASTE)
		return EVENT_PASTE;
	if (code == CODE_PASTE_END)
		return EVENT_PASTE_END;
	*ret_key = 0;
	if (code >= KEY_F(1) && code <= KEY_F(12))
		*ret_key = K_F1 + (uint32_t)code - (uint32_t)KEY_F(1);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == (int)code)
			*ret_key = codes[i].key;
	return EVENT_KEY;
}

/* Behind `ESC [` (or O): up to the final byte. Behind ESC ] P X ^ _: up to BEL or ESC \. */
static void swallow(wint_t kind)
{
	bool string = kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_';
	wint_t c;

	if (!string && kind != '[' && kind != 'O')
		return;
	for (int i = 0; i < SEQUENCE_MAX && get_wch(&c) == OK; i++) {
		if (!string && c >= 0x40 && c <= 0x7e)
			return;
		if (string && c == 7)
			return;
		if (string && c == 27) {
			get_wch(&c);
			return;
		}
	}
}

/* What begins a sequence when it stands behind Esc. */
static bool introduces(wint_t c)
{
	return c == '[' || c == 'O' || c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_';
}

/* Alt with a key, or Esc and the next key arriving together from far away: which of the two cannot
 * be told, so it is neither, but a dialog closes on it (K_ALT). */
static enum terminal_event escape_event(uint32_t *ret_key)
{
	wint_t next;
	wint_t after;
	int r = get_wch(&next);

	if (r == KEY_CODE_YES)
		return code_event(next, ret_key);
	*ret_key = K_ESC;
	if (r == OK && next == 27)
		unget_wch(27); /* Esc pressed twice */
	if (r == ERR || next == 27)
		return EVENT_KEY;
	*ret_key = K_ALT;
	if (!introduces(next) || (r = get_wch(&after)) == ERR)
		return EVENT_KEY;
	if (r == KEY_CODE_YES)
		return code_event(after, ret_key);
	*ret_key = 0;
	unget_wch((wchar_t)after);
	swallow(next);
	return EVENT_KEY;
}

/* Readable without a byte to read is the end of the terminal. */
static bool hung_up(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	if ((p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		return true;
	return ioctl(STDIN_FILENO, FIONREAD, &n) < 0 || n == 0;
}

enum terminal_event terminal_event(uint32_t *ret_key)
{
	wint_t c;
	int r = get_wch(&c);

	if (r == ERR)
		return hung_up() ? EVENT_GONE : EVENT_NONE;
	if (r == KEY_CODE_YES)
		return code_event(c, ret_key);
	if (c == 27)
		return escape_event(ret_key);
	*ret_key = (uint32_t)c;
	if (c == 0)
		*ret_key = K_CTRL_SPACE;
	else if (c == '\n')
		*ret_key = K_ENTER;
	else if (c == 8)
		*ret_key = K_BACKSPACE;
	return EVENT_KEY;
}
