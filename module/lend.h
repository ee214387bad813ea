/*
 * lend.h -- lends the zone to Unbound's iterator, as its auth zone ".".
 *
 * The iterator's own questions (priming, name servers' addresses, CNAME targets) never pass a
 * module; with the root as an upstream auth zone they end in memory. What is lent belongs to
 * Unbound's allocator, because Unbound deletes it on its own (fast_reload): it is lent again when
 * it has gone missing.
 *
 * Any thread; a lock inside.
 */
#ifndef LR_LEND_H
#define LR_LEND_H

#include "lr_error.h"
#include "unbound.h"
#include "zone.h"

struct lr_lend;

/* AUTH_ZONES is Unbound's, and outlives this. NULL: out of memory. */
struct lr_lend *lr_lend_new(struct auth_zones *auth_zones);

/* Takes the lent zone away for good; no worker runs any more. */
void lr_lend_free(struct lr_lend *lend);

/*
 * Makes the iterator go on from a lent zone: cheap where one is lent already, whichever zone it was
 * made of. LR_ENOMEM; LR_EUNSUPPORTED where the user has an auth zone "." of their own.
 */
enum lr_code lr_lend_ensure(struct lr_lend *lend, const struct lr_zone *zone, struct lr_error *err);

/* Puts this zone in the place of the one lent, if one was. LR_ENOMEM: that one stays.
 * LR_EUNSUPPORTED as above. */
enum lr_code lr_lend_renew(struct lr_lend *lend, const struct lr_zone *zone, struct lr_error *err);

/* Makes the iterator go to the root servers from now on. */
void lr_lend_withdraw(struct lr_lend *lend);

/* Octets that the lent zone takes; 0 where none is lent. */
size_t lr_lend_octets(struct lr_lend *lend);

#endif
