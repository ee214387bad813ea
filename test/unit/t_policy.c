/* Shape, serial and horizon. Expected values are worked out beside each. */
#include "policy.h"
#include "sample.h"

#define SOA "example. 60 IN SOA ns.example. admin.example. 4294967295 1800 900 604800 300\n"
#define NS "example. 60 IN NS ns.example.\n"

static enum lr_code
shape_of(struct lr_draft *draft, uint32_t *serial, struct lr_error *err)
{
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_policy_shape(draft, serial, err);
	lr_draft_free(draft);
	return code;
}

static void
assert_refused(const char *text, const char *reason)
{
	uint32_t serial = 7;
	struct lr_error err = {LR_OK, ""};
	assert_int_equal(shape_of(sample_draft("example.", text), &serial, &err), LR_EFORMAT);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" lacks \"%s\"", err.text, reason);
	assert_int_equal(serial, 7);
}

static void
assert_taken(const char *text)
{
	uint32_t serial = 7;
	struct lr_error err = {LR_OK, ""};
	if (shape_of(sample_draft("example.", text), &serial, &err) != LR_OK)
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
types_of(const char *text, struct lr_error *err)
{
	struct lr_draft *draft = sample_draft("example.", text);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_policy_types(draft, err);
	lr_draft_free(draft);
	return code;
}

/* 65280 to 65534 are for private use (RFC 6895 section 3.1): nobody's library knows them. */
static void
types(void **state)
{
	struct lr_error err;
	(void)state;
	assert_int_equal(types_of(SOA NS "a.example. 60 IN TXT x\n", &err), LR_OK);
	assert_int_equal(
	    types_of(SOA NS "a.example. 60 IN TYPE65280 \\# 1 00\n", &err), LR_EUNSUPPORTED);
	assert_non_null(strstr(err.text, "a.example."));
}

static void
an_empty_zone(void **state)
{
	uint32_t serial;
	(void)state;
	assert_int_equal(shape_of(sample_empty("example."), &serial, NULL), LR_EFORMAT);
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
		enum lr_code code = shape_of(draft, &serial, NULL);
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
	assert_int_equal(shape_of(draft, &serial, NULL), LR_OK);
	draft = sample_draft("example.", SOA NS);
	sample_add_raw(draft, "x.example.", 1, 0x80000000, "abcd", 4);
	assert_int_equal(shape_of(draft, &serial, &err), LR_EFORMAT);
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
		assert_int_equal(shape_of(draft, &serial, NULL), length < 20 ? LR_EFORMAT : LR_OK);
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

/* RFC 1982 section 3.2 with 32 bits. */
static void
serials(void **state)
{
	struct lr_error err;
	(void)state;
	assert_int_equal(lr_policy_serial(5, 5, NULL), LR_OK);
	assert_int_equal(lr_policy_serial(6, 5, NULL), LR_OK);
	assert_int_equal(lr_policy_serial(4, 5, &err), LR_ESERIAL);
	assert_non_null(strstr(err.text, "4"));
	assert_int_equal(lr_policy_serial(0, 4294967295, NULL), LR_OK);
	assert_int_equal(lr_policy_serial(4294967295, 0, NULL), LR_ESERIAL);
	assert_int_equal(lr_policy_serial(2147483647, 0, NULL), LR_OK);
	assert_int_equal(
	    lr_policy_serial(2147483648, 0, NULL), LR_ESERIAL); /* undefined: refused */
	assert_int_equal(lr_policy_serial(2147483649, 0, NULL), LR_ESERIAL);
}

static void
horizon(void **state)
{
	struct lr_zone_facts facts = {.expire = 604800, .signatures_expire = 1700500000};
	const int64_t t = 1700000000;
	(void)state;
	/* each of the four in turn is the smallest */
	assert_int_equal(lr_policy_horizon(&facts, t, 0, 0, false), t + 604800);
	assert_int_equal(lr_policy_horizon(&facts, t, 0, 0, true), 1700500000);
	assert_int_equal(lr_policy_horizon(&facts, t, 1000, 0, true), t + 1000);
	assert_int_equal(lr_policy_horizon(&facts, t, 1000, 10, true), t + 10);
	assert_int_equal(lr_policy_horizon(&facts, t, 1000000, 1000000, true), 1700500000);
	assert_int_equal(lr_policy_horizon(&facts, t, 1000000, 1000000, false), t + 604800);
	/* a signature that had expired when the copy was confirmed */
	facts.signatures_expire = 1699999999;
	assert_int_equal(lr_policy_horizon(&facts, t, 0, 0, true), t - 1);
	/* an unsigned zone */
	facts.signatures_expire = 0;
	assert_int_equal(lr_policy_horizon(&facts, t, 0, 0, true), t + 604800);
	/* beyond 2106 the dates' 32 bits have wrapped: 4294967296 + 5 is written as 5 */
	facts.signatures_expire = 5;
	assert_int_equal(lr_policy_horizon(&facts, 4294967290, 0, 0, true), 4294967301);
	assert_int_equal(lr_policy_horizon(&facts, 4294967300, 0, 0, true), 4294967301);
	facts.signatures_expire = 4294967290;
	assert_int_equal(lr_policy_horizon(&facts, 4294967300, 0, 0, true), 4294967290);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(soa_and_ns),
	    cmocka_unit_test(an_empty_zone),
	    cmocka_unit_test(soa_rdata),
	    cmocka_unit_test(one_ttl_an_rrset),
	    cmocka_unit_test(ttl_of_32_bits),
	    cmocka_unit_test(signatures_have_their_rrsets_ttl),
	    cmocka_unit_test(rrsig_rdata),
	    cmocka_unit_test(cname_stands_alone),
	    cmocka_unit_test(types),
	    cmocka_unit_test(serials),
	    cmocka_unit_test(horizon),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
