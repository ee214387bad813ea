/*
 * host_anchors.h -- Unbound's trust anchors for ".", as the validation takes them.
 */
#ifndef LR_HOST_ANCHORS_H
#define LR_HOST_ANCHORS_H

#include "anchor.h"
#include "unbound.h"
#include "zone.h"

/*
 * Both give LR_OK and the anchors in *anchors, which the caller frees, or NULL there where none is
 * for "."; LR_ENOMEM means that they could not be read, which says nothing about whether there are
 * any.
 */

/* Those that the configuration gives, read afresh: for init's thread, when the validator has not
 * read them yet. None where the validator is not among the modules. */
enum lr_code lr_host_anchors_configured(struct config_file *cfg, struct lr_anchors **anchors);

/* Those that the validator holds now (they follow RFC 5011), under its locks. FROM is Unbound's
 * env->anchors; any thread. */
enum lr_code lr_host_anchors_validator(struct val_anchors *from, struct lr_anchors **anchors);

/* Copies the RDATA of the first key in the zone's DNSKEY rrset that the anchors vouch for; its
 * length, or 0 where there is none or it is larger than ROOM. */
uint16_t lr_anchored_key(
    const struct lr_anchors *anchors, const struct lr_zone *zone, uint8_t *key, size_t room);

#endif
