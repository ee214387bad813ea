/*
 * network.h -- which ways the operator lets the fetches go: address families, local addresses to
 * connect from, addresses never to be asked, a proxy for HTTP.
 *
 * Reference counted, for a source that is left behind outlives the rest; filled in by one thread
 * before others see it, and not changed after that. NULL in place of one: every way is open.
 */
#ifndef LR_NETWORK_H
#define LR_NETWORK_H

#include "source.h"

#include <sys/socket.h>

/* Both families, no proxy (NULL) or PROXY, which is copied. NULL: out of memory. */
struct lr_network *lr_network_new(bool ip4, bool ip6, const char *proxy);
struct lr_network *lr_network_ref(struct lr_network *network); /* NULL is allowed, here and below */
void lr_network_unref(struct lr_network *network);

/* ADDRESS, or ADDRESS/BITS: any one of that block (the system has to take it for its own). With one
 * of these, families that have none are closed. LR_EUSAGE: neither; LR_ENOMEM. */
enum lr_code lr_network_add_outgoing(
    struct lr_network *network, const char *text, struct lr_error *err);

/* ADDRESS or ADDRESS/BITS. As above. */
enum lr_code lr_network_add_not_asked(
    struct lr_network *network, const char *text, struct lr_error *err);

/* Why ADDRESS is not to be connected to, in the words of Unbound's options; NULL: it may be. */
const char *lr_network_refuses(const struct lr_network *network, const struct sockaddr *address);

/* Whether HOST may be asked as far as that is known: a name is looked up later. */
bool lr_network_allows(const struct lr_network *network, const char *host);

/* Gives the socket a local address of the family; one of several by chance. LR_EIO. */
enum lr_code lr_network_bind(const struct lr_network *network, int fd, int family,
    const struct lr_io *io, struct lr_error *err);

/* Its URL, or NULL. */
const char *lr_network_proxy(const struct lr_network *network);

#endif
