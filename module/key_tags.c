#include "key_tags.h"
#include "key.h"
#include "unbound.h"

#define KEY_TAG 16    /* where it stands in a signature's RDATA (RFC 4034 section 3.1) */
#define DNSKEY_MIN 4u /* octets before the key (RFC 4034 section 2.1) */

static uint16_t
read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void
lr_key_tags_read(
    const struct lr_zone *zone, const uint8_t *anchored, uint16_t length, struct lr_key_tags *tags)
{
	const struct lr_rrset *soa = lr_zone_lookup(zone, lr_zone_origin(zone), LDNS_RR_TYPE_SOA);
	const uint8_t *at = lr_rrset_data(zone, soa);
	*tags = (struct lr_key_tags){.has_anchored = length >= DNSKEY_MIN};
	if (tags->has_anchored)
		tags->anchored = lr_key_tag(anchored, length);
	for (uint16_t i = 0; i < soa->count + soa->signatures; i++) {
		if (i >= soa->count && tags->signer_count < LR_SIGNERS_MAX)
			tags->signers[tags->signer_count++] = read16(at + 2 + KEY_TAG);
		at += 2 + read16(at);
	}
}
