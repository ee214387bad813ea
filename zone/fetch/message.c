#include "message.h"
#include "rdata.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_EXPIRE = 9, RCODE_BADVERS = 16 };

static uint8_t *
put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8 & 0xff);
	*at++ = (uint8_t)(value & 0xff);
	return at;
}

static uint8_t *
put(uint8_t *at, const uint8_t *octets, size_t size)
{
	memcpy(at, octets, size);
	return at + size;
}

static uint8_t *
put_soa(uint8_t *at, const struct lr_query *query, size_t name_length)
{
	at = put(at, query->name, name_length);
	at = put16(at, LDNS_RR_TYPE_SOA);
	at = put16(at, LDNS_RR_CLASS_IN);
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, (unsigned)query->soa_length);
	return put(at, query->soa, query->soa_length);
}

/* RFC 6891 section 6.1.2, with an empty EXPIRE. */
static uint8_t *
put_opt(uint8_t *at)
{
	*at++ = 0;
	at = put16(at, LDNS_RR_TYPE_OPT);
	at = put16(at, 1232); /* no matter over TCP; what UDP would take */
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, 4);
	at = put16(at, OPTION_EXPIRE);
	return put16(at, 0);
}

size_t
lr_query_encode(const struct lr_query *query, uint8_t *message, size_t size)
{
	size_t name_length = lr_name_length(query->name, LR_NAME_MAX);
	uint8_t *at = message;

	if (size < LR_QUERY_MAX)
		return 0;
	at = put16(at, query->id);
	at = put16(at, 0); /* QUERY; RD is of no use to a transfer (RFC 5936 section 2.1.1) */
	at = put16(at, 1);
	at = put16(at, 0);
	at = put16(at, query->soa != NULL);
	at = put16(at, !query->without_edns);
	at = put(at, query->name, name_length);
	at = put16(at, query->type);
	at = put16(at, LDNS_RR_CLASS_IN);
	if (query->soa)
		at = put_soa(at, query, name_length);
	if (!query->without_edns)
		at = put_opt(at);
	return (size_t)(at - message);
}

enum lr_code
lr_message_open(
    struct lr_message *message, const uint8_t *octets, size_t size, struct lr_error *err)
{
	struct lr_cursor *c = &message->at;
	*message = (struct lr_message){.at = lr_cursor_init(octets, size)};
	message->id = lr_cursor_u16(c);
	uint16_t flags = lr_cursor_u16(c);
	message->response = flags & 0x8000;
	message->query_opcode = (flags & 0x7800) == 0;
	message->authoritative = flags & 0x0400;
	message->truncated = flags & 0x0200;
	message->rcode = flags & 0xf;
	message->questions = lr_cursor_u16(c);
	message->answers = lr_cursor_u16(c);
	message->authorities = lr_cursor_u16(c);
	message->additionals = lr_cursor_u16(c);
	if (!lr_cursor_ok(c))
		return lr_fail(err, LR_EFORMAT, "a message of %zu octets", size);
	return LR_OK;
}

enum lr_code
lr_message_question(struct lr_message *message, uint8_t name[LR_NAME_MAX], uint16_t *type,
    uint16_t *class, struct lr_error *err)
{
	struct lr_cursor *c = &message->at;
	size_t length = lr_cursor_name(c, name);
	*type = lr_cursor_u16(c);
	*class = lr_cursor_u16(c);
	if (!lr_cursor_ok(c) || length == 0)
		return lr_fail(err, LR_EFORMAT, "malformed question");
	return LR_OK;
}

enum lr_code
lr_message_answer(struct lr_message *message, struct lr_answer_record *answer, struct lr_error *err)
{
	struct lr_cursor *c = &message->at;
	struct lr_record *record = &answer->record;
	size_t owner_length = lr_cursor_name(c, answer->owner), length;

	*record = (struct lr_record){.owner = answer->owner,
	    .rdata = answer->rdata,
	    .owner_length = (uint8_t)owner_length,
	    .type = lr_cursor_u16(c)};
	uint16_t class = lr_cursor_u16(c);
	record->ttl = lr_cursor_u32(c);
	uint16_t rdlength = lr_cursor_u16(c);
	if (!lr_cursor_ok(c) || owner_length == 0)
		return lr_fail(err, LR_EFORMAT, "malformed record");
	if (class != LDNS_RR_CLASS_IN)
		return lr_fail(err, LR_EFORMAT, "a record of class %u", class);
	if (record->ttl > INT32_MAX)
		return lr_fail(err, LR_EFORMAT, "a TTL of more than 31 bits (RFC 2181 section 8)");
	enum lr_code code = lr_rdata_read(
	    c, record->type, rdlength, answer->rdata, sizeof(answer->rdata), &length, err);
	if (code == LR_OK)
		record->rdata_length = (uint16_t)length;
	return code;
}

/* The upper bits of the RCODE, and EXPIRE, which has four octets. */
static enum lr_code
read_opt(struct lr_message *message, uint32_t ttl, const uint8_t *options, size_t size,
    struct lr_error *err)
{
	struct lr_cursor c = lr_cursor_init(options, size);

	message->rcode |= ttl >> 24 << 4;
	while (lr_cursor_left(&c) > 0) {
		uint16_t option = lr_cursor_u16(&c);
		uint16_t length = lr_cursor_u16(&c);
		const uint8_t *value = lr_cursor_bytes(&c, length);
		if (!value)
			return lr_fail(err, LR_EFORMAT, "malformed EDNS option");
		if (option == OPTION_EXPIRE && length == 4 && !message->has_expire) {
			struct lr_cursor seconds = lr_cursor_init(value, length);
			message->expire = lr_cursor_u32(&seconds);
			message->has_expire = true;
		}
	}
	return LR_OK;
}

/* A record behind the answers. */
static enum lr_code
read_other(struct lr_message *message, bool additional, struct lr_error *err)
{
	struct lr_cursor *c = &message->at;
	uint8_t owner[LR_NAME_MAX];
	size_t owner_length = lr_cursor_name(c, owner);
	uint16_t type = lr_cursor_u16(c);
	lr_cursor_u16(c);
	uint32_t ttl = lr_cursor_u32(c);
	uint16_t rdlength = lr_cursor_u16(c);
	const uint8_t *rdata = lr_cursor_bytes(c, rdlength);

	if (!rdata || owner_length == 0)
		return lr_fail(err, LR_EFORMAT, "malformed record behind the answers");
	if (type != LDNS_RR_TYPE_OPT || !additional)
		return LR_OK;
	if (message->has_opt || owner_length != 1)
		return lr_fail(err, LR_EFORMAT, "malformed OPT"); /* RFC 6891 section 6.1.1 */
	message->has_opt = true;
	return read_opt(message, ttl, rdata, rdlength, err);
}

enum lr_code
lr_message_end(struct lr_message *message, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	for (unsigned i = 0; code == LR_OK && i < message->authorities; i++)
		code = read_other(message, false, err);
	for (unsigned i = 0; code == LR_OK && i < message->additionals; i++)
		code = read_other(message, true, err);
	return code;
}

const char *
lr_rcode_name(unsigned rcode, char text[16])
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
	    "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};
	if (rcode < sizeof(names) / sizeof(*names))
		return names[rcode];
	snprintf(text, 16, rcode == RCODE_BADVERS ? "BADVERS" : "RCODE %u", rcode);
	return text;
}
