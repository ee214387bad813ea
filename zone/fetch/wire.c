/* wire.c -- the query, and the reader for the messages that answer it. */
#include "rdata.h"
#include "transfer.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_EXPIRE = 9 };

#define EMPTY_MAX 8 /* messages without answers in one transfer */
#define RCODE_NOERROR 0
#define RCODE_BADVERS 16

struct header {
	uint16_t id, flags, questions, answers, authorities, additionals;
};

static uint8_t *
put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8 & 0xff);
	*at++ = (uint8_t)(value & 0xff);
	return at;
}

/* The SOA of the version held, in the authority section (RFC 1995 section 3). */
static uint8_t *
put_held(const struct lr_transfer *t, uint8_t *at, size_t origin_length)
{
	memcpy(at, t->origin, origin_length);
	at = put16(at + origin_length, LDNS_RR_TYPE_SOA);
	at = put16(at, LDNS_RR_CLASS_IN);
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, (unsigned)t->current.length);
	memcpy(at, t->current.rdata, t->current.length);
	return at + t->current.length;
}

size_t
lr_transfer_query(const struct lr_transfer *transfer, uint8_t *message, size_t size)
{
	size_t origin_length = lr_name_length(transfer->origin, LR_NAME_MAX);
	bool ixfr = transfer->type == LDNS_RR_TYPE_IXFR;
	uint8_t *at = message;

	if (size < LR_QUERY_MAX)
		return 0;
	at = put16(at, transfer->id);
	at = put16(at, 0); /* QUERY; RD is of no use to a transfer (RFC 5936 section 2.1.1) */
	at = put16(at, 1);
	at = put16(at, 0);
	at = put16(at, ixfr);
	at = put16(at, 1);
	memcpy(at, transfer->origin, origin_length);
	at = put16(at + origin_length, transfer->type);
	at = put16(at, LDNS_RR_CLASS_IN);
	if (ixfr)
		at = put_held(transfer, at, origin_length);
	/* OPT (RFC 6891 section 6.1.2) with an empty EXPIRE (RFC 7314 section 2) */
	*at++ = 0;
	at = put16(at, LDNS_RR_TYPE_OPT);
	at = put16(at, 1232); /* no matter over TCP; what UDP would take */
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, 4);
	at = put16(at, OPTION_EXPIRE);
	at = put16(at, 0);
	return (size_t)(at - message);
}

static const char *
rcode_name(unsigned rcode, char text[16])
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",
	    "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};
	if (rcode < sizeof(names) / sizeof(*names))
		return names[rcode];
	snprintf(text, 16, rcode == RCODE_BADVERS ? "BADVERS" : "RCODE %u", rcode);
	return text;
}

static enum lr_code
refused(struct lr_transfer *t, unsigned rcode, struct lr_error *err)
{
	char text[16];
	t->rcode = rcode;
	return lr_fail(err, LR_EREFUSED, "the server answered %s", rcode_name(rcode, text));
}

/* RFC 5936 section 2.2.1 */
static enum lr_code
check_header(struct lr_transfer *t, const struct header *h, struct lr_error *err)
{
	if (h->id != t->id)
		return lr_fail(err, LR_EFORMAT, "an answer to another query");
	if (!(h->flags & 0x8000) || (h->flags & 0x7800))
		return lr_fail(err, LR_EFORMAT, "not an answer to a query");
	if ((h->flags & 0xf) != RCODE_NOERROR)
		return refused(t, h->flags & 0xf, err);
	if (h->flags & 0x0200)
		return lr_fail(err, LR_EFORMAT, "truncated");
	if (h->questions > 1 || (t->messages == 1 && h->questions != 1))
		return lr_fail(err, LR_EFORMAT, "%u questions", h->questions);
	/* An answer to SOA may name the servers; it has to come from one (RFC 1034 section 4.3.5).
	 */
	if (h->authorities != 0 && t->type != LDNS_RR_TYPE_SOA)
		return lr_fail(err, LR_EFORMAT, "records in the authority section");
	if (t->type == LDNS_RR_TYPE_SOA && !(h->flags & 0x0400))
		return lr_fail(err, LR_EFORMAT, "the server has no authority for the zone");
	return LR_OK;
}

/* RFC 5936 section 2.2.2: where there is a question, it is ours. */
static enum lr_code
take_question(const struct lr_transfer *t, struct lr_cursor *c, struct lr_error *err)
{
	uint8_t name[LR_NAME_MAX];
	size_t length = lr_cursor_name(c, name);
	uint16_t type = lr_cursor_u16(c);
	uint16_t class = lr_cursor_u16(c);

	if (!lr_cursor_ok(c) || length == 0)
		return lr_fail(err, LR_EFORMAT, "malformed question");
	if (type != t->type || class != LDNS_RR_CLASS_IN || !lr_name_equal(name, t->origin))
		return lr_fail(err, LR_EFORMAT, "another question than ours");
	return LR_OK;
}

