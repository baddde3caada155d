/*
 * theme.c: finding and reading theme files. See theme.h for their form.
 */
#include "tui/theme.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/json.h"

#ifndef WARDER_DATADIR
#define WARDER_DATADIR "/usr/local/share/warder"
#endif

enum { THEME_FILE_MAX = 64 * 1024 };

static const char *const role_names[ROLE_COUNT + 1] = {
#define X(id, name) name,
	THEME_ROLES(X)
#undef X
		NULL,
};
static const char *const colour_names[] = {
	"black",        "red",           "green",       "yellow",         "blue",
	"magenta",      "cyan",          "white",       "bright-black",   "bright-red",
	"bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
	"bright-white", "default",       NULL,
};
enum { COLOUR_NAME_DEFAULT = 16 };
static const char *const attribute_names[] = { "bold", "dim", "reverse", "underline", NULL };
static const char *const look_keys[] = {
	"fg", "bg", "fg16", "bg16", "bold", "dim", "reverse", "underline", "mono", NULL,
};
static const char *const theme_keys[] = { "name", "description", "roles", NULL };

static const struct theme_look plain = {
	.fg = THEME_DEFAULT_COLOUR,
	.bg = THEME_DEFAULT_COLOUR,
	.fg16 = THEME_DEFAULT_COLOUR,
	.bg16 = THEME_DEFAULT_COLOUR,
};

void theme_builtin(struct theme *ret)
{
	static const struct {
		enum theme_role role;
		uint8_t mono;
	} looks[] = {
		{ ROLE_TITLE, THEME_BOLD },
		{ ROLE_HEADING, THEME_BOLD },
		{ ROLE_SORTED, THEME_BOLD | THEME_UNDERLINE },
		{ ROLE_KEY, THEME_BOLD },
		{ ROLE_SELECTED, THEME_REVERSE },
		{ ROLE_MARKED, THEME_BOLD },
		{ ROLE_FAILED, THEME_BOLD },
		{ ROLE_ALERT, THEME_REVERSE | THEME_BOLD },
		{ ROLE_NOTE, THEME_BOLD },
		{ ROLE_DANGER, THEME_BOLD },
		{ ROLE_FIELD, THEME_UNDERLINE },
		{ ROLE_FOCUS, THEME_REVERSE },
		{ ROLE_DEGRADED, THEME_BOLD },
		{ ROLE_OFF, THEME_BOLD },
		{ ROLE_HIGH, THEME_BOLD },
	};

	*ret = (struct theme){ .name = "mono" };
	for (size_t i = 0; i < ROLE_COUNT; i++)
		ret->looks[i] = plain;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		ret->looks[looks[i].role].mono = looks[i].mono;
		ret->looks[looks[i].role].attributes = looks[i].mono;
	}
}

static int read_name(const struct json_at *at, int16_t *ret, struct error *err)
{
	int i;
	int r;

	if (!json_present(at))
		return 0;
	r = json_enum(at, colour_names, &i, err);
	if (r < 0)
		return r;
	*ret = i == COLOUR_NAME_DEFAULT ? THEME_DEFAULT_COLOUR : (int16_t)i;
	return 0;
}

static int read_colour(const struct json_at *at, int16_t *ret, struct error *err)
{
	int64_t n;
	int r;

	if (!json_is(at, JSON_NUMBER))
		return read_name(at, ret, err);
	r = json_int(at, 0, 255, &n, err);
	if (r < 0)
		return r;
	*ret = (int16_t)n;
	return 0;
}

static int read_flags(const struct json_at *look, uint8_t *ret, struct error *err)
{
	for (int i = 0; attribute_names[i] != NULL; i++) {
		struct json_at at = json_member(look, attribute_names[i]);
		bool on;
		int r;

		if (!json_present(&at))
			continue;
		r = json_bool(&at, &on, err);
		if (r < 0)
			return r;
		if (on)
			*ret |= (uint8_t)(1u << i);
	}
	return 0;
}

static int read_mono(const struct json_at *list, uint8_t *ret, struct error *err)
{
	int r;

	if (!json_present(list))
		return 0;
	r = json_expect(list, JSON_ARRAY, err);
	for (int i = 0; r == 0 && i < json_count(list); i++) {
		struct json_at at = json_item(list, i);
		int attribute;

		r = json_enum(&at, attribute_names, &attribute, err);
		if (r == 0)
			*ret |= (uint8_t)(1u << attribute);
	}
	return r;
}

static int read_look(const struct json_at *at, struct theme_look *ret, struct error *err)
{
	struct json_at fg = json_member(at, "fg");
	struct json_at bg = json_member(at, "bg");
	struct json_at fg16 = json_member(at, "fg16");
	struct json_at bg16 = json_member(at, "bg16");
	struct json_at mono = json_member(at, "mono");
	int r = json_expect(at, JSON_OBJECT, err);

	*ret = plain;
	if (r == 0)
		r = json_only_keys(at, look_keys, err);
	if (r == 0)
		r = read_colour(&fg, &ret->fg, err);
	if (r == 0)
		r = read_colour(&bg, &ret->bg, err);
	ret->fg16 = ret->fg < 16 ? ret->fg : THEME_DEFAULT_COLOUR;
	ret->bg16 = ret->bg < 16 ? ret->bg : THEME_DEFAULT_COLOUR;
	if (r == 0)
		r = read_name(&fg16, &ret->fg16, err);
	if (r == 0)
		r = read_name(&bg16, &ret->bg16, err);
	if (r == 0)
		r = read_flags(at, &ret->attributes, err);
	if (r == 0)
		r = read_mono(&mono, &ret->mono, err);
	return r;
}

