/*
 * packed_rrset.h -- an rrset of the zone in Unbound's packed form.
 */
#ifndef LR_PACKED_RRSET_H
#define LR_PACKED_RRSET_H

#include "unbound.h"
#include "zone.h"

/* Bytes that the packed form takes, in one piece. */
size_t lr_packed_size(const struct lr_rrset *rrset);

/*
 * Fills DATA, which has that room. TTLs are relative and within cache-min-ttl and cache-max-ttl, as
 * Unbound gives them to what it receives; NEGATIVE is for a SOA that goes with a denial, whose TTL
 * is at most the zone's MINIMUM (RFC 2308 section 5) and within the limits for negative answers.
 * Trust and security are the caller's to set.
 */
void lr_packed_fill(struct packed_rrset_data *data, const struct lr_zone *zone,
    const struct lr_rrset *rrset, bool negative);

/* The same for all signatures at the apex, as an rrset of type RRSIG, each with its own TTL. */
size_t lr_packed_signatures_size(const struct lr_zone *zone);
void lr_packed_fill_signatures(struct packed_rrset_data *data, const struct lr_zone *zone);

#endif
