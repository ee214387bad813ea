/*
 * sockets.h -- the sockets that wait for messages at an address, by UDP and TCP. None of it blocks.
 */
#ifndef LR_SOCKETS_H
#define LR_SOCKETS_H

#include "netblock.h"

#include <stddef.h>

struct lr_sockets {
	int udp, tcp; /* -1: there is none */
};

/* Both or none. 0, or the errno. */
int lr_sockets_bind(struct lr_sockets *sockets, const struct lr_endpoint *endpoint);
void lr_sockets_close(struct lr_sockets *sockets);

#define LR_DATAGRAM_MAX 4096
#define LR_CALLS_MAX 8 /* connections that wait to be accepted */

struct lr_datagram {
	struct sockaddr_storage from;
	socklen_t from_length;
	size_t size, control_size;
	_Alignas(8) uint8_t control[128]; /* the address that it came to */
	uint8_t octets[LR_DATAGRAM_MAX];
};

/* The next one; what is longer is cut. False: there is none. */
bool lr_datagram_receive(int fd, struct lr_datagram *datagram);

/* From the address that it came to. */
void lr_datagram_answer(
    int fd, const struct lr_datagram *datagram, const uint8_t *octets, size_t size);

#endif
