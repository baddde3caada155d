/*
 * entry.h: the processes that the same binary becomes when it is started with a hidden verb. The
 * only header under core/session that main.c may see; nobody else's.
 */
#ifndef WARDER_SESSION_ENTRY_H
#define WARDER_SESSION_ENTRY_H

/* `warder __supervise`: fd 3 is the launcher's SOCK_SEQPACKET socket, fd 4 a memfd with the launch
 * request (wire/request.h). Returns the exit status. */
int supervise_main(void);
/* `warder __reap ID`: finishes what a dead supervisor left of session ID. 0 when it is gone or was
 * alive. */
int reap_main(const char *id);
/* `warder __probe`: tries every layer, prints JSON on stdout. */
int probe_main(void);

#endif
