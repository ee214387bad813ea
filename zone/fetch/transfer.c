/*
 * transfer.c -- what the records of an answer mean, one after the other.
 *
 * An AXFR is the SOA, the other records, the SOA again (RFC 5936 section 2.2). An IXFR begins with
 * the server's SOA; if it is not newer, that is all. A second SOA, that of the zone held, begins
 * sequences of differences (RFC 1995 section 4): the old SOA, what goes, the new SOA, what comes;
 * anything else makes it a whole zone.
 */
#include "transfer.h"
#include "changes.h"
#include "rdata.h"
#include "serial.h"
#include "soa.h"

#include <inttypes.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

enum { SOA_MAX = 2 * LR_NAME_MAX + 20, EMPTY_MAX = 8 /* messages without answers */ };

/* What the next record may be. */
enum state {
	XFR_INITIAL_SOA,
	XFR_FIRST_DATA,     /* IXFR: tells differences from a whole zone */
	XFR_AXFR,           /* of a whole zone */
	XFR_IXFR_DELETIONS, /* of one sequence of differences */
	XFR_IXFR_ADDITIONS,
	XFR_END,
	XFR_FAILED
};

struct soa_rdata {
	size_t length;
	uint8_t rdata[SOA_MAX]; /* names in the case received */
};

struct lr_transfer {
	uint16_t id, type; /* of the query */
	bool without_edns;
	const uint8_t *origin;
	struct lr_draft *draft; /* the caller's for an AXFR, this transfer's for an IXFR */
	const struct lr_zone *held;
	struct lr_draft_limits limits;
	struct lr_stop *stop;
	unsigned steps, steps_max; /* sequences of differences */

	enum state state;
	bool increment;
	struct soa_rdata first; /* the server's version */
	uint32_t first_ttl;
	struct soa_rdata current; /* as far as the differences go */
	struct lr_changes *changes;

	unsigned messages, empty, rcode;
	bool has_expire;
	uint32_t expire; /* the first message's (RFC 7314 section 3.2) */
	struct lr_answer_record answer;
};

static struct lr_transfer *
make(uint16_t id, uint16_t type, const uint8_t *origin, struct lr_error *err)
{
	struct lr_transfer *t = calloc(1, sizeof(*t));
	if (!t) {
		lr_fail(err, LR_ENOMEM, "out of memory");
		return NULL;
	}
	t->id = id;
	t->type = type;
	t->origin = origin;
	t->state = XFR_INITIAL_SOA;
	return t;
}

enum lr_code
lr_transfer_new(
    uint16_t id, struct lr_draft *draft, struct lr_transfer **transfer, struct lr_error *err)
{
	struct lr_transfer *t = make(id, LDNS_RR_TYPE_AXFR, lr_draft_origin(draft), err);
	if (!t)
		return LR_ENOMEM;
	t->draft = draft;
	*transfer = t;
	return LR_OK;
}

enum lr_code
lr_transfer_new_soa(
    uint16_t id, const uint8_t *origin, struct lr_transfer **transfer, struct lr_error *err)
{
	struct lr_transfer *t = make(id, LDNS_RR_TYPE_SOA, origin, err);
	if (!t)
		return LR_ENOMEM;
	*transfer = t;
	return LR_OK;
}

static void
set_soa(struct soa_rdata *soa, const uint8_t *rdata, size_t length)
{
	memcpy(soa->rdata, rdata, length);
	soa->length = length;
}

static uint32_t
serial_of(const struct soa_rdata *rdata)
{
	struct lr_soa soa = {0};
	lr_soa_read(rdata->rdata, rdata->length, &soa);
	return soa.serial;
}

static bool
same_soa(const struct soa_rdata *a, const struct soa_rdata *b)
{
	return lr_rdata_compare(LDNS_RR_TYPE_SOA, a->rdata, a->length, b->rdata, b->length) == 0;
}

