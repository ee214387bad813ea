/*
 * tsig.h -- transaction signatures (RFC 8945): a request and the messages that answer it, on either
 * side.
 *
 * One struct lr_tsig is one exchange, in one thread. The clock is handed in: NOW is seconds since
 * 1970. What does not verify is LR_ETSIG, and *err begins with "TSIG" and a word for it: BADKEY,
 * BADSIG, BADTIME, BADTRUNC (RFC 8945 section 3), MISSING (no signature where there has to be one)
 * or UNSIGNED (more than 99 messages without one).
 */
#ifndef LR_TSIG_H
#define LR_TSIG_H

#include "tsig_keys.h"

#include <stdbool.h>

#define LR_TSIG_FUDGE 300u /* seconds, RFC 8945 section 10 */
#define LR_TSIG_ROOM 616   /* octets that a signature takes at the most */

/* RFC 8945 section 3 */
enum lr_tsig_error {
	LR_TSIG_GOOD = 0,
	LR_BADSIG = 16,
	LR_BADKEY = 17,
	LR_BADTIME = 18,
	LR_BADTRUNC = 22
};

struct lr_tsig;

/* For who asks. KEY outlives it. LR_ENOMEM. */
enum lr_code lr_tsig_new(
    const struct lr_tsig_key *key, struct lr_tsig **tsig, struct lr_error *err);
void lr_tsig_free(struct lr_tsig *tsig); /* NULL is allowed */

/*
 * Signs a message of *SIZE octets, in which ROOM is LR_TSIG_ROOM more: the request, or the one
 * message that answers it. LR_ENOMEM.
 */
enum lr_code lr_tsig_sign(struct lr_tsig *tsig, uint8_t *message, size_t *size, size_t room,
    int64_t now, struct lr_error *err);

/*
 * The next message of the answer (RFC 8945 section 5.3.1): the first one is signed, and of the
 * others each hundredth at the least. LR_ETSIG; LR_EFORMAT: it is malformed; LR_ENOMEM. What it
 * says counts for nothing before lr_tsig_end().
 */
enum lr_code lr_tsig_take(
    struct lr_tsig *tsig, const uint8_t *message, size_t size, int64_t now, struct lr_error *err);

/* The answer has come to its end. LR_ETSIG: its last message is not signed. */
enum lr_code lr_tsig_end(const struct lr_tsig *tsig, struct lr_error *err);

/*
 * For who is asked: the request's signature, with one of KEYS (NULL: there are none), which outlive
 * it. *tsig is NULL where it has none; else it signs the answer, also that to a request that did
 * not verify, which lr_tsig_error() tells. LR_EFORMAT, LR_ENOMEM.
 */
enum lr_code lr_tsig_request(const struct lr_tsig_keys *keys, const uint8_t *message, size_t size,
    int64_t now, struct lr_tsig **tsig, struct lr_error *err);

/* LR_TSIG_GOOD: the request has verified, with the key that lr_tsig_key() gives. */
enum lr_tsig_error lr_tsig_error(const struct lr_tsig *tsig);
const struct lr_tsig_key *lr_tsig_key(const struct lr_tsig *tsig);

/* "BADKEY"; a number where there is no name. */
const char *lr_tsig_error_name(unsigned error, char text[16]);

#endif
