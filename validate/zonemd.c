#include "zonemd.h"
#include "cursor.h"
#include "key.h"
#include "owner.h"
#include "rdata.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCHEME_SIMPLE = 1, DIGEST_MIN = 12 }; /* RFC 8976 section 2.2 */

/* RFC 8976 section 5.3. */
static const struct hash {
	const char *name;
	uint8_t size; /* octets of its digest */
	const EVP_MD *(*digest)(void);
} hashes[] = {
    [1] = {"SHA-384", 48, EVP_sha384},
    [2] = {"SHA-512", 64, EVP_sha512},
};

/* RDATA (RFC 8976 section 2.2). */
struct rdata {
	uint32_t serial;
	uint8_t scheme, algorithm;
	const uint8_t *digest;
	size_t size;
};

/* False: there is no room for the fixed fields. */
static bool
parse(const struct lr_draft *draft, size_t index, struct rdata *rdata)
{
	struct lr_record record = lr_draft_record(draft, index);
	struct lr_cursor c = lr_cursor_init(record.rdata, record.rdata_length);
	rdata->serial = lr_cursor_u32(&c);
	rdata->scheme = lr_cursor_u8(&c);
	rdata->algorithm = lr_cursor_u8(&c);
	rdata->size = lr_cursor_left(&c);
	rdata->digest = lr_cursor_bytes(&c, rdata->size);
	return lr_cursor_ok(&c);
}

static const struct hash *
find_hash(uint8_t algorithm)
{
	bool known = algorithm < sizeof(hashes) / sizeof(*hashes) && hashes[algorithm].name;
	return known ? &hashes[algorithm] : NULL;
}

const char *
lr_zonemd_hash(const struct lr_zonemd *matched)
{
	return find_hash(matched->algorithm)->name;
}

enum { OCTETS_A_STEP = 256 }; /* lr_draft_step() */

/* Records are gathered to a buffer of this size, so that the digest is fed in large pieces. */
enum { RECORD_MAX = LR_NAME_MAX + 10 + UINT16_MAX, BUFFER = 2 * RECORD_MAX };

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
compute(
    const struct lr_draft *draft, const struct hash *hash, uint8_t digest[64], struct lr_error *err)
{
	size_t origin_length = lr_name_length(lr_draft_origin(draft), LR_NAME_MAX);
	size_t count = lr_draft_count(draft), used = 0;
	enum lr_code code = LR_OK;
	errno = 0;
	uint8_t *buffer = malloc(BUFFER);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = buffer && context && EVP_DigestInit_ex(context, hash->digest(), NULL);

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
	if (errno == ENOMEM)
		lr_key_openssl_lacked();
	EVP_MD_CTX_free(context);
	free(buffer);
	return ok ? code : lr_fail(err, LR_ENOMEM, "out of memory while hashing");
}

/* Why the ZONEMD record at INDEX of FIRST to END - 1
 * cannot be used, or NULL (RFC 8976 section 4 step 5). */
static const char *
unusable(const struct lr_draft *draft, size_t first, size_t end, size_t index, uint32_t serial)
{
	struct rdata own, other;
	if (!parse(draft, index, &own) || own.size < DIGEST_MIN)
		return "shorter than RFC 8976 allows";
	if (own.serial != serial)
		return "its serial is not the SOA's";
	if (own.scheme != SCHEME_SIMPLE)
		return "an unknown scheme";
	const struct hash *hash = find_hash(own.algorithm);
	if (!hash)
		return "an unknown hash";
	if (own.size != hash->size)
		return "not of its hash's size";
	for (size_t i = first; i < end; i++)
		if (i != index && parse(draft, i, &other) && other.scheme == own.scheme &&
		    other.algorithm == own.algorithm)
			return "the same scheme and hash twice";
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
	bool usable = false;
	char why[200] = "";
	size_t first, end = apex_zonemd(draft, &first);

	if (end == 0)
		return lr_fail(err, LR_ENOZONEMD, "the zone has no ZONEMD record");
	/* Two can be used, the rest are told of: a hostile
	 * zone does not make us compare thousands. */
	if (end - first > 32)
		return lr_fail(err, LR_ENOZONEMD, "%zu ZONEMD records", end - first);

	for (size_t i = first; i < end; i++) {
		struct rdata rdata;
		const char *reason = unusable(draft, first, end, i, serial);
		if (reason) {
			size_t used = strlen(why);
			snprintf(why + used, sizeof(why) - used, "%s%s", used ? "; " : "", reason);
			continue;
		}
		usable = true;
		parse(draft, i, &rdata);
		const struct hash *hash = find_hash(rdata.algorithm);
		struct lr_zonemd own = {.algorithm = rdata.algorithm, .size = hash->size};
		enum lr_code code = compute(draft, hash, own.digest, err);
		if (code != LR_OK)
			return code;
		if (memcmp(own.digest, rdata.digest, own.size) == 0) {
			*matched = own;
			return LR_OK;
		}
	}
	if (usable)
		return lr_fail(err, LR_EDIGEST, "the contents do not match the ZONEMD digest%s%s",
		    *why ? "; others passed over: " : "", why);
	return lr_fail(err, LR_ENOZONEMD, "no ZONEMD record can be used: %s", why);
}
