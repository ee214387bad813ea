/*
 * restore.h -- the copy that was held before: on disk, or over a reload of Unbound. Brought back at
 * the start, or as soon as the disk gives it.
 *
 * The refresher's thread (init's before it starts).
 */
#ifndef LR_RESTORE_H
#define LR_RESTORE_H

#include "mirror.h"
#include "store_queue.h"

/* What it works with; all of it outlives the call. */
struct lr_restore {
	struct lr_mirror *mirror;
	struct lr_store_queue *queue;
	struct lr_stats *stats;
	const struct lr_anchors *anchors; /* or NULL: nothing is taken */
};

/*
 * Takes the copy on disk if it verifies, and serves it for what is left of its time. Where that is
 * not known (no state beside it, or one that cannot be used or is from the future), a source has to
 * confirm it first. What the state says of the highest serial counts in any case, unless it is
 * another root's. To be called once, before anything else is taken.
 *
 * Where one was held before a reload that the disk does not have, it takes that instead.
 *
 * A disk that does not answer for PATIENCE_MS is not waited for. LR_ENOMEM, LR_EIO: no thread is to
 * be had.
 */
enum lr_code lr_restore_start(
    const struct lr_restore *restore, int patience_ms, struct lr_error *err);

/* Takes it when it comes later, unless a source's is held by then. */
void lr_restore_go_on(const struct lr_restore *restore);

/* At the end: leaves what the disk may not have after a reload. */
void lr_restore_leave(struct lr_mirror *mirror, struct lr_store_queue *queue);

#endif
