/*
 * transfer.h -- a question for a zone and the messages that answer it: AXFR (RFC 5936), IXFR (RFC
 * 1995), SOA.
 */
#ifndef LR_TRANSFER_H
#define LR_TRANSFER_H

#include "draft.h"
#include "message.h"
#include "zone.h"

struct lr_transfer; /* one question and its answer: one thread, one connection */

/* AXFR. ID is what the query carries; the draft stays the caller's and gets the records. */
enum lr_code lr_transfer_new(
    uint16_t id, struct lr_draft *draft, struct lr_transfer **transfer, struct lr_error *err);

/* Asks for the SOA of ORIGIN, which outlives the transfer. */
enum lr_code lr_transfer_new_soa(
    uint16_t id, const uint8_t *origin, struct lr_transfer **transfer, struct lr_error *err);

/*
 * IXFR from the zone HELD, which outlives the transfer, as STOP (or NULL) outlives it and the draft
 * that comes of it. LIMITS are those of the zone that comes, by differences or as a whole; no more
 * than STEPS sequences of differences are taken.
 */
enum lr_code lr_transfer_new_ixfr(uint16_t id, const struct lr_zone *held,
    const struct lr_draft_limits *limits, unsigned steps, struct lr_stop *stop,
    struct lr_transfer **transfer, struct lr_error *err);

void lr_transfer_free(struct lr_transfer *transfer);

/* It is asked without EDNS, and so not for EXPIRE. */
void lr_transfer_without_edns(struct lr_transfer *transfer);

/* Its query, as lr_query_encode(). */
size_t lr_transfer_query(const struct lr_transfer *transfer, uint8_t *message, size_t size);

/*
 * Takes one message. *done once the last record has come; records after it are LR_EFORMAT.
 * LR_EREFUSED names the response code. Anything that RFC 5936 section 2.2 or RFC 1995 section 4
 * does not allow is LR_EFORMAT; LR_ELIMIT, LR_ENOMEM; and what the draft's STOP says.
 */
enum lr_code lr_transfer_message(struct lr_transfer *transfer, const uint8_t *message, size_t size,
    bool *done, struct lr_error *err);

/* The EDNS EXPIRE that the server gave, if it did. */
bool lr_transfer_expire(const struct lr_transfer *transfer, uint32_t *seconds);

/* The RCODE that the server refused with, or 0. */
unsigned lr_transfer_rcode(const struct lr_transfer *transfer);

/* When done: the serial of the first SOA. */
uint32_t lr_transfer_serial(const struct lr_transfer *transfer);

/* When an IXFR is done: the zone, from now on the caller's, or NULL where the server has none newer
 * than that held. */
struct lr_draft *lr_transfer_take(struct lr_transfer *transfer);

/* Whether differences came; else a whole zone, or nothing. */
bool lr_transfer_increment(const struct lr_transfer *transfer);

#endif
