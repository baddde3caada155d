/*
 * test_tui_form.c: the launch form as a request and as a shell command, and the line editor under
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tui/demo.h"
#include "tui/form.h"
#include "tui/keymap.h"

static struct source *source;
static struct form form;

static int setup(void **state)
{
	struct demo_options o = { .seed = 1, .clock = "12:00:00" };
	struct error err = ERROR_INIT;

	(void)state;
	if (source_demo(&o, &source, &err) < 0)
		return -1;
	form_open(&form, source);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	source->close(source);
	return 0;
}

static void keys(const char *script)
{
	struct error err = ERROR_INIT;
	char other[32];
	uint32_t key;

	while (*script != '\0') {
		assert_int_equal(keymap_script_next(&script, &key, other, sizeof(other), &err), 0);
		assert_int_equal(form_key(&form, source, key), FORM_STAYS);
	}
}

static void test_request(void **state)
{
	struct launch_request *r = NULL;
	struct error err = ERROR_INIT;
	struct buf shell = BUF_INIT;

	(void)state;
	keys("claude --print \"a b\" 'c\"d' e\\ "
	     "f<Tab><Tab><Tab>job<Tab><Right><Tab><Right><Right><Tab>limits, landlock<Tab>"
	     "512m<Tab>1.5<Tab>64<Tab>90m");
	assert_int_equal(form_request(&form, &r, &err), 0);
	assert_string_equal(r->argv[0], "claude");
	assert_string_equal(r->argv[2], "a b");
	assert_string_equal(r->argv[3], "c\"d");
	assert_string_equal(r->argv[4], "e f");
	assert_null(r->argv[5]);
	assert_string_equal(r->policy, "offline");
	assert_string_equal(r->for_user, "alice");
	assert_string_equal(r->project, "/srv/ws/app");
	assert_string_equal(r->name, "job");
	assert_string_equal(r->allow_degraded[0], "limits");
	assert_string_equal(r->allow_degraded[1], "landlock");
	assert_null(r->allow_degraded[2]);
	assert_int_equal(r->n_settings, 5);
	assert_string_equal(r->settings[0].path, "limits.memory");
	assert_string_equal(r->settings[4].path, "filesystem.workspace");
	assert_string_equal(r->settings[4].value, "ro");
	assert_true(r->tty && !r->attached && r->mode == REQUEST_RUN);
	form_shell(&form, &shell);
	assert_string_equal(
		buf_str(&shell),
		"warder run -dit --for alice --policy offline -C /srv/ws/app --workspace ro "
		"--name job --allow-degraded limits --allow-degraded landlock -m 512m --cpus 1.5 "
		"--pids-limit 64 --timeout 90m -- "
		"claude --print 'a b' 'c\"d' 'e f'");
	buf_free(&shell);
	launch_request_free(r);
}

static void refused(const char *script, const char *why)
{
	struct launch_request *r = NULL;
	struct error err = ERROR_INIT;

	form_open(&form, source);
	keys(script);
	assert_true(form_request(&form, &r, &err) < 0);
	assert_null(r);
	if (strstr(err.text, why) == NULL)
		fail_msg("%s: %s", script, err.text);
}

static void test_focus_on_what_is_wrong(void **state)
{
	(void)state;
	form_open(&form, source);
	form_focus_on(&form, "Memory: expected a size");
	assert_int_equal(form.focus, FORM_MEMORY);
	form_focus_on(&form, "project /nope: no such directory");
	assert_int_equal(form.focus, FORM_PROJECT);
	form_focus_on(&form, "--name x: taken");
	assert_int_equal(form.focus, FORM_NAME);
	form_focus_on(&form, "Project: expected");
	form_focus_on(&form, "no memory");
	assert_int_equal(form.focus, FORM_PROJECT);
	form_focus_on(&form, "Cancelled");
	assert_int_equal(form.focus, FORM_PROJECT);
}

static void test_the_same_again(void **state)
{
	char *command[] = { (char[]){ "make" }, (char[]){ "it's" }, NULL };
	struct record_layer layers[] = {
		{ .name = (char[]){ "mounts" }, .status = (char[]){ "enforced" } },
		{ .name = (char[]){ "limits" }, .status = (char[]){ "degraded" } },
	};
	struct session_record r = {
		.layers = layers,
		.n_layers = 2,
		.user = (char[]){ "bob" },
		.project = (char[]){ "/srv/other" },
		.policy = (char[]){ "strict" },
		.command = command,
		.memory_limit = 512 << 20, /* as that policy says */
		.cpus_milli = 1500,
		.pids_limit = 50,
		.timeout_ns = 90 * 60 * 1000000000ULL,
	};
	struct buf shell = BUF_INIT;

	(void)state;
	form_open_like(&form, source, &r);
	form_shell(&form, &shell);
	assert_string_equal(buf_str(&shell),
	                    "warder run -dit --for bob --policy strict -C /srv/other "
	                    "--allow-degraded limits --cpus 1.5 "
	                    "--timeout 1h30m -- make 'it'\\''s'");
	buf_free(&shell);
	/* What the form cannot hold as it is must not become something else. */
	command[1] = (char[]){ "a\nb" };
	form_open_like(&form, source, &r);
	assert_int_equal(form.texts[FORM_COMMAND].len, 0);
	assert_string_equal(form.texts[FORM_PROJECT].text, "/srv/other");
}

