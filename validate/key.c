#include "key.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum kind { RSA_KEY, ECDSA_KEY, EDDSA_KEY };

static const struct algorithm {
	uint8_t number;
	enum kind kind;
	const char *digest, *name; /* in OpenSSL's words; the group for ECDSA */
	size_t size;               /* octets of the public key; 0 for RSA */
	size_t signature;          /* octets; 0 for RSA */
} algorithms[] = {
    {8, RSA_KEY, "SHA256", "RSA", 0, 0},
    {10, RSA_KEY, "SHA512", "RSA", 0, 0},
    {13, ECDSA_KEY, "SHA256", "P-256", 64, 64},
    {14, ECDSA_KEY, "SHA384", "P-384", 96, 96},
    {15, EDDSA_KEY, NULL, "ED25519", 32, 64},
    {16, EDDSA_KEY, NULL, "ED448", 57, 114},
};

enum { FIELDS = 4, MODULUS_MAX = 512, EXPONENT_MAX = 8 }; /* octets */
enum { MODULUS_BITS_MIN = 1024 };

static const struct algorithm *
find_algorithm(uint8_t number)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].number == number)
			return &algorithms[i];
	return NULL;
}

bool
lr_key_known(uint8_t algorithm)
{
	return find_algorithm(algorithm) != NULL;
}

struct lr_key {
	const struct algorithm *algorithm;
	uint16_t tag;
	EVP_MD *digest; /* fetched once: looking it up costs more than hashing an rrset */
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *verify;
};

/*
 * OpenSSL 3.0 does not always say so where it got no memory: a good signature may just not verify.
 * But malloc() then leaves ENOMEM in errno, which nothing takes back. What failed so is tried once
 * more, and is otherwise told as a lack of memory.
 *
 * An algorithm that OpenSSL lacked memory for at its first use, it takes for unknown as long as the
 * process runs: so what fails is told as that lack until a signature has verified.
 */
enum { UNTRIED, LACKED_MEMORY, WORKS };
static _Atomic int experience[sizeof(algorithms) / sizeof(algorithms[0])];

static void
note_lack(const struct algorithm *algorithm)
{
	int untried = UNTRIED;
	atomic_compare_exchange_strong(
	    &experience[algorithm - algorithms], &untried, LACKED_MEMORY);
}

/* Whether what just failed did so for want of memory. */
static bool
lacked_memory(const struct algorithm *algorithm)
{
	if (errno != ENOMEM)
		return false;
	note_lack(algorithm);
	return true;
}

/* Whether an earlier lack may be why it failed. */
static bool
lacked_before(const struct algorithm *algorithm)
{
	return atomic_load(&experience[algorithm - algorithms]) == LACKED_MEMORY;
}

void
lr_key_openssl_lacked(void)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		note_lack(&algorithms[i]);
}

uint16_t
lr_key_tag(const uint8_t *rdata, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
	return (uint16_t)(sum + (sum >> 16));
}

static EVP_PKEY *
from_parameters(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!parameters || !context || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	return pkey;
}

