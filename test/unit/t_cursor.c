/* zone/cursor.c: reading what a source sends. */
#include "cursor.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A copy of the bytes that ends where a page ends, before one that cannot be read. */
static const uint8_t *
at_page_end(const void *bytes, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
	    mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	memcpy(map + page - size, bytes, size);
	return map + page - size;
}

static void
numbers_are_big_endian(void **state)
{
	(void)state;
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
	struct lr_cursor c = lr_cursor_init(at_page_end(bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(lr_cursor_u8(&c), 1);
	assert_int_equal(lr_cursor_u16(&c), 0x0203);
	assert_int_equal(lr_cursor_u32(&c), 0x04050607);
	assert_int_equal(lr_cursor_left(&c), 0);
	assert_true(lr_cursor_ok(&c));
}

static void
the_error_sticks(void **state)
{
	(void)state;
	const uint8_t bytes[] = {1, 2, 3};
	struct lr_cursor c = lr_cursor_init(at_page_end(bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(lr_cursor_u32(&c), 0);
	assert_false(lr_cursor_ok(&c));
	assert_int_equal(lr_cursor_u8(&c), 0); /* would fit, but comes after the error */
	assert_int_equal(lr_cursor_left(&c), 0);
	assert_null(lr_cursor_bytes(&c, 0));
}

/* RFC 1035 section 4.1.4's own example: F.ISI.ARPA at
 * 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92. */
static void
compression_as_in_rfc_1035(void **state)
{
	(void)state;
	uint8_t message[93] = {0};
	memcpy(message + 20, "\1F\3ISI\4ARPA", 12);
	memcpy(message + 40, "\3FOO\xc0\x14", 6);
	memcpy(message + 64, "\xc0\x1a", 2);
	uint8_t name[255];
	struct lr_cursor c = lr_cursor_init(at_page_end(message, sizeof(message)), sizeof(message));

	lr_cursor_bytes(&c, 40);
	assert_int_equal(lr_cursor_name(&c, name), 16);
	assert_memory_equal(name, "\3FOO\1F\3ISI\4ARPA", 16);
	assert_int_equal(c.at - c.start, 46); /* goes on behind the pointer */
	lr_cursor_bytes(&c, 64 - 46);
	assert_int_equal(lr_cursor_name(&c, name), 6);
	assert_memory_equal(name, "\4ARPA", 6);
	lr_cursor_bytes(&c, 92 - 66);
	assert_int_equal(lr_cursor_name(&c, name), 1);
	assert_true(lr_cursor_ok(&c));
}

static void
refuse(const char *bytes, size_t size, size_t from)
{
	uint8_t name[255];
	struct lr_cursor c = lr_cursor_init(at_page_end(bytes, size), size);
	lr_cursor_bytes(&c, from);
	assert_int_equal(lr_cursor_name(&c, name), 0);
	assert_false(lr_cursor_ok(&c));
}

static void
hostile_names_are_refused(void **state)
{
	(void)state;
	refuse("", 0, 0);
	refuse("\3ab", 3, 0);         /* label runs out of the message */
	refuse("\1a", 2, 0);          /* no end */
	refuse("\xc0", 1, 0);         /* half a pointer */
	refuse("\xc0\0", 2, 0);       /* to itself */
	refuse("\1a\xc0\0", 4, 0);    /* a loop through a label */
	refuse("\xc0\2\xc0\0", 4, 0); /* forwards */
	refuse("\xc0\2\xc0\0", 4, 2); /* two that point at each other */
	refuse("\100a", 2, 0);        /* the label types 01 and 10 are reserved */
	refuse("\200a", 2, 0);
}

/* 255 octets are the limit, pointers or not (RFC 1035 section 2.3.4). */
static void
longest_name(void **state)
{
	(void)state;
	uint8_t message[300] = {0}, name[255];
	size_t at = 0;
	for (unsigned i = 0; i < 4; i++, at += 64)
		message[at] = 63;
	message[192] = 61; /* 3 * 64 + 62 + 1 = 255 */
	struct lr_cursor c = lr_cursor_init(message, sizeof(message));
	assert_int_equal(lr_cursor_name(&c, name), 255);

	message[192] = 62; /* 256 */
	c = lr_cursor_init(message, sizeof(message));
	assert_int_equal(lr_cursor_name(&c, name), 0);

	message[192] = 61;
	memcpy(message + 255, "\0\xc0",
	    2); /* an empty name, then one label and a pointer to the long one */
	memcpy(message + 256, "\1x\xc0\0", 4);
	c = lr_cursor_init(message, 260);
	lr_cursor_bytes(&c, 256);
	assert_int_equal(lr_cursor_name(&c, name), 0);
}

UNIT_TESTS(NULL, NULL, TEST(numbers_are_big_endian), TEST(the_error_sticks),
    TEST(compression_as_in_rfc_1035), TEST(hostile_names_are_refused), TEST(longest_name))
