/*
 * mirror_parts.h -- the inside of the copy that the module holds. For mirror.c and mirror_load.c
 * alone.
 */
#ifndef LR_MIRROR_PARTS_H
#define LR_MIRROR_PARTS_H

#include "cached.h"
#include "store_queue.h"
#include "mirror.h"
#include "localroot.h"
#include "said.h"
#include "validate.h"

#include <pthread.h>

struct lr_mirror {
	struct lr_localroot *module;
	struct lr_store_queue *queue; /* from lr_mirror_load() on */
	struct lr_anchors *anchors;   /* those that the copy held was verified with */
	bool anchors_looked_at;       /* the log knows whether there are any */
	bool has_validator;           /* among Unbound's modules */
	bool verdict_due; /* but for want of memory the copy was not verified with them */
	bool serving;     /* as the log was told */
	bool has_floor;   /* a zone was accepted before, here or before a restart: its serial is the
			     state's */
	struct lr_stop *stop; /* or NULL */
	int64_t horizon_ms;   /* by the monotonic clock: a clock set back does not stretch it */
	struct lr_said said_memory, said_anchors;
	struct lr_cached_place swept;

	pthread_mutex_t lock; /* of what follows, which others look at */
	struct lr_state state;
	int64_t horizon;
	size_t zone_octets; /* 0: no copy */
	bool anchored;      /* there is a trust anchor for "." */
};

/* Consumes the draft, as lr_validate(). HAS_FLOOR: the state's serial is the least. */
enum lr_code lr_mirror_verify(struct lr_mirror *mirror, struct lr_draft *draft, bool has_floor,
    const struct lr_zone **zone, struct lr_report *report);
void lr_mirror_log_verified(const char *source, const struct lr_report *report);

/* Until when ZONE may be served, as STATE says when it was confirmed. */
int64_t lr_mirror_horizon(
    const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state);

/* Publishes ZONE, of which it takes a reference of its own, until its horizon. */
void lr_mirror_publish(
    struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state);

#endif
