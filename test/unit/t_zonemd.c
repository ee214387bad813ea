/* The digest of a zone. Vectors: RFC 8976 appendix A;
 * `ldns-verify-zone -Z` (1.8.3) accepts each as written here. */
#include "sample.h"
#include "zonemd.h"

#define SOA_NS                                                                                     \
	"example. 86400 IN SOA ns1.example. admin.example. 2018031900 1800 900 604800 86400\n"     \
	"example. 86400 IN NS ns1.example.\n"                                                      \
	"example. 86400 IN NS ns2.example.\n"

/* A.1: simple */
#define SIMPLE                                                                                     \
	SOA_NS "ns1.example. 3600 IN A 203.0.113.63\n"                                             \
	       "ns2.example. 3600 IN AAAA 2001:db8::63\n"
#define SIMPLE_DIGEST                                                                              \
	"c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9"                         \
	"a9713b3c9ae5cc27777f98b8e730044c"
#define ZONEMD "example. 86400 IN ZONEMD "
#define SIMPLE_ZONEMD ZONEMD "2018031900 1 1 " SIMPLE_DIGEST "\n"

/* A.2: complex */
static const char complex_zone[] =
    SOA_NS ZONEMD "2018031900 1 1 a3b69bad980a3504e1cffcb0fd6397f93848071c93151f55"
		  "2ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe\n"
		  "ns1.example. 3600 IN A 203.0.113.63\n"
		  "NS2.example. 3600 IN AAAA 2001:db8::63\n"
		  "occluded.sub.example. 7200 IN TXT \"I'm occluded but must be digested\"\n"
		  "sub.example. 7200 IN NS ns1.example.\n"
		  "duplicate.example. 300 IN TXT \"I must be digested just once\"\n"
		  "duplicate.example. 300 IN TXT \"I must be digested just once\"\n"
		  "foo.test. 555 IN TXT \"out-of-zone data must be excluded\"\n"
		  "UPPERCASE.example. 3600 IN TXT \"canonicalize uppercase owner names\"\n"
		  "*.example. 777 IN PTR dont-forget-about-wildcards.example.\n"
		  "mail.example. 3600 IN MX 20 MAIL1.example.\n"
		  "mail.example. 3600 IN MX 10 Mail2.Example.\n"
		  "sortme.example. 3600 IN AAAA 2001:db8::5:61\n"
		  "sortme.example. 3600 IN AAAA 2001:db8::3:62\n"
		  "sortme.example. 3600 IN AAAA 2001:db8::4:63\n"
		  "sortme.example. 3600 IN AAAA 2001:db8::1:65\n"
		  "sortme.example. 3600 IN AAAA 2001:db8::2:64\n"
		  "non-apex.example. 900 IN ZONEMD 2018031900 1 1 616c6c6f776564206275742069676e6f"
		  "7265642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765\n";

/* A.3: multiple digests */
#define MULTIPLE                                                                                   \
	SOA_NS "ns1.example. 3600 IN A 203.0.113.63\n"                                             \
	       "ns2.example. 86400 IN TXT \"This example has multiple digests\"\n"                 \
	       "NS2.EXAMPLE. 3600 IN AAAA 2001:db8::63\n"                                          \
	       "example. 86400 IN ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n"      \
	       "example. 86400 IN ZONEMD 2018031900 241 1 e1846540e33a9e4189792d18d5d131f6"        \
	       "05fc283eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define MULTIPLE_384                                                                               \
	"62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c27"                         \
	"9dd10f0edb1c56f8080211f8480ee306"
#define MULTIPLE_512                                                                               \
	"08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a"                         \
	"4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27"

enum { SERIAL = 2018031900 };

static enum lr_code
verify(const char *text, struct lr_zonemd *matched, struct lr_error *err)
{
	struct lr_draft *draft = sample_sorted("example.", text);
	memset(matched, 0, sizeof(*matched));
	enum lr_code code = lr_zonemd_verify(draft, SERIAL, matched, err);
	lr_draft_free(draft);
	return code;
}

static void
assert_verdict(const char *text, enum lr_code expected, const char *reason)
{
	struct lr_zonemd matched;
	struct lr_error err = {LR_OK, ""};
	assert_int_equal(verify(text, &matched, &err), expected);
	assert_int_equal(err.code, expected);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" lacks \"%s\"", err.text, reason);
	assert_int_equal(matched.size, 0); /* outputs are written on success only */
}

static void
rfc8976_a1_simple(void **state)
{
	struct lr_zonemd matched;
	char hex[129] = "";
	(void)state;
	assert_int_equal(verify(SIMPLE SIMPLE_ZONEMD, &matched, NULL), LR_OK);
	assert_int_equal(matched.algorithm, 1);
	assert_int_equal(matched.size, 48);
	for (int i = 0; i < 48; i++)
		sprintf(hex + 2 * i, "%02x", matched.digest[i]);
	assert_string_equal(hex, SIMPLE_DIGEST);
}

