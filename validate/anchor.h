/*
 * anchor.h -- trust anchors: DS and DNSKEY records that the operator trusts for a zone (RFC 4035
 * section 4.4). One thread adds to a set; once nobody does, any may read it.
 */
#ifndef LR_ANCHOR_H
#define LR_ANCHOR_H

#include "name.h"
#include "lr_error.h"

#include <stdio.h>

struct lr_anchors;

/* An empty set for ORIGIN; the caller's to free. NULL: out of memory. */
struct lr_anchors *lr_anchors_new(const uint8_t *origin);
void lr_anchors_free(struct lr_anchors *anchors); /* NULL is allowed */

/*
 * Adds one DS or DNSKEY record by its RDATA, of which it keeps a copy; one that is there already
 * changes nothing. A DNSKEY with the REVOKE bit is not an anchor (RFC 5011 section 2.1) and is left
 * out. LR_EFORMAT, LR_ELIMIT, LR_ENOMEM.
 */
enum lr_code lr_anchors_add(struct lr_anchors *anchors, uint16_t type, const uint8_t *rdata,
    size_t length, struct lr_error *err);

/*
 * Reads DS and DNSKEY records in master file form, as in dns-root-data's root.key and in Unbound's
 * auto-trust-anchor-file, whose `;;state=` comments (0 start, 1 addpend, 2 valid, 3 missing, 4
 * revoked, 5 removed) count: only valid and missing keys are anchors. Records of other owners are
 * skipped. LR_EFORMAT, LR_EUNSUPPORTED and LR_ELIMIT as lr_text_read(); LR_EIO, LR_ENOMEM.
 */
enum lr_code lr_anchors_read(struct lr_anchors *anchors, FILE *stream, struct lr_error *err);

size_t lr_anchors_count(const struct lr_anchors *anchors);

/* Whether both hold the same records, in any order. */
bool lr_anchors_equal(const struct lr_anchors *a, const struct lr_anchors *b);

/* LR_OK: DNSKEY RDATA is an anchor, or hashes to one (RFC 4034 section 5.1.4; SHA-1 too).
 * LR_EANCHOR: neither. LR_ENOMEM: that could not be tried. */
enum lr_code lr_anchors_match(
    const struct lr_anchors *anchors, const uint8_t *dnskey, size_t length);

#endif
