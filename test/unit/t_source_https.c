/* t_source_https.c -- HTTPS against a server in a thread: conditions, time limits, cancelling. The
 * rest is in test/daemon/d_sources.py and d_hostile.py. */
#include "unit.h"

#include "outside.h"
#include "seal.h"
#include "source.h"
#include "text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOA "SOA a. b. %d 1800 900 604800 86400\n"
#define NEXT_TO_COME 8

/* What the server does with one request. */
struct response {
	const char *text;
	size_t size; /* of it; 0: it ends with its NUL */
	bool drip;   /* the last octet again and again, until the client goes */
	bool hang;
	int cancel;         /* written to before that; 0 for none */
	char request[2048]; /* that came */
};

static struct response responses[NEXT_TO_COME];
static size_t count, played;
static int listener;
static uint16_t port;
static char folder[] = "/tmp/lr-https-XXXXXX", bundle[64], key[64];
static SSL_CTX *context;

static bool
no_random(void *arg, uint16_t *number)
{
	(void)arg, (void)number;
	return false;
}

static int64_t later_ms; /* than it is */

static int64_t
moved_clock(void *arg)
{
	return real_clock(arg) + later_ms;
}

static struct lr_io io = {-1, moved_clock, no_random, NULL, false, NULL};
static struct lr_limits limits;

static void
respond(SSL *ssl, struct response *r)
{
	size_t size = 0;
	while (size < sizeof(r->request) - 1 && !strstr(r->request, "\r\n\r\n")) {
		int got = SSL_read(ssl, r->request + size, (int)(sizeof(r->request) - 1 - size));
		if (got <= 0)
			return;
		size += (size_t)got;
		r->request[size] = '\0';
	}
	if (*r->text)
		SSL_write(ssl, r->text, (int)(r->size ? r->size : strlen(r->text)));
	if (r->cancel && write(r->cancel, "x", 1) != 1)
		abort();
	while (r->drip && SSL_write(ssl, "\n", 1) == 1)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	char octet;
	while (r->hang && SSL_read(ssl, &octet, 1) > 0) { /* until the client goes */
	}
	SSL_shutdown(ssl);
}

static void *
serve(void *arg)
{
	int fd;
	(void)arg;
	while (played < count && (fd = accept(listener, NULL, NULL)) >= 0) {
		SSL *ssl = SSL_new(context);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			respond(ssl, &responses[played++]);
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

static struct response *
next(const char *text)
{
	struct response *r = &responses[count++];
	memset(r, 0, sizeof(*r));
	r->text = text;
	return r;
}

static enum lr_code
fetch(struct lr_source *source, const struct lr_zone *held, struct lr_fetched *fetched,
    struct lr_error *err)
{
	pthread_t thread;
	played = 0;
	*fetched = (struct lr_fetched){.octets = 77};
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
	enum lr_code code =
	    lr_source_fetch(source, (const uint8_t *)"", held, &io, &limits, fetched, err);
	pthread_join(thread, NULL);
	assert_int_equal(played, count);
	count = 0;
	return code;
}

static struct lr_source *
make_source(void)
{
	const struct lr_source_options options = {.ca_bundle = bundle};
	struct lr_source *source;
	struct lr_uri uri;
	char text[64];
	snprintf(text, sizeof(text), "https://lab.example:%u/z@127.0.0.1", port);
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	assert_int_equal(lr_source_new(&uri, &options, &source, NULL), LR_OK);
	return source;
}

static const struct lr_zone *
make_zone(int serial)
{
	char text[128];
	struct lr_draft *draft;
	const struct lr_zone *zone;
	snprintf(text, sizeof(text), ". 86400 IN " SOA, serial);
	FILE *stream = fmemopen(text, strlen(text), "r");
	assert_non_null(stream);
	assert_int_equal(
	    lr_draft_new((const uint8_t *)"", &lr_limits_default.draft, &draft, NULL), LR_OK);
	assert_int_equal(lr_text_read(stream, draft, NULL), LR_OK);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &zone, NULL), LR_OK);
	lr_draft_free(draft);
	fclose(stream);
	return zone;
}

#define SEVEN ". 86400 IN SOA a. b. 7 1800 900 604800 86400\n"
#define GIVES_SEVEN "HTTP/1.1 200 OK\r\nETag: \"seven\"\r\nLast-Modified: Sun\r\n\r\n" SEVEN
#define NOT_MODIFIED "HTTP/1.1 304 Not Modified\r\n\r\n"

/* Conditions are sent when the zone held is the one
 * that they stand for, and 304 counts only then. */
