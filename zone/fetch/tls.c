/* tls.c -- TLS 1.3 for zone transfers, between two streams of octets. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct lr_tls {
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out; /* the SSL's */
	bool starved;  /* some memory was not to be had meanwhile */
};

/* Before OpenSSL is asked for what starved() or fail() tell of. */
static void
clear(void)
{
	ERR_clear_error();
	errno = 0;
}

/* Whether what failed since clear() did so for want of memory. OpenSSL says "internal error" or the
 * like then, but malloc() leaves ENOMEM in errno. */
static bool
starved(struct lr_error *err)
{
	if (errno != ENOMEM)
		return false;
	ERR_clear_error();
	lr_fail(err, LR_ENOMEM, "out of memory for TLS");
	return true;
}

/* A record is about to be written: a handshake that fails says so to the server, and errno is taken
 * back for that. */
static void
on_message(
    int write, int version, int type, const void *octets, size_t size, SSL *ssl, void *starved)
{
	(void)write, (void)version, (void)type, (void)octets, (void)size, (void)ssl;
	*(bool *)starved |= errno == ENOMEM;
}

/* OpenSSL's reason for what went wrong in this thread, or WHAT. */
static enum lr_code
fail(struct lr_error *err, enum lr_code code, const char *what)
{
	unsigned long number = ERR_peek_last_error();
	const char *reason = number ? ERR_reason_error_string(number) : NULL;
	if (starved(err))
		return LR_ENOMEM;
	lr_fail(err, code, reason ? "%s: %s" : "%s", what, reason);
	ERR_clear_error();
	return code;
}

static enum lr_code
no_handshake(struct lr_tls *tls, struct lr_error *err)
{
	long verdict = SSL_get_verify_result(tls->ssl);
	if (tls->starved)
		errno = ENOMEM;
	if (verdict == X509_V_OK)
		return fail(err, LR_EUNREACHABLE, "no TLS 1.3");
	if (starved(err))
		return LR_ENOMEM;
	ERR_clear_error();
	return lr_fail(
	    err, LR_EUNREACHABLE, "certificate: %s", X509_verify_cert_error_string(verdict));
}

static enum lr_code
set_trust(struct lr_tls *tls, const char *ca_bundle, struct lr_error *err)
{
	if (!ca_bundle)
		return SSL_CTX_set_default_verify_paths(tls->context) == 1
			   ? LR_OK
			   : fail(err, LR_EIO, "the system's certificates");
	if (SSL_CTX_load_verify_file(tls->context, ca_bundle) == 1)
		return LR_OK;
	if (starved(err))
		return LR_ENOMEM;
	ERR_clear_error(); /* "system lib": nothing that the name does not say */
	return lr_fail(err, LR_EIO, "no certificates in %.180s", ca_bundle);
}

enum lr_code
lr_tls_check_bundle(const char *ca_bundle, struct lr_error *err)
{
	X509_STORE *store = X509_STORE_new();
	if (!store)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	clear();
	enum lr_code code = LR_OK;
	if (X509_STORE_load_file(store, ca_bundle) != 1)
		code = starved(err) ? LR_ENOMEM : lr_fail(err, LR_EIO, "no certificates in it");
	ERR_clear_error();
	X509_STORE_free(store);
	return code;
}

/* A key under a passphrase cannot be used: nobody is there to be asked for it. */
static int
no_passphrase(char *passphrase, int size, int writing, void *unused)
{
	(void)passphrase, (void)size, (void)writing, (void)unused;
	return -1;
}

/* What we prove our own name with, to a server that asks
 * for it (RFC 9103 section 9.3.2). WHERE tells of FILE. */
static enum lr_code
set_certificate(SSL_CTX *context, const char *file, const char *where, struct lr_error *err)
{
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(context, file) == 1 &&
	    SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1)
		return LR_OK;
	if (starved(err))
		return LR_ENOMEM;
	ERR_clear_error();
	return lr_fail(err, LR_EIO, "no certificate with its key in %.180s", where);
}

enum lr_code
lr_tls_check_certificate(const char *client_certificate, struct lr_error *err)
{
	struct stat status;
	if (stat(client_certificate, &status) == 0 && status.st_mode & S_IRWXO)
		return lr_fail(err, LR_EIO, "others can read it: its key has to be private");
	clear();
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context) {
		ERR_clear_error();
		return lr_fail(err, LR_ENOMEM, "out of memory");
	}
	enum lr_code code = set_certificate(context, client_certificate, "it", err);
	SSL_CTX_free(context);
	return code;
}

