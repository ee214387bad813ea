/*
 * tsig_record.h -- the TSIG record (RFC 8945 section 4.2) at the end of a message. For tsig.c
 * alone.
 */
#ifndef LR_TSIG_RECORD_H
#define LR_TSIG_RECORD_H

#include "cursor.h"
#include "lr_error.h"
#include "name.h"

/* The pointers are into the message that it was read from, or to what the signer owns. */
struct lr_tsig_record {
	uint8_t owner[LR_NAME_MAX], algorithm[LR_NAME_MAX];
	uint64_t time;
	uint16_t fudge, mac_size, original_id, error, other_size;
	const uint8_t *mac, *other;
	size_t at; /* where in the message */
};

/* The record behind all others, if it is one (section 5.1). LR_EFORMAT: a TSIG elsewhere, or a
 * message that is malformed. */
enum lr_code lr_tsig_record_find(const uint8_t *message, size_t size, struct lr_tsig_record *record,
    bool *found, struct lr_error *err);

/* Writes the record behind a message of SIZE octets, where there has to be room, and counts it in
 * the header. Returns the size with it. */
size_t lr_tsig_record_append(uint8_t *message, size_t size, const struct lr_tsig_record *record);

/* How many records the additional section has. */
static inline unsigned
lr_additionals(const uint8_t *message)
{
	return (unsigned)message[10] << 8 | message[11];
}

/* Times have 48 bits. Writing returns where it goes on. */
static inline uint64_t
lr_get48(struct lr_cursor *c)
{
	uint64_t high = lr_cursor_u16(c);
	return high << 32 | lr_cursor_u32(c);
}

static inline uint8_t *
lr_put48(uint8_t *at, uint64_t value)
{
	for (int shift = 40; shift >= 0; shift -= 8)
		*at++ = (uint8_t)(value >> shift & 0xff);
	return at;
}

#endif
