/*
 * upstream.h -- lends the zone to Unbound's iterator, as its auth zone ".".
 *
 * The iterator's own questions (priming, name servers' addresses, CNAME targets) never pass a
 * module; with the root as an upstream auth zone they end in memory. What is lent is the zone's own
 * data with a tree of names on top (upstream_zone.h). Unbound deletes it on its own (fast_reload):
 * it is lent again when it has gone missing.
 *
 * To write that tree takes a millisecond. The publishing thread does it, where nobody waits; to put
 * what is written in place is an exchange of pointers, which any thread does. After fast_reload
 * whoever misses it writes it, until one has; what it has taken away stays in memory until the next
 * one, be it of an older zone by then, since nobody says when it, and the workers for whom it does
 * not wait (+p), have done with that.
 *
 * What holds at any time: if an auth zone of ours stands, its contents are those of the zone that
 * was offered last. Offering exchanges them under the same lock under which they are put in place,
 * so that no thread, however late, puts older ones there. The offer comes right before the
 * publication in the snapshot, which cannot fail: the two are of different serials for
 * microseconds. And that auth zone is on while the snapshot is fresh and nothing else decides for
 * ".", else it is off or not there, as of the last lr_upstream_follow(): which every query that
 * arrives, every response of an upstream server and every query about to go to a root server brings
 * about, and the refresher once a second, or ten times while queries are on their way. What is left
 * is a time-out: it tells no module, so that a query in the iterator which it leads to the root
 * within a tenth of a second after fast_reload, before anything else happens, sends one question
 * there.
 *
 * Any thread, but for what is said to be the publishing one's; a lock inside, held for microseconds
 * and taken before Unbound's own.
 */
#ifndef LR_UPSTREAM_H
#define LR_UPSTREAM_H

#include "lr_error.h"
#include "snapshot.h"
#include "unbound.h"

struct lr_upstream;

/* AUTH_ZONES is Unbound's, SNAPSHOT says whether to lend; both outlive this. NULL: out of memory.
 */
struct lr_upstream *lr_upstream_new(
    struct auth_zones *auth_zones, const struct lr_snapshot *snapshot);

/* Takes the upstream auth zone away for good; no worker runs any more. */
void lr_upstream_free(struct lr_upstream *upstream);

/*
 * Offers ZONE, which is packed and about to be published: the contents of the auth zone if it
 * stands, else what lr_upstream_follow() puts there. LR_ENOMEM: nothing has changed. The publishing
 * thread's.
 */
enum lr_code lr_upstream_offer(struct lr_upstream *upstream, const struct lr_zone *zone);

/*
 * Makes the iterator go on from the upstream auth zone, if that is fresh NOW (seconds since 1970)
 * and not OVERRIDDEN, that is, something else decides for "."; otherwise from what it would without
 * the module. Cheap where it does so already. Not before Unbound's own auth zones stand, which
 * deletes all others. LR_ENOMEM; LR_EUNSUPPORTED where the user has an auth zone "." of their own.
 */
enum lr_code lr_upstream_follow(struct lr_upstream *upstream, int64_t now, bool overridden);

/* Bytes of memory beside the zone that was offered last. */
size_t lr_upstream_bytes(struct lr_upstream *upstream);

#endif
