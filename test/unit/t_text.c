/* t_text.c -- the reader for master files. */
#include "unit.h"

#include "text.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lr_draft_limits limits = {1 << 24, 100000, 0};

static struct lr_draft *
new_draft(const char *origin)
{
	struct lr_draft *draft = NULL;
	assert_int_equal(lr_draft_new((const uint8_t *)origin, &limits, &draft, NULL), LR_OK);
	return draft;
}

static FILE *
stream_of(const char *text, size_t size)
{
	FILE *stream = tmpfile();
	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, size, stream), size);
	rewind(stream);
	return stream;
}

static enum lr_code
read_text(const char *text, size_t size, struct lr_draft *draft, struct lr_error *err)
{
	FILE *stream = stream_of(text, size);
	enum lr_code code =
	    lr_text_read_as(stream, draft, &(struct lr_text_options){.ldns = true}, err);
	fclose(stream);
	return code;
}

static struct lr_draft *
must_read(const char *text)
{
	struct lr_error err = {.text = ""};
	struct lr_draft *draft = new_draft("");
	if (read_text(text, strlen(text), draft, &err) != LR_OK)
		fail_msg("%s", err.text);
	return draft;
}

static void
expect(const struct lr_draft *draft, size_t index, const char *owner, uint16_t type, uint32_t ttl,
    const void *rdata, size_t length)
{
	char text[LR_NAME_TEXT_MAX];
	assert_true(index < lr_draft_count(draft));
	struct lr_record record = lr_draft_record(draft, index);
	assert_string_equal(lr_name_text(record.owner, text), owner);
	assert_int_equal(record.type, type);
	assert_int_equal(record.ttl, ttl);
	assert_int_equal(record.rdata_length, length);
	assert_memory_equal(record.rdata, rdata, length);
}

static void
owners_ttls_and_classes(void **state)
{
	struct lr_draft *d = must_read("$TTL 1h30m ; 5400 s\n"
				       "$ORIGIN Com.\n"
				       "@ IN NS a\n"
				       "\t\tNS b.\n"
				       "  60 IN NS @\n"
				       "\n"
				       "x in 61 A 192.0.2.1\n"
				       "y A ( 192.0.2.2 ; a comment )\n"
				       " ) \n"
				       "( z\n 7 IN\n A\n 192.0.2.3 )\n"
				       "$ORIGIN sub\n"
				       "w\r\t62 A 192.0.2.4\r\n"
				       "$origin .\n"
				       "last 0 CLASS1 TYPE1 192.0.2.5");
	(void)state;
	assert_int_equal(lr_draft_count(d), 8);
	expect(d, 0, "Com.", 2, 5400, "\1a\3Com", 7);
	expect(d, 1, "Com.", 2, 5400, "\1b", 3);
	expect(d, 2, "Com.", 2, 60, "\3Com", 5);
	expect(d, 3, "x.Com.", 1, 61, "\300\0\2\1", 4);
	expect(d, 4, "y.Com.", 1, 5400, "\300\0\2\2", 4); /* $TTL, not the 61 before */
	expect(d, 5, "z.Com.", 1, 7, "\300\0\2\3", 4);
	expect(d, 6, "w.sub.Com.", 1, 62, "\300\0\2\4", 4);
	expect(d, 7, "last.", 1, 0, "\300\0\2\5", 4);
	lr_draft_free(d);
}

/* RFC 1035 section 5.1: without $TTL the last one given counts. */
static void
last_ttl_counts(void **state)
{
	struct lr_draft *d = must_read("a. 5 IN NS b.\nc. NS d.\n");
	(void)state;
	expect(d, 1, "c.", 2, 5, "\1d", 3);
	lr_draft_free(d);
}

static void
names_with_escapes(void **state)
{
	/* a dot, a space by number, a semicolon and a capital letter within labels */
	struct lr_draft *d = must_read("a\\.b\\032c\\;D. 5 IN NS \\@.x\\\\y.\n");
	(void)state;
	struct lr_record record = lr_draft_record(d, 0);
	assert_int_equal(record.owner_length, 9);
	assert_memory_equal(record.owner, "\7a.b c;D", 9);
	assert_int_equal(record.rdata_length, 7);
	assert_memory_equal(record.rdata, "\1@\3x\\y", 7);
	lr_draft_free(d);
}