static enum lr_code
read_answer(struct lr_transfer *t, struct lr_cursor *c, struct lr_error *err)
{
	uint8_t owner[LR_NAME_MAX];
	struct lr_record record = {.owner = owner, .rdata = t->rdata};
	size_t owner_length = lr_cursor_name(c, owner), length;
	enum lr_code code;

	record.owner_length = (uint8_t)owner_length;
	record.type = lr_cursor_u16(c);
	uint16_t class = lr_cursor_u16(c);
	record.ttl = lr_cursor_u32(c);
	uint16_t rdlength = lr_cursor_u16(c);
	if (!lr_cursor_ok(c) || owner_length == 0)
		return lr_fail(err, LR_EFORMAT, "malformed record");
	if (class != LDNS_RR_CLASS_IN)
		return lr_fail(err, LR_EFORMAT, "a record of class %u", class);
	if (record.ttl > INT32_MAX)
		return lr_fail(err, LR_EFORMAT, "a TTL of more than 31 bits (RFC 2181 section 8)");
	code = lr_rdata_read(c, record.type, rdlength, t->rdata, sizeof(t->rdata), &length, err);
	if (code != LR_OK)
		return code;
	record.rdata_length = (uint16_t)length;
	return lr_transfer_record(t, &record, err);
}

/* OPT: the upper bits of the RCODE, and EXPIRE: four octets, which the first message has (RFC 7314
 * section 3.2). */
static enum lr_code
take_opt(struct lr_transfer *t, uint8_t rcode_high, const uint8_t *options, size_t size,
    struct lr_error *err)
{
	struct lr_cursor c = lr_cursor_init(options, size);

	if (rcode_high)
		return refused(t, (unsigned)rcode_high << 4, err);
	while (lr_cursor_left(&c) > 0) {
		uint16_t option = lr_cursor_u16(&c);
		uint16_t length = lr_cursor_u16(&c);
		const uint8_t *value = lr_cursor_bytes(&c, length);
		if (!value)
			return lr_fail(err, LR_EFORMAT, "malformed EDNS option");
		if (option == OPTION_EXPIRE && length == 4 && !t->has_expire) {
			struct lr_cursor seconds = lr_cursor_init(value, length);
			t->expire = lr_cursor_u32(&seconds);
			t->has_expire = true;
		}
	}
	return LR_OK;
}

/* Authority and additional section: the latter's OPT counts; a TSIG or whatever else nobody asked
 * for does not (RFC 5936 section 2.2.5). */
static enum lr_code
read_other(struct lr_transfer *t, struct lr_cursor *c, bool additional, bool *has_opt,
    struct lr_error *err)
{
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
	if (*has_opt || owner_length != 1)
		return lr_fail(err, LR_EFORMAT, "malformed OPT"); /* RFC 6891 section 6.1.1 */
	*has_opt = true;
	return take_opt(t, (uint8_t)(ttl >> 24), rdata, rdlength, err);
}

static enum lr_code
read_message(struct lr_transfer *t, struct lr_cursor *c, struct lr_error *err)
{
	struct header h = {.id = lr_cursor_u16(c)};
	bool has_opt = false;
	enum lr_code code;

	h.flags = lr_cursor_u16(c);
	h.questions = lr_cursor_u16(c);
	h.answers = lr_cursor_u16(c);
	h.authorities = lr_cursor_u16(c);
	h.additionals = lr_cursor_u16(c);
	if (!lr_cursor_ok(c))
		return lr_fail(err, LR_EFORMAT, "a message of %td octets", c->end - c->start);
	if (t->state == LR_COMPLETE)
		return lr_fail(err, LR_EFORMAT, "a message after the closing SOA");
	code = check_header(t, &h, err);
	if (code == LR_OK && h.questions)
		code = take_question(t, c, err);
	if (code == LR_OK && h.answers == 0 && ++t->empty > EMPTY_MAX)
		code = lr_fail(err, LR_EFORMAT, "more than %d messages without records", EMPTY_MAX);
	for (unsigned i = 0; code == LR_OK && i < h.answers; i++)
		code = read_answer(t, c, err);
	for (unsigned i = 0; code == LR_OK && i < (unsigned)h.authorities + h.additionals; i++)
		code = read_other(t, c, i >= h.authorities, &has_opt, err);
	if (code == LR_OK && t->type == LDNS_RR_TYPE_SOA && t->state != LR_COMPLETE)
		code = lr_fail(err, LR_EFORMAT, "no SOA in the answer");
	if (code == LR_OK && lr_cursor_left(c) > 0)
		code = lr_fail(err, LR_EFORMAT, "octets after the end of a message");
	return code;
}

enum lr_code
lr_transfer_message(struct lr_transfer *transfer, const uint8_t *message, size_t size, bool *done,
    struct lr_error *err)
{
	struct lr_cursor c = lr_cursor_init(message, size);
	struct lr_error why;
	enum lr_code code;

	if (transfer->state == LR_BROKEN)
		return lr_fail(err, LR_EFORMAT, "the transfer failed before");
	transfer->messages++;
	code = read_message(transfer, &c, &why);
	if (code != LR_OK) {
		transfer->state = LR_BROKEN;
		return lr_fail(err, code, "message %u: %.220s", transfer->messages, why.text);
	}
	*done = transfer->state == LR_COMPLETE;
	return LR_OK;
}

bool
lr_transfer_expire(const struct lr_transfer *transfer, uint32_t *seconds)
{
	if (transfer->has_expire)
		*seconds = transfer->expire;
	return transfer->has_expire;
}

unsigned
lr_transfer_rcode(const struct lr_transfer *transfer)
{
	return transfer->rcode;
}
