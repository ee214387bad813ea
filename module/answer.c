#include "answer.h"
#include "find.h"
#include "packed_rrset.h"
#include "sentinel.h"
#include "ttl.h"

/* The most rrsets that an answer has: SOA and two NSEC. A referral has more. */
#define RRSETS_MAX 3

/* An rrset whose data, of SIZE bytes, is filled in later, in the query's region: one piece of
 * memory with key, data and owner. NULL: out of memory. */
static struct ub_packed_rrset_key *
make_key(const struct module_qstate *qstate, const struct lr_zone *zone,
    const struct lr_rrset *rrset, uint16_t type, size_t size)
{
	size_t owner_length;
	const uint8_t *owner = lr_rrset_owner(zone, rrset, &owner_length);
	struct ub_packed_rrset_key *key =
	    regional_alloc(qstate->region, sizeof(*key) + size + owner_length);
	if (!key)
		return NULL;
	memset(key, 0, sizeof(*key));
	key->entry.key = key;
	key->entry.data = key + 1;
	key->rk.dname = (uint8_t *)(key + 1) + size;
	memcpy(key->rk.dname, owner, owner_length);
	key->rk.dname_len = owner_length;
	key->rk.type = htons(type);
	key->rk.rrset_class = htons(LDNS_RR_CLASS_IN);
	/* Only a module in front of this one may put the answer into a cache. */
	if (qstate->curmod > 0)
		key->entry.hash = rrset_key_hash(&key->rk);
	return key;
}

static struct ub_packed_rrset_key *
copy_rrset(const struct module_qstate *qstate, const struct lr_zone *zone,
    const struct lr_rrset *rrset, bool negative, enum sec_status security)
{
	struct ub_packed_rrset_key *key =
	    make_key(qstate, zone, rrset, rrset->type, lr_packed_size(rrset));
	if (!key)
		return NULL;
	struct packed_rrset_data *data = key->entry.data;
	lr_packed_copy(data, zone, rrset, negative);
	data->security = security;
	data->trust = security == sec_status_unchecked ? rrset_trust_ans_AA : rrset_trust_validated;
	return key;
}

static struct ub_packed_rrset_key *
copy_signatures(const struct module_qstate *qstate, const struct lr_zone *zone)
{
	struct ub_packed_rrset_key *key = make_key(qstate, zone, lr_zone_rrset(zone, 0),
	    LDNS_RR_TYPE_RRSIG, lr_packed_signatures_size(zone));
	if (!key)
		return NULL;
	struct packed_rrset_data *data = key->entry.data;
	lr_packed_fill_signatures(data, zone);
	data->security = sec_status_indeterminate;
	data->trust = rrset_trust_ans_AA;
	return key;
}

/* How many rrsets are in the sections, which follow each other. */
struct counts {
	size_t answer, authority, additional;
};

static bool
reply(struct module_qstate *qstate, struct ub_packed_rrset_key **keys, struct counts counts,
    enum sec_status security, int rcode)
{
	struct dns_msg *msg = regional_alloc_zero(qstate->region, sizeof(*msg));
	struct reply_info *rep = regional_alloc_zero(qstate->region, sizeof(*rep));
	size_t count = counts.answer + counts.authority + counts.additional;
	if (!msg || !rep)
		return false;
	rep->ttl = lr_ttl_most();
	for (size_t i = 0; i < count; i++) {
		const struct packed_rrset_data *data = keys[i]->entry.data;
		if (data->ttl < rep->ttl)
			rep->ttl = data->ttl;
	}
	rep->flags = BIT_QR | BIT_RA;
	FLAGS_SET_RCODE(rep->flags, rcode);
	rep->qdcount = 1;
	rep->prefetch_ttl = PREFETCH_TTL_CALC(rep->ttl);
	rep->serve_expired_ttl = rep->ttl + lr_ttl_expired();
	rep->security = security;
	rep->reason_bogus =
	    security == sec_status_secure_sentinel_fail ? LDNS_EDE_DNSSEC_BOGUS : LDNS_EDE_NONE;
	rep->an_numrrsets = counts.answer;
	rep->ns_numrrsets = counts.authority;
	rep->ar_numrrsets = counts.additional;
	rep->rrset_count = count;
	rep->rrsets = keys;
	msg->qinfo = qstate->qinfo;
	msg->rep = rep;
	qstate->return_msg = msg;
	qstate->return_rcode = LDNS_RCODE_NOERROR;
	return true;
}

