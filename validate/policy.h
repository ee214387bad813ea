/*
 * policy.h -- which zones are taken and how long they are good for.
 */
#ifndef LR_POLICY_H
#define LR_POLICY_H

#include "draft.h"
#include "zone.h"

/*
 * The sanity that a zone needs before anything is computed over it: exactly one SOA, at the apex,
 * with RDATA that parses; an apex NS rrset; an rrset's records have one TTL (RFC 2181 section 5.2),
 * below 2^31, which its signatures share (RFC 4034 section 3); RRSIG RDATA that parses; a CNAME
 * stands alone; no rrset of more than 65535 records. LR_EFORMAT. *serial is the SOA's. The draft is
 * sorted.
 */
enum lr_code lr_policy_shape(const struct lr_draft *draft, uint32_t *serial, struct lr_error *err);

/*
 * LR_EUNSUPPORTED where a record's type is unknown here: a resolver that does not know what the
 * root zone means goes back to asking the root servers (the LocalRoot draft's requirement). The
 * draft is sorted.
 */
enum lr_code lr_policy_types(const struct lr_draft *draft, struct lr_error *err);

/* LR_ESERIAL where SERIAL is older than FLOOR by RFC 1982. */
enum lr_code lr_policy_serial(uint32_t serial, uint32_t floor, struct lr_error *err);

/*
 * Until when a zone may be served, in seconds since 1970 by the clock of CONFIRMED: the smallest of
 * confirmed + SOA expire, confirmed + EDNS_EXPIRE (0: none given), confirmed + MAX_AGE (0: none
 * set), and the earliest signature expiration where SIGNATURES counts (RFC 8806 section 2; RFC
 * 7314).
 */
int64_t lr_policy_horizon(const struct lr_zone_facts *facts, int64_t confirmed,
    uint32_t edns_expire, uint32_t max_age, bool signatures);

#endif
