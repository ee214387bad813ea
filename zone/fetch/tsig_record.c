/* tsig_record.c -- the TSIG record at the end of a message. */
#include "tsig_record.h"

#include <ldns/ldns.h>
#include <string.h>

static enum lr_code
malformed(struct lr_error *err)
{
	return lr_fail(err, LR_EFORMAT, "malformed TSIG");
}

static enum lr_code
read_rdata(const uint8_t *rdata, size_t size, struct lr_tsig_record *s, struct lr_error *err)
{
	struct lr_cursor c = lr_cursor_init(rdata, size); /* no compression: section 4.2 */
	if (lr_cursor_name(&c, s->algorithm) == 0)
		return malformed(err);
	s->time = lr_get48(&c);
	s->fudge = lr_cursor_u16(&c);
	s->mac_size = lr_cursor_u16(&c);
	s->mac = lr_cursor_bytes(&c, s->mac_size);
	s->original_id = lr_cursor_u16(&c);
	s->error = lr_cursor_u16(&c);
	s->other_size = lr_cursor_u16(&c);
	s->other = lr_cursor_bytes(&c, s->other_size);
	return lr_cursor_ok(&c) && lr_cursor_left(&c) == 0 ? LR_OK : malformed(err);
}

/* The record behind all others, if it is one (section 5.1); one elsewhere is malformed. */
enum lr_code
lr_tsig_record_find(const uint8_t *message, size_t size, struct lr_tsig_record *s, bool *found,
    struct lr_error *err)
{
	struct lr_cursor c = lr_cursor_init(message, size);
	uint8_t name[LR_NAME_MAX];
	*found = false;
	(void)lr_cursor_bytes(&c, 4);
	unsigned questions = lr_cursor_u16(&c), records = lr_cursor_u16(&c);
	records += lr_cursor_u16(&c);
	unsigned additionals = lr_cursor_u16(&c);
	for (; questions && lr_cursor_ok(&c); questions--) {
		(void)lr_cursor_name(&c, name);
		(void)lr_cursor_u32(&c);
	}
	for (records += additionals; records && lr_cursor_ok(&c); records--) {
		s->at = (size_t)(c.at - c.start);
		(void)lr_cursor_name(&c, s->owner);
		unsigned type = lr_cursor_u16(&c), class = lr_cursor_u16(&c);
		uint32_t ttl = lr_cursor_u32(&c);
		uint16_t length = lr_cursor_u16(&c);
		const uint8_t *rdata = lr_cursor_bytes(&c, length);
		if (!rdata || type != LDNS_RR_TYPE_TSIG)
			continue;
		if (records > 1 || additionals == 0 || class != LDNS_RR_CLASS_ANY || ttl != 0 ||
		    lr_cursor_left(&c) > 0)
			return malformed(err);
		*found = true;
		return read_rdata(rdata, length, s, err);
	}
	return lr_cursor_ok(&c) ? LR_OK : lr_fail(err, LR_EFORMAT, "malformed message");
}

static uint8_t *
put(uint8_t *at, const uint8_t *octets, size_t size)
{
	if (size)
		memcpy(at, octets, size);
	return at + size;
}

static uint8_t *
put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8 & 0xff);
	*at++ = (uint8_t)(value & 0xff);
	return at;
}

static uint8_t *
put_name(uint8_t *at, const uint8_t *name)
{
	return put(at, name, lr_name_length(name, LR_NAME_MAX));
}

size_t
lr_tsig_record_append(uint8_t *message, size_t size, const struct lr_tsig_record *s)
{
	size_t length =
	    lr_name_length(s->algorithm, LR_NAME_MAX) + 16u + s->mac_size + s->other_size;
	uint8_t *at = put_name(message + size, s->owner);
	at = put16(at, LDNS_RR_TYPE_TSIG);
	at = put16(at, LDNS_RR_CLASS_ANY);
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, (unsigned)length);
	at = put_name(at, s->algorithm);
	at = lr_put48(at, s->time);
	at = put16(at, s->fudge);
	at = put16(at, s->mac_size);
	at = put(at, s->mac, s->mac_size);
	at = put16(at, s->original_id);
	at = put16(at, s->error);
	at = put16(at, s->other_size);
	at = put(at, s->other, s->other_size);
	put16(message + 10, lr_additionals(message) + 1);
	return (size_t)(at - message);
}
