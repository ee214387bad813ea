/*
 * schedule.h -- when to look next: a pure function of timers, outcome and clock (RFC 1035
 * section 3.3.13, RFC 8806 section 2).
 */
#ifndef LR_SCHEDULE_H
#define LR_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct lr_schedule {
	uint32_t refresh, retry;  /* seconds, from the SOA held; zero where no zone is held */
	unsigned failures;        /* consecutive rounds in which no source gave a usable zone */
	bool succeeded;           /* the round just ended confirmed or renewed the copy */
	uint32_t minimum_refresh; /* seconds; a floor from the configuration, or zero */
	uint16_t random;          /* for the jitter */
};

/*
 * Seconds from now until the next round, at least 1. After success: refresh. After failure: retry,
 * doubled for each further failure, refresh at the most. No zone held: 60, doubled for each further
 * failure, 3600 at the most. The zone's timers count within 10 s and a day, the configured floor
 * above that; ±10 % by random (0: -10 %, 65535: +10 %).
 */
uint32_t lr_schedule_next(const struct lr_schedule *schedule);

/* RFC 1982 serial number arithmetic: whether A is newer than B. */
bool lr_serial_newer(uint32_t a, uint32_t b);

#endif
