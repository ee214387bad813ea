/*
 * sources.h -- the sources that are asked, in which order, and what came of each.
 *
 * The refresher's thread asks and notes results; any thread may read the facts.
 */
#ifndef LR_SOURCES_H
#define LR_SOURCES_H

#include "lr_error.h"
#include "source.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct lr_sources;

/*
 * COUNT of them, of which the first ORDERED are asked in their order. LR_ENOMEM; LR_EUNSUPPORTED as
 * lr_source_new() says.
 */
enum lr_code lr_sources_new(const struct lr_uri *uris, size_t count, size_t ordered,
    const struct lr_source_options *options, struct lr_sources **sources, struct lr_error *err);
void lr_sources_free(struct lr_sources *sources);

struct lr_source *lr_sources_get(const struct lr_sources *sources, size_t index);

/* The source is not theirs any more, and is not asked again. */
void lr_sources_forget(struct lr_sources *sources, size_t index);

/* What a round depends on. */
struct lr_picking {
	bool all;        /* back-off does not count: somebody asked for it, or much has changed */
	bool fresh;      /* the copy held is */
	uint32_t retry;  /* seconds, the SOA's; 0: no zone is held */
	uint16_t random; /* for the first of those that have no order */
	int64_t now_ms;  /* monotonic */
};

/*
 * The sources to ask in this round, in PICKED, which has room for all; how many these are. Those
 * that have no order begin at a random one; of them, https: comes first while a copy is fresh, and
 * otherwise what is found without the DNS. A source that back-off holds is left out; where it holds
 * all of them, the one that it lets go first is asked. 0 only where there are no sources.
 */
size_t lr_sources_pick(
    struct lr_sources *sources, const struct lr_picking *picking, size_t *picked);

/*
 * What came of asking one at NOW_MS, at PEER (lr_source_peer()). True where the log has not been
 * told: the first failure in a row, another reason than the last time, and every so often
 * (lr_schedule_notable()).
 */
bool lr_sources_note(struct lr_sources *sources, size_t index, const struct lr_error *err,
    const char *peer, int64_t now_ms);

/* Whether an increment (IXFR) of the source was GOOD. True where it was not, and the log has not
 * been told since the last that was. */
bool lr_sources_note_increment(struct lr_sources *sources, size_t index, bool good);

/* What is known of one. Times are monotonic milliseconds. */
struct lr_source_facts {
	const char *uri; /* the sources' */
	bool tried;      /* and so there are: */
	int64_t when_ms;
	unsigned failures; /* in a row; 0: the last was good */
	struct lr_error error;
	char peer[LR_PEER_TEXT]; /* empty: nobody was reached */
	bool was_good;           /* ever */
	int64_t good_ms;         /* the last time */
	int64_t next_ms;         /* not asked before that, but for a NOTIFY or by hand */
};

/* Of all, in FACTS, which has room. PICKING is as a round would have it now, and NEXT_MS when the
 * next one is due. Any thread. */
void lr_sources_facts(struct lr_sources *sources, const struct lr_picking *picking, int64_t next_ms,
    struct lr_source_facts *facts);

#endif
