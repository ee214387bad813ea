/*
 * zone.h -- the sealed zone: immutable, verified, in canonical order, in one piece of memory.
 *
 * Only lr_validate() makes one: a `const struct lr_zone *` is the proof that its contents were
 * verified. It may be read from any number of threads; references are counted atomically.
 */
#ifndef LR_ZONE_H
#define LR_ZONE_H

#include "name.h"

struct lr_zone;

/*
 * Room that a zone leaves in front of the data of each rrset, for whoever serves it: bytes for the
 * rrset, and for each of its records and signatures. It begins at a multiple of eight.
 */
struct lr_room {
	size_t rrset, record;
};

/* One rrset with the signatures that cover it. Lives as long as its zone. */
struct lr_rrset {
	uint32_t node;   /* index of its owner */
	uint32_t data;   /* arena offset: count records, then their signatures, each two octets of
			    length and its RDATA */
	uint32_t octets; /* of all of them */
	uint32_t ttl;    /* seconds; the signatures' own are the same (RFC 4034 section 3) */
	uint16_t type;
	uint16_t count;
	uint16_t signatures;
};

/* What the zone says as a whole. */
struct lr_zone_facts {
	uint32_t serial;
	uint32_t refresh, retry, expire, minimum; /* seconds, from the SOA */
	/* The earliest expiration of the signatures verified, but the ZONEMD's; 0: none was. */
	uint32_t signatures_expire;
	size_t records, delegations;
	size_t bytes; /* of memory that the zone takes */
};

const struct lr_zone *lr_zone_ref(const struct lr_zone *zone);
void lr_zone_unref(const struct lr_zone *zone); /* NULL is allowed */

/* Another one like it, with what stands in its rooms: the caller's reference. NULL: out of memory.
 */
const struct lr_zone *lr_zone_copy(const struct lr_zone *zone);

const struct lr_zone_facts *lr_zone_facts(const struct lr_zone *zone);
const uint8_t *lr_zone_origin(const struct lr_zone *zone);

/* The rrsets in canonical order of owner and type, 0 to lr_zone_rrset_count() - 1. */
size_t lr_zone_rrset_count(const struct lr_zone *zone);
const struct lr_rrset *lr_zone_rrset(const struct lr_zone *zone, size_t index);

/* The rrset of exactly this owner and type, glue too; or NULL. */
const struct lr_rrset *lr_zone_lookup(
    const struct lr_zone *zone, const uint8_t *name, uint16_t type);

const uint8_t *lr_rrset_owner(
    const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *length);

/* The first of rrset->octets octets: see struct lr_rrset. */
const uint8_t *lr_rrset_data(const struct lr_zone *zone, const struct lr_rrset *rrset);

/* The room in front of it, for whoever made the zone to fill before others get to see it. */
void *lr_rrset_room(const struct lr_zone *zone, const struct lr_rrset *rrset);

#endif
