/*
 * bounds.h: every cap that warder puts on what others can make it hold, with its reason.
 * A number that bounds input, memory or time belongs here and nowhere else.
 */
#ifndef WARDER_BASE_BOUNDS_H
#define WARDER_BASE_BOUNDS_H

enum {
	POLICY_FILE_MAX = 1024 * 1024,  /* a policy or profile; Docker's own profile is 14 kB */
	JSON_DEPTH_MAX = 32,            /* nesting; a policy needs 5; bounds cJSON's recursion */
	POLICY_EXTENDS_MAX = 8,         /* parents in a chain; a loop is found by it at last */
	POLICY_LIST_MAX = 512,          /* rules, mounts, tmpfs, variables in one list */
	REQUEST_MAX = 4 * 1024 * 1024,  /* a launch request: argv and environment as for execve */
	ARGV_MAX = 8192,                /* arguments of one command line in a request */
	MOUNTS_MAX = 64,                /* mounts asked for in one session */
	HIDE_ENTRIES_MAX = 200000,      /* directory entries looked at for filesystem.hide */
	HIDE_MATCHES_MAX = 128,         /* files masked by it: a mount each */
	SESSIONS_MAX = 1024,            /* live sessions of one runtime directory */
	CONTROL_CLIENTS_MAX = 32,       /* connections to one supervisor */
	CONTROL_CLIENTS_PER_UID = 16,   /* of one user, so that one cannot shut the others out */
	PACKET_MAX = 64 * 1024,         /* a SOCK_SEQPACKET message, well under the socket buffer */
	CLIENT_QUEUE_MAX = 1024 * 1024, /* bytes queued to one client; then the oldest go, told */
	GLOB_PATTERN_MAX = 4096,        /* a path is no longer; bounds the matcher's stack */
	CLIENT_ANSWERS_MAX = 64,        /* answers that a client leaves unread before it is not
					 * heard any more */
	STOP_GRACE_MAX_S = 24 * 3600,   /* between TERM and KILL: a client's number, kept from
					 * overflowing a deadline */
	NAME_LEN_MAX = 63,              /* a session's name, a host name too: one DNS label */
	TRAIL_LINE_MAX = 256 * 1024,    /* one record, argv included */
	TRAIL_TAIL_MAX = 64,            /* recent records kept for screens */
	SECCOMP_INSNS_MAX = 4096,       /* BPF_MAXINSNS: the kernel refuses a longer filter */
	SECCOMP_CACHE_MAX = 64,         /* compiled filters kept; full, it starts again: users
					 * choose the profiles */
	DOTFILE_MAX = 256 * 1024,       /* session.json */
	SUPERVISOR_LOG_MAX = 256 * 1024,
	MOUNTINFO_MAX = 16 * 1024 * 1024, /* /proc/self/mountinfo: a machine with tens of
					   * thousands of mounts */
	SYSTEM_FILE_MAX = 1024 * 1024,    /* a file taken into a session's /etc */
	SECRET_PEEK_MAX = 16 * 1024,      /* bytes looked at for a token or key: they stand near
					 * the beginning */
	OWNER_GROUPS_MAX = 1024,          /* groups of a user whose rights are borrowed to open his
					 * files */
	IDMAPS_MAX = 16,               /* owners whose id map is kept while a launch is prepared */
	ENVIRONMENT_MAX = 1024 * 1024, /* bytes of a session's environment; execve's own limit
					 * is about 2 MiB */
	COMMAND_ARGS_MAX = 32 * 1024,  /* arguments of one command kept in its record, which as
					 * JSON may be six times that; the digest covers all */
	TRAIL_FILE_MAX = 1024 * 1024 * 1024, /* a trail: over a million commands; then the
					      * session ends, since nothing may run unrecorded */
	EXEC_ARGS_MAX = 6 * 1024 * 1024,     /* what the kernel lets execve copy at most (three
					  * quarters of 8 MB of stack) */
	EXEC_TORN_MAX = 128 * 1024, /* how far past its end a rewritten argument is followed:
					 * one string's limit */
	CLAIM_ARGS_MAX = 256,       /* arguments read where the truth cannot be had */
	COMMANDS_MAX = 4096,        /* running commands whose end is waited for: a descriptor
					 * each */
	EXEC_PER_TURN = 64,         /* announcements taken in one turn of the loop: clients
					 * have theirs */
};

#endif