static void
rfc8976_a2_complex(void **state)
{
	struct lr_zonemd matched;
	(void)state;
	assert_int_equal(verify(complex_zone, &matched, NULL), LR_OK);
	assert_int_equal(matched.algorithm, 1);
}

static void
rfc8976_a3_any_match_suffices(void **state)
{
	struct lr_zonemd matched;
	(void)state;
	assert_int_equal(verify(MULTIPLE ZONEMD "2018031900 1 1 " MULTIPLE_384 "\n" ZONEMD
						"2018031900 1 2 " MULTIPLE_512 "\n",
			     &matched, NULL),
	    LR_OK);
	assert_int_equal(matched.algorithm, 1);

	/* SHA-512 alone, and with a SHA-384 that does not match. */
	assert_int_equal(
	    verify(MULTIPLE ZONEMD "2018031900 1 2 " MULTIPLE_512 "\n", &matched, NULL), LR_OK);
	assert_int_equal(matched.algorithm, 2);
	assert_int_equal(matched.size, 64);
	assert_int_equal(verify(MULTIPLE ZONEMD "2018031900 1 1 " SIMPLE_DIGEST "\n" ZONEMD
						"2018031900 1 2 " MULTIPLE_512 "\n",
			     &matched, NULL),
	    LR_OK);
	assert_int_equal(matched.algorithm, 2);

	/* The private scheme and hash alone are of no use. */
	assert_verdict(MULTIPLE, LR_ENOZONEMD, "unknown");
}

/* pdns#11724: RFC 3597 form. 7848b91c is 2018031900. */
static void
generic_form(void **state)
{
	struct lr_zonemd matched;
	(void)state;
	assert_int_equal(
	    verify(SIMPLE "example. 86400 IN TYPE63 \\# 54 7848b91c0101" SIMPLE_DIGEST "\n",
		&matched, NULL),
	    LR_OK);
}

static void
none_at_the_apex(void **state)
{
	(void)state;
	assert_verdict(SIMPLE, LR_ENOZONEMD, "no ZONEMD");
	assert_verdict(SIMPLE "ns1.example. 86400 IN ZONEMD 2018031900 1 1 " SIMPLE_DIGEST "\n",
	    LR_ENOZONEMD, "no ZONEMD");
}

static void
unusable(void **state)
{
	(void)state;
	assert_verdict(SIMPLE ZONEMD "2018031901 1 1 " SIMPLE_DIGEST "\n", LR_ENOZONEMD, "serial");
	assert_verdict(SIMPLE ZONEMD "2018031900 2 1 " SIMPLE_DIGEST "\n", LR_ENOZONEMD, "scheme");
	assert_verdict(
	    SIMPLE ZONEMD "2018031900 1 3 " SIMPLE_DIGEST "\n", LR_ENOZONEMD, "unknown hash");
	/* A right beginning of the digest is not the digest; 47 octets. */
	assert_verdict(SIMPLE ZONEMD
	    "2018031900 1 1 "
	    "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9"
	    "a9713b3c9ae5cc27777f98b8e73004\n",
	    LR_ENOZONEMD, "size");
	assert_verdict(SIMPLE ZONEMD "2018031900 1 2 " SIMPLE_DIGEST "\n", LR_ENOZONEMD, "size");
	/* 11 octets of digest: 7848b91c is the serial */
	assert_verdict(SIMPLE
	    "example. 86400 IN TYPE63 \\# 17 7848b91c0101c68090d90a7aed716bc459\n",
	    LR_ENOZONEMD, "shorter");
}

/* Not even the fixed fields: only a source that does not read types could send it. */
static void
short_rdata(void **state)
{
	static const uint8_t rdata[6] = {0x78, 0x48, 0xb9, 0x1c, 1, 1};
	(void)state;
	for (size_t length = 0; length <= sizeof(rdata); length++) {
		struct lr_zonemd matched;
		struct lr_draft *draft = sample_draft("example.", SIMPLE SIMPLE_ZONEMD);
		sample_add_raw(draft, "example.", 63, 86400, rdata, length);
		assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
		/* With its six octets it has the scheme and
		 * hash of the good one: RFC 8976 section 4. */
		assert_int_equal(lr_zonemd_verify(draft, SERIAL, &matched, NULL),
		    length < 6 ? LR_OK : LR_ENOZONEMD);
		lr_draft_free(draft);
	}
}

static void
same_scheme_and_hash_twice(void **state)
{
	(void)state;
	assert_verdict(
	    SIMPLE SIMPLE_ZONEMD ZONEMD "2018031900 1 1 " MULTIPLE_384 "\n", LR_ENOZONEMD, "twice");
	assert_verdict(
	    SIMPLE SIMPLE_ZONEMD ZONEMD "2018031899 1 1 " MULTIPLE_384 "\n", LR_ENOZONEMD, "twice");
}

