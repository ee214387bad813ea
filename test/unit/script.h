/* script.h -- a server in a thread that plays a script over TCP: for every connection, for every
 * query on it, the messages of one answer. A unit test needs it in its own process, without
 * Python and without a network namespace; for real daemons there is test/lab/scripted.py. */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include "unit.h"

#include "outside.h"
#include "put_message.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERS_MAX 8

/* The answer to one query: BYTES, then on to the next query, or the end of the connection. */
struct answer {
	size_t size;
	uint8_t bytes[8192];
	bool last;         /* of its connection */
	uint16_t asked;    /* the type of the query that came */
	size_t query_size; /* without the length */
	uint8_t query[1200];
};

static struct script {
	int listener;
	uint16_t port;
	pthread_t thread;
	size_t count, played, connections;
	struct answer answers[ANSWERS_MAX];
} script;

static struct message m;

static bool
script_answer(int fd, struct answer *a)
{
	uint8_t length[2];
	if (!receive_all(fd, length, 2))
		return false;
	a->query_size = (size_t)length[0] << 8 | length[1];
	if (a->query_size > sizeof(a->query) || !receive_all(fd, a->query, a->query_size))
		return false;
	a->asked = (uint16_t)(a->query[13] << 8 | a->query[14]); /* of "." */
	for (size_t at = 0; at < a->size;) {
		ssize_t sent = send(fd, a->bytes + at, a->size - at, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += (size_t)sent;
	}
	return true;
}

static void *
script_serve(void *arg)
{
	(void)arg;
	int fd;
	while ((fd = accept(script.listener, NULL, NULL)) >= 0) {
		bool last = false;
		script.connections++;
		while (!last && script.played < script.count) {
			struct answer *a = &script.answers[script.played];
			if (!script_answer(fd, a))
				break;
			last = a->last;
			script.played++;
		}
		uint8_t octet;
		if (!last) /* until the client goes; one that asks for more is hung up on */
			(void)!recv(fd, &octet, 1, 0);
		close(fd);
	}
	return NULL;
}

static inline void
script_begin(void)
{
	script.count = script.played = script.connections = 0;
}

/* Begins the answer to the next query. */
static inline struct answer *
script_next(bool last)
{
	struct answer *a = &script.answers[script.count++];
	assert_true(script.count <= ANSWERS_MAX);
	a->size = 0;
	a->last = last;
	a->asked = 0;
	return a;
}

/* Adds M to the answer begun last. */
static inline void
script_add(void)
{
	struct answer *a = &script.answers[script.count - 1];
	assert_true(a->size + 2 + m.size <= sizeof(a->bytes));
	a->bytes[a->size++] = (uint8_t)(m.size >> 8);
	a->bytes[a->size++] = (uint8_t)(m.size & 0xff);
	memcpy(a->bytes + a->size, m.bytes, m.size);
	a->size += m.size;
}

/* PORT: the one that a source knows from before; 0: any. */
static inline void
script_start(uint16_t port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int on = 1;
	script.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(script.listener >= 0);
	setsockopt(script.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(script.listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(script.listener, 8), 0);
	assert_int_equal(getsockname(script.listener, (struct sockaddr *)&address, &length), 0);
	script.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&script.thread, NULL, script_serve, NULL), 0);
}

static inline void
script_stop(void)
{
	shutdown(script.listener, SHUT_RDWR); /* wakes accept() */
	pthread_join(script.thread, NULL);
	close(script.listener);
}

#endif