/* RFC 3110 section 2: the exponent's length in one octet or three, the exponent, the modulus. */
static EVP_PKEY *
rsa_key(const uint8_t *bytes, size_t size)
{
	if (size < 3)
		return NULL;
	size_t exponent = bytes[0], at = 1;
	if (exponent == 0) {
		exponent = (size_t)(bytes[1] << 8 | bytes[2]);
		at = 3;
	}
	/* A long exponent makes verifying as slow as signing. */
	if (exponent == 0 || exponent > EXPONENT_MAX || size - at < exponent)
		return NULL;
	size_t modulus = size - at - exponent;
	if (modulus > MODULUS_MAX)
		return NULL;

	EVP_PKEY *pkey = NULL;
	BIGNUM *e = BN_bin2bn(bytes + at, (int)exponent, NULL);
	BIGNUM *n = BN_bin2bn(bytes + at + exponent, (int)modulus, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (e && n && build && BN_num_bits(n) >= MODULUS_BITS_MIN &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		pkey = from_parameters("RSA", build);
	OSSL_PARAM_BLD_free(build);
	BN_free(e);
	BN_free(n);
	return pkey;
}

/* RFC 6605 section 4: X and Y; OpenSSL wants them as an
 * uncompressed point and checks that it is on the curve. */
static EVP_PKEY *
ecdsa_key(const char *group, const uint8_t *bytes, size_t size)
{
	uint8_t point[1 + 96] = {POINT_CONVERSION_UNCOMPRESSED};
	memcpy(point + 1, bytes, size);
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + size))
		pkey = from_parameters("EC", build);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

static EVP_PKEY *
public_key(const struct algorithm *algorithm, const uint8_t *bytes, size_t size)
{
	if (algorithm->kind == RSA_KEY)
		return rsa_key(bytes, size);
	if (size != algorithm->size)
		return NULL;
	if (algorithm->kind == ECDSA_KEY)
		return ecdsa_key(algorithm->name, bytes, size);
	return EVP_PKEY_new_raw_public_key_ex(NULL, algorithm->name, NULL, bytes, size);
}

/* RSA and ECDSA keep one context for all signatures:
 * setting it up costs a third of an RSA verification. */
static bool
prepare(struct lr_key *key)
{
	if (key->algorithm->kind == EDDSA_KEY)
		return true;
	key->digest = EVP_MD_fetch(NULL, key->algorithm->digest, NULL);
	key->verify = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	return key->digest && key->verify && EVP_PKEY_verify_init(key->verify) > 0 &&
	       (key->algorithm->kind != RSA_KEY ||
		   EVP_PKEY_CTX_set_rsa_padding(key->verify, RSA_PKCS1_PADDING) > 0) &&
	       EVP_PKEY_CTX_set_signature_md(key->verify, key->digest) > 0;
}

static void
take_down(struct lr_key *key)
{
	ERR_clear_error();
	EVP_PKEY_CTX_free(key->verify);
	EVP_PKEY_free(key->pkey);
	EVP_MD_free(key->digest);
}

static enum lr_code
set_up(struct lr_key *key, const uint8_t *bytes, size_t size, struct lr_error *err)
{
	unsigned number = key->algorithm->number;
	for (int attempt = 0; attempt < 2; attempt++) {
		errno = 0;
		key->pkey = public_key(key->algorithm, bytes, size);
		if (key->pkey && prepare(key))
			return LR_OK;
		bool lacked = lacked_memory(key->algorithm), malformed = !key->pkey;
		take_down(key);
		key->verify = NULL;
		key->pkey = NULL;
		key->digest = NULL;
		if (lacked)
			continue;
		if (lacked_before(key->algorithm))
			break;
		if (malformed)
			return lr_fail(err, LR_EBOGUS, "DNSKEY %u is malformed", key->tag);
		return lr_fail(err, LR_EUNSUPPORTED, "OpenSSL refuses algorithm %u of DNSKEY %u",
		    number, key->tag);
	}
	return lr_fail(
	    err, LR_ENOMEM, "out of memory for algorithm %u of DNSKEY %u", number, key->tag);
}

enum lr_code
lr_key_new(const uint8_t *rdata, size_t length, struct lr_key **out, struct lr_error *err)
{
	const struct algorithm *algorithm = NULL;
	if (length <= FIELDS)
		return lr_fail(err, LR_EBOGUS, "a DNSKEY of %zu octets", length);
	uint16_t flags = (uint16_t)(rdata[0] << 8 | rdata[1]), tag = lr_key_tag(rdata, length);
	if (rdata[2] != 3 || !(flags & LR_KEY_ZONE) || (flags & LR_KEY_REVOKED))
		return lr_fail(err, LR_EBOGUS, "DNSKEY %u is no zone key or is revoked", tag);
	algorithm = find_algorithm(rdata[3]);
	if (!algorithm)
		return lr_fail(err, LR_EUNSUPPORTED, "DNSKEY %u has algorithm %u, unknown here",
		    tag, rdata[3]);

	struct lr_key *key = calloc(1, sizeof(*key));
	if (!key)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	key->algorithm = algorithm;
	key->tag = tag;
	enum lr_code code = set_up(key, rdata + FIELDS, length - FIELDS, err);
	ERR_clear_error();
	if (code != LR_OK) {
		lr_key_free(key);
		return code;
	}
	*out = key;
	return LR_OK;
}

void
lr_key_free(struct lr_key *key)
{
	if (!key)
		return;
	take_down(key);
	free(key);
}

uint8_t
lr_key_algorithm(const struct lr_key *key)
{
	return key->algorithm->number;
}

uint16_t
lr_key_own_tag(const struct lr_key *key)
{
	return key->tag;
}

/* RFC 6605 section 4: R and S side by side; OpenSSL wants them in DER. */
static bool
ecdsa_verify(struct lr_key *key, const uint8_t *digest, size_t digest_size,
    const uint8_t *signature, size_t size)
{
	uint8_t *der = NULL;
	int der_size = 0;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, (int)size / 2, NULL);
	BIGNUM *s = BN_bin2bn(signature + size / 2, (int)size / 2, NULL);
	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL; /* the pair's now */
		der_size = i2d_ECDSA_SIG(pair, &der);
	}
	bool ok = der_size > 0 &&
		  EVP_PKEY_verify(key->verify, der, (size_t)der_size, digest, digest_size) == 1;
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return ok;
}

static bool
eddsa_verify(struct lr_key *key, const uint8_t *data, size_t size, const uint8_t *signature,
    size_t signature_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) > 0 &&
		  EVP_DigestVerify(context, signature, signature_size, data, size) == 1;
	EVP_MD_CTX_free(context);
	return ok;
}

static bool
verify(struct lr_key *key, const uint8_t *data, size_t size, const uint8_t *signature,
    size_t signature_size)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_size;
	bool ok;

	if (key->algorithm->kind == EDDSA_KEY)
		ok = eddsa_verify(key, data, size, signature, signature_size);
	else if (!EVP_Digest(data, size, digest, &digest_size, key->digest, NULL))
		ok = false;
	else if (key->algorithm->kind == ECDSA_KEY)
		ok = ecdsa_verify(key, digest, digest_size, signature, signature_size);
	else
		ok = EVP_PKEY_verify(key->verify, signature, signature_size, digest, digest_size) ==
		     1;
	if (!ok)
		ERR_clear_error();
	return ok;
}

enum lr_code
lr_key_verify(struct lr_key *key, const uint8_t *data, size_t size, const uint8_t *signature,
    size_t signature_size)
{
	if (key->algorithm->signature && signature_size != key->algorithm->signature)
		return LR_EBOGUS;
	for (int attempt = 0; attempt < 2; attempt++) {
		errno = 0;
		if (verify(key, data, size, signature, signature_size)) {
			atomic_store_explicit(
			    &experience[key->algorithm - algorithms], WORKS, memory_order_relaxed);
			return LR_OK;
		}
		if (!lacked_memory(key->algorithm))
			return lacked_before(key->algorithm) ? LR_ENOMEM : LR_EBOGUS;
	}
	return LR_ENOMEM;
}
