/* t_schedule.c -- when to look next, and serial number arithmetic. */
#include "unit.h"

#include "schedule.h"
#include "serial.h"

#define AGES UINT32_MAX /* left: the copy's end does not matter */

/* random 0 gives -10 %: 1800 becomes 1620, 900 becomes 810 */
static uint32_t
next(uint32_t refresh, uint32_t retry, unsigned failures, bool succeeded, uint32_t minimum,
    uint16_t random)
{
	struct lr_schedule s = {
	    refresh, retry, failures, succeeded, minimum, refresh ? AGES : 0, random};
	return lr_schedule_next(&s);
}

/* The root's timers, with so much left; random 0 */
static uint32_t
next_left(uint32_t left, unsigned failures, uint32_t minimum)
{
	struct lr_schedule s = {1800, 900, failures, failures == 0, minimum, left, 0};
	return lr_schedule_next(&s);
}

static void
success(void **state)
{
	(void)state;
	assert_int_equal(next(1800, 900, 0, true, 0, 0), 1620);
	assert_int_equal(next(1800, 900, 0, true, 0, UINT16_MAX), 1980);
	assert_in_range(next(1800, 900, 0, true, 0, 0x8000), 1799, 1801);
}

static void
failure_backs_off_to_refresh(void **state)
{
	(void)state;
	/* The root's own timers: 900, then 1800 for good */
	assert_int_equal(next(1800, 900, 1, false, 0, 0), 810);
	assert_int_equal(next(1800, 900, 2, false, 0, 0), 1620);
	assert_int_equal(next(1800, 900, 3, false, 0, 0), 1620);
	assert_int_equal(next(1800, 900, UINT32_MAX, false, 0, 0), 1620);
	/* 100, 200, 400, 800, 1000 */
	assert_int_equal(next(1000, 100, 3, false, 0, 0), 360);
	assert_int_equal(next(1000, 100, 4, false, 0, 0), 720);
	assert_int_equal(next(1000, 100, 5, false, 0, 0), 900);
	/* retry above refresh is no reason to wait longer than after success */
	assert_int_equal(next(1000, 5000, 1, false, 0, 0), 900);
	/* a failure not counted is the first */
	assert_int_equal(next(1800, 900, 0, false, 0, 0), 810);
}

static void
no_zone_held(void **state)
{
	(void)state;
	assert_int_equal(next(0, 0, 1, false, 0, 0), 54);   /* 60 */
	assert_int_equal(next(0, 0, 2, false, 0, 0), 108);  /* 120 */
	assert_int_equal(next(0, 0, 6, false, 0, 0), 1728); /* 1920 */
	assert_int_equal(next(0, 0, 7, false, 0, 0), 3240); /* 3600 */
	assert_int_equal(next(0, 0, 100, false, 0, 0), 3240);
	/* the configured floor is for those who have a copy */
	assert_int_equal(next(0, 0, 100, false, 86400, 0), 3240);
}

static void
floors_and_ceilings(void **state)
{
	(void)state;
	assert_int_equal(next(1, 1, 0, true, 0, 0), 9); /* 10 */
	assert_int_equal(next(1, 1, 1, false, 0, 0), 9);
	assert_int_equal(next(UINT32_MAX, 900, 0, true, 0, 0), 77760); /* a day */
	assert_int_equal(next(UINT32_MAX, UINT32_MAX, 9, false, 0, 0), 77760);
	/* the configured floor counts for refresh and for
	 * what back-off grows to, not for the first retry */
	assert_int_equal(next(1800, 900, 0, true, 7200, 0), 6480);
	assert_int_equal(next(1800, 900, 1, false, 7200, 0), 810);
	assert_int_equal(next(1800, 900, 9, false, 7200, 0), 6480);
	/* below the SOA's refresh it is none */
	assert_int_equal(next(1800, 900, 0, true, 600, 0), 1620);
	/* half of all the time there is: 2147483647, +10 %
	 * (429496729 * 65535 / 65535 on top of 1932735283) */
	assert_int_equal(next(1800, 900, 40, false, UINT32_MAX, UINT16_MAX), 2362232012);
	assert_int_equal(next(1800, 900, 0, true, UINT32_MAX, UINT16_MAX), 2362232012);
}

static void
half_of_what_is_left(void **state)
{
	(void)state;
	/* far away: refresh, 1800 */
	assert_int_equal(next_left(604800, 0, 0), 1620);
	assert_int_equal(next_left(3600, 0, 0), 1620);
	/* nearer: 1799, 500, 10 */
	assert_int_equal(next_left(3598, 0, 0), 1620); /* 1799 - 179 */
	assert_int_equal(next_left(1000, 0, 0), 450);
	assert_int_equal(next_left(20, 0, 0), 9);
	/* no nearer than every ten seconds */
	assert_int_equal(next_left(3, 0, 0), 9);
	assert_int_equal(next_left(1, 0, 0), 9);
	/* after failure too: 900, then half of 1000 */
	assert_int_equal(next_left(604800, 1, 0), 810);
	assert_int_equal(next_left(1000, 1, 0), 450);
	assert_int_equal(next_left(1000, 5, 0), 450);
	/* the copy is worth more than the floor: 302400, not 864000 */
	assert_int_equal(next_left(604800, 0, 864000), 272160);
	/* stale: the floor is none, an hour the most */
	assert_int_equal(next_left(0, 1, 864000), 810);
	assert_int_equal(next_left(0, 9, 864000), 1620);
	struct lr_schedule lazy = {86400, 43200, 1, false, 0, 0, 0};
	assert_int_equal(lr_schedule_next(&lazy), 3240);
	lazy.left = 864000;
	assert_int_equal(lr_schedule_next(&lazy), 38880);
}

