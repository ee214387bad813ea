#include "dnssec.h"
#include "key.h"
#include "nsec.h"
#include "owner.h"
#include "serial.h"
#include "rdata.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_A_SIGNATURE = 64, OCTETS_A_STEP = 256 }; /* lr_draft_step() */

struct verifier {
	const struct lr_draft *draft;
	const uint8_t *origin;
	uint32_t now;
	bool check_time;
	struct lr_key *keys[LR_DNSKEYS_MAX];
	bool anchored[LR_DNSKEYS_MAX]; /* the anchors vouch for this key */
	unsigned key_count;
	/* What a signature covers: its own fields, then the rrset in canonical form. */
	uint8_t *data;
	size_t room;
	struct lr_dnssec result;
	bool has_expires;
	struct lr_error *err;
};

/* RRSIG RDATA (RFC 4034 section 3.1), whose shape lr_semantic_checks has checked. */
struct signature {
	const uint8_t *rdata; /* the fixed fields and the signer's name */
	size_t signer_length;
	const uint8_t *bytes;
	size_t size;
	uint32_t original_ttl, expiration, inception;
	uint16_t tag;
	uint8_t algorithm, labels;
};

static bool
parse_signature(const struct lr_record *record, struct signature *s)
{
	if (record->rdata_length <= LR_RRSIG_FIXED)
		return false;
	size_t rest = (size_t)record->rdata_length - LR_RRSIG_FIXED;
	const uint8_t *rdata = record->rdata;
	size_t signer = lr_name_length(rdata + LR_RRSIG_FIXED, rest);
	if (signer == 0 || signer == rest)
		return false;
	*s = (struct signature){
	    .rdata = rdata,
	    .signer_length = signer,
	    .bytes = rdata + LR_RRSIG_FIXED + signer,
	    .size = rest - signer,
	    .algorithm = rdata[2],
	    .labels = rdata[3],
	    .original_ttl = lr_get32(rdata + 4),
	    .expiration = lr_get32(rdata + 8),
	    .inception = lr_get32(rdata + 12),
	    .tag = lr_get16(rdata + 16),
	};
	return true;
}

static enum lr_code
fault(const struct verifier *v, enum lr_code code, const uint8_t *owner, uint16_t type,
    const struct signature *s, const char *what)
{
	char text[160];
	lr_rrset_text(owner, type, text);
	if (s)
		return lr_fail(v->err, code, "%s: the signature by key %u %s", text, s->tag, what);
	return lr_fail(v->err, code, "%s: %s", text, what);
}

/* RFC 4035 section 5.3.1, without what depends on the key. */
static enum lr_code
check_fields(const struct verifier *v, const uint8_t *owner, const struct signature *s,
    const struct lr_record *first)
{
	unsigned labels = lr_name_labels(owner);
	if (owner[0] == 1 && owner[1] == '*')
		labels--; /* RFC 4034 section 3.1.3 */
	if (!lr_name_equal(s->rdata + LR_RRSIG_FIXED, v->origin))
		return fault(v, LR_EBOGUS, owner, first->type, s, "names another zone as signer");
	if (s->labels != labels)
		return fault(
		    v, LR_EBOGUS, owner, first->type, s, "is for another number of labels");
	if (s->original_ttl != first->ttl)
		return fault(v, LR_EBOGUS, owner, first->type, s, "is for another TTL");
	return LR_OK;
}

static enum lr_code
check_time(const struct verifier *v, const uint8_t *owner, uint16_t type, const struct signature *s)
{
	if (!v->check_time)
		return LR_OK;
	if (!lr_serial_not_after(s->inception, v->now))
		return fault(v, LR_EEXPIRED, owner, type, s, "is not valid yet");
	if (!lr_serial_not_after(v->now, s->expiration))
		return fault(v, LR_EEXPIRED, owner, type, s, "has expired");
	return LR_OK;
}

/* Gathers what the signature covers (RFC 4034 section 3.1.8.1). LR_ENOMEM; LR_EBOGUS: it is more
 * than anybody could be sent. */
static enum lr_code
signed_data(struct verifier *v, const uint8_t *owner, const struct lr_signed *rrset,
    const struct signature *s, size_t *size)
{
	size_t need = LR_RRSIG_FIXED + s->signer_length, used = need;
	size_t octets = 0; /* of the rrset in a message, at the least */
	for (size_t i = rrset->start; i < rrset->end; i++) {
		struct lr_record r = lr_draft_record(v->draft, i);
		need += r.owner_length + 10u + r.rdata_length;
		octets += r.rdata_length;
	}
	if (octets > UINT16_MAX)
		return fault(
		    v, LR_EBOGUS, owner, rrset->type, s, "covers more than a message can hold");
	if (need > v->room) {
		free(v->data);
		v->room = 0;
		v->data = malloc(2 * need);
		if (!v->data)
			return lr_fail(v->err, LR_ENOMEM, "out of memory");
		v->room = 2 * need;
	}
	memcpy(v->data, s->rdata, used);
	for (size_t i = LR_RRSIG_FIXED; i < used; i++)
		v->data[i] = lr_fold[v->data[i]];
	for (size_t i = rrset->start; i < rrset->end; i++) {
		struct lr_record r = lr_draft_record(v->draft, i);
		used += lr_put_record_head(v->data + used, &r, s->original_ttl);
		lr_rdata_canonical(r.type, r.rdata, r.rdata_length, v->data + used);
		used += r.rdata_length;
	}
	*size = used;
	return LR_OK;
}