enum lr_code
lr_transfer_new_ixfr(uint16_t id, const struct lr_zone *held, const struct lr_draft_limits *limits,
    unsigned steps, struct lr_stop *stop, struct lr_transfer **transfer, struct lr_error *err)
{
	const uint8_t *origin = lr_zone_origin(held);
	const struct lr_rrset *soa = lr_zone_lookup(held, origin, LDNS_RR_TYPE_SOA);
	struct lr_transfer *t = make(id, LDNS_RR_TYPE_IXFR, origin, err);
	if (!t)
		return LR_ENOMEM;
	struct lr_cursor c = lr_cursor_init(lr_rrset_data(held, soa), soa->octets);
	uint16_t length = lr_cursor_u16(&c);
	set_soa(&t->current, lr_cursor_bytes(&c, length), length);
	t->held = held;
	t->limits = *limits;
	t->steps_max = steps;
	t->stop = stop;
	*transfer = t;
	return LR_OK;
}

void
lr_transfer_free(struct lr_transfer *transfer)
{
	if (!transfer)
		return;
	if (transfer->type == LDNS_RR_TYPE_IXFR)
		lr_draft_free(transfer->draft);
	lr_changes_free(transfer->changes);
	free(transfer);
}

/* The server's version. */
static enum lr_code
take_first(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	if (record->type != LDNS_RR_TYPE_SOA)
		return lr_fail(err, LR_EFORMAT, "the first record is not the SOA");
	set_soa(&t->first, record->rdata, record->rdata_length);
	t->first_ttl = record->ttl;
	switch (t->type) {
	case LDNS_RR_TYPE_AXFR:
		t->state = XFR_AXFR;
		return lr_draft_add(t->draft, record, err);
	case LDNS_RR_TYPE_IXFR:
		t->state = lr_serial_newer(serial_of(&t->first), serial_of(&t->current))
			       ? XFR_FIRST_DATA
			       : XFR_END;
		return LR_OK;
	default:
		t->state = XFR_END;
		return LR_OK;
	}
}

static enum lr_code
take_of_whole(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	struct soa_rdata soa;
	if (record->type != LDNS_RR_TYPE_SOA)
		return lr_draft_add(t->draft, record, err);
	set_soa(&soa, record->rdata, record->rdata_length);
	if (!same_soa(&soa, &t->first))
		return lr_fail(err, LR_EFORMAT, "the closing SOA differs from the first");
	t->state = XFR_END;
	return LR_OK;
}

/* A whole zone in answer to an IXFR, of which RECORD is the second. */
static enum lr_code
begin_whole(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	const struct lr_record soa = {.owner = t->origin,
	    .rdata = t->first.rdata,
	    .ttl = t->first_ttl,
	    .type = LDNS_RR_TYPE_SOA,
	    .rdata_length = (uint16_t)t->first.length,
	    .owner_length = (uint8_t)lr_name_length(t->origin, LR_NAME_MAX)};
	enum lr_code code = lr_draft_new(t->origin, &t->limits, &t->draft, err);
	if (code == LR_OK) {
		lr_draft_heed(t->draft, t->stop);
		code = lr_draft_add(t->draft, &soa, err);
	}
	t->state = XFR_AXFR;
	return code == LR_OK ? take_of_whole(t, record, err) : code;
}

/* RECORD is the SOA that a sequence of differences starts from: that which the last one led to. */
static enum lr_code
begin_step(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	struct soa_rdata soa;
	set_soa(&soa, record->rdata, record->rdata_length);
	if (++t->steps > t->steps_max)
		return lr_fail(
		    err, LR_ELIMIT, "more than %u sequences of differences", t->steps_max);
	if (serial_of(&soa) != serial_of(&t->current))
		return lr_fail(err, LR_EFORMAT,
		    "differences from serial %" PRIu32 ", not from %" PRIu32, serial_of(&soa),
		    serial_of(&t->current));
	if (!same_soa(&soa, &t->current))
		return lr_fail(err, LR_EFORMAT, "differences from another SOA of serial %" PRIu32,
		    serial_of(&soa));
	t->state = XFR_IXFR_DELETIONS;
	return lr_changes_remove(t->changes, record, err);
}

static enum lr_code
begin_differences(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	enum lr_code code = lr_changes_new(t->held, &t->limits, t->stop, &t->changes, err);
	t->increment = true;
	return code == LR_OK ? begin_step(t, record, err) : code;
}