static void
conditions(void **state)
{
	struct lr_source *source = make_source();
	const struct lr_zone *six = make_zone(6), *seven = make_zone(7);
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	next(GIVES_SEVEN);
	assert_int_equal(fetch(source, NULL, &fetched, &err), LR_OK);
	assert_int_equal(fetched.serial, 7);
	lr_draft_free(fetched.draft);
	assert_null(strstr(responses[0].request, "If-"));
	assert_non_null(strstr(responses[0].request, "GET /z HTTP/1.1\r\n"));
	assert_non_null(strstr(responses[0].request, "Accept-Encoding: gzip\r\n"));

	next(NOT_MODIFIED); /* it was not taken: serial 6 is still held */
	assert_int_equal(fetch(source, six, &fetched, &err), LR_EREFUSED);
	assert_null(strstr(responses[0].request, "If-"));
	assert_int_equal(fetched.octets, 77);

	next(NOT_MODIFIED);
	assert_int_equal(fetch(source, seven, &fetched, &err), LR_OK);
	assert_null(fetched.draft);
	assert_int_equal(fetched.serial, 7);
	assert_non_null(strstr(responses[0].request, "If-None-Match: \"seven\"\r\n"));
	assert_non_null(strstr(responses[0].request, "If-Modified-Since: Sun\r\n"));

	next("HTTP/1.1 200 OK\r\n\r\n. 86400 IN SOA a. b. 5 1800 900 604800 86400\n");
	assert_int_equal(fetch(source, seven, &fetched, &err), LR_ESERIAL);
	assert_string_equal(err.text, "has serial 5, older than 7");
	lr_source_free(source);
	lr_zone_unref(six);
	lr_zone_unref(seven);
}

/* A server that says for ever that nothing has changed is asked for the whole after 30 hours. */
static void
never_modified(void **state)
{
	struct lr_source *source = make_source();
	const struct lr_zone *seven = make_zone(7);
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	next(GIVES_SEVEN);
	assert_int_equal(fetch(source, NULL, &fetched, &err), LR_OK);
	lr_draft_free(fetched.draft);
	for (unsigned days = 0; days < 2; days++) {
		later_ms += 29 * 3600000;
		next(NOT_MODIFIED);
		assert_int_equal(fetch(source, seven, &fetched, &err), LR_OK);
		assert_null(fetched.draft);
		assert_non_null(strstr(responses[0].request, "If-None-Match: "));
		later_ms += 2 * 3600000;
		next(NOT_MODIFIED); /* without a condition that is no answer */
		assert_int_equal(fetch(source, seven, &fetched, &err), LR_EREFUSED);
		assert_null(strstr(responses[0].request, "If-"));
		next(GIVES_SEVEN);
		assert_int_equal(fetch(source, seven, &fetched, &err), LR_OK);
		assert_non_null(fetched.draft);
		lr_draft_free(fetched.draft);
	}
	later_ms = 0;
	lr_source_free(source);
	lr_zone_unref(seven);
}

/* Redirects: to the same host the address configured is kept; the number is limited. */
static void
redirects(void **state)
{
	struct lr_source *source = make_source();
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	limits.redirects = 1;
	for (unsigned hops = 1; hops <= 2; hops++) {
		for (unsigned i = 0; i < hops; i++)
			next("HTTP/1.1 302 Found\r\nLocation: /other@1.2.3.4\r\n\r\n");
		if (hops == 1)
			next(GIVES_SEVEN);
		enum lr_code code = fetch(source, NULL, &fetched, &err);
		assert_int_equal(code, hops == 1 ? LR_OK : LR_ELIMIT);
		/* not this program's way to write an address: the server's path */
		assert_non_null(strstr(responses[1].request, "GET /other@1.2.3.4 "));
		lr_draft_free(fetched.draft);
	}
	limits = lr_limits_default;
	lr_source_free(source);
}

static void
expect_failure(enum lr_code code, const char *why)
{
	struct lr_source *source = make_source();
	struct lr_fetched fetched;
	struct lr_error err;
	enum lr_code got = fetch(source, NULL, &fetched, &err);
	if (got != code || !strstr(err.text, why))
		fail_msg("%s: %s, not \"%s\"", lr_code_word(got), err.text, why);
	assert_int_equal(fetched.octets, 77);
	lr_source_free(source);
	limits = lr_limits_default;
}

static void
too_slow(void **state)
{
	(void)state;
	limits.total_ms = 300;
	next("HTTP/1.1 200 OK\r\n\r\n")->drip = true;
	expect_failure(LR_ETIMEOUT, "not finished within 0.3 s");
	limits.idle_ms = 200;
	next("HTTP/1.1 200 OK\r\n\r\n;")->hang = true;
	expect_failure(LR_ETIMEOUT, "no more came within 0.2 s");
	limits.idle_ms = 200;
	next("")->hang = true;
	expect_failure(LR_ETIMEOUT, "no answer within 0.2 s");
}

static void
too_large(void **state)
{
	(void)state;
	limits.wire_octets = sizeof(SEVEN) - 1;
	next(GIVES_SEVEN "\n");
	expect_failure(LR_ELIMIT, "more than");
	limits.header_octets = 50;
	next(GIVES_SEVEN);
	expect_failure(LR_ELIMIT, "more than 50 octets of headers");
}

