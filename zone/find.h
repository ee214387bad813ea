/*
 * find.h -- what the zone says of a name and a type (RFC 1034 section 4.3.2, RFC 4035 section 3.1).
 *
 * Any thread: a sealed zone does not change. A finding points into the zone, and is good as long as
 * the zone is.
 */
#ifndef LR_FIND_H
#define LR_FIND_H

#include "zone.h"

enum lr_outcome {
	LR_OUTSIDE,  /* the name is not in the zone */
	LR_ANSWER,   /* finding.answer */
	LR_NODATA,   /* the name exists, the type does not: soa, proofs */
	LR_NXDOMAIN, /* soa, proofs */
	LR_REFERRAL, /* the name is at or below the delegation finding.delegation */
	LR_ALIAS     /* CNAME or DNAME decides; finding.answer is that rrset */
};

struct lr_finding {
	enum lr_outcome outcome;
	/* The answer, or that there is none, is a wildcard's: proofs deny the name. */
	bool wildcard;
	const struct lr_rrset *answer;
	const struct lr_rrset *soa;
	const struct lr_rrset *delegation; /* the NS rrset at the cut */
	const struct lr_rrset *ds; /* the DS rrset at the cut, or NULL: then proofs[0] denies it */
	const struct lr_rrset *proofs[2]; /* NSEC rrsets; fewer where one proves both, none where
					     the zone has no NSEC */
	unsigned proof_count;
};

/* NAME is in wire form, any case. Never fails; does not allocate. */
void lr_zone_find(
    const struct lr_zone *zone, const uint8_t *name, uint16_t type, struct lr_finding *finding);

#endif
