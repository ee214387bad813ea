/*
 * refresher.h -- the background thread: asks the sources in turn, at the times that the schedule
 * gives.
 */
#ifndef LR_REFRESHER_H
#define LR_REFRESHER_H

#include "lr_error.h"

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

/* For people: each source's last result, and when the next round is due. Any thread. */
void lr_refresher_print(struct lr_refresher *refresher, FILE *out);

#endif
