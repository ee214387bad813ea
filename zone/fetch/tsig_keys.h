/*
 * tsig_keys.h -- the keys of transaction signatures (RFC 8945), and which servers they are for, as
 * named.conf has it: what tsig-keygen prints, and a server statement for each server.
 *
 *     key "primary" { algorithm hmac-sha256; secret "…base64…"; };
 *     server 192.0.2.1 { keys "primary"; };
 *
 * A server is named as the source that it is, by address or host name. Words may stand in quotes;
 * comments begin with #, // or stand between slash and star. Nothing else is taken. The file's mode
 * gives others (in the sense of chmod) no access.
 */
#ifndef LR_TSIG_KEYS_H
#define LR_TSIG_KEYS_H

#include "lr_error.h"
#include "name.h"

#include <stdio.h>

#define LR_TSIG_SECRET_MAX 256    /* octets */
#define LR_TSIG_KEYS_OCTETS 65536 /* of a file */

/* RFC 8945 section 6, those that are no weaker than hmac-sha256. */
enum lr_tsig_algorithm { LR_HMAC_SHA256, LR_HMAC_SHA384, LR_HMAC_SHA512, LR_TSIG_ALGORITHMS };

struct lr_tsig_key {
	uint8_t name[LR_NAME_MAX]; /* in lower case */
	enum lr_tsig_algorithm algorithm;
	size_t size; /* at least 1 */
	uint8_t secret[LR_TSIG_SECRET_MAX];
};

/* Not changed once read: any thread. */
struct lr_tsig_keys;

/*
 * Reads a file. LR_EUSAGE: its mode gives others access; LR_EFORMAT names the line; LR_EIO;
 * LR_ELIMIT: longer than LR_TSIG_KEYS_OCTETS; LR_ENOMEM.
 */
enum lr_code lr_tsig_keys_read(FILE *in, struct lr_tsig_keys **keys, struct lr_error *err);
void lr_tsig_keys_free(struct lr_tsig_keys *keys); /* overwrites the secrets; NULL is allowed */

/* The key for the server at HOST, an address or a name; NULL: it has none. KEYS may be NULL. */
const struct lr_tsig_key *lr_tsig_keys_for(const struct lr_tsig_keys *keys, const char *host);

/* The key of that name, in whatever case; NULL: there is none. KEYS may be NULL. */
const struct lr_tsig_key *lr_tsig_keys_named(const struct lr_tsig_keys *keys, const uint8_t *name);

#endif
