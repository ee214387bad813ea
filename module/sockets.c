#include "sockets.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int
bound(const struct lr_endpoint *endpoint, int type)
{
	static const int on = 1;
	int family = endpoint->socket.any.sa_family;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (type == SOCK_STREAM) /* over connections of before a reload */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	else if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, &endpoint->socket.any, endpoint->length) == 0 &&
	    (type != SOCK_STREAM || listen(fd, LR_CALLS_MAX) == 0))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
lr_sockets_bind(struct lr_sockets *sockets, const struct lr_endpoint *endpoint)
{
	int error = 0;
	sockets->udp = bound(endpoint, SOCK_DGRAM);
	if (sockets->udp >= 0)
		sockets->tcp = bound(endpoint, SOCK_STREAM);
	if (sockets->udp < 0 || sockets->tcp < 0) {
		error = errno;
		lr_sockets_close(sockets);
	}
	return error;
}

void
lr_sockets_close(struct lr_sockets *sockets)
{
	if (sockets->udp >= 0)
		close(sockets->udp);
	if (sockets->tcp >= 0)
		close(sockets->tcp);
	sockets->udp = sockets->tcp = -1;
}

bool
lr_datagram_receive(int fd, struct lr_datagram *datagram)
{
	struct iovec part = {datagram->octets, sizeof(datagram->octets)};
	struct msghdr message = {.msg_name = &datagram->from,
	    .msg_namelen = sizeof(datagram->from),
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = datagram->control,
	    .msg_controllen = sizeof(datagram->control)};
	datagram->from.ss_family = AF_UNSPEC;
	ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);
	if (size < 0)
		return false;
	datagram->size = (size_t)size;
	datagram->from_length = message.msg_namelen;
	datagram->control_size = message.msg_controllen;
	return true;
}

void
lr_datagram_answer(int fd, const struct lr_datagram *datagram, const uint8_t *octets, size_t size)
{
	struct iovec part = {(void *)(uintptr_t)octets, size};
	const struct msghdr message = {.msg_name = (void *)(uintptr_t)&datagram->from,
	    .msg_namelen = datagram->from_length,
	    .msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = (void *)(uintptr_t)datagram->control,
	    .msg_controllen = datagram->control_size};
	(void)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}
