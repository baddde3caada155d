/*
 * identity.h: what others need of the identity layer besides the seam.
 */
#ifndef WARDER_LAYERS_IDENTITY_H
#define WARDER_LAYERS_IDENTITY_H

/* For a reaper: frees the uid range that a session left when it ended uncleanly; call it when
 * nothing of the session lives any more. 0 (also when it held none), -EBUSY while somebody holds
 * it, or -errno. */
int identity_reclaim(const char *runtime_dir, const char *id);

/* The exact remedy for a refused user namespace, after looking at this machine's settings. Static
 * storage. */
const char *identity_userns_remedy(void);

#endif
