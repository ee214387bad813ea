/*
 * seal.h -- a draft becomes a zone. For validate/validate.c alone (a test holds that): everything
 * else gets its zones from lr_validate().
 */
#ifndef LR_SEAL_H
#define LR_SEAL_H

#include "draft.h"
#include "zone.h"

/*
 * Makes a zone of a sorted draft, which stays the caller's. The apex has exactly one SOA record.
 * SIGNATURES_EXPIRE goes into its facts; ROOM (NULL: none) is left in it. The caller gets the first
 * reference. LR_EFORMAT (no SOA), LR_ENOMEM, and what the draft's STOP says.
 */
enum lr_code lr_zone_seal(const struct lr_draft *draft, uint32_t signatures_expire,
    const struct lr_room *room, const struct lr_zone **zone, struct lr_error *err);

#endif
