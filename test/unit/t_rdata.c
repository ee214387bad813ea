/* t_rdata.c -- RDATA: layouts, compression, the canonical form. */
#include "unit.h"

#include <stdlib.h>

#include "put_message.h"
#include "rdata.h"

static size_t
unhex(const char *text, uint8_t *out)
{
	size_t size = 0;
	for (; *text; text++) {
		if (*text == ' ')
			continue;
		char pair[3] = {text[0], text[1], 0};
		out[size++] = (uint8_t)strtoul(pair, NULL, 16);
		text++;
	}
	return size;
}

/* An exact copy on the heap, so that valgrind and the sanitizers see a read past its end. */
static enum lr_code
read_hex(uint16_t type, const char *hex, size_t out_size)
{
	uint8_t bytes[512], *exact, *out = malloc(out_size ? out_size : 1);
	size_t size = unhex(hex, bytes), length = 0;
	exact = malloc(size ? size : 1);
	memcpy(exact, bytes, size);
	struct lr_cursor c = lr_cursor_init(exact, size);
	struct lr_error err;
	enum lr_code code = lr_rdata_read(&c, type, (uint16_t)size, out, out_size, &length, &err);
	if (code == LR_OK) {
		assert_int_equal(length, size); /* none of these is compressed */
		assert_memory_equal(out, exact, size);
		assert_int_equal(lr_cursor_left(&c), 0);
	}
	free(exact);
	free(out);
	return code;
}

