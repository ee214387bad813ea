/*
 * refresher.h -- the background thread: asks the sources in turn, at the times that the schedule
 * gives.
 */
#ifndef LR_REFRESHER_H
#define LR_REFRESHER_H

#include "anchor_watch.h"
#include "lead.h"
#include "mirror.h"
#include "settings.h"
#include "sources.h"
#include "stats.h"
#include "status_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct lr_refresher;

/* What it works with; all of it outlives the refresher. */
struct lr_refresher_uses {
	const struct lr_settings *settings;
	struct lr_stats *stats;
	struct lr_mirror *mirror;
	struct lr_anchor_watch *anchors;
	struct lr_lead *lead;
	struct lr_status_text status_text; /* for the status file */
};

/* Brings back the copy held before, and starts the thread. LR_ENOMEM, LR_EIO. */
enum lr_code lr_refresher_start(
    const struct lr_refresher_uses *uses, struct lr_refresher **refresher, struct lr_error *err);

/* Stops the thread, promptly even in the middle of a transfer, and frees. NULL is allowed. */
void lr_refresher_stop(struct lr_refresher *refresher);

/* Asks for a round now; returns at once. Any thread. */
void lr_refresher_wake(struct lr_refresher *refresher);

/* Asks to forget the copy, as lr_mirror_forget(), and
 * for a round after that; returns at once. Any thread. */
void lr_refresher_forget(struct lr_refresher *refresher);

/* Asks for a look now, as there is one each second; returns at once. Any thread. */
void lr_refresher_look(struct lr_refresher *refresher);

/*
 * Says that the zone may have changed: SOURCE, its place among the settings', is asked soon, or all
 * in their order where it is LR_NO_SOURCE. At once where that is AUTHENTIC, else at the most every
 * ten seconds. However often that is said before it is asked, it is asked once. Returns at once.
 * Any thread.
 */
void lr_refresher_notify(struct lr_refresher *refresher, size_t source, bool authentic);

/* The folder, and of each source what is known, in SOURCES, which has room for them or is
 * NULL; PICKING as a round would have it now. When the next round is due, in monotonic
 * milliseconds. Any thread. */
int64_t lr_refresher_facts(struct lr_refresher *refresher, const struct lr_picking *picking,
    struct lr_folder_facts *folder, struct lr_source_facts *sources);

#endif
