/*
 * identity_slots.h: ranges of host ids, one for each live session of root mode; private to
 * identity*.c and their test.
 *
 * A slot is a file $runtime_dir/ids/N. Its range is taken while somebody holds flock(2) on the
 * file, which the kernel gives back with the last descriptor; the file names the session. A slot
 * that nobody holds but that names a session whose runtime directory is still there belonged to one
 * that ended uncleanly: it is not given out before the reaper has been there (identity_reclaim),
 * since processes or files of that session may be left.
 */
#ifndef WARDER_LAYERS_IDENTITY_SLOTS_H
#define WARDER_LAYERS_IDENTITY_SLOTS_H

#include <stdint.h>

#include "core/base/error.h"

/* Above systemd's container range (524288..1879048191, systemd UIDS-GIDS.md), below 2^31, where
 * some programs see a sign. */
enum { SLOT_FIRST_ID = 0x70000000, SLOT_IDS = 65536, SLOT_COUNT = 4095 };

struct id_slot {
	int fd; /* holds the lock; -1 = none */
	unsigned number;
	uint32_t first; /* id */
};

/* Takes a slot for a session. -EUSERS when none is free. */
int id_slot_take(const char *runtime_dir, const char *id, struct id_slot *ret, struct error *err);
void id_slot_release(struct id_slot *s);

#endif
