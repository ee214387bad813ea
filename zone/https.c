/*
 * https.c -- one HTTPS request, through libcurl.
 *
 * Names are looked up and redirects are followed outside of libcurl, whose resolver thread could
 * hold up the end.
 */
#include "https.h"
#include "lr_config.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One request and its response. */
struct exchange {
	struct lr_budget *budget;
	struct lr_error *err;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *addresses, *headers; /* "HOST:PORT:ADDRESS…", and what to send */
	char reason[CURL_ERROR_SIZE];
	enum lr_code code; /* why a callback broke it off */
	bool connected;
	int64_t last; /* when something came, or the connection stood */
	size_t header_octets;
	struct lr_https_response *response;
	size_t room; /* of its body */
};

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;

enum lr_code
lr_https_start(struct lr_error *err)
{
	pthread_mutex_lock(&users_lock);
	CURLcode failed = users == 0 ? curl_global_init(CURL_GLOBAL_DEFAULT) : CURLE_OK;
	if (failed == CURLE_OK)
		users++;
	pthread_mutex_unlock(&users_lock);
	if (failed != CURLE_OK)
		return lr_fail(err, LR_EIO, "libcurl: %s", curl_easy_strerror(failed));
	return LR_OK;
}

void
lr_https_stop(void)
{
	pthread_mutex_lock(&users_lock);
	if (--users == 0)
		curl_global_cleanup();
	pthread_mutex_unlock(&users_lock);
}

static int64_t
now(const struct exchange *x)
{
	return x->budget->io->monotonic_ms(x->budget->io->arg);
}

/* Keeps a header's value if it is one that can be sent back. */
static void
remember(char tag[LR_TAG_MAX], const char *value, size_t length)
{
	while (length > 0 && (value[0] == ' ' || value[0] == '\t')) {
		value++;
		length--;
	}
	while (length > 0 && strchr(" \t\r\n", value[length - 1]))
		length--;
	tag[0] = '\0';
	if (length >= LR_TAG_MAX)
		return;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return;
	memcpy(tag, value, length);
	tag[length] = '\0';
}

static bool
is_header(const char *line, size_t length, const char *name)
{
	return length > strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

/* We ask for gzip alone; libcurl would undo whatever it can, with as much memory as that takes. */
static bool
asked_for(const char *value, size_t length)
{
	char coding[LR_TAG_MAX];
	remember(coding, value, length);
	return strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "identity") == 0;
}

static size_t
on_header(char *line, size_t one, size_t length, void *arg)
{
	struct exchange *x = arg;
	(void)one;
	x->last = now(x);
	x->header_octets += length;
	if (x->header_octets > x->budget->limits->header_octets) {
		x->code = lr_fail(x->err, LR_ELIMIT, "more than %zu octets of headers",
		    x->budget->limits->header_octets);
		return 0;
	}
	if (is_header(line, length, "HTTP/"))
		x->response->tags.etag[0] = x->response->tags.modified[0] =
		    '\0'; /* 100 Continue and the like */
	else if (is_header(line, length, "etag:"))
		remember(x->response->tags.etag, line + 5, length - 5);
	else if (is_header(line, length, "last-modified:"))
		remember(x->response->tags.modified, line + 14, length - 14);
	else if (is_header(line, length, "content-encoding:") &&
		 !asked_for(line + 17, length - 17)) {
		x->code = lr_fail(x->err, LR_EFORMAT, "a content coding that is not gzip");
		return 0;
	}
	return length;
}

/* Decompressed octets: a small body may become a large one, and all of it in one go. */
static size_t
on_body(char *octets, size_t one, size_t length, void *arg)
{
	struct exchange *x = arg;
	size_t max = x->budget->limits->wire_octets;
	(void)one;
	x->last = now(x);
	if ((x->code = lr_budget_check(x->budget, x->err)) != LR_OK)
		return 0;
	if (length > max - x->response->size) {
		x->code = lr_fail(x->err, LR_ELIMIT, "more than %zu octets", max);
		return 0;
	}
	if (x->response->size + length > x->room) {
		size_t room = x->room ? 2 * x->room : 1 << 20;
		while (room < x->response->size + length)
			room *= 2;
		char *body = realloc(x->response->body, room);
		if (!body) {
			x->code = lr_fail(x->err, LR_ENOMEM, "out of memory");
			return 0;
		}
		x->response->body = body;
		x->room = room;
	}
	memcpy(x->response->body + x->response->size, octets, length);
	x->response->size += length;
	return length;
}

