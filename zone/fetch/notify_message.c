/* notify_message.c -- a NOTIFY request and the answer to it. */
#include "notify_message.h"
#include "cursor.h"

#include <ldns/ldns.h>
#include <string.h>

enum { HEADER_SIZE = 12, OPCODE_NOTIFY = 4, BADVERS = 16, OPT_SIZE = 11, UDP_SIZE = 1232 };
enum { QR = 0x8000, OPCODE = 0x7800, AA = 0x0400 };

/* A request, as far as it counts here. */
struct request {
	const uint8_t *octets;
	uint16_t flags, questions;
	size_t question_end; /* of the first; 0: there is none that can be read */
	uint8_t name[LR_NAME_MAX];
	uint16_t type, class;
	bool has_opt;
	unsigned edns_version;
};

/* The serial of the SOA that C stands at, whose names may be compressed. */
static void
read_serial(struct lr_cursor c, struct lr_notify *notify)
{
	uint8_t name[LR_NAME_MAX];
	(void)lr_cursor_name(&c, name);
	(void)lr_cursor_name(&c, name);
	notify->serial = lr_cursor_u32(&c);
	notify->has_serial = lr_cursor_ok(&c);
}

/* Reads a record. Of use are an OPT, and, where it is the FIRST answer, the zone's SOA. */
static void
read_record(struct lr_cursor *c, bool first, struct request *r, struct lr_notify *notify)
{
	uint8_t owner[LR_NAME_MAX];
	(void)lr_cursor_name(c, owner);
	uint16_t type = lr_cursor_u16(c), class = lr_cursor_u16(c);
	uint32_t ttl = lr_cursor_u32(c);
	uint16_t length = lr_cursor_u16(c);
	const struct lr_cursor rdata = *c;
	if (!lr_cursor_bytes(c, length))
		return;
	if (type == LDNS_RR_TYPE_OPT) {
		r->has_opt = true;
		r->edns_version = ttl >> 16 & 0xff;
	}
	if (first && type == LDNS_RR_TYPE_SOA && class == LDNS_RR_CLASS_IN &&
	    lr_name_equal(owner, r->name))
		read_serial(rdata, notify);
}

/* False: malformed. */
static bool
read_request(const uint8_t *octets, size_t size, struct request *r, struct lr_notify *notify)
{
	struct lr_cursor c = lr_cursor_init(octets, size);
	r->octets = octets;
	(void)lr_cursor_u16(&c);
	r->flags = lr_cursor_u16(&c);
	r->questions = lr_cursor_u16(&c);
	unsigned answers = lr_cursor_u16(&c), others = lr_cursor_u16(&c);
	others += lr_cursor_u16(&c);
	if (r->questions != 1)
		return false;
	(void)lr_cursor_name(&c, r->name);
	r->type = lr_cursor_u16(&c);
	r->class = lr_cursor_u16(&c);
	if (!lr_cursor_ok(&c))
		return false;
	r->question_end = (size_t)(c.at - c.start);
	for (unsigned i = 0; i < answers + others && lr_cursor_ok(&c); i++)
		read_record(&c, i == 0 && answers, r, notify);
	return lr_cursor_ok(&c) && lr_cursor_left(&c) == 0;
}

static uint8_t *
put16(uint8_t *at, unsigned value)
{
	*at++ = (uint8_t)(value >> 8 & 0xff);
	*at++ = (uint8_t)(value & 0xff);
	return at;
}

/* The request as an answer (RFC 1996 section 4.7), without what it had besides the question. */
static size_t
put_answer(const struct request *r, unsigned rcode, uint8_t *answer)
{
	size_t question = r->question_end ? r->question_end - HEADER_SIZE : 0;
	uint8_t *at = answer;
	memcpy(at, r->octets, 2); /* the ID */
	at = put16(at + 2, QR | (r->flags & (OPCODE | AA)) | (rcode & 0xf));
	at = put16(at, question > 0);
	at = put16(at, 0);
	at = put16(at, 0);
	at = put16(at, r->has_opt);
	if (question)
		memcpy(at, r->octets + HEADER_SIZE, question);
	at += question;
	if (r->has_opt) { /* RFC 6891 section 6.1.1 */
		*at++ = 0;
		at = put16(at, LDNS_RR_TYPE_OPT);
		at = put16(at, UDP_SIZE);
		at = put16(at, rcode >> 4 << 8);
		at = put16(at, 0);
		at = put16(at, 0);
	}
	return (size_t)(at - answer);
}