/* RFC 1035 section 2.3.4: labels of 63 octets, names of 255, the origin included */
static void
longest_names(void **state)
{
	char label[65], text[600];
	struct lr_draft *d;
	(void)state;
	memset(label, 'a', 64);
	label[63] = '\0';
	/* 3 * 64 octets, then a label of 58 and its length, then the origin's 3 */
	snprintf(text, sizeof(text), "$ORIGIN b.\n%s.%s.%s.%.58s 5 IN NS %s.", label, label, label,
	    label, label);
	d = must_read(text);
	assert_int_equal(lr_draft_record(d, 0).owner_length, 192 + 59 + 3);
	lr_draft_free(d);
	snprintf(text, sizeof(text), "$ORIGIN b.\n%s.%s.%s.%.59s 5 IN NS c.", label, label, label,
	    label);
	d = must_read(text);
	assert_int_equal(lr_draft_record(d, 0).owner_length, 255);
	lr_draft_free(d);
	for (int octets = 60; octets < 63; octets++) {
		d = new_draft("");
		snprintf(text, sizeof(text), "$ORIGIN b.\n%s.%s.%s.%.*s 5 IN NS c.", label, label,
		    label, octets, label);
		assert_int_equal(read_text(text, strlen(text), d, NULL), LR_EFORMAT);
		lr_draft_free(d);
	}
	for (int octets = 62; octets < 64; octets++) { /* absolute: 192 + 62 + 1 is too much */
		d = new_draft("");
		snprintf(text, sizeof(text), "%s.%s.%s.%.*s. 5 IN NS c.", label, label, label,
		    octets, label);
		assert_int_equal(read_text(text, strlen(text), d, NULL), LR_EFORMAT);
		lr_draft_free(d);
	}
	label[63] = 'a';
	label[64] = '\0';
	d = new_draft("");
	snprintf(text, sizeof(text), "%s. 5 IN NS c.", label);
	assert_int_equal(read_text(text, strlen(text), d, NULL), LR_EFORMAT);
	snprintf(text, sizeof(text), "%s 5 IN NS c.", label);
	assert_int_equal(read_text(text, strlen(text), d, NULL), LR_EFORMAT);
	lr_draft_free(d);
}

/* pdns#11724: ZONEMD in the generic form */
static void
pdns_11724_generic_zonemd(void **state)
{
	struct lr_draft *d =
	    must_read(". 5 IN ZONEMD 2026073102 1 241 0102030405060708090a0B0C0d\n"
		      ". 5 IN ZONEMD \\# 19 78C36C0E01F1 0102030405060708090a0B0C0d\n"
		      ". 5 IN TYPE63 \\# 19 78c36c0e01f10102030405060708090a0B0C0 d\n");
	(void)state;
	assert_int_equal(2026073102u, 0x78c36c0e);
	for (size_t i = 0; i < 3; i++)
		expect(
		    d, i, ".", 63, 5, "\x78\xc3\x6c\x0e\1\xf1\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd", 19);
	lr_draft_free(d);
}

static void
generic_form(void **state)
{
	struct lr_draft *d = must_read("a. 5 IN TYPE65280 \\# 0\n"
				       "a. 5 IN TYPE65280 \\# 3 ab cd 01\n"
				       "a. 5 IN NS \\# 3 014100\n"
				       "a. 5 IN TYPE2 B.\n");
	(void)state;
	expect(d, 0, "a.", 65280, 5, "", 0);
	expect(d, 1, "a.", 65280, 5, "\xab\xcd\1", 3);
	expect(d, 2, "a.", 2, 5, "\1A", 3);
	expect(d, 3, "a.", 2, 5, "\1B", 3);
	lr_draft_free(d);
}

/* RFC 4034 section 3.2: dates; computed with `date -u -d … +%s` */
static void
signature_times(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} cases[] = {
	    {"20260813200000", 1786651200},
	    {"19700101000000", 0},
	    {"20000229235959", 951868799},
	    {"20000301000000", 951868800},
	    {"20231231235959", 1704067199},
	    {"20240229120000", 1709208000},
	    {"20240301000000", 1709251200},
	    {"21000301000000", 4107542400}, /* 2100 has no leap day */
	    {"21060207062816", 0},          /* 2^32 */
	    {"1786651200", 1786651200},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		snprintf(
		    text, sizeof(text), ". 5 IN RRSIG SOA 8 0 5 %s 0 1 . AAAA\n", cases[i].text);
		struct lr_draft *d = must_read(text);
		const uint8_t *at = lr_draft_record(d, 0).rdata + 8;
		uint32_t got =
		    (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
		assert_int_equal(got, cases[i].seconds);
		lr_draft_free(d);
	}
}

