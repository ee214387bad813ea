/* dial.c -- a TCP connection to whichever of some addresses answers first. */
#include "dial.h"
#include "network.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NEXT_MS 250 /* RFC 8305 section 5 */

/* Attempts under way, one an address. */
struct dialling {
	struct lr_addresses *addresses;
	struct lr_budget *budget;
	size_t next; /* address to be tried */
	int64_t next_ms;
	nfds_t count;
	struct pollfd sockets[LR_ADDRESSES_MAX];
	size_t address[LR_ADDRESSES_MAX]; /* of each socket */
	int64_t until_ms[LR_ADDRESSES_MAX];
	struct lr_error why; /* the last failure */
};

static int64_t
now_ms(const struct dialling *d)
{
	return d->budget->io->monotonic_ms(d->budget->io->arg);
}

static enum lr_code
no_connection(int error, struct lr_error *err)
{
	const char *what = error == ECONNREFUSED   ? "connection refused"
			   : error == ENETUNREACH  ? "network unreachable"
			   : error == EHOSTUNREACH ? "host unreachable"
			   : error == ETIMEDOUT    ? "connection timed out"
						   : NULL;
	if (what)
		return lr_fail(err, LR_EUNREACHABLE, "%s", what);
	return lr_fail(err, LR_EUNREACHABLE, "no connection: %s", strerror(error));
}

static enum lr_code
open_socket(const struct dialling *d, const struct sockaddr *address, int *fd, struct lr_error *err)
{
	*fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 && errno == EAFNOSUPPORT)
		return no_connection(errno, err);
	if (*fd < 0)
		return lr_fail(err, LR_EIO, "no socket: %s", strerror(errno));
	enum lr_code code =
	    lr_network_bind(d->budget->network, *fd, address->sa_family, d->budget->io, err);
	if (code != LR_OK)
		close(*fd);
	return code;
}

/* Begins with the next address. What fails at once is noted in d->why. */
static void
begin(struct dialling *d)
{
	size_t i = d->next++;
	const struct lr_address *address = &d->addresses->list[i];
	const struct sockaddr *socket_address = (const struct sockaddr *)&address->socket;
	int fd;
	lr_budget_peer(d->budget, socket_address);
	if (open_socket(d, socket_address, &fd, &d->why) != LR_OK)
		return;
	if (connect(fd, socket_address, address->length) != 0 && errno != EINPROGRESS &&
	    errno != EINTR) {
		no_connection(errno, &d->why);
		close(fd);
		return;
	}
	d->sockets[d->count] = (struct pollfd){.fd = fd, .events = POLLOUT};
	d->address[d->count] = i;
	d->until_ms[d->count++] = now_ms(d) + d->budget->limits->connect_ms;
	d->next_ms = now_ms(d) + NEXT_MS;
}

/* The attempt is over; the next address need not wait any longer. */
static void
give_up(struct dialling *d, nfds_t i)
{
	close(d->sockets[i].fd);
	d->count--;
	d->sockets[i] = d->sockets[d->count];
	d->address[i] = d->address[d->count];
	d->until_ms[i] = d->until_ms[d->count];
	d->next_ms = now_ms(d);
}

static bool
is_connected(struct dialling *d, nfds_t i)
{
	int error = 0;
	socklen_t size = sizeof(error);
	if (getsockopt(d->sockets[i].fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error)
		no_connection(error, &d->why);
	return error == 0;
}

/* Looks at what has come; the socket that is connected, or -1. */
static int
look(struct dialling *d)
{
	int64_t now = now_ms(d);
	for (nfds_t i = 0; i < d->count;) {
		if (d->sockets[i].revents && is_connected(d, i)) {
			struct lr_address winner = d->addresses->list[d->address[i]];
			d->addresses->list[d->address[i]] = d->addresses->list[0];
			d->addresses->list[0] = winner;
			lr_budget_peer(d->budget, (const struct sockaddr *)&winner.socket);
			return d->sockets[i].fd;
		}
		if (!d->sockets[i].revents && now < d->until_ms[i]) {
			i++;
			continue;
		}
		if (!d->sockets[i].revents)
			lr_fail(&d->why, LR_EUNREACHABLE, "no connection within %g s",
			    d->budget->limits->connect_ms / 1000.0);
		give_up(d, i);
	}
	return -1;
}

/* Milliseconds until there is something to do, even if nothing comes. */
static int
patience(const struct dialling *d)
{
	int64_t until = d->next < d->addresses->count ? d->next_ms : INT64_MAX;
	for (nfds_t i = 0; i < d->count; i++)
		if (d->until_ms[i] < until)
			until = d->until_ms[i];
	int64_t left = until - now_ms(d);
	return left < 0 ? 0 : left < INT32_MAX ? (int)left : INT32_MAX;
}

static enum lr_code
wait_and_look(struct dialling *d, int *fd, struct lr_error *err)
{
	switch (lr_budget_poll(d->budget, d->sockets, d->count, patience(d))) {
	case LR_WAIT_CANCELLED:
		return lr_cancelled(err);
	case LR_WAIT_FAILED:
		return lr_fail(err, LR_EIO, "poll: %s", strerror(errno));
	default:
		break;
	}
	*fd = look(d);
	if (*fd < 0 && lr_budget_left(d->budget) == 0)
		return lr_fail(err, LR_ETIMEOUT, "not finished within %g s, with no connection",
		    d->budget->limits->total_ms / 1000.0);
	return LR_OK;
}

enum lr_code
lr_dial(struct lr_addresses *addresses, struct lr_budget *budget, int *fd, struct lr_error *err)
{
	struct dialling d = {
	    .addresses = addresses, .budget = budget, .why = {LR_EUNREACHABLE, "no address"}};
	enum lr_code code = LR_OK;
	int connected = -1;
	d.next_ms = now_ms(&d);
	while (code == LR_OK && connected < 0) {
		while (d.next < addresses->count && (d.count == 0 || now_ms(&d) >= d.next_ms))
			begin(&d);
		if (d.count > 0) {
			code = wait_and_look(&d, &connected, err);
			continue;
		}
		code = lr_fail(err, d.why.code, "%s", d.why.text);
		addresses->count = 0;
	}
	for (nfds_t i = 0; i < d.count; i++)
		if (d.sockets[i].fd != connected)
			close(d.sockets[i].fd);
	if (code == LR_OK)
		*fd = connected;
	return code;
}