/* Digests are computed for no more than two, but each is compared with all others. */
static enum lr_code
verify_among(unsigned others, struct lr_error *err)
{
	struct lr_zonemd matched;
	struct lr_draft *draft = sample_draft("example.", SIMPLE SIMPLE_ZONEMD);
	for (unsigned i = 0; i < others; i++) {
		const uint8_t rdata[18] = {
		    0x78, 0x48, 0xb9, 0x1c, (uint8_t)(2 + i % 200), (uint8_t)(i / 200)};
		sample_add_raw(draft, "example.", 63, 86400, rdata, sizeof(rdata));
	}
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_zonemd_verify(draft, SERIAL, &matched, err);
	lr_draft_free(draft);
	return code;
}

static void
thousands(void **state)
{
	struct lr_error err = {LR_OK, ""};
	(void)state;
	assert_int_equal(verify_among(31, &err), LR_OK);
	assert_int_equal(verify_among(32, &err), LR_ENOZONEMD);
	assert_string_equal(err.text, "33 ZONEMD records");
	assert_int_equal(verify_among(2000, &err), LR_ENOZONEMD);
	assert_string_equal(err.text, "2001 ZONEMD records");
}

static void
contents_changed(void **state)
{
	(void)state;
	assert_verdict(SIMPLE ZONEMD "2018031900 1 1 " MULTIPLE_384 "\n", LR_EDIGEST, "match");
	assert_verdict(
	    SIMPLE SIMPLE_ZONEMD "ns3.example. 3600 IN A 203.0.113.64\n", LR_EDIGEST, "");
	assert_verdict(
	    SOA_NS "ns1.example. 3600 IN A 203.0.113.63\n" SIMPLE_ZONEMD, LR_EDIGEST, "");
	assert_verdict(SOA_NS "ns1.example. 3601 IN A 203.0.113.63\n"
			      "ns2.example. 3600 IN AAAA 2001:db8::63\n" SIMPLE_ZONEMD,
	    LR_EDIGEST, "");
	/* A ZONEMD below the apex is like any other record. */
	assert_verdict(SIMPLE SIMPLE_ZONEMD "x.example. 3600 IN ZONEMD 1 1 1 " SIMPLE_DIGEST "\n",
	    LR_EDIGEST, "");
}

/* RFC 8976 section 3.3.1: the apex RRSIG over the ZONEMD is left out, every other RRSIG is not. */
static void
signatures(void **state)
{
	static const char rrsig[] = " 13 1 86400 20270101000000 20260101000000 1 example. AAAA\n";
	char text[2048];
	struct lr_zonemd matched;
	(void)state;
	snprintf(
	    text, sizeof(text), "%sexample. 86400 IN RRSIG ZONEMD%s", SIMPLE SIMPLE_ZONEMD, rrsig);
	assert_int_equal(verify(text, &matched, NULL), LR_OK);
	snprintf(text, sizeof(text), "%sexample. 86400 IN RRSIG NS%s", SIMPLE SIMPLE_ZONEMD, rrsig);
	assert_verdict(text, LR_EDIGEST, "");
	snprintf(text, sizeof(text), "%sx.example. 86400 IN RRSIG ZONEMD%s", SIMPLE SIMPLE_ZONEMD,
	    rrsig);
	assert_verdict(text, LR_EDIGEST, "");
}

/* Every octet of every record counts. */
static void
one_flipped_octet(void **state)
{
	struct lr_draft *whole = sample_sorted("example.", complex_zone);
	unsigned refused = 0;
	(void)state;
	for (size_t i = 0; i < lr_draft_count(whole); i++) {
		size_t length = lr_draft_record(whole, i).rdata_length;
		for (size_t octet = 0; octet < length; octet++) {
			struct sample_flip flip = {i, octet, 0x01, false, 0};
			struct lr_zonemd matched;
			struct lr_draft *mutant = sample_copy(whole, sample_flip_octet, &flip);
			assert_int_equal(lr_draft_sort(mutant, NULL), LR_OK);
			assert_int_not_equal(
			    lr_zonemd_verify(mutant, SERIAL, &matched, NULL), LR_OK);
			lr_draft_free(mutant);
			refused++;
		}
	}
	lr_draft_free(whole);
	assert_true(refused > 300); /* the loop did run */
}

UNIT_TESTS(NULL, NULL, TEST(rfc8976_a1_simple), TEST(rfc8976_a2_complex),
    TEST(rfc8976_a3_any_match_suffices), TEST(generic_form), TEST(none_at_the_apex), TEST(unusable),
    TEST(short_rdata), TEST(same_scheme_and_hash_twice), TEST(thousands), TEST(contents_changed),
    TEST(signatures), TEST(one_flipped_octet))
