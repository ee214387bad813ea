/* t_budget.c -- what a fetch may use of its time: by a clock that the test sets. */
#include "unit.h"

#include "budget.h"

#include <string.h>

static int64_t now_ms;

static int64_t
set_clock(void *arg)
{
	(void)arg;
	return now_ms;
}

static const struct lr_io io = {.cancel_fd = -1, .monotonic_ms = set_clock};
static struct lr_budget budget;
static struct lr_error err;

static void
begin(const struct lr_limits *limits)
{
	now_ms = 1000000;
	lr_budget_start(&budget, &io, limits);
	lr_budget_asked(&budget);
}

/* OCTETS every second for so many SECONDS, or until it is refused; returns the seconds. */
static unsigned
read_for(unsigned seconds, size_t octets)
{
	for (unsigned i = 0; i < seconds; i++) {
		now_ms += 1000;
		if (lr_budget_left(&budget) == 0 || lr_budget_read(&budget, octets, &err) != LR_OK)
			return i;
	}
	return seconds;
}

/* 1.3 MB at 64 kbit/s, or at 8: longer than two minutes, and it comes to its end. */
static void
slow_link(void **state)
{
	static const size_t rates[] = {8000, 1000, 500};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		unsigned seconds = (unsigned)(1330000 / rates[i]);
		begin(&lr_limits_default);
		assert_true(seconds > 120);
		assert_int_equal(read_for(seconds, rates[i]), seconds);
		assert_int_equal(lr_budget_check(&budget, &err), LR_OK);
	}
}

/* Octets that come all the time, and too few of them. */
static void
too_slow(void **state)
{
	(void)state;
	begin(&lr_limits_default);
	unsigned seconds = read_for(1000, 499);
	assert_in_range(seconds, 30, 31);
	assert_int_equal(err.code, LR_ETIMEOUT);
	assert_non_null(strstr(err.text, "less than 500 octets a second"));
	begin(&lr_limits_default); /* fast at first */
	assert_int_equal(read_for(40, 100000), 40);
	assert_in_range(read_for(1000, 1), 20, 61);
}

/* The time in which a server thinks is not a slow transfer. */
static void
waiting(void **state)
{
	(void)state;
	begin(&lr_limits_default);
	for (unsigned question = 0; question < 5; question++) {
		now_ms += 9000;
		assert_int_equal(read_for(1, 100), 1);
		lr_budget_asked(&budget);
	}
}

static void
total(void **state)
{
	struct lr_limits limits = lr_limits_default;
	(void)state;
	limits.total_ms = 500000;
	begin(&limits);
	assert_int_equal(read_for(1000, 1000), 499);
}

/* Work on what was read has less time than the reading. */
static void
work(void **state)
{
	(void)state;
	begin(&lr_limits_default);
	assert_int_equal(read_for(1000, 1000), 1000);
	now_ms += 119000;
	assert_int_equal(lr_budget_check(&budget, &err), LR_OK);
	now_ms += 2000;
	assert_int_equal(lr_budget_check(&budget, &err), LR_ETIMEOUT);
	assert_non_null(strstr(err.text, "not finished within 120 s"));
}

UNIT_TESTS(NULL, NULL, TEST(slow_link), TEST(too_slow), TEST(waiting), TEST(total), TEST(work))
