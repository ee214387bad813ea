/*
 * inquiry.h -- one source being asked, aside: in a thread of its own, which the refresher waits for
 * as long as it likes.
 *
 * The refresher's thread, but for what happens inside.
 */
#ifndef LR_INQUIRY_H
#define LR_INQUIRY_H

#include "source.h"

struct lr_inquiry;

/*
 * Asks SOURCE, which nobody else touches until the inquiry is over, for what is newer than HELD (or
 * NULL), of which it keeps a reference of its own. NOTIFY_FD, an eventfd, becomes readable at the
 * end. LR_ENOMEM, LR_EIO.
 */
enum lr_code lr_inquiry_start(struct lr_source *source, const struct lr_zone *held,
    const struct lr_limits *limits, int notify_fd, struct lr_inquiry **inquiry,
    struct lr_error *err);

/* Asks it to end soon; not to be waited for. */
void lr_inquiry_cancel(struct lr_inquiry *inquiry);

/* Waits, PATIENCE_MS at the most. True: it is over. */
bool lr_inquiry_over(struct lr_inquiry *inquiry, int patience_ms);

/* It is over: what lr_source_fetch() returned. The inquiry is freed. */
enum lr_code lr_inquiry_end(
    struct lr_inquiry *inquiry, struct lr_fetched *fetched, struct lr_error *err);

/* It does not end: it is left behind with its source, and frees both when it does. */
void lr_inquiry_abandon(struct lr_inquiry *inquiry);

#endif
