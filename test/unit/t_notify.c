/* t_notify.c -- NOTIFY requests and their answers (RFC 1996), and the addresses of its options. The
 * signed ones are dnspython's. */
#include "unit.h"

#include "netblock.h"
#include "notify_message.h"
#include "put_message.h"
#include "tsig_vectors.h"

#include <arpa/inet.h>
#include <stdbool.h>

#define ID 0x1234
#define NOTIFY (4 << 11)
#define AA 0x0400
#define QR 0x8000

static const uint8_t root_name[] = {0};
static struct lr_notify_rules rules = {.origin = root_name, .now = VECTOR_NOW + 5};
static struct message m, wanted;
static struct lr_notify notify;
static struct lr_error err;

/* M from the heap, so that valgrind and the sanitizers see a read past its end, and WANTED is the
 * answer; where that is empty, there is none. */
static void
expect(enum lr_code code, const char *why)
{
	uint8_t answer[LR_NOTIFY_ANSWER_MAX], *exact = malloc(m.size ? m.size : 1);
	size_t size = 77;
	memcpy(exact, m.bytes, m.size);
	err.text[0] = '\0';
	enum lr_code got = lr_notify_answer(&rules, exact, m.size, &notify, answer, &size, &err);
	free(exact);
	if (got != code || !strstr(err.text, why))
		fail_msg("%s: %s, not \"%s\"", lr_code_word(got), err.text, why);
	assert_int_equal(size, wanted.size);
	if (size)
		assert_memory_equal(answer, wanted.bytes, size);
}

static void
put_request(unsigned flags, unsigned answers, unsigned additionals)
{
	put_header(&m, ID, flags, 1, answers, additionals);
	put_question(&m, ".", 6);
	put_header(&wanted, ID, QR | (flags & 0x7c00), 1, 0, 0);
	put_question(&wanted, ".", 6);
}

