/*
 * publish_exec.c: commands as trail and board tell them.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/session/publish.h"
#include "core/session/tracee.h"

/* The board shows one line: arguments with a blank between, as they are; readers make it safe. */
static void board_command(struct session *s, const struct command *c)
{
	struct board_data *d = &s->board->data;
	size_t at = 0;

	board_begin(s->board);
	d->execs++;
	for (char **a = c->argv; *a && at < sizeof(d->last_command) - 1; a++)
		at += (size_t)snprintf(d->last_command + at, sizeof(d->last_command) - at, "%s%s",
		                       at ? " " : "", *a);
	board_end(s->board);
}

void publish_exec(struct session *s, const struct command *c, const char *doubt)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "exec");

	json_put_int(&w, "pid", c->pid);
	json_put_int(&w, "ppid", c->ppid);
	json_put_string(&w, "exe", c->exe);
	json_put_array(&w, "argv");
	for (char **a = c->argv; *a; a++)
		json_put_string(&w, NULL, *a);
	json_put_end(&w, ']');
	if (c->cut) {
		json_put_uint(&w, "argv_bytes", c->args_len);
		json_put_string(&w, "argv_sha256", c->args_sha256);
	}
	json_put_string(&w, "cwd", c->cwd);
	json_put_bool(&w, "verified", !doubt);
	if (doubt)
		json_put_string(&w, "unverified_because", doubt);
	json_put_string(&w, "verdict", "allowed");
	json_put_null(&w, "by");
	board_command(s, c);
	publish_put(s, &w, &b);
}

void publish_exec_end(struct session *s, pid_t pid, uint64_t exec_seq, uint64_t duration_ns,
                      int exit_code, int signal)
{
	struct buf b = BUF_INIT;
	struct json_writer w = trail_begin(&s->trail, &b, "exec_end");

	json_put_int(&w, "pid", pid);
	json_put_uint(&w, "exec_seq", exec_seq);
	json_put_double(&w, "duration_ms", (double)duration_ns / NS_PER_MS, 1);
	if (exit_code >= 0)
		json_put_int(&w, "exit_code", exit_code);
	else
		json_put_null(&w, "exit_code");
	if (signal > 0)
		json_put_int(&w, "signal", signal);
	else
		json_put_null(&w, "signal");
	publish_put(s, &w, &b);
}
