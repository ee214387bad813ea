/*
 * anchor_watch.h -- the trust anchors for "." that Unbound has at the moment.
 *
 * At first those of the configuration; once every module is set up, the validator's, which follow
 * RFC 5011. For the refresher's thread (init's before that starts); the reason alone is for any
 * thread.
 */
#ifndef LR_ANCHOR_WATCH_H
#define LR_ANCHOR_WATCH_H

#include "anchor.h"
#include "reason.h"
#include "unbound.h"

struct lr_anchor_watch;

/* ENV is the daemon's, and outlives it. NULL: out of memory. */
struct lr_anchor_watch *lr_anchor_watch_new(struct module_env *env);
void lr_anchor_watch_free(struct lr_anchor_watch *watch); /* NULL is allowed */

/* Looks at them. HOST_READY: every module is set up. True: they are others than before, or there
 * are none any more. Out of memory: false, what was seen before stays, and the log is told once. */
bool lr_anchor_watch_look(struct lr_anchor_watch *watch, bool host_ready);

/* Those last seen, until the next look; NULL: there are none. */
const struct lr_anchors *lr_anchor_watch_anchors(const struct lr_anchor_watch *watch);

/* Why there are none; LR_NO_REASON: there are. Any thread. */
enum lr_reason lr_anchor_watch_reason(const struct lr_anchor_watch *watch);

#endif
