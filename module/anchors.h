/*
 * anchors.h -- Unbound's trust anchors for ".", as the validation takes them.
 */
#ifndef LR_ANCHORS_H
#define LR_ANCHORS_H

#include "anchor.h"
#include "unbound.h"
#include "zone.h"

/*
 * The anchors that the configuration gives, read afresh: for init's thread, when the validator has
 * not read them yet. NULL where there is none, or no validator. The caller frees the result.
 */
struct lr_anchors *lr_anchors_of_config(struct config_file *cfg);

/* The anchors that the validator holds now (they follow RFC 5011), under its locks; any thread.
 * NULL: none. */
struct lr_anchors *lr_anchors_of_validator(struct val_anchors *anchors);

/* Copies the RDATA of the first key in the zone's DNSKEY rrset that the anchors vouch for; its
 * length, or 0 where there is none or it is larger than ROOM. */
uint16_t lr_anchors_key(
    const struct lr_anchors *anchors, const struct lr_zone *zone, uint8_t *key, size_t room);

#endif
