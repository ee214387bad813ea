/* t_print.c -- records as text: what ldns prints
 * for them, and what comes back when they are read. */
#include "printed.h"

#include <arpa/inet.h>

static size_t
unhex(const char *text, uint8_t *out)
{
	size_t size = 0;
	unsigned octet;
	for (; sscanf(text, " %2x", &octet) == 1; text += strspn(text, " ") + 2)
		out[size++] = (uint8_t)octet;
	return size;
}

/* The record with the RDATA given in hex; its arrays are those of the next call too. */
static struct lr_record
make(const char *owner, size_t owner_length, uint16_t type, uint32_t ttl, const char *hex)
{
	static uint8_t rdata[UINT16_MAX];
	return (struct lr_record){.owner = (const uint8_t *)owner,
	    .owner_length = (uint8_t)owner_length,
	    .type = type,
	    .ttl = ttl,
	    .rdata = rdata,
	    .rdata_length = (uint16_t)unhex(hex, rdata)};
}

#define NAMES "04 6e616d65 03 2a2e5c 00" /* name.*\.\\. */
#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"

/* What the readers make of the type's own fields, and ldns prints so. */
static void
as_ldns_prints(void **state)
{
	/* clang-format off */
	static const struct {
		const char *owner;
		size_t owner_length;
		uint16_t type;
		uint32_t ttl;
		const char *rdata;
	} cases[] = {
	    {"", 1, 6, 86400, "016100 0162 00 78c3e9fe 00000708 00000384 00093a80 00015180"},
	    {"", 1, 6, 0, "00 00 00000000 ffffffff 7fffffff 80000000 00000001"},
	    {"", 1, 2, 2147483647, "00"},
	    {"\3CoM", 5, 2, 1, NAMES},
	    {"\1@", 3, 2, 1, "02 4040 00"}, /* of "@." alone ldns' reader makes the root */
	    {"\7$ORIGIN", 9, 2, 1, "08 24494e434c554445 00"},
	    {"\2a\"", 4, 2, 1, "026122 00"},
	    {"\2;(", 4, 2, 1, "022920 00"},
	    {"\5\0\1\177\200\377", 7, 2, 1, "05 00017f80ff 00"},
	    {"\1*\3com", 7, 1, 60, "00000000"},
	    {"\1a", 3, 1, 60, "ffffffff"},
	    {"\1a", 3, 28, 60, "00000000000000000000000000000000"},
	    {"\1a", 3, 28, 60, "00000000000000000000000000000001"},
	    {"\1a", 3, 28, 60, "20010db8000000010000000000000001"},
	    {"\1a", 3, 28, 60, "20010db8000100000000000100000000"},
	    {"\1a", 3, 28, 60, "00000000000000000000ffffc0000201"},
	    {"\1a", 3, 28, 60, "ffffffffffffffffffffffffffffffff"},
	    {"\1a", 3, 43, 60, "ffff 08 01 ab"}, /* DS: digests of any type and size */
	    {"\1a", 3, 43, 60, "0000 ff ff 000102030405060708090a0b0c0d0e0f10111213141516171819"},
	    {"", 1, 48, 60, "0101 03 08 03010001 ab"},
	    {"", 1, 48, 60, "0000 00 00 ab"}, /* one, two and three octets of base64 */
	    {"", 1, 48, 60, "0180 03 0d abcd"},
	    {"", 1, 48, 60, "ffff 03 fd abcdef"},
	    {"", 1, 46, 60, "0006 08 00 00015180 6a7cd600 6a6be460 e1b4 00 abcdef"},
	    {"", 1, 46, 60, "ffff ff ff ffffffff 00000000 00000001 ffff 0378797a00 00"},
	    {"", 1, 46, 60, "0101 08 00 00015180 386cd300 38bc6080 e1b4 00 ab"}, /* leap days */
	    {"", 1, 46, 60, "ff00 08 00 00015180 38bbff7f 386d437f e1b4 00 ab"},
	    {"\1a", 3, 47, 60, "0162 00 0006 400000000003"},
	    {"\1a", 3, 47, 60, "00 0001 7f"},
	    {"\1a", 3, 47, 60, "00"}, /* an empty bitmap */
	    {"\1a", 3, 47, 60, "00 0020 " ZEROS "01"}, /* the last type of a window */
	    {"\1a", 3, 47, 60, "00 0101 40 0201 01 8001 80 ff20 " ZEROS "01"},
	    {"", 1, 63, 60, "78c3e9fe 01 01 000102030405060708090a0b"},
	    {"\1a", 3, 16, 60, "00"}, /* TXT: an empty string */
	    {"\1a", 3, 16, 60, "05 20223b5c40 00 04 00097fff 03 612862"},
	    {"\1a", 3, 99, 60, "03 763d31"},
	    {"\1a", 3, 15, 60, "ffff" NAMES},
	    {"\1a", 3, 33, 60, "0000 0001 ffff 00"},
	    {"\1a", 3, 5, 60, NAMES},
	    {"\1a", 3, 39, 60, NAMES},
	    {"\1a", 3, 59, 60, "0000 00 00 00"}, /* CDS and CDNSKEY: RFC 8078's delete */
	    {"\1a", 3, 60, 60, "0000 03 00 00"},
	    {"\1a", 3, 62, 60, "00000001 0003 0001 40"},
	    {"\1a", 3, 44, 60, "01 01 abcd"},
	    {"\1a", 3, 65280, 60, "abcd01"}, /* unknown: generic in ldns too */
	};
	/* clang-format on */
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_record record = make(cases[i].owner, cases[i].owner_length, cases[i].type,
		    cases[i].ttl, cases[i].rdata);
		printed_like_ldns(&record);
		printed_reads_back(&record);
	}
}

