/*
 * ttl.h -- Unbound's limits on TTLs.
 *
 * Unbound keeps them in global variables, which fast_reload changes under the lock of the auth
 * zones while the workers run (+p). So a worker copies them under that lock, once a second, and
 * everybody goes by the copy.
 */
#ifndef LR_TTL_H
#define LR_TTL_H

#include "unbound.h"

/* Copies the limits. Worker's thread, or init's. */
void lr_ttl_look(struct auth_zones *auth_zones);

/* A number that is another one each time that they have changed. Any thread, as what follows. */
unsigned lr_ttl_edition(void);

/* What Unbound makes of a TTL on its way into the cache: in an answer, and of a SOA in a denial. */
time_t lr_ttl_positive(time_t ttl);
time_t lr_ttl_negative(time_t ttl);

/* The longest that a message is kept. */
time_t lr_ttl_most(void);

/* How long after its TTL an answer may be served (RFC 8767). */
time_t lr_ttl_expired(void);

#endif