/* Octets as they come over the wire: they may decompress to nothing. */
static int
on_progress(void *arg, curl_off_t total, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
	struct exchange *x = arg;
	(void)total, (void)to_send, (void)sent;
	if ((uintmax_t)got <= lr_budget_room(x->budget))
		return 0;
	x->code = lr_fail(
	    x->err, LR_ELIMIT, "more than %zu octets", x->budget->limits->wire_octets);
	return 1;
}

static int
on_connected(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct exchange *x = arg;
	(void)remote, (void)local, (void)remote_port, (void)local_port;
	x->connected = true;
	x->last = now(x);
	return CURL_PREREQFUNC_OK;
}

/* What CURLOPT_RESOLVE takes: "HOST:PORT:ADDRESS,[ADDRESS]". */
static bool
set_looked_up(struct exchange *x, const char *host, const struct lr_uri *uri,
    const struct lr_addresses *addresses)
{
	char text[512 + LR_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3)];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s:%u:", host, uri->port);
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
	x->addresses = curl_slist_append(NULL, text);
	return x->addresses && curl_easy_setopt(x->easy, CURLOPT_RESOLVE, x->addresses) == CURLE_OK;
}

/* What CURLOPT_CONNECT_TO takes: "HOST:PORT:ADDRESS:PORT", where nothing stands for whichever. */
static bool
set_address(struct exchange *x, const char *address)
{
	char text[64 + 8];
	snprintf(text, sizeof(text), strchr(address, ':') ? "::[%s]:" : "::%s:", address);
	x->addresses = curl_slist_append(NULL, text);
	return x->addresses &&
	       curl_easy_setopt(x->easy, CURLOPT_CONNECT_TO, x->addresses) == CURLE_OK;
}

/* An address as host needs nothing, and CURLOPT_RESOLVE takes no IPv6 address as host. */
static bool
set_destination(struct exchange *x, const char *host, const struct lr_uri *uri,
    const struct lr_addresses *addresses)
{
	struct in6_addr unused;
	if (*uri->address)
		return set_address(x, uri->address);
	if (inet_pton(AF_INET, host, &unused) == 1 || inet_pton(AF_INET6, host, &unused) == 1)
		return true;
	return set_looked_up(x, host, uri, addresses);
}

/* Only where the zone held is the one that the tags stand for. */
static bool
set_conditions(struct exchange *x, const struct lr_tags *tags)
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

static bool
set_options(struct exchange *x, const char *ca_bundle, const char *url)
{
	CURL *e = x->easy;
	CURLcode bad = 0;
	/* Macros that check types: no loop over a table. */
	bad |= curl_easy_setopt(e, CURLOPT_URL, url);
	bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	bad |= curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_PROXY, ""); /* nor the environment's */
	bad |= curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	bad |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	bad |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	bad |= curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, "unbound-localroot/" PACKAGE_VERSION);
	bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->reason);
	bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)x->budget->limits->connect_ms);
	bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(e, CURLOPT_XFERINFODATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
	bad |= curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
	if (ca_bundle) { /* and nobody else: neither the system's folder nor its own store */
		bad |= curl_easy_setopt(e, CURLOPT_CAINFO, ca_bundle);
		bad |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
		bad |= curl_easy_setopt(e, CURLOPT_SSL_OPTIONS, 0L);
	}
	return bad == CURLE_OK;
}

static enum lr_code
prepare(struct exchange *x, const struct lr_https_request *request)
{
	const struct lr_uri *uri = request->uri;
	char host[256], url[sizeof(uri->host) + sizeof(uri->path) + 32];
	struct lr_addresses addresses;
	plain_host(uri, host);
	enum lr_code code = lr_resolve(*uri->address ? uri->address : host, uri->port,
	    x->budget, &addresses, x->err);
	if (code != LR_OK)
		return code;
	snprintf(url, sizeof(url), strchr(host, ':') ? "https://[%s]:%u%s" : "https://%s:%u%s",
	    host, uri->port, uri->path);
	x->easy = curl_easy_init();
	x->multi = curl_multi_init();
	if (!x->easy || !x->multi || !set_options(x, request->ca_bundle, url) ||
	    !set_destination(x, host, uri, &addresses) || !set_conditions(x, request->conditions) ||
	    curl_multi_add_handle(x->multi, x->easy) != CURLM_OK)
		return lr_fail(x->err, LR_ENOMEM, "libcurl cannot be set up");
	return LR_OK;
}