static void test_refusals(void **state)
{
	(void)state;
	refused("", "Command");
	refused("   ", "Command");
	refused("a 'b", "quote");
	refused("a<Tab><Tab><C-u>", "Project");
	refused("a<Tab><Tab><C-u>relative", "Project");
	refused("a<Tab><Tab><Tab><Tab><Tab><Tab><Tab>lots", "Memory");
	refused("a<Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab>x", "CPUs");
	refused("a<Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab>0", "PIDs");
	refused("a<Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab><Tab>soon", "Time");
}

static void test_focus_goes_round(void **state)
{
	(void)state;
	for (int i = 0; i < FORM_FIELDS; i++)
		form_key(&form, source, K_TAB);
	assert_int_equal(form.focus, FORM_COMMAND);
	form_key(&form, source, K_SHIFT_TAB);
	assert_int_equal(form.focus, FORM_CANCEL);
	assert_int_equal(form_key(&form, source, K_ENTER), FORM_CANCELLED);
	form_key(&form, source, K_LEFT);
	assert_int_equal(form.focus, FORM_LAUNCH);
	assert_int_equal(form_key(&form, source, K_ENTER), FORM_LAUNCHES);
	assert_int_equal(form_key(&form, source, K_CTRL('S')), FORM_LAUNCHES);
	assert_int_equal(form_key(&form, source, K_ESC), FORM_CANCELLED);
	/* An ordinary user launches for himself only. */
	form.may_choose_user = false;
	form.focus = FORM_COMMAND;
	form_key(&form, source, K_TAB);
	assert_int_equal(form.focus, FORM_PROJECT);
}

static void type(struct input *in, const char *script)
{
	struct error err = ERROR_INIT;
	char other[32];
	uint32_t key;

	while (*script != '\0') {
		assert_int_equal(keymap_script_next(&script, &key, other, sizeof(other), &err), 0);
		input_key(in, key);
	}
}

static void test_line_editor(void **state)
{
	struct input in;

	(void)state;
	input_set(&in, "");
	type(&in, "h\xc3\xa9llo w\xc3\xb6rld<Left><Left><Backspace>X<Home><Del>J<End>!");
	assert_string_equal(in.text, "J\xc3\xa9llo w\xc3\xb6Xld!");
	type(&in, "<C-w>");
	assert_string_equal(in.text, "J\xc3\xa9llo ");
	type(&in, "<C-a><Right><C-k>");
	assert_string_equal(in.text, "J");
	type(&in, "<C-u><Backspace><Del><Left><Right>");
	assert_string_equal(in.text, "");
	/* What cannot be seen does not enter; neither does more than there is room for. */
	assert_false(input_key(&in, 0x202e));
	assert_false(input_key(&in, 0x1b));
	assert_false(input_key(&in, 0xd800));
	assert_false(input_key(&in, K_F5));
	input_set(&in, "a\033b\xff"
	               "c\xe2\x80\xae");
	assert_string_equal(in.text, "abc");
	for (int i = 0; i < 5000; i++)
		input_key(&in, 0x1f600);
	assert_true(in.len < INPUT_MAX && strlen(in.text) == in.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focus_on_what_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_same_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_focus_goes_round, setup, teardown),
		cmocka_unit_test(test_line_editor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
