/*
 * connection.h -- DNS messages over TCP (RFC 7766) or TLS (RFC 9103): open, send, receive, close.
 * For the sources alone. Everything waits within the fetch's budget.
 */
#ifndef LR_CONNECTION_H
#define LR_CONNECTION_H

#include "budget.h"
#include "resolve.h"
#include "tls.h"
#include "uri.h"

struct lr_connection;

#define LR_SEND_MAX 2048 /* octets of a query, signed */

/*
 * Connects to one of the ADDRESSES of the URI's host, as lr_dial(), by TLS where its scheme is xot.
 * LR_EUNREACHABLE, LR_ETIMEOUT, LR_ECANCELLED, LR_EIO, LR_ENOMEM, LR_EUNSUPPORTED. The budget
 * outlives the connection.
 */
enum lr_code lr_connection_open(const struct lr_uri *uri, const struct lr_tls_files *files,
    struct lr_addresses *addresses, struct lr_budget *budget, struct lr_connection **connection,
    struct lr_error *err);

/* Says good-bye where that costs no waiting. NULL is allowed. */
void lr_connection_close(struct lr_connection *connection);

/* Sends a message, with its length before it. LR_ETIMEOUT, LR_EIO, LR_ECANCELLED. */
enum lr_code lr_connection_send(
    struct lr_connection *connection, const uint8_t *message, size_t size, struct lr_error *err);

/*
 * The next message, valid until the next call. LR_EFORMAT: the connection ends, or what comes is
 * too short for a message; LR_ELIMIT: octets or messages of this fetch; LR_ETIMEOUT, LR_EIO,
 * LR_ECANCELLED.
 */
enum lr_code lr_connection_receive(
    struct lr_connection *connection, const uint8_t **message, size_t *size, struct lr_error *err);

/* How many have come. */
unsigned lr_connection_messages(const struct lr_connection *connection);

/* Whether the other side has closed or reset it. */
bool lr_connection_ended(const struct lr_connection *connection);

/* Whether octets have come that belong to no message received so far. */
bool lr_connection_pending(const struct lr_connection *connection);

#endif
