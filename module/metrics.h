/*
 * metrics.h -- every number that people's monitoring is shown, in both of its texts: key=value
 * lines as `unbound-control stats` has them, and the text format of Prometheus (version 0.0.4).
 *
 * One table in metrics.c has their names, types and help; the manual says the same.
 */
#ifndef LR_METRICS_H
#define LR_METRICS_H

#include "reason.h"
#include "sources.h"
#include "stats.h"

#include <stdio.h>

/* What memory is taken for. */
enum lr_memory { LR_MEMORY_ZONE, LR_MEMORY_LENT /* the upstream auth zone */, LR_MEMORIES };

/* So many sources have a number of their own; those beyond have none. */
#define LR_METRICS_SOURCES 64

/* Times are seconds since 1970, or 0: there is none. */
struct lr_numbers {
	int64_t written; /* now */
	int64_t started; /* the module; 0: it does not run */
	int64_t serving;
	int64_t reasons[LR_REASONS]; /* 1 for the one why nothing is served */
	int64_t since;               /* when serving has begun, or has ended */
	int64_t next;                /* look, at the sources */
	/* Of the copy held, or 0: */
	int64_t serial, confirmed, renewed;
	int64_t expires; /* the horizon */
	int64_t age;     /* seconds since it was confirmed */
	int64_t left;    /* seconds to the horizon while it is served */
	int64_t bytes[LR_MEMORIES];
	const char *source; /* or NULL; a URI may be anybody's */
	const char *limit;  /* a word for what decides the horizon, or NULL */
	bool anchored;      /* the tag of the key that the trust anchors vouched for is known: */
	uint16_t key_tag;
	int64_t stored;   /* the copy on disk */
	int64_t writable; /* the folder for it */
	size_t source_count;
	const struct lr_source_facts *sources;
	struct lr_counts counts;
	const char *version, *host_version; /* the module's, Unbound's */
};

enum lr_format { LR_FORMAT_CONTROL, LR_FORMAT_PROMETHEUS };

/* Any thread. OUT stays the caller's, who asks it whether it took everything. */
void lr_metrics_print(const struct lr_numbers *numbers, enum lr_format format, FILE *out);

#endif
