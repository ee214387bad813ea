/* resolve.c -- from a source's host to the addresses to try. */
#include "resolve.h"
#include "network.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

struct lookup {
	const char *host;
	ares_channel channel;
	/* What c-ares waits for. A socket too many for the room is not waited for: its query is
	 * asked again when its time is over. */
	struct pollfd sockets[LR_SOCKETS_MAX];
	nfds_t count;
	bool done;
	int status;
	struct ares_addrinfo *result;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int library_status;

/* c-ares wants it before anything else; what it does, needs no undoing on POSIX systems. */
static void
start_library(void)
{
	library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

/* An IPv4 address that is written as an IPv6 one (RFC 4291 section 2.5.5.2) becomes what it is. */
static struct lr_address
make_address(const void *socket, socklen_t length, uint16_t port)
{
	struct lr_address address = {.length = length};
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address.socket;
	struct sockaddr_in *four = (struct sockaddr_in *)&address.socket;
	memcpy(&address.socket, socket, length);
	if (address.socket.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		struct sockaddr_in mapped = {.sin_family = AF_INET};
		memcpy(&mapped.sin_addr, six->sin6_addr.s6_addr + 12, sizeof(mapped.sin_addr));
		memcpy(four, &mapped, sizeof(mapped));
		address.length = sizeof(mapped);
	}
	if (address.socket.ss_family == AF_INET6)
		six->sin6_port = htons(port);
	else
		four->sin_port = htons(port);
	return address;
}

static bool
numeric(const char *host, uint16_t port, struct lr_addresses *addresses)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
		addresses->list[0] = make_address(&v4, sizeof(v4), port);
	else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
		addresses->list[0] = make_address(&v6, sizeof(v6), port);
	else
		return false;
	addresses->count = 1;
	return true;
}

/* c-ares says what it waits for at a socket; nothing: it closes it. */
static void
on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct lookup *lookup = arg;
	nfds_t at = 0;
	while (at < lookup->count && lookup->sockets[at].fd != fd)
		at++;
	if (!readable && !writable) {
		if (at < lookup->count)
			lookup->sockets[at] = lookup->sockets[--lookup->count];
		return;
	}
	if (at == LR_SOCKETS_MAX)
		return;
	lookup->sockets[at] = (struct pollfd){
	    .fd = fd, .events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0))};
	if (at == lookup->count)
		lookup->count++;
}

static void
on_result(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct lookup *lookup = arg;
	(void)timeouts;
	lookup->done = true;
	lookup->status = status;
	lookup->result = result;
}

static enum lr_code
failed(const char *host, int status, struct lr_error *err)
{
	enum lr_code code = status == ARES_ENOMEM     ? LR_ENOMEM
			    : status == ARES_EFILE    ? LR_EIO
			    : status == ARES_ETIMEOUT ? LR_ETIMEOUT
						      : LR_EUNREACHABLE;
	return lr_fail(err, code, "no address for %.120s: %s", host, ares_strerror(status));
}

static enum lr_code
start(struct lookup *lookup, struct lr_error *err)
{
	const struct ares_addrinfo_hints hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct ares_options options = {.sock_state_cb = on_socket, .sock_state_cb_data = lookup};
	pthread_once(&once, start_library);
	int status = library_status;
	if (status == ARES_SUCCESS)
		status = ares_init_options(&lookup->channel, &options, ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS) {
		lookup->channel = NULL;
		return failed(lookup->host, status, err);
	}
	ares_getaddrinfo(lookup->channel, lookup->host, NULL, &hints, on_result, lookup);
	return LR_OK;
}

/* Milliseconds, LEFT or less, until c-ares has to be called even if nothing comes. */
static int
patience(const struct lookup *lookup, int left)
{
	struct timeval room = {left / 1000, left % 1000 * 1000L}, until;
	const struct timeval *first = ares_timeout(lookup->channel, &room, &until);
	long ms = first->tv_sec * 1000 + (first->tv_usec + 999) / 1000;
	return ms < left ? (int)ms : left;
}