static enum lr_code
take_second(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	struct soa_rdata soa;
	if (record->type != LDNS_RR_TYPE_SOA)
		return begin_whole(t, record, err);
	set_soa(&soa, record->rdata, record->rdata_length);
	return same_soa(&soa, &t->first) ? begin_whole(t, record, err)
					 : begin_differences(t, record, err);
}

/* What goes, up to the SOA that the sequence leads to. */
static enum lr_code
take_deletion(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	struct soa_rdata soa;
	if (record->type != LDNS_RR_TYPE_SOA)
		return lr_changes_remove(t->changes, record, err);
	set_soa(&soa, record->rdata, record->rdata_length);
	if (!lr_serial_newer(serial_of(&soa), serial_of(&t->current)) ||
	    lr_serial_newer(serial_of(&soa), serial_of(&t->first)))
		return lr_fail(err, LR_EFORMAT,
		    "differences from serial %" PRIu32 " to %" PRIu32 " on the way to %" PRIu32,
		    serial_of(&t->current), serial_of(&soa), serial_of(&t->first));
	t->current = soa;
	t->state = XFR_IXFR_ADDITIONS;
	return lr_changes_add(t->changes, record, err);
}

/* What comes, up to the SOA that begins the next sequence or ends the last. */
static enum lr_code
take_addition(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	struct soa_rdata soa;
	if (record->type != LDNS_RR_TYPE_SOA)
		return lr_changes_add(t->changes, record, err);
	if (serial_of(&t->current) != serial_of(&t->first))
		return begin_step(t, record, err);
	set_soa(&soa, record->rdata, record->rdata_length);
	if (!same_soa(&soa, &t->first) || !same_soa(&t->current, &t->first))
		return lr_fail(err, LR_EFORMAT, "the closing SOA differs from the first");
	t->state = XFR_END;
	return lr_changes_apply(t->changes, &t->draft, err);
}

static enum lr_code
take_record(struct lr_transfer *t, const struct lr_record *record, struct lr_error *err)
{
	if (t->state == XFR_END)
		return lr_fail(err, LR_EFORMAT, "records after the closing SOA");
	if (record->type == LDNS_RR_TYPE_SOA && !lr_name_equal(record->owner, t->origin))
		return lr_fail(err, LR_EFORMAT, "SOA of another zone");
	if (record->type == LDNS_RR_TYPE_SOA && record->rdata_length > SOA_MAX)
		return lr_fail(err, LR_EFORMAT, "malformed SOA");
	switch (t->state) {
	case XFR_INITIAL_SOA:
		return take_first(t, record, err);
	case XFR_FIRST_DATA:
		return take_second(t, record, err);
	case XFR_AXFR:
		return take_of_whole(t, record, err);
	case XFR_IXFR_DELETIONS:
		return take_deletion(t, record, err);
	default:
		return take_addition(t, record, err);
	}
}

void
lr_transfer_without_edns(struct lr_transfer *transfer)
{
	transfer->without_edns = true;
}

size_t
lr_transfer_query(const struct lr_transfer *t, uint8_t *message, size_t size)
{
	struct lr_query query = {
	    .id = t->id, .type = t->type, .without_edns = t->without_edns, .name = t->origin};
	if (t->type == LDNS_RR_TYPE_IXFR) {
		query.soa = t->current.rdata;
		query.soa_length = t->current.length;
	}
	return lr_query_encode(&query, message, size);
}

static enum lr_code
check_rcode(struct lr_transfer *t, unsigned rcode, struct lr_error *err)
{
	char text[16];
	if (rcode == LDNS_RCODE_NOERROR)
		return LR_OK;
	t->rcode = rcode;
	return lr_fail(err, LR_EREFUSED, "the server answered %s", lr_rcode_name(rcode, text));
}

