#include "answer.h"
#include "packed.h"

/* The most rrsets that an answer has: SOA and two NSEC. */
#define RRSETS_MAX 3

/* The rrset in the query's region; NULL: out of memory. */
static struct ub_packed_rrset_key *
copy_rrset(struct regional *region, const struct lr_zone *zone, const struct lr_rrset *rrset,
    bool negative, enum sec_status security)
{
	size_t owner_length;
	const uint8_t *owner = lr_rrset_owner(zone, rrset, &owner_length);
	struct ub_packed_rrset_key *key = regional_alloc_zero(region, sizeof(*key));
	struct packed_rrset_data *data = regional_alloc(region, lr_packed_size(rrset));
	if (!key || !data)
		return NULL;
	key->rk.dname = regional_alloc_init(region, owner, owner_length);
	if (!key->rk.dname)
		return NULL;
	key->rk.dname_len = owner_length;
	key->rk.type = htons(rrset->type);
	key->rk.rrset_class = htons(LDNS_RR_CLASS_IN);
	key->entry.key = key;
	key->entry.data = data;
	key->entry.hash = rrset_key_hash(&key->rk);
	lr_packed_fill(data, zone, rrset, negative);
	data->security = security;
	data->trust = security == sec_status_secure ? rrset_trust_validated : rrset_trust_ans_AA;
	return key;
}

/* Signatures always go along: what a client without DO does not get, encoding leaves out. */
static bool
reply(struct module_qstate *qstate, const struct lr_zone *zone, const struct lr_finding *finding,
    enum sec_status security)
{
	const struct lr_rrset *rrsets[RRSETS_MAX];
	size_t count = 0;
	if (finding->answer)
		rrsets[count++] = finding->answer;
	else
		rrsets[count++] = finding->soa;
	for (unsigned i = 0; i < finding->proof_count; i++)
		rrsets[count++] = finding->proofs[i];

	struct regional *region = qstate->region;
	struct dns_msg *msg = regional_alloc_zero(region, sizeof(*msg));
	struct reply_info *rep = regional_alloc_zero(region, sizeof(*rep));
	struct ub_packed_rrset_key **keys = regional_alloc(region, count * sizeof(*keys));
	if (!msg || !rep || !keys)
		return false;
	rep->ttl = MAX_TTL;
	for (size_t i = 0; i < count; i++) {
		keys[i] = copy_rrset(region, zone, rrsets[i], rrsets[i] == finding->soa, security);
		if (!keys[i])
			return false;
		const struct packed_rrset_data *data = keys[i]->entry.data;
		if (data->ttl < rep->ttl)
			rep->ttl = data->ttl;
	}
	rep->flags = BIT_QR | BIT_RA;
	if (finding->outcome == LR_NXDOMAIN)
		FLAGS_SET_RCODE(rep->flags, LDNS_RCODE_NXDOMAIN);
	rep->qdcount = 1;
	rep->prefetch_ttl = PREFETCH_TTL_CALC(rep->ttl);
	rep->serve_expired_ttl = rep->ttl + SERVE_EXPIRED_TTL;
	rep->security = security;
	rep->an_numrrsets = finding->answer ? 1 : 0;
	rep->ns_numrrsets = count - rep->an_numrrsets;
	rep->rrset_count = count;
	rep->rrsets = keys;
	msg->qinfo = qstate->qinfo;
	msg->rep = rep;
	qstate->return_msg = msg;
	qstate->return_rcode = LDNS_RCODE_NOERROR;
	return true;
}

/* Types that stand for something else than one rrset, or whose rrset the zone keeps with another
 * (RFC 4034 section 3). */
static bool
is_plain(uint16_t type)
{
	return type != LDNS_RR_TYPE_RRSIG && type != LDNS_RR_TYPE_ANY && (type < 249 || type > 255);
}

/* What a positive answer needs to come from here. */
static bool
answers_positively(const struct module_qstate *qstate, uint16_t type)
{
	/* The validator checks the keys against its anchors each time, and RFC 5011 watches them; a
	 * client's own question goes that way. */
	if (type == LDNS_RR_TYPE_DNSKEY)
		return qstate->is_valrec;
	/* With the authority and additional sections, the iterator's answer is the better one. */
	return qstate->is_valrec || qstate->env->cfg->minimal_responses;
}

/* Whether the zone decides the query; names what is then counted. */
static bool
decides(const struct module_qstate *qstate, const struct lr_finding *finding, enum lr_event *event)
{
	bool apex = dname_is_root(qstate->qinfo.qname);
	bool delegation = qstate->qinfo.qtype == LDNS_RR_TYPE_DS && !apex;

	*event = LR_EVENTS;
	/* The root has no wildcards; should it get one, the iterator knows how to expand it. */
	if (finding->wildcard)
		return false;
	switch (finding->outcome) {
	case LR_REFERRAL:
		*event = LR_REFERRED;
		return false;
	case LR_NXDOMAIN:
		*event = LR_ANSWERED_NXDOMAIN;
		return finding->proof_count > 0;
	case LR_NODATA:
		*event = delegation ? LR_ANSWERED_DS : LR_ANSWERED_NODATA;
		return finding->proof_count > 0;
	case LR_ANSWER:
		*event = delegation ? LR_ANSWERED_DS : LR_ANSWERED_APEX;
		return finding->answer->signatures > 0 &&
		       answers_positively(qstate, finding->answer->type);
	default:
		return false;
	}
}

bool
lr_answer(struct module_qstate *qstate, const struct lr_zone *zone, enum lr_event *event)
{
	struct lr_finding finding;
	*event = LR_EVENTS;
	if (!is_plain(qstate->qinfo.qtype))
		return false;
	lr_zone_find(zone, qstate->qinfo.qname, qstate->qinfo.qtype, &finding);
	if (!decides(qstate, &finding, event)) {
		if (*event != LR_REFERRED)
			*event = LR_EVENTS;
		return false;
	}

	/* What was verified is secure for a client with CD as well: Unbound's validator does not
	 * spare those either. The keys are for it to check. */
	enum sec_status security = sec_status_secure;
	if (qstate->qinfo.qtype == LDNS_RR_TYPE_DNSKEY && finding.outcome == LR_ANSWER)
		security = sec_status_unchecked;
	if (!reply(qstate, zone, &finding, security)) {
		*event = LR_EVENTS;
		return false;
	}
	return true;
}
