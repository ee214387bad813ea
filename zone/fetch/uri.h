/*
 * uri.h -- where a zone can be had.
 *
 *     file:/var/lib/unbound/root.zone           a master file
 *     axfr:192.0.32.132  axfr:2001:db8::1@5353  a transfer over TCP (RFC 5936), port after @
 *     ixfr:192.0.2.1                            an incremental transfer (RFC 1995)
 *     xot:192.0.2.1@853#ns.example.net          over TLS (RFC 9103), # certificate's name
 *     https://host[:port]/path[@192.0.2.1]      a master file by HTTPS, @ address to connect to
 *
 * The ports default to 53, 853 and 443. The parser takes every scheme; lr_source_new() knows which
 * are built. An @ in the path that no valid address follows is the path's.
 *
 * Nothing is allocated, and nothing is kept: any thread.
 */
#ifndef LR_URI_H
#define LR_URI_H

#include "lr_error.h"

#include <stdbool.h>
#include <stdint.h>

enum lr_scheme { LR_FILE, LR_AXFR, LR_IXFR, LR_XOT, LR_HTTP, LR_HTTPS };

struct lr_uri {
	enum lr_scheme scheme;
	uint16_t port;    /* for the schemes that have one */
	char host[256];   /* address or host name; empty for file: */
	char path[1024];  /* file: the path; https: from the first slash on */
	char name[256];   /* xot: the name to authenticate, or empty */
	char address[64]; /* https: the address to connect to (bootstrapping), or empty */
	bool list;        /* it is a list of sources that lies there */
	char text[1536];  /* as the user wrote it: what log lines name */
};

/* A proxy for HTTP: http://, https:// or socks5h://, [USER[:PASSWORD]@]HOST:PORT. */
struct lr_proxy {
	char host[256];
	uint16_t port;
};

/* LR_EUSAGE; it does not quote the text, which may hold a password. */
enum lr_code lr_proxy_parse(const char *text, struct lr_proxy *proxy, struct lr_error *err);

/* Whether libcurl asks it. */
bool lr_uri_is_web(const struct lr_uri *uri);

/* Whether it is asked by DNS messages. */
bool lr_uri_is_transfer(const struct lr_uri *uri);

/* Whether TEXT begins with a scheme, and with none that is known here: another program's. */
bool lr_uri_is_foreign(const char *text);

/* LR_EUSAGE quotes the text. */
enum lr_code lr_uri_parse(const char *text, struct lr_uri *uri, struct lr_error *err);

/* The built-in list: ICANN's servers, the root servers that allow transfers (both of RFC 8806
 * appendix A), and IANA's file. NULL at the end. */
extern const char *const lr_uri_builtin[];

#endif