/* Each pattern of zeros and of short and long groups, as the C library has them. */
static void
addresses(void **state)
{
	static const uint16_t groups[] = {1, 0xfff, 0x10, 0xabcd, 0x1000, 0xf, 0x100, 0xff};
	(void)state;
	for (unsigned pattern = 0; pattern < 256; pattern++) {
		uint8_t rdata[16] = {0};
		char text[INET6_ADDRSTRLEN], wanted[128];
		for (unsigned i = 0; i < 8; i++) {
			uint16_t group = pattern & 1u << i ? groups[(i + pattern) % 8] : 0;
			rdata[2 * i] = (uint8_t)(group >> 8);
			rdata[2 * i + 1] = (uint8_t)group;
		}
		struct lr_record record = {.owner = (const uint8_t *)"", .owner_length = 1};
		for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
			record.type = is_ipv6 ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A;
			record.rdata_length = is_ipv6 ? 16 : 4;
			record.rdata = is_ipv6 ? rdata : rdata + 6;
			inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, record.rdata, text, sizeof(text));
			snprintf(wanted, sizeof(wanted), ".\t0\tIN\t%s %s\n",
			    is_ipv6 ? "AAAA" : "A", text);
			char *printed = printed_by_us(&record);
			assert_string_equal(printed, wanted);
			free(printed);
		}
	}
}

/* RDATA that its own fields cannot tell, and types with fields that text_field.c leaves to ldns:
 * RFC 3597 section 5. ldns prints its fields, which for the first few are other octets. */
