/*
 * dnssec.h -- the zone's signatures (RFC 4033 to 4035, RFC 6840).
 */
#ifndef LR_DNSSEC_H
#define LR_DNSSEC_H

#include "anchor.h"
#include "draft.h"

#define LR_DNSKEYS_MAX 16
#define LR_SIGNATURES_MAX 8
#define LR_ATTEMPTS_MAX 4

struct lr_dnssec {
	uint32_t signatures; /* verified */
	uint32_t expires;    /* the earliest expiration of all signatures but the ZONEMD's */
	uint16_t key_tag;    /* of the key that the anchors vouch for */
};

/*
 * Verifies a sorted draft: a key of the apex DNSKEY rrset matches an anchor and signs that rrset;
 * with the rrset's keys (zone keys, not revoked) every signature in the zone that was made by one
 * of them verifies and is in its time at NOW; every authoritative rrset (delegation NS, glue and
 * occluded data are not) has at least one such signature; and the NSEC chain is closed: each
 * authoritative name has an NSEC that names the next one (RFC 4035 section 2.3). A zone denying
 * with NSEC3 is LR_EUPDATE.
 *
 * Signatures by keys or algorithms that the DNSKEY rrset does not have are passed over (RFC 6840
 * section 5.11), as in an algorithm roll, but do not count. A signature with another signer, labels
 * field or original TTL than its rrset asks for, one over data that is not authoritative, and one
 * over nothing are refused. NOW is in seconds since 1970; CHECK_TIME false leaves times alone.
 *
 * What a zone can make us compute is bounded (CVE-2023-50387): at most LR_DNSKEYS_MAX keys,
 * LR_SIGNATURES_MAX signatures an rrset, LR_ATTEMPTS_MAX keys tried a signature (keys of the same
 * tag and algorithm), and as much RDATA an rrset as a message can hold. More is LR_EBOGUS.
 *
 * LR_EANCHOR, LR_EBOGUS, LR_EEXPIRED, LR_EUNSUPPORTED (the keys that match an anchor are of
 * algorithms unknown here), LR_ENOMEM; the text names owner, type and key tag.
 */
enum lr_code lr_dnssec_verify(const struct lr_draft *draft, const struct lr_anchors *anchors,
    uint32_t now, bool check_time, struct lr_dnssec *result, struct lr_error *err);

#endif
