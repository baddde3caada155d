/*
 * board.h: the page set that each supervisor publishes and every viewer maps: a refresh of a
 * thousand sessions makes no system call per session and never waits for a supervisor.
 *
 * One writer (the supervisor), any number of readers, under a sequence lock: seq is odd while the
 * writer works. A reader copies, then checks seq; it gives up after a few tries and keeps its
 * previous copy. Layout is fixed and versioned; a reader refuses another version or a short file
 * (it fstats before it maps) and treats all content as hostile (text may hold any byte and may
 * lack its NUL: board_copy terminates it). The writer makes the file its final size before
 * publishing it and never shrinks it, so that a reader cannot be hit by SIGBUS.
 */
#ifndef WARDER_WIRE_BOARD_H
#define WARDER_WIRE_BOARD_H

#include <stdint.h>

#include "core/base/error.h"

#define BOARD_MAGIC 0x64726157u /* "Ward" */
enum { BOARD_VERSION = 1, BOARD_SAMPLES = 300, BOARD_LAYERS = 16, BOARD_COMMAND_MAX = 256 };

enum session_state {
	SESSION_STARTING,
	SESSION_RUNNING,
	SESSION_PAUSED,
	SESSION_EXITED,
	SESSION_KILLED,
	SESSION_TIMEOUT,
	SESSION_FAILED,
	SESSION_LOST,
	SESSION_STATE_COUNT,
};
extern const char *const session_state_names[SESSION_STATE_COUNT + 1];
static inline int session_state_live(enum session_state s)
{
	return s <= SESSION_PAUSED;
}

/* One second of usage. -1 = unknown (shown as null, never 0). Rates are per second over the sample.
 */
struct board_sample {
	uint64_t at;          /* ns, clock_now() */
	int32_t cpu_permille; /* of one core: 1000 = one core busy */
	int32_t pids;
	int64_t memory;                /* bytes */
	int64_t read_rate, write_rate; /* bytes/s */
	int64_t net_in_rate, net_out_rate;
	int32_t throttled_permille; /* of the time */
	int32_t reserved;
};

/* Counters are -1 while what would count them is not there. */
struct board_data {
	uint32_t state;     /* enum session_state */
	int32_t agent_pid;  /* on the host; 0 if none */
	uint32_t approvals; /* waiting now */
	uint32_t policy_revision;
	uint32_t attached;   /* terminals */
	uint32_t rows, cols; /* of the session's terminal; 0 without one */
	uint32_t n_layers;
	uint64_t started; /* ns, clock_now() */
	uint64_t started_wall;
	uint64_t state_since; /* ns, clock_now() */
	uint64_t deadline;    /* ns, clock_now(): wall-time limit, which pausing does not
				  * stop; 0 = none */
	uint64_t idle_deadline;
	uint64_t updated; /* ns, clock_now(): of the newest sample or change */
	int64_t cpu_ns, memory, memory_peak, memory_limit, pids, pids_limit;
	int64_t read_bytes, write_bytes, net_in, net_out;
	int64_t cpus_limit_milli;
	int64_t output_bytes; /* printed so far */
	int64_t execs, exec_denied, syscall_denied, connects, connect_denied, dns_denied, oom_kills;
	uint64_t trail_seq;                /* newest record */
	char trail_chain[72];              /* its chain, hex */
	uint8_t layer_state[BOARD_LAYERS]; /* 0 off, 1 degraded, 2 enforced, in the order of
					    * session.json's layers */
	char last_command[BOARD_COMMAND_MAX];
	uint32_t sample_head;  /* index of the next sample to be written */
	uint32_t sample_count; /* valid samples, at most BOARD_SAMPLES */
	struct board_sample samples[BOARD_SAMPLES];
};

struct board {
	uint32_t magic, version, size, seq;
	struct board_data data;
};

/* ---- readers ---- */

struct board_map; /* a mapping of one board */
int board_map_open(int dirfd, const char *name, struct board_map **ret, struct error *err);
void board_map_close(struct board_map *m); /* accepts NULL */
/* Copies a consistent state. 0, or -EAGAIN when the writer was in it at every try (*ret
 * untouched). No system call. */
int board_copy(const struct board_map *m, struct board_data *ret);
/* The i'th newest sample (0 = newest) or NULL. */
const struct board_sample *board_sample(const struct board_data *d, unsigned i);

/* ---- the writer ---- */

/* Makes the file (0600; grant access with fd_grant_read) and maps it. *ret_fd stays open for
 * fd_grant_read. */
int board_create(int dirfd, const char *name, struct board **ret, int *ret_fd, struct error *err);
void board_begin(struct board *b);
void board_end(struct board *b);
void board_push_sample(struct board *b, const struct board_sample *s); /* between begin and end */
void board_unmap(struct board *b);

#endif