/* RFC 5936 section 2.2.1 */
static enum lr_code
check_header(struct lr_transfer *t, const struct lr_message *message, struct lr_error *err)
{
	if (message->id != t->id)
		return lr_fail(err, LR_EFORMAT, "an answer to another query");
	if (!message->response || !message->query_opcode)
		return lr_fail(err, LR_EFORMAT, "not an answer to a query");
	if (check_rcode(t, message->rcode, err) != LR_OK)
		return LR_EREFUSED;
	if (message->truncated)
		return lr_fail(err, LR_EFORMAT, "truncated");
	if (message->questions > 1) /* some leave it out of the first message, too */
		return lr_fail(err, LR_EFORMAT, "%u questions", message->questions);
	/* A serial has to come from one of the zone's servers (RFC 1034 section 4.3.5). */
	if (t->type == LDNS_RR_TYPE_SOA && !message->authoritative)
		return lr_fail(err, LR_EFORMAT, "the server has no authority for the zone");
	return LR_OK;
}

/* RFC 5936 section 2.2.2: where there is a question, it is ours. */
static enum lr_code
check_question(const struct lr_transfer *t, struct lr_message *message, struct lr_error *err)
{
	uint8_t name[LR_NAME_MAX];
	uint16_t type, class;
	enum lr_code code = lr_message_question(message, name, &type, &class, err);
	if (code == LR_OK &&
	    (type != t->type || class != LDNS_RR_CLASS_IN || !lr_name_equal(name, t->origin)))
		code = lr_fail(err, LR_EFORMAT, "another question than ours");
	return code;
}

static enum lr_code
take_answers(struct lr_transfer *t, struct lr_message *message, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	if (message->answers == 0 && ++t->empty > EMPTY_MAX)
		return lr_fail(err, LR_EFORMAT, "more than %d messages without records", EMPTY_MAX);
	for (unsigned i = 0; code == LR_OK && i < message->answers; i++) {
		code = lr_message_answer(message, &t->answer, err);
		if (code == LR_OK)
			code = take_record(t, &t->answer.record, err);
	}
	return code;
}

static enum lr_code
take_end(struct lr_transfer *t, struct lr_message *message, struct lr_error *err)
{
	enum lr_code code = lr_message_end(message, err);
	if (code == LR_OK)
		code = check_rcode(t, message->rcode, err);
	if (code == LR_OK && message->has_expire && !t->has_expire) {
		t->expire = message->expire;
		t->has_expire = true;
	}
	if (code == LR_OK && t->type == LDNS_RR_TYPE_SOA && t->state != XFR_END)
		code = lr_fail(err, LR_EFORMAT, "no SOA in the answer");
	return code;
}

static enum lr_code
take_message(struct lr_transfer *t, const uint8_t *octets, size_t size, struct lr_error *err)
{
	struct lr_message message;
	enum lr_code code = lr_message_open(&message, octets, size, err);
	if (code == LR_OK && t->state == XFR_END)
		code = lr_fail(err, LR_EFORMAT, "a message after the closing SOA");
	if (code == LR_OK)
		code = check_header(t, &message, err);
	if (code == LR_OK && message.questions)
		code = check_question(t, &message, err);
	if (code == LR_OK)
		code = take_answers(t, &message, err);
	if (code == LR_OK)
		code = take_end(t, &message, err);
	return code;
}

enum lr_code
lr_transfer_message(struct lr_transfer *transfer, const uint8_t *message, size_t size, bool *done,
    struct lr_error *err)
{
	struct lr_error why;
	enum lr_code code;

	if (transfer->state == XFR_FAILED)
		return lr_fail(err, LR_EFORMAT, "the transfer failed before");
	transfer->messages++;
	code = take_message(transfer, message, size, &why);
	if (code != LR_OK) {
		transfer->state = XFR_FAILED;
		return lr_fail(err, code, "message %u: %.220s", transfer->messages, why.text);
	}
	*done = transfer->state == XFR_END;
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

uint32_t
lr_transfer_serial(const struct lr_transfer *transfer)
{
	return serial_of(&transfer->first);
}

struct lr_draft *
lr_transfer_take(struct lr_transfer *transfer)
{
	struct lr_draft *draft = transfer->draft;
	transfer->draft = NULL;
	return draft;
}

bool
lr_transfer_increment(const struct lr_transfer *transfer)
{
	return transfer->increment;
}
