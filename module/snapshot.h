/*
 * snapshot.h -- the one published copy of the zone, and the workers' hold on it.
 *
 * One thread at a time publishes (init, then the refresher); workers acquire, read and release.
 * Acquiring takes no lock and writes to no cache line that another worker writes to: each worker
 * announces what it reads in a place of its own, and the publisher waits until nobody reads the
 * copy that it takes away.
 */
#ifndef LR_SNAPSHOT_H
#define LR_SNAPSHOT_H

#include "zone.h"

struct lr_snapshot;

struct lr_copy {
	const struct lr_zone *zone;
	int64_t confirmed; /* seconds since 1970: when a source last said that this is the current
			      zone */
	int64_t horizon;   /* seconds since 1970: from here on it is not served */
};

/* WORKERS readers at most, numbered from 0. NULL: out of memory. */
struct lr_snapshot *lr_snapshot_new(unsigned workers);

/* Nobody reads any more. */
void lr_snapshot_free(struct lr_snapshot *snapshot);

/*
 * Publishes a copy (taking over the caller's reference to its zone) instead of the one before; NULL
 * takes the one before away. False: out of memory; nothing has changed and the reference is still
 * the caller's.
 */
bool lr_snapshot_publish(struct lr_snapshot *snapshot, const struct lr_copy *copy);

/* The published copy or NULL, whatever its horizon: the publishing thread's own look. */
const struct lr_copy *lr_snapshot_peek(const struct lr_snapshot *snapshot);

/* The copy, if one is published and NOW is before its horizon; valid until released. Not nested. */
const struct lr_copy *lr_snapshot_acquire(
    struct lr_snapshot *snapshot, unsigned worker, int64_t now);
void lr_snapshot_release(struct lr_snapshot *snapshot, unsigned worker);

#endif
