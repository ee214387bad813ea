/*
 * cached.h -- what Unbound's caches hold of the root zone: never older than the copy served.
 *
 * Unbound looks into its message cache before it asks any module, and no module can refuse what is
 * found there. So what is older has to be gone when a copy is published. A message is of no use any
 * more once one of its rrsets is gone; and every denial by the root has the root's SOA in it.
 *
 * The root's rrsets are those at ".", and at a top-level domain the DS and the NSEC that is not its
 * own. An rrset counts as older where a record or a signature of it differs from the zone's in any
 * octet, TTLs aside; which of the two was made first is not looked at.
 *
 * An entry is looked at and taken away under Unbound's own locks of the cache: the table's, the
 * bin's and the entry's. None of these is waited for, since the lock of the auth zones is held
 * meanwhile (cached.c says why).
 */
#ifndef LR_CACHED_H
#define LR_CACHED_H

#include "unbound.h"
#include "zone.h"

/* Whether the caches can be looked at from any thread: ENV is the one that init got, and Unbound's
 * structs are as expected. */
bool lr_cached_fits(const struct module_env *env);

/*
 * Takes away what is older than ZONE (NULL: all of the root's). ENV is the one that init got; any
 * thread. It is busy for as long as reading all keys takes, and holds up no other for more than
 * microseconds. WORKERS: they have run since the module started. While Unbound reloads, nothing is
 * done: the module is about to end.
 */
void lr_cached_sweep(struct module_env *env, bool workers, const struct lr_zone *zone);

/* How far a cache has been read. Bins that it gets meanwhile come after those that it has. */
struct lr_cached_place {
	size_t table, bin;
};

/* The same in pieces, once workers have run: from PLACE on (all zero at first), and from the
 * beginning again after the end. True: this one piece was the whole cache, which has some megabytes
 * at the most then. */
bool lr_cached_sweep_on(
    struct module_env *env, const struct lr_zone *zone, struct lr_cached_place *place);

/* The same for the names of ZONE alone, in a fraction of a millisecond: for a cache that takes more
 * than one piece. ENV and thread as above. */
void lr_cached_look(struct module_env *env, const struct lr_zone *zone);

/* Whether an answer has an rrset of the root's; cheap. */
bool lr_cached_concerns(const struct reply_info *rep);

/* Whether one of those is older than ZONE. */
bool lr_cached_older(const struct reply_info *rep, const struct lr_zone *zone);

/* Takes away what the cache holds of the root's rrsets in the answer. Worker's thread and ENV. */
void lr_cached_forget(struct module_env *env, const struct reply_info *rep);

#endif