static void
good_ones(void **state)
{
	(void)state;
	put_request(NOTIFY | AA, 0, 0);
	expect(LR_OK, "");
	assert_false(notify.has_serial);
	assert_false(notify.authentic);
	put_request(NOTIFY, 0, 0);
	expect(LR_OK, "");
	put_request(NOTIFY | AA, 1, 0); /* RFC 1996 section 3.7 */
	put_soa(&m, 2026010111);
	expect(LR_OK, "");
	assert_true(notify.has_serial);
	assert_int_equal(notify.serial, 2026010111);
	put_request(NOTIFY | AA, 2, 1); /* what says nothing of the SOA, and EDNS */
	put_a(&m, "a.", 1);
	put_soa(&m, 7);
	put_fixed(&m, ".", 41, 0, 0);
	m.bytes[m.size - 8] = 0x04; /* its class: octets */
	wanted.bytes[11] = 1;
	put(&wanted, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
	expect(LR_OK, "");
	assert_false(notify.has_serial);
}

static void
header_alone(unsigned flags)
{
	put_header(&wanted, ID, QR | flags, 0, 0, 0);
}

static void
bad_ones(void **state)
{
	(void)state;
	notify.has_serial = true;
	for (unsigned opcode = 0; opcode < 16; opcode++) {
		put_request(opcode << 11, 0, 0);
		wanted.bytes[3] |= opcode == 4 ? 0 : 4;
		if (opcode != 4)
			expect(LR_EREFUSED, "opcode");
	}
	put_header(&m, ID, 6 << 11, 0, 0, 0); /* a stateful operation has no question (RFC 8490) */
	header_alone(6 << 11 | 4);
	expect(LR_EREFUSED, "opcode 6");
	put_header(&m, ID, NOTIFY, 1, 0, 0);
	put_question(&m, "example.", 6);
	put_header(&wanted, ID, QR | NOTIFY | 9, 1, 0, 0);
	put_question(&wanted, "example.", 6);
	expect(LR_EREFUSED, "another zone");
	put_request(NOTIFY, 0, 0);
	m.bytes[m.size - 1] = wanted.bytes[wanted.size - 1] = 3; /* class CH */
	wanted.bytes[3] |= 9;
	expect(LR_EREFUSED, "another zone");
	put_request(NOTIFY, 0, 0);
	m.bytes[14] = wanted.bytes[14] = 1; /* type A */
	wanted.bytes[3] |= 4;
	expect(LR_EREFUSED, "type 1");
	put_request(NOTIFY, 0, 1);
	put(&m, "\0\0\x29\x04\xd0\0\1\0\0\0\0", 11);
	wanted.bytes[11] = 1;
	put(&wanted, "\0\0\x29\x04\xd0\1\0\0\0\0\0",
	    11); /* BADVERS is 16: RFC 6891 section 6.1.3 */
	expect(LR_EREFUSED, "EDNS version 1");

	put_header(&m, ID, NOTIFY, 0, 0, 0);
	header_alone(NOTIFY | 1);
	expect(LR_EFORMAT, "malformed");
	put_header(&m, ID, NOTIFY, 2, 0, 0);
	put_question(&m, ".", 6);
	put_question(&m, ".", 6);
	expect(LR_EFORMAT, "malformed");
	put_request(NOTIFY, 0, 0);
	m.size--;
	header_alone(NOTIFY | 1);
	expect(LR_EFORMAT, "malformed");
	put_request(NOTIFY, 0, 0);
	wanted.bytes[3] |= 1;
	put8(&m, 0);
	expect(LR_EFORMAT, "malformed");
	put_request(NOTIFY, 1, 0);
	wanted.bytes[3] |= 1;
	expect(LR_EFORMAT, "malformed");
	put_request(NOTIFY, 1, 0);
	wanted.bytes[3] |= 1;
	put_soa(&m, 7);
	m.size--;
	expect(LR_EFORMAT, "malformed");

	wanted.size = 0;
	put_request(QR | NOTIFY, 0, 0); /* an answer: a reply would go on for ever */
	wanted.size = 0;
	expect(LR_EFORMAT, "not a request");
	put_request(NOTIFY, 0, 0);
	wanted.size = 0;
	for (m.size = 0; m.size < 12; m.size++)
		expect(LR_EFORMAT, "not a request");
	assert_true(notify.has_serial); /* outputs on success only */
}

static void
from_hex(struct message *to, const char *text)
{
	to->size = 0;
	for (; *text; text += 2) {
		char octet[3] = {text[0], text[1], '\0'};
		put8(to, (unsigned)strtoul(octet, NULL, 16));
	}
}

static void
signed_ones(void **state)
{
	static char text[] = "key key.example { algorithm hmac-sha384; secret "
			     "\"c2VjcmV0IG9mIGhtYWMtc2hhMzg0\"; };\n"
			     "key other { algorithm hmac-sha256; secret YWFh; };\n";
	struct lr_tsig_keys *keys;
	FILE *in = fmemopen(text, sizeof(text) - 1, "r");
	(void)state;
	assert_non_null(in);
	assert_int_equal(lr_tsig_keys_read(in, &keys, NULL), LR_OK);
	fclose(in);
	rules.keys = keys;
	for (unsigned must = 0; must < 2; must++) {
		rules.signed_only = must;
		rules.key =
		    must ? lr_tsig_keys_named(keys, (const uint8_t *)"\3KEY\7example") : NULL;
		from_hex(&m, vector_notify[1]);
		from_hex(&wanted, vector_notified[1]);
		expect(LR_OK, "");
		assert_true(notify.authentic);
	}
	from_hex(&m, vector_notify[0]);
	put_header(&wanted, ID, QR | NOTIFY | AA | 5, 1, 0, 0);
	put_question(&wanted, ".", 6);
	expect(LR_ETSIG, "TSIG MISSING");
	rules.key = NULL; /* the one that was named is not there */
	from_hex(&m, vector_notify[0]);
	expect(LR_ETSIG, "TSIG MISSING");
	rules.signed_only = false;
	rules.now = VECTOR_NOW + 1000;
	from_hex(&m, vector_notify[1]);
	from_hex(&wanted, vector_late[1]);
	wanted.bytes[2] |= AA >> 8; /* signed as well: the answer is not looked at further */
	uint8_t answer[LR_NOTIFY_ANSWER_MAX];
	size_t size;
	assert_int_equal(
	    lr_notify_answer(&rules, m.bytes, m.size, &notify, answer, &size, &err), LR_ETSIG);
	assert_string_equal(err.text, "TSIG BADTIME");
	assert_int_equal(size, wanted.size);
	assert_memory_equal(answer, wanted.bytes, 12);
	rules.now = VECTOR_NOW + 5;
	rules.keys = NULL;
	lr_tsig_keys_free(keys);
}

static void
places(void **state)
{
	static const char *const bad[] = {"", "@53", "192.0.2.1@", "192.0.2.1@0", "192.0.2.1@65536",
	    "192.0.2.1@-1", "192.0.2.1@53x", "192.0.2.1:53", "192.0.2", "ns.example", "[::1]",
	    "::1@@53", "192.0.2.1 53"};
	struct lr_endpoint e;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (lr_endpoint_parse(bad[i], 53, &e, NULL) != LR_EUSAGE)
			fail_msg("%s", bad[i]);
	assert_int_equal(lr_endpoint_parse("192.0.2.1", 53, &e, NULL), LR_OK);
	assert_int_equal(e.socket.v4.sin_family, AF_INET);
	assert_int_equal(e.socket.v4.sin_port, htons(53));
	assert_int_equal(e.socket.v4.sin_addr.s_addr, htonl(0xc0000201));
	assert_int_equal(lr_endpoint_parse("2001:db8::1@65535", 53, &e, NULL), LR_OK);
	assert_int_equal(e.socket.v6.sin6_family, AF_INET6);
	assert_int_equal(e.socket.v6.sin6_port, htons(65535));
	assert_string_equal(e.text, "2001:db8::1@65535");
}

static void
netblocks(void **state)
{
	static const char *const bad[] = {"", "/8", "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/-1",
	    "192.0.2.1/24", "2001:db8::1/64", "::/129", "192.0.2/24", "any", "192.0.2.1@53",
	    "192.0.2.1 a..b", "192.0.2.1 a b"};
	static const struct {
		const char *block, *address;
		bool held;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", true},
	    {"192.0.2.1", "192.0.2.0", false},
	    {"192.0.2.0/24", "192.0.2.255", true},
	    {"192.0.2.0/24", "192.0.3.0", false},
	    {"192.0.2.128/25 a.key.", "192.0.2.127", false},
	    {"0.0.0.0/0", "255.255.255.255", true},
	    {"0.0.0.0/0", "::1", false},
	    {"::/0", "2001:db8::1", true},
	    {"::/0", "127.0.0.1", false},
	    {"2001:db8::/33", "2001:db8:7fff::1", true},
	    {"2001:db8::/33", "2001:db8:8000::1", false},
	};
	struct lr_notifier b;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (lr_notifier_parse(bad[i], &b, NULL) != LR_EUSAGE)
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_endpoint e;
		assert_int_equal(lr_notifier_parse(cases[i].block, &b, NULL), LR_OK);
		assert_int_equal(lr_endpoint_parse(cases[i].address, 1, &e, NULL), LR_OK);
		if (lr_notifier_is(&b, &e.socket.any) != cases[i].held)
			fail_msg("%s, %s", cases[i].block, cases[i].address);
		assert_int_equal(b.has_key, strchr(cases[i].block, 'k') != NULL);
	}
	assert_int_equal(lr_notifier_parse("::1  My.Key", &b, NULL), LR_OK);
	assert_true(lr_name_equal(b.key, (const uint8_t *)"\2my\3key"));
}

UNIT_TESTS(
    NULL, NULL, TEST(good_ones), TEST(bad_ones), TEST(signed_ones), TEST(places), TEST(netblocks))
