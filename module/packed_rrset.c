#include "packed_rrset.h"
#include "ttl.h"

#define PER_RECORD (sizeof(size_t) + sizeof(uint8_t *) + sizeof(time_t))

const struct lr_room lr_packed_room = {
    .rrset = sizeof(struct packed_rrset_data), .record = PER_RECORD};

static size_t
total(const struct lr_rrset *rrset)
{
	return (size_t)rrset->count + rrset->signatures;
}

static size_t
packed_size(size_t records, size_t octets)
{
	return sizeof(struct packed_rrset_data) + records * PER_RECORD + octets;
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
lay_out(struct packed_rrset_data *data, size_t records)
{
	data->rr_len = (size_t *)(data + 1);
	data->rr_data = (uint8_t **)(data->rr_len + records);
	data->rr_ttl = (time_t *)(data->rr_data + records);
	return (uint8_t *)(data->rr_ttl + records);
}

/* Notes where record INDEX is; where the next one is. */
static uint8_t *
note(struct packed_rrset_data *data, size_t index, uint8_t *at)
{
	data->rr_data[index] = at;
	data->rr_len[index] = 2 + (size_t)sldns_read_uint16(at);
	return at + data->rr_len[index];
}

static void
set_ttls(struct packed_rrset_data *data, const struct lr_zone *zone, const struct lr_rrset *rrset,
    bool negative)
{
	time_t signature_ttl = lr_ttl_positive((time_t)rrset->ttl);
	time_t ttl = signature_ttl;
	if (negative) {
		time_t minimum = (time_t)lr_zone_facts(zone)->minimum;
		ttl = lr_ttl_negative((time_t)rrset->ttl < minimum ? (time_t)rrset->ttl : minimum);
	}
	for (size_t i = 0; i < total(rrset); i++)
		data->rr_ttl[i] = i < rrset->count ? ttl : signature_ttl;
	data->ttl = ttl < signature_ttl ? ttl : signature_ttl;
}

/* What a root server's answer would make of it: the child's own NS and addresses replace what the
 * parent says of them (RFC 2181 section 5.4.1). */
static enum rrset_trust
trust_of(const struct lr_rrset *rrset)
{
	if (rrset->signatures)
		return rrset_trust_prim_noglue;
	return rrset->type == LDNS_RR_TYPE_NS ? rrset_trust_auth_noAA : rrset_trust_add_noAA;
}

struct packed_rrset_data *
lr_packed(const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	return lr_rrset_room(zone, rrset);
}

static void
pack(const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	struct packed_rrset_data *data = lr_packed(zone, rrset);
	memset(data, 0, sizeof(*data));
	data->count = rrset->count;
	data->rrsig_count = rrset->signatures;
	data->trust = trust_of(rrset);
	uint8_t *at = lay_out(data, total(rrset));
	for (size_t i = 0; i < total(rrset); i++)
		at = note(data, i, at);
	/* The iterator asks for the SOA as part of denials only, for which its TTL is another. */
	set_ttls(data, zone, rrset, rrset->type == LDNS_RR_TYPE_SOA);
}

void
lr_packed_fill(const struct lr_zone *zone)
{
	for (size_t i = 0; i < lr_zone_rrset_count(zone); i++)
		pack(zone, lr_zone_rrset(zone, i));
}

void
lr_packed_copy(struct packed_rrset_data *data, const struct lr_zone *zone,
    const struct lr_rrset *rrset, bool negative)
{
	memcpy(data, lr_packed(zone, rrset), lr_packed_size(rrset));
	uint8_t *at = lay_out(data, total(rrset));
	for (size_t i = 0; i < total(rrset); i++) {
		data->rr_data[i] = at;
		at += data->rr_len[i];
	}
	set_ttls(data, zone, rrset, negative);
}

void
lr_packed_fill_signatures(struct packed_rrset_data *data, const struct lr_zone *zone)
{
	size_t records = 0;
	const struct lr_rrset *rrset;
	for (size_t i = 0; (rrset = apex_rrset(zone, i)); i++)
		records += rrset->signatures;
	memset(data, 0, sizeof(*data));
	data->count = records;
	uint8_t *at = lay_out(data, records);
	data->ttl = lr_ttl_most();
	records = 0;
	for (size_t i = 0; (rrset = apex_rrset(zone, i)); i++) {
		size_t octets;
		const uint8_t *signatures = signatures_of(zone, rrset, &octets);
		time_t ttl = lr_ttl_positive((time_t)rrset->ttl);
		memcpy(at, signatures, octets);
		for (unsigned each = 0; each < rrset->signatures; each++, records++) {
			data->rr_ttl[records] = ttl;
			at = note(data, records, at);
		}
		if (ttl < data->ttl)
			data->ttl = ttl;
	}
}
