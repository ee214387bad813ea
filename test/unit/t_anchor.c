/* Trust anchors. The root's KSK-2017 and its DS records,
 * as `ldns-key2ds -n -1 -2 -4` (1.8.3) makes them. */
#include "anchor.h"
#include "sample.h"

#define KSK_BASE64                                                                                 \
	"AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN" \
	"7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8" \
	"efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLY" \
	"A4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU="
#define KSK ". 172800 IN DNSKEY 257 3 8 " KSK_BASE64
#define DS1 ". IN DS 20326 8 1 ae1ea5b974d4c858b740bd03e3ced7ebfcbd1724\n"
#define DS4                                                                                        \
	". IN DS 20326 8 4 538f47ba9bb88908e1dc335d6dfd51ca66b4d824192e6e6e"                       \
	"210ae8cc18ece46a0f62b9f0d2f88dfc87d4bb8b8aed21cb\n"

/* The DNSKEY RDATA of a record in text. */
static size_t
rdata_of(const char *text, uint8_t out[2048])
{
	struct lr_draft *draft = sample_draft(".", text);
	struct lr_record r = lr_draft_record(draft, 0);
	assert_true(r.rdata_length <= 2048);
	memcpy(out, r.rdata, r.rdata_length);
	lr_draft_free(draft);
	return r.rdata_length;
}

static bool
matches(const char *anchors_text, const char *key)
{
	uint8_t rdata[2048];
	struct lr_anchors *anchors = sample_anchors(".", anchors_text);
	bool match = lr_anchors_match(anchors, rdata, rdata_of(key, rdata)) == LR_OK;
	lr_anchors_free(anchors);
	return match;
}

static size_t
count(const char *text)
{
	struct lr_anchors *anchors = sample_anchors(".", text);
	size_t n = lr_anchors_count(anchors);
	lr_anchors_free(anchors);
	return n;
}

static enum lr_code
read_code(const char *text, struct lr_error *err)
{
	struct lr_anchors *anchors = lr_anchors_new((const uint8_t *)"");
	FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	enum lr_code code = lr_anchors_read(anchors, stream, err);
	fclose(stream);
	lr_anchors_free(anchors);
	return code;
}

static void
a_key_matches_itself_and_its_digests(void **state)
{
	(void)state;
	assert_true(matches(KSK "\n", KSK "\n"));
	assert_true(matches(DS1, KSK "\n"));
	assert_true(matches(SAMPLE_ROOT_DS, KSK "\n"));
	assert_true(matches(DS4, KSK "\n"));
}

static void
nothing_else_matches(void **state)
{
	(void)state;
	/* one character of the key, its flags, the digest,
	 * the tag, the algorithm, the digest's type */
	static const char other[] = ". 172800 IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexT\n";
	assert_false(matches(KSK "\n", other));
	assert_false(matches(SAMPLE_ROOT_DS, other));
	assert_false(matches(SAMPLE_ROOT_DS, ". 172800 IN DNSKEY 256 3 8 " KSK_BASE64 "\n"));
	assert_false(
	    matches(". IN DS 20326 8 1 be1ea5b974d4c858b740bd03e3ced7ebfcbd1724\n", KSK "\n"));
	assert_false(
	    matches(". IN DS 20327 8 1 ae1ea5b974d4c858b740bd03e3ced7ebfcbd1724\n", KSK "\n"));
	assert_false(
	    matches(". IN DS 20326 7 1 ae1ea5b974d4c858b740bd03e3ced7ebfcbd1724\n", KSK "\n"));
	assert_false(
	    matches(". IN DS 20326 8 2 ae1ea5b974d4c858b740bd03e3ced7ebfcbd1724\n", KSK "\n"));
	assert_false(
	    matches(". IN DS 20326 8 9 ae1ea5b974d4c858b740bd03e3ced7ebfcbd1724\n", KSK "\n"));
	/* a right digest and an octet more, and its beginning */
	assert_false(
	    matches(". IN DS 20326 8 1 ae1ea5b974d4c858b740bd03e3ced7ebfcbd172400\n", KSK "\n"));
	assert_false(matches(". IN DS 20326 8 1 ae1ea5b9\n", KSK "\n"));
}

static void
short_keys_match_nothing(void **state)
{
	struct lr_anchors *anchors = sample_anchors(".", KSK "\n" DS1);
	static const uint8_t rdata[4] = {1, 1, 3, 8};
	(void)state;
	for (size_t length = 0; length <= sizeof(rdata); length++) {
		assert_int_equal(lr_anchors_match(anchors, rdata, length), LR_EANCHOR);
		assert_int_equal(lr_anchors_add(anchors, 48, rdata, length, NULL), LR_EFORMAT);
		assert_int_equal(lr_anchors_add(anchors, 43, rdata, length, NULL), LR_EFORMAT);
	}
	assert_int_equal(lr_anchors_add(anchors, 1, (const uint8_t *)"12345", 5, NULL), LR_EFORMAT);
	assert_int_equal(lr_anchors_count(anchors), 2);
	lr_anchors_free(anchors);
}

