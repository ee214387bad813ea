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

/* The bits from the one at AT on, as far as the end. */
static bool
is_zero_behind(const uint8_t *octets, size_t size, unsigned at)
{
	for (; at < size * 8; at++)
		if (octets[at / 8] & 0x80 >> at % 8)
			return false;
	return true;
}

enum lr_code
lr_netblock_parse(const char *text, struct lr_netblock *block, struct lr_error *err)
{
	struct lr_netblock b = {.family = AF_INET};
	char range[64], *bits;
	size_t length = strcspn(text, " \t"), name_length;
	const char *key = text + length + strspn(text + length, " \t");
	bool good = copy(range, sizeof(range), text, length);
	bits = good ? strchr(range, '/') : NULL;
	if (bits)
		*bits++ = '\0';
	if (good && inet_pton(AF_INET, range, b.address) != 1) {
		b.family = AF_INET6;
		good = inet_pton(AF_INET6, range, b.address) == 1;
	}
	unsigned whole = b.family == AF_INET ? 32 : 128;
	b.bits = whole;
	if (!good || (bits && !number(bits, whole, &b.bits)))
		return lr_fail(err, LR_EUSAGE, "expected an address or a netblock");
	if (!is_zero_behind(b.address, whole / 8, b.bits))
		return lr_fail(err, LR_EUSAGE, "the netblock has bits behind its first %u", b.bits);
	b.has_key = *key;
	if (*key && (strpbrk(key, " \t") || !lr_name_parse(key, b.key, &name_length)))
		return lr_fail(err, LR_EUSAGE, "behind the netblock comes the name of a key");
	*block = b;
	return LR_OK;
}

bool
lr_netblock_holds(const struct lr_netblock *block, const struct sockaddr *address)
{
	const uint8_t *octets =
	    address->sa_family == AF_INET
		? (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr
		: (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (address->sa_family != block->family)
		return false;
	for (unsigned at = 0; at < block->bits; at++)
		if ((octets[at / 8] ^ block->address[at / 8]) & 0x80 >> at % 8)
			return false;
	return true;
}