/* SEVEN and 10,000 empty lines, by `gzip -n9`. */
#define PACKED                                                                                     \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xca\xb1\x09\x80\x30\x14\x04\xd0"             \
	"\xde\x29\xfe\x04\x21\x42\x88\xb1\xb4\xb4\xd1\xc2\x09\xe2\xfe\x43\x18\x1d\x43"             \
	"\xde\x83\x83\xe3\xb8\x14\xad\x96\x9c\x63\x3f\xe2\x3a\xb7\xe8\x29\xee\x14\x4b"             \
	"\xcc\x6d\x6c\xeb\x48\xcd\xe5\xad\xdf\x69\x02\x00\x00\x00\x00\x00\x00\x00\x00"             \
	"\x80\x3f\x78\x00\xcd\xaa\x57\x29\x3d\x27\x00\x00"

/* Few octets on the wire that become many. */
static void
too_large_unpacked(void **state)
{
	static const char packed[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" PACKED;
	static const size_t unpacked = sizeof(SEVEN) - 1 + 10000;
	struct lr_fetched fetched;
	(void)state;
	limits.wire_octets = unpacked - 1;
	next(packed)->size = sizeof(packed) - 1;
	expect_failure(LR_ELIMIT, "more than 10044 octets");
	struct lr_source *source = make_source();
	limits.wire_octets = unpacked;
	next(packed)->size = sizeof(packed) - 1;
	assert_int_equal(fetch(source, NULL, &fetched, NULL), LR_OK);
	assert_int_equal(fetched.serial, 7);
	lr_draft_free(fetched.draft);
	lr_source_free(source);
	limits = lr_limits_default;
}

/* RFC 9110 section 8.4.1.3: another name of gzip. */
static void
x_gzip(void **state)
{
	static const char packed[] = "HTTP/1.1 200 OK\r\nContent-Encoding: x-gzip\r\n\r\n" PACKED;
	struct lr_source *source = make_source();
	struct lr_fetched fetched;
	(void)state;
	next(packed)->size = sizeof(packed) - 1;
	assert_int_equal(fetch(source, NULL, &fetched, NULL), LR_OK);
	assert_int_equal(fetched.serial, 7);
	lr_draft_free(fetched.draft);
	lr_source_free(source);
}

/* Only https is followed: a file or another protocol is not for the server to choose. */
static void
redirects_elsewhere(void **state)
{
	static const char *const places[] = {
	    "http://127.0.0.1/z", "file:///etc/passwd", "axfr:127.0.0.1"};
	char text[128];
	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(
		    text, sizeof(text), "HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n", places[i]);
		next(text);
		expect_failure(LR_EREFUSED, "which is not https");
	}
}

/* What the redirects brought counts too, to the last octet. */
static void
too_large_after_redirect(void **state)
{
	(void)state;
	limits.wire_octets = sizeof(SEVEN) - 1;
	next("HTTP/1.1 302 Found\r\nLocation: /more\r\nContent-Length: 45\r\n\r\n"
	     "012345678901234567890123456789012345678901234");
	assert_int_equal(limits.wire_octets, 45);
	next(GIVES_SEVEN);
	expect_failure(LR_ELIMIT, "more than 45 octets");
}

/* Other codings than gzip were not asked for, and some take memory at the server's will. */
static void
other_codings(void **state)
{
	static const char *const codings[] = {"zstd", "br", "deflate", "gzip, gzip", "x", ""};
	char text[256];
	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
		snprintf(text, sizeof(text),
		    "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n" SEVEN, codings[i]);
		next(text);
		expect_failure(LR_EFORMAT, "a content coding that is not gzip");
	}
}

static void
cancelled(void **state)
{
	int ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	io.cancel_fd = ends[0];
	struct response *r = next("HTTP/1.1 200 OK\r\n\r\n;");
	r->hang = true;
	r->cancel = ends[1];
	expect_failure(LR_ECANCELLED, "cancelled");
	io.cancel_fd = -1;
	close(ends[0]);
	close(ends[1]);
}

static int
set_up(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	char command[512];
	(void)state;
	limits = lr_limits_default;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(folder))
		return -1;
	snprintf(bundle, sizeof(bundle), "%s/cert", folder);
	snprintf(key, sizeof(key), "%s/key", folder);
	snprintf(command, sizeof(command),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
	    "/CN=lab -addext subjectAltName=DNS:lab.example -keyout %s -out %s 2>/dev/null",
	    key, bundle);
	if (system(command) != 0)
		return -1;
	context = SSL_CTX_new(TLS_server_method());
	if (SSL_CTX_use_certificate_file(context, bundle, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return -1;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 8) != 0)
		return -1;
	getsockname(listener, (struct sockaddr *)&address, &length);
	port = ntohs(address.sin_port);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(context);
	close(listener);
	unlink(bundle);
	unlink(key);
	return rmdir(folder);
}

UNIT_TESTS(set_up, tear_down, TEST(conditions), TEST(never_modified), TEST(redirects),
    TEST(too_slow), TEST(too_large), TEST(too_large_after_redirect), TEST(other_codings),
    TEST(cancelled), TEST(too_large_unpacked), TEST(x_gzip), TEST(redirects_elsewhere))
