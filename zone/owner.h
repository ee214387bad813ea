/*
 * owner.h -- walks a sorted draft by owner name and tells which data the zone has authority over.
 *
 * Nothing is allocated; pointers hold as long as the draft's (see draft.h).
 */
#ifndef LR_OWNER_H
#define LR_OWNER_H

#include "draft.h"

/* The fixed part of RRSIG RDATA (RFC 4034 section 3.1): what comes before the signer's name. */
#define LR_RRSIG_FIXED 18

/* All records of one name, START up to END; SIGNATURES up to SIGNATURES_END are its RRSIGs. */
struct lr_owner {
	const uint8_t *name;
	size_t start, end;
	size_t signatures, signatures_end;
	bool apex;
	bool delegation; /* a zone cut: the parent's are DS and NSEC only (RFC 4035 section 2.2) */
	bool occluded;   /* under a cut or a DNAME: glue, or what the cut hides */
};

struct lr_owner_walk {
	const struct lr_draft *draft;
	size_t at;
	const uint8_t *cut; /* hides what is under it */
};

/* The next name in canonical order; false at the end. Start with {draft, 0, NULL}. */
bool lr_owner_next(struct lr_owner_walk *walk, struct lr_owner *owner);

/* Whether the zone answers for this type with authority, and so signs it. */
bool lr_owner_signs(const struct lr_owner *owner, uint16_t type);

/* One rrset with the RRSIGs that cover it. START is END where they cover what is not there. */
struct lr_signed {
	uint16_t type;
	size_t start, end;
	size_t signatures, signatures_end;
};

struct lr_signed_walk {
	const struct lr_draft *draft;
	size_t at, end;
	size_t signatures, signatures_end;
};

struct lr_signed_walk lr_signed_start(const struct lr_draft *draft, const struct lr_owner *owner);

/* The owner's next rrset (RRSIG is not one) in order of type; false at the end. An RRSIG too short
 * to say covers type 0. */
bool lr_signed_next(struct lr_signed_walk *walk, struct lr_signed *rrset);

/* Big-endian numbers in RDATA whose length the caller has checked. */
static inline uint16_t
lr_get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t
lr_get32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void
lr_put16(uint8_t *b, uint16_t value)
{
	b[0] = (uint8_t)(value >> 8);
	b[1] = (uint8_t)value;
}

static inline void
lr_put32(uint8_t *b, uint32_t value)
{
	lr_put16(b, (uint16_t)(value >> 16));
	lr_put16(b + 2, (uint16_t)value);
}

/* Writes what precedes RDATA in canonical form
 * (RFC 4034 section 6.2): folded owner, type, class, TTL, length. */
size_t lr_put_record_head(uint8_t *out, const struct lr_record *record, uint32_t ttl);

/* "name TYPE" for messages; TEXT is also returned. */
const char *lr_rrset_text(const uint8_t *owner, uint16_t type, char text[160]);

#endif