static int read_roles(const struct json_at *roles, struct theme *ret, struct error *err)
{
	bool given[ROLE_COUNT] = { false };
	int r = json_expect(roles, JSON_OBJECT, err);

	if (r == 0)
		r = json_only_keys(roles, role_names, err);
	for (size_t i = 0; r == 0 && i < ROLE_COUNT; i++) {
		struct json_at at = json_member(roles, role_names[i]);

		ret->looks[i] = plain;
		given[i] = json_present(&at);
		if (given[i])
			r = read_look(&at, &ret->looks[i], err);
	}
	for (size_t i = 0; i < ROLE_COUNT; i++)
		if (!given[i])
			ret->looks[i] = ret->looks[ROLE_TEXT];
	return r;
}

int theme_parse(const char *file, const char *text, size_t len, struct theme *ret,
                struct error *err)
{
	CLEANUP_JSON struct json *doc = NULL;
	struct theme theme = { .name = "" };
	const char *name;
	int r = json_parse(file, text, len, &doc, err);

	if (r < 0)
		return r;
	struct json_at root = json_root(file, doc);
	struct json_at at_name = json_member(&root, "name");
	struct json_at description = json_member(&root, "description");
	struct json_at roles = json_member(&root, "roles");

	r = json_expect(&root, JSON_OBJECT, err);
	if (r == 0)
		r = json_only_keys(&root, theme_keys, err);
	if (r == 0)
		r = json_string(&at_name, &name, err);
	if (r == 0 && (*name == '\0' || strlen(name) >= sizeof(theme.name)))
		r = json_error(&at_name, err, "expected 1 to 31 characters");
	if (r < 0)
		return r;
	memcpy(theme.name, name, strlen(name) + 1);
	if (json_present(&description))
		r = json_string(&description, &name, err);
	if (r == 0)
		r = read_roles(&roles, &theme, err);
	if (r < 0)
		return r;
	*ret = theme;
	return 0;
}

/* The directory that this binary stands in; "" when unknown. */
static void binary_directory(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
}

/* The first directory with themes; NULL when there is none. */
static DIR *open_themes(char *path, size_t size)
{
	static const char *const beside[] = { "../share/warder/themes", "../themes", "themes" };
	const char *given = getenv("WARDER_THEME_DIR");
	char binary[512];

	if (given != NULL && *given != '\0') {
		snprintf(path, size, "%s", given);
		return opendir(path);
	}
	binary_directory(binary, sizeof(binary));
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		DIR *dir;

		snprintf(path, size, "%s/%s", binary, beside[i]);
		dir = binary[0] != '\0' ? opendir(path) : NULL;
		if (dir != NULL)
			return dir;
	}
	snprintf(path, size, "%s", WARDER_DATADIR "/themes");
	return opendir(path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

void theme_names(struct theme_list *ret)
{
	char path[640];
	DIR *dir = open_themes(path, sizeof(path));
	const struct dirent *e;

	ret->n = 0;
	while (dir != NULL && ret->n < THEMES_MAX && (e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n < 6 || n - 5 >= sizeof(ret->names[0]) || e->d_name[0] == '.' ||
		    strcmp(e->d_name + n - 5, ".json") != 0)
			continue;
		memcpy(ret->names[ret->n], e->d_name, n - 5);
		ret->names[ret->n++][n - 5] = '\0';
	}
	if (dir != NULL)
		closedir(dir);
	qsort(ret->names, (size_t)ret->n, sizeof(ret->names[0]), by_name);
}

static int no_such_theme(const char *name, struct error *err)
{
	CLEANUP_BUF struct buf known = BUF_INIT;
	struct theme_list list;

	theme_names(&list);
	for (int i = 0; i < list.n; i++)
		buf_addf(&known, "%s%s", i > 0 ? ", " : "", list.names[i]);
	error_set(err, ENOENT, "no such theme: %s", name);
	error_hint(err, "themes: %s", list.n > 0 ? buf_str(&known) : "none was found");
	return -ENOENT;
}

int theme_load(const char *name, struct theme *ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	char path[640];
	char file[768];
	size_t len;
	DIR *dir;
	int r;

	if (*name == '\0' || strchr(name, '/') != NULL || *name == '.')
		return no_such_theme(name, err);
	dir = open_themes(path, sizeof(path));
	if (dir == NULL)
		return no_such_theme(name, err);
	snprintf(file, sizeof(file), "%s/%.64s.json", path, name);
	r = fd_read_file(AT_FDCWD, file, THEME_FILE_MAX, &text, &len, err);
	closedir(dir);
	if (r == -ENOENT)
		return no_such_theme(name, err);
	if (r < 0)
		return r;
	return theme_parse(file, text, len, ret, err);
}

bool theme_wants_mono(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return (no_color != NULL && *no_color != '\0') || term == NULL || strcmp(term, "dumb") == 0;
}
