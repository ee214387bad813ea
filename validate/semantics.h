/*
 * semantics.h -- semantic checks: what a zone has to be before anything is computed over it.
 */
#ifndef LR_SEMANTICS_H
#define LR_SEMANTICS_H

#include "draft.h"

/*
 * Exactly one SOA, at the apex, with RDATA that parses; an apex NS rrset; an rrset's records have
 * one TTL (RFC 2181 section 5.2), below 2^31, which its signatures share (RFC 4034 section 3);
 * RRSIG RDATA that parses; a CNAME stands alone; no rrset of more than 65535 records. LR_EFORMAT.
 * *serial is the SOA's. The draft is sorted.
 */
enum lr_code lr_semantic_checks(
    const struct lr_draft *draft, uint32_t *serial, struct lr_error *err);

/* Whether the apex has exactly one SOA, with RDATA that parses, whatever else there is: so much a
 * digest needs (RFC 8976 section 4). *serial is that SOA's. The draft is sorted. */
bool lr_semantic_serial(const struct lr_draft *draft, uint32_t *serial);

/*
 * LR_EUPDATE where a record's type or a DNSKEY's algorithm is unknown here: a resolver that does
 * not know what the root zone means goes back to asking the root servers, and this software wants
 * to be updated (the LocalRoot draft's requirement). The draft is sorted, and its contents were
 * verified: nobody else may make us give up the copy held.
 */
enum lr_code lr_semantic_understood(const struct lr_draft *draft, struct lr_error *err);

#endif
