/* source_axfr.c -- the zone by AXFR over TCP (RFC 5936). */
#include "source.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_SIZE 12u
#define CANCELLED (-2)

/* One transfer under way. */
struct session {
	const struct lr_io *io;
	const struct lr_limits *limits;
	struct lr_error *err;
	int fd;
	int64_t deadline; /* of the whole fetch, monotonic milliseconds */
	size_t octets;
	unsigned messages;
	size_t filled;
	uint8_t buffer[2 + UINT16_MAX]; /* one message and its length, RFC 1035 section 4.2.2 */
};

/*
 * Waits until the socket is ready for EVENTS, but no longer than PATIENCE ms. 1 ready, 0 out of
 * time, CANCELLED, -1 with errno.
 */
static int
wait_for(const struct session *s, short events, int patience)
{
	int64_t until = s->io->monotonic_ms(s->io->arg) + patience;
	if (until > s->deadline)
		until = s->deadline;
	for (;;) {
		struct pollfd fds[2] = {{.fd = s->fd, .events = events},
		    {.fd = s->io->cancel_fd, .events = POLLIN}}; /* poll() passes over -1 */
		int64_t left = until - s->io->monotonic_ms(s->io->arg);
		if (left < 0)
			left = 0;
		int ready = poll(fds, 2, left < INT32_MAX ? (int)left : INT32_MAX);
		if (ready < 0 && errno != EINTR)
			return -1;
		if (ready > 0 && fds[1].revents)
			return CANCELLED;
		if (ready > 0)
			return 1;
		if (ready == 0 && left == 0)
			return 0;
	}
}

static enum lr_code
cancelled(struct session *s)
{
	return lr_fail(s->err, LR_ECANCELLED, "cancelled");
}

/* "5 s", or "300 ms" */
static enum lr_code
too_slow(struct session *s, enum lr_code code, const char *what, int patience)
{
	if (s->io->monotonic_ms(s->io->arg) >= s->deadline)
		return lr_fail(s->err, LR_ETIMEOUT, "not finished within %g s, after %u messages",
		    s->limits->total_ms / 1000.0, s->messages);
	return lr_fail(s->err, code, "%s within %g s", what, patience / 1000.0);
}

static enum lr_code
no_connection(struct session *s, int error)
{
	const char *what = error == ECONNREFUSED   ? "connection refused"
			   : error == ENETUNREACH  ? "network unreachable"
			   : error == EHOSTUNREACH ? "host unreachable"
			   : error == ETIMEDOUT    ? "connection timed out"
						   : NULL;
	if (what)
		return lr_fail(s->err, LR_EUNREACHABLE, "%s", what);
	return lr_fail(s->err, LR_EUNREACHABLE, "no connection: %s", strerror(error));
}

static enum lr_code
broken(struct session *s, int error)
{
	if (error == ECONNRESET || error == EPIPE)
		return lr_fail(s->err, LR_EIO, "connection reset after %u messages", s->messages);
	return lr_fail(
	    s->err, LR_EIO, "connection lost after %u messages: %s", s->messages, strerror(error));
}

/* The address of the source. Names would have to be resolved by the resolver that this zone is for.
 */
static enum lr_code
numeric_address(const struct lr_uri *uri, struct sockaddr_storage *address, socklen_t *length,
    struct lr_error *err)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(uri->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(uri->port)};

	if (inet_pton(AF_INET, uri->host, &v4.sin_addr) == 1) {
		memcpy(address, &v4, sizeof(v4));
		*length = sizeof(v4);
	} else if (inet_pton(AF_INET6, uri->host, &v6.sin6_addr) == 1) {
		memcpy(address, &v6, sizeof(v6));
		*length = sizeof(v6);
	} else {
		return lr_fail(
		    err, LR_EUNSUPPORTED, "a host name: this version takes addresses alone");
	}
	return LR_OK;
}

static enum lr_code
open_connection(struct session *s, const struct sockaddr_storage *address, socklen_t length)
{
	int error = 0;
	socklen_t size = sizeof(error);

	s->fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 && errno == EAFNOSUPPORT)
		return no_connection(s, errno);
	if (s->fd < 0)
		return lr_fail(s->err, LR_EIO, "no socket: %s", strerror(errno));
	if (connect(s->fd, (const struct sockaddr *)address, length) == 0)
		return LR_OK;
	if (errno != EINPROGRESS && errno != EINTR)
		return no_connection(s, errno);
	switch (wait_for(s, POLLOUT, s->limits->connect_ms)) {
	case CANCELLED:
		return cancelled(s);
	case 0:
		return too_slow(s, LR_EUNREACHABLE, "no connection", s->limits->connect_ms);
	case 1:
		break;
	default:
		return lr_fail(s->err, LR_EIO, "poll: %s", strerror(errno));
	}
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	return error ? no_connection(s, error) : LR_OK;
}

