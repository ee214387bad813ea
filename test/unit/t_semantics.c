/* Semantic checks. Expected values are worked out beside each. */
#include "semantics.h"
#include "sample.h"

#define SOA "example. 60 IN SOA ns.example. admin.example. 4294967295 1800 900 604800 300\n"
#define NS "example. 60 IN NS ns.example.\n"

static enum lr_code
check(struct lr_draft *draft, uint32_t *serial, struct lr_error *err)
{
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_semantic_checks(draft, serial, err);
	lr_draft_free(draft);
	return code;
}

static void
assert_refused(const char *text, const char *reason)
{
	uint32_t serial = 7;
	struct lr_error err = {LR_OK, ""};
	assert_int_equal(check(sample_draft("example.", text), &serial, &err), LR_EFORMAT);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" lacks \"%s\"", err.text, reason);
	assert_int_equal(serial, 7);
}

static void
assert_taken(const char *text)
{
	uint32_t serial = 7;
	struct lr_error err = {LR_OK, ""};
	if (check(sample_draft("example.", text), &serial, &err) != LR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(serial, 4294967295);
}

static void
soa_and_ns(void **state)
{
	(void)state;
	assert_taken(SOA NS);
	assert_refused(SOA, "no NS");
	assert_refused(NS, "no SOA");
	assert_refused(SOA "x.example. 60 IN NS ns.example.\n", "no NS");
	assert_refused(SOA NS
	    "example. 60 IN SOA ns.example. admin.example. 2 1800 900 604800 300\n",
	    "more than one");
	assert_refused(SOA NS
	    "x.example. 60 IN SOA ns.example. admin.example. 1 1800 900 604800 300\n",
	    "not at the apex");
	assert_refused(
	    "x.example. 60 IN SOA ns.example. a.example. 1 1 1 1 1\n" NS, "not at the apex");
}

static enum lr_code
understood(const char *text, struct lr_error *err)
{
	struct lr_draft *draft = sample_draft("example.", text);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_semantic_understood(draft, err);
	lr_draft_free(draft);
	return code;
}

/* 65280 to 65534 are for private use (RFC 6895 section 3.1): nobody's library knows them. */
static void
types(void **state)
{
	struct lr_error err;
	(void)state;
	assert_int_equal(understood(SOA NS "a.example. 60 IN TXT x\n", &err), LR_OK);
	assert_int_equal(
	    understood(SOA NS "a.example. 60 IN TYPE65280 \\# 1 00\n", &err), LR_EUPDATE);
	assert_non_null(strstr(err.text, "a.example. TYPE65280: a type unknown here"));
	assert_int_equal(understood(SOA NS "example. 60 IN DNSKEY 256 3 13 AAAA\n", &err), LR_OK);
	/* 23 to 122 are nobody's yet (IANA's registry of DNSSEC algorithm numbers) */
	assert_int_equal(understood(SOA NS "example. 60 IN DNSKEY 256 3 13 AAAA\n"
					   "example. 60 IN DNSKEY 256 3 99 AAAA\n",
			     &err),
	    LR_EUPDATE);
	assert_non_null(strstr(err.text, "DNSKEY: an algorithm unknown here"));
}

static void
an_empty_zone(void **state)
{
	uint32_t serial;
	(void)state;
	assert_int_equal(check(sample_empty("example."), &serial, NULL), LR_EFORMAT);
}

/* mname ".", rname "." and 20 octets make 22: any other length is malformed. */
static void
soa_rdata(void **state)
{
	(void)state;
	for (size_t length = 2; length < 30; length++) {
		uint8_t rdata[30] = {0, 0, 0, 0, 0, 9};
		uint32_t serial = 0;
		struct lr_draft *draft = sample_draft("example.", NS);
		sample_add_raw(draft, "example.", 6, 60, rdata, length);
		enum lr_code code = check(draft, &serial, NULL);
		assert_int_equal(code, length == 22 ? LR_OK : LR_EFORMAT);
		assert_int_equal(serial, length == 22 ? 9 : 0);
	}
}

static void
one_ttl_an_rrset(void **state)
{
	(void)state;
	assert_refused(SOA NS "example. 61 IN NS ns2.example.\n", "two TTLs");
	assert_taken(SOA NS "example. 60 IN NS ns2.example.\nexample. 61 IN TXT \"x\"\n");
}

/* RFC 2181 section 8; the reader of master files refuses it by itself. */
static void
ttl_of_32_bits(void **state)
{
	uint32_t serial;
	struct lr_error err;
	(void)state;
	struct lr_draft *draft = sample_draft("example.", SOA NS);
	sample_add_raw(draft, "x.example.", 1, 0x7fffffff, "abcd", 4);
	assert_int_equal(check(draft, &serial, NULL), LR_OK);
	draft = sample_draft("example.", SOA NS);
	sample_add_raw(draft, "x.example.", 1, 0x80000000, "abcd", 4);
	assert_int_equal(check(draft, &serial, &err), LR_EFORMAT);
	assert_non_null(strstr(err.text, "31 bits"));
}

/* RFC 4034 section 3. Signatures over different types differ in TTL, and that is right. */
static void
signatures_have_their_rrsets_ttl(void **state)
{
#define RRSIG(type, ttl)                                                                           \
	"example. " ttl " IN RRSIG " type " 13 1 60 20270101000000 20260101000000 1 example. "     \
	"AAAA\n"
	(void)state;
	assert_taken(SOA NS "example. 99 IN TXT \"x\"\n" RRSIG("SOA", "60") RRSIG("TXT", "99"));
	assert_refused(SOA NS RRSIG("NS", "61"), "another TTL");
}

static void
rrsig_rdata(void **state)
{
	(void)state;
	/* 18 octets of fields, the root as signer, and one octet of signature: 20 at the least */
	for (size_t length = 1; length < 24; length++) {
		uint8_t rdata[24] = {0, 2};
		uint32_t serial;
		struct lr_draft *draft = sample_draft("example.", SOA NS);
		sample_add_raw(draft, "example.", 46, 60, rdata, length);
		assert_int_equal(check(draft, &serial, NULL), length < 20 ? LR_EFORMAT : LR_OK);
	}
}

static void
cname_stands_alone(void **state)
{
	(void)state;
	assert_taken(SOA NS "x.example. 60 IN CNAME example.\n"
			    "x.example. 60 IN NSEC example. CNAME RRSIG NSEC\n");
	assert_refused(
	    SOA NS "x.example. 60 IN CNAME example.\nx.example. 60 IN A 192.0.2.1\n", "alone");
	assert_refused(SOA NS
	    "x.example. 60 IN CNAME a.example.\nx.example. 60 IN CNAME b.example.\n",
	    "more than one");
	assert_refused(SOA NS
	    "x.example. 60 IN DNAME a.example.\nx.example. 60 IN DNAME b.example.\n",
	    "more than one");
}

UNIT_TESTS(NULL, NULL, TEST(soa_and_ns), TEST(an_empty_zone), TEST(soa_rdata),
    TEST(one_ttl_an_rrset), TEST(ttl_of_32_bits), TEST(signatures_have_their_rrsets_ttl),
    TEST(rrsig_rdata), TEST(cname_stands_alone), TEST(types))
