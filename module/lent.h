/*
 * lent.h -- the zone as Unbound keeps one: the contents of an auth zone, in memory that Unbound can
 * free.
 */
#ifndef LR_LENT_H
#define LR_LENT_H

#include "unbound.h"
#include "zone.h"

struct lr_lent {
	rbtree_type tree; /* of struct auth_data */
	size_t octets;
};

/* No contents. */
void lr_lent_init(struct lr_lent *lent);
bool lr_lent_is_empty(const struct lr_lent *lent);

/* Writes the whole zone into *lent, which holds nothing yet. Takes milliseconds. False: out of
 * memory, and nothing is left there. Any thread. */
bool lr_lent_write(struct lr_lent *lent, const struct lr_zone *zone);

/* Frees the contents: none are left. */
void lr_lent_clear(struct lr_lent *lent);

#endif
