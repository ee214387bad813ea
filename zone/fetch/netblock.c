/* netblock.c -- addresses in the options. */
#include "netblock.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Copies LENGTH characters; false where there are none, or too many. */
static bool
copy(char *to, size_t room, const char *from, size_t length)
{
	if (length == 0 || length >= room)
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

/* A number of digits alone, no larger than MAX. */
static bool
number(const char *text, unsigned max, unsigned *value)
{
	size_t length = strspn(text, "0123456789");
	if (length == 0 || length > 5 || text[length])
		return false;
	*value = (unsigned)strtoul(text, NULL, 10);
	return *value <= max;
}

enum lr_code
lr_endpoint_parse(
    const char *text, uint16_t port, struct lr_endpoint *endpoint, struct lr_error *err)
{
	struct lr_endpoint e = {.length = 0};
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "@");
	unsigned value = port;
	if (!copy(e.text, sizeof(e.text), text, strlen(text)) ||
	    !copy(address, sizeof(address), text, length) ||
	    (text[length] && (!number(text + length + 1, UINT16_MAX, &value) || value == 0)))
		return lr_fail(err, LR_EUSAGE, "expected an address, and maybe @ and a port");
	if (inet_pton(AF_INET, address, &e.socket.v4.sin_addr) == 1) {
		e.socket.v4.sin_family = AF_INET;
		e.socket.v4.sin_port = htons((uint16_t)value);
		e.length = sizeof(e.socket.v4);
	} else if (inet_pton(AF_INET6, address, &e.socket.v6.sin6_addr) == 1) {
		e.socket.v6.sin6_family = AF_INET6;
		e.socket.v6.sin6_port = htons((uint16_t)value);
		e.length = sizeof(e.socket.v6);
	} else {
		return lr_fail(err, LR_EUSAGE, "expected an address, and maybe @ and a port");
	}
	*endpoint = e;
	return LR_OK;
}

unsigned
lr_address_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

bool
lr_netblock_parse(const char *text, struct lr_netblock *block)
{
	char address[INET6_ADDRSTRLEN];
	size_t length = strcspn(text, "/");
	struct lr_netblock b = {.family = memchr(text, ':', length) ? AF_INET6 : AF_INET};
	unsigned whole = lr_address_bits(b.family);
	b.bits = whole;
	if (!copy(address, sizeof(address), text, length) ||
	    inet_pton(b.family, address, b.address) != 1 ||
	    (text[length] && !number(text + length + 1, whole, &b.bits)))
		return false;
	*block = b;
	return true;
}

bool
lr_netblock_holds(const struct lr_netblock *block, int family, const uint8_t *address)
{
	unsigned whole = block->bits / 8, rest = block->bits % 8;
	if (block->family != family || memcmp(block->address, address, whole) != 0)
		return false;
	return rest == 0 || (block->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

/* Whether there are only zeros behind the bits that count. */
static bool
is_whole(const struct lr_netblock *block)
{
	for (unsigned at = block->bits; at < lr_address_bits(block->family); at++)
		if (block->address[at / 8] & 0x80 >> at % 8)
			return false;
	return true;
}

enum lr_code
lr_notifier_parse(const char *text, struct lr_notifier *notifier, struct lr_error *err)
{
	struct lr_notifier n = {.has_key = false};
	char range[64];
	size_t length = strcspn(text, " \t"), name_length;
	const char *key = text + length + strspn(text + length, " \t");
	if (!copy(range, sizeof(range), text, length) || !lr_netblock_parse(range, &n.block))
		return lr_fail(err, LR_EUSAGE, "expected an address or a netblock");
	if (!is_whole(&n.block))
		return lr_fail(
		    err, LR_EUSAGE, "the netblock has bits behind its first %u", n.block.bits);
	n.has_key = *key;
	if (*key && (strpbrk(key, " \t") || !lr_name_parse(key, n.key, &name_length)))
		return lr_fail(err, LR_EUSAGE, "behind the netblock comes the name of a key");
	*notifier = n;
	return LR_OK;
}

bool
lr_notifier_is(const struct lr_notifier *notifier, const struct sockaddr *address)
{
	const uint8_t *octets =
	    address->sa_family == AF_INET
		? (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
		: (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return lr_netblock_holds(&notifier->block, address->sa_family, octets);
}
