/* t_stats.c -- the counters. */
#include "unit.h"

#include "stats.h"

#include <pthread.h>

static struct lr_counts counts;

static const struct lr_counts *
look(struct lr_stats *stats, enum lr_since since)
{
	lr_stats_read(stats, since, &counts);
	return &counts;
}

static void
counted(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(2);
	assert_non_null(stats);
	lr_stats_event(stats, 0, LR_ANSWERED_NXDOMAIN);
	lr_stats_event(stats, 1, LR_ANSWERED_NXDOMAIN);
	lr_stats_event(stats, 1, LR_REFERRED);
	lr_stats_event(stats, 2, LR_REFERRED); /* a worker that there is none of */
	lr_stats_round(stats, LR_ROUND_RENEWED);
	lr_stats_failure(stats, LR_ETIMEOUT);
	lr_stats_failure(stats, LR_ETIMEOUT);
	lr_stats_verified(stats, 80500999);
	look(stats, LR_SINCE_START);
	for (unsigned i = 0; i < LR_EVENTS; i++)
		assert_int_equal(counts.events[i], i == LR_ANSWERED_NXDOMAIN ? 2
						   : i == LR_REFERRED        ? 1
									     : 0);
	for (unsigned i = 0; i < LR_ROUNDS; i++)
		assert_int_equal(counts.rounds[i], i == LR_ROUND_RENEWED ? 1 : 0);
	for (unsigned i = 0; i < LR_CODES; i++)
		assert_int_equal(counts.failures[i], i == LR_ETIMEOUT ? 2 : 0);
	assert_int_equal(counts.verified_ns, 80500999);
	lr_stats_free(stats);
}

static void
reset(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(1);
	for (int i = 0; i < 5; i++)
		lr_stats_event(stats, 0, LR_PASSED);
	lr_stats_round(stats, LR_ROUND_FAILED);
	lr_stats_failure(stats, LR_EIO);
	lr_stats_verified(stats, 7);
	/* looking changes nothing; resetting shows what was, and starts over */
	assert_int_equal(look(stats, LR_SINCE_RESET)->events[LR_PASSED], 5);
	assert_int_equal(look(stats, LR_SINCE_RESET_AND_RESET)->events[LR_PASSED], 5);
	assert_int_equal(counts.rounds[LR_ROUND_FAILED], 1);
	assert_int_equal(look(stats, LR_SINCE_RESET)->events[LR_PASSED], 0);
	assert_int_equal(counts.rounds[LR_ROUND_FAILED], 0);
	assert_int_equal(counts.failures[LR_EIO], 0);
	assert_int_equal(counts.verified_ns, 7); /* is what it is */
	lr_stats_event(stats, 0, LR_PASSED);
	assert_int_equal(look(stats, LR_SINCE_RESET)->events[LR_PASSED], 1);
	/* and the other count goes on */
	assert_int_equal(look(stats, LR_SINCE_START)->events[LR_PASSED], 6);
	assert_int_equal(counts.failures[LR_EIO], 1);
	lr_stats_free(stats);
	lr_stats_free(NULL);
}

struct counting {
	struct lr_stats *stats;
	unsigned worker;
};

static void *
count(void *arg)
{
	const struct counting *counting = arg;
	for (int i = 0; i < 100000; i++)
		lr_stats_event(counting->stats, counting->worker, LR_ANSWERED_DS);
	return NULL;
}

static void
counted_at_once(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(4);
	struct counting counting[4];
	pthread_t threads[4];
	for (unsigned i = 0; i < 4; i++) {
		counting[i] = (struct counting){stats, i};
		assert_int_equal(pthread_create(&threads[i], NULL, count, &counting[i]), 0);
	}
	for (int64_t before = 0, now = 0; now < 100000; before = now) {
		now = look(stats, LR_SINCE_START)->events[LR_ANSWERED_DS];
		assert_true(now >= before);
		look(stats, LR_SINCE_RESET_AND_RESET);
	}
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(look(stats, LR_SINCE_START)->events[LR_ANSWERED_DS], 400000);
	assert_int_equal(counts.events[LR_ANSWERED_APEX], 0);
	lr_stats_free(stats);
}

UNIT_TESTS(NULL, NULL, TEST(counted), TEST(reset), TEST(counted_at_once))