/* Every record as ldns alone reads it, octet for octet and in the same case. */
static void
compare_with_ldns(const char *text, size_t size)
{
	struct lr_error err = {.text = ""};
	struct lr_draft *d = new_draft("");
	FILE *stream = stream_of(text, size);
	uint32_t ttl = 3600;
	ldns_rdf *origin = ldns_dname_new_frm_str("."), *previous = NULL;
	size_t index = 0;

	if (lr_text_read_as(stream, d, &(struct lr_text_options){.ldns = true}, &err) != LR_OK)
		fail_msg("%s", err.text);
	rewind(stream);
	for (;;) {
		ldns_rr *rr = NULL;
		ldns_status status = ldns_rr_new_frm_fp(&rr, stream, &ttl, &origin, &previous);
		if (status == LDNS_STATUS_SYNTAX_EMPTY || status == LDNS_STATUS_SYNTAX_TTL ||
		    status == LDNS_STATUS_SYNTAX_ORIGIN) {
			if (feof(stream))
				break;
			continue;
		}
		if (status != LDNS_STATUS_OK && feof(stream))
			break;
		if (status != LDNS_STATUS_OK)
			fail_msg("ldns: %s", ldns_get_errorstr_by_id(status));
		assert_true(index < lr_draft_count(d));
		struct lr_record record = lr_draft_record(d, index++);
		uint8_t *wire;
		size_t length;
		assert_int_equal(
		    ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &length), LDNS_STATUS_OK);
		size_t owner = ldns_rdf_size(ldns_rr_owner(rr));
		assert_int_equal(record.owner_length, owner);
		assert_memory_equal(record.owner, ldns_rdf_data(ldns_rr_owner(rr)), owner);
		assert_int_equal(record.type, ldns_rr_get_type(rr));
		assert_int_equal(record.ttl, ldns_rr_ttl(rr));
		if (record.rdata_length != length - owner - 10 ||
		    memcmp(record.rdata, wire + owner + 10, record.rdata_length) != 0)
			fail_msg("record %zu of type %u differs", index, record.type);
		LDNS_FREE(wire);
		ldns_rr_free(rr);
	}
	assert_int_equal(index, lr_draft_count(d));
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(previous);
	lr_draft_free(d);
	fclose(stream);
}

static const char sample[] =
    "$TTL 86400\n"
    ". IN SOA A.root-servers.net. Nstld.verisign-grs.com. 2026073102 30m 900 1w 1d\n"
    ". 518400 IN NS A.Root-Servers.NET.\n"
    "Com. 172800 IN NS a.gtld-servers.net.\n"
    "com. IN DS 19718 13 2 8ACBB0CD28F41250A80A491389424D34 1522D946B0DA0C0291F2D3D771D7805A\n"
    "a.gtld-servers.net. 172800 IN A 192.5.6.30\n"
    "a.gtld-servers.net. IN AAAA 2001:503:a83e::2:30\n"
    "com. IN RRSIG DS 8 1 86400 20260813200000 20260731190000 57780 . "
    "FxIivXmrIfKsjLsDGA6IzzaYbc8=\n"
    "com. IN RRSIG DS 8 1 86400 20260813200000 20260731190000 57780 Example. FxIiv "
    "XmrIfKsjLsDGA6IzzaYbc8=\n"
    "com. IN NSEC Comcast. NS DS RRSIG NSEC TYPE257 TYPE65534\n"
    ". IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvk\n"
    ". IN DNSKEY 257 3 RSASHA256 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvk\n"
    ". IN ZONEMD 2026073102 1 1 "
    "C3A465783C10B43AAC6515B1711B16DF39A420D782A9BED3FE891A19FC67EC4063F3FB357FFB1097D5AB205F28A74C"
    "F5\n"
    "m. IN MX 10 Mail.M.\n"
    "m. IN TXT \"two words\" second \"semi;colon\" \"(\"\n"
    "m. IN HINFO \"PC\" Linux\n"
    "m. IN SRV 1 2 53 T.\n"
    "m. IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .\n"
    "m. IN CAA 0 issue \"ca.example\"\n"
    "m. IN TLSA 3 1 1 0011223344\n"
    "m. IN SSHFP 1 1 aabbccdd\n"
    "m. IN LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m\n"
    "m. IN NSEC3 1 0 5 AABB 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG\n"
    "m. IN NSEC3PARAM 1 0 5 -\n"
    "m. IN RP A.B. C.\n"
    "m. IN CDS 0 0 0 00\n"
    "m. IN DNAME Other.\n"
    "m. IN SVCB 1 . alpn=h2 port=53\n"
    "m. IN EUI48 00-00-5e-00-53-2a\n"
    "m. IN PTR p.\n";

