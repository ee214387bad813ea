/*
 * tsig.c -- transaction signatures. What is signed (RFC 8945 section 4.3): the MAC before it in the
 * exchange, the message as it was without its signature, and of that everything but the MAC; behind
 * the first answer the messages that were not signed as well, and of the signature the times alone.
 */
#include "tsig.h"
#include "tsig_record.h"

#include <inttypes.h>
#include <ldns/ldns.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE = 12, MAC_MAX = 64, UNSIGNED_MAX = 99, NAME_SIZE = 13 /* of an algorithm */ };

static const struct algorithm {
	const char *digest;
	uint8_t name[NAME_SIZE]; /* on the wire */
	size_t size;             /* of its MACs */
} algorithms[LR_TSIG_ALGORITHMS] = {
    {"SHA256", "\13hmac-sha256", 32},
    {"SHA384", "\13hmac-sha384", 48},
    {"SHA512", "\13hmac-sha512", 64},
};

struct lr_tsig {
	const struct lr_tsig_key *key; /* NULL: the request names none of ours */
	enum lr_tsig_error error;      /* of the request */
	struct lr_tsig_record asked;   /* the request's, for who is asked; no pointers */
	EVP_MAC_CTX *mac;              /* of what comes next, begun with the MAC before it */
	bool failed;                   /* the MAC is not to be used any more */
	unsigned taken;                /* messages of the answer */
	unsigned without;              /* of those, the ones since the last that was signed */
};

static enum lr_code
no_mac(struct lr_error *err)
{
	ERR_clear_error();
	return lr_fail(err, LR_ENOMEM, "TSIG: no HMAC: out of memory");
}

const char *
lr_tsig_error_name(unsigned error, char text[16])
{
	switch (error) {
	case LR_BADSIG:
		return "BADSIG";
	case LR_BADKEY:
		return "BADKEY";
	case LR_BADTIME:
		return "BADTIME";
	case LR_BADTRUNC:
		return "BADTRUNC";
	default:
		snprintf(text, 16, "error %u", error & 0xffff);
		return text;
	}
}

/* Digesting. Whether it failed is asked once, at the end: a MAC that failed is not used again, for
 * OpenSSL would crash. */

static void
digest(struct lr_tsig *t, const void *octets, size_t size)
{
	t->failed = t->failed || EVP_MAC_update(t->mac, octets, size) != 1;
}

static void
digest16(struct lr_tsig *t, unsigned value)
{
	const uint8_t octets[] = {(uint8_t)(value >> 8 & 0xff), (uint8_t)(value & 0xff)};
	digest(t, octets, sizeof(octets));
}

static void
digest48(struct lr_tsig *t, uint64_t value)
{
	for (int shift = 32; shift >= 0; shift -= 16)
		digest16(t, (unsigned)(value >> shift & 0xffff));
}

/* RFC 8945 section 4.3.1: the MAC before, with its length. */
static void
begin(struct lr_tsig *t, const uint8_t *before, size_t size)
{
	const struct algorithm *a = &algorithms[t->key->algorithm];
	const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
					     (char *)(uintptr_t)a->digest, 0),
	    OSSL_PARAM_construct_end()};
	t->failed = EVP_MAC_init(t->mac, t->key->secret, t->key->size, parameters) != 1;
	if (size) {
		digest16(t, (unsigned)size);
		digest(t, before, size);
	}
}

static void
digest_name(struct lr_tsig *t, const uint8_t *name)
{
	uint8_t folded[LR_NAME_MAX];
	size_t length = lr_name_length(name, LR_NAME_MAX);
	for (size_t i = 0; i < length; i++)
		folded[i] = lr_fold[name[i]];
	digest(t, folded, length);
}

/* Section 4.3.3: of a later message of an answer the TIMES alone (section 5.3.1). */
static void
digest_variables(struct lr_tsig *t, const struct lr_tsig_record *s, bool times)
{
	if (!times) {
		digest_name(t, s->owner);
		digest16(t, LDNS_RR_CLASS_ANY);
		digest16(t, 0);
		digest16(t, 0);
		digest_name(t, s->algorithm);
	}
	digest48(t, s->time);
	digest16(t, s->fudge);
	if (!times) {
		digest16(t, s->error);
		digest16(t, s->other_size);
		if (s->other_size)
			digest(t, s->other, s->other_size);
	}
}

/* Section 4.3.2: the message with its first ID and without
 * its signature, that is with so many ADDITIONALS. */
