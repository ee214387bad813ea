/*
 * resolve.h -- from a source's host to the addresses to try. For the sources alone.
 *
 * getaddrinfo() may block for as long as the system's resolver likes, and that may be the very
 * Unbound that waits for us to end. So names go through getaddrinfo_a(), whose threads run in libc:
 * they may outlive a fetch and even this module (a thread of our own could not: dlclose would take
 * its code away). What cannot be cancelled is kept until it has come to its end, or left to libc.
 */
#ifndef LR_RESOLVE_H
#define LR_RESOLVE_H

#include "budget.h"

#include <sys/socket.h>

#define LR_ADDRESSES_MAX 16

struct lr_address {
	struct sockaddr_storage socket;
	socklen_t length;
};

struct lr_addresses {
	size_t count; /* at least 1 */
	struct lr_address list[LR_ADDRESSES_MAX];
};

/* One thread's: remembers look-ups that are still under way. */
struct lr_resolver;

struct lr_resolver *lr_resolver_new(void);           /* NULL: out of memory */
void lr_resolver_free(struct lr_resolver *resolver); /* never waits; NULL is allowed */

/*
 * HOST is an address or a name; a name's addresses come in the order of RFC 8305 section 4: the
 * system's (RFC 6724), IPv6 and IPv4 by turns, no more than the limits' addresses. LR_EUNREACHABLE,
 * LR_ETIMEOUT, LR_ECANCELLED, LR_ENOMEM, LR_EUNSUPPORTED.
 */
enum lr_code lr_resolve(struct lr_resolver *resolver, const char *host, uint16_t port,
    const struct lr_budget *budget, struct lr_addresses *addresses, struct lr_error *err);

#endif
