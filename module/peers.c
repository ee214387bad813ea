#include "peers.h"
#include "aside.h"
#include "clock.h"
#include "resolve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define AGAIN_MS 3600000 /* after a look-up */
#define RETRY_MS 60000   /* after one that failed */
#define END_MS 500       /* that lr_peers_free() waits for one */

/* A host being looked up. */
struct lookup {
	struct lr_aside *aside;
	size_t source; /* the one that is looked up */
	char host[sizeof(((struct lr_uri *)0)->host)];
	int cancel_fd;
	enum lr_code code;
	struct lr_addresses addresses;
};

/* A source that zones are transferred from. */
struct server {
	bool transfers, named;
	int64_t due_ms; /* the next look-up, where it has a name */
	struct lr_addresses addresses;
};

struct lr_peers {
	const struct lr_settings *settings;
	int notify_fd;
	struct lookup *lookup;   /* or NULL */
	struct server servers[]; /* in the sources' order */
};

/* A host that is written as an address is known at once. */
static void
begin(struct server *server, const struct lr_uri *uri)
{
	struct lr_endpoint endpoint;
	server->transfers = lr_uri_is_transfer(uri);
	server->named =
	    server->transfers && lr_endpoint_parse(uri->host, uri->port, &endpoint, NULL) != LR_OK;
	if (!server->transfers || server->named)
		return;
	server->addresses.count = 1;
	memcpy(&server->addresses.list[0].socket, &endpoint.socket, endpoint.length);
	server->addresses.list[0].length = endpoint.length;
}

enum lr_code
lr_peers_new(
    const struct lr_settings *settings, int notify_fd, struct lr_peers **out, struct lr_error *err)
{
	struct lr_peers *peers =
	    calloc(1, sizeof(*peers) + settings->source_count * sizeof(peers->servers[0]));
	if (!peers)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	peers->settings = settings;
	peers->notify_fd = notify_fd;
	for (size_t i = 0; i < settings->source_count; i++)
		begin(&peers->servers[i], &settings->sources[i]);
	*out = peers;
	return LR_OK;
}

static void
lookup_free(void *job)
{
	struct lookup *lookup = job;
	if (lookup->cancel_fd >= 0)
		close(lookup->cancel_fd);
	free(lookup);
}

void
lr_peers_free(struct lr_peers *peers)
{
	if (!peers)
		return;
	struct lookup *lookup = peers->lookup;
	if (lookup) {
		(void)eventfd_write(lookup->cancel_fd, 1);
		if (lr_aside_wait(lookup->aside, END_MS)) {
			lr_aside_end(lookup->aside);
			lookup_free(lookup);
		} else {
			lr_aside_abandon(lookup->aside);
		}
	}
	free(peers);
}

static void
look_up(void *job)
{
	struct lookup *lookup = job;
	const struct lr_io io = {.cancel_fd = lookup->cancel_fd,
	    .monotonic_ms = lr_clock_monotonic_ms,
	    .random16 = lr_clock_random16};
	struct lr_budget budget;
	lr_budget_start(&budget, &io, &lr_limits_default);
	lookup->code = lr_resolve(lookup->host, 53, &budget, &lookup->addresses, NULL);
}

/* Takes a look-up that has ended. Where it failed, what was known stays known. */
static void
take(struct lr_peers *peers, int64_t now_ms)
{
	struct lookup *lookup = peers->lookup;
	if (!lr_aside_wait(lookup->aside, 0))
		return;
	lr_aside_end(lookup->aside);
	struct server *server = &peers->servers[lookup->source];
	if (lookup->code == LR_OK)
		server->addresses = lookup->addresses;
	server->due_ms = now_ms + (lookup->code == LR_OK ? AGAIN_MS : RETRY_MS);
	peers->lookup = NULL;
	lookup_free(lookup);
}

static void
start(struct lr_peers *peers, size_t i, int64_t now_ms)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	peers->servers[i].due_ms = now_ms + RETRY_MS; /* where it cannot be started */
	if (!lookup)
		return;
	const struct lr_work work = {look_up, lookup_free, lookup};
	lookup->source = i;
	memcpy(lookup->host, peers->settings->sources[i].host, sizeof(lookup->host));
	lookup->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lookup->cancel_fd >= 0 &&
	    lr_aside_start(&work, peers->notify_fd, &lookup->aside, NULL) == LR_OK)
		peers->lookup = lookup;
	else
		lookup_free(lookup);
}

void
lr_peers_work(struct lr_peers *peers, int64_t now_ms)
{
	if (peers->lookup)
		take(peers, now_ms);
	for (size_t i = 0; i < peers->settings->source_count && !peers->lookup; i++)
		if (peers->servers[i].named && now_ms >= peers->servers[i].due_ms)
			start(peers, i, now_ms);
}

static bool
same_address(const struct sockaddr_storage *a, const struct sockaddr *b)
{
	const struct sockaddr *left = (const struct sockaddr *)a;
	if (left->sa_family != b->sa_family)
		return false;
	if (b->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
	return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
		   &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr,
		   sizeof(struct in6_addr)) == 0;
}

static bool
is_at(const struct server *server, const struct sockaddr *address)
{
	for (size_t i = 0; i < server->addresses.count; i++)
		if (same_address(&server->addresses.list[i].socket, address))
			return true;
	return false;
}

bool
lr_peers_find(const struct lr_peers *peers, const struct sockaddr *address, struct lr_peer *peer)
{
	const struct lr_settings *settings = peers->settings;
	for (size_t i = 0; i < settings->source_count; i++) {
		if (!is_at(&peers->servers[i], address))
			continue;
		const struct lr_tsig_key *key =
		    lr_tsig_keys_for(settings->tsig_keys, settings->sources[i].host);
		*peer = (struct lr_peer){i, key != NULL, key};
		return true;
	}
	for (size_t i = 0; i < settings->allow_notify_count; i++) {
		const struct lr_notifier *block = &settings->allow_notify[i];
		if (!lr_notifier_is(block, address))
			continue;
		const struct lr_tsig_key *key =
		    block->has_key ? lr_tsig_keys_named(settings->tsig_keys, block->key) : NULL;
		*peer = (struct lr_peer){LR_NO_SOURCE, block->has_key, key};
		return true;
	}
	return false;
}
