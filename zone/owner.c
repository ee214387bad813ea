#include "owner.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

bool
lr_owner_next(struct lr_owner_walk *walk, struct lr_owner *owner)
{
	if (walk->at >= lr_draft_count(walk->draft))
		return false;

	const uint8_t *name = lr_draft_record(walk->draft, walk->at).owner;
	*owner = (struct lr_owner){.name = name,
	    .start = walk->at,
	    .end = lr_draft_owner_end(walk->draft, walk->at),
	    .apex = lr_name_equal(name, lr_draft_origin(walk->draft)),
	    .occluded = walk->cut && lr_name_within(name, walk->cut)};

	bool hides = false;
	for (size_t at = owner->start, end; at < owner->end; at = end) {
		uint16_t type = lr_draft_record(walk->draft, at).type;
		end = lr_draft_rrset_end(walk->draft, at);
		if (type == LDNS_RR_TYPE_NS && !owner->apex)
			owner->delegation = true;
		if (type == LDNS_RR_TYPE_DNAME)
			hides = true; /* RFC 6672 section 2.4 */
		if (type == LDNS_RR_TYPE_RRSIG) {
			owner->signatures = at;
			owner->signatures_end = end;
		}
	}
	if (owner->occluded)
		owner->delegation = false;
	else if (owner->delegation || hides)
		walk->cut = name;
	walk->at = owner->end;
	return true;
}

bool
lr_owner_signs(const struct lr_owner *owner, uint16_t type)
{
	if (owner->occluded || type == LDNS_RR_TYPE_RRSIG)
		return false;
	return !owner->delegation || type == LDNS_RR_TYPE_DS || type == LDNS_RR_TYPE_NSEC;
}

static uint16_t
covered_type(const struct lr_draft *draft, size_t signature)
{
	struct lr_record record = lr_draft_record(draft, signature);
	return record.rdata_length >= 2 ? lr_get16(record.rdata) : 0;
}

struct lr_signed_walk
lr_signed_start(const struct lr_draft *draft, const struct lr_owner *owner)
{
	return (struct lr_signed_walk){
	    draft, owner->start, owner->end, owner->signatures, owner->signatures_end};
}

bool
lr_signed_next(struct lr_signed_walk *walk, struct lr_signed *rrset)
{
	const uint32_t none = UINT32_MAX;
	uint32_t type = none, covered = none;

	/* RRSIGs are sorted by the type they cover, as
	 * rrsets are by theirs: the two lists merge. */
	if (walk->at < walk->end) {
		type = lr_draft_record(walk->draft, walk->at).type;
		if (type == LDNS_RR_TYPE_RRSIG) {
			walk->at = lr_draft_rrset_end(walk->draft, walk->at);
			type = walk->at < walk->end ? lr_draft_record(walk->draft, walk->at).type
						    : none;
		}
	}
	if (walk->signatures < walk->signatures_end)
		covered = covered_type(walk->draft, walk->signatures);
	if (type == none && covered == none)
		return false;

	uint16_t next = (uint16_t)(type < covered ? type : covered);
	*rrset = (struct lr_signed){next, walk->at, walk->at, walk->signatures, walk->signatures};
	if (type == next)
		walk->at = rrset->end = lr_draft_rrset_end(walk->draft, walk->at);
	while (walk->signatures < walk->signatures_end &&
	       covered_type(walk->draft, walk->signatures) == next)
		walk->signatures++;
	rrset->signatures_end = walk->signatures;
	return true;
}

size_t
lr_put_record_head(uint8_t *out, const struct lr_record *record, uint32_t ttl)
{
	for (size_t i = 0; i < record->owner_length; i++)
		out[i] = lr_fold[record->owner[i]];
	out += record->owner_length;
	lr_put16(out, record->type);
	lr_put16(out + 2, LDNS_RR_CLASS_IN);
	lr_put32(out + 4, ttl);
	lr_put16(out + 8, record->rdata_length);
	return record->owner_length + 10u;
}

const char *
lr_rrset_text(const uint8_t *owner, uint16_t type, char text[160])
{
	char name[LR_NAME_TEXT_MAX];
	lr_name_text(owner, name);
	const ldns_rr_descriptor *d = ldns_rr_descript(type);
	if (d && d->_name)
		snprintf(text, 160, "%.120s %.20s", name, d->_name);
	else
		snprintf(text, 160, "%.120s TYPE%u", name, type);
	return text;
}
