/*
 * rounds.h -- rounds: the sources asked in turn, until one gives a usable zone.
 *
 * A round without hurry asks one source after the other, and leaves each the time that its limits
 * allow. A hurried one keeps nobody waiting for a source that is dead or slow: one that has not
 * delivered after 15 s goes on beside the next, three at a time, and where that is not enough the
 * one that was begun first gives way after two minutes. A slow link needs the first kind, and a
 * slow source the second: they take turns. After five minutes no further source is asked; a hurried
 * round that has not asked all by then is over.
 *
 * One good answer ends a round, unless the serial held has not changed for so long that it may be
 * the source that stands still: then all are asked, and the newest is taken.
 *
 * The refresher's thread, which never waits here.
 */
#ifndef LR_ROUNDS_H
#define LR_ROUNDS_H

#include "mirror.h"
#include "settings.h"
#include "sources.h"
#include "stats.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_rounds;

/* What they work with; all of it outlives them. */
struct lr_rounds_uses {
	const struct lr_settings *settings;
	struct lr_stats *stats;
	struct lr_mirror *mirror; /* takes what comes */
};

/* NOTIFY_FD, an eventfd, becomes readable when there is something to go on with. Errors as of
 * lr_sources_new(). */
enum lr_code lr_rounds_new(const struct lr_rounds_uses *uses, int notify_fd,
    struct lr_rounds **rounds, struct lr_error *err);

/* Ends what is under way. What has not ended at UNTIL_MS (monotonic) is left behind, which the log
 * is told. NULL is allowed. */
void lr_rounds_free(struct lr_rounds *rounds, int64_t until_ms);

/* Begins one, when none is under way: of ALL sources, or of those that no back-off holds. FRESH:
 * the copy held may still be served. HURRIED as above. */
void lr_rounds_begin(struct lr_rounds *rounds, bool all, bool fresh, bool hurried);

/* The same of one source alone, which has said that it has something new: it is asked out of turn,
 * and a failure then does not add to its back-off. */
void lr_rounds_begin_with(struct lr_rounds *rounds, size_t source);

enum lr_course {
	LR_COURSE_IDLE, /* none is under way */
	LR_COURSE_GOING,
	LR_COURSE_GOOD, /* one has just ended: the copy was renewed or confirmed */
	LR_COURSE_BAD   /* one has just ended without that */
};

/* Takes what has come and asks the next; now and then, and when notified. FRESH as above: where the
 * copy is not, sources are asked as if nothing were held. */
enum lr_course lr_rounds_go_on(struct lr_rounds *rounds, bool fresh);

/* Ends the one under way, if any, and what comes of it does not count. */
void lr_rounds_cancel(struct lr_rounds *rounds);

/* As lr_sources_facts(). Any thread. */
void lr_rounds_facts(struct lr_rounds *rounds, const struct lr_picking *picking, int64_t next_ms,
    struct lr_source_facts *facts);

#endif
