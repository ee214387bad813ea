/*
 * draft.h -- the untrusted collection of records: what the readers build and only validate/
 * consumes.
 *
 * Records are kept in one arena in uncompressed wire form, names in the case received. A draft
 * belongs to one thread. It is bounded in octets and records; a reader that hits a bound gets
 * LR_ELIMIT.
 */
#ifndef LR_DRAFT_H
#define LR_DRAFT_H

#include "lr_error.h"
#include "name.h"
#include "stop.h"

struct lr_draft;

/* One record, in place: pointers hold until the next lr_draft_add, _sort or _free. */
struct lr_record {
	const uint8_t *owner;
	const uint8_t *rdata;
	uint32_t ttl; /* seconds */
	uint16_t type;
	uint16_t rdata_length;
	uint8_t owner_length;
};

/* The canonical order (RFC 4034 section 6: owner, type, RDATA), letter case aside; 0: equal. */
int lr_record_compare(const struct lr_record *a, const struct lr_record *b);

struct lr_draft_limits {
	size_t octets; /* of owner names, fixed fields and RDATA */
	size_t records;
	size_t record_octets; /* of one record's RDATA; 0: what the format allows, 65535 */
};

/*
 * The root zone of 2026 is 24,878 records and 1.3 MB on the wire; its largest record has 514
 * octets. The octets leave room for it to grow thirtyfold, the records fortyfold; and no source can
 * make the resolver's host run out of memory.
 */
#define LR_DRAFT_LIMITS_DEFAULT                                                                    \
	{                                                                                          \
		.octets = (size_t)64 << 20, .records = 1000000, .record_octets = 16384             \
	}

/* The caller owns the draft: hand it to lr_validate() or lr_draft_free() it. */
enum lr_code lr_draft_new(const uint8_t *origin, const struct lr_draft_limits *limits,
    struct lr_draft **draft, struct lr_error *err);
void lr_draft_free(struct lr_draft *draft);

const uint8_t *lr_draft_origin(const struct lr_draft *draft);

/* Long work on the draft heeds STOP from now on: the
 * caller's, until another or NULL takes its place. */
void lr_draft_heed(struct lr_draft *draft, struct lr_stop *stop);

/* lr_stop_step() for whoever works on the draft. */
enum lr_code lr_draft_step(const struct lr_draft *draft, size_t steps, struct lr_error *err);

/*
 * Adds a copy of a record of class IN. The record's owner and any names in its RDATA are
 * well-formed and uncompressed. One whose owner is not within the origin is no record of the zone
 * (RFC 8976 appendix A.2): it is counted and left out. LR_ELIMIT, LR_ENOMEM, and what STOP says.
 */
enum lr_code lr_draft_add(
    struct lr_draft *draft, const struct lr_record *record, struct lr_error *err);

/*
 * Puts the records into canonical order (RFC 4034 section 6: owner, type, RDATA) and drops
 * duplicates (RFC 8976 section 3.3.1 item 4, letter case aside). The first of two equal records
 * stays. LR_ENOMEM, and what STOP says: then all records are there, in some order.
 */
enum lr_code lr_draft_sort(struct lr_draft *draft, struct lr_error *err);
bool lr_draft_sorted(const struct lr_draft *draft);

size_t lr_draft_count(const struct lr_draft *draft);
size_t lr_draft_outside(const struct lr_draft *draft); /* how many records were left out */
struct lr_record lr_draft_record(const struct lr_draft *draft, size_t index);

/* Where the rrset of the record at INDEX ends, and where its owner does: the index after their last
 * record. The draft must be sorted. */
size_t lr_draft_rrset_end(const struct lr_draft *draft, size_t index);
size_t lr_draft_owner_end(const struct lr_draft *draft, size_t index);

#endif
