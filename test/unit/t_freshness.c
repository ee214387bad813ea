/* The floor of serials and the horizon. Expected values are worked out beside each. */
#include "freshness.h"
#include "sample.h"

/* RFC 1982 section 3.2 with 32 bits. */
static void
serials(void **state)
{
	struct lr_error err;
	(void)state;
	assert_int_equal(lr_check_floor(5, 5, NULL), LR_OK);
	assert_int_equal(lr_check_floor(6, 5, NULL), LR_OK);
	assert_int_equal(lr_check_floor(4, 5, &err), LR_ESERIAL);
	assert_non_null(strstr(err.text, "4"));
	assert_int_equal(lr_check_floor(0, 4294967295, NULL), LR_OK);
	assert_int_equal(lr_check_floor(4294967295, 0, NULL), LR_ESERIAL);
	assert_int_equal(lr_check_floor(2147483647, 0, NULL), LR_OK);
	assert_int_equal(lr_check_floor(2147483648, 0, NULL), LR_ESERIAL); /* undefined: refused */
	assert_int_equal(lr_check_floor(2147483649, 0, NULL), LR_ESERIAL);
}

static void
horizon(void **state)
{
	struct lr_zone_facts facts = {.expire = 604800, .signatures_expire = 1700500000};
	const int64_t t = 1700000000;
	(void)state;
	/* each of the four in turn is the smallest */
	assert_int_equal(lr_horizon(&facts, t, 0, 0, false, NULL), t + 604800);
	assert_int_equal(lr_horizon(&facts, t, 0, 0, true, NULL), 1700500000);
	assert_int_equal(lr_horizon(&facts, t, 1000, 0, true, NULL), t + 1000);
	assert_int_equal(lr_horizon(&facts, t, 1000, 10, true, NULL), t + 10);
	assert_int_equal(lr_horizon(&facts, t, 1000000, 1000000, true, NULL), 1700500000);
	assert_int_equal(lr_horizon(&facts, t, 1000000, 1000000, false, NULL), t + 604800);
	/* a signature that had expired when the copy was confirmed */
	facts.signatures_expire = 1699999999;
	assert_int_equal(lr_horizon(&facts, t, 0, 0, true, NULL), t - 1);
	/* an unsigned zone */
	facts.signatures_expire = 0;
	assert_int_equal(lr_horizon(&facts, t, 0, 0, true, NULL), t + 604800);
	/* beyond 2106 the dates' 32 bits have wrapped: 4294967296 + 5 is written as 5 */
	facts.signatures_expire = 5;
	assert_int_equal(lr_horizon(&facts, 4294967290, 0, 0, true, NULL), 4294967301);
	assert_int_equal(lr_horizon(&facts, 4294967300, 0, 0, true, NULL), 4294967301);
	facts.signatures_expire = 4294967290;
	assert_int_equal(lr_horizon(&facts, 4294967300, 0, 0, true, NULL), 4294967290);
}

/* Of the four each in turn is the earliest; of two the same, the one that is not of our doing. */
static void
limits(void **state)
{
	const struct lr_zone_facts facts = {.expire = 604800, .signatures_expire = 1700500000};
	const int64_t t = 1700000000;
	enum lr_limit limit = LR_LIMITS;
	(void)state;
	lr_horizon(&facts, t, 700000, 700000, false, &limit);
	assert_int_equal(limit, LR_LIMIT_SOA);
	lr_horizon(&facts, t, 700000, 700000, true, &limit);
	assert_int_equal(limit, LR_LIMIT_SIGNATURES);
	lr_horizon(&facts, t, 499999, 700000, true, &limit);
	assert_int_equal(limit, LR_LIMIT_EDNS);
	lr_horizon(&facts, t, 499999, 499998, true, &limit);
	assert_int_equal(limit, LR_LIMIT_AGE);
	lr_horizon(&facts, t, 604800, 604800, false, &limit);
	assert_int_equal(limit, LR_LIMIT_SOA);
	lr_horizon(&facts, t, 1000, 1000, false, &limit);
	assert_int_equal(limit, LR_LIMIT_EDNS);
}

UNIT_TESTS(NULL, NULL, TEST(serials), TEST(horizon), TEST(limits))