static void
digest_message(
    struct lr_tsig *t, const uint8_t *message, const struct lr_tsig_record *s, unsigned additionals)
{
	digest16(t, s->original_id);
	digest(t, message + 2, 8);
	digest16(t, additionals);
	digest(t, message + HEADER_SIZE, s->at - HEADER_SIZE);
}

static bool
end(struct lr_tsig *t, uint8_t mac[MAC_MAX])
{
	size_t size;
	t->failed = t->failed || EVP_MAC_final(t->mac, mac, &size, MAC_MAX) != 1;
	return !t->failed;
}

static struct lr_tsig *
make(const struct lr_tsig_key *key)
{
	struct lr_tsig *t = calloc(1, sizeof(*t));
	EVP_MAC *hmac = t && key ? EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL) : NULL;
	if (!t)
		return NULL;
	t->key = key;
	if (!key)
		return t;
	t->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac); /* the context holds it */
	if (t->mac)
		begin(t, NULL, 0);
	if (t->mac && !t->failed)
		return t;
	lr_tsig_free(t);
	return NULL;
}

enum lr_code
lr_tsig_new(const struct lr_tsig_key *key, struct lr_tsig **tsig, struct lr_error *err)
{
	struct lr_tsig *t = make(key);
	if (!t)
		return no_mac(err);
	*tsig = t;
	return LR_OK;
}

void
lr_tsig_free(struct lr_tsig *tsig)
{
	if (!tsig)
		return;
	EVP_MAC_CTX_free(tsig->mac);
	free(tsig);
}

static bool
in_time(const struct lr_tsig_record *s, int64_t now)
{
	int64_t ahead = (int64_t)s->time - now;
	return (ahead < 0 ? -ahead : ahead) <= s->fudge;
}

/* Whether S is by the key, of the message and of what
 * was digested before; then that goes on from its MAC. */
static enum lr_tsig_error
verify(struct lr_tsig *t, const uint8_t *message, const struct lr_tsig_record *s, bool times)
{
	const struct algorithm *a = &algorithms[t->key->algorithm];
	uint8_t mac[MAC_MAX];
	if (!lr_name_equal(s->owner, t->key->name) || !lr_name_equal(s->algorithm, a->name))
		return LR_BADKEY;
	if (s->mac_size != a->size) /* section 5.2.2.1: we ask for whole ones */
		return s->mac_size < a->size && s->mac_size >= a->size / 2 ? LR_BADTRUNC
									   : LR_BADSIG;
	digest_message(t, message, s, lr_additionals(message) - 1);
	digest_variables(t, s, times);
	if (!end(t, mac) || CRYPTO_memcmp(mac, s->mac, a->size) != 0)
		return LR_BADSIG;
	begin(t, s->mac, s->mac_size);
	return LR_TSIG_GOOD;
}

/* For who asks. */

static enum lr_code
take_unsigned(struct lr_tsig *t, const uint8_t *message, size_t size, struct lr_error *err)
{
	char text[32] = "";
	unsigned rcode = message[3] & 0xf;
	if (rcode)
		snprintf(text, sizeof(text), " (RCODE %u)", rcode);
	if (t->taken == 1)
		return lr_fail(err, LR_ETSIG, "TSIG MISSING: the answer%s has no TSIG", text);
	if (++t->without > UNSIGNED_MAX)
		return lr_fail(err, LR_ETSIG, "TSIG UNSIGNED: more than %d messages without TSIG",
		    UNSIGNED_MAX);
	digest(t, message, size);
	return LR_OK;
}

static enum lr_code
wrong(enum lr_tsig_error error, const struct lr_tsig_record *s, int64_t now, struct lr_error *err)
{
	char text[16];
	const char *name = lr_tsig_error_name(error, text);
	if (error == LR_BADTIME)
		return lr_fail(err, LR_ETSIG,
		    "TSIG %s: signed at %" PRIu64 ", which is %" PRId64 " s from now", name,
		    s->time, (int64_t)s->time - now);
	return lr_fail(err, LR_ETSIG, "TSIG %s: %s", name,
	    error == LR_BADKEY     ? "signed with another key or algorithm"
	    : error == LR_BADTRUNC ? "the MAC is cut short"
				   : "the MAC is wrong");
}

/* What the server says of our request. */
static enum lr_code
told(const struct lr_tsig_record *s, struct lr_error *err)
{
	char text[16];
	const char *name = lr_tsig_error_name(s->error, text);
	struct lr_cursor c = lr_cursor_init(s->other, s->other_size);
	uint64_t time = lr_get48(&c);
	if (s->error == LR_BADTIME && lr_cursor_ok(&c))
		return lr_fail(err, LR_ETSIG,
		    "TSIG %s: says the server, whose clock has %" PRIu64 " where ours has %" PRIu64,
		    name, time, s->time);
	return lr_fail(err, LR_ETSIG, "TSIG %s: says the server", name);
}

