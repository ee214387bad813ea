/*
 * notify.c -- the listener's thread: sockets, and what came of each message.
 *
 * A stranger's message costs a look at its address and no more, a peer's a MAC at the most. What
 * comes over TCP may take its time (callers.h).
 */
#include "notify.h"
#include "callers.h"
#include "clock.h"
#include "notify_message.h"
#include "peers.h"
#include "serial.h"
#include "sockets.h"
#include "thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BURST_MAX 64   /* datagrams in a row, before anything else is looked at */
#define CALLER_MS 5000 /* that a caller may take for a message */
#define BIND_MS 10000  /* between two attempts */
#define PAUSE_MS 100   /* when there are no descriptors for a caller */
#define LOOK_MS 1000   /* between two looks at what is due by the clock */

/* One address to listen at. */
struct place {
	const struct lr_endpoint *endpoint;
	struct lr_sockets sockets;
	char trouble[LR_TROUBLE_TEXT]; /* why not, or empty; under the lock */
};

struct lr_listener {
	const struct lr_settings *settings;
	struct lr_listener_uses uses;
	struct lr_peers *peers;
	struct pollfd *fds; /* the thread's: of both eventfds, all callers and all sockets */
	pthread_t thread;
	bool running;
	int stop_fd, work_fd;
	int64_t bind_ms; /* the next attempt */
	struct lr_callers callers;
	pthread_mutex_t lock; /* of what people are told */
	struct lr_listener_facts facts;
	size_t place_count;
	struct place places[];
};

static int64_t
now_ms(void)
{
	return lr_clock_monotonic_ms(NULL);
}