static void
generic(void **state)
{
	static const struct {
		uint16_t type;
		const char *rdata, *text;
	} cases[] = {
	    {47, "00 0002 4000", "NSEC \\# 5 0000024000"}, /* zeros at the end of a window */
	    {47, "00 0001 80", "NSEC \\# 4 00000180"},     /* type 0 */
	    {43, "0001 08 02", "DS \\# 4 00010802"},       /* no digest */
	    {48, "0100 03 08", "DNSKEY \\# 4 01000308"},   /* no key */
	    {46, "0000 08 00 00000000 00000000 00000000 0000 00 ab",
		"RRSIG \\# 20 00000800000000000000000000000000000000ab"}, /* covers type 0 */
	    {13, "01 61 03 622042", "HINFO \\# 6 016103622042"},
	    {257, "00 05 6973737565 61", "CAA \\# 8 0005697373756561"},
	    {64, "0001 00 0001 0003 026832", "SVCB \\# 10 00010000010003026832"},
	    {50, "01 00 0000 00 01 ab", "NSEC3 \\# 7 010000000001ab"},
	    {29, "00 12 16 13 80000000 80000000 80000000",
		"LOC \\# 16 00121613800000008000000080000000"},
	    {108, "00005e00532a", "EUI48 \\# 6 00005e00532a"},
	    {65280, "", "TYPE65280 \\# 0"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_record record = make("", 1, cases[i].type, 5, cases[i].rdata);
		char expected[128], *text = printed_by_us(&record);
		snprintf(expected, sizeof(expected), ".\t5\tIN\t%s\n", cases[i].text);
		assert_string_equal(text, expected);
		free(text);
		printed_reads_back(&record);
	}
}

/* Each type's mnemonic, as a record's own and in a bitmap, is read back as that number. */
static void
every_type(void **state)
{
	(void)state;
	for (unsigned type = 1; type <= UINT16_MAX; type++) {
		char hex[128];
		int length =
		    snprintf(hex, sizeof(hex), "00 %02x %02x ", type >> 8, (type & 255) / 8 + 1);
		for (unsigned octet = 0; octet < (type & 255) / 8; octet++)
			length += snprintf(hex + length, sizeof(hex) - (size_t)length, "00");
		snprintf(hex + length, sizeof(hex) - (size_t)length, "%02x", 0x80u >> type % 8);
		struct lr_record record = make("", 1, 47, 5, hex);
		printed_reads_back(&record);
		if (type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255) ||
		    lr_rdata_known((uint16_t)type))
			continue;
		record = make("", 1, (uint16_t)type, 5, "abcd");
		printed_reads_back(&record);
	}
}

/* RFC 4034 section 3.2: `date -u -d @SECONDS +%Y%m%d%H%M%S`. ldns takes the times from 2094 on for
 * those before 1970, and prints years that no reader takes. */
static void
signature_times(void **state)
{
	static const struct {
		const char *seconds, *text;
	} cases[] = {
	    {"00000000", "19700101000000"},
	    {"0000003b", "19700101000059"},
	    {"38bc5d7f", "20000229235959"},
	    {"65e11a80", "20240301000000"},
	    {"f4d2ce00", "21000228000000"},
	    {"f4d41f80", "21000301000000"},
	    {"ffffffff", "21060207062815"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char hex[128];
		snprintf(hex, sizeof(hex), "0006 08 00 00000000 %s 00000000 0000 00 ab",
		    cases[i].seconds);
		struct lr_record record = make("", 1, 46, 5, hex);
		char *text = printed_by_us(&record);
		if (!strstr(text, cases[i].text))
			fail_msg("%s: %s", cases[i].text, text);
		free(text);
		printed_reads_back(&record);
	}
}

/* Names, strings and RDATA at their longest; more than the printer gathers at a time. */
static void
longest(void **state)
{
	static uint8_t octets[UINT16_MAX];
	uint8_t name[LR_NAME_MAX] = {0};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t label = i < 3 ? 63 : 61;
		name[64 * i] = (uint8_t)label;
		memset(name + 64 * i + 1, 0xff, label);
	}
	struct lr_record record = {.owner = name,
	    .owner_length = 255,
	    .ttl = 1,
	    .type = 2,
	    .rdata = name,
	    .rdata_length = 255};
	printed_like_ldns(&record);
	printed_reads_back_here(&record); /* ldns reads no name that is longer as text */

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i % 256 == 0 ? 255 : i * 7);
	record =
	    (struct lr_record){.owner = (const uint8_t *)"", .owner_length = 1, .rdata = octets};
	record.type = 16;
	record.rdata_length = 255 * 40 + 40; /* as text up to four times as long, below ENTRY_MAX */
	printed_like_ldns(&record);
	printed_reads_back(&record);
	static const uint16_t types[] = {48, 43, 65280};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		record.type = types[i];
		record.rdata_length = 30000;
		printed_like_ldns(&record);
		record.rdata_length = 20000; /* ldns' reader takes no more in one field */
		printed_reads_back(&record);
	}
}

static void
a_stream_that_fails(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct lr_record record = make("", 1, 2, 5, "00");
	(void)state;
	assert_non_null(full);
	setbuf(full, NULL);
	assert_int_equal(lr_record_print(&record, full), LR_EIO);
	fclose(full);
}

UNIT_TESTS(NULL, NULL, TEST(as_ldns_prints), TEST(addresses), TEST(generic), TEST(every_type),
    TEST(signature_times), TEST(longest), TEST(a_stream_that_fails))
