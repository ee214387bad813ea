/*
 * key.h -- one DNSKEY and the signatures it makes. OpenSSL does the cryptography.
 *
 * Algorithms 8 and 10 (RSA, RFC 5702), 13 and 14 (ECDSA, RFC 6605), 15 and 16 (EdDSA, RFC 8080).
 * SHA-1 (5 and 7) is not taken: RFC 8624 ended signing with it, and RFC 9905 validating. RSA from
 * 1024 to 4096 bits.
 */
#ifndef LR_KEY_H
#define LR_KEY_H

#include "lr_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_KEY_ZONE 0x0100    /* RFC 4034 section 2.1.1 */
#define LR_KEY_REVOKED 0x0080 /* RFC 5011 section 7 */

struct lr_key;

/* Whether the algorithm is one of these. */
bool lr_key_known(uint8_t algorithm);

/* The key tag of DNSKEY RDATA of 4 octets or more (RFC 4034 appendix B). */
uint16_t lr_key_tag(const uint8_t *rdata, size_t length);

/* OpenSSL lacked memory at something else: it may not know all of its algorithms since (key.c), so
 * that what fails may do so for that. Any thread. */
void lr_key_openssl_lacked(void);

/*
 * Makes a key of DNSKEY RDATA, which may be gone afterwards. LR_EUNSUPPORTED where the algorithm is
 * not known here, or OpenSSL's policy refuses it; LR_EBOGUS where it is no zone key, revoked, or
 * malformed; LR_ENOMEM.
 */
enum lr_code lr_key_new(
    const uint8_t *rdata, size_t length, struct lr_key **key, struct lr_error *err);
void lr_key_free(struct lr_key *key); /* NULL is allowed */

uint8_t lr_key_algorithm(const struct lr_key *key);
uint16_t lr_key_own_tag(const struct lr_key *key);

/* LR_OK: the key made this signature over these octets. LR_EBOGUS: it did not. LR_ENOMEM: that
 * could not be tried. For one thread at a time. */
enum lr_code lr_key_verify(struct lr_key *key, const uint8_t *data, size_t size,
    const uint8_t *signature, size_t signature_size);

#endif
