#include "print.h"

#include <string.h>

#include <ldns/ldns.h>

/* A record as it stands on the wire, for ldns to read: owner, type, class, TTL, RDATA with its
 * length. */
static size_t
write_wire(const uint8_t *owner, size_t owner_length, uint16_t type, uint32_t ttl,
    const uint8_t *rdata, size_t size, uint8_t *wire)
{
	uint8_t *at = wire;
	memcpy(at, owner, owner_length);
	at += owner_length;
	ldns_write_uint16(at, type);
	ldns_write_uint16(at + 2, LDNS_RR_CLASS_IN);
	ldns_write_uint32(at + 4, ttl);
	memcpy(at + 8, rdata, size);
	return owner_length + 8 + size;
}

static enum lr_code
print_rrset(const struct lr_zone *zone, const struct lr_rrset *rrset, ldns_buffer *text, FILE *out)
{
	uint8_t wire[LR_NAME_MAX + 8 + 2 + UINT16_MAX];
	size_t owner_length;
	const uint8_t *owner = lr_rrset_owner(zone, rrset, &owner_length);
	const uint8_t *rdata = lr_rrset_data(zone, rrset);

	for (unsigned i = 0; i < (unsigned)rrset->count + rrset->signatures; i++) {
		size_t size = 2 + (size_t)ldns_read_uint16(rdata);
		size_t length = write_wire(owner, owner_length,
		    i < rrset->count ? rrset->type : LDNS_RR_TYPE_RRSIG, rrset->ttl, rdata, size,
		    wire);
		rdata += size;

		size_t position = 0;
		ldns_rr *rr = NULL;
		if (ldns_wire2rr(&rr, wire, length, &position, LDNS_SECTION_ANSWER) !=
		    LDNS_STATUS_OK)
			return LR_ENOMEM; /* verified data: it can be nothing else */
		ldns_buffer_clear(text);
		ldns_status status = ldns_rr2buffer_str(text, rr);
		ldns_rr_free(rr);
		if (status != LDNS_STATUS_OK)
			return LR_ENOMEM;
		if (fwrite(ldns_buffer_begin(text), ldns_buffer_position(text), 1, out) != 1)
			return LR_EIO;
	}
	return LR_OK;
}

enum lr_code
lr_zone_print(const struct lr_zone *zone, FILE *out)
{
	ldns_buffer *text = ldns_buffer_new(1 << 16);
	if (!text)
		return LR_ENOMEM;
	enum lr_code code = LR_OK;
	for (size_t i = 0; i < lr_zone_rrset_count(zone) && code == LR_OK; i++)
		code = print_rrset(zone, lr_zone_rrset(zone, i), text, out);
	ldns_buffer_free(text);
	return code;
}