static void
layouts(void **state)
{
	static const struct {
		uint16_t type;
		const char *hex;
		enum lr_code code;
	} cases[] = {
	    {1, "c0000201", LR_OK}, /* A: RFC 1035 section 3.4.1 */
	    {1, "c00002", LR_EFORMAT},
	    {1, "c000020100", LR_EFORMAT},
	    {28, "20010db8000000000000000000000001", LR_OK}, /* AAAA */
	    {28, "20010db80000000000000000000000", LR_EFORMAT},
	    {28, "20010db800000000000000000000000100", LR_EFORMAT},
	    {2, "016100", LR_OK}, /* NS */
	    {2, "01610000", LR_EFORMAT},
	    {2, "0161", LR_EFORMAT},
	    {2, "", LR_EFORMAT},
	    {15, "000a016100", LR_OK}, /* MX */
	    {15, "000a", LR_EFORMAT},
	    {6, "00 00 00000001 00000002 00000003 00000004 00000005", LR_OK}, /* SOA */
	    {6, "00 00 00000001 00000002 00000003 00000004 000000", LR_EFORMAT},
	    {6, "00 00 00000001 00000002 00000003 00000004 0000000500", LR_EFORMAT},
	    {43, "0001 08 02 aabb", LR_OK}, /* DS */
	    {43, "0001 08", LR_EFORMAT},
	    {48, "0101 03 08 aabb", LR_OK}, /* DNSKEY */
	    {48, "0101 03", LR_EFORMAT},
	    {46, "0002 08 01 00000001 00000002 00000003 abcd 00 ff", LR_OK}, /* RRSIG */
	    {46, "0002 08 01 00000001 00000002 00000003 abcd", LR_EFORMAT},
	    {63, "00000001 01 01 aabb", LR_OK}, /* ZONEMD */
	    {63, "00000001 01", LR_EFORMAT},
	    {47, "00 0001 40", LR_OK},              /* NSEC: A */
	    {47, "00 0001 40 0101 40", LR_OK},      /* and CAA, in window 1 */
	    {47, "00 0101 40 0001 40", LR_EFORMAT}, /* windows descend */
	    {47, "00 0001 40 0001 40", LR_EFORMAT}, /* window twice */
	    {47, "00 0000", LR_EFORMAT},            /* empty window */
	    {47, "00 0002 40", LR_EFORMAT},         /* window runs over the end */
	    {47, "00 00", LR_EFORMAT},
	    /* 33 octets in a window, then 32 */
	    {47, "00 0021 000000000000000000000000000000000000000000000000000000000000000001",
		LR_EFORMAT},
	    {47, "00 0020 0000000000000000000000000000000000000000000000000000000000000001", LR_OK},
	    {50, "01 00 0000 00 01aa 0001 40", LR_OK}, /* NSEC3 */
	    {50, "01 00 0000 00 02aa", LR_EFORMAT},
	    {16, "0161 026263", LR_OK}, /* TXT */
	    {16, "", LR_EFORMAT},
	    {16, "0261", LR_EFORMAT},
	    {33, "0001 0002 0035 016100", LR_OK}, /* SRV */
	    {33, "0001 0002 00", LR_EFORMAT},
	    {35, "0001 0002 0161 00 0162 00", LR_OK}, /* NAPTR */
	    {35, "0001 0002 0161 00 0962 00", LR_EFORMAT},
	    {257, "00 0161 62", LR_OK}, /* CAA */
	    {257, "00 0461 62", LR_EFORMAT},
	    {65280, "", LR_OK}, /* unknown: anything (RFC 3597) */
	    {65280, "c00c ff", LR_OK},
	    {1234, "c00c", LR_OK},
	    {0, "", LR_EFORMAT}, /* not for zones */
	    {41, "", LR_EFORMAT},
	    {250, "00", LR_EFORMAT},
	    {252, "", LR_EFORMAT},
	    {255, "", LR_EFORMAT},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (read_hex(cases[i].type, cases[i].hex, 512) != cases[i].code)
			fail_msg("type %u %s", cases[i].type, cases[i].hex);
}

static void
out_size_bounds(void **state)
{
	(void)state;
	assert_int_equal(read_hex(2, "016100", 3), LR_OK);
	assert_int_equal(read_hex(2, "016100", 2), LR_EFORMAT);
	assert_int_equal(read_hex(1, "c0000201", 4), LR_OK);
	assert_int_equal(read_hex(1, "c0000201", 3), LR_EFORMAT);
	assert_int_equal(read_hex(65280, "c0000201", 3), LR_EFORMAT);
}

/* A message of a name at offset 0, then RDATA that points to it. */
static enum lr_code
read_after_name(uint16_t type, const char *hex, uint16_t length, uint8_t out[512],
    size_t *out_length, size_t *left)
{
	static struct message m;
	uint8_t rdata[256];
	size_t size = unhex(hex, rdata);
	m.size = 0;
	put_name(&m, "Nic."); /* offset 0, 5 octets */
	put(&m, rdata, size);
	struct lr_cursor c = lr_cursor_init(m.bytes, m.size);
	lr_cursor_bytes(&c, 5);
	enum lr_code code = lr_rdata_read(&c, type, length, out, 512, out_length, NULL);
	*left = lr_cursor_left(&c);
	return code;
}

static void
compressed_names(void **state)
{
	uint8_t out[512];
	size_t length = 0, left;
	(void)state;

	/* MX 10 a.Nic. by a pointer to offset 0; two octets of the next record follow */
	assert_int_equal(read_after_name(15, "000a 0161c000 ffff", 6, out, &length, &left), LR_OK);
	assert_int_equal(length, 9);
	assert_memory_equal(out, "\x00\x0a\x01\x61\x03Nic", 9);
	assert_int_equal(left, 2);

	/* SOA: both names compressed, then 20 octets */
	assert_int_equal(
	    read_after_name(6, "c000 0162c000 00000001 00000002 00000003 00000004 00000005", 26,
		out, &length, &left),
	    LR_OK);
	assert_int_equal(length, 5 + 7 + 20);
	assert_memory_equal(out, "\3Nic\0\1b\3Nic\0\0\0\0\1", 16);

	/* The name may not use octets behind the RDATA, not even to end. */
	assert_int_equal(read_after_name(15, "000a 0161c000", 5, out, &length, &left), LR_EFORMAT);
	/* RDATA beyond the message */
	assert_int_equal(read_after_name(15, "000a c000", 5, out, &length, &left), LR_EFORMAT);
	/* A pointer to itself, and one forward */
	assert_int_equal(read_after_name(2, "c005", 2, out, &length, &left), LR_EFORMAT);
	assert_int_equal(read_after_name(2, "c007 00", 2, out, &length, &left), LR_EFORMAT);
}

/* RFC 3597 section 4: names of newer types never come compressed. */
static void
compression_refused(void **state)
{
	uint8_t out[512];
	size_t length = 0, left;
	(void)state;
	assert_int_equal(read_after_name(46, "0002 08 01 00000001 00000002 00000003 abcd c000 ff",
			     21, out, &length, &left),
	    LR_EFORMAT);
	assert_int_equal(read_after_name(47, "c000 0001 40", 5, out, &length, &left), LR_EFORMAT);
	assert_int_equal(read_after_name(39, "c000", 2, out, &length, &left), LR_EFORMAT);
	assert_int_equal(read_after_name(33, "0001 0002 0035 c000", 8, out, &length, &left), LR_OK);
	assert_int_equal(length, 11);
}

static void
canonical(void **state)
{
	/* 41 'A' and 42 'B' stand also where no name is: there they must stay. */
	static const struct {
		uint16_t type;
		const char *hex, *expected;
	} cases[] = {
	    {2, "024142 0143 00", "026162 0163 00"},
	    {5, "0141 00", "0161 00"},
	    {39, "0141 00", "0161 00"},
	    {15, "4142 0141 00", "4142 0161 00"},
	    {6, "0141 00 0142 00 41424344 41424344 41424344 41424344 41424344",
		"0161 00 0162 00 41424344 41424344 41424344 41424344 41424344"},
	    {46, "4142 43 44 41424344 41424344 41424344 4142 0141 00 4142",
		"4142 43 44 41424344 41424344 41424344 4142 0161 00 4142"},
	    {33, "4142 4142 4142 0141 00", "4142 4142 4142 0161 00"},
	    {35, "4142 4142 0141 0142 0143 0144 00", "4142 4142 0141 0142 0143 0164 00"},
	    {26, "4142 0141 00 0142 00", "4142 0161 00 0162 00"},
	    {30, "0141 00 4142", "0161 00 4142"}, /* NXT: RFC 6840 dropped NSEC alone */
	    {47, "0141 00 0001 41", "0141 00 0001 41"},
	    {13, "0141 0142", "0141 0142"},
	    {16, "0141 0142", "0141 0142"},
	    {64, "4142 0141 00", "4142 0141 00"},
	    {58, "0141 00 0142 00", "0141 00 0142 00"}, /* TALINK: names, but not in the list */
	    {43, "4142 43 44 4142", "4142 43 44 4142"},
	    {65280, "0141 00", "0141 00"},
	    {6, "0141", "0161"}, /* malformed: no more than to stay within bounds */
	    {6, "0941", "0961"},
	    {35, "4142 4142 f041", "4142 4142 f041"},
	    {46, "4142", "4142"},
	    {2, "", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t in[128], want[128];
		size_t size = unhex(cases[i].hex, in);
		assert_int_equal(unhex(cases[i].expected, want), size);
		uint8_t *exact = malloc(size ? size : 1), *out = malloc(size ? size : 1);
		memcpy(exact, in, size);
		lr_rdata_canonical(cases[i].type, exact, size, out);
		if (memcmp(out, want, size) != 0)
			fail_msg("type %u %s", cases[i].type, cases[i].hex);
		free(exact);
		free(out);
	}
}

/* RFC 4034 section 6.3, whose order is that of unsigned octets and puts what has ended first. */
static void
order(void **state)
{
	static const struct {
		uint16_t type;
		const char *less, *more; /* or, where equal is set, the same */
		bool equal;
	} cases[] = {
	    {2, "0161 00", "0142 00", false}, /* a. before B., though 'B' is below 'a' */
	    {2, "0141 00", "0161 00", true}, {2, "0141 00", "0161 0162 00", false},
	    {2, "0141 00", "03612e62 00", false}, /* lengths of labels stand in front */
	    {1, "7fffffff", "80000000", false},
	    {16, "0142", "0161", false}, /* a TXT is as it was written */
	    {16, "0161", "0161 0161", false}, {16, "", "00", false}, {16, "", "", true},
	    {15, "0041 0161 00", "0061 0141 00", false}, /* a preference is no name */
	    {6, "0141 00 0162 00 41000000", "0161 00 0142 00 61000000", false},
	    {6, "0141 00 0162 00 41000000", "0161 00 0142 00 41000000", true},
	    {46, "4142 43 44 41424344 41424344 41424344 4142 0141 00 4142",
		"4142 43 44 41424344 41424344 41424344 4142 0161 00 6142", false},
	    {47, "0141 00 0001 41", "0161 00 0001 41", false}, /* NSEC is not folded */
	    {65280, "0141 00", "0161 00", false},
	    {6, "0941", "0961", true}, /* malformed: no more than to stay within bounds */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t a[64], b[64];
		size_t a_size = unhex(cases[i].less, a), b_size = unhex(cases[i].more, b);
		int there = lr_rdata_compare(cases[i].type, a, a_size, b, b_size);
		int back = lr_rdata_compare(cases[i].type, b, b_size, a, a_size);
		if (cases[i].equal ? there != 0 || back != 0 : there >= 0 || back <= 0)
			fail_msg("type %u %s and %s: %d, %d", cases[i].type, cases[i].less,
			    cases[i].more, there, back);
	}
}

UNIT_TESTS(NULL, NULL, TEST(layouts), TEST(out_size_bounds), TEST(compressed_names),
    TEST(compression_refused), TEST(canonical), TEST(order))
