/* budget.c -- what one fetch may still use. */
#include "budget.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum lr_code
ask_budget(void *budget, struct lr_error *err)
{
	return lr_budget_check(budget, err);
}

void
lr_budget_start(struct lr_budget *budget, const struct lr_io *io, const struct lr_limits *limits)
{
	int64_t now = io->monotonic_ms(io->arg);
	*budget = (struct lr_budget){.io = io,
	    .limits = limits,
	    .deadline = now + (int64_t)limits->total_ms,
	    .last_ms = now,
	    .stop = {ask_budget, budget, 0}};
}

static int
until(const struct lr_budget *budget, int64_t when)
{
	int64_t left = when - budget->io->monotonic_ms(budget->io->arg);
	return left < 0 ? 0 : left < INT32_MAX ? (int)left : INT32_MAX;
}

int
lr_budget_left(const struct lr_budget *budget)
{
	return until(budget, budget->deadline);
}

static bool
cancelled(const struct lr_io *io)
{
	struct pollfd fd = {.fd = io->cancel_fd, .events = POLLIN};
	return fd.fd >= 0 && poll(&fd, 1, 0) > 0;
}

enum lr_code
lr_budget_check(const struct lr_budget *budget, struct lr_error *err)
{
	if (cancelled(budget->io))
		return lr_cancelled(err);
	bool late = lr_budget_left(budget) == 0;
	if (!late && until(budget, budget->last_ms + budget->limits->work_ms) > 0)
		return LR_OK;
	return lr_fail(err, LR_ETIMEOUT, "not finished within %g s, after %zu octets",
	    (late ? budget->limits->total_ms : budget->limits->work_ms) / 1000.0, budget->octets);
}

static enum lr_code
ask_io(void *arg, struct lr_error *err)
{
	return cancelled(arg) ? lr_cancelled(err) : LR_OK;
}

struct lr_stop
lr_io_stop(const struct lr_io *io)
{
	return (struct lr_stop){ask_io, (void *)(uintptr_t)io, 0};
}

enum lr_wait
lr_budget_poll(const struct lr_budget *budget, struct pollfd *sockets, nfds_t count, int patience)
{
	int64_t end = budget->io->monotonic_ms(budget->io->arg) + patience;
	struct pollfd fds[LR_SOCKETS_MAX + 1] = {
	    {.fd = budget->io->cancel_fd, .events = POLLIN}}; /* poll() passes over -1 */
	if (end > budget->deadline)
		end = budget->deadline;
	memcpy(fds + 1, sockets, count * sizeof(*fds));
	for (;;) {
		int left = until(budget, end);
		int ready = poll(fds, 1 + count, left);
		if (ready < 0 && errno != EINTR)
			return LR_WAIT_FAILED;
		if (ready > 0 && fds[0].revents)
			return LR_WAIT_CANCELLED;
		if (ready >= 0)
			memcpy(sockets, fds + 1, count * sizeof(*fds));
		if (ready > 0)
			return LR_WAIT_READY;
		if (ready == 0 && left == 0)
			return LR_WAIT_LATE;
	}
}

enum lr_wait
lr_budget_wait(const struct lr_budget *budget, int fd, short events, int patience)
{
	struct pollfd socket = {.fd = fd, .events = events};
	return lr_budget_poll(budget, &socket, 1, patience);
}

size_t
lr_budget_room(const struct lr_budget *budget)
{
	size_t max = budget->limits->wire_octets;
	return budget->octets < max ? max - budget->octets : 0;
}

void
lr_budget_asked(struct lr_budget *budget)
{
	budget->paced = false;
	budget->last_ms = budget->io->monotonic_ms(budget->io->arg);
}

enum lr_code
lr_budget_pace(struct lr_budget *budget, size_t octets, struct lr_error *err)
{
	const struct lr_limits *limits = budget->limits;
	int64_t now = budget->io->monotonic_ms(budget->io->arg);
	int64_t took = now - budget->pace_ms;
	budget->last_ms = now;
	if (budget->paced && took < limits->rate_ms)
		return LR_OK;
	if (budget->paced && (uint64_t)(octets - budget->pace_octets) * 1000 <
				 (uint64_t)limits->rate * (uint64_t)took)
		return lr_fail(err, LR_ETIMEOUT, "less than %u octets a second, after %zu octets",
		    limits->rate, octets);
	budget->paced = true;
	budget->pace_ms = now;
	budget->pace_octets = octets;
	return LR_OK;
}

enum lr_code
lr_budget_read(struct lr_budget *budget, size_t octets, struct lr_error *err)
{
	budget->octets += octets;
	if (budget->octets > budget->limits->wire_octets)
		return lr_fail(err, LR_ELIMIT, "more than %zu octets", budget->limits->wire_octets);
	return lr_budget_pace(budget, budget->octets, err);
}

enum lr_code
lr_cancelled(struct lr_error *err)
{
	return lr_fail(err, LR_ECANCELLED, "cancelled");
}

void
lr_budget_peer(struct lr_budget *budget, const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	bool is_v6 = address->sa_family == AF_INET6;
	char text[INET6_ADDRSTRLEN];
	inet_ntop(address->sa_family,
	    is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, text, sizeof(text));
	snprintf(budget->peer, sizeof(budget->peer), "%s@%u", text,
	    ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
}
