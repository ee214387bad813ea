/*
 * mirror.h -- the copy that the module holds: taken, confirmed, stored, watched over, dropped.
 *
 * The refresher's thread (init's before it starts) changes it; any thread may ask for the gauges. A
 * failure never costs the copy held.
 */
#ifndef LR_MIRROR_H
#define LR_MIRROR_H

#include "draft.h"
#include "lr_error.h"
#include "reason.h"
#include "stats.h"
#include "store.h"

#include <stdio.h>

struct lr_localroot;
struct lr_mirror;

/* NULL: out of memory. */
struct lr_mirror *lr_mirror_new(struct lr_localroot *module);
void lr_mirror_free(struct lr_mirror *mirror);

/* Verifying ends when STOP says so: the refresher's, which outlives the copy. NULL at first. */
void lr_mirror_heed(struct lr_mirror *mirror, struct lr_stop *stop);

/*
 * Looks at the trust anchors: at first those of the configuration, once every module is set up the
 * validator's. When they change, the copy held is verified again or dropped. False: there is none
 * for ".", and nothing can be taken.
 */
bool lr_mirror_anchors(struct lr_mirror *mirror);

/*
 * Takes the copy on disk if it verifies, and serves it for what is left of its time. Where that is
 * not known (no state beside it, or one that cannot be used or is from the future), a source has to
 * confirm it first. What the state says of the highest serial counts in any case. To be called
 * once, after the first lr_mirror_anchors() and before anything else.
 *
 * Where it held one before a reload of Unbound that the disk does not have, it takes that instead.
 *
 * A disk that does not answer for PATIENCE_MS is not waited for: lr_mirror_work() takes the copy
 * when it comes, unless a source's is held by then. NOTIFY_FD, an eventfd, becomes readable when
 * there is work. LR_ENOMEM, LR_EIO: no thread is to be had.
 */
enum lr_code lr_mirror_load(
    struct lr_mirror *mirror, int notify_fd, int patience_ms, struct lr_error *err);

/* Goes on with what the disk has to do; now and then, and when notified. */
void lr_mirror_work(struct lr_mirror *mirror);

/* The end of that: what is to be kept on disk is waited for until UNTIL_MS (monotonic), then left
 * behind, which the log is told. */
void lr_mirror_end(struct lr_mirror *mirror, int64_t until_ms);

/* For people: what is wrong with the copy on disk, if anything is. Any thread. */
void lr_mirror_print(struct lr_mirror *mirror, FILE *out);

/* Where a draft came from: the URI, of when it is (seconds since 1970), and the EDNS EXPIRE that
 * came with it, or 0. */
struct lr_origin {
	const char *source;
	int64_t when;
	uint32_t expire;
};

/*
 * A source delivered a zone, which is consumed: verifies and publishes it, or confirms the copy
 * held where it is the same serial. A new one is on disk before it is served, unless the disk takes
 * longer than a second. The code and the text say why it was refused.
 */
enum lr_code lr_mirror_take(struct lr_mirror *mirror, struct lr_draft *draft,
    const struct lr_origin *origin, struct lr_error *err);

/* A source said that SERIAL is its current one and it is that of the copy held. LR_ESERIAL: it is
 * not. LR_EEXPIRED: it is, but its signatures have run out. LR_ESTALE: for too long. LR_ENOMEM. */
enum lr_code lr_mirror_confirm(struct lr_mirror *mirror, uint32_t serial,
    const struct lr_origin *origin, struct lr_error *err);

/* Whether the serial held has not changed for longer than the root's ever stands still. The
 * refresher's thread alone. */
bool lr_mirror_stands_still(const struct lr_mirror *mirror);

/* Tells the log when serving begins and ends, and lets the iterator follow. Whether the copy held
 * is fresh. */
bool lr_mirror_watch(struct lr_mirror *mirror);

/* Milliseconds until the copy held goes stale; INT64_MAX where none is fresh. */
int64_t lr_mirror_left_ms(const struct lr_mirror *mirror);

/* The zone held, fresh or stale, or NULL: valid until the next call that changes the copy. The
 * refresher's thread alone. */
const struct lr_zone *lr_mirror_zone(const struct lr_mirror *mirror);

/* Why the copy cannot serve; LR_NO_REASON: it can, unless something else decides for ".". Any
 * thread. */
enum lr_reason lr_mirror_reason(struct lr_mirror *mirror);

/* What stands; upstream_octets is left alone. Any thread. */
void lr_mirror_gauges(struct lr_mirror *mirror, struct lr_gauges *gauges);

/* The state of the copy held: when it was confirmed, by whom. False: no copy. Any thread. */
bool lr_mirror_state(struct lr_mirror *mirror, struct lr_state *state, int64_t *horizon);

#endif
