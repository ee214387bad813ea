/*
 * tls.h -- TLS 1.3 for zone transfers (RFC 9103), as a filter between two streams of octets: it
 * opens, reads and writes no socket. For connection.c, and for option.c's check of certificates.
 *
 * The server proves its name (RFC 9103 section 9.3.1, the strict profile) and speaks "dot"
 * (section 7.1).
 */
#ifndef LR_TLS_H
#define LR_TLS_H

#include "lr_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_tls;

/* As in struct lr_source_options; either may be NULL. */
struct lr_tls_files {
	const char *ca_bundle, *client_certificate;
};

/* NAME, a host name or an address, has to be in the
 * certificate. LR_EIO: a file cannot be used; LR_ENOMEM. */
enum lr_code lr_tls_new(
    const char *name, const struct lr_tls_files *files, struct lr_tls **tls, struct lr_error *err);
void lr_tls_free(struct lr_tls *tls); /* NULL is allowed */

/* Whether there are certificates in the file, as lr_tls_new() and libcurl read it. LR_EIO: there
 * are none, or some that are malformed; LR_ENOMEM. */
enum lr_code lr_tls_check_bundle(const char *ca_bundle, struct lr_error *err);

/* Whether the file holds a certificate and its key, in
 * PEM, and nobody else can read it. LR_EIO, LR_ENOMEM. */
enum lr_code lr_tls_check_certificate(const char *client_certificate, struct lr_error *err);

/* Octets from the network. LR_ENOMEM. */
enum lr_code lr_tls_feed(
    struct lr_tls *tls, const uint8_t *octets, size_t size, struct lr_error *err);

/* Octets for the network, after every other call; their number, 0 when there are no more. */
size_t lr_tls_drain(struct lr_tls *tls, uint8_t *octets, size_t room);

/* *done: writing and reading may begin. LR_EUNREACHABLE:
 * the server is not whom we want, or fails. */
enum lr_code lr_tls_handshake(struct lr_tls *tls, bool *done, struct lr_error *err);

/* Takes all the octets. LR_EIO. */
enum lr_code lr_tls_write(
    struct lr_tls *tls, const uint8_t *octets, size_t size, struct lr_error *err);

/* *size octets; none where it takes more from the network first, or *closed the server said that it
 * has ended. LR_EIO. */
enum lr_code lr_tls_read(struct lr_tls *tls, uint8_t *octets, size_t room, size_t *size,
    bool *closed, struct lr_error *err);

/* Says that we have ended. */
void lr_tls_end(struct lr_tls *tls);

#endif
