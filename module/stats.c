#include "stats.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct counters {
	alignas(64) _Atomic uint64_t events[LR_EVENTS];
};

struct lr_stats {
	unsigned workers;
	struct counters *counters; /* one for each worker */
	_Atomic uint64_t rounds[LR_ROUNDS];
	_Atomic uint64_t failures[LR_CODES];
	_Atomic int64_t verified_ns;
	pthread_mutex_t lock; /* of reset_at */
	struct lr_counts reset_at;
};

struct lr_stats *
lr_stats_new(unsigned workers)
{
	struct lr_stats *stats = calloc(1, sizeof(*stats));
	struct counters *counters =
	    aligned_alloc(alignof(struct counters), workers * sizeof(*counters));
	if (!stats || !counters) {
		free(stats);
		free(counters);
		return NULL;
	}
	memset(counters, 0, workers * sizeof(*counters));
	pthread_mutex_init(&stats->lock, NULL);
	stats->counters = counters;
	stats->workers = workers;
	return stats;
}

void
lr_stats_free(struct lr_stats *stats)
{
	if (!stats)
		return;
	pthread_mutex_destroy(&stats->lock);
	free(stats->counters);
	free(stats);
}

void
lr_stats_event(struct lr_stats *stats, unsigned worker, enum lr_event event)
{
	if (worker >= stats->workers)
		return;
	/* One writer: a plain addition, atomic for the reader's sake only. */
	_Atomic uint64_t *count = &stats->counters[worker].events[event];
	atomic_store_explicit(
	    count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
}

void
lr_stats_round(struct lr_stats *stats, enum lr_round round)
{
	atomic_fetch_add(&stats->rounds[round], 1);
}

void
lr_stats_failure(struct lr_stats *stats, enum lr_code code)
{
	atomic_fetch_add(&stats->failures[code], 1);
}

void
lr_stats_verified(struct lr_stats *stats, int64_t cpu_ns)
{
	atomic_store(&stats->verified_ns, cpu_ns);
}

static void
add_up(const struct lr_stats *stats, struct lr_counts *sums)
{
	memset(sums, 0, sizeof(*sums));
	for (unsigned worker = 0; worker < stats->workers; worker++)
		for (unsigned i = 0; i < LR_EVENTS; i++)
			sums->events[i] += (int64_t)atomic_load_explicit(
			    &stats->counters[worker].events[i], memory_order_relaxed);
	for (unsigned i = 0; i < LR_ROUNDS; i++)
		sums->rounds[i] = (int64_t)atomic_load(&stats->rounds[i]);
	for (unsigned i = 0; i < LR_CODES; i++)
		sums->failures[i] = (int64_t)atomic_load(&stats->failures[i]);
	sums->verified_ns = atomic_load(&stats->verified_ns);
}

static void
subtract(struct lr_counts *counts, const struct lr_counts *from)
{
	for (unsigned i = 0; i < LR_EVENTS; i++)
		counts->events[i] -= from->events[i];
	for (unsigned i = 0; i < LR_ROUNDS; i++)
		counts->rounds[i] -= from->rounds[i];
	for (unsigned i = 0; i < LR_CODES; i++)
		counts->failures[i] -= from->failures[i];
}

void
lr_stats_read(struct lr_stats *stats, enum lr_since since, struct lr_counts *counts)
{
	pthread_mutex_lock(&stats->lock);
	struct lr_counts now;
	add_up(stats, &now);
	*counts = now;
	if (since != LR_SINCE_START)
		subtract(counts, &stats->reset_at);
	if (since == LR_SINCE_RESET_AND_RESET)
		stats->reset_at = now;
	pthread_mutex_unlock(&stats->lock);
}
