/*
 * live.c: the machine's own sessions, through core/api.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/api/link.h"
#include "core/api/policies.h"
#include "core/api/sessions.h"
#include "core/api/trail.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "tui/attach.h"
#include "tui/jobs.h"
#include "tui/source.h"

#define DETACH_KEYS "\x11" /* Ctrl-Q */

struct live {
	struct source source;
	struct sessions *sessions;
	struct jobs jobs;
	struct trail_reader *followed; /* NULL: none */
};

static struct live *live_of(const struct source *s)
{
	return (struct live *)(uintptr_t)s;
}

static void clocks(struct source *s, uint64_t *ret_now, uint64_t *ret_wall)
{
	(void)s;
	*ret_now = clock_now();
	*ret_wall = clock_wall();
}

static int scan(struct source *s, struct error *err)
{
	return sessions_scan(live_of(s)->sessions, true, err);
}

static void refresh(struct source *s)
{
	sessions_refresh(live_of(s)->sessions);
}

static int count(const struct source *s)
{
	return sessions_count(live_of(s)->sessions);
}

static const struct session_view *at(const struct source *s, int i)
{
	return sessions_at(live_of(s)->sessions, i);
}

static int trail(struct source *s, const char *id, int n, struct buf *ret, struct error *err)
{
	(void)s;
	return trail_tail(id, n, ret, err);
}

static int follow(struct source *s, const char *id, struct error *err)
{
	struct live *l = live_of(s);

	trail_close(l->followed);
	l->followed = NULL;
	if (id == NULL)
		return 0;
	if (trail_open(id, &l->followed, err) < 0)
		return -err->code;
	trail_watch_fd(l->followed); /* before the first line is read: nothing falls in between */
	return 0;
}

static int followed(struct source *s, const char **ret_line, size_t *ret_len, struct error *err)
{
	struct live *l = live_of(s);

	return l->followed != NULL ? trail_next(l->followed, ret_line, ret_len, err) : 0;
}

static int follow_fd(const struct source *s)
{
	struct live *l = live_of(s);

	return l->followed != NULL ? trail_watch_fd(l->followed) : -1;
}