static enum lr_code
send_all(struct session *s, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		switch (wait_for(s, POLLOUT, s->limits->idle_ms)) {
		case CANCELLED:
			return cancelled(s);
		case 0:
			return too_slow(s, LR_ETIMEOUT, "query not taken", s->limits->idle_ms);
		case 1:
			break;
		default:
			return lr_fail(s->err, LR_EIO, "poll: %s", strerror(errno));
		}
		ssize_t sent = send(s->fd, bytes, size, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return broken(s, errno);
		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		}
	}
	return LR_OK;
}

/* Reads what there is, at least one octet. */
static enum lr_code
receive(struct session *s)
{
	for (;;) {
		switch (wait_for(s, POLLIN, s->limits->idle_ms)) {
		case CANCELLED:
			return cancelled(s);
		case 0:
			return too_slow(s, LR_ETIMEOUT, s->messages ? "no more came" : "no answer",
			    s->limits->idle_ms);
		case 1:
			break;
		default:
			return lr_fail(s->err, LR_EIO, "poll: %s", strerror(errno));
		}
		/* A source that never lets poll() wait must not outrun the clock. */
		if (s->io->monotonic_ms(s->io->arg) >= s->deadline)
			return too_slow(s, LR_ETIMEOUT, "", 0);
		ssize_t got = recv(s->fd, s->buffer + s->filled, sizeof(s->buffer) - s->filled, 0);
		if (got > 0) {
			s->filled += (size_t)got;
			s->octets += (size_t)got;
			return LR_OK;
		}
		if (got == 0)
			return lr_fail(s->err, LR_EFORMAT, "connection closed after %u messages%s",
			    s->messages, s->filled ? ", amid the next" : "");
		if (errno != EAGAIN && errno != EINTR)
			return broken(s, errno);
	}
}

/* Takes the whole messages in the buffer and moves the rest to its front. */
static enum lr_code
take_messages(struct session *s, struct lr_transfer *transfer, bool *done)
{
	size_t at = 0;

	while (!*done && s->filled - at >= 2) {
		size_t size = (size_t)s->buffer[at] << 8 | s->buffer[at + 1];
		if (size < HEADER_SIZE)
			return lr_fail(s->err, LR_EFORMAT, "message %u: %zu octets are no message",
			    s->messages + 1, size);
		if (s->filled - at - 2 < size)
			break;
		enum lr_code code =
		    lr_transfer_message(transfer, s->buffer + at + 2, size, done, s->err);
		if (code != LR_OK)
			return code;
		s->messages++;
		at += 2 + size;
	}
	s->filled -= at;
	memmove(s->buffer, s->buffer + at, s->filled);
	if (*done && s->filled > 0)
		return lr_fail(s->err, LR_EFORMAT, "octets after the closing SOA");
	return LR_OK;
}

static enum lr_code
run_transfer(struct session *s, struct lr_transfer *transfer)
{
	uint8_t query[2 + 512];
	size_t size = lr_transfer_query(transfer, query + 2, sizeof(query) - 2);
	bool done = false;

	query[0] = (uint8_t)(size >> 8);
	query[1] = (uint8_t)(size & 0xff);
	enum lr_code code = send_all(s, query, 2 + size);
	while (code == LR_OK && !done) {
		code = receive(s);
		if (code == LR_OK && s->octets > s->limits->wire_octets)
			code = lr_fail(
			    s->err, LR_ELIMIT, "more than %zu octets", s->limits->wire_octets);
		if (code == LR_OK)
			code = take_messages(s, transfer, &done);
	}
	return code;
}

enum lr_code
lr_source_axfr(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err)
{
	struct sockaddr_storage address = {0};
	socklen_t length = 0;
	struct lr_draft *draft = NULL;
	struct lr_transfer *transfer = NULL;
	enum lr_code code = numeric_address(uri, &address, &length, err);
	if (code != LR_OK)
		return code;
	struct session *s = malloc(sizeof(*s));
	if (!s)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	s->io = io;
	s->limits = limits;
	s->err = err;
	s->fd = -1;
	s->deadline = io->monotonic_ms(io->arg) + limits->total_ms;
	s->octets = s->filled = 0;
	s->messages = 0;

	code = lr_draft_new(origin, &limits->draft, &draft, err);
	if (code == LR_OK)
		code = lr_transfer_new(io->random16(io->arg), draft, &transfer, err);
	if (code == LR_OK)
		code = open_connection(s, &address, length);
	if (code == LR_OK)
		code = run_transfer(s, transfer);
	if (code == LR_OK) {
		uint32_t expire = 0;
		bool has_expire = lr_transfer_expire(transfer, &expire);
		*fetched = (struct lr_fetched){.draft = draft,
		    .has_expire = has_expire,
		    .expire = expire,
		    .octets = s->octets};
		draft = NULL;
	}
	if (s->fd >= 0)
		close(s->fd);
	free(s);
	lr_transfer_free(transfer);
	lr_draft_free(draft);
	return code;
}
