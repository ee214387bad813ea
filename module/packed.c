#include "packed.h"

#include "sldns/sbuffer.h"

static size_t
total(const struct lr_rrset *rrset)
{
	return (size_t)rrset->count + rrset->signatures;
}

size_t
lr_packed_size(const struct lr_rrset *rrset)
{
	return sizeof(struct packed_rrset_data) +
	       total(rrset) * (sizeof(size_t) + sizeof(uint8_t *) + sizeof(time_t)) + rrset->octets;
}

static time_t
limited(time_t ttl)
{
	if (ttl < MIN_TTL)
		ttl = MIN_TTL;
	return ttl > MAX_TTL ? MAX_TTL : ttl;
}

/* What rdata_copy() in util/data/msgreply.c does to a TTL on its way into the cache. */
static time_t
positive_ttl(time_t ttl)
{
	return SERVE_ORIGINAL_TTL ? ttl : limited(ttl);
}

static time_t
negative_ttl(time_t ttl)
{
#if LR_UNBOUND_NUMBER >= 120
	if (!SERVE_ORIGINAL_TTL) {
		if (MIN_NEG_TTL <= 0 && ttl < MIN_TTL)
			ttl = MIN_TTL;
		if (ttl > MAX_TTL)
			ttl = MAX_TTL;
	}
	if (ttl > MAX_NEG_TTL)
		ttl = MAX_NEG_TTL;
	if (MIN_NEG_TTL > 0 && ttl < MIN_NEG_TTL)
		ttl = MIN_NEG_TTL;
#else
	ttl = positive_ttl(ttl);
	if (ttl > MAX_NEG_TTL)
		ttl = MAX_NEG_TTL;
#endif
	return ttl;
}

void
lr_packed_fill(struct packed_rrset_data *data, const struct lr_zone *zone,
    const struct lr_rrset *rrset, bool negative)
{
	size_t records = total(rrset);
	memset(data, 0, sizeof(*data));
	data->count = rrset->count;
	data->rrsig_count = rrset->signatures;
	/* The order that packed_rrset_ptr_fixup() expects. */
	data->rr_len = (size_t *)(data + 1);
	data->rr_data = (uint8_t **)(data->rr_len + records);
	data->rr_ttl = (time_t *)(data->rr_data + records);
	uint8_t *at = (uint8_t *)(data->rr_ttl + records);
	memcpy(at, lr_rrset_data(zone, rrset), rrset->octets);

	time_t signature_ttl = positive_ttl((time_t)rrset->ttl);
	time_t ttl = signature_ttl;
	if (negative) {
		time_t minimum = (time_t)lr_zone_facts(zone)->minimum;
		ttl = negative_ttl((time_t)rrset->ttl < minimum ? (time_t)rrset->ttl : minimum);
	}
	for (size_t i = 0; i < records; i++) {
		data->rr_data[i] = at;
		data->rr_len[i] = 2 + (size_t)sldns_read_uint16(at);
		data->rr_ttl[i] = i < rrset->count ? ttl : signature_ttl;
		at += data->rr_len[i];
	}
	data->ttl = ttl < signature_ttl ? ttl : signature_ttl;
}
