/*
 * netblock.h -- addresses in the options: where to listen, and who may say what. As Unbound has
 * them: 192.0.2.1@5300 and 2001:db8::/32. No state, any thread.
 */
#ifndef LR_NETBLOCK_H
#define LR_NETBLOCK_H

#include "lr_error.h"
#include "name.h"

#include <netinet/in.h>
#include <stdbool.h>

struct lr_endpoint {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} socket;
	char text[64]; /* as the user wrote it */
};

/* ADDRESS[@PORT], with PORT by default. LR_EUSAGE says what is expected. */
enum lr_code lr_endpoint_parse(
    const char *text, uint16_t port, struct lr_endpoint *endpoint, struct lr_error *err);

struct lr_netblock {
	int family;
	unsigned bits;       /* so many of the address count, from the first on */
	uint8_t address[16]; /* what stands behind them does not count */
};

/* ADDRESS[/BITS]. False: it is neither. */
bool lr_netblock_parse(const char *text, struct lr_netblock *block);

/* Whether the address of that family, in network order, lies in it. */
bool lr_netblock_holds(const struct lr_netblock *block, int family, const uint8_t *address);

/* The bits of an address of the family. */
unsigned lr_address_bits(int family);

/* Whom to heed. */
struct lr_notifier {
	struct lr_netblock block;
	bool has_key;
	uint8_t key[LR_NAME_MAX]; /* the name of the TSIG key that it has to sign with */
};

/* ADDRESS[/BITS] [KEY]. Bits behind those that count are zero. LR_EUSAGE says what is expected. */
enum lr_code lr_notifier_parse(
    const char *text, struct lr_notifier *notifier, struct lr_error *err);

/* Whether the address, of AF_INET or AF_INET6, is one of its. */
bool lr_notifier_is(const struct lr_notifier *notifier, const struct sockaddr *address);

#endif
