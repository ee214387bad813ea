#include "zonemd.h"
#include "owner.h"
#include "rdata.h"

#include <ldns/ldns.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIMPLE = 1, FIXED = 6, DIGEST_MIN = 12 }; /* RFC 8976 section 2.2 */

enum { OCTETS_A_STEP = 256 }; /* lr_draft_step() */

/* Records are gathered to a buffer of this size, so that the digest is fed in large pieces. */
enum { RECORD_MAX = LR_NAME_MAX + 10 + UINT16_MAX, BUFFER = 2 * RECORD_MAX };

static size_t
hash_size(uint8_t algorithm)
{
	return algorithm == 1 ? 48 : algorithm == 2 ? 64 : 0;
}

/* RFC 8976 section 3.3.1 items 5 and 6: what the digest cannot cover. */
static bool
left_out(const struct lr_record *record, size_t origin_length)
{
	if (record->owner_length != origin_length)
		return false; /* owners are within the origin: of its length is only itself */
	return record->type == LDNS_RR_TYPE_ZONEMD ||
	       (record->type == LDNS_RR_TYPE_RRSIG && record->rdata_length >= 2 &&
		   lr_get16(record->rdata) == LDNS_RR_TYPE_ZONEMD);
}

static enum lr_code
compute(const struct lr_draft *draft, uint8_t algorithm, uint8_t digest[64], struct lr_error *err)
{
	size_t origin_length = lr_name_length(lr_draft_origin(draft), LR_NAME_MAX);
	size_t count = lr_draft_count(draft), used = 0;
	enum lr_code code = LR_OK;
	uint8_t *buffer = malloc(BUFFER);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = buffer && context &&
		  EVP_DigestInit_ex(context, algorithm == 1 ? EVP_sha384() : EVP_sha512(), NULL);

	for (size_t i = 0; ok && code == LR_OK && i < count; i++) {
		struct lr_record record = lr_draft_record(draft, i);
		code = lr_draft_step(draft, 1 + record.rdata_length / OCTETS_A_STEP, err);
		if (left_out(&record, origin_length))
			continue;
		if (used > BUFFER - RECORD_MAX) {
			ok = EVP_DigestUpdate(context, buffer, used);
			used = 0;
		}
		used += lr_put_record_head(buffer + used, &record, record.ttl);
		lr_rdata_canonical(record.type, record.rdata, record.rdata_length, buffer + used);
		used += record.rdata_length;
	}
	ok = ok && EVP_DigestUpdate(context, buffer, used) &&
	     EVP_DigestFinal_ex(context, digest, NULL);
	EVP_MD_CTX_free(context);
	free(buffer);
	return ok ? code : lr_fail(err, LR_ENOMEM, "out of memory while hashing");
}

/* Why the ZONEMD record at INDEX of FIRST to END - 1 cannot be used, or NULL (RFC 8976 section 4
 * step 5). */
static const char *
unusable(const struct lr_draft *draft, size_t first, size_t end, size_t index, uint32_t serial)
{
	struct lr_record record = lr_draft_record(draft, index);
	if (record.rdata_length < FIXED + DIGEST_MIN)
		return "shorter than RFC 8976 allows";
	if (lr_get32(record.rdata) != serial)
		return "its serial is not the SOA's";
	if (record.rdata[4] != SIMPLE)
		return "an unknown scheme";
	if (hash_size(record.rdata[5]) == 0)
		return "an unknown hash";
	if (record.rdata_length != FIXED + hash_size(record.rdata[5]))
		return "not of its hash's size";
	for (size_t i = first; i < end; i++) {
		struct lr_record other = lr_draft_record(draft, i);
		if (i != index && other.rdata_length >= FIXED &&
		    other.rdata[4] == record.rdata[4] && other.rdata[5] == record.rdata[5])
			return "the same scheme and hash twice";
	}
	return NULL;
}

/* The apex ZONEMD rrset: *first to the index returned, exclusive. */
static size_t
apex_zonemd(const struct lr_draft *draft, size_t *first)
{
	struct lr_owner_walk walk = {draft, 0, NULL};
	struct lr_owner apex;
	*first = 0;
	if (!lr_owner_next(&walk, &apex) || !apex.apex)
		return 0;
	for (size_t i = apex.start; i < apex.end; i = lr_draft_rrset_end(draft, i)) {
		if (lr_draft_record(draft, i).type == LDNS_RR_TYPE_ZONEMD) {
			*first = i;
			return lr_draft_rrset_end(draft, i);
		}
	}
	return 0;
}

enum lr_code
lr_zonemd_verify(
    const struct lr_draft *draft, uint32_t serial, struct lr_zonemd *matched, struct lr_error *err)
{
	struct lr_zonemd computed[2] = {{0}};
	bool usable = false;
	char why[200] = "";
	size_t first, end = apex_zonemd(draft, &first);

	if (end == 0)
		return lr_fail(err, LR_ENOZONEMD, "the zone has no ZONEMD record");
	/* Two can be used, the rest are told of: a hostile zone does not make us compare
	 * thousands. */
	if (end - first > 32)
		return lr_fail(err, LR_ENOZONEMD, "%zu ZONEMD records", end - first);

	for (size_t i = first; i < end; i++) {
		struct lr_record record = lr_draft_record(draft, i);
		const char *reason = unusable(draft, first, end, i, serial);
		if (reason) {
			size_t used = strlen(why);
			snprintf(why + used, sizeof(why) - used, "%s%s", used ? "; " : "", reason);
			continue;
		}
		usable = true;
		struct lr_zonemd *own = &computed[record.rdata[5] - 1];
		own->algorithm = record.rdata[5];
		own->size = (uint8_t)hash_size(own->algorithm);
		enum lr_code code = compute(draft, own->algorithm, own->digest, err);
		if (code != LR_OK)
			return code;
		if (memcmp(own->digest, record.rdata + FIXED, own->size) == 0) {
			*matched = *own;
			return LR_OK;
		}
	}
	if (usable)
		return lr_fail(err, LR_EDIGEST, "the contents do not match the ZONEMD digest%s%s",
		    *why ? "; others passed over: " : "", why);
	return lr_fail(err, LR_ENOZONEMD, "no ZONEMD record can be used: %s", why);
}
