/* t_transfer.c -- the reader for transfer messages: RFC 5936 section 2.2, message by message. */
#include "unit.h"

#include "put_message.h"
#include "transfer.h"

#include <stdbool.h>

#define ID 0x1234
#define QR 0x8000
#define AA 0x0400

static const struct lr_draft_limits limits = {1 << 20, 1000, 0};

struct test {
	struct lr_draft *draft;
	struct lr_transfer *transfer;
	struct lr_error err;
	bool done;
};

static struct message m;

static void
begin(struct test *t, const char *origin)
{
	memset(t, 0, sizeof(*t));
	assert_int_equal(lr_draft_new((const uint8_t *)origin, &limits, &t->draft, NULL), LR_OK);
	assert_int_equal(lr_transfer_new(ID, t->draft, &t->transfer, NULL), LR_OK);
}

static void
end(struct test *t)
{
	lr_transfer_free(t->transfer);
	lr_draft_free(t->draft);
}

/* An exact copy on the heap, so that valgrind and the sanitizers see a read past its end. */
static enum lr_code
take(struct test *t, const struct message *message)
{
	uint8_t *exact = malloc(message->size ? message->size : 1);
	memcpy(exact, message->bytes, message->size);
	enum lr_code code =
	    lr_transfer_message(t->transfer, exact, message->size, &t->done, &t->err);
	free(exact);
	return code;
}

static void
first_message(unsigned answers)
{
	put_header(&m, ID, QR | AA, 1, answers, 0);
	put_question(&m, ".", 252);
	put_soa(&m, 7);
}

/* M makes the transfer of the root fail with LR_EFORMAT and this text. */
static void
refuse(const char *why)
{
	struct test t;
	begin(&t, "");
	assert_int_equal(take(&t, &m), LR_EFORMAT);
	assert_int_equal(t.err.code, LR_EFORMAT);
	if (!strstr(t.err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", t.err.text, why);
	assert_false(t.done);
	/* once broken, always broken */
	first_message(1);
	assert_int_equal(take(&t, &m), LR_EFORMAT);
	end(&t);
}

static void
query(void **state)
{
	/* header; ".", AXFR, IN; OPT of 1232 octets with EXPIRE, empty (RFC 7314 section 2) */
	static const uint8_t root[] = {0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 252, 0, 1, 0,
	    0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 9, 0, 0};
	uint8_t message[LR_QUERY_MAX];
	struct test t;
	(void)state;
	begin(&t, "");
	assert_int_equal(lr_transfer_query(t.transfer, message, sizeof(message)), sizeof(root));
	assert_memory_equal(message, root, sizeof(root));
	end(&t);
	begin(&t, "\7Example");
	assert_int_equal(lr_transfer_query(t.transfer, message, sizeof(message)), sizeof(root) + 8);
	assert_memory_equal(message + 12, "\7Example\0\0\374\0\1", 13);
	end(&t);
}

static void
one_message(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "");
	first_message(4);
	put_fixed(&m, "Com.", 2, 172800, 4);
	put(&m, "\1A", 2); /* and a pointer to Com., which starts behind header, question and SOA */
	put16(&m, 0xc000 | (12 + 5 + 37));
	put_a(&m, "A.Com.", 0xc0000201);
	put_soa(&m, 7);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_true(t.done);
	/* the closing SOA is the first one again */
	assert_int_equal(lr_draft_count(t.draft), 3);
	struct lr_record record = lr_draft_record(t.draft, 1);
	assert_int_equal(record.type, 2);
	assert_int_equal(record.ttl, 172800);
	assert_memory_equal(record.owner, "\3Com", 5);
	assert_int_equal(record.rdata_length, 7);
	assert_memory_equal(record.rdata, "\1A\3Com", 7);
	uint32_t expire;
	assert_false(lr_transfer_expire(t.transfer, &expire));
	end(&t);
}

static void
many_messages(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "");
	first_message(1);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_false(t.done);
	put_header(&m, ID, QR, 0, 1, 0); /* later ones may leave the question out */
	put_a(&m, "a.", 1);
	assert_int_equal(take(&t, &m), LR_OK);
	put_header(&m, ID, QR, 1, 1, 0); /* or repeat it */
	put_question(&m, ".", 252);
	put_a(&m, "b.", 1);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_false(t.done);
	put_header(&m, ID, QR, 0, 1, 0);
	put_soa(&m, 7);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_true(t.done);
	assert_int_equal(lr_draft_count(t.draft), 3);
	/* and then nothing */
	put_header(&m, ID, QR, 0, 1, 0);
	put_a(&m, "c.", 1);
	assert_int_equal(take(&t, &m), LR_EFORMAT);
	assert_non_null(strstr(t.err.text, "a message after the closing SOA"));
	end(&t);
}

