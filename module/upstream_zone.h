/*
 * upstream_zone.h -- the zone as Unbound keeps one: the contents of an auth zone.
 *
 * These are names and rrsets in one piece of memory of ours; the data are those that the zone has
 * packed (packed_rrset.h). Unbound only reads them, with one exception. From 1.23 on fast_reload
 * deletes an auth zone: it visits the name at each node of the tree, gives that and its rrsets back
 * to malloc(), each by itself, and does not look at the nodes again. So there the tree's keys are
 * names of their own, without rrsets, that only stand for a node's name.
 */
#ifndef LR_UPSTREAM_ZONE_H
#define LR_UPSTREAM_ZONE_H

#include "unbound.h"
#include "zone.h"

struct lr_upstream_zone {
	rbtree_type tree;           /* of struct auth_data */
	const struct lr_zone *zone; /* whose data these are, a reference; NULL: no contents */
	void *pages;                /* names and rrsets */
	size_t size;                /* bytes of those pages */
	size_t bytes;               /* of memory that all of it takes beside the zone, keys too */
};

/* No contents. */
void lr_upstream_zone_init(struct lr_upstream_zone *contents);
bool lr_upstream_zone_is_empty(const struct lr_upstream_zone *contents);

/* Makes the contents of a zone that is packed, in place of whatever is in *contents, and takes a
 * reference to it. Takes about a millisecond. False: out of memory, and there are none. Any thread.
 */
bool lr_upstream_zone_write(struct lr_upstream_zone *contents, const struct lr_zone *zone);

/* Frees the contents, keys and all: none are left. */
void lr_upstream_zone_clear(struct lr_upstream_zone *contents);

/* The same where Unbound has deleted the auth zone that they were in, and the keys with it. */
void lr_upstream_zone_let_go(struct lr_upstream_zone *contents);

#endif
