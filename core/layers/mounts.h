/*
 * mounts.h: what the session needs of the mounts layer beyond the seam of layer.h.
 */
#ifndef WARDER_LAYERS_MOUNTS_H
#define WARDER_LAYERS_MOUNTS_H

struct launch;

/* The child stands in its new root: closes every descriptor that was kept for it (sources, detached
 * trees), so that the supervisor pins no mount and no file of the host. Call in the parent once the
 * child has entered its layers; what describe tells stays. Safe to call twice, and on a launch
 * without this layer's state. */
void mounts_launched(struct launch *l);

#endif