/* Signatures always go along: what a client without DO does not get, encoding leaves out. */
static bool
reply_finding(struct module_qstate *qstate, const struct lr_zone *zone,
    const struct lr_finding *finding, enum sec_status security)
{
	const struct lr_rrset *rrsets[RRSETS_MAX];
	size_t count = 0;
	if (finding->answer)
		rrsets[count++] = finding->answer;
	else
		rrsets[count++] = finding->soa;
	for (unsigned i = 0; i < finding->proof_count; i++)
		rrsets[count++] = finding->proofs[i];

	struct ub_packed_rrset_key **keys = regional_alloc(qstate->region, count * sizeof(*keys));
	if (!keys)
		return false;
	for (size_t i = 0; i < count; i++) {
		keys[i] = copy_rrset(qstate, zone, rrsets[i], rrsets[i] == finding->soa,
		    security == sec_status_unchecked ? security : sec_status_secure);
		if (!keys[i])
			return false;
	}
	size_t answers = finding->answer ? 1 : 0;
	return reply(qstate, keys, (struct counts){answers, count - answers, 0}, security,
	    finding->outcome == LR_NXDOMAIN ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR);
}

/* The apex' signatures as such. The upstream auth zone keeps them with
 * what they cover, so that the iterator would not find them. Nothing
 * signs them in their turn (RFC 4035 section 2.2): not secure. */
static bool
reply_signatures(struct module_qstate *qstate, const struct lr_zone *zone)
{
	struct ub_packed_rrset_key **keys = regional_alloc(qstate->region, sizeof(*keys));
	if (!keys)
		return false;
	keys[0] = copy_signatures(qstate, zone);
	return keys[0] && reply(qstate, keys, (struct counts){1, 0, 0}, sec_status_indeterminate,
			      LDNS_RCODE_NOERROR);
}

/* The addresses that the zone has for the delegation's name servers. KEYS has room for two rrsets
 * of each. False: out of memory. */
static bool
add_glue(const struct module_qstate *qstate, const struct lr_zone *zone,
    const struct lr_rrset *delegation, struct ub_packed_rrset_key **keys, size_t *count)
{
	static const uint16_t types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
	const uint8_t *record = lr_rrset_data(zone, delegation);
	*count = 0;
	for (unsigned i = 0; i < delegation->count; i++) {
		for (unsigned t = 0; t < 2; t++) {
			const struct lr_rrset *glue = lr_zone_lookup(zone, record + 2, types[t]);
			if (!glue)
				continue;
			keys[*count] =
			    copy_rrset(qstate, zone, glue, false, sec_status_indeterminate);
			if (!keys[(*count)++])
				return false;
		}
		record += 2 + (size_t)sldns_read_uint16(record);
	}
	return true;
}

/* The delegation, and the DS or the proof that there is none (RFC 4035 section 3.1.4). Nothing
 * signs the former: not secure. */
static bool
reply_referral(
    struct module_qstate *qstate, const struct lr_zone *zone, const struct lr_finding *finding)
{
	const struct lr_rrset *rrsets[] = {
	    finding->delegation, finding->ds ? finding->ds : finding->proofs[0]};
	struct counts counts = {0, rrsets[1] ? 2 : 1, 0};
	struct ub_packed_rrset_key **keys = regional_alloc(
	    qstate->region, (2 + 2 * (size_t)finding->delegation->count) * sizeof(*keys));
	if (!keys)
		return false;
	for (size_t i = 0; i < counts.authority; i++) {
		keys[i] = copy_rrset(qstate, zone, rrsets[i], false, sec_status_indeterminate);
		if (!keys[i])
			return false;
	}
	return add_glue(qstate, zone, finding->delegation, keys + counts.authority,
		   &counts.additional) &&
	       reply(qstate, keys, counts, sec_status_indeterminate, LDNS_RCODE_NOERROR);
}

/* Without RD a client wants what is there (RFC 1034 section 4.3.2):
 * not the recursion to which the upstream auth zone would lead the
 * iterator, but the delegation, unless the cache has one below it. */
