/* t_announced.c -- what NOTIFY has announced, and when a source is asked for it. */
#include "unit.h"

#include "announced.h"

#define NOBODY 99

static struct lr_announced *announced;

static int
set_up(void **state)
{
	(void)state;
	announced = lr_announced_new(3);
	return announced ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	lr_announced_free(announced);
	return 0;
}

static void
expect(int64_t now_ms, size_t wanted)
{
	size_t source = NOBODY;
	assert_int_equal(lr_announced_take(announced, now_ms, &source), wanted != NOBODY);
	assert_int_equal(source, wanted);
}

/* However often it is said, it is asked once. */
static void
a_burst_is_one(void **state)
{
	(void)state;
	expect(1000, NOBODY);
	/* News are the first, and the first that is proven. */
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(lr_announced_add(announced, 1, i % 2), i < 2);
	expect(1000, 1);
	assert_true(lr_announced_add(announced, 1, false));
	expect(1000, 1);
	expect(100000, NOBODY);
}

/* Ten seconds, whomever it is said of. */
static void
forged(void **state)
{
	(void)state;
	lr_announced_add(announced, 0, false);
	expect(1000, 0);
	lr_announced_add(announced, 0, false);
	lr_announced_add(announced, 2, false);
	expect(1000, NOBODY);
	expect(10999, NOBODY);
	expect(11000, 2); /* its turn, before the first once more */
	expect(20999, NOBODY);
	expect(21000, 0);
	expect(31000, NOBODY);
}

static void
proven(void **state)
{
	(void)state;
	lr_announced_add(announced, 0, false);
	expect(1000, 0);
	for (unsigned i = 0; i < 10; i++) {
		lr_announced_add(announced, 0, true);
		lr_announced_add(announced, 0, false); /* takes nothing from it */
		expect(1001, 0);
	}
	lr_announced_add(announced, 1, false);
	expect(10999, NOBODY); /* nor do the proven put the others off */
	expect(11000, 1);
}

static void
those_that_are_no_sources(void **state)
{
	(void)state;
	lr_announced_add(announced, SIZE_MAX, false);
	lr_announced_add(announced, 3, false);
	expect(1000, 3);
	expect(100000, NOBODY);
}

UNIT_TESTS(NULL, NULL, cmocka_unit_test_setup_teardown(a_burst_is_one, set_up, tear_down),
    cmocka_unit_test_setup_teardown(forged, set_up, tear_down),
    cmocka_unit_test_setup_teardown(proven, set_up, tear_down),
    cmocka_unit_test_setup_teardown(those_that_are_no_sources, set_up, tear_down))
