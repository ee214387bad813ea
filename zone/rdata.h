/*
 * rdata.h -- where RDATA holds domain names, as ldns' RR descriptors tell. Any thread.
 */
#ifndef LR_RDATA_H
#define LR_RDATA_H

#include "cursor.h"
#include "lr_error.h"

/*
 * Reads LENGTH octets of RDATA of a record of TYPE from a message, with compressed names expanded
 * where the type's format has names (RFC 3597 section 4 names the types that may be compressed),
 * into OUT. Names of other types must not come compressed; types that ldns does not know are opaque
 * (RFC 3597 section 3). The cursor goes on behind the RDATA. LR_EFORMAT where a name, a fixed field
 * or an NSEC bitmap does not fit, where octets are left over, where OUT_SIZE is too small, and for
 * types that no zone holds (RFC 6895 section 3.1: QTYPEs and meta-types).
 */
enum lr_code lr_rdata_read(struct lr_cursor *c, uint16_t type, uint16_t length, uint8_t *out,
    size_t out_size, size_t *out_length, struct lr_error *err);

/*
 * Writes the canonical form (RFC 4034 section 6.2 item 3 as corrected by RFC 6840 section 5.1:
 * names of the listed types in lower case, NSEC's not) of well-formed RDATA to OUT, which has room
 * for LENGTH octets.
 */
void lr_rdata_canonical(uint16_t type, const uint8_t *rdata, size_t length, uint8_t *out);

/*
 * The order of two records' RDATA of one type (RFC 4034 section 6.3: canonical forms as
 * left-justified octets): below, at or above 0.
 */
int lr_rdata_compare(
    uint16_t type, const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length);

/* Whether ldns knows the type's format: of one that it does not, nobody can say where names are. */
bool lr_rdata_known(uint16_t type);

#endif
