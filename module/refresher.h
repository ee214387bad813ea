/*
 * refresher.h -- the background thread: asks the sources in turn, at the times that the schedule
 * gives.
 */
#ifndef LR_REFRESHER_H
#define LR_REFRESHER_H

#include "lr_error.h"

#include <stdbool.h>
#include <stddef.h>

#include <stdio.h>

struct lr_localroot;
struct lr_refresher;

/* Starts the thread. The module's other parts stand. LR_ENOMEM, LR_EIO. */
enum lr_code lr_refresher_start(
    struct lr_localroot *module, struct lr_refresher **refresher, struct lr_error *err);

/* Stops the thread, promptly even in the middle of a transfer, and frees. NULL is allowed. */
void lr_refresher_stop(struct lr_refresher *refresher);

/* Asks for a round now; returns at once. Any thread. */
void lr_refresher_wake(struct lr_refresher *refresher);

/* Asks for a look now, as there is one each second; returns at once. Any thread. */
void lr_refresher_look(struct lr_refresher *refresher);

/*
 * Says that the zone may have changed: SOURCE, its place among the settings', is asked soon, or all
 * in their order where it is LR_NO_SOURCE. At once where that is AUTHENTIC, else at the most every
 * ten seconds. However often that is said before it is asked, it is asked once. Returns at once.
 * Any thread.
 */
void lr_refresher_notify(struct lr_refresher *refresher, size_t source, bool authentic);

/* For people: each source's last result, and when the next round is due. Any thread. */
void lr_refresher_print(struct lr_refresher *refresher, FILE *out);

#endif