static void
as_ldns_reads_it(void **state)
{
	(void)state;
	compare_with_ldns(sample, sizeof(sample) - 1);
}

/* A whole zone from outside, where the environment names one. */
static void
as_ldns_reads_the_root(void **state)
{
	const char *path = getenv("LR_ROOT_ZONE");
	(void)state;
	if (!path)
		return;
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char *text = malloc(16 << 20);
	size_t size = fread(text, 1, 16 << 20, file);
	compare_with_ldns(text, size);
	free(text);
	fclose(file);
}

static void
refused(void **state)
{
	static const struct {
		const char *text;
		enum lr_code code;
		const char *why;
	} cases[] = {
	    {"a. 5 IN NS b.\n$INCLUDE /etc/passwd\n", LR_EFORMAT, "line 2: $INCLUDE is not taken"},
	    {"$GENERATE 1-9 a$ A 192.0.2.$\n", LR_EFORMAT, "line 1: $GENERATE is not taken"},
	    {"$TTL\n", LR_EFORMAT, "line 1: malformed $TTL"},
	    {"$TTL 1x\n", LR_EFORMAT, "line 1: malformed $TTL"},
	    {"$TTL 5 6\n", LR_EFORMAT, "line 1: malformed $TTL"},
	    {"$ORIGIN a..b\n", LR_EFORMAT, "line 1: malformed $ORIGIN"},
	    {"\n\n ; x\na. 5 CH TXT b\n", LR_EFORMAT, "line 4: neither a type nor class IN: CH"},
	    {"a. 5 CLASS2 NS b.\n", LR_EFORMAT, "neither"},
	    {"a. 5 IN FOO b.\n", LR_EFORMAT, "neither"},
	    {"a. 5 IN TYPE0 \\# 0\n", LR_EFORMAT, "neither"},
	    {"a. 5 IN TYPE65536 \\# 0\n", LR_EFORMAT, "neither"},
	    {"a. 5 IN TYPE252 \\# 0\n", LR_EFORMAT, "not for zones"},
	    {"a. 5 IN\n", LR_EFORMAT, "no type"},
	    {"a.\n", LR_EFORMAT, "no type"},
	    {"a. IN NS b.\n", LR_EFORMAT, "no TTL"},
	    {" 5 IN NS b.\n", LR_EFORMAT, "no owner"},
	    {"a. 2147483648 IN NS b.\n", LR_EFORMAT,
		"2147483648: malformed TTL"}, /* RFC 2181 section 8 */
	    {"a. 99999999999999999999 IN NS b.\n", LR_EFORMAT, "malformed TTL"},
	    {"a. 5 5 IN NS b.\n", LR_EFORMAT, "neither"},
	    {"a. 5 IN IN NS b.\n", LR_EFORMAT, "neither"},
	    {"a..b. 5 IN NS b.\n", LR_EFORMAT, "a..b.: malformed owner"},
	    {"\"\" 5 IN NS b.\n", LR_EFORMAT, "malformed owner"},
	    {"a\\256. 5 IN NS b.\n", LR_EFORMAT, "malformed owner"},
	    {"a\\25 5 IN NS b.\n", LR_EFORMAT, "malformed owner"},
	    {"a. 5 IN NS b. c.\n", LR_EFORMAT, "NS: malformed field 2: c."},
	    {"a. 5 IN NS\n", LR_EFORMAT, "NS: field 1 is missing"},
	    {"a. 5 IN A 192.0.2\n", LR_EFORMAT, "A: malformed field 1: 192.0.2"},
	    {"a. 5 IN A 192.0.2.1.\n", LR_EFORMAT, "A: malformed field 1"},
	    {"a. 5 IN AAAA 192.0.2.1\n", LR_EFORMAT, "AAAA: malformed field 1"},
	    {"a. 5 IN MX 65536 b.\n", LR_EFORMAT, "MX: malformed field 1: 65536"},
	    {"a. 5 IN MX -1 b.\n", LR_EFORMAT, "MX: malformed field 1: -1"},
	    {"a. 5 IN DS 1 8 2 abc\n", LR_EFORMAT, "DS: malformed field 4: abc"},
	    {"a. 5 IN DS 1 8 2 ag\n", LR_EFORMAT, "DS: malformed field 4: ag"},
	    {"a. 5 IN DS 1 8 2\n", LR_EFORMAT, "DS: field 4 is missing"},
	    {"a. 5 IN DNSKEY 256 3 8 AAA\n", LR_EFORMAT, "DNSKEY: malformed field 4"},
	    {"a. 5 IN DNSKEY 256 3 8 AAA=A\n", LR_EFORMAT, "DNSKEY: malformed field 4"},
	    {"a. 5 IN DNSKEY 256 3 8 A===\n", LR_EFORMAT, "DNSKEY: malformed field 4"},
	    {"a. 5 IN DNSKEY 256 3 8 AA=\n", LR_EFORMAT, "DNSKEY: malformed field 4"},
	    {"a. 5 IN DNSKEY 256 3 8 AB==\n", LR_EFORMAT, "DNSKEY: malformed field 4"},
	    {"a. 5 IN DNSKEY 256 3 8 AA*A\n", LR_EFORMAT, "DNSKEY: malformed field 4"},
	    {"a. 5 IN DNSKEY 256 3 NOALG AAAA\n", LR_EFORMAT, "line 1: "},
	    {"a. 5 IN NSEC b. FOO\n", LR_EFORMAT, "NSEC: malformed field 2: FOO"},
	    {"a. 5 IN RRSIG A 8 1 5 20261301000000 0 1 . AAAA\n", LR_EFORMAT,
		"RRSIG: malformed field 5: 20261301000000"},
	    {"a. 5 IN RRSIG A 8 1 5 20260132000000 0 1 . AAAA\n", LR_EFORMAT,
		"RRSIG: malformed field 5"},
	    {"a. 5 IN RRSIG A 8 1 5 4294967296 0 1 . AAAA\n", LR_EFORMAT,
		"RRSIG: malformed field 5"},
	    {"a. 5 IN TYPE65280 abcd\n", LR_EFORMAT, "TYPE65280: malformed field 1: abcd"},
	    {"a. 5 IN TYPE65280 \\# 2 abcd01\n", LR_EFORMAT, "TYPE65280: malformed field 1"},
	    {"a. 5 IN TYPE65280 \\# 3 abcd\n", LR_EFORMAT, "TYPE65280: malformed field 1"},
	    {"a. 5 IN TYPE65280 \\# abcd\n", LR_EFORMAT, "TYPE65280: malformed field 1"},
	    {"a. 5 IN TYPE65280 \\#\n", LR_EFORMAT, "TYPE65280: malformed field 1"},
	    {"a. 5 IN A \\# 3 c00002\n", LR_EFORMAT, "A: malformed RDATA of type 1, field 1"},
	    {"a. 5 IN NS \\# 2 c000\n", LR_EFORMAT, "NS: malformed RDATA of type 2, field 1"},
	    {"a. 5 IN LOC here\n", LR_EFORMAT, "line 1: LOC: "}, /* in ldns' words */
	    {"a. 5 IN RP \\# 5 016200c000\n", LR_EFORMAT, "compressed name"},
	    {"a. 5 IN NS ( b.\n", LR_EFORMAT, "line 1: a parenthesis without an end"},
	    {"a. 5 IN NS ) b.\n", LR_EFORMAT, "a parenthesis without a beginning"},
	    {"a. 5 IN TXT \"b\n", LR_EFORMAT, "an escape or a quote without an end"},
	    {"a. 5 IN TXT \"b\nc\"\n", LR_EFORMAT, "an escape or a quote without an end"},
	    {"a. 5 IN TXT \"b", LR_EFORMAT, "an escape or a quote without an end"},
	    {"a. 5 IN TXT b\\", LR_EFORMAT, "an escape or a quote without an end"},
	    {"a. 5 IN TXT b\\\n", LR_EFORMAT, "an escape or a quote without an end"},
	    {"", LR_EFORMAT, "no records"},
	    {"\n\n", LR_EFORMAT, "no records"},
	    {"; nothing\n$TTL 5\n  \n", LR_EFORMAT, "no records"},
	    {"; nothing", LR_EFORMAT, "no records"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_error err = {.text = ""};
		struct lr_draft *d = new_draft("");
		enum lr_code code = read_text(cases[i].text, strlen(cases[i].text), d, &err);
		if (code != cases[i].code || err.code != code || !strstr(err.text, cases[i].why))
			fail_msg("%s gave %d: %s", cases[i].text, code, err.text);
		lr_draft_free(d);
	}
}

/* A process that others depend on does without what ldns alone reads, but for the generic form. */
static void
without_ldns(void **state)
{
	static const char text[] = "a. 5 IN HINFO \"b c\" d\n"
				   "a. 5 IN DNSKEY 257 3 ECDSAP256SHA256 abcd\n"
				   "a. 5 IN CAA \\# 8 0005697373756561\n"
				   "a. 5 IN CAA 0 issue \"a\"\n";
	struct lr_draft *d = new_draft("");
	struct lr_error err;
	FILE *stream = stream_of(text, strlen(text));
	(void)state;
	assert_int_equal(lr_text_read(stream, d, &err), LR_EUNSUPPORTED);
	assert_string_equal(err.text, "line 4: CAA is taken in the generic form (RFC 3597) only");
	assert_int_equal(lr_draft_count(d), 3);
	expect(d, 0, "a.", 13, 5, "\3b c\1d", 6);
	expect(d, 1, "a.", 48, 5, "\1\1\3\15\x69\xb7\x1d", 7);
	expect(d, 2, "a.", 257, 5, "\0\5issuea", 8);
	fclose(stream);
	lr_draft_free(d);
}

static void
nuls(void **state)
{
	static const char cases[][24] = {"\0", "a\0. 5 IN NS b.\n", "a. 5 IN NS \0b.\n",
	    "a. 5 IN NS b.\\\0\n", "a. 5 IN TXT \"\0\"\n", "; \0\n", "a. 5 IN NS b.\n\0"};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_error err;
		struct lr_draft *d = new_draft("");
		assert_int_equal(read_text(cases[i], 20, d, &err), LR_EFORMAT);
		assert_non_null(strstr(err.text, "a NUL"));
		lr_draft_free(d);
	}
}