/* A zone of nothing but its SOA: twice the SOA. */
static void
empty_zone(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "");
	first_message(2);
	put_soa(&m, 7);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_true(t.done);
	assert_int_equal(lr_draft_count(t.draft), 1);
	end(&t);
}

static void
origin_in_another_case(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "\7example");
	put_header(&m, ID, QR, 1, 0, 0);
	put_question(&m, "EXAMPLE.", 252);
	assert_int_equal(take(&t, &m), LR_OK);
	put_header(&m, ID, QR, 0, 1, 0);
	put_a(&m, "com.", 1);
	assert_int_equal(take(&t, &m), LR_EFORMAT); /* first record not the SOA */
	end(&t);
}

static void
headers(void **state)
{
	static const struct {
		unsigned id, flags;
		const char *why;
	} cases[] = {
	    {ID + 1, QR, "another query"},
	    {ID, 0, "not an answer"},
	    {ID, QR | 0x2000, "not an answer"}, /* opcode 4, NOTIFY */
	    {ID, QR | 0x0800, "not an answer"},
	    {ID, QR | 0x0200, "truncated"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		first_message(1);
		m.bytes[0] = (uint8_t)(cases[i].id >> 8);
		m.bytes[1] = (uint8_t)(cases[i].id & 0xff);
		m.bytes[2] = (uint8_t)(cases[i].flags >> 8);
		refuse(cases[i].why);
	}
	m.size = 11;
	refuse("a message of");
	m.size = 0;
	refuse("a message of");
	/* AA, RD, RA, Z, AD, CD say nothing here */
	struct test t;
	begin(&t, "");
	first_message(1);
	m.bytes[2] = 0x85;
	m.bytes[3] = 0xf0;
	assert_int_equal(take(&t, &m), LR_OK);
	end(&t);
}

/* What no transfer should have (RFC 5936 section 2.2), and harms nobody: the zone is verified. */
static void
passed_over(void **state)
{
	struct test t;
	(void)state;
	for (unsigned which = 0; which < 3; which++) {
		begin(&t, "");
		put_header(&m, ID, QR, which != 0, 2, 0);
		if (which != 0) /* else the first message has no question */
			put_question(&m, ".", 252);
		put_soa(&m, 7);
		put_soa(&m, 7);
		if (which == 1) { /* servers in the authority section */
			put_fixed(&m, ".", 2, 518400, 3);
			put_name(&m, "a.");
			m.bytes[9] = 1;
		}
		if (which == 2) /* octets that no count covers */
			put(&m, "tail", 4);
		assert_int_equal(take(&t, &m), LR_OK);
		assert_true(t.done);
		assert_int_equal(lr_draft_count(t.draft), 1);
		end(&t);
	}
}

static void
questions(void **state)
{
	(void)state;
	put_header(&m, ID, QR, 2, 1, 0);
	put_question(&m, ".", 252);
	put_question(&m, ".", 252);
	put_soa(&m, 7);
	refuse("2 questions");
	put_header(&m, ID, QR, 1, 1, 0);
	put_question(&m, "com.", 252);
	put_soa(&m, 7);
	refuse("another question");
	put_header(&m, ID, QR, 1, 1, 0);
	put_question(&m, ".", 251);
	put_soa(&m, 7);
	refuse("another question");
	first_message(1);
	m.bytes[16] = 3; /* class CH */
	refuse("another question");
	put_header(&m, ID, QR, 1, 0, 0);
	put_name(&m, ".");
	refuse("malformed question");

	/* a later message's question counts as well */
	struct test t;
	begin(&t, "");
	first_message(1);
	assert_int_equal(take(&t, &m), LR_OK);
	put_header(&m, ID, QR, 1, 1, 0);
	put_question(&m, ".", 6);
	put_a(&m, "a.", 1);
	assert_int_equal(take(&t, &m), LR_EFORMAT);
	end(&t);
}

static void
rcodes(void **state)
{
	static const struct {
		unsigned rcode;
		const char *name;
	} cases[] = {
	    {1, "FORMERR"}, {2, "SERVFAIL"}, {5, "REFUSED"}, {9, "NOTAUTH"}, {11, "RCODE 11"}};
	struct test t;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(&t, "");
		put_header(&m, ID, QR | cases[i].rcode, 0, 0, 0); /* some leave the question out */
		assert_int_equal(take(&t, &m), LR_EREFUSED);
		assert_non_null(strstr(t.err.text, cases[i].name));
		end(&t);
	}
	/* BADVERS is 16: its upper bits are in OPT (RFC 6891 section 6.1.3) */
	begin(&t, "");
	put_header(&m, ID, QR, 1, 0, 1);
	put_question(&m, ".", 252);
	put_fixed(&m, ".", 41, 0x01000000, 0);
	assert_int_equal(take(&t, &m), LR_EREFUSED);
	assert_non_null(strstr(t.err.text, "BADVERS"));
	end(&t);
}

