/*
 * resolve.h -- from a source's host to the addresses to try. For the sources alone.
 *
 * Names go through c-ares, in the caller's thread and within its budget: getaddrinfo() may block
 * for as long as the system's resolver likes, and that may be the very Unbound that waits for us to
 * end; and what it loads, it loads late, when a failure ends the process. The system's files are
 * read anew for each name: resolv.conf, hosts, and the "hosts" line of nsswitch.conf, of which
 * "files" and "dns" count. In a chroot they have to be inside.
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

/*
 * HOST is an address or a name; a name's addresses come in the order of RFC 8305 section 4: the
 * system's (RFC 6724), IPv6 and IPv4 by turns, no more than the limits' addresses, and none that
 * the budget's network refuses. Any thread. LR_EUNREACHABLE, LR_ETIMEOUT, LR_ECANCELLED, LR_EIO,
 * LR_ENOMEM.
 */
enum lr_code lr_resolve(const char *host, uint16_t port, const struct lr_budget *budget,
    struct lr_addresses *addresses, struct lr_error *err);

#endif