/* Tries the keys that may have made the signature: *by
 * is the one that did, or -1 where there is no such key. */
static enum lr_code
try_keys(struct verifier *v, const uint8_t *owner, const struct lr_signed *rrset,
    const struct signature *s, bool anchored_only, int *by)
{
	unsigned attempts = 0;
	size_t size = 0;
	*by = -1;
	for (unsigned k = 0; k < v->key_count; k++) {
		if (lr_key_own_tag(v->keys[k]) != s->tag ||
		    lr_key_algorithm(v->keys[k]) != s->algorithm ||
		    (anchored_only && !v->anchored[k]))
			continue;
		if (attempts == 0) {
			enum lr_code code = check_time(v, owner, rrset->type, s);
			if (code == LR_OK)
				code = signed_data(v, owner, rrset, s, &size);
			if (code != LR_OK)
				return code;
		}
		if (attempts++ == LR_ATTEMPTS_MAX)
			break;
		enum lr_code code =
		    lr_draft_step(v->draft, STEPS_A_SIGNATURE + size / OCTETS_A_STEP, v->err);
		if (code != LR_OK)
			return code;
		code = lr_key_verify(v->keys[k], v->data, size, s->bytes, s->size);
		if (code == LR_OK)
			*by = (int)k;
		if (code != LR_EBOGUS)
			return code == LR_OK ? code : lr_fail(v->err, code, "out of memory");
	}
	if (attempts == 0)
		return LR_OK;
	return fault(v, LR_EBOGUS, owner, rrset->type, s, "does not verify");
}

static void
count_signature(struct verifier *v, uint16_t type, const struct signature *s)
{
	v->result.signatures++;
	if (type == LDNS_RR_TYPE_ZONEMD)
		return;
	if (!v->has_expires || lr_serial_not_after(s->expiration, v->result.expires))
		v->result.expires = s->expiration;
	v->has_expires = true;
}

static enum lr_code
verify_rrset(struct verifier *v, const uint8_t *owner, const struct lr_signed *rrset)
{
	struct lr_record first = lr_draft_record(v->draft, rrset->start);
	bool secure = false;
	if (rrset->signatures_end - rrset->signatures > LR_SIGNATURES_MAX)
		return fault(v, LR_EBOGUS, owner, rrset->type, NULL, "too many signatures");
	for (size_t i = rrset->signatures; i < rrset->signatures_end; i++) {
		struct lr_record record = lr_draft_record(v->draft, i);
		struct signature s;
		int by;
		if (!parse_signature(&record, &s))
			return fault(
			    v, LR_EBOGUS, owner, rrset->type, NULL, "a malformed signature");
		enum lr_code code = check_fields(v, owner, &s, &first);
		if (code == LR_OK)
			code = try_keys(v, owner, rrset, &s, false, &by);
		if (code != LR_OK)
			return code;
		if (by < 0)
			continue;
		count_signature(v, rrset->type, &s);
		secure = true;
	}
	if (!secure)
		return fault(v, LR_EBOGUS, owner, rrset->type, NULL,
		    rrset->signatures == rrset->signatures_end ? "not signed"
							       : "not signed by a key of the zone");
	return LR_OK;
}

static enum lr_code
verify_owner(struct verifier *v, const struct lr_owner *owner)
{
	struct lr_signed_walk walk = lr_signed_start(v->draft, owner);
	struct lr_signed rrset;
	while (lr_signed_next(&walk, &rrset)) {
		bool is_signed = rrset.signatures != rrset.signatures_end;
		if (rrset.start == rrset.end)
			return fault(v, LR_EBOGUS, owner->name, rrset.type, NULL,
			    "a signature of records that are not there");
		if (!lr_owner_signs(owner, rrset.type)) {
			if (is_signed) /* RFC 4035 section 2.2 */
				return fault(v, LR_EBOGUS, owner->name, rrset.type, NULL,
				    "a signature of what the zone has no authority over");
			continue;
		}
		enum lr_code code = verify_rrset(v, owner->name, &rrset);
		if (code != LR_OK)
			return code;
	}
	return LR_OK;
}

/* Finds the rrset of the type at the apex, which comes first in canonical order. */
static bool
apex_rrset(const struct lr_draft *draft, uint16_t type, struct lr_signed *rrset)
{
	struct lr_owner_walk walk = {draft, 0, NULL};
	struct lr_owner apex;
	if (!lr_owner_next(&walk, &apex) || !apex.apex)
		return false;
	struct lr_signed_walk rrsets = lr_signed_start(draft, &apex);
	while (lr_signed_next(&rrsets, rrset))
		if (rrset->type == type)
			return rrset->start != rrset->end;
	return false;
}

