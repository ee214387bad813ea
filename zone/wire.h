/*
 * wire.h -- reader for the messages of a zone transfer (AXFR, RFC 5936).
 */
#ifndef LR_WIRE_H
#define LR_WIRE_H

#include "draft.h"

struct lr_transfer; /* one transfer: one thread, one connection */

/* ID is what the query carried; the draft stays the caller's and gets the records. */
enum lr_code lr_transfer_new(uint16_t id, struct lr_draft *draft, struct lr_transfer **transfer, struct lr_error *err);
void lr_transfer_free(struct lr_transfer *transfer);

/* Writes the query (without the two octets of TCP length), with EDNS EXPIRE asked for; returns its length. SIZE is at least 512. */
size_t lr_transfer_query(const struct lr_transfer *transfer, uint8_t *message, size_t size);

/*
 * Takes one message. *done once the closing SOA has come; octets or records after it are LR_EFORMAT.
 * LR_EREFUSED names the response code. Anything that RFC 5936 section 2.2 does not allow is LR_EFORMAT.
 */
enum lr_code lr_transfer_message(struct lr_transfer *transfer, const uint8_t *message, size_t size,
    bool *done, struct lr_error *err);

/* The EDNS EXPIRE that the server gave, if it did. */
bool lr_transfer_expire(const struct lr_transfer *transfer, uint32_t *seconds);

#endif