enum lr_code
lr_tsig_take(
    struct lr_tsig *t, const uint8_t *message, size_t size, int64_t now, struct lr_error *err)
{
	struct lr_tsig_record s = {.at = 0};
	bool found;
	enum lr_code code = lr_tsig_record_find(message, size, &s, &found, err);
	if (code != LR_OK)
		return code;
	t->taken++;
	if (!found)
		return take_unsigned(t, message, size, err);
	if (s.error && s.mac_size == 0) /* it could not sign: section 5.3.2 */
		return told(&s, err);
	enum lr_tsig_error error = verify(t, message, &s, t->taken > 1);
	if (t->failed)
		return no_mac(err);
	if (error == LR_TSIG_GOOD && !in_time(&s, now) && s.error != LR_BADTIME)
		error = LR_BADTIME;
	if (error != LR_TSIG_GOOD)
		return wrong(error, &s, now, err);
	if (s.error)
		return told(&s, err);
	t->without = 0;
	return LR_OK;
}

enum lr_code
lr_tsig_end(const struct lr_tsig *t, struct lr_error *err)
{
	if (t->without)
		return lr_fail(err, LR_ETSIG, "TSIG MISSING: the last message has no TSIG");
	return LR_OK;
}

/* For who is asked. */

enum lr_code
lr_tsig_request(const struct lr_tsig_keys *keys, const uint8_t *message, size_t size, int64_t now,
    struct lr_tsig **tsig, struct lr_error *err)
{
	struct lr_tsig_record s = {.at = 0};
	bool found;
	enum lr_code code = lr_tsig_record_find(message, size, &s, &found, err);
	if (code != LR_OK)
		return code;
	struct lr_tsig *t = found ? make(lr_tsig_keys_named(keys, s.owner)) : NULL;
	if (found && !t)
		return no_mac(err);
	*tsig = t;
	if (!found)
		return LR_OK;
	t->error = t->key ? verify(t, message, &s, false) : LR_BADKEY;
	if (t->failed) {
		*tsig = NULL;
		lr_tsig_free(t);
		return no_mac(err);
	}
	if (t->error == LR_TSIG_GOOD && !in_time(&s, now))
		t->error = LR_BADTIME;
	t->asked = s;
	t->asked.mac = t->asked.other = NULL;
	return LR_OK;
}

enum lr_tsig_error
lr_tsig_error(const struct lr_tsig *t)
{
	return t->error;
}

const struct lr_tsig_key *
lr_tsig_key(const struct lr_tsig *t)
{
	return t->key;
}

enum lr_code
lr_tsig_sign(struct lr_tsig *t, uint8_t *message, size_t *size, size_t room, int64_t now,
    struct lr_error *err)
{
	uint8_t mac[MAC_MAX], server_time[6];
	struct lr_tsig_record s = t->asked; /* the names, where they are not our key's */
	if (*size + LR_TSIG_ROOM > room)
		return lr_fail(err, LR_EFORMAT, "no room for a TSIG");
	if (t->key && t->error != LR_BADKEY) {
		memcpy(s.owner, t->key->name, sizeof(s.owner));
		memcpy(s.algorithm, algorithms[t->key->algorithm].name, NAME_SIZE);
	}
	s.at = *size;
	s.original_id = (uint16_t)(message[0] << 8 | message[1]);
	s.fudge = LR_TSIG_FUDGE;
	s.error = (uint16_t)t->error;
	s.mac_size = s.other_size = 0;
	if (t->error != LR_BADTIME) {
		s.time = (uint64_t)now;
	} else { /* the client's time stays, so that it can verify: section 5.2.3 */
		lr_put48(server_time, (uint64_t)now);
		s.other = server_time;
		s.other_size = sizeof(server_time);
	}
	if (t->key && t->error != LR_BADKEY && t->error != LR_BADSIG) { /* section 5.3.2 */
		digest_message(t, message, &s, lr_additionals(message));
		digest_variables(t, &s, false);
		if (!end(t, mac))
			return no_mac(err);
		s.mac = mac;
		s.mac_size = (uint16_t)algorithms[t->key->algorithm].size;
		begin(t, s.mac, s.mac_size);
	}
	if (t->failed)
		return no_mac(err);
	*size = lr_tsig_record_append(message, *size, &s);
	return LR_OK;
}