static void
order_of_records(void **state)
{
	(void)state;
	put_header(&m, ID, QR, 1, 1, 0);
	put_question(&m, ".", 252);
	put_a(&m, "a.", 1);
	refuse("first record is not the SOA");
	first_message(3);
	put_soa(&m, 7);
	put_a(&m, "a.", 1);
	refuse("records after the closing SOA");
	first_message(3);
	put_soa(&m, 7);
	put_soa(&m, 7);
	refuse("records after the closing SOA");
	first_message(2);
	put_soa(&m, 8);
	refuse("closing SOA differs");
	first_message(2);
	put_soa(&m, 7);
	m.bytes[m.size - 1] ^= 1; /* same serial, another minimum */
	refuse("closing SOA differs");
	first_message(2);
	put_fixed(&m, "com.", 6, 1, 22);
	put(&m, "\0\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
	refuse("SOA of another zone");
	put_header(&m, ID, QR, 1, 1, 0);
	put_question(&m, ".", 252);
	put_fixed(&m, "com.", 6, 1, 22);
	put(&m, "\0\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
	refuse("SOA of another zone");
}

/* The closing SOA may differ in letter case: the server compresses as it likes. */
static void
closing_soa_in_another_case(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "");
	first_message(2);
	put_soa(&m, 7);
	m.bytes[m.size - 25] = 'A';
	assert_int_equal(take(&t, &m), LR_OK);
	assert_true(t.done);
	end(&t);
}

static void
records(void **state)
{
	const uint8_t label[63] = {'a'};
	(void)state;
	first_message(2);
	put_a(&m, "a.", 1);
	m.bytes[m.size - 11] = 3;
	refuse("class 3");
	first_message(2);
	put_fixed(&m, "a.", 1, 0x80000000, 4);
	put32(&m, 1);
	refuse("TTL");
	first_message(2);
	put_fixed(&m, "a.", 1, 1, 5);
	put32(&m, 1);
	refuse("over the end");
	first_message(2);
	put_fixed(&m, "a.", 1, 1, 3);
	put32(&m, 1);
	refuse("malformed RDATA");
	first_message(2);
	put_fixed(&m, "a.", 41, 1, 0);
	refuse("not for zones");
	first_message(2); /* a count that promises more than there is */
	refuse("malformed record");
	/* an owner that points to itself, and one that never ends */
	first_message(2);
	put16(&m, 0xc000 | (unsigned)m.size);
	put32(&m, 0x00010001);
	refuse("malformed record");
	first_message(2);
	for (int i = 0; i < 5; i++) {
		put8(&m, 63);
		put(&m, label, 63);
	}
	put8(&m, 0);
	refuse("malformed record");
}

static void
draft_bounds(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "");
	first_message(1);
	assert_int_equal(take(&t, &m), LR_OK);
	put_header(&m, ID, QR, 0, 1000, 0);
	for (unsigned i = 0; i < 1000; i++)
		put_a(&m, "a.", i);
	assert_int_equal(take(&t, &m), LR_ELIMIT);
	end(&t);
}

