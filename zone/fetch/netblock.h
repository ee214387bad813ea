/*
 * netblock.h -- addresses in the options: where to listen, and who may say what. As Unbound has
 * them: 192.0.2.1@5300 and 2001:db8::/32.
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

/* ADDRESS[@PORT]. LR_EUSAGE says what is expected. */
enum lr_code lr_endpoint_parse(
    const char *text, uint16_t port, struct lr_endpoint *endpoint, struct lr_error *err);

struct lr_netblock {
	int family;
	uint8_t address[16];
	unsigned bits;
	bool has_key;
	uint8_t key[LR_NAME_MAX]; /* the name of the TSIG key that it has to sign with */
};

/* ADDRESS[/BITS] [KEY]. Bits behind those that count are zero. LR_EUSAGE says what is expected. */
enum lr_code lr_netblock_parse(const char *text, struct lr_netblock *block, struct lr_error *err);

/* Whether the address, of AF_INET or AF_INET6, lies in it. */
bool lr_netblock_holds(const struct lr_netblock *block, const struct sockaddr *address);

#endif
