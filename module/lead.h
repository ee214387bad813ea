/*
 * lead.h -- leads Unbound's iterator: on from the upstream auth zone while the copy is fresh and
 * nothing else decides for ".", from the root servers otherwise.
 *
 * What else decides, unbound-control and fast_reload can change at any time, and fast_reload takes
 * the upstream auth zone away. So this is looked at whenever somebody asks, and once a second, or
 * ten times while lr_lead_awaits(). Any thread but where one is named.
 */
#ifndef LR_LEAD_H
#define LR_LEAD_H

#include "reason.h"
#include "unbound.h"
#include "upstream.h"

struct lr_lead;

/* ENV is the daemon's, and UPSTREAM outlives this. NULL: out of memory. */
struct lr_lead *lr_lead_new(struct module_env *env, struct lr_upstream *upstream);
void lr_lead_free(struct lr_lead *lead); /* NULL is allowed */

/* A worker runs: every module is set up, and Unbound
 * has made what it makes of its configuration. */
void lr_lead_host_ready(struct lr_lead *lead);
bool lr_lead_is_host_ready(const struct lr_lead *lead);

/* What decides for ".", as last seen; LR_NO_REASON: the copy. */
enum lr_reason lr_lead_overridden(const struct lr_lead *lead);

/* Looks at what decides, and lets the iterator follow. A worker's thread, whose ENV it is; the
 * refresher goes by what a worker saw last (NULL). */
enum lr_reason lr_lead_look(struct lr_lead *lead, struct module_env *env);

/* The same where a worker is asked something: looked at anew where that is due, or where the query
 * itself says so (DOUBTFUL). Does not lead. Worker's thread. */
enum lr_reason lr_lead_check(struct lr_lead *lead, struct module_env *env, bool doubtful);

/* Lets the iterator follow what is known, for a query that goes on to it NOW. */
void lr_lead_follow(struct lr_lead *lead, int64_t now);

/* Something was sent upstream NOW. True: for the first
 * time in long, so that lr_lead_awaits() has become true. */
bool lr_lead_sent(struct lr_lead *lead, int64_t now);

/* Whether queries may be on their way upstream, for which a time-out is all that may come: then the
 * iterator is to be looked at more often. */
bool lr_lead_awaits(const struct lr_lead *lead);

#endif
