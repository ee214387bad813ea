/*
 * held.h -- how things stand with the copy held: what the mirror says of it, and anybody may ask.
 *
 * The mirror's thread alone writes, and reads what it wrote without the lock. What is for any
 * thread is said to be so.
 */
#ifndef LR_HELD_H
#define LR_HELD_H

#include "freshness.h"
#include "key_tags.h"
#include "reason.h"
#include "store.h"
#include "zone.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_held_facts {
	/* Why the copy cannot serve; LR_NO_REASON: it can, unless there is no trust anchor or
	 * something else decides for ".". */
	enum lr_reason reason;
	/* Seconds since 1970: since when it is served, or else since when it is not. */
	int64_t since;
	bool held; /* there is a copy, fresh or stale, and what follows is of it */
	struct lr_state state;
	int64_t horizon;         /* counts where state.confirmed is known */
	enum lr_limit limit;     /* what decides that */
	uint32_t refresh, retry; /* seconds, the SOA's */
	struct lr_key_tags keys;
	size_t zone_bytes;
};

struct lr_held {
	pthread_mutex_t lock;       /* of what follows */
	struct lr_held_facts facts; /* but for the reason */
	bool outdated; /* there is no copy, for the root's current one is not understood here */
};

/* No copy, SINCE then. */
void lr_held_init(struct lr_held *held, int64_t since);
void lr_held_destroy(struct lr_held *held);

/* ZONE is the copy, confirmed as STATE says, and good until HORIZON, which is what LIMIT says. */
void lr_held_set(struct lr_held *held, const struct lr_zone *zone, const struct lr_state *state,
    int64_t horizon, enum lr_limit limit);

/* There is no copy any more. STATE is kept for the serial accepted last. OUTDATED as above. */
void lr_held_drop(struct lr_held *held, bool outdated);
void lr_held_set_state(struct lr_held *held, const struct lr_state *state);

void lr_held_set_horizon(struct lr_held *held, int64_t horizon);
void lr_held_set_since(struct lr_held *held, int64_t since);

/* Any thread. */
void lr_held_read(struct lr_held *held, struct lr_held_facts *facts);

#endif
