/* zone/fetch/https.c: what a web server answers on a connection, headers and all. Redirects are not
 * followed, for nobody outside is to be asked. */
#include "fuzz.h"
#include "source.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int listener = -1;
static char text[64];
static struct lr_source *source;
static struct {
	const uint8_t *bytes;
	size_t size;
} answer;

static int64_t
monotonic_ms(void *arg)
{
	struct timespec now;
	(void)arg;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
random16(void *arg, uint16_t *number)
{
	(void)arg;
	*number = 0x1234;
	return true;
}

static int64_t
wall(void *arg)
{
	(void)arg;
	return 1785900000;
}

/* One connection: the whole answer once the request has come. */
static void *
serve(void *arg)
{
	char request[4096] = "";
	size_t size = 0;
	struct pollfd comes = {.fd = listener, .events = POLLIN};
	(void)arg;
	int fd = poll(&comes, 1, 5000) == 1 ? accept(listener, NULL, NULL) : -1;
	while (fd >= 0 && size < sizeof(request) - 1 && !strstr(request, "\r\n\r\n")) {
		ssize_t got = recv(fd, request + size, sizeof(request) - 1 - size, 0);
		if (got <= 0)
			break;
		size += (size_t)got;
		request[size] = '\0';
	}
	for (size_t at = 0; fd >= 0 && at < answer.size;) {
		ssize_t sent = send(fd, answer.bytes + at, answer.size - at, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void
start(void)
{
	static const struct lr_source_options none;
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	struct lr_uri uri;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	FUZZ_HOLDS(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0 &&
		   listen(listener, 8) == 0 &&
		   getsockname(listener, (struct sockaddr *)&address, &length) == 0);
	snprintf(text, sizeof(text), "http://127.0.0.1:%u/root.zone", ntohs(address.sin_port));
	FUZZ_HOLDS(lr_uri_parse(text, &uri, NULL) == LR_OK &&
		   lr_source_new(&uri, &none, &source, NULL) == LR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct lr_io io = {-1, monotonic_ms, random16, NULL, true, wall};
	struct lr_limits limits = lr_limits_default;
	struct lr_fetched fetched;
	pthread_t thread;
	if (listener < 0)
		start();
	limits.redirects = 0;
	limits.idle_ms = limits.total_ms = 2000;
	answer.bytes = bytes;
	answer.size = size;
	FUZZ_HOLDS(pthread_create(&thread, NULL, serve, NULL) == 0);
	if (lr_source_fetch(source, fuzz_origin, NULL, &io, &limits, &fetched, NULL) == LR_OK)
		lr_draft_free(fetched.draft);
	pthread_join(thread, NULL);
	return 0;
}