static void
out_of_zone(void **state)
{
	struct lr_draft *d = new_draft("\7example");
	const char text[] = "$TTL 5\n@ NS a\nb.other. NS a\n"; /* @ is the zone, a is a.example. */
	(void)state;
	assert_int_equal(read_text(text, sizeof(text) - 1, d, NULL), LR_OK);
	assert_int_equal(lr_draft_count(d), 1);
	assert_int_equal(lr_draft_outside(d), 1);
	expect(d, 0, "example.", 2, 5, "\1a\7example", 11);
	lr_draft_free(d);
}

/* Neither an endless line nor an endless entry is kept in memory. */
static void
endless(void **state)
{
	static const struct {
		const char *start;
		char filler;
	} cases[] = {{"a. 5 IN TXT ", 'a'}, {"; ", 'a'}, {"a. 5 IN TXT \"", 'a'},
	    {"a. 5 IN TXT (", '\n'}, {"", ' '}, {"a. 5 IN TXT ", '('}, {"a. 5 IN TXT ", '\\'}};
	size_t size = 200000;
	char *text = malloc(size);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_error err;
		struct lr_draft *d = new_draft("");
		memset(text, cases[i].filler, size);
		memcpy(text, cases[i].start, strlen(cases[i].start));
		assert_int_equal(read_text(text, size, d, &err), LR_ELIMIT);
		assert_memory_equal(err.text, "line 1: longer than", 19);
		lr_draft_free(d);
	}
	/* fields by the thousand: two characters each */
	struct lr_error err;
	struct lr_draft *d = new_draft("");
	for (size_t i = 0; i < 40000; i++)
		memcpy(text + 2 * i, " a", 2);
	assert_int_equal(read_text(text, 40000, d, &err), LR_ELIMIT);
	assert_string_equal(err.text, "line 1: more than 1024 fields");
	lr_draft_free(d);
	free(text);
}

