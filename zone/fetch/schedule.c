/* schedule.c -- when to look next and whom to ask. */
#include "schedule.h"

#define CEILING 86400u  /* nor makes one us silent for days */
#define FIRST_RETRY 60u /* no zone held: its timers are unknown, and queries go to the root */
#define LAST_RETRY 3600u

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t
between(uint32_t low, uint32_t value, uint32_t high)
{
	return larger(low, smaller(value, high));
}

/* VALUE doubled once for each failure after the first, as far as LIMIT. */
static uint32_t
backed_off(uint32_t value, unsigned failures, uint32_t limit)
{
	for (; failures > 1 && value < limit; failures--)
		value = value > limit / 2 ? limit : value * 2;
	return smaller(value, limit);
}

/* What counts as refresh and as the first retry, before jitter. */
static uint32_t
wanted(const struct lr_schedule *s)
{
	uint32_t refresh = s->refresh ? between(LR_LEAST_SECONDS, s->refresh, CEILING) : LAST_RETRY;
	uint32_t retry = s->refresh ? between(LR_LEAST_SECONDS, s->retry, CEILING) : FIRST_RETRY;
	if (s->left == 0) /* queries go to the root servers: no politeness beyond the zone's own */
		refresh = smaller(refresh, LAST_RETRY);
	else
		refresh = larger(refresh, s->minimum_refresh);
	return s->succeeded ? refresh : backed_off(retry, s->failures, refresh);
}

uint32_t
lr_schedule_next(const struct lr_schedule *schedule)
{
	uint32_t seconds = wanted(schedule);
	if (schedule->left)
		seconds = smaller(seconds, larger(LR_LEAST_SECONDS, schedule->left / 2));

	/* ±10 %, so that resolvers that started together do not come together. */
	uint64_t jittered = seconds - seconds / 10;
	jittered += (uint64_t)(seconds / 5) * schedule->random / UINT16_MAX;
	return jittered < UINT32_MAX ? (uint32_t)jittered : UINT32_MAX;
}

int64_t
lr_backoff_ms(uint32_t base, unsigned failures, bool fresh)
{
	if (failures == 0)
		return 0;
	base = base ? between(LR_LEAST_SECONDS, base, CEILING) : FIRST_RETRY;
	return (int64_t)backed_off(base, failures, fresh ? CEILING : LAST_RETRY) * 900;
}

size_t
lr_schedule_turn(size_t count, size_t ordered, uint16_t random, size_t n)
{
	if (n < ordered || ordered >= count)
		return n;
	size_t others = count - ordered;
	return ordered + (n - ordered + random % others) % others;
}

bool
lr_schedule_notable(unsigned failures)
{
	return failures && ((failures & (failures - 1)) == 0 || failures % 32 == 0);
}
