/*
 * notify_message.h -- a NOTIFY request (RFC 1996) and the answer to it. No state, any thread.
 */
#ifndef LR_NOTIFY_MESSAGE_H
#define LR_NOTIFY_MESSAGE_H

#include "tsig.h"

/* Octets: header, question, OPT and TSIG. */
#define LR_NOTIFY_ANSWER_MAX (12 + LR_NAME_MAX + 4 + 11 + LR_TSIG_ROOM)

/* What a request has to be. */
struct lr_notify_rules {
	const uint8_t *origin;           /* the zone */
	const struct lr_tsig_keys *keys; /* or NULL */
	bool signed_only;
	const struct lr_tsig_key *key; /* with SIGNED_ONLY: the key it has to be signed with; NULL:
					  there is no such key, and none is good */
	int64_t now;                   /* seconds since 1970 */
};

struct lr_notify {
	bool authentic;  /* signed, with a key of ours */
	bool has_serial; /* what it says without proof (RFC 1996 section 3.7) */
	uint32_t serial;
};

/*
 * Writes the answer to a request of SIZE octets and sets *answer_size, to 0 where nothing is to be
 * answered. LR_OK: the zone may have changed, and *notify is written. Else *err says why that is
 * not said: LR_EFORMAT, LR_EREFUSED (another zone, opcode or type, or who may not say it),
 * LR_ETSIG, LR_ENOMEM.
 */
enum lr_code lr_notify_answer(const struct lr_notify_rules *rules, const uint8_t *request,
    size_t size, struct lr_notify *notify, uint8_t answer[LR_NOTIFY_ANSWER_MAX],
    size_t *answer_size, struct lr_error *err);

#endif
