/*
 * schedule.h -- when to look next and whom to ask: pure functions of timers, outcome, clock and
 * chance (RFC 1035 section 3.3.13, RFC 8806 section 2).
 */
#ifndef LR_SCHEDULE_H
#define LR_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The root changes every day at least. Longer than this without a change, and it may be the source
 * that stands still. */
#define LR_STILL_SECONDS INT64_C(108000) /* 30 hours */

/* Seconds from one round to the next that a timer brings about, at the least: no zone and no
 * source, however short the time that it gives, makes us a nuisance. */
#define LR_LEAST_SECONDS 10u

struct lr_schedule {
	uint32_t refresh, retry;  /* seconds, from the SOA held; zero where no zone is held */
	unsigned failures;        /* consecutive rounds in which no source gave a usable zone */
	bool succeeded;           /* the round just ended confirmed or renewed the copy */
	uint32_t minimum_refresh; /* seconds; a floor from the configuration, or zero */
	uint32_t left;   /* seconds until the copy held goes stale; zero: it is not fresh */
	uint16_t random; /* for the jitter */
};

/*
 * Seconds from now until the next round, at least 1.
 *
 * After success: refresh. After failure: retry, doubled for each further failure, refresh at the
 * most. The zone's timers count within 10 s and a day, the configured floor above that. No zone
 * held: 60, doubled for each further failure. Without a fresh copy an hour at the most, whatever
 * the floor. In any case no more than half of what is left, though at least 10 s. ±10 % by random
 * (0: -10 %, 65535: +10 %).
 */
uint32_t lr_schedule_next(const struct lr_schedule *schedule);

/*
 * Milliseconds that a source is left alone after its FAILURES'th failure in a row, at BASE seconds
 * (the SOA's retry; 0: no zone is held, 60): base, doubled for each further failure, up to a day
 * while the copy held is FRESH and an hour otherwise; a tenth less, which is the shortest that
 * jitter makes of a round, so that a source is due with the round that is. 0 failures: 0.
 */
int64_t lr_backoff_ms(uint32_t base, unsigned failures, bool fresh);

/*
 * Which of COUNT sources is the Nth to be asked: the first ORDERED in their order, then the others,
 * from a random one on. COUNT is not zero and N below it.
 */
size_t lr_schedule_turn(size_t count, size_t ordered, uint16_t random, size_t n);

/* Whether the Nth failure in a row is worth a line in the log: 1, 2, 4, 8, 16, 32, 64, 96, ... */
bool lr_schedule_notable(unsigned failures);

#endif
