/*
 * draft_from_zone.h -- a sealed zone's records as a draft again: to be verified anew, or to be
 * changed by an increment (RFC 1995).
 */
#ifndef LR_DRAFT_FROM_ZONE_H
#define LR_DRAFT_FROM_ZONE_H

#include "draft.h"
#include "zone.h"

/* The draft, in no order, is the caller's; it may
 * grow to the default limits. LR_ENOMEM, LR_ELIMIT. */
enum lr_code lr_draft_from_zone(
    const struct lr_zone *zone, struct lr_draft **draft, struct lr_error *err);

/* Adds the zone's records that STAYS lets pass to a draft. As lr_draft_add(). */
enum lr_code lr_draft_from_zone_where(const struct lr_zone *zone,
    bool (*stays)(const void *arg, const struct lr_record *record), const void *arg,
    struct lr_draft *draft, struct lr_error *err);

#endif
