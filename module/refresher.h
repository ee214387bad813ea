/*
 * refresher.h -- the background thread: fetch, validate, publish, store.
 */
#ifndef LR_REFRESHER_H
#define LR_REFRESHER_H

#include "lr_error.h"
#include "stats.h"

struct lr_localroot;
struct lr_refresher;

/*
 * Publishes the copy on disk if it is good (in the caller's thread, so that the very first query
 * finds it), then starts the thread. The module's other parts stand. LR_ENOMEM, LR_EIO.
 */
enum lr_code lr_refresher_start(
    struct lr_localroot *module, struct lr_refresher **refresher, struct lr_error *err);

/* Stops the thread, promptly even in the middle of a transfer, and frees. NULL is allowed. */
void lr_refresher_stop(struct lr_refresher *refresher);

/* What the refresher knows of the copy held; lent_octets is left alone. Any thread. */
void lr_refresher_gauges(struct lr_refresher *refresher, struct lr_gauges *gauges);

#endif