static bool
refers(const struct module_qstate *qstate, const struct lr_finding *finding)
{
	const struct query_info *query = &qstate->qinfo;
	struct dns_msg *msg;
	if (finding->outcome != LR_REFERRAL || (qstate->query_flags & BIT_RD))
		return false;
	const struct delegpt *known =
	    dns_cache_find_delegation(qstate->env, query->qname, query->qname_len, query->qtype,
		query->qclass, qstate->region, &msg, *qstate->env->now, 0, NULL, 0);
	return !known || known->namelabs <= 2;
}

/* A type of data (RFC 6895 section 3.1), or one that asks for all of them. */
static bool
is_plain(const struct module_qstate *qstate)
{
	uint16_t type = qstate->qinfo.qtype;
	if (type == LDNS_RR_TYPE_ANY)
		return !LR_CFG(qstate->env->cfg, deny_any);
	return type < 249 || type > 255;
}

/* What a positive answer needs to come from here. */
static bool
answers_positively(const struct module_qstate *qstate, uint16_t type)
{
	/* The validator checks the keys against its anchors each time, and RFC 5011 watches them; a
	 * client's own question goes that way. */
	if (type == LDNS_RR_TYPE_DNSKEY)
		return qstate->is_valrec;
	/* With the addresses in the additional section, the iterator's answer is the better one. */
	const struct config_file *cfg = qstate->env->cfg;
	bool bare = LR_CFG(cfg, minimal_responses) && LR_CFG(cfg, val_clean_additional);
	return qstate->is_valrec || bare || type != LDNS_RR_TYPE_NS;
}

/* What the zone decides the query with. LR_NOT_DECIDED: nothing, or the iterator has to. */
static enum lr_event
decide(const struct module_qstate *qstate, const struct lr_finding *finding)
{
	bool apex = dname_is_root(qstate->qinfo.qname);
	bool delegation = qstate->qinfo.qtype == LDNS_RR_TYPE_DS && !apex;
	/* Of a name that exists, these ask for what is not one rrset of the zone. */
	bool several =
	    qstate->qinfo.qtype == LDNS_RR_TYPE_ANY || qstate->qinfo.qtype == LDNS_RR_TYPE_RRSIG;

	/* The root has no wildcards; should it get one, the iterator knows how to expand it. */
	if (finding->wildcard)
		return LR_NOT_DECIDED;
	switch (finding->outcome) {
	case LR_REFERRAL:
		return LR_REFERRED;
	case LR_NXDOMAIN:
		return finding->proof_count > 0 ? LR_ANSWERED_NXDOMAIN : LR_NOT_DECIDED;
	case LR_NODATA:
		if (finding->proof_count == 0 || several)
			return LR_NOT_DECIDED;
		return delegation ? LR_ANSWERED_DS : LR_ANSWERED_NODATA;
	case LR_ANSWER:
		if (finding->answer->signatures == 0 ||
		    !answers_positively(qstate, finding->answer->type))
			return LR_NOT_DECIDED;
		return delegation ? LR_ANSWERED_DS : LR_ANSWERED_APEX;
	default:
		return LR_NOT_DECIDED;
	}
}

enum lr_event
lr_answer(struct module_qstate *qstate, const struct lr_zone *zone)
{
	const struct query_info *query = &qstate->qinfo;
	struct lr_finding finding;
	if (!is_plain(qstate))
		return LR_NOT_DECIDED;
	if (query->qtype == LDNS_RR_TYPE_RRSIG && dname_is_root(query->qname))
		return reply_signatures(qstate, zone) ? LR_ANSWERED_APEX : LR_NOT_DECIDED;
	/* All of a name is as much as the server pleases to tell (RFC 8482 section 4.1). */
	uint16_t type = query->qtype;
	if (type == LDNS_RR_TYPE_ANY && dname_is_root(query->qname))
		type = LDNS_RR_TYPE_SOA;
	lr_zone_find(zone, query->qname, type, &finding);
	if (refers(qstate, &finding))
		return reply_referral(qstate, zone, &finding) ? LR_ANSWERED_REFERRAL : LR_REFERRED;
	enum lr_event event = decide(qstate, &finding);
	if (!lr_event_answers(event))
		return event;

	/* What was verified is secure for a client with CD as well: Unbound's validator does not
	 * spare those either. The keys are for it to check. */
	enum sec_status security = lr_sentinel_security(qstate->env, query);
	if (query->qtype == LDNS_RR_TYPE_DNSKEY && finding.outcome == LR_ANSWER)
		security = sec_status_unchecked;
	return reply_finding(qstate, zone, &finding, security) ? event : LR_NOT_DECIDED;
}