/* Nine tenths of retry, doubled. */
static void
back_off_of_a_source(void **state)
{
	(void)state;
	assert_int_equal(lr_backoff_ms(900, 0, true), 0);
	assert_int_equal(lr_backoff_ms(900, 1, true), 810000);
	assert_int_equal(lr_backoff_ms(900, 2, true), 1620000);
	assert_int_equal(lr_backoff_ms(900, 3, true), 3240000);
	assert_int_equal(lr_backoff_ms(900, 7, true), 51840000); /* 57600 s */
	assert_int_equal(lr_backoff_ms(900, 8, true), 77760000); /* a day */
	assert_int_equal(lr_backoff_ms(900, UINT32_MAX, true), 77760000);
	/* without a fresh copy an hour is the most */
	assert_int_equal(lr_backoff_ms(900, 3, false), 3240000);
	assert_int_equal(lr_backoff_ms(900, 9, false), 3240000);
	assert_int_equal(lr_backoff_ms(7200, 1, false), 3240000);
	/* no zone held: 60 */
	assert_int_equal(lr_backoff_ms(0, 1, false), 54000);
	assert_int_equal(lr_backoff_ms(0, 6, false), 1728000);
	/* as bounded as the rounds are */
	assert_int_equal(lr_backoff_ms(1, 1, true), 9000);
	assert_int_equal(lr_backoff_ms(UINT32_MAX, 1, true), 77760000);
}

/* However jitter falls, a source that failed with every round is due with the next one. */
static void
due_with_the_round(void **state)
{
	(void)state;
	for (unsigned failures = 1; failures < 12; failures++) {
		assert_true(next(0, 0, failures, false, 0, 0) * INT64_C(1000) >=
			    lr_backoff_ms(0, failures, false));
		assert_true(next_left(0, failures, 0) * INT64_C(1000) >=
			    lr_backoff_ms(900, failures < 2 ? failures : 2, false));
	}
}

static void
turns(void **state)
{
	(void)state;
	/* all named: their order, whatever chance says */
	for (size_t n = 0; n < 3; n++)
		assert_int_equal(lr_schedule_turn(3, 3, 41, n), n);
	/* none named: from 41 % 3 = 2 on */
	assert_int_equal(lr_schedule_turn(3, 0, 41, 0), 2);
	assert_int_equal(lr_schedule_turn(3, 0, 41, 1), 0);
	assert_int_equal(lr_schedule_turn(3, 0, 41, 2), 1);
	/* two named before three others: from 2 + 41 % 3 = 4 on */
	const size_t wanted[] = {0, 1, 4, 2, 3};
	for (size_t n = 0; n < 5; n++)
		assert_int_equal(lr_schedule_turn(5, 2, 41, n), wanted[n]);
	/* each once, and each may be the first */
	unsigned first = 0;
	for (uint16_t random = 0; random < 160; random++) {
		unsigned seen = 0;
		for (size_t n = 0; n < 16; n++)
			seen |= 1u << lr_schedule_turn(16, 0, random, n);
		assert_int_equal(seen, 0xffff);
		first |= 1u << lr_schedule_turn(16, 0, random, 0);
	}
	assert_int_equal(first, 0xffff);
	assert_int_equal(lr_schedule_turn(1, 0, UINT16_MAX, 0), 0);
}

static void
what_the_log_is_told(void **state)
{
	(void)state;
	unsigned lines = 0;
	assert_false(lr_schedule_notable(0));
	assert_true(lr_schedule_notable(1));
	assert_true(lr_schedule_notable(2));
	assert_false(lr_schedule_notable(3));
	assert_true(lr_schedule_notable(96));
	/* a week of rounds at half an hour: 1 2 4 8 16, and each 32nd of 336 */
	for (unsigned failures = 1; failures <= 336; failures++)
		lines += lr_schedule_notable(failures);
	assert_int_equal(lines, 15);
}

/* RFC 1982 section 5.2 with 32 bits */
static void
serials(void **state)
{
	(void)state;
	assert_true(lr_serial_newer(1, 0));
	assert_false(lr_serial_newer(0, 1));
	assert_false(lr_serial_newer(7, 7));
	assert_true(lr_serial_newer(0, UINT32_MAX));
	assert_false(lr_serial_newer(UINT32_MAX, 0));
	assert_true(lr_serial_newer(0x7fffffff, 0));
	assert_false(lr_serial_newer(0x80000000, 0)); /* undefined, both ways */
	assert_false(lr_serial_newer(0, 0x80000000));
	assert_true(lr_serial_newer(0, 0x80000001));
	assert_true(lr_serial_newer(2026073102, 2026073101));
}

UNIT_TESTS(NULL, NULL, TEST(success), TEST(failure_backs_off_to_refresh), TEST(no_zone_held),
    TEST(floors_and_ceilings), TEST(half_of_what_is_left), TEST(back_off_of_a_source),
    TEST(due_with_the_round), TEST(turns), TEST(what_the_log_is_told), TEST(serials))
