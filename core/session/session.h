/*
 * session.h: one supervisor's whole state. One session, one process, one thread, one loop. Nothing
 * in it is global.
 */
#ifndef WARDER_SESSION_SESSION_H
#define WARDER_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/bounds.h"
#include "core/base/loop.h"
#include "core/layers/cgroup.h"
#include "core/session/launch.h"
#include "core/session/output.h"
#include "core/session/plan.h"
#include "core/session/registry.h"
#include "core/session/trail.h"
#include "core/wire/board.h"
#include "core/wire/packet.h"

struct session;
struct exec_watch;

/* A packet waiting for a client. */
struct queued {
	struct queued *next;
	size_t size;
	bool output; /* may be dropped for a slow viewer, told with PACKET_GAP */
	unsigned char bytes[];
};

struct client {
	struct session *session;
	struct loop_fd source;
	struct client *next;
	uid_t uid;
	bool launcher; /* the connection that started the session: output without loss, the
			 * agent waits for it */
	bool attached, read_only, watching;
	bool stdin_open; /* may still send input */
	bool closing;    /* goes as soon as its queue is empty */
	struct queued *head, **tail;
	size_t queued;    /* bytes held, the heads of the list included */
	unsigned answers; /* of them packets that are no output */
	uint64_t dropped; /* bytes of output not yet told as a gap */
};

/* Why a session ends; the first cause stays. */
enum end_cause {
	END_NONE,
	END_EXIT, /* the agent's main process ended by itself */
	END_STOP, /* a user asked */
	END_WALL,
	END_IDLE,
	END_OOM,
	END_TRAIL,  /* the record could not be kept */
	END_BROKEN, /* the supervisor cannot go on */
};

struct stream {
	struct session *session;
	struct loop_fd source;
	uint8_t id; /* 1 stdout or terminal, 2 stderr */
	bool open;  /* its end has not been read yet */
};

struct session {
	struct loop *loop;
	struct plan plan;
	struct seat seat;
	struct sandbox box;
	struct cgroup *cgroup; /* borrowed from the limits layer; NULL if degraded */
	struct trail trail;
	struct output output;
	struct board *board;
	int board_fd;

	enum session_state state;
	uint64_t started, started_wall, ended_wall, state_since;
	enum end_cause cause;
	uid_t cause_uid;
	int cause_signal;
	bool have_status, init_gone, finished;
	int status;    /* of the agent, as waitpid gives it */
	int exit_code; /* -1 until known */
	char reason[128];

	/* streams */
	struct stream out, err;
	struct loop_fd in_source; /* the agent's stdin or the terminal, when input waits */
	unsigned char *in_data;   /* pending input, PACKET_MAX at most */
	size_t in_len, in_off;
	bool in_eof;
	bool out_paused;        /* the launcher's queue is full: the agent waits */
	uint64_t last_activity; /* ns, clock_now() */

	/* control */
	struct loop_fd listener;
	struct client *clients;
	int n_clients;
	struct loop_timer linger_timer; /* after the end: slow viewers are not waited for longer */

	struct exec_watch *exec_watch; /* exec_watch.h */

	/* sources and timers of the life cycle */
	struct loop_fd init_source, sync_source, signal_source, oom_source;
	struct loop_timer sample_timer, wall_timer, idle_timer, stop_timer, kill_timer,
		freeze_timer;
	bool freezing, frozen; /* asked, confirmed */
	uint64_t freeze_deadline;
	struct client *freeze_client; /* waits for the answer; NULL if it left */
	uint16_t freeze_id;
	uid_t pause_uid; /* who asked */
	struct cgroup_usage usage, usage_before;
	uint64_t sampled_at;
	int64_t oom_seen;
};

#endif
