#include "packed_rrset.h"
#include "ttl.h"

static size_t
total(const struct lr_rrset *rrset)
{
	return (size_t)rrset->count + rrset->signatures;
}

static size_t
packed_size(size_t records, size_t octets)
{
	return sizeof(struct packed_rrset_data) +
	       records * (sizeof(size_t) + sizeof(uint8_t *) + sizeof(time_t)) + octets;
}

size_t
lr_packed_size(const struct lr_rrset *rrset)
{
	return packed_size(total(rrset), rrset->octets);
}

/* The signatures of an rrset, which follow its records. */
static const uint8_t *
signatures_of(const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *octets)
{
	const uint8_t *data = lr_rrset_data(zone, rrset);
	const uint8_t *at = data;
	for (unsigned i = 0; i < rrset->count; i++)
		at += 2 + (size_t)sldns_read_uint16(at);
	*octets = rrset->octets - (size_t)(at - data);
	return at;
}

/* The apex' rrsets one after the other; NULL at the end. */
static const struct lr_rrset *
apex_rrset(const struct lr_zone *zone, size_t index)
{
	const struct lr_rrset *rrset =
	    index < lr_zone_rrset_count(zone) ? lr_zone_rrset(zone, index) : NULL;
	return rrset && rrset->node == 0 ? rrset : NULL;
}

size_t
lr_packed_signatures_size(const struct lr_zone *zone)
{
	size_t records = 0, octets = 0;
	const struct lr_rrset *rrset;
	for (size_t i = 0; (rrset = apex_rrset(zone, i)); i++) {
		size_t some;
		(void)signatures_of(zone, rrset, &some);
		records += rrset->signatures;
		octets += some;
	}
	return packed_size(records, octets);
}

/* Puts the arrays in the order that packed_rrset_ptr_fixup() expects; where the records go. */
static uint8_t *
lay_out(struct packed_rrset_data *data, size_t count, size_t signatures)
{
	size_t records = count + signatures;
	memset(data, 0, sizeof(*data));
	data->count = count;
	data->rrsig_count = signatures;
	data->rr_len = (size_t *)(data + 1);
	data->rr_data = (uint8_t **)(data->rr_len + records);
	data->rr_ttl = (time_t *)(data->rr_data + records);
	return (uint8_t *)(data->rr_ttl + records);
}

/* Notes where record INDEX is; where the next one is. */
static uint8_t *
note(struct packed_rrset_data *data, size_t index, uint8_t *at, time_t ttl)
{
	data->rr_data[index] = at;
	data->rr_len[index] = 2 + (size_t)sldns_read_uint16(at);
	data->rr_ttl[index] = ttl;
	return at + data->rr_len[index];
}

void
lr_packed_fill(struct packed_rrset_data *data, const struct lr_zone *zone,
    const struct lr_rrset *rrset, bool negative)
{
	uint8_t *at = lay_out(data, rrset->count, rrset->signatures);
	memcpy(at, lr_rrset_data(zone, rrset), rrset->octets);

	time_t signature_ttl = lr_ttl_positive((time_t)rrset->ttl);
	time_t ttl = signature_ttl;
	if (negative) {
		time_t minimum = (time_t)lr_zone_facts(zone)->minimum;
		ttl = lr_ttl_negative((time_t)rrset->ttl < minimum ? (time_t)rrset->ttl : minimum);
	}
	for (size_t i = 0; i < total(rrset); i++)
		at = note(data, i, at, i < rrset->count ? ttl : signature_ttl);
	data->ttl = ttl < signature_ttl ? ttl : signature_ttl;
}

void
lr_packed_fill_signatures(struct packed_rrset_data *data, const struct lr_zone *zone)
{
	size_t records = 0;
	const struct lr_rrset *rrset;
	for (size_t i = 0; (rrset = apex_rrset(zone, i)); i++)
		records += rrset->signatures;
	uint8_t *at = lay_out(data, records, 0);
	data->ttl = lr_ttl_most();
	records = 0;
	for (size_t i = 0; (rrset = apex_rrset(zone, i)); i++) {
		size_t octets;
		const uint8_t *signatures = signatures_of(zone, rrset, &octets);
		time_t ttl = lr_ttl_positive((time_t)rrset->ttl);
		memcpy(at, signatures, octets);
		for (unsigned each = 0; each < rrset->signatures; each++)
			at = note(data, records++, at, ttl);
		if (ttl < data->ttl)
			data->ttl = ttl;
	}
}