/* The forms that the distribution and Unbound write. */
static void
files(void **state)
{
	(void)state;
	assert_int_equal(count(". IN DNSKEY 257 3 8 " KSK_BASE64 " ; keytag 20326\n"), 1);
	assert_int_equal(count("; a comment\n\n$TTL 3600\n" SAMPLE_ROOT_DS "com. IN DS 1 8 1 00\n"
			       ". IN NS a.root-servers.net.\n" DS1),
	    2);
	assert_int_equal(count(SAMPLE_ROOT_DS SAMPLE_ROOT_DS), 1);
	assert_int_equal(count(". IN DS ( 20326 8 1 ; tag\n ae1ea5b974d4c858b740\n"
			       "   bd03e3ced7ebfcbd1724 )\n"),
	    1);
	assert_int_equal(count(""), 0);
}

/* RFC 5011 states, as Unbound writes them into the auto-trust-anchor-file. */
static void
autotrust_states(void **state)
{
	static const char *const states[] = {
	    "START", "ADDPEND", "VALID", "MISSING", "REVOKED", "REMOVED"};
	(void)state;
	for (int i = 0; i < 6; i++) {
		char text[2048];
		snprintf(text, sizeof(text),
		    "; autotrust trust anchor file\n;;id: . 1\n"
		    ";;last_queried: 1785888000 ;;Wed Aug  5 00:00:00 2026\n"
		    ";;query_interval: 43200\n"
		    "%s ;{id = 20326 (ksk), size = 2048b} ;;state=%d [%9s ] ;;count=0 "
		    ";;lastchange=1785888000 ;;Wed Aug  5 00:00:00 2026\n",
		    KSK, i, states[i]);
		assert_int_equal(count(text), i == 2 || i == 3 ? 1 : 0);
	}
}

/* RFC 5011 section 2.1: flags 257 with the REVOKE bit, 128, are 385. */
static void
revoked_keys_are_left_out(void **state)
{
	(void)state;
	assert_int_equal(count(". IN DNSKEY 385 3 8 " KSK_BASE64 "\n"), 0);
}

static void
malformed_files(void **state)
{
	struct lr_error err;
	(void)state;
	assert_int_equal(read_code(SAMPLE_ROOT_DS ". IN DS x\n", &err), LR_EFORMAT);
	assert_non_null(strstr(err.text, "line 2"));
	assert_int_equal(read_code("<html>\n", &err), LR_EFORMAT);
	assert_int_equal(read_code(". IN DS ( 20326 8 1 00\n", &err), LR_EFORMAT);
	assert_int_equal(read_code(". IN DS 20326 8 1 00 )\n", &err), LR_EFORMAT);
	assert_int_equal(read_code("$INCLUDE /etc/passwd\n", &err), LR_EFORMAT);
}

static void
too_many(void **state)
{
	struct lr_anchors *anchors = lr_anchors_new((const uint8_t *)"");
	enum lr_code code = LR_OK;
	(void)state;
	for (uint8_t i = 0; code == LR_OK && i < 200; i++) {
		uint8_t rdata[24] = {i, 0, 8, 1};
		code = lr_anchors_add(anchors, 43, rdata, sizeof(rdata), NULL);
	}
	assert_int_equal(code, LR_ELIMIT);
	lr_anchors_free(anchors);
}

static void
equal(void **state)
{
	struct lr_anchors *a = sample_anchors(".", SAMPLE_ROOT_DS DS1);
	struct lr_anchors *b = sample_anchors(".", DS1 SAMPLE_ROOT_DS);
	struct lr_anchors *c = sample_anchors(".", DS1 DS4);
	struct lr_anchors *d = sample_anchors(".", DS1);
	(void)state;
	assert_true(lr_anchors_equal(a, b));
	assert_false(lr_anchors_equal(a, c));
	assert_false(lr_anchors_equal(a, d));
	assert_false(lr_anchors_equal(d, a));
	lr_anchors_free(a);
	lr_anchors_free(b);
	lr_anchors_free(c);
	lr_anchors_free(d);
}

/* A DS hashes the owner too, in lower case: `ldns-key2ds -n -2` of the same key at example. */
static void
owner_counts(void **state)
{
	uint8_t rdata[2048];
	size_t length = rdata_of(KSK "\n", rdata);
	static const char ds[] =
	    "example. IN DS 20326 8 2 "
	    "7751a125826b3f10e15c8a9da03e3dc6fffbaa7776eec05733d64ec3c12b5faa\n";
	struct lr_anchors *upper = sample_anchors("EXAMPLE.", ds);
	(void)state;
	assert_int_equal(lr_anchors_count(upper), 1);
	assert_int_equal(lr_anchors_match(upper, rdata, length), LR_OK);
	lr_anchors_free(upper);
	assert_int_equal(count(ds), 0);
}

UNIT_TESTS(NULL, NULL, TEST(a_key_matches_itself_and_its_digests), TEST(nothing_else_matches),
    TEST(short_keys_match_nothing), TEST(files), TEST(autotrust_states),
    TEST(revoked_keys_are_left_out), TEST(malformed_files), TEST(too_many), TEST(equal),
    TEST(owner_counts))