static const char *
address_text(const struct sockaddr_storage *from, char text[INET6_ADDRSTRLEN])
{
	const void *address = from->ss_family == AF_INET
				  ? (const void *)&((const struct sockaddr_in *)from)->sin_addr
				  : (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr;
	if (!inet_ntop(from->ss_family, address, text, INET6_ADDRSTRLEN))
		strcpy(text, "?");
	return text;
}

/* What came of a message. */

/* The log is told of the first, and of each that doubles their number. */
static void
refuse(struct lr_listener *l, const struct sockaddr_storage *from, const struct lr_error *why)
{
	char text[INET6_ADDRSTRLEN];
	address_text(from, text);
	pthread_mutex_lock(&l->lock);
	uint64_t count = ++l->facts.passed_over;
	l->facts.passed_over_why = *why;
	memcpy(l->facts.passed_over_from, text, sizeof(text));
	pthread_mutex_unlock(&l->lock);
	if ((count & (count - 1)) == 0)
		log_warn("localroot: NOTIFY from %s passed over: %s (%" PRIu64 " so far)", text,
		    why->text, count);
}

static void
refuse_stranger(struct lr_listener *l, const struct sockaddr_storage *from)
{
	struct lr_error why;
	lr_fail(&why, LR_EREFUSED, "neither a source nor in localroot-allow-notify");
	refuse(l, from, &why);
}

/* Whether the zone held may be served and is no older than the one announced (RFC 1996 section
 * 3.7). */
static bool
is_known(struct lr_listener *l, const struct lr_notify *notify)
{
	struct lr_held_facts copy;
	lr_mirror_facts(l->uses.mirror, &copy);
	return notify->has_serial && copy.held && lr_clock_wall() < copy.horizon &&
	       !lr_serial_newer(notify->serial, copy.state.serial);
}

static void
heed(struct lr_listener *l, const struct sockaddr_storage *from, const struct lr_peer *peer,
    const struct lr_notify *notify)
{
	char text[INET6_ADDRSTRLEN];
	bool known = is_known(l, notify);
	address_text(from, text);
	pthread_mutex_lock(&l->lock);
	l->facts.heeded++;
	memcpy(l->facts.heeded_from, text, sizeof(text));
	pthread_mutex_unlock(&l->lock);
	lr_say(VERB_DETAIL, "localroot: NOTIFY from %s%s", text, known ? ": nothing new" : "");
	if (!known)
		lr_refresher_notify(l->uses.refresher, peer->source, notify->authentic);
}

/* The octets of the answer; 0: there is none. */
static size_t
handle(void *listener, const struct sockaddr_storage *from, const uint8_t *request, size_t size,
    uint8_t answer[LR_NOTIFY_ANSWER_MAX])
{
	struct lr_listener *l = listener;
	static const uint8_t root_name[] = {0};
	struct lr_error why = {LR_OK, ""};
	struct lr_notify notify;
	struct lr_peer peer;
	size_t answer_size = 0;
	if (!lr_peers_find(l->peers, (const struct sockaddr *)from, &peer)) {
		refuse_stranger(l, from);
		return 0; /* RFC 1996 section 3.10 */
	}
	const struct lr_notify_rules rules = {.origin = root_name,
	    .keys = l->settings->tsig_keys,
	    .signed_only = peer.signed_only,
	    .key = peer.key,
	    .now = lr_clock_wall()};
	if (lr_notify_answer(&rules, request, size, &notify, answer, &answer_size, &why) == LR_OK)
		heed(l, from, &peer, &notify);
	else
		refuse(l, from, &why);
	return answer_size;
}

/* Datagrams. */

/* False: there was none. */
static bool
take_datagram(struct lr_listener *l, int fd)
{
	struct lr_datagram datagram;
	uint8_t answer[LR_NOTIFY_ANSWER_MAX];
	if (!lr_datagram_receive(fd, &datagram))
		return false;
	size_t size = handle(l, &datagram.from, datagram.octets, datagram.size, answer);
	if (size)
		lr_datagram_answer(fd, &datagram, answer, size);
	return true;
}

static void
take_datagrams(struct lr_listener *l, int fd)
{
	for (unsigned i = 0; i < BURST_MAX && take_datagram(l, fd); i++) { /* the next */
	}
}

/* Connections. */

/* From peers alone: nobody else gets one of the few places. */
static void
accept_caller(struct lr_listener *l, int listener)
{
	struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
	socklen_t length = sizeof(from);
	struct lr_peer peer;
	int fd = accept4(listener, (struct sockaddr *)&from, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		/* Without descriptors it would be asked at once, again and again. */
		struct pollfd stop = {.fd = l->stop_fd, .events = POLLIN};
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			(void)poll(&stop, 1, PAUSE_MS);
		return;
	}
	if (lr_peers_find(l->peers, (const struct sockaddr *)&from, &peer)) {
		lr_callers_add(&l->callers, fd, &from, now_ms());
	} else {
		refuse_stranger(l, &from);
		close(fd);
	}
}

/* Sockets. */

/* One line in the log where that begins to fail, and one where it succeeds. */
static void
bind_place(struct lr_listener *l, struct place *place)
{
	const char *where = place->endpoint->text;
	int error = lr_sockets_bind(&place->sockets, place->endpoint);
	bool told = *place->trouble;
	pthread_mutex_lock(&l->lock);
	snprintf(place->trouble, sizeof(place->trouble), "%s", error ? strerror(error) : "");
	pthread_mutex_unlock(&l->lock);
	if (error && !told)
		log_err("localroot: localroot-notify: %s: cannot listen: %s%s; tried again every "
			"%d s",
		    where, strerror(error),
		    error == EACCES ? " (Unbound has given up root: take a port above 1023)" : "",
		    BIND_MS / 1000);
	else if (!error)
		log_info("localroot: listens for NOTIFY at %s", where);
}

static void
bind_places(struct lr_listener *l)
{
	if (now_ms() < l->bind_ms)
		return;
	l->bind_ms = now_ms() + BIND_MS;
	for (size_t i = 0; i < l->place_count; i++)
		if (l->places[i].sockets.tcp < 0)
			bind_place(l, &l->places[i]);
}

/* The thread. */

/* poll() passes over what is -1. False: asked to stop. */
static bool
wait_and_take(struct lr_listener *l, struct pollfd *fds)
{
	size_t count = 0;
	fds[count++] = (struct pollfd){.fd = l->stop_fd, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = l->work_fd, .events = POLLIN};
	for (size_t i = 0; i < LR_CALLERS_MAX; i++)
		fds[count++] = (struct pollfd){.fd = l->callers.list[i].fd, .events = POLLIN};
	for (size_t i = 0; i < l->place_count; i++) {
		fds[count++] = (struct pollfd){.fd = l->places[i].sockets.udp, .events = POLLIN};
		fds[count++] = (struct pollfd){.fd = l->places[i].sockets.tcp, .events = POLLIN};
	}
	(void)poll(fds, (nfds_t)count, LOOK_MS);
	if (fds[0].revents)
		return false;
	const struct pollfd *places = fds + 2 + LR_CALLERS_MAX;
	for (size_t i = 0; i < LR_CALLERS_MAX; i++)
		if (fds[2 + i].revents)
			lr_callers_hear(&l->callers, i, handle, l, now_ms());
	for (size_t i = 0; i < l->place_count; i++) {
		if (places[2 * i].revents)
			take_datagrams(l, l->places[i].sockets.udp);
		if (places[2 * i + 1].revents)
			accept_caller(l, l->places[i].sockets.tcp);
	}
	return true;
}

static void *
run(void *arg)
{
	struct lr_listener *l = arg;
	while (wait_and_take(l, l->fds)) {
		eventfd_t count;
		(void)eventfd_read(l->work_fd, &count);
		lr_callers_hang_up(&l->callers, now_ms() - CALLER_MS);
		bind_places(l);
		lr_peers_work(l->peers, now_ms());
	}
	return NULL;
}

struct lr_listener *
lr_listener_new(const struct lr_settings *settings)
{
	struct lr_listener *l =
	    calloc(1, sizeof(*l) + settings->notify_count * sizeof(l->places[0]));
	struct pollfd *fds = calloc(2 + LR_CALLERS_MAX + 2 * settings->notify_count, sizeof(*fds));
	if (!l || !fds) {
		free(l);
		free(fds);
		return NULL;
	}
	l->fds = fds;
	l->settings = settings;
	l->place_count = settings->notify_count;
	l->stop_fd = l->work_fd = -1;
	pthread_mutex_init(&l->lock, NULL);
	lr_callers_init(&l->callers);
	for (size_t i = 0; i < l->place_count; i++)
		l->places[i] =
		    (struct place){.endpoint = &settings->notify[i], .sockets = {-1, -1}};
	return l;
}

void
lr_listener_free(struct lr_listener *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->fds);
	free(l);
}

