/* t_schedule.c -- when to look next, and serial number arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schedule.h"

/* random 0 gives -10 %: 1800 becomes 1620, 900 becomes 810 */
static uint32_t
next(uint32_t refresh, uint32_t retry, unsigned failures, bool succeeded, uint32_t minimum,
    uint16_t random)
{
	struct lr_schedule s = {refresh, retry, failures, succeeded, minimum, random};
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
}

static void
floors_and_ceilings(void **state)
{
	(void)state;
	assert_int_equal(next(1, 1, 0, true, 0, 0), 9); /* 10 */
	assert_int_equal(next(1, 1, 1, false, 0, 0), 9);
	assert_int_equal(next(UINT32_MAX, 900, 0, true, 0, 0), 77760); /* a day */
	assert_int_equal(next(UINT32_MAX, UINT32_MAX, 9, false, 0, 0), 77760);
	/* the configured floor counts for refresh and for what back-off grows to, not for the first
	 * retry */
	assert_int_equal(next(1800, 900, 0, true, 7200, 0), 6480);
	assert_int_equal(next(1800, 900, 1, false, 7200, 0), 810);
	assert_int_equal(next(1800, 900, 9, false, 7200, 0), 6480);
	assert_int_equal(next(1800, 900, 40, false, UINT32_MAX, UINT16_MAX), UINT32_MAX);
	assert_int_equal(next(1800, 900, 0, true, UINT32_MAX, UINT16_MAX), UINT32_MAX);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(success),
	    cmocka_unit_test(failure_backs_off_to_refresh),
	    cmocka_unit_test(no_zone_held),
	    cmocka_unit_test(floors_and_ceilings),
	    cmocka_unit_test(serials),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
