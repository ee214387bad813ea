/*
 * https.c -- one HTTPS request, through libcurl.
 *
 * Names are looked up and redirects are followed outside of libcurl, whose resolver thread could
 * hold up the end.
 */
#include "https_parts.h"
#include "libcurl.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;

enum lr_code
lr_https_start(struct lr_error *err)
{
	CURLcode failed = CURLE_OK;
	pthread_mutex_lock(&users_lock);
	enum lr_code code = lr_libcurl_load(false, err);
	if (code == LR_OK && users == 0)
		failed = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (failed != CURLE_OK)
		code = lr_fail(err, LR_EIO, "libcurl: %s", curl_easy_strerror(failed));
	users += code == LR_OK;
	pthread_mutex_unlock(&users_lock);
	return code;
}

void
lr_https_stop(void)
{
	pthread_mutex_lock(&users_lock);
	if (--users == 0)
		curl_global_cleanup();
	pthread_mutex_unlock(&users_lock);
}

void
lr_https_before_chroot(void)
{
	pthread_mutex_lock(&users_lock);
	(void)lr_libcurl_load(true, NULL);
	pthread_mutex_unlock(&users_lock);
}

static int64_t
now(const struct lr_exchange *x)
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
	return strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "identity") == 0 ||
	       strcasecmp(coding, "x-gzip") == 0; /* RFC 9110 section 8.4.1.3: the same */
}

static size_t
on_header(char *line, size_t one, size_t length, void *arg)
{
	struct lr_exchange *x = arg;
	(void)one;
	x->last = now(x);
	x->header_octets += length;
	if (x->header_octets > x->budget->limits->header_octets) {
		x->code = lr_fail(x->err, LR_ELIMIT, "more than %zu octets of headers",
		    x->budget->limits->header_octets);
		return 0;
	}
	if (is_header(
		line, length, "HTTP/")) /* another response, after 100 Continue and the like */
		x->response->tags.etag[0] = x->response->tags.modified[0] = '\0';
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
	struct lr_exchange *x = arg;
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
	struct lr_exchange *x = arg;
	(void)total, (void)to_send, (void)sent;
	if (x->code != LR_OK)
		return 1;
	if ((uintmax_t)got > lr_budget_room(x->budget))
		x->code = lr_fail(
		    x->err, LR_ELIMIT, "more than %zu octets", x->budget->limits->wire_octets);
	else if (got > x->got) /* this is called as well when nothing has come */
		x->code = lr_budget_pace(x->budget, x->budget->octets + (size_t)got, x->err);
	x->got = got;
	return x->code != LR_OK;
}

static int
on_connected(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct lr_exchange *x = arg;
	(void)local, (void)local_port;
	snprintf(x->budget->peer, sizeof(x->budget->peer), "%s@%d", remote, remote_port);
	x->connected = true;
	x->last = now(x);
	return CURL_PREREQFUNC_OK;
}

/* OpenSSL tells of a lack of memory as of this and that, and libcurl of what OpenSSL tells, but
 * malloc() leaves ENOMEM in errno. Here before a failed handshake is told to the server, for which
 * errno is taken back. */
static int
on_event(CURL *easy, curl_infotype type, char *octets, size_t size, void *arg)
{
	struct lr_exchange *x = arg;
	(void)easy, (void)type, (void)octets, (void)size;
	x->starved |= errno == ENOMEM;
	return 0;
}

static bool
set_callbacks(struct lr_exchange *x)
{
	CURL *e = x->easy;
	CURLcode bad = 0;
	bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(e, CURLOPT_XFERINFODATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
	bad |= curl_easy_setopt(e, CURLOPT_PREREQDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_event);
	bad |= curl_easy_setopt(e, CURLOPT_DEBUGDATA, x);
	bad |= curl_easy_setopt(e, CURLOPT_VERBOSE, 1L); /* on_event is called */
	return bad == CURLE_OK;
}

static enum lr_code
prepare(struct lr_exchange *x, const struct lr_https_request *request)
{
	enum lr_code code = lr_exchange_set_up(x, request);
	if (code == LR_OK &&
	    (!set_callbacks(x) || curl_multi_add_handle(x->multi, x->easy) != CURLM_OK))
		code = lr_fail(x->err, LR_ENOMEM, "libcurl cannot be set up");
	return code;
}

static enum lr_code
take_response(struct lr_exchange *x)
{
	const char *to = NULL;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &x->response->status);
	curl_easy_getinfo(x->easy, CURLINFO_REDIRECT_URL, &to);
	x->response->redirect = to ? strdup(to) : NULL;
	return to && !x->response->redirect ? lr_fail(x->err, LR_ENOMEM, "out of memory") : LR_OK;
}

/* What libcurl ended with. */
static enum lr_code
verdict(struct lr_exchange *x, CURLcode result)
{
	const char *why = *x->reason ? x->reason : curl_easy_strerror(result);
	if (x->code != LR_OK)
		return x->code; /* said already */
	if (result != CURLE_OK && x->starved)
		result = CURLE_OUT_OF_MEMORY;
	switch (result) {
	case CURLE_OK:
		return take_response(x);
	case CURLE_OUT_OF_MEMORY:
		return lr_fail(x->err, LR_ENOMEM, "out of memory");
	case CURLE_COULDNT_CONNECT:
		if (x->unconnected.code != LR_OK)
			return lr_fail(x->err, x->unconnected.code, "%.200s", x->unconnected.text);
		return lr_fail(x->err, LR_EUNREACHABLE, "%.200s", why);
	case CURLE_PROXY:
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
patience(const struct lr_exchange *x, int64_t begun, const char **what, int *whole)
{
	const struct lr_limits *limits = x->budget->limits;
	*what = !x->connected ? "no connection" : x->header_octets ? "no more came" : "no answer";
	*whole = x->connected ? limits->idle_ms : limits->connect_ms;
	return (x->connected ? x->last : begun) + *whole - now(x);
}

static enum lr_code
perform(struct lr_exchange *x)
{
	struct curl_waitfd cancel = {.fd = x->budget->io->cancel_fd, .events = CURL_WAIT_POLLIN};
	int64_t begun = now(x);
	lr_budget_asked(x->budget);
	for (;;) {
		int running, messages, whole;
		const char *what;
		errno = 0;
		CURLMcode failed = curl_multi_perform(x->multi, &running);
		x->starved |= errno == ENOMEM;
		if (failed != CURLM_OK)
			return x->starved ? lr_fail(x->err, LR_ENOMEM, "out of memory")
					  : lr_fail(x->err, LR_EIO, "libcurl fails");
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
end(struct lr_exchange *x)
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
	curl_slist_free_all(x->looked_up);
	curl_slist_free_all(x->headers);
}

enum lr_code
lr_https_get(const struct lr_https_request *request, struct lr_budget *budget,
    struct lr_https_response *response, struct lr_error *err)
{
	struct lr_https_response got = {.body = NULL};
	struct lr_error ignored;
	struct lr_exchange x = {.budget = budget, .err = err ? err : &ignored, .response = &got};
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
