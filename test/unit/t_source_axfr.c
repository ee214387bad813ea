/* t_source_axfr.c -- AXFR over TCP, against a server in a thread that plays a script. */
#include "unit.h"

#include "outside.h"
#include "put_message.h"
#include "source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ID 0x1234
#define QR 0x8000

/* What the server does with each connection: after the query it sends BYTES, then ends as told. */
enum ending { CLOSE, HANG, RESET, RESET_AT_ONCE };

struct server {
	int listener;
	uint16_t port;
	pthread_t thread;
	size_t size;
	uint8_t bytes[200000];
	enum ending ending;
	size_t chunk;      /* octets sent at a time; zero for all at once */
	int cancel;        /* written to when everything is sent; -1 for none */
	size_t query_size; /* with its two octets of length */
	uint8_t query[600];
};

static struct server server;
static struct message m;

static void
serve_one(struct server *s, int fd)
{
	struct linger abort_it = {1, 0};
	int on = 1;
	char octet;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (s->ending != RESET_AT_ONCE && receive_all(fd, s->query, 2)) {
		s->query_size = 2 + ((size_t)s->query[0] << 8 | s->query[1]);
		if (s->query_size <= sizeof(s->query))
			receive_all(fd, s->query + 2, s->query_size - 2);
		for (size_t at = 0; at < s->size;) {
			size_t left = s->size - at,
			       chunk = s->chunk && s->chunk < left ? s->chunk : left;
			ssize_t sent = send(fd, s->bytes + at, chunk, MSG_NOSIGNAL);
			if (sent <= 0)
				break; /* the client has heard enough */
			at += (size_t)sent;
		}
	}
	if (s->cancel >= 0 && write(s->cancel, "x", 1) != 1)
		abort();
	if (s->ending == HANG)
		while (recv(fd, &octet, 1, 0) > 0) { /* until the client gives up */
		}
	if (s->ending == RESET || s->ending == RESET_AT_ONCE)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	close(fd);
}

static void *
serve(void *arg)
{
	struct server *s = arg;
	int fd;
	while ((fd = accept(s->listener, NULL, NULL)) >= 0)
		serve_one(s, fd);
	return NULL;
}

/* Wakes accept(). */
static void
stop_server(void)
{
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
}

/* An empty script */
static void
script(enum ending ending)
{
	server.size = server.chunk = server.query_size = 0;
	server.ending = ending;
	server.cancel = -1;
}

/* Adds M to the script, with its length before it. */
static void
add(void)
{
	server.bytes[server.size++] = (uint8_t)(m.size >> 8);
	server.bytes[server.size++] = (uint8_t)(m.size & 0xff);
	memcpy(server.bytes + server.size, m.bytes, m.size);
	server.size += m.size;
}

static void
add_first(unsigned answers)
{
	put_header(&m, ID, QR, 1, answers, 0);
	put_question(&m, ".", 252);
	put_soa(&m, 7);
}

/* A whole zone of three records in three messages */
static void
add_zone(void)
{
	add_first(1);
	add();
	put_header(&m, ID, QR, 0, 2, 0);
	put_a(&m, "a.", 1);
	put_a(&m, "b.", 2);
	add();
	put_header(&m, ID, QR, 0, 1, 1);
	put_soa(&m, 7);
	put_fixed(&m, ".", 41, 0, 8);
	put32(&m, 9 << 16 | 4);
	put32(&m, 600000);
	add();
}

/* A clock that goes on by *arg ms whenever it is
 * asked: a wait ends at once, or after so many looks. */
static int64_t
racing_clock(void *arg)
{
	static _Atomic int64_t now;
	int64_t step = *(int64_t *)arg;
	return atomic_fetch_add(&now, step) + step;
}

static bool
fixed_id(void *arg, uint16_t *number)
{
	(void)arg;
	*number = ID;
	return true;
}

static bool
no_id(void *arg, uint16_t *number)
{
	(void)arg, (void)number;
	return false;
}

static struct lr_io io = {-1, real_clock, fixed_id, NULL, false, NULL};
/* No test waits these out: a test that fails to stop in time runs into the limit of test/run. */
static struct lr_limits limits = {.connect_ms = 600000,
    .idle_ms = 600000,
    .total_ms = 600000,
    .work_ms = 600000,
    .wire_octets = 1 << 20,
    .draft = {1 << 20, 1000, 0},
    .resolve_ms = 600000,
    .addresses = 8,
    .messages = 1000000};

static void
set_times(int connect_ms, int idle_ms, int total_ms)
{
	limits.connect_ms = connect_ms;
	limits.idle_ms = idle_ms;
	limits.total_ms = total_ms;
}

