/*
 * key_tags.h -- the keys of a zone, as people name them (RFC 4034 appendix B).
 */
#ifndef LR_KEY_TAGS_H
#define LR_KEY_TAGS_H

#include "zone.h"

#include <stdbool.h>

#define LR_SIGNERS_MAX 4

struct lr_key_tags {
	bool has_anchored;
	uint16_t anchored;                /* of the key that the trust anchors vouched for */
	unsigned signer_count;            /* the SOA may have more signatures */
	uint16_t signers[LR_SIGNERS_MAX]; /* of those that the zone's SOA is signed with */
};

/* ANCHORED is the DNSKEY RDATA of the key that the trust anchors vouched for; LENGTH 0: it is not
 * known. Any thread. */
void lr_key_tags_read(
    const struct lr_zone *zone, const uint8_t *anchored, uint16_t length, struct lr_key_tags *tags);

#endif