/* Quotes that ldns gets back take room of their own: as many fields as there may be, all quoted. */
static void
many_quoted_strings(void **state)
{
	static char text[80000];
	size_t size = (size_t)sprintf(text, "a. 5 IN HIP 2 20010010 AwEA");
	struct lr_error err = {.text = ""};
	struct lr_draft *d = new_draft("");
	(void)state;
	for (int i = 0; i < 1017; i++)
		size += (size_t)sprintf(text + size, " \"%058d.\"", i);
	assert_int_equal(size, 27 + 1017 * 62);
	enum lr_code code = read_text(text, size, d, &err);
	assert_int_equal(code, LR_OK);
	/* RFC 8005 section 5: two lengths and an algorithm, a HIT, a key, the servers' names, to
	 * which ldns counts the quotes: labels of 59 octets and of one. */
	assert_int_equal(lr_draft_record(d, 0).rdata_length, 4 + 4 + 3 + 1017 * (60 + 2 + 1));
	lr_draft_free(d);
}

static void
draft_limit_names_the_line(void **state)
{
	struct lr_draft_limits one = {1 << 16, 1, 0};
	struct lr_draft *d;
	struct lr_error err;
	const char text[] = "a. 5 IN NS b.\nb. 5 IN NS b.\n";
	(void)state;
	assert_int_equal(lr_draft_new((const uint8_t *)"", &one, &d, NULL), LR_OK);
	assert_int_equal(read_text(text, sizeof(text) - 1, d, &err), LR_ELIMIT);
	assert_memory_equal(err.text, "line 2: ", 8);
	lr_draft_free(d);
}