/* Gives c-ares what came. Its callbacks change the list meanwhile. */
static void
process(struct lookup *lookup)
{
	struct pollfd ready[LR_SOCKETS_MAX];
	nfds_t count = lookup->count;
	memcpy(ready, lookup->sockets, count * sizeof(*ready));
	for (nfds_t i = 0; i < count; i++) {
		short came = ready[i].revents;
		if (came)
			ares_process_fd(lookup->channel,
			    came & ~POLLOUT ? ready[i].fd : ARES_SOCKET_BAD,
			    came & POLLOUT ? ready[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(lookup->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what is late */
}

static enum lr_code
wait_for(struct lookup *lookup, const struct lr_budget *budget, struct lr_error *err)
{
	const struct lr_io *io = budget->io;
	int64_t end = io->monotonic_ms(io->arg) + budget->limits->resolve_ms;
	while (!lookup->done) {
		int64_t left = end - io->monotonic_ms(io->arg);
		if (left <= 0 || lr_budget_left(budget) == 0)
			return lr_fail(err, LR_ETIMEOUT, "no address for %.120s within %g s",
			    lookup->host, budget->limits->resolve_ms / 1000.0);
		switch (lr_budget_poll(
		    budget, lookup->sockets, lookup->count, patience(lookup, (int)left))) {
		case LR_WAIT_CANCELLED:
			return lr_cancelled(err);
		case LR_WAIT_FAILED:
			return lr_fail(err, LR_EIO, "poll: %s", strerror(errno));
		default:
			process(lookup);
		}
	}
	return LR_OK;
}

/* RFC 8305 section 4: the families by turns, each in the system's order. */
static void
interleave(const struct ares_addrinfo_node *nodes, uint16_t port, size_t max,
    struct lr_addresses *addresses)
{
	const struct ares_addrinfo_node *next[2] = {nodes, nodes};
	int first = nodes ? nodes->ai_family : AF_INET6;
	int families[2] = {first, first == AF_INET ? AF_INET6 : AF_INET};
	addresses->count = 0;
	for (unsigned turn = 0; (next[0] || next[1]) && addresses->count < max; turn ^= 1) {
		while (next[turn] && next[turn]->ai_family != families[turn])
			next[turn] = next[turn]->ai_next;
		if (!next[turn])
			continue;
		addresses->list[addresses->count++] =
		    make_address(next[turn]->ai_addr, (socklen_t)next[turn]->ai_addrlen, port);
		next[turn] = next[turn]->ai_next;
	}
}

/* Those that are left of the addresses. */
static enum lr_code
take_allowed(const struct lr_budget *budget, struct lr_addresses *addresses, struct lr_error *err)
{
	const char *why = NULL;
	size_t count = 0;
	for (size_t i = 0; i < addresses->count; i++) {
		const struct lr_address *address = &addresses->list[i];
		const char *refused =
		    lr_network_refuses(budget->network, (const struct sockaddr *)&address->socket);
		if (refused)
			why = refused;
		else if (count < budget->limits->addresses)
			addresses->list[count++] = *address;
	}
	addresses->count = count;
	if (count == 0)
		return lr_fail(err, LR_EUNREACHABLE, "not asked, by Unbound's options: %s", why);
	return LR_OK;
}

static enum lr_code
take_result(const struct lookup *lookup, uint16_t port, struct lr_addresses *addresses,
    struct lr_error *err)
{
	if (lookup->status != ARES_SUCCESS || !lookup->result)
		return failed(lookup->host, lookup->status, err);
	interleave(lookup->result->nodes, port, LR_ADDRESSES_MAX, addresses);
	if (addresses->count == 0)
		return lr_fail(err, LR_EUNREACHABLE, "no address for %.120s", lookup->host);
	return LR_OK;
}

enum lr_code
lr_resolve(const char *host, uint16_t port, const struct lr_budget *budget,
    struct lr_addresses *addresses, struct lr_error *err)
{
	struct lookup lookup = {.host = host};
	if (numeric(host, port, addresses))
		return take_allowed(budget, addresses, err);
	enum lr_code code = start(&lookup, err);
	if (code == LR_OK)
		code = wait_for(&lookup, budget, err);
	if (code == LR_OK)
		code = take_result(&lookup, port, addresses, err);
	if (code == LR_OK)
		code = take_allowed(budget, addresses, err);
	if (lookup.channel)
		ares_destroy(lookup.channel); /* ends what is under way, with a last callback */
	ares_freeaddrinfo(lookup.result);
	return code;
}
