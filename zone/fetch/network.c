/* network.c -- which ways the operator lets the fetches go. */
#include "network.h"
#include "netblock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct blocks {
	size_t count;
	struct lr_netblock *list;
};

struct lr_network {
	atomic_uint references;
	bool ip4, ip6;
	struct blocks outgoing, not_asked;
	char *proxy; /* or NULL */
};

struct lr_network *
lr_network_new(bool ip4, bool ip6, const char *proxy)
{
	struct lr_network *network = calloc(1, sizeof(*network));
	if (!network)
		return NULL;
	atomic_init(&network->references, 1);
	network->ip4 = ip4;
	network->ip6 = ip6;
	network->proxy = proxy ? strdup(proxy) : NULL;
	if (proxy && !network->proxy) {
		free(network);
		return NULL;
	}
	return network;
}

struct lr_network *
lr_network_ref(struct lr_network *network)
{
	if (network)
		atomic_fetch_add(&network->references, 1);
	return network;
}

void
lr_network_unref(struct lr_network *network)
{
	if (!network || atomic_fetch_sub(&network->references, 1) != 1)
		return;
	free(network->outgoing.list);
	free(network->not_asked.list);
	free(network->proxy);
	free(network);
}

static enum lr_code
add(struct blocks *blocks, const char *text, struct lr_error *err)
{
	struct lr_netblock block;
	if (!lr_netblock_parse(text, &block))
		return lr_fail(
		    err, LR_EUSAGE, "\"%.100s\": expected an address, or ADDRESS/BITS", text);
	struct lr_netblock *list = reallocarray(blocks->list, blocks->count + 1, sizeof(*list));
	if (!list)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	blocks->list = list;
	list[blocks->count++] = block;
	return LR_OK;
}

enum lr_code
lr_network_add_outgoing(struct lr_network *network, const char *text, struct lr_error *err)
{
	return add(&network->outgoing, text, err);
}

enum lr_code
lr_network_add_not_asked(struct lr_network *network, const char *text, struct lr_error *err)
{
	return add(&network->not_asked, text, err);
}

/* An IPv4 address may be written as an IPv6 one (RFC 4291 section 2.5.5.2), and goes by IPv4. */
static int
plain_address(const struct sockaddr *address, const uint8_t **octets)
{
	if (address->sa_family == AF_INET) {
		*octets = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
		return AF_INET;
	}
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
	bool mapped = IN6_IS_ADDR_V4MAPPED(six);
	*octets = six->s6_addr + (mapped ? 12 : 0);
	return mapped ? AF_INET : AF_INET6;
}

/* The Nth outgoing block of the family, or NULL. */
static const struct lr_netblock *
outgoing(const struct lr_network *network, int family, size_t n)
{
	for (size_t i = 0; i < network->outgoing.count; i++)
		if (network->outgoing.list[i].family == family && n-- == 0)
			return &network->outgoing.list[i];
	return NULL;
}

const char *
lr_network_refuses(const struct lr_network *network, const struct sockaddr *address)
{
	const uint8_t *octets;
	if (!network)
		return NULL;
	int family = plain_address(address, &octets);
	if (!(family == AF_INET ? network->ip4 : network->ip6))
		return family == AF_INET ? "do-ip4: no" : "do-ip6: no";
	if (network->outgoing.count && !outgoing(network, family, 0))
		return family == AF_INET ? "no outgoing-interface of IPv4"
					 : "no outgoing-interface of IPv6";
	for (size_t i = 0; i < network->not_asked.count; i++)
		if (lr_netblock_holds(&network->not_asked.list[i], family, octets))
			return "do-not-query-address";
	return NULL;
}

bool
lr_network_allows(const struct lr_network *network, const char *host)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, host, &four.sin_addr) == 1)
		return !lr_network_refuses(network, (const struct sockaddr *)&four);
	if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1)
		return !lr_network_refuses(network, (const struct sockaddr *)&six);
	return true;
}

/* One of a block: what its bits leave open is by chance. */
static enum lr_code
choose(const struct lr_netblock *block, const struct lr_io *io, uint8_t octets[16],
    struct lr_error *err)
{
	uint16_t number = 0;
	memcpy(octets, block->address, 16);
	for (unsigned bit = block->bits; bit < lr_address_bits(block->family); bit++) {
		if (bit == block->bits || bit % 16 == 0)
			if (!io->random16(io->arg, &number))
				return lr_fail(err, LR_EIO, "the system gives no random numbers");
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);
		octets[bit / 8] =
		    (uint8_t)((octets[bit / 8] & ~mask) | (number >> bit % 16 & 1 ? mask : 0));
	}
	return LR_OK;
}

static enum lr_code
bind_to(int fd, int family, const uint8_t octets[16], struct lr_error *err)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	memcpy(&four.sin_addr, octets, sizeof(four.sin_addr));
	memcpy(&six.sin6_addr, octets, sizeof(six.sin6_addr));
	int failed = family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof(four))
				       : bind(fd, (struct sockaddr *)&six, sizeof(six));
	if (failed)
		return lr_fail(err, LR_EIO, "cannot connect from %s: %s",
		    inet_ntop(family, octets, text, sizeof(text)), strerror(errno));
	return LR_OK;
}

enum lr_code
lr_network_bind(const struct lr_network *network, int fd, int family, const struct lr_io *io,
    struct lr_error *err)
{
	const struct lr_netblock *block;
	uint8_t octets[16];
	uint16_t number = 0;
	size_t count = 0;
	int on = 1;
	while (network && outgoing(network, family, count))
		count++;
	if (count == 0)
		return LR_OK;
	if (count > 1 && !io->random16(io->arg, &number))
		return lr_fail(err, LR_EIO, "the system gives no random numbers");
	block = outgoing(network, family, number % count);
	/* As Unbound does: the block is routed here, and on no interface. */
	if (block->bits < lr_address_bits(family))
		(void)setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		    family == AF_INET ? IP_FREEBIND : IPV6_FREEBIND, &on, sizeof(on));
	enum lr_code code = choose(block, io, octets, err);
	return code == LR_OK ? bind_to(fd, family, octets, err) : code;
}

const char *
lr_network_proxy(const struct lr_network *network)
{
	return network ? network->proxy : NULL;
}
