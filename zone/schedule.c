/* schedule.c -- when to look next. */
#include "schedule.h"

#define FLOOR 10u      /* no zone, however short its timers, makes us a nuisance */
#define CEILING 86400u /* nor silent for days */
#define FIRST_RETRY                                                                                \
	60u /* no zone held: its timers are unknown; start soon, queries go to the root */
#define LAST_RETRY 3600u

static uint32_t
between(uint32_t low, uint32_t value, uint32_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* VALUE doubled once for each failure after the first, as far as LIMIT. */
static uint32_t
backed_off(uint32_t value, unsigned failures, uint32_t limit)
{
	for (; failures > 1 && value < limit; failures--)
		value = value > limit / 2 ? limit : value * 2;
	return value < limit ? value : limit;
}

uint32_t
lr_schedule_next(const struct lr_schedule *schedule)
{
	uint32_t refresh, seconds;
	uint64_t jittered;

	if (schedule->refresh == 0) {
		refresh = LAST_RETRY;
		seconds = schedule->succeeded ? LAST_RETRY : FIRST_RETRY;
	} else {
		refresh = between(FLOOR, schedule->refresh, CEILING);
		if (refresh < schedule->minimum_refresh)
			refresh = schedule->minimum_refresh;
		seconds = schedule->succeeded ? refresh : between(FLOOR, schedule->retry, CEILING);
	}
	if (!schedule->succeeded)
		seconds = backed_off(seconds, schedule->failures, refresh);

	/* ±10 %, so that resolvers that started together do not come together. */
	jittered = seconds - seconds / 10;
	jittered += (uint64_t)(seconds / 5) * schedule->random / UINT16_MAX;
	return jittered < UINT32_MAX ? (uint32_t)jittered : UINT32_MAX;
}

bool
lr_serial_newer(uint32_t a, uint32_t b)
{
	/* Half the number space apart is undefined (RFC 1982 section 3.2): then neither is newer.
	 */
	uint32_t ahead = a - b;
	return ahead != 0 && ahead < UINT32_C(1) << 31;
}
