#include "semantics.h"
#include "key.h"
#include "owner.h"
#include "rdata.h"
#include "soa.h"

#include <ldns/ldns.h>

static enum lr_code
fault(const uint8_t *owner, uint16_t type, const char *what, struct lr_error *err)
{
	char text[160];
	return lr_fail(err, LR_EFORMAT, "%s: %s", lr_rrset_text(owner, type, text), what);
}

/* Everything after this may read an RRSIG's fixed part, its signer's name and a signature. */
static bool
rrsig_parses(const struct lr_record *r)
{
	if (r->rdata_length <= LR_RRSIG_FIXED)
		return false;
	size_t rest = (size_t)r->rdata_length - LR_RRSIG_FIXED;
	size_t signer = lr_name_length(r->rdata + LR_RRSIG_FIXED, rest);
	return signer && signer < rest;
}

static enum lr_code
rrset_shape(const struct lr_draft *draft, const struct lr_owner *owner,
    const struct lr_signed *rrset, struct lr_error *err)
{
	uint32_t ttl = lr_draft_record(draft, rrset->start).ttl;
	if (rrset->end - rrset->start > UINT16_MAX ||
	    rrset->signatures_end - rrset->signatures > UINT16_MAX)
		return fault(owner->name, rrset->type, "too many records", err);
	if (ttl > INT32_MAX) /* RFC 2181 section 8 */
		return fault(owner->name, rrset->type, "a TTL beyond 31 bits", err);
	for (size_t i = rrset->start + 1; i < rrset->end; i++)
		if (lr_draft_record(draft, i).ttl != ttl)
			return fault(owner->name, rrset->type, "two TTLs in one rrset", err);
	/* RFC 4034 section 3: a signature has the TTL of what it covers. */
	for (size_t i = rrset->signatures; i < rrset->signatures_end; i++)
		if (rrset->start != rrset->end && lr_draft_record(draft, i).ttl != ttl)
			return fault(
			    owner->name, rrset->type, "its signature has another TTL", err);
	if (rrset->end - rrset->start > 1 &&
	    (rrset->type == LDNS_RR_TYPE_CNAME || rrset->type == LDNS_RR_TYPE_DNAME ||
		rrset->type == LDNS_RR_TYPE_SOA))
		return fault(owner->name, rrset->type, "more than one", err);
	return LR_OK;
}

struct seen {
	bool soa, apex_ns;
	uint32_t serial;
};

static enum lr_code
check_owner(const struct lr_draft *draft, const struct lr_owner *owner, struct seen *seen,
    struct lr_error *err)
{
	bool cname = false, others = false;
	for (size_t i = owner->signatures; i < owner->signatures_end; i++) {
		struct lr_record r = lr_draft_record(draft, i);
		if (!rrsig_parses(&r))
			return fault(owner->name, LDNS_RR_TYPE_RRSIG, "malformed", err);
	}

	struct lr_signed_walk walk = lr_signed_start(draft, owner);
	struct lr_signed rrset;
	while (lr_signed_next(&walk, &rrset)) {
		if (rrset.start == rrset.end)
			continue; /* signatures of nothing: dnssec.c says so */
		enum lr_code code = rrset_shape(draft, owner, &rrset, err);
		if (code != LR_OK)
			return code;
		if (rrset.type == LDNS_RR_TYPE_SOA) {
			struct lr_record soa = lr_draft_record(draft, rrset.start);
			if (!owner->apex)
				return fault(owner->name, LDNS_RR_TYPE_SOA, "not at the apex", err);
			struct lr_soa fields;
			if (!lr_soa_read(soa.rdata, soa.rdata_length, &fields))
				return fault(owner->name, LDNS_RR_TYPE_SOA, "malformed", err);
			seen->serial = fields.serial;
			seen->soa = true;
		}
		if (rrset.type == LDNS_RR_TYPE_NS && owner->apex)
			seen->apex_ns = true;
		if (rrset.type == LDNS_RR_TYPE_CNAME)
			cname = true;
		else if (rrset.type != LDNS_RR_TYPE_NSEC)
			others = true;
	}
	if (cname && others) /* RFC 2181 section 10.1, RFC 4035 section 2.5 */
		return fault(owner->name, LDNS_RR_TYPE_CNAME, "does not stand alone", err);
	return LR_OK;
}

bool
lr_semantic_serial(const struct lr_draft *draft, uint32_t *serial)
{
	struct lr_owner_walk walk = {draft, 0, NULL};
	struct lr_owner apex;
	if (!lr_owner_next(&walk, &apex) || !apex.apex)
		return false;
	for (size_t i = apex.start; i < apex.end; i = lr_draft_rrset_end(draft, i)) {
		struct lr_record record = lr_draft_record(draft, i);
		struct lr_soa soa;
		if (record.type != LDNS_RR_TYPE_SOA)
			continue;
		if (lr_draft_rrset_end(draft, i) != i + 1 ||
		    !lr_soa_read(record.rdata, record.rdata_length, &soa))
			return false;
		*serial = soa.serial;
		return true;
	}
	return false;
}

enum lr_code
lr_semantic_checks(const struct lr_draft *draft, uint32_t *serial, struct lr_error *err)
{
	struct lr_owner_walk walk = {draft, 0, NULL};
	struct lr_owner owner;
	struct seen seen = {0};
	while (lr_owner_next(&walk, &owner)) {
		enum lr_code code = check_owner(draft, &owner, &seen, err);
		if (code == LR_OK)
			code = lr_draft_step(draft, owner.end - owner.start, err);
		if (code != LR_OK)
			return code;
	}
	if (!seen.soa)
		return lr_fail(err, LR_EFORMAT, "the zone has no SOA record");
	if (!seen.apex_ns)
		return lr_fail(err, LR_EFORMAT, "the zone has no NS records at its apex");
	*serial = seen.serial;
	return LR_OK;
}

static bool
understood(const struct lr_record *record)
{
	if (record->type == LDNS_RR_TYPE_DNSKEY && record->rdata_length > 3)
		return lr_key_known(record->rdata[3]); /* RFC 4034 section 2.1 */
	return lr_rdata_known(record->type);
}

enum lr_code
lr_semantic_understood(const struct lr_draft *draft, struct lr_error *err)
{
	uint16_t known = 0; /* most neighbours have the same type */
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record record = lr_draft_record(draft, i);
		bool key = record.type == LDNS_RR_TYPE_DNSKEY;
		char text[160];
		if (record.type != known && !understood(&record))
			return lr_fail(err, LR_EUPDATE,
			    "%s: %s unknown here: please update this software",
			    lr_rrset_text(record.owner, record.type, text),
			    key ? "an algorithm" : "a type");
		known = key ? 0 : record.type;
	}
	return LR_OK;
}
