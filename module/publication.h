/*
 * publication.h -- the zone as the host has it: Unbound's workers (snapshot.h), its iterator
 * (upstream.h) and its caches (cached.h), which are never of an older one for longer than a moment.
 *
 * The publishing thread's: init's, then the refresher's.
 */
#ifndef LR_PUBLICATION_H
#define LR_PUBLICATION_H

#include "cached.h"
#include "lr_error.h"
#include "snapshot.h"
#include "unbound.h"
#include "upstream.h"

/* To be set up with the first three, which outlive it; the rest is its own, all zero at first. */
struct lr_publication {
	struct module_env *env; /* the daemon's, for its caches */
	struct lr_snapshot *snapshot;
	struct lr_upstream *upstream;
	bool host_ready;
	unsigned packed, ttls; /* editions of the limits on TTLs: of what was packed last, of what
				  is published */
	struct lr_cached_place swept;
};

/* Every module of Unbound's is set up: its caches may be looked at. */
void lr_publication_host_ready(struct lr_publication *publication);

/* Gets ZONE ready to be published, before anybody else has it. */
void lr_publication_pack(struct lr_publication *publication, const struct lr_zone *zone);

/* Publishes ZONE, which was packed last, until HORIZON (seconds since 1970), and takes a reference.
 * LR_ENOMEM: nothing has changed. */
enum lr_code lr_publication_set(
    struct lr_publication *publication, const struct lr_zone *zone, int64_t horizon);

/* What is published was confirmed, NOW: it is good until HORIZON. */
void lr_publication_prolong(struct lr_publication *publication, int64_t now, int64_t horizon);

/* What is published and fresh is good until HORIZON, no later than before. */
void lr_publication_set_horizon(struct lr_publication *publication, int64_t horizon);

/* Nothing is published any more. */
void lr_publication_drop(struct lr_publication *publication);

/* To be called now and then while what is published is good, until HORIZON: Unbound's limits on
 * TTLs may have changed, and its caches may have got what is older. */
void lr_publication_follow_limits(struct lr_publication *publication, int64_t horizon);
void lr_publication_look_at_caches(struct lr_publication *publication);

/* Whether NOW is before the horizon of what is published. */
bool lr_publication_fresh(const struct lr_publication *publication, int64_t now);

/* The zone published, fresh or stale, or NULL: valid until the next call that changes it. */
const struct lr_zone *lr_publication_zone(const struct lr_publication *publication);

#endif
