/*
 * upstream_zone.h -- the zone as Unbound keeps one: the contents of an auth zone, in memory that
 * Unbound can free.
 */
#ifndef LR_UPSTREAM_ZONE_H
#define LR_UPSTREAM_ZONE_H

#include "unbound.h"
#include "zone.h"

struct lr_upstream_zone {
	rbtree_type tree; /* of struct auth_data */
	size_t bytes;     /* of memory that they take */
};

/* No contents. */
void lr_upstream_zone_init(struct lr_upstream_zone *contents);
bool lr_upstream_zone_is_empty(const struct lr_upstream_zone *contents);

/* Writes the whole zone into *contents, which holds nothing yet. Takes milliseconds. False: out of
 * memory, and nothing is left there. Any thread. */
bool lr_upstream_zone_write(struct lr_upstream_zone *contents, const struct lr_zone *zone);

/* Frees the contents: none are left. */
void lr_upstream_zone_clear(struct lr_upstream_zone *contents);

#endif
