/* zone/name.c: names, their canonical order and their text. */
#include "name.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* RFC 4034 section 6.1's example, in its order. */
static const char *const canonical[] = {"\7example", "\1a\7example", "\10yljkjljk\1a\7example",
    "\1Z\1a\7example", "\4zABC\1a\7EXAMPLE", "\1z\7example", "\1\001\1z\7example",
    "\1*\1z\7example", "\1\200\1z\7example"};

#define COUNT (sizeof(canonical) / sizeof(*canonical))

static const uint8_t *
wire(const char *text)
{
	return (const uint8_t *)text;
}

static int
sign(int number)
{
	return (number > 0) - (number < 0);
}

static void
canonical_order_of_rfc_4034(void **state)
{
	(void)state;
	for (int i = 0; i < (int)COUNT; i++)
		for (int j = 0; j < (int)COUNT; j++)
			assert_int_equal(
			    sign(lr_name_compare(wire(canonical[i]), wire(canonical[j]))),
			    sign(i - j));
}

/* Where two keys differ, they order as the names do. */
static void
keys_agree_with_the_order(void **state)
{
	(void)state;
	static const char *const sorted[] = {"", "\2aa", "\1x\2aa", "\3aa\1", "\11aaaaaaaaa",
	    "\11aaaaaaaab", "\3com", "\3COM", "\3con", "\1\377"};
	size_t count = sizeof(sorted) / sizeof(*sorted);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			uint64_t a = lr_name_key(wire(sorted[i]), 0),
				 b = lr_name_key(wire(sorted[j]), 0);
			if (a != b)
				assert_int_equal(a < b ? -1 : 1,
				    sign(lr_name_compare(wire(sorted[i]), wire(sorted[j]))));
		}
	assert_int_equal(lr_name_key(wire(""), 0), 0);
	assert_true(lr_name_key(wire("\3COM"), 0) == UINT64_C(0x636f6d0000000000)); /* "com" */
	assert_true(lr_name_key(wire("\1a\7example"), 1) == UINT64_C(0x6100000000000000));
}

static void
lengths_and_labels(void **state)
{
	(void)state;
	assert_int_equal(lr_name_length(wire(""), 1), 1);
	assert_int_equal(lr_name_length(wire("\1a\7example"), 11), 11);
	assert_int_equal(lr_name_length(wire("\1a\7example"), 10), 0); /* no end */
	assert_int_equal(lr_name_length(wire("\xc0\0"), 2), 0); /* a pointer is no name here */
	assert_int_equal(lr_name_length(wire(""), 0), 0);
	/* 63 octets are the most (RFC 1035 section 2.3.4); 64 is no type of label that we know. */
	uint8_t longest[66] = {63};
	assert_int_equal(lr_name_length(longest, sizeof(longest)), 65);
	longest[0] = 64;
	assert_int_equal(lr_name_length(longest, sizeof(longest)), 0);
	assert_int_equal(lr_name_labels(wire("")), 0);
	assert_int_equal(lr_name_labels(wire("\1a\7example")), 2);
	assert_memory_equal(lr_name_parent(wire("\1a\7example"), 1), "\7example", 9);
}

static void
equality_and_containment(void **state)
{
	(void)state;
	assert_true(lr_name_equal(wire("\3CoM"), wire("\3cOm")));
	assert_false(lr_name_equal(wire("\3com"), wire("\3con")));
	assert_false(lr_name_equal(wire("\3com"), wire("\1a\3com")));
	assert_false(lr_name_equal(wire("\1["), wire("\1{"))); /* 0x5b and 0x7b: not letters */
	assert_true(lr_name_within(wire("\1a\3com"), wire("\3COM")));
	assert_true(lr_name_within(wire("\3com"), wire("\3com")));
	assert_true(lr_name_within(wire("\3com"), wire("")));
	assert_false(lr_name_within(wire("\3com"), wire("\1a\3com")));
	assert_false(lr_name_within(wire("\4xcom"), wire("\3com")));
}

static void
text_both_ways(void **state)
{
	(void)state;
	char text[LR_NAME_TEXT_MAX];
	uint8_t name[LR_NAME_MAX];
	size_t length;
	assert_string_equal(lr_name_text(wire(""), text), ".");
	assert_string_equal(
	    lr_name_text(wire("\3a.b\2\0\377\3com"), text), "a\\.b.\\000\\255.com.");

	assert_true(lr_name_parse("a\\.b.\\000\\255.com", name, &length));
	assert_int_equal(length, 12);
	assert_memory_equal(name, "\3a.b\2\0\377\3com", 12);
	assert_true(lr_name_parse(".", name, &length));
	assert_int_equal(length, 1);
	assert_false(lr_name_parse("", name, &length));
	assert_false(lr_name_parse("a..b", name, &length));
}

/* RFC 1035 section 5.1: three decimal digits for each
 * of 253 octets in four labels; the buffer holds it. */
static void
longest_text(void **state)
{
	(void)state;
	uint8_t name[LR_NAME_MAX] = {0};
	char text[LR_NAME_TEXT_MAX];
	for (unsigned at = 0; at < 192; at += 64)
		name[at] = 63;
	name[192] = 61;
	assert_int_equal(lr_name_length(name, sizeof(name)), 255);
	/* 250 octets of "\000" and 4 dots */
	assert_int_equal(strlen(lr_name_text(name, text)), 250 * 4 + 4);
}

UNIT_TESTS(NULL, NULL, TEST(canonical_order_of_rfc_4034), TEST(keys_agree_with_the_order),
    TEST(lengths_and_labels), TEST(equality_and_containment), TEST(text_both_ways),
    TEST(longest_text))
