/*
 * nsec.h -- the NSEC chain of a zone (RFC 4034 section 4, RFC 4035 section 2.3).
 */
#ifndef LR_NSEC_H
#define LR_NSEC_H

#include "draft.h"

/*
 * Whether the chain of a sorted draft is closed: every name that the zone has authority over
 * (delegations too, glue and occluded names not) has one NSEC record, which names the next such
 * name, the last one the apex, and lists exactly the types that are there (at a delegation NS, DS,
 * RRSIG and NSEC alone). LR_EBOGUS; LR_EUPDATE where the zone denies with NSEC3.
 */
enum lr_code lr_nsec_verify(const struct lr_draft *draft, struct lr_error *err);

#endif