static int
listen_on_loopback(int backlog, uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static enum lr_code
fetch_uri(const struct lr_uri *uri, const uint8_t *origin, struct lr_fetched *fetched,
    struct lr_error *err)
{
	const struct lr_source_options options = {.ca_bundle = NULL};
	struct lr_source *source;
	assert_int_equal(lr_source_new(uri, &options, &source, NULL), LR_OK);
	enum lr_code code = lr_source_fetch(source, origin, NULL, &io, &limits, fetched, err);
	lr_source_free(source);
	return code;
}

static enum lr_code
fetch_from(const char *host, uint16_t port, struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_uri uri;
	char text[64];
	snprintf(text, sizeof(text), "axfr:%s@%u", host, port);
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	err->text[0] = '\0';
	return fetch_uri(&uri, (const uint8_t *)"", fetched, err);
}

/* Plays the script once. */
static enum lr_code
fetch(struct lr_fetched *fetched, struct lr_error *err)
{
	server.listener = listen_on_loopback(1, &server.port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	enum lr_code code = fetch_from("127.0.0.1", server.port, fetched, err);
	stop_server();
	return code;
}

static void
expect_failure(enum lr_code code, const char *why)
{
	struct lr_fetched fetched = {.octets = 77};
	struct lr_error err;
	enum lr_code got = fetch(&fetched, &err);
	if (got != code || !strstr(err.text, why))
		fail_msg("%s: %s, not \"%s\"", lr_code_word(got), err.text, why);
	assert_int_equal(err.code, code);
	assert_int_equal(fetched.octets, 77); /* outputs on success only */
	assert_null(fetched.draft);
}

static void
expect_zone(size_t records)
{
	struct lr_fetched fetched = {.octets = 77};
	struct lr_error err;
	if (fetch(&fetched, &err) != LR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(lr_draft_count(fetched.draft), records);
	assert_int_equal(fetched.octets, server.size);
	lr_draft_free(fetched.draft);
}

static void
whole_zone(void **state)
{
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	script(HANG);
	add_zone();
	assert_int_equal(fetch(&fetched, &err), LR_OK);
	assert_int_equal(lr_draft_count(fetched.draft), 3);
	assert_int_equal(fetched.octets, server.size);
	assert_true(fetched.has_expire);
	assert_int_equal(fetched.expire, 600000);
	lr_draft_free(fetched.draft);
	/* what the server saw: t_transfer looks at the rest */
	assert_int_equal(server.query_size, 2 + 32);
	assert_memory_equal(server.query + 2, "\x12\x34\0\0\0\1", 6);
}

/* Lengths and messages in pieces, and several messages in one piece */
static void
in_pieces(void **state)
{
	(void)state;
	for (size_t chunk = 1; chunk < 8; chunk++) {
		script(HANG);
		server.chunk = chunk;
		add_zone();
		expect_zone(3);
	}
}

/* The longest message that TCP carries, then another */
static void
longest_message(void **state)
{
	(void)state;
	script(HANG);
	add_first(2);
	size_t rdata = 65535 - m.size - 11;
	put_fixed(&m, ".", 65280, 5, rdata);
	m.size += rdata;
	assert_int_equal(m.size, 65535);
	add();
	put_header(&m, ID, QR, 0, 1, 0);
	put_soa(&m, 7);
	add();
	expect_zone(2);
}

static void
refusals(void **state)
{
	(void)state;
	script(HANG);
	put_header(&m, ID, QR | 5, 1, 0, 0);
	put_question(&m, ".", 252);
	add();
	expect_failure(LR_EREFUSED, "REFUSED");
	script(HANG);
	put_header(&m, ID + 1, QR, 1, 0, 0);
	put_question(&m, ".", 252);
	add();
	expect_failure(LR_EFORMAT, "an answer to another query");
	script(HANG);
	put_header(&m, ID, QR, 1, 0, 0);
	put_question(&m, "com.", 252);
	add();
	expect_failure(LR_EFORMAT, "another question");
	script(HANG);
	put_header(&m, ID, QR | 0x200, 1, 0, 0);
	put_question(&m, ".", 252);
	add();
	expect_failure(LR_EFORMAT, "truncated");
}

static void
bad_records(void **state)
{
	(void)state;
	script(HANG); /* the zone changes on the way */
	add_first(2);
	put_soa(&m, 8);
	add();
	expect_failure(LR_EFORMAT, "closing SOA differs");
	script(HANG); /* a SOA in the middle ends the zone: more is too much */
	add_first(3);
	put_soa(&m, 7);
	put_a(&m, "a.", 1);
	add();
	expect_failure(LR_EFORMAT, "records after the closing SOA");
	script(HANG); /* in a message of its own nobody looks at it */
	add_zone();
	add_zone();
	struct lr_fetched fetched;
	struct lr_error err;
	assert_int_equal(fetch(&fetched, &err), LR_OK);
	assert_int_equal(lr_draft_count(fetched.draft), 3);
	lr_draft_free(fetched.draft);
	script(HANG);
	add_first(2);
	put_a(&m, "a.", 1);
	m.bytes[m.size - 11] = 3;
	add();
	expect_failure(LR_EFORMAT, "class 3");
	script(HANG); /* a compression loop */
	add_first(2);
	put16(&m, 0xc000 | (unsigned)m.size);
	put(&m, "\0\1\0\1\0\0\0\0\0\0", 10);
	add();
	expect_failure(LR_EFORMAT, "malformed record");
}

/* What is not of the zone is left out, as in a master file (RFC 8976 appendix A.2). */
static void
out_of_zone(void **state)
{
	static const char soa[] = "\0\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct lr_uri uri;
	struct lr_fetched fetched;
	char text[64];
	(void)state;
	script(HANG);
	put_header(&m, ID, QR, 1, 3, 0);
	put_question(&m, "example.", 252);
	put_fixed(&m, "example.", 6, 1, sizeof(soa));
	put(&m, soa, sizeof(soa));
	put_a(&m, "other.", 1);
	put_fixed(&m, "example.", 6, 1, sizeof(soa));
	put(&m, soa, sizeof(soa));
	add();
	server.listener = listen_on_loopback(1, &server.port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	snprintf(text, sizeof(text), "axfr:127.0.0.1@%u", server.port);
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	assert_int_equal(fetch_uri(&uri, (const uint8_t *)"\7example", &fetched, NULL), LR_OK);
	assert_int_equal(lr_draft_count(fetched.draft), 1);
	assert_int_equal(lr_draft_outside(fetched.draft), 1);
	lr_draft_free(fetched.draft);
	stop_server();
}

static void
closes_early(void **state)
{
	(void)state;
	script(CLOSE);
	expect_failure(LR_EFORMAT, "connection closed after 0 messages");
	script(CLOSE); /* no closing SOA */
	add_zone();
	server.size -= m.size + 2;
	expect_failure(LR_EFORMAT, "connection closed after 2 messages");
	script(CLOSE);
	add_zone();
	server.size -= 1;
	expect_failure(LR_EFORMAT, "connection closed after 2 messages, amid the next");
}

static void
resets(void **state)
{
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	script(RESET);
	expect_failure(LR_EIO, "connection reset after 0 messages");
	/* Before the query: the client notices while sending
	 * or while reading, and SIGPIPE must not kill it. */
	script(RESET_AT_ONCE);
	enum lr_code code = fetch(&fetched, &err);
	assert_true(code == LR_EIO || code == LR_EUNREACHABLE);
}

static void
no_messages(void **state)
{
	static const uint8_t lengths[][2] = {{0, 0}, {0, 11}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		script(HANG);
		memcpy(server.bytes, lengths[i], 2);
		server.size = 20;
		expect_failure(LR_EFORMAT, "octets are no message");
	}
	script(HANG);
	for (int i = 0; i < 20; i++) {
		put_header(&m, ID, QR, 1, 0, 0);
		put_question(&m, ".", 252);
		add();
	}
	expect_failure(LR_EFORMAT, "without records");
}

static void
too_large(void **state)
{
	struct lr_limits saved = limits;
	(void)state;
	script(HANG);
	add_zone();
	limits.wire_octets = server.size;
	expect_zone(3);
	limits.wire_octets = server.size - 1;
	script(HANG);
	add_zone();
	expect_failure(LR_ELIMIT, "octets");
	limits = saved;
	limits.draft.records = 2;
	script(HANG);
	add_zone();
	expect_failure(LR_ELIMIT, "records");
	limits = saved;
}

static void
silence(void **state)
{
	struct lr_limits saved = limits;
	int64_t pace = 10000;
	(void)state;
	io.monotonic_ms = racing_clock;
	io.arg = &pace;
	set_times(3600000, 5000, 3600000);
	script(HANG);
	expect_failure(LR_ETIMEOUT, "no answer within 5 s");
	io = (struct lr_io){-1, real_clock, fixed_id, NULL, false, NULL};

	/* By the real clock: a message, then nothing for 50 ms */
	set_times(600000, 50, 600000);
	script(HANG);
	add_first(1);
	add();
	expect_failure(LR_ETIMEOUT, "no more came within 0.05 s");

	/* The whole fetch's time ends a wait that has patience left. */
	set_times(600000, 600000, 50);
	script(HANG);
	expect_failure(LR_ETIMEOUT, "not finished within 0.05 s, after 0 messages");
	limits = saved;
}

/* A server that sends all the time, but never comes to an end */
static void
drip(void **state)
{
	struct lr_limits saved = limits;
	int64_t pace = 1000;
	(void)state;
	io.monotonic_ms = racing_clock;
	io.arg = &pace;
	set_times(600000, 600000, 60000);
	script(HANG);
	add_first(1);
	add();
	for (int i = 0; i < 3000; i++) {
		put_header(&m, ID, QR, 0, 1, 0);
		put_a(&m, "a.", 1);
		add();
	}
	server.chunk = 1;
	limits.draft.records = 100000;
	expect_failure(LR_ETIMEOUT, "not finished within 60 s");
	io = (struct lr_io){-1, real_clock, fixed_id, NULL, false, NULL};
	limits = saved;
}

static void
connection_refused(void **state)
{
	struct lr_fetched fetched;
	struct lr_error err;
	uint16_t port;
	int fd = listen_on_loopback(-1, &port); /* bound, but nobody listens */
	(void)state;
	assert_int_equal(fetch_from("127.0.0.1", port, &fetched, &err), LR_EUNREACHABLE);
	assert_string_equal(err.text, "connection refused");
	close(fd);
}

/* A server whose queue is full answers no SYN. */
static void
connection_unanswered(void **state)
{
	struct lr_limits saved = limits;
	struct lr_fetched fetched;
	struct lr_error err;
	uint16_t port;
	int fd = listen_on_loopback(0, &port), fillers[4];
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_true(fillers[i] >= 0);
		int ignored = connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
		(void)ignored;
	}
	limits.connect_ms = 50;
	assert_int_equal(fetch_from("127.0.0.1", port, &fetched, &err), LR_EUNREACHABLE);
	assert_string_equal(err.text, "no connection within 0.05 s");
	limits = saved;
	for (size_t i = 0; i < 4; i++)
		close(fillers[i]);
	close(fd);
}

static void
cancellation(void **state)
{
	int ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	io.cancel_fd = ends[0];
	script(HANG); /* while waiting for the first message */
	server.cancel = ends[1];
	expect_failure(LR_ECANCELLED, "cancelled");
	/* still readable: before anything is sent */
	script(CLOSE);
	expect_failure(LR_ECANCELLED, "cancelled");
	io.cancel_fd = -1;
	close(ends[0]);
	close(ends[1]);
}

/* Without random numbers no query is sent that others could guess. */
static void
no_random_numbers(void **state)
{
	(void)state;
	io.random16 = no_id;
	script(HANG);
	expect_failure(LR_EIO, "the system gives no random numbers");
	io.random16 = fixed_id;
}

/* localhost may be ::1 first, where nobody listens. */
static void
host_name(void **state)
{
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	script(HANG);
	add_zone();
	server.listener = listen_on_loopback(1, &server.port);
	assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
	if (fetch_from("localhost", server.port, &fetched, &err) != LR_OK)
		fail_msg("%s", err.text);
	stop_server();
	lr_draft_free(fetched.draft);
}

static void
many_messages(void **state)
{
	struct lr_limits saved = limits;
	(void)state;
	limits.messages = 3;
	script(HANG);
	add_zone();
	expect_zone(3);
	limits.messages = 2;
	script(HANG);
	add_zone();
	expect_failure(LR_ELIMIT, "more than 2 messages");
	limits = saved;
}

static void
large_record(void **state)
{
	struct lr_limits saved = limits;
	(void)state;
	limits.draft.record_octets = 26; /* the SOA's */
	script(HANG);
	add_zone();
	expect_zone(3);
	limits.draft.record_octets = 25;
	script(HANG);
	add_zone();
	expect_failure(LR_ELIMIT, "a record of more than 25 octets");
	limits = saved;
}

UNIT_TESTS(NULL, NULL, TEST(whole_zone), TEST(in_pieces), TEST(longest_message), TEST(refusals),
    TEST(bad_records), TEST(out_of_zone), TEST(closes_early), TEST(resets), TEST(no_messages),
    TEST(too_large), TEST(silence), TEST(drip), TEST(connection_refused),
    TEST(connection_unanswered), TEST(cancellation), TEST(no_random_numbers), TEST(host_name),
    TEST(many_messages), TEST(large_record))
