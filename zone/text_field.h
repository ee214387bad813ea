/*
 * text_field.h -- the fields of a master file: tokens to wire form (RFC 1035 section 5.1).
 *
 * The types that a root zone is made of are read here, straight into wire form: on the real zone
 * that takes a fifth of what ldns takes. All other types go to ldns. For text.c and name.c
 * alone; print_field.h is the way back.
 */
#ifndef LR_TEXT_FIELD_H
#define LR_TEXT_FIELD_H

#include "name.h"

/* One token, escapes still in it, ended by a NUL. */
struct lr_token {
	char *text;
	uint32_t length;
	bool quoted;
};

/* A name relative to ORIGIN or absolute, letter case kept; its length, or 0 where malformed. */
size_t lr_field_name(const char *text, const uint8_t *origin, uint8_t name[LR_NAME_MAX]);

/* Seconds, or a number with units as in 1h30m (BIND's
 * extension, in wide use). RFC 2181 section 8: 31 bits. */
bool lr_field_ttl(const char *text, uint32_t *seconds);

/* A mnemonic or TYPEnnn (RFC 3597 section 5); 0 where there is no such type. */
uint16_t lr_field_type(const char *text);

/* Why RDATA was not read. */
struct lr_field_fault {
	bool foreign; /* for lack of knowledge: ldns may read it */
	size_t token; /* the one that is malformed or does not fit; the count: one is missing */
};

/*
 * The RDATA of a record of TYPE from its tokens, each field by ldns' descriptor of the type or in
 * the generic form (RFC 3597 section 5). Returns false where a field is malformed or does not fit
 * in SIZE octets.
 */
bool lr_field_rdata(uint16_t type, const struct lr_token *tokens, size_t count,
    const uint8_t *origin, uint8_t *rdata, size_t size, size_t *length,
    struct lr_field_fault *fault);

#endif
