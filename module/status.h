/*
 * status.h -- what people and statistics are shown of the module's state. Any thread.
 */
#ifndef LR_STATUS_H
#define LR_STATUS_H

#include "anchor_watch.h"
#include "lead.h"
#include "metrics.h"
#include "mirror.h"
#include "notify.h"
#include "refresher.h"
#include "settings.h"
#include "upstream.h"

/* The parts that it is read from, which outlive it. */
struct lr_status {
	int64_t started; /* seconds since 1970 */
	const struct lr_settings *settings;
	struct lr_stats *stats;
	struct lr_anchor_watch *anchors;
	struct lr_mirror *mirror;
	struct lr_upstream *upstream;
	struct lr_lead *lead;
	struct lr_refresher *refresher; /* or NULL before it starts */
	struct lr_listener *listener;
};

/* Why the module does not serve; LR_NO_REASON: it does. OF_COPY as lr_held_facts has it. */
enum lr_reason lr_status_reason(const struct lr_status *status, enum lr_reason of_copy);

/* Bytes of memory that copy and upstream auth zone take. */
size_t lr_status_bytes(const struct lr_status *status);

/* Every number, for unbound-control: counted since the last reset, and reset if RESET. */
void lr_status_stats(const struct lr_status *status, bool reset, FILE *out);

/* Every number, for Prometheus, whose counters never go back. Not RUNNING: the module ends, and
 * these are its last. */
void lr_status_metrics(const struct lr_status *status, bool running, FILE *out);
/* The same of a module that does not run. */
void lr_status_metrics_of_none(enum lr_reason reason, FILE *out);

/* localroot_status, for people and for programs: facts_text.h, facts_json.h. Not RUNNING: the
 * module ends, and this is the last. ROOM as lr_facts_print_json(). */
void lr_status_print(const struct lr_status *status, FILE *out);
void lr_status_print_json(const struct lr_status *status, bool running, size_t room, FILE *out);

#endif