static enum lr_code
take_response(struct exchange *x)
{
	const char *to = NULL;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &x->response->status);
	curl_easy_getinfo(x->easy, CURLINFO_REDIRECT_URL, &to);
	x->response->redirect = to ? strdup(to) : NULL;
	return to && !x->response->redirect ? lr_fail(x->err, LR_ENOMEM, "out of memory") : LR_OK;
}

/* What libcurl ended with. */
static enum lr_code
verdict(struct exchange *x, CURLcode result)
{
	const char *why = *x->reason ? x->reason : curl_easy_strerror(result);
	if (x->code != LR_OK)
		return x->code; /* said already */
	switch (result) {
	case CURLE_OK:
		return take_response(x);
	case CURLE_OUT_OF_MEMORY:
		return lr_fail(x->err, LR_ENOMEM, "out of memory");
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return lr_fail(x->err, LR_EUNREACHABLE, "%.200s", why);
	case CURLE_OPERATION_TIMEDOUT: /* CURLOPT_CONNECTTIMEOUT_MS, by libcurl's own clock */
		return lr_fail(x->err, LR_EUNREACHABLE, "no connection within %g s",
		    x->budget->limits->connect_ms / 1000.0);
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return lr_fail(x->err, LR_EIO, "%.200s", why);
	default:
		return lr_fail(x->err, LR_EFORMAT, "%.200s", why);
	}
}

/* How long there may be nothing; *what and *whole are for when it is over. */
static int64_t
patience(const struct exchange *x, int64_t begun, const char **what, int *whole)
{
	const struct lr_limits *limits = x->budget->limits;
	*what = !x->connected ? "no connection" : x->header_octets ? "no more came" : "no answer";
	*whole = x->connected ? limits->idle_ms : limits->connect_ms;
	return (x->connected ? x->last : begun) + *whole - now(x);
}

static enum lr_code
perform(struct exchange *x)
{
	struct curl_waitfd cancel = {.fd = x->budget->io->cancel_fd, .events = CURL_WAIT_POLLIN};
	int64_t begun = now(x);
	for (;;) {
		int running, messages, whole;
		const char *what;
		if (curl_multi_perform(x->multi, &running) != CURLM_OK)
			return lr_fail(x->err, LR_EIO, "libcurl fails");
		const CURLMsg *message = curl_multi_info_read(x->multi, &messages);
		if (message && message->msg == CURLMSG_DONE)
			return verdict(x, message->data.result);
		enum lr_code code = lr_budget_check(x->budget, x->err);
		if (code != LR_OK)
			return code;
		int64_t left = patience(x, begun, &what, &whole);
		if (left <= 0)
			return lr_fail(x->err, x->connected ? LR_ETIMEOUT : LR_EUNREACHABLE,
			    "%s within %g s", what, whole / 1000.0);
		if (left > lr_budget_left(x->budget))
			left = lr_budget_left(x->budget);
		if (curl_multi_poll(x->multi, &cancel, cancel.fd >= 0, (int)left, NULL) != CURLM_OK)
			return lr_fail(x->err, LR_EIO, "libcurl fails");
	}
}

static void
end(struct exchange *x)
{
	curl_off_t got = 0;
	if (x->easy) {
		curl_easy_getinfo(x->easy, CURLINFO_SIZE_DOWNLOAD_T, &got);
		x->budget->octets += (size_t)got + x->header_octets;
	}
	if (x->easy && x->multi)
		curl_multi_remove_handle(x->multi, x->easy);
	curl_easy_cleanup(x->easy);
	curl_multi_cleanup(x->multi);
	curl_slist_free_all(x->addresses);
	curl_slist_free_all(x->headers);
}

enum lr_code
lr_https_get(const struct lr_https_request *request, struct lr_budget *budget,
    struct lr_https_response *response, struct lr_error *err)
{
	struct lr_https_response got = {.body = NULL};
	struct lr_error ignored;
	struct exchange x = {.budget = budget, .err = err ? err : &ignored, .response = &got};
	enum lr_code code = prepare(&x, request);
	if (code == LR_OK)
		code = perform(&x);
	end(&x);
	if (code == LR_OK)
		*response = got;
	else
		lr_https_response_clear(&got);
	return code;
}

void
lr_https_response_clear(struct lr_https_response *response)
{
	free(response->redirect);
	free(response->body);
}
