/* connection.c -- DNS messages over TCP or TLS. */
#include "connection.h"
#include "dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SIZE 12u
#define TLS_CHUNK_SIZE 16384

struct lr_connection {
	struct lr_budget *budget;
	struct lr_tls *tls; /* NULL: plain TCP */
	int fd;
	unsigned messages;
	bool ended;   /* by the other side */
	size_t front; /* of the buffer: where the next message starts */
	size_t filled;
	uint8_t buffer[2 + UINT16_MAX]; /* one message and its length, RFC 1035 section 4.2.2 */
};

/* "no answer within 5 s", or the end of the whole fetch's time */
static enum lr_code
too_slow(const struct lr_connection *c, enum lr_code code, const char *what, int patience,
    struct lr_error *err)
{
	if (lr_budget_left(c->budget) == 0)
		return lr_fail(err, LR_ETIMEOUT, "not finished within %g s, after %u messages",
		    c->budget->limits->total_ms / 1000.0, c->messages);
	return lr_fail(err, code, "%s within %g s", what, patience / 1000.0);
}

static enum lr_code
broken(struct lr_connection *c, int error, struct lr_error *err)
{
	c->ended = true;
	if (error == ECONNRESET || error == EPIPE)
		return lr_fail(err, LR_EIO, "connection reset after %u messages", c->messages);
	return lr_fail(
	    err, LR_EIO, "connection lost after %u messages: %s", c->messages, strerror(error));
}

/* Waits for the socket; CODE and WHAT are for when it takes longer than PATIENCE. */
static enum lr_code
wait_socket(const struct lr_connection *c, short events, int patience, enum lr_code code,
    const char *what, struct lr_error *err)
{
	switch (lr_budget_wait(c->budget, c->fd, events, patience)) {
	case LR_WAIT_READY:
		return LR_OK;
	case LR_WAIT_LATE:
		return too_slow(c, code, what, patience, err);
	case LR_WAIT_CANCELLED:
		return lr_cancelled(err);
	default:
		return lr_fail(err, LR_EIO, "poll: %s", strerror(errno));
	}
}

