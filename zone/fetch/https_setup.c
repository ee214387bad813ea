/* https_setup.c -- what libcurl is told of a request:
 * where to, whom to trust, and what it must leave alone. */
#include "https_parts.h"
#include "network.h"
#include "lr_config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* What CURLOPT_RESOLVE takes: "HOST:PORT:ADDRESS,[ADDRESS]". */
static bool
set_looked_up(
    struct lr_exchange *x, const char *host, uint16_t port, const struct lr_addresses *addresses)
{
	char text[512 + LR_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3)];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s:%u:", host, port);
	for (size_t i = 0; i < addresses->count; i++) {
		const struct sockaddr_storage *s = &addresses->list[i].socket;
		char address[INET6_ADDRSTRLEN];
		bool v6 = s->ss_family == AF_INET6;
		inet_ntop(s->ss_family,
		    v6 ? (const void *)&((const struct sockaddr_in6 *)s)->sin6_addr
		       : (const void *)&((const struct sockaddr_in *)s)->sin_addr,
		    address, sizeof(address));
		used += (size_t)snprintf(text + used, sizeof(text) - used, v6 ? "%s[%s]" : "%s%s",
		    i ? "," : "", address);
	}
	x->looked_up = curl_slist_append(NULL, text);
	return x->looked_up && curl_easy_setopt(x->easy, CURLOPT_RESOLVE, x->looked_up) == CURLE_OK;
}

/* What CURLOPT_CONNECT_TO takes: "HOST:PORT:ADDRESS:PORT", where nothing stands for whichever. */
static bool
set_address(struct lr_exchange *x, const char *address)
{
	char text[64 + 8];
	snprintf(text, sizeof(text), strchr(address, ':') ? "::[%s]:" : "::%s:", address);
	x->addresses = curl_slist_append(NULL, text);
	return x->addresses &&
	       curl_easy_setopt(x->easy, CURLOPT_CONNECT_TO, x->addresses) == CURLE_OK;
}

/* An address as host needs nothing, and CURLOPT_RESOLVE takes no IPv6 address as host. */
static bool
set_destination(
    struct lr_exchange *x, const char *host, uint16_t port, const struct lr_addresses *addresses)
{
	struct in6_addr unused;
	if (inet_pton(AF_INET, host, &unused) == 1 || inet_pton(AF_INET6, host, &unused) == 1)
		return true;
	return set_looked_up(x, host, port, addresses);
}

/* Only where the zone held is the one that the tags stand for. */
static bool
set_conditions(struct lr_exchange *x, const struct lr_tags *tags)
{
	char line[LR_TAG_MAX + 32];
	struct curl_slist *headers = NULL;
	const char *const values[2] = {tags->etag, tags->modified};
	const char *const names[2] = {"If-None-Match", "If-Modified-Since"};
	for (unsigned i = 0; i < 2; i++) {
		if (!values[i][0])
			continue;
		snprintf(line, sizeof(line), "%s: %s", names[i], values[i]);
		headers = curl_slist_append(x->headers, line);
		if (!headers)
			return false;
		x->headers = headers;
	}
	return curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK;
}

/* The host as URLs, certificates and Host fields have it: without the final dot. */
static void
plain_host(const struct lr_uri *uri, char host[256])
{
	strcpy(host, uri->host);
	size_t length = strlen(host);
	if (length > 0 && host[length - 1] == '.')
		host[length - 1] = '\0';
}

/* A socket that goes only where the operator lets it go. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct lr_exchange *x = arg;
	const struct lr_network *network = x->budget->network;
	const char *refused = lr_network_refuses(network, &address->addr);
	(void)purpose;
	if (refused) {
		lr_fail(&x->unconnected, LR_EUNREACHABLE, "not asked, by Unbound's options: %s",
		    refused);
		return CURL_SOCKET_BAD;
	}
	lr_budget_peer(x->budget, &address->addr);
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	if (lr_network_bind(network, fd, address->family, x->budget->io, &x->unconnected) == LR_OK)
		return fd;
	close(fd);
	return CURL_SOCKET_BAD;
}

static bool
set_options(struct lr_exchange *x, const char *ca_bundle, const char *url)
{
	const char *proxy = lr_network_proxy(x->budget->network);
	CURL *e = x->easy;
	CURLcode bad = 0;
	/* Macros that check types: no loop over a table. */
	bad |= curl_easy_setopt(e, CURLOPT_URL, url);
	bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_PROXY, proxy ? proxy : ""); /* not the environment's */
	bad |= curl_easy_setopt(e, CURLOPT_NOPROXY, "");
	bad |= curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	bad |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	bad |= curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, "unbound-localroot/" PACKAGE_VERSION);
	bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->reason);
	bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
	bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)x->budget->limits->connect_ms);
	if (ca_bundle) { /* and nobody else: neither the system's folder nor its own store */
		bad |= curl_easy_setopt(e, CURLOPT_CAINFO, ca_bundle);
		bad |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
		bad |= curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, ca_bundle);
		bad |= curl_easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
		bad |= curl_easy_setopt(e, CURLOPT_SSL_OPTIONS, 0L);
	}
	return bad == CURLE_OK;
}

/* Whom libcurl connects to, and so whose name is looked up: the proxy, or the server itself. */
static enum lr_code
find_peer(const struct lr_exchange *x, const struct lr_uri *uri, struct lr_proxy *peer)
{
	const char *proxy = lr_network_proxy(x->budget->network);
	if (proxy)
		return lr_proxy_parse(proxy, peer, x->err);
	plain_host(uri, peer->host);
	peer->port = uri->port;
	return LR_OK;
}

enum lr_code
lr_exchange_set_up(struct lr_exchange *x, const struct lr_https_request *request)
{
	const struct lr_uri *uri = request->uri;
	char host[256], url[sizeof(uri->host) + sizeof(uri->path) + 32];
	bool direct = !lr_network_proxy(x->budget->network);
	struct lr_addresses addresses;
	struct lr_proxy peer;
	plain_host(uri, host);
	enum lr_code code = find_peer(x, uri, &peer);
	if (code == LR_OK)
		code = lr_resolve(direct && *uri->address ? uri->address : peer.host, peer.port,
		    x->budget, &addresses, x->err);
	if (code != LR_OK)
		return code;
	snprintf(url, sizeof(url), strchr(host, ':') ? "%s://[%s]:%u%s" : "%s://%s:%u%s",
	    uri->scheme == LR_HTTPS ? "https" : "http", host, uri->port, uri->path);
	x->easy = curl_easy_init();
	x->multi = curl_multi_init();
	if (!x->easy || !x->multi || !set_options(x, request->ca_bundle, url) ||
	    (*uri->address && !set_address(x, uri->address)) ||
	    !((direct && *uri->address) || set_destination(x, peer.host, peer.port, &addresses)) ||
	    !set_conditions(x, request->conditions))
		return lr_fail(x->err, LR_ENOMEM, "libcurl cannot be set up");
	return LR_OK;
}
