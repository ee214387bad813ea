/*
 * handover.h -- the copy that was held, over a reload of Unbound, where the disk does not have it:
 * a folder that cannot be written, a disk that does not answer, or another folder than before. What
 * is older and lies there is not to be served in its place.
 *
 * The thread that runs init and deinit.
 */
#ifndef LR_HANDOVER_H
#define LR_HANDOVER_H

#include "store.h"

/* Leaves ZONE, of which it takes a reference of its own, and what was known of it; NULL: only that
 * nothing older than the state's serial is to be taken. PATH is where the disk has it, or NULL.
 * From then on the module stays in memory; where it cannot, nothing is left. */
void lr_handover_leave(const struct lr_zone *zone, const struct lr_state *state, const char *path);

/* What was left, once, unless it is to be had from the disk at PATH. *zone is the caller's, or
 * NULL. False: nothing. */
bool lr_handover_take(const char *path, const struct lr_zone **zone, struct lr_state *state);

#endif