static enum lr_code
send_all(struct lr_connection *c, const uint8_t *bytes, size_t size, struct lr_error *err)
{
	int patience = c->budget->limits->idle_ms;
	while (size > 0) {
		enum lr_code code =
		    wait_socket(c, POLLOUT, patience, LR_ETIMEOUT, "query not taken", err);
		if (code != LR_OK)
			return code;
		ssize_t sent = send(c->fd, bytes, size, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return broken(c, errno, err);
		if (sent > 0) {
			bytes += sent;
			size -= (size_t)sent;
		}
	}
	return LR_OK;
}

/* What there is, at least one octet; *got is 0 where the other side has ended. */
static enum lr_code
receive_some(
    struct lr_connection *c, uint8_t *bytes, size_t room, size_t *got, struct lr_error *err)
{
	int patience = c->budget->limits->idle_ms;
	for (;;) {
		enum lr_code code = wait_socket(c, POLLIN, patience, LR_ETIMEOUT,
		    c->messages ? "no more came" : "no answer", err);
		if (code != LR_OK)
			return code;
		/* A source that never lets poll() wait must not outrun the clock. */
		if (lr_budget_left(c->budget) == 0)
			return too_slow(c, LR_ETIMEOUT, "", 0, err);
		ssize_t size = recv(c->fd, bytes, room, 0);
		if (size >= 0) {
			*got = (size_t)size;
			return lr_budget_read(c->budget, *got, err);
		}
		if (errno != EAGAIN && errno != EINTR)
			return broken(c, errno, err);
	}
}

/* Sends what TLS has to say. */
static enum lr_code
flush_tls(struct lr_connection *c, struct lr_error *err)
{
	uint8_t chunk[TLS_CHUNK_SIZE];
	size_t size;
	enum lr_code code = LR_OK;
	while (code == LR_OK && (size = lr_tls_drain(c->tls, chunk, sizeof(chunk))) > 0)
		code = send_all(c, chunk, size, err);
	return code;
}

/* Gives TLS what has come. */
static enum lr_code
feed_tls(struct lr_connection *c, bool *ended, struct lr_error *err)
{
	uint8_t chunk[TLS_CHUNK_SIZE];
	size_t size = 0;
	enum lr_code code = receive_some(c, chunk, sizeof(chunk), &size, err);
	if (code != LR_OK)
		return code;
	*ended = size == 0;
	return lr_tls_feed(c->tls, chunk, size, err);
}

static enum lr_code
start_tls(struct lr_connection *c, struct lr_error *err)
{
	bool done = false, ended = false;
	for (;;) {
		enum lr_code code = lr_tls_handshake(c->tls, &done, err);
		if (code != LR_OK) {
			(void)flush_tls(c, NULL); /* the alert tells the server why */
			return code;
		}
		code = flush_tls(c, err);
		if (code != LR_OK || done)
			return code;
		code = feed_tls(c, &ended, err);
		if (code != LR_OK)
			return code;
		if (ended)
			return lr_fail(err, LR_EUNREACHABLE, "the server ends the TLS handshake");
	}
}

/* Decrypted octets, as receive_some() gives plain ones. */
static enum lr_code
receive_tls(struct lr_connection *c, uint8_t *bytes, size_t room, size_t *got, struct lr_error *err)
{
	bool closed = false, ended = false;
	for (;;) {
		/* Many messages may come in what was read at once. */
		if (lr_budget_left(c->budget) == 0)
			return too_slow(c, LR_ETIMEOUT, "", 0, err);
		enum lr_code code = lr_tls_read(c->tls, bytes, room, got, &closed, err);
		if (code == LR_OK)
			code = flush_tls(c, err); /* a new key may be due */
		if (code != LR_OK || *got > 0 || closed || ended)
			return code;
		code = feed_tls(c, &ended, err);
		if (code != LR_OK)
			return code;
	}
}

static const char *
name_to_prove(const struct lr_uri *uri)
{
	return *uri->name ? uri->name : uri->host;
}

enum lr_code
lr_connection_open(const struct lr_uri *uri, const struct lr_tls_files *files,
    struct lr_addresses *addresses, struct lr_budget *budget, struct lr_connection **connection,
    struct lr_error *err)
{
	struct lr_connection *c = malloc(sizeof(*c));
	if (!c)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	c->budget = budget;
	c->tls = NULL;
	c->fd = -1;
	c->messages = 0;
	c->ended = false;
	c->front = c->filled = 0;
	enum lr_code code = LR_OK;
	if (uri->scheme == LR_XOT)
		code = lr_tls_new(name_to_prove(uri), files, &c->tls, err);
	if (code == LR_OK)
		code = lr_dial(addresses, budget, &c->fd, err);
	if (code == LR_OK && c->tls)
		code = start_tls(c, err);
	if (code != LR_OK) {
		lr_connection_close(c);
		return code;
	}
	*connection = c;
	return LR_OK;
}

void
lr_connection_close(struct lr_connection *c)
{
	uint8_t notice[256];
	size_t size;
	if (!c)
		return;
	if (c->tls && c->fd >= 0) {
		lr_tls_end(c->tls);
		if ((size = lr_tls_drain(c->tls, notice, sizeof(notice))) > 0)
			(void)!send(c->fd, notice, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	lr_tls_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

enum lr_code
lr_connection_send(
    struct lr_connection *c, const uint8_t *message, size_t size, struct lr_error *err)
{
	uint8_t framed[2 + LR_SEND_MAX];
	if (size > LR_SEND_MAX)
		return lr_fail(err, LR_EFORMAT, "a query of %zu octets", size);
	framed[0] = (uint8_t)(size >> 8);
	framed[1] = (uint8_t)(size & 0xff);
	memcpy(framed + 2, message, size); /* in one piece (RFC 7766 section 8) */
	lr_budget_asked(c->budget);
	if (!c->tls)
		return send_all(c, framed, 2 + size, err);
	enum lr_code code = lr_tls_write(c->tls, framed, 2 + size, err);
	return code == LR_OK ? flush_tls(c, err) : code;
}

/* The message at the front, if it is whole. */
static enum lr_code
find_message(struct lr_connection *c, const uint8_t **message, size_t *size, struct lr_error *err)
{
	const uint8_t *front = c->buffer + c->front;
	size_t left = c->filled - c->front;
	*message = NULL;
	if (left < 2)
		return LR_OK;
	*size = (size_t)front[0] << 8 | front[1];
	if (*size < HEADER_SIZE)
		return lr_fail(err, LR_EFORMAT, "message %u: %zu octets are no message",
		    c->messages + 1, *size);
	if (left - 2 < *size)
		return LR_OK;
	if (c->messages == c->budget->limits->messages)
		return lr_fail(err, LR_ELIMIT, "more than %u messages", c->messages);
	*message = front + 2;
	c->messages++;
	c->front += 2 + *size;
	return LR_OK;
}

/* Reads on behind what is left, which moves to the start. */
static enum lr_code
read_on(struct lr_connection *c, struct lr_error *err)
{
	size_t got = 0;
	c->filled -= c->front;
	memmove(c->buffer, c->buffer + c->front, c->filled);
	c->front = 0;
	enum lr_code code = (c->tls ? receive_tls : receive_some)(
	    c, c->buffer + c->filled, sizeof(c->buffer) - c->filled, &got, err);
	c->ended |= code == LR_OK && got == 0;
	if (code == LR_OK && got == 0)
		code = lr_fail(err, LR_EFORMAT, "connection closed after %u messages%s",
		    c->messages, c->filled ? ", amid the next" : "");
	if (code == LR_OK)
		c->filled += got;
	return code;
}

enum lr_code
lr_connection_receive(
    struct lr_connection *c, const uint8_t **message, size_t *size, struct lr_error *err)
{
	enum lr_code code = find_message(c, message, size, err);
	while (code == LR_OK && !*message) {
		code = read_on(c, err);
		if (code == LR_OK)
			code = find_message(c, message, size, err);
	}
	return code;
}

unsigned
lr_connection_messages(const struct lr_connection *c)
{
	return c->messages;
}

bool
lr_connection_ended(const struct lr_connection *c)
{
	return c->ended;
}

bool
lr_connection_pending(const struct lr_connection *c)
{
	return c->filled > c->front;
}