static void
unreadable_stream(void **state)
{
	FILE *folder = fopen(".", "r"); /* reading it fails with EISDIR */
	struct lr_draft *d = new_draft("");
	(void)state;
	assert_non_null(folder);
	assert_int_equal(lr_text_read(folder, d, NULL), LR_EIO);
	fclose(folder);
	lr_draft_free(d);
}

static uint32_t
step(uint32_t *seed)
{
	*seed = *seed * 1664525 +
		1013904223; /* Numerical Recipes' generator: the same junk every time */
	return *seed >> 8;
}

static void
survives_junk(void **state)
{
	static const char alphabet[] = "a.5 INSDT\t\n\n()\";\\#@$0=/+\r\x80\xff";
	uint32_t seed = 1;
	char text[600];
	(void)state;
	for (int round = 0; round < 3000; round++) {
		size_t size = step(&seed) % sizeof(text);
		if (round % 2) { /* the sample with a few octets changed */
			size_t start = step(&seed) % (sizeof(sample) - sizeof(text));
			size = sizeof(text);
			memcpy(text, sample + start, size);
			for (int i = 0; i < 4; i++)
				text[step(&seed) % size] = (char)step(&seed);
		} else {
			for (size_t i = 0; i < size; i++)
				text[i] = alphabet[step(&seed) % (sizeof(alphabet) - 1)];
		}
		struct lr_draft *d = new_draft("");
		enum lr_code code = read_text(text, size, d, NULL);
		assert_true(code == LR_OK || code == LR_EFORMAT || code == LR_ELIMIT);
		lr_draft_free(d);
	}
}

UNIT_TESTS(NULL, NULL, TEST(owners_ttls_and_classes), TEST(last_ttl_counts),
    TEST(names_with_escapes), TEST(longest_names), TEST(pdns_11724_generic_zonemd),
    TEST(generic_form), TEST(signature_times), TEST(as_ldns_reads_it), TEST(as_ldns_reads_the_root),
    TEST(refused), TEST(without_ldns), TEST(nuls), TEST(out_of_zone), TEST(endless),
    TEST(many_quoted_strings), TEST(draft_limit_names_the_line), TEST(unreadable_stream),
    TEST(survives_junk))