static unsigned
opcode_of(const struct request *r)
{
	return (r->flags & OPCODE) >> 11;
}

/* Judges a request that is well formed. The RCODE to answer with; unless that is NOERROR, *err says
 * why. */
static unsigned
judge(const struct lr_notify_rules *rules, const struct request *r, const struct lr_tsig *tsig,
    struct lr_error *err)
{
	char text[16];
	if (tsig && lr_tsig_error(tsig) != LR_TSIG_GOOD) {
		lr_fail(err, LR_ETSIG, "TSIG %s", lr_tsig_error_name(lr_tsig_error(tsig), text));
		return LDNS_RCODE_NOTAUTH;
	}
	if (opcode_of(r) != OPCODE_NOTIFY) {
		lr_fail(err, LR_EREFUSED, "opcode %u", opcode_of(r));
		return LDNS_RCODE_NOTIMPL;
	}
	if (r->edns_version > 0) {
		lr_fail(err, LR_EREFUSED, "EDNS version %u", r->edns_version);
		return BADVERS;
	}
	if (r->class != LDNS_RR_CLASS_IN || !lr_name_equal(r->name, rules->origin)) {
		lr_fail(err, LR_EREFUSED, "another zone");
		return LDNS_RCODE_NOTAUTH;
	}
	if (r->type != LDNS_RR_TYPE_SOA) {
		lr_fail(err, LR_EREFUSED, "type %u", r->type);
		return LDNS_RCODE_NOTIMPL;
	}
	if (rules->signed_only && (!tsig || lr_tsig_key(tsig) != rules->key)) {
		lr_fail(
		    err, LR_ETSIG, tsig ? "TSIG BADKEY: another key than its own" : "TSIG MISSING");
		return LDNS_RCODE_REFUSED;
	}
	return LDNS_RCODE_NOERROR;
}

static enum lr_code
answer_to(const struct lr_notify_rules *rules, const struct request *r, struct lr_tsig *tsig,
    uint8_t *answer, size_t *answer_size, struct lr_error *err)
{
	struct lr_error why = {LR_OK, ""};
	unsigned rcode = judge(rules, r, tsig, &why);
	size_t size = put_answer(r, rcode, answer);
	enum lr_code code = LR_OK;
	if (tsig)
		code = lr_tsig_sign(tsig, answer, &size, LR_NOTIFY_ANSWER_MAX, rules->now, err);
	if (code != LR_OK)
		return code;
	*answer_size = size;
	return why.code == LR_OK ? LR_OK : lr_fail(err, why.code, "%s", why.text);
}

enum lr_code
lr_notify_answer(const struct lr_notify_rules *rules, const uint8_t *octets, size_t size,
    struct lr_notify *notify, uint8_t answer[LR_NOTIFY_ANSWER_MAX], size_t *answer_size,
    struct lr_error *err)
{
	struct request request = {.octets = NULL};
	struct lr_notify read = {.authentic = false};
	struct lr_tsig *tsig = NULL;
	*answer_size = 0;
	if (size < HEADER_SIZE || octets[2] & QR >> 8)
		return lr_fail(err, LR_EFORMAT, "not a request");
	bool well_formed = read_request(octets, size, &request, &read);
	enum lr_code code = LR_EFORMAT;
	if (well_formed)
		code = lr_tsig_request(rules->keys, octets, size, rules->now, &tsig, err);
	if (code == LR_EFORMAT) {
		bool notify_opcode = opcode_of(&request) == OPCODE_NOTIFY;
		request.has_opt = false;
		*answer_size = put_answer(
		    &request, notify_opcode ? LDNS_RCODE_FORMERR : LDNS_RCODE_NOTIMPL, answer);
		return notify_opcode ? lr_fail(err, LR_EFORMAT, "malformed")
				     : lr_fail(err, LR_EREFUSED, "opcode %u", opcode_of(&request));
	}
	if (code != LR_OK)
		return code;
	read.authentic = tsig != NULL; /* where it verifies, which answer_to() looks at */
	code = answer_to(rules, &request, tsig, answer, answer_size, err);
	lr_tsig_free(tsig);
	if (code == LR_OK)
		*notify = read;
	return code;
}