/* The name that the certificate has to hold, and that the server may choose it by. */
static bool
set_name(SSL *ssl, const char *name)
{
	char host[256];
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1)
		return true;
	ERR_clear_error();
	size_t length = strlen(name);
	if (length == 0 || length >= sizeof(host))
		return false;
	if (name[length - 1] == '.') /* certificates and SNI are without (RFC 6066 section 3) */
		length--;
	memcpy(host, name, length);
	host[length] = '\0';
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool
make_ssl(struct lr_tls *tls, const char *name)
{
	static const uint8_t dot[] = {3, 'd', 'o', 't'};
	tls->ssl = SSL_new(tls->context);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (!tls->ssl || !tls->in || !tls->out) {
		BIO_free(tls->in);
		BIO_free(tls->out);
		return false;
	}
	SSL_set_bio(tls->ssl, tls->in, tls->out); /* they go with it from here on */
	SSL_set_connect_state(tls->ssl);
	SSL_set_msg_callback(tls->ssl, on_message);
	SSL_set_msg_callback_arg(tls->ssl, &tls->starved);
	return SSL_set_alpn_protos(tls->ssl, dot, sizeof(dot)) == 0 && set_name(tls->ssl, name);
}

enum lr_code
lr_tls_new(
    const char *name, const struct lr_tls_files *files, struct lr_tls **out, struct lr_error *err)
{
	struct lr_tls *tls = calloc(1, sizeof(*tls));
	enum lr_code code = LR_OK;
	if (!tls)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	clear();
	tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls->context || SSL_CTX_set_min_proto_version(tls->context, TLS1_3_VERSION) != 1)
		code = fail(err, LR_EIO, "no TLS 1.3 here");
	if (code == LR_OK) {
		SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
		code = set_trust(tls, files->ca_bundle, err);
	}
	if (code == LR_OK && files->client_certificate)
		code = set_certificate(
		    tls->context, files->client_certificate, files->client_certificate, err);
	if (code == LR_OK && !make_ssl(tls, name))
		code = fail(err, LR_ENOMEM, "TLS cannot be set up");
	if (code != LR_OK) {
		lr_tls_free(tls);
		return code;
	}
	tls->starved = errno == ENOMEM; /* a certificate may have got lost */
	*out = tls;
	return LR_OK;
}

void
lr_tls_free(struct lr_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->context);
	free(tls);
}

enum lr_code
lr_tls_feed(struct lr_tls *tls, const uint8_t *octets, size_t size, struct lr_error *err)
{
	size_t written;
	clear();
	if (BIO_write_ex(tls->in, octets, size, &written) == 1 && written == size)
		return LR_OK;
	return fail(err, LR_ENOMEM, "TLS");
}

size_t
lr_tls_drain(struct lr_tls *tls, uint8_t *octets, size_t room)
{
	size_t size;
	return BIO_read_ex(tls->out, octets, room, &size) == 1 ? size : 0;
}

enum lr_code
lr_tls_handshake(struct lr_tls *tls, bool *done, struct lr_error *err)
{
	const unsigned char *protocol;
	unsigned length;
	clear();
	int result = SSL_do_handshake(tls->ssl);
	if (result != 1 && SSL_get_error(tls->ssl, result) != SSL_ERROR_WANT_READ)
		return no_handshake(tls, err);
	*done = result == 1;
	if (result != 1)
		return LR_OK;
	SSL_get0_alpn_selected(tls->ssl, &protocol, &length);
	if (length != 3 || memcmp(protocol, "dot", 3) != 0)
		return lr_fail(err, LR_EUNREACHABLE,
		    "the server does not select ALPN \"dot\" (RFC 9103 section 7.1)");
	return LR_OK;
}

enum lr_code
lr_tls_write(struct lr_tls *tls, const uint8_t *octets, size_t size, struct lr_error *err)
{
	size_t written;
	clear();
	if (SSL_write_ex(tls->ssl, octets, size, &written) == 1) /* memory takes everything */
		return LR_OK;
	return fail(err, LR_EIO, "TLS");
}

enum lr_code
lr_tls_read(struct lr_tls *tls, uint8_t *octets, size_t room, size_t *size, bool *closed,
    struct lr_error *err)
{
	clear();
	*closed = false;
	int result = SSL_read_ex(tls->ssl, octets, room, size);
	if (result == 1)
		return LR_OK;
	*size = 0;
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return LR_OK;
	case SSL_ERROR_ZERO_RETURN:
		*closed = true;
		return LR_OK;
	default:
		return fail(err, LR_EIO, "TLS");
	}
}

void
lr_tls_end(struct lr_tls *tls)
{
	if (SSL_is_init_finished(tls->ssl))
		(void)SSL_shutdown(tls->ssl);
	ERR_clear_error();
}
