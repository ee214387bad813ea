/* resolve.c -- from a source's host to the addresses to try. */
#include "resolve.h"
#include "lr_config.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* How soon a look-up heeds the cancel descriptor: gai_suspend() cannot wait for one. */
#define SLICE_MS 20

static struct lr_address
make_address(const void *socket, socklen_t length, uint16_t port)
{
	struct lr_address address = {.length = length};
	memcpy(&address.socket, socket, length);
	if (address.socket.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&address.socket)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&address.socket)->sin_port = htons(port);
	return address;
}

static bool
numeric(const char *host, uint16_t port, struct lr_addresses *addresses)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
		addresses->list[0] = make_address(&v4, sizeof(v4), port);
	else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
		addresses->list[0] = make_address(&v6, sizeof(v6), port);
	else
		return false;
	addresses->count = 1;
	return true;
}

#ifdef HAVE_GETADDRINFO_A

struct lookup {
	struct lookup *next;
	struct gaicb request;
	struct addrinfo hints;
	char host[256];
};

struct lr_resolver {
	struct lookup *under_way;
};

struct lr_resolver *
lr_resolver_new(void)
{
	return calloc(1, sizeof(struct lr_resolver));
}

/* False: libc still works at it, and must not lose it. */
static bool
end_lookup(struct lookup *lookup)
{
	if (gai_error(&lookup->request) == EAI_INPROGRESS &&
	    gai_cancel(&lookup->request) == EAI_NOTCANCELED &&
	    gai_error(&lookup->request) == EAI_INPROGRESS)
		return false;
	if (lookup->request.ar_result)
		freeaddrinfo(lookup->request.ar_result);
	free(lookup);
	return true;
}

void
lr_resolver_free(struct lr_resolver *resolver)
{
	if (!resolver)
		return;
	for (struct lookup *next, *l = resolver->under_way; l; l = next) {
		next = l->next;
		(void)end_lookup(l); /* else it is libc's: see resolve.h */
	}
	free(resolver);
}

static struct lookup *
start(const char *host, struct lr_error *err)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	if (!lookup) {
		lr_fail(err, LR_ENOMEM, "out of memory");
		return NULL;
	}
	strcpy(lookup->host, host); /* as large as an URI's */
	lookup->hints.ai_socktype = SOCK_STREAM;
	lookup->request.ar_name = lookup->host;
	lookup->request.ar_request = &lookup->hints;
	struct gaicb *list[1] = {&lookup->request};
	struct sigevent nothing = {.sigev_notify = SIGEV_NONE};
	int failed = getaddrinfo_a(GAI_NOWAIT, list, 1, &nothing);
	if (failed) {
		free(lookup);
		lr_fail(err, LR_EIO, "name look-up: %s", gai_strerror(failed));
		return NULL;
	}
	return lookup;
}

/* What has come to its end since then is of no use any more: it may be old. */
static void
sweep(struct lr_resolver *resolver)
{
	struct lookup **at = &resolver->under_way;
	while (*at) {
		struct lookup *next = (*at)->next;
		if (gai_error(&(*at)->request) != EAI_INPROGRESS && end_lookup(*at))
			*at = next;
		else
			at = &(*at)->next;
	}
}

/* The look-up for the host that was left under way before, unhooked, or a new one. */
static struct lookup *
find_or_start(struct lr_resolver *resolver, const char *host, struct lr_error *err)
{
	for (struct lookup **at = &resolver->under_way; *at; at = &(*at)->next)
		if (strcmp((*at)->host, host) == 0) {
			struct lookup *found = *at;
			*at = found->next;
			return found;
		}
	return start(host, err);
}

static enum lr_code
wait_for(const struct lookup *lookup, const struct lr_budget *budget, struct lr_error *err)
{
	const struct gaicb *list[1] = {&lookup->request};
	const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000L};
	int64_t begun = budget->io->monotonic_ms(budget->io->arg);
	/* The type asks for it, but gai_error() changes nothing. */
	while (gai_error((struct gaicb *)(uintptr_t)list[0]) == EAI_INPROGRESS) {
		if (lr_budget_cancelled(budget))
			return lr_cancelled(err);
		if (budget->io->monotonic_ms(budget->io->arg) - begun >=
			budget->limits->resolve_ms ||
		    lr_budget_left(budget) == 0)
			return lr_fail(err, LR_ETIMEOUT, "no address for %.120s within %g s",
			    lookup->host, budget->limits->resolve_ms / 1000.0);
		(void)gai_suspend(list, 1, &slice);
	}
	return LR_OK;
}

/* RFC 8305 section 4: the families by turns, each in the system's order. */
static void
interleave(const struct addrinfo *result, uint16_t port, size_t max, struct lr_addresses *addresses)
{
	const struct addrinfo *next[2] = {result, result};
	int families[2] = {result->ai_family, result->ai_family == AF_INET ? AF_INET6 : AF_INET};
	addresses->count = 0;
	for (unsigned turn = 0; (next[0] || next[1]) && addresses->count < max; turn ^= 1) {
		while (next[turn] && next[turn]->ai_family != families[turn])
			next[turn] = next[turn]->ai_next;
		if (!next[turn])
			continue;
		addresses->list[addresses->count++] =
		    make_address(next[turn]->ai_addr, next[turn]->ai_addrlen, port);
		next[turn] = next[turn]->ai_next;
	}
}

static enum lr_code
take_result(struct lookup *lookup, uint16_t port, const struct lr_limits *limits,
    struct lr_addresses *addresses, struct lr_error *err)
{
	int failed = gai_error(&lookup->request);
	size_t max = limits->addresses < LR_ADDRESSES_MAX ? limits->addresses : LR_ADDRESSES_MAX;
	if (failed)
		return lr_fail(err, LR_EUNREACHABLE, "no address for %.120s: %s", lookup->host,
		    gai_strerror(failed));
	interleave(lookup->request.ar_result, port, max, addresses);
	if (addresses->count == 0)
		return lr_fail(err, LR_EUNREACHABLE, "no address for %.120s", lookup->host);
	return LR_OK;
}

enum lr_code
lr_resolve(struct lr_resolver *resolver, const char *host, uint16_t port,
    const struct lr_budget *budget, struct lr_addresses *addresses, struct lr_error *err)
{
	if (numeric(host, port, addresses))
		return LR_OK;
	sweep(resolver);
	struct lookup *lookup = find_or_start(resolver, host, err);
	if (!lookup)
		return err ? err->code : LR_ENOMEM;
	enum lr_code code = wait_for(lookup, budget, err);
	if (code == LR_OK)
		code = take_result(lookup, port, budget->limits, addresses, err);
	if (!end_lookup(lookup)) {
		lookup->next = resolver->under_way;
		resolver->under_way = lookup;
	}
	return code;
}

#else

struct lr_resolver {
	char nothing;
};

struct lr_resolver *
lr_resolver_new(void)
{
	return calloc(1, sizeof(struct lr_resolver));
}

void
lr_resolver_free(struct lr_resolver *resolver)
{
	free(resolver);
}

enum lr_code
lr_resolve(struct lr_resolver *resolver, const char *host, uint16_t port,
    const struct lr_budget *budget, struct lr_addresses *addresses, struct lr_error *err)
{
	(void)resolver, (void)budget;
	if (numeric(host, port, addresses))
		return LR_OK;
	return lr_fail(err, LR_EUNSUPPORTED,
	    "this system has no getaddrinfo_a(), which host names need: give an address");
}

#endif