static enum lr_code
prepare(struct lr_listener *l, struct lr_error *err)
{
	l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->work_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	enum lr_code code = l->stop_fd < 0 || l->work_fd < 0
				? lr_fail(err, LR_EIO, "eventfd: %s", strerror(errno))
				: lr_peers_new(l->settings, l->work_fd, &l->peers, err);
	if (code != LR_OK)
		return code;
	bind_places(l);
	lr_peers_work(l->peers, now_ms());
	return lr_thread_start(&l->thread, run, l, err);
}

static void
note_trouble(struct lr_listener *l, const char *why)
{
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->place_count; i++)
		snprintf(l->places[i].trouble, sizeof(l->places[i].trouble), "%s", why);
	pthread_mutex_unlock(&l->lock);
}

enum lr_code
lr_listener_start(struct lr_listener *l, const struct lr_listener_uses *uses, struct lr_error *err)
{
	l->uses = *uses;
	enum lr_code code = prepare(l, err);
	l->running = code == LR_OK;
	if (code != LR_OK) {
		lr_listener_stop(l);
		note_trouble(l, err->text);
	}
	return code;
}

void
lr_listener_stop(struct lr_listener *l)
{
	if (!l)
		return;
	if (l->running) {
		(void)eventfd_write(l->stop_fd, 1);
		pthread_join(l->thread, NULL);
	}
	l->running = false;
	lr_callers_hang_up(&l->callers, INT64_MAX);
	for (size_t i = 0; i < l->place_count; i++)
		lr_sockets_close(&l->places[i].sockets);
	lr_peers_free(l->peers);
	l->peers = NULL;
	if (l->stop_fd >= 0)
		close(l->stop_fd);
	if (l->work_fd >= 0)
		close(l->work_fd);
	l->stop_fd = l->work_fd = -1;
}

void
lr_listener_facts(
    struct lr_listener *l, struct lr_listener_facts *facts, struct lr_place_facts *places)
{
	pthread_mutex_lock(&l->lock);
	*facts = l->facts;
	for (size_t i = 0; i < l->place_count; i++) {
		places[i].endpoint = l->places[i].endpoint->text;
		memcpy(places[i].trouble, l->places[i].trouble, sizeof(places[i].trouble));
	}
	pthread_mutex_unlock(&l->lock);
}
