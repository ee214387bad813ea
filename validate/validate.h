/*
 * validate.h -- the only door from a draft to a zone.
 *
 * Thread: any one; nothing is shared. Clock handed in.
 */
#ifndef LR_VALIDATE_H
#define LR_VALIDATE_H

#include "anchor.h"
#include "dnssec.h"
#include "draft.h"
#include "zone.h"
#include "zonemd.h"

/* What a zone must satisfy. */
struct lr_validate_options {
	const struct lr_anchors *anchors;
	bool dnssec;        /* false: the digest only (localroot-check --no-dnssec) */
	uint32_t now;       /* seconds since 1970, for the signatures' dates */
	bool check_time;    /* false: dates do not count (val-override-date: -1) */
	bool digest_anyway; /* judged whatever the zone's shape is, as RFC 8976 has it */
	bool understood;    /* refuse what is not understood here (lr_semantic_understood) */
	bool has_floor;
	uint32_t serial_floor; /* the highest ever accepted: what is older is refused (RFC 1982) */
	const struct lr_room *room; /* that is left in the zone; NULL: none */
	int64_t (*cpu_ns)(void);    /* this thread's CPU clock for the report, or NULL */
};

/* What came of it; everything known is filled in on failure as well. */
struct lr_report {
	struct lr_error error;  /* code LR_OK where verified */
	struct lr_error digest; /* what is wrong with the digest, if that was looked at */
	uint32_t serial;
	size_t records, delegations;
	size_t outside;          /* records of no name in the zone: left out */
	struct lr_zonemd zonemd; /* size 0: no match */
	struct lr_dnssec dnssec; /* signatures 0: not verified */
	int64_t sort_ns, zonemd_ns, dnssec_ns, seal_ns; /* CPU time of each step */
};

/*
 * Consumes the draft, whatever comes of it. On success *zone is a verified zone, the caller's
 * reference. On failure *zone is left alone, the code is returned and the report says why: also
 * what the draft's STOP says.
 */
enum lr_code lr_validate(struct lr_draft *draft, const struct lr_validate_options *options,
    const struct lr_zone **zone, struct lr_report *report);

#endif