static int policies(struct source *s, struct policy_names *ret, struct error *err)
{
	CLEANUP_FREE struct policy_entry *entries = NULL;
	int n = policy_list(getenv("HOME"), &entries, err);
	int most = (int)(sizeof(ret->names) / sizeof(ret->names[0]));

	(void)s;
	if (n < 0)
		return n;
	ret->n = n < most ? n : most;
	for (int i = 0; i < ret->n; i++)
		snprintf(ret->names[i], sizeof(ret->names[i]), "%s", entries[i].name);
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int policy(struct source *s, const char *name, struct policy_facts *ret, struct error *err)
{
	CLEANUP_POLICY struct policy *p = NULL;
	int r = policies_check(name, &p, err);

	(void)s;
	if (r < 0)
		return r;
	*ret = (struct policy_facts){
		.read_only = p->filesystem.read_only,
		.memory = p->limits.memory,
		.timeout_ns = p->limits.timeout_ns,
		.cpus_milli = p->limits.cpus_milli,
		.pids = p->limits.pids,
	};
	snprintf(ret->description, sizeof(ret->description), "%.159s",
	         p->description != NULL ? p->description : "");
	snprintf(ret->network, sizeof(ret->network), "%s", network_names[p->network.mode]);
	snprintf(ret->workspace, sizeof(ret->workspace), "%s",
	         workspace_names[p->filesystem.workspace]);
	snprintf(ret->seccomp, sizeof(ret->seccomp), "%.63s",
	         p->seccomp.profile != NULL ? base_name(p->seccomp.profile) : "-");
	snprintf(ret->root, sizeof(ret->root), "%.63s",
	         p->filesystem.root != NULL ? p->filesystem.root : "host");
	return 0;
}

static int order(struct source *s, const struct order *o, struct error *err)
{
	return jobs_start(&live_of(s)->jobs, o, err);
}

static bool outcome(struct source *s, struct outcome *ret)
{
	return jobs_outcome(&live_of(s)->jobs, ret);
}

static void say(const char *text)
{
	fd_write_all(STDOUT_FILENO, text, strlen(text));
}

static bool has_terminal(struct source *s, const char *id)
{
	for (int i = 0; i < count(s); i++)
		if (strcmp(at(s, i)->id, id) == 0)
			return at(s, i)->record->tty;
	return true;
}

static int attach(struct source *s, const char *id, bool read_only, struct error *err)
{
	bool tty = has_terminal(s, id);
	struct attach_options o = {
		.fd = -1,
		.id = id,
		.request = true,
		.raw = true,
		.lines = !tty,
		.read_only = read_only,
		.replay = true,
		.detach_keys = DETACH_KEYS,
	};
	struct attach_result result = { .signal = 0 };
	char line[160];
	int r = link_connect(id, &o.fd, err);

	if (r < 0)
		return r;
	snprintf(line, sizeof(line),
	         "\033[H\033[2J-- %.15s%s%s: Ctrl-Q comes back to the dashboard --\r\n", id,
	         tty ? "" : ", without a terminal", read_only ? ", read-only" : "");
	say(line);
	r = attach_relay(&o, &result, err);
	fd_close(&o.fd);
	/* What the agent switched on must not stay on: modes of the mouse, paste, colours, the
	 * alternate screen, the cursor. */
	say("\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1049l\033[?25h\033[?"
	    "7h\033[m\033(B");
	if (r == 0 && result.end == ATTACH_LOST)
		return error_set(err, ECONNRESET, "the supervisor is gone");
	return r;
}

static int order_fds(const struct source *s, int *fds, int max)
{
	return jobs_fds(&live_of(s)->jobs, fds, max);
}

static int watch_fd(const struct source *s)
{
	return sessions_watch_fd(live_of(s)->sessions);
}

static void close_live(struct source *s)
{
	trail_close(live_of(s)->followed);
	jobs_free(&live_of(s)->jobs);
	sessions_close(live_of(s)->sessions);
	free(live_of(s));
}

static void describe_machine(struct source *s)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *sudo = getenv("SUDO_USER");
	long pages = sysconf(_SC_PHYS_PAGES);
	long page = sysconf(_SC_PAGESIZE);

	if (gethostname(s->host, sizeof(s->host) - 1) < 0)
		s->host[0] = '\0';
	snprintf(s->user, sizeof(s->user), "%.63s", pw != NULL ? pw->pw_name : "?");
	s->root = geteuid() == 0;
	if (s->root && sudo != NULL)
		snprintf(s->launch_user, sizeof(s->launch_user), "%.63s", sudo);
	if (getcwd(s->launch_project, sizeof(s->launch_project)) == NULL)
		s->launch_project[0] = '\0';
	if (pages > 0 && page > 0)
		s->memory_total = (uint64_t)pages * (uint64_t)page;
}

int source_live(struct source **ret, struct error *err)
{
	struct live *l = calloc(1, sizeof(*l));
	int r;

	if (l == NULL)
		return error_set(err, ENOMEM, "no memory");
	l->source = (struct source){
		.clocks = clocks,
		.scan = scan,
		.refresh = refresh,
		.count = count,
		.at = at,
		.trail = trail,
		.follow = follow,
		.followed = followed,
		.follow_fd = follow_fd,
		.policies = policies,
		.policy = policy,
		.order = order,
		.outcome = outcome,
		.attach = attach,
		.order_fds = order_fds,
		.watch_fd = watch_fd,
		.close = close_live,
	};
	describe_machine(&l->source);
	r = sessions_open(&l->sessions, err);
	if (r < 0) {
		free(l);
		return r;
	}
	*ret = &l->source;
	return 0;
}
