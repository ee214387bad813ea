/*
 * message.h -- DNS messages (RFC 1035 section 4.1): the query for a zone is encoded, what answers
 * it is read section by section. What the records mean is transfer.h's.
 */
#ifndef LR_MESSAGE_H
#define LR_MESSAGE_H

#include "cursor.h"
#include "draft.h"

#define LR_QUERY_MAX 1200 /* octets of a query: two names and a SOA at their longest */

struct lr_query {
	uint16_t id, type;
	bool without_edns;
	const uint8_t *name;
	const uint8_t *soa; /* RDATA for the authority section (RFC 1995 section 3), or NULL */
	size_t soa_length;
};

/* Without the two octets of TCP length; where there is EDNS, EXPIRE is asked for (RFC 7314 section
 * 2). Returns the length. SIZE is at least LR_QUERY_MAX. */
size_t lr_query_encode(const struct lr_query *query, uint8_t *message, size_t size);

/* A message while it is read, in the order of the functions below. */
struct lr_message {
	struct lr_cursor at;
	uint16_t id;
	unsigned rcode; /* with OPT's upper bits once the end was read (RFC 6891 section 6.1.3) */
	bool response, query_opcode, authoritative, truncated;
	uint16_t questions, answers, authorities, additionals;
	bool has_opt;
	bool has_expire;
	uint32_t expire; /* seconds */
};

/* The header. MESSAGE outlives the reading. All of these: LR_EFORMAT. */
enum lr_code lr_message_open(
    struct lr_message *message, const uint8_t *octets, size_t size, struct lr_error *err);

/* The next of message->questions. */
enum lr_code lr_message_question(struct lr_message *message, uint8_t name[LR_NAME_MAX],
    uint16_t *type, uint16_t *class, struct lr_error *err);

/* A record of the answer section, uncompressed: it lies here. */
struct lr_answer_record {
	struct lr_record record;
	uint8_t owner[LR_NAME_MAX];
	uint8_t rdata[UINT16_MAX];
};

/* The next of message->answers, which is of class IN. */
enum lr_code lr_message_answer(
    struct lr_message *message, struct lr_answer_record *answer, struct lr_error *err);

/* Authority and additional section and the end: OPT counts; a TSIG or whatever else nobody asked
 * for does not (RFC 5936 section 2.2.5). */
enum lr_code lr_message_end(struct lr_message *message, struct lr_error *err);

/* RFC 1035 section 4.1.1, RFC 2136 section 2.2; a number where there is no name. */
const char *lr_rcode_name(unsigned rcode, char text[16]);

#endif
