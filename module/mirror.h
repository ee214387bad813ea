/*
 * mirror.h -- the copy that the module holds: taken, confirmed, stored, watched over, dropped.
 *
 * The refresher's thread (init's before it starts) changes it; any thread may ask for the gauges. A
 * failure never costs the copy held.
 */
#ifndef LR_MIRROR_H
#define LR_MIRROR_H

#include "anchor.h"
#include "draft.h"
#include "held.h"
#include "lr_error.h"
#include "settings.h"
#include "snapshot.h"
#include "stats.h"
#include "store_queue.h"
#include "unbound.h"
#include "upstream.h"

#include <stdio.h>

struct lr_mirror;

/* What it works with; all of it outlives the mirror. */
struct lr_mirror_uses {
	struct module_env *env; /* the daemon's, for its caches */
	const struct lr_settings *settings;
	struct lr_stats *stats;
	struct lr_snapshot *snapshot; /* where it publishes */
	struct lr_upstream *upstream;
};

/* NULL: out of memory. */
struct lr_mirror *lr_mirror_new(const struct lr_mirror_uses *uses);
void lr_mirror_free(struct lr_mirror *mirror);

/* Verifying ends when STOP says so: the refresher's, which outlives the copy. NULL at first. */
void lr_mirror_heed(struct lr_mirror *mirror, struct lr_stop *stop);

/* From now on what is taken is stored through QUEUE; NULL, as at first: it is not. */
void lr_mirror_store_in(struct lr_mirror *mirror, struct lr_store_queue *queue);

/* The trust anchors to go by, until the next call; NULL: there are none. CHANGED: the copy held is
 * verified again, or dropped without any. To be called whenever they were looked at. */
void lr_mirror_trust(struct lr_mirror *mirror, const struct lr_anchors *anchors, bool changed);

/* Every module of Unbound's is set up: its caches may be looked at. */
void lr_mirror_host_ready(struct lr_mirror *mirror);

/*
 * A copy that was held before, which is consumed: published if it verifies, until what is left of
 * its time. Where that is not known (state->confirmed is 0), a source has to confirm it first.
 * *state becomes the copy's own. The code and the text say why not.
 */
enum lr_code lr_mirror_restore(struct lr_mirror *mirror, struct lr_draft *draft, const char *name,
    struct lr_state *state, struct lr_error *err);

/* The serial of STATE counts as accepted before. */
void lr_mirror_set_floor(struct lr_mirror *mirror, const struct lr_state *state);
/* Whether one was accepted before, here or before a restart. */
bool lr_mirror_has_floor(const struct lr_mirror *mirror);

/* Where a draft came from: the URI, whom it was reached at (lr_source_peer()), of when it is
 * (seconds since 1970), and the EDNS EXPIRE that came with it, or 0. */
struct lr_origin {
	const char *source, *peer;
	int64_t when;
	uint32_t expire;
};

/*
 * A source delivered a zone, which is consumed: verifies and publishes it, or confirms the copy
 * held where it is the same serial. A new one is on disk before it is served, unless the disk takes
 * longer than a second. The code and the text say why it was refused.
 *
 * LR_EUPDATE, as with a copy restored: it is verified and not understood, and so the copy held is
 * not served any more, its serial counts as accepted, and the log has been told.
 */
enum lr_code lr_mirror_take(struct lr_mirror *mirror, struct lr_draft *draft,
    const struct lr_origin *origin, struct lr_error *err);

/*
 * Forgets the copy, and the serial that counts as accepted before, in memory and on disk: the next
 * zone that verifies is taken, whatever its serial.
 */
void lr_mirror_forget(struct lr_mirror *mirror);

/* A source said that SERIAL is its current one and it is that of the copy held. LR_ESERIAL: it is
 * not. LR_EEXPIRED: it is, but its signatures have run out. LR_ESTALE: it is that of a file that
 * has not changed for too long, or its SOA gives it no time. LR_ENOMEM. */
enum lr_code lr_mirror_confirm(struct lr_mirror *mirror, uint32_t serial,
    const struct lr_origin *origin, struct lr_error *err);

/* Whether the serial held has not changed for longer than the root's ever stands still. The
 * refresher's thread alone. */
bool lr_mirror_stands_still(const struct lr_mirror *mirror);

/* Looks after the copy held: its horizon, what Unbound's caches hold that is older, and the log,
 * which is told when serving begins and ends. OVERRIDDEN: something else decides for ".". Whether
 * the copy is fresh. */
bool lr_mirror_watch(struct lr_mirror *mirror, bool overridden);

/* Milliseconds until the copy held goes stale; INT64_MAX where none is fresh. */
int64_t lr_mirror_left_ms(const struct lr_mirror *mirror);

/* The zone held, fresh or stale, or NULL: valid until the next call that changes the copy. The
 * refresher's thread alone. */
const struct lr_zone *lr_mirror_zone(const struct lr_mirror *mirror);

/* How things stand with the copy. Any thread. */
void lr_mirror_facts(struct lr_mirror *mirror, struct lr_held_facts *facts);

#endif
