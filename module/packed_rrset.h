/*
 * packed_rrset.h -- an rrset of the zone in Unbound's packed form.
 *
 * A zone that is to be served has room for that form in front of each rrset's data, which already
 * is as Unbound has it. So an answer copies one piece of memory, and the iterator reads the zone
 * itself (upstream_zone.h).
 */
#ifndef LR_PACKED_RRSET_H
#define LR_PACKED_RRSET_H

#include "unbound.h"
#include "zone.h"

extern const struct lr_room lr_packed_room;

/*
 * Packs all rrsets of a zone with that room, before others get to see it. TTLs, relative and within
 * cache-min-ttl and cache-max-ttl as Unbound gives them to what it receives, and trust are as the
 * iterator is to have them.
 */
void lr_packed_fill(const struct lr_zone *zone);

/* The rrset of a zone that is packed, and its bytes: one piece of memory. */
struct packed_rrset_data *lr_packed(const struct lr_zone *zone, const struct lr_rrset *rrset);
size_t lr_packed_size(const struct lr_rrset *rrset);

/*
 * Copies it to DATA, which has that room, with TTLs within the limits that there are now. NEGATIVE
 * is for a SOA that goes with a denial, whose TTL is at most the zone's MINIMUM (RFC 2308 section
 * 5) and within the limits for negative answers. Trust and security are the caller's to set.
 */
void lr_packed_copy(struct packed_rrset_data *data, const struct lr_zone *zone,
    const struct lr_rrset *rrset, bool negative);

/* All signatures at the apex, as an rrset of type RRSIG, each with its own TTL. */
size_t lr_packed_signatures_size(const struct lr_zone *zone);
void lr_packed_fill_signatures(struct packed_rrset_data *data, const struct lr_zone *zone);

#endif
