#include "stats.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct counters {
	alignas(64) _Atomic uint64_t events[LR_EVENTS];
};

/* All that can be reset, added up. */
struct totals {
	uint64_t events[LR_EVENTS];
	uint64_t rounds[LR_ROUNDS];
	uint64_t failures[LR_CODES];
};

struct lr_stats {
	unsigned workers;
	struct counters *counters; /* one for each worker */
	_Atomic uint64_t rounds[LR_ROUNDS];
	_Atomic uint64_t failures[LR_CODES];
	_Atomic int64_t verified_ns;
	pthread_mutex_t lock; /* of reset_at */
	struct totals reset_at;
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

uint64_t
lr_stats_total(const struct lr_stats *stats, enum lr_event event)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < stats->workers; i++)
		total +=
		    atomic_load_explicit(&stats->counters[i].events[event], memory_order_relaxed);
	return total;
}

static struct totals
add_up(const struct lr_stats *stats)
{
	struct totals totals;
	for (unsigned i = 0; i < LR_EVENTS; i++)
		totals.events[i] = lr_stats_total(stats, (enum lr_event)i);
	for (unsigned i = 0; i < LR_ROUNDS; i++)
		totals.rounds[i] = atomic_load(&stats->rounds[i]);
	for (unsigned i = 0; i < LR_CODES; i++)
		totals.failures[i] = atomic_load(&stats->failures[i]);
	return totals;
}

/* In both formats a number is a key and a value; Prometheus has underscores for the dots, and a
 * type. */
struct printer {
	FILE *out;
	enum lr_format format;
};

static void
print_number(const struct printer *printer, const char *type, const char *key, int64_t value)
{
	if (printer->format == LR_FORMAT_CONTROL) {
		fprintf(printer->out, "localroot.%s=%" PRId64 "\n", key, value);
		return;
	}
	char name[64];
	snprintf(name, sizeof(name), "localroot_%s%s", key,
	    strcmp(type, "counter") == 0 ? "_total" : "");
	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = '_';
	fprintf(printer->out, "# TYPE %s %s\n%s %" PRId64 "\n", name, type, name, value);
}

static void
print_gauges(const struct printer *printer, const struct lr_gauges *gauges, int64_t verified_ns)
{
	print_number(printer, "gauge", "serving", gauges->serving);
	print_number(printer, "gauge", "serial", gauges->serial);
	print_number(printer, "gauge", "age", gauges->age);
	print_number(printer, "gauge", "remaining", gauges->left);
	print_number(printer, "gauge", "verify.usec", verified_ns / 1000);
	print_number(printer, "gauge", "mem.zone", (int64_t)gauges->zone_octets);
	print_number(printer, "gauge", "mem.lent", (int64_t)gauges->upstream_octets);
}

void
lr_stats_print(struct lr_stats *stats, const struct lr_gauges *gauges, enum lr_format format,
    bool reset, FILE *out)
{
	static const char *const events[LR_EVENTS] = {
	    [LR_ANSWERED_NXDOMAIN] = "answers.nxdomain",
	    [LR_ANSWERED_NODATA] = "answers.nodata",
	    [LR_ANSWERED_DS] = "answers.ds",
	    [LR_ANSWERED_APEX] = "answers.apex",
	    [LR_REFERRED] = "referrals",
	    [LR_PASSED] = "passed",
	    [LR_ROOT_QUERY] = "rootqueries",
	};
	static const char *const rounds[LR_ROUNDS] = {
	    [LR_ROUND_RENEWED] = "refresh.renewed",
	    [LR_ROUND_CURRENT] = "refresh.current",
	    [LR_ROUND_FAILED] = "refresh.failed",
	};
	const struct printer printer = {out, format};

	pthread_mutex_lock(&stats->lock);
	struct totals now = add_up(stats), from = stats->reset_at;
	if (format == LR_FORMAT_PROMETHEUS)
		memset(&from, 0, sizeof(from));
	else if (reset)
		stats->reset_at = now;
	pthread_mutex_unlock(&stats->lock);

	print_gauges(&printer, gauges, atomic_load(&stats->verified_ns));
	for (unsigned i = 0; i < LR_EVENTS; i++)
		print_number(
		    &printer, "counter", events[i], (int64_t)(now.events[i] - from.events[i]));
	for (unsigned i = 0; i < LR_ROUNDS; i++)
		print_number(
		    &printer, "counter", rounds[i], (int64_t)(now.rounds[i] - from.rounds[i]));
	for (unsigned i = LR_OK + 1; i < LR_CODES; i++) {
		char key[48];
		snprintf(key, sizeof(key), "failures.%s", lr_code_word((enum lr_code)i));
		print_number(
		    &printer, "counter", key, (int64_t)(now.failures[i] - from.failures[i]));
	}
}