static void
bounded_empty_messages(void **state)
{
	struct test t;
	(void)state;
	begin(&t, "");
	first_message(1);
	assert_int_equal(take(&t, &m), LR_OK);
	put_header(&m, ID, QR, 0, 0, 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(take(&t, &m), LR_OK);
	assert_int_equal(take(&t, &m), LR_EFORMAT);
	end(&t);
}

static void
put_expire(uint32_t seconds)
{
	put_fixed(&m, ".", 41, 0, 8 + 6);
	put(&m, "\0\3\0\2ns", 6); /* NSID comes first */
	put16(&m, 9);
	put16(&m, 4);
	put32(&m, seconds);
}

static void
expire(void **state)
{
	struct test t;
	uint32_t seconds = 0;
	(void)state;
	begin(&t, "");
	first_message(1);
	m.bytes[11] = 1;
	put_expire(604000);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_true(lr_transfer_expire(t.transfer, &seconds));
	assert_int_equal(seconds, 604000);
	/* the first one counts */
	put_header(&m, ID, QR, 0, 1, 1);
	put_soa(&m, 7);
	put_expire(1);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_true(t.done);
	assert_true(lr_transfer_expire(t.transfer, &seconds));
	assert_int_equal(seconds, 604000);
	end(&t);
	/* an empty option is no answer; another additional record does not matter */
	begin(&t, "");
	first_message(1);
	m.bytes[11] = 2;
	put_a(&m, "a.", 1);
	put_fixed(&m, ".", 41, 0, 4);
	put32(&m, 9 << 16);
	assert_int_equal(take(&t, &m), LR_OK);
	assert_false(lr_transfer_expire(t.transfer, &seconds));
	assert_int_equal(lr_draft_count(t.draft), 1);
	end(&t);

	first_message(1);
	m.bytes[11] = 1;
	put_fixed(&m, ".", 41, 0, 6);
	put(&m, "\0\11\0\3\0\0", 6); /* an option longer than OPT */
	refuse("malformed EDNS option");
	first_message(1);
	m.bytes[11] = 2;
	put_expire(1);
	put_expire(1);
	refuse("malformed OPT");
	first_message(1);
	m.bytes[11] = 1;
	put_fixed(&m, "a.", 41, 0, 0);
	refuse("malformed OPT");
	first_message(1);
	m.bytes[11] = 1;
	put8(&m, 0);
	refuse("malformed record behind the answers");
}

/* Every prefix of a good message fails, and no changed octet does harm. */
static void
survives_damage(void **state)
{
	static struct message good;
	struct test t;
	(void)state;
	first_message(3);
	m.bytes[11] = 1;
	put_fixed(&m, "com.", 46, 1, 18 + 1 + 4);
	put(&m, "\0\2\10\1\0\0\0\1\0\0\0\2\0\0\0\3\253\315\0sign", 23);
	put_soa(&m, 7);
	put_expire(5);
	good = m;
	begin(&t, "");
	assert_int_equal(take(&t, &good), LR_OK);
	assert_true(t.done);
	end(&t);
	for (size_t size = 0; size < good.size; size++) {
		m = good;
		m.size = size;
		begin(&t, "");
		assert_int_equal(take(&t, &m), LR_EFORMAT);
		end(&t);
	}
	for (size_t at = 0; at < good.size; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			m = good;
			m.bytes[at] ^= (uint8_t)(1u << bit);
			begin(&t, "");
			enum lr_code code = take(&t, &m);
			assert_true(code == LR_OK || code == LR_EFORMAT || code == LR_EREFUSED);
			end(&t);
		}
	}
}

UNIT_TESTS(NULL, NULL, TEST(query), TEST(one_message), TEST(many_messages), TEST(empty_zone),
    TEST(origin_in_another_case), TEST(headers), TEST(passed_over), TEST(questions), TEST(rcodes),
    TEST(order_of_records), TEST(closing_soa_in_another_case), TEST(records), TEST(draft_bounds),
    TEST(bounded_empty_messages), TEST(expire), TEST(survives_damage))