/* Keys that are not zone keys, revoked, malformed or of unknown algorithms are left out. */
static enum lr_code
load_keys(struct verifier *v, const struct lr_signed *dnskeys, const struct lr_anchors *anchors)
{
	struct lr_error why = {LR_OK, ""};
	bool anchored = false, unsupported = false;
	if (dnskeys->end - dnskeys->start > LR_DNSKEYS_MAX)
		return fault(v, LR_EBOGUS, v->origin, LDNS_RR_TYPE_DNSKEY, NULL, "too many keys");
	for (size_t i = dnskeys->start; i < dnskeys->end; i++) {
		struct lr_record r = lr_draft_record(v->draft, i);
		struct lr_key *key;
		enum lr_code code = lr_key_new(r.rdata, r.rdata_length, &key, &why);
		if (code == LR_ENOMEM)
			return lr_fail(v->err, code, "%s", why.text);
		enum lr_code match = code == LR_EBOGUS
					 ? LR_EANCHOR
					 : lr_anchors_match(anchors, r.rdata, r.rdata_length);
		if (code == LR_OK) {
			v->anchored[v->key_count] = match == LR_OK;
			v->keys[v->key_count++] = key;
			anchored |= match == LR_OK;
		}
		if (match == LR_ENOMEM)
			return lr_fail(v->err, match, "out of memory");
		unsupported |= code == LR_EUNSUPPORTED && match == LR_OK;
	}
	if (anchored)
		return LR_OK;
	if (unsupported)
		return fault(v, LR_EUNSUPPORTED, v->origin, LDNS_RR_TYPE_DNSKEY, NULL,
		    "the keys that match a trust anchor are of algorithms unknown here");
	return fault(v, LR_EANCHOR, v->origin, LDNS_RR_TYPE_DNSKEY, NULL,
	    "no key of the zone matches a trust anchor");
}

/* RFC 4035 section 5.2: a key that the anchors vouch for signs the DNSKEY rrset. */
static enum lr_code
verify_anchor(struct verifier *v, const struct lr_signed *dnskeys)
{
	struct lr_record first = lr_draft_record(v->draft, dnskeys->start);
	if (dnskeys->signatures_end - dnskeys->signatures > LR_SIGNATURES_MAX)
		return fault(
		    v, LR_EBOGUS, v->origin, LDNS_RR_TYPE_DNSKEY, NULL, "too many signatures");
	for (size_t i = dnskeys->signatures; i < dnskeys->signatures_end; i++) {
		struct lr_record record = lr_draft_record(v->draft, i);
		struct signature s;
		int by = -1;
		if (!parse_signature(&record, &s))
			continue; /* verify_rrset says so */
		enum lr_code code = check_fields(v, v->origin, &s, &first);
		if (code == LR_OK)
			code = try_keys(v, v->origin, dnskeys, &s, true, &by);
		if (code != LR_OK)
			return code;
		if (by >= 0) {
			v->result.key_tag = s.tag;
			return LR_OK;
		}
	}
	return fault(v, LR_EBOGUS, v->origin, LDNS_RR_TYPE_DNSKEY, NULL,
	    "not signed by a key that matches a trust anchor");
}

static enum lr_code
verify(struct verifier *v, const struct lr_anchors *anchors)
{
	struct lr_signed dnskeys;
	struct lr_owner_walk walk = {v->draft, 0, NULL};
	struct lr_owner owner;
	char origin[LR_NAME_TEXT_MAX];

	if (!anchors || lr_anchors_count(anchors) == 0)
		return lr_fail(v->err, LR_EANCHOR, "no trust anchor for %.200s",
		    lr_name_text(v->origin, origin));
	if (!apex_rrset(v->draft, LDNS_RR_TYPE_DNSKEY, &dnskeys))
		return lr_fail(
		    v->err, LR_EANCHOR, "the zone has no DNSKEY records to match a trust anchor");
	enum lr_code code = load_keys(v, &dnskeys, anchors);
	if (code == LR_OK)
		code = verify_anchor(v, &dnskeys);
	while (code == LR_OK && lr_owner_next(&walk, &owner)) {
		code = verify_owner(v, &owner);
		if (code == LR_OK)
			code = lr_draft_step(v->draft, owner.end - owner.start, v->err);
	}
	/* Last: what it may say of the zone's kind counts where the signatures verify. */
	return code == LR_OK ? lr_nsec_verify(v->draft, v->err) : code;
}

enum lr_code
lr_dnssec_verify(const struct lr_draft *draft, const struct lr_anchors *anchors, uint32_t now,
    bool check_times, struct lr_dnssec *result, struct lr_error *err)
{
	struct verifier v = {
	    .draft = draft,
	    .origin = lr_draft_origin(draft),
	    .now = now,
	    .check_time = check_times,
	    .err = err,
	};
	enum lr_code code = verify(&v, anchors);
	for (unsigned k = 0; k < v.key_count; k++)
		lr_key_free(v.keys[k]);
	free(v.data);
	if (code == LR_OK)
		*result = v.result;
	return code;
}
