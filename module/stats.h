/*
 * stats.h -- counters.
 *
 * Each worker counts on cache lines of its own, without locked instructions; the refresher's counts
 * are atomic. Reading is for any one thread at a time (unbound-control runs in worker 0; the status
 * file is the refresher's: they serialise on a lock inside). What people see of them is made in
 * metrics.h.
 */
#ifndef LR_STATS_H
#define LR_STATS_H

#include "lr_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_stats;

/* What becomes of a query, as the workers count it. */
enum lr_event {
	/* Answered here: */
	LR_ANSWERED_NXDOMAIN,
	LR_ANSWERED_NODATA, /* at a name other than a delegation's DS */
	LR_ANSWERED_DS,     /* DS at a delegation, or its denial */
	LR_ANSWERED_APEX,
	/* Left to the modules behind: */
	LR_REFERRED,   /* the iterator finds the delegation in the upstream auth zone */
	LR_PASSED,     /* there is no fresh copy, or the user's configuration decides the query */
	LR_ROOT_QUERY, /* sent upstream for zone ".": the leak counter */
	LR_EVENTS,
	LR_NOT_DECIDED = LR_EVENTS, /* left to them, and not counted */
	LR_ANSWERED_REFERRAL        /* without RD, with the delegation; counts as LR_REFERRED */
};

static inline bool
lr_event_answers(enum lr_event event)
{
	return event <= LR_ANSWERED_APEX || event == LR_ANSWERED_REFERRAL;
}

/* Counted by the refresher: what came of a round. */
enum lr_round {
	LR_ROUND_RENEWED, /* a newer zone was verified and published */
	LR_ROUND_CURRENT, /* a source confirmed the copy held */
	LR_ROUND_FAILED,
	LR_ROUNDS
};

/* All of it, added up. */
struct lr_counts {
	int64_t events[LR_EVENTS];
	int64_t rounds[LR_ROUNDS];
	int64_t failures[LR_CODES];
	int64_t verified_ns; /* CPU time of the last verification; no count, and never reset */
};

enum lr_since {
	LR_SINCE_START,          /* whatever was reset */
	LR_SINCE_RESET,          /* the last one */
	LR_SINCE_RESET_AND_RESET /* the same, and they start over */
};

/* WORKERS are numbered from 0. NULL: out of memory. */
struct lr_stats *lr_stats_new(unsigned workers);
void lr_stats_free(struct lr_stats *stats);

void lr_stats_event(struct lr_stats *stats, unsigned worker, enum lr_event event);
void lr_stats_round(struct lr_stats *stats, enum lr_round round);
void lr_stats_failure(struct lr_stats *stats, enum lr_code code);
void lr_stats_verified(struct lr_stats *stats, int64_t cpu_ns);

void lr_stats_read(struct lr_stats *stats, enum lr_since since, struct lr_counts *counts);

#endif
