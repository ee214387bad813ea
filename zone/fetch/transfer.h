/*
 * transfer.h -- what the records of an answer mean, one after the other. Between wire.c, which
 * reads the messages, and transfer.c.
 */
#ifndef LR_TRANSFER_H
#define LR_TRANSFER_H

#include "wire.h"

#define LR_SOA_MAX (2 * LR_NAME_MAX + 20)

/* What the next record may be. */
enum lr_transfer_state {
	LR_FIRST_SOA,
	LR_SECOND,    /* IXFR: tells differences from a whole zone */
	LR_RECORDS,   /* of a whole zone */
	LR_DELETIONS, /* of one sequence of differences */
	LR_ADDITIONS,
	LR_COMPLETE,
	LR_BROKEN
};

struct lr_soa_rdata {
	size_t length;
	uint8_t rdata[LR_SOA_MAX]; /* names in the case received */
};

struct lr_transfer {
	uint16_t id, type; /* of the query */
	const uint8_t *origin;
	struct lr_draft *draft; /* the caller's for an AXFR, this transfer's for an IXFR */
	const struct lr_zone *held;
	struct lr_draft_limits limits;
	struct lr_stop *stop;
	unsigned steps, steps_max; /* sequences of differences */

	enum lr_transfer_state state;
	bool increment;
	struct lr_soa_rdata first; /* the server's version */
	uint32_t first_ttl;
	struct lr_soa_rdata current; /* as far as the differences go */
	struct lr_changes *changes;

	unsigned messages, empty, rcode;
	bool has_expire;
	uint32_t expire;
	uint8_t rdata[UINT16_MAX];
};

/* Takes the next record of the answer section, of class IN. */
enum lr_code lr_transfer_record(
    struct lr_transfer *transfer, const struct lr_record *record, struct lr_error *err);

#endif
