/*
 * facts.h -- everything that people, programs and statistics are shown of the module's state,
 * gathered once.
 *
 * Each part is of one moment, under its owner's lock; between two parts something may have changed.
 * Any thread.
 */
#ifndef LR_FACTS_H
#define LR_FACTS_H

#include "status.h"

/* Times are seconds since 1970; 0: there is none, or it is not known. */
struct lr_facts {
	int64_t now;     /* when this was gathered */
	int64_t now_ms;  /* the same by the monotonic clock, which the sources' times are of */
	int64_t started; /* the module; 0: it does not run, and all from copy on is empty */
	enum lr_reason reason; /* why nothing is served; LR_NO_REASON: the copy is */
	const char *why;       /* the reason's text */
	struct lr_held_facts copy;
	int64_t next; /* look, at the sources; 0: none is asked */
	struct lr_folder_facts folder;
	size_t source_count;
	struct lr_source_facts *sources; /* in the settings' order */
	size_t place_count;
	struct lr_place_facts *places; /* where NOTIFY is listened for */
	struct lr_listener_facts listener;
	const char *passed_over; /* the settings': a line for each */
	struct lr_counts counts; /* since the start, whatever was reset */
	size_t upstream_bytes;
};

/* Gathers them. They point into the parts of STATUS, which outlive them; lr_facts_clear() gives the
 * rest back. Without memory for sources and places there are none. */
void lr_facts_gather(const struct lr_status *status, struct lr_facts *facts);
/* Makes them those of a module that ends now. */
void lr_facts_end(struct lr_facts *facts);
/* Those of a module that does not run. WHY outlives them. */
void lr_facts_of_none(enum lr_reason reason, const char *why, struct lr_facts *facts);
void lr_facts_clear(struct lr_facts *facts);

/* From the monotonic clock of the sources to seconds since 1970. */
int64_t lr_facts_wall(const struct lr_facts *facts, int64_t monotonic_ms);

/* What limits how long the copy is good, as a word for programs: "soa_expire". */
const char *lr_limit_word(enum lr_limit limit);

#endif
