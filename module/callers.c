#include "callers.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
hang_up(struct lr_caller *caller)
{
	if (caller->fd >= 0)
		close(caller->fd);
	caller->fd = -1;
}

void
lr_callers_init(struct lr_callers *callers)
{
	for (size_t i = 0; i < LR_CALLERS_MAX; i++)
		callers->list[i].fd = -1;
}

static struct lr_caller *
make_room(struct lr_callers *callers)
{
	struct lr_caller *oldest = &callers->list[0];
	for (size_t i = 0; i < LR_CALLERS_MAX; i++) {
		if (callers->list[i].fd < 0)
			return &callers->list[i];
		if (callers->list[i].since_ms < oldest->since_ms)
			oldest = &callers->list[i];
	}
	hang_up(oldest);
	return oldest;
}

void
lr_callers_add(
    struct lr_callers *callers, int fd, const struct sockaddr_storage *from, int64_t now_ms)
{
	struct lr_caller *caller = make_room(callers);
	caller->fd = fd;
	caller->since_ms = now_ms;
	caller->from = *from;
	caller->filled = 0;
}

/* Octets of the message at the front. */
static size_t
size_of(const struct lr_caller *caller)
{
	return (size_t)caller->buffer[0] << 8 | caller->buffer[1];
}

static bool
is_whole(const struct lr_caller *caller)
{
	return caller->filled >= 2 && caller->filled - 2 >= size_of(caller);
}

/* Answers the message at the front. False: the connection is of no use any more. */
static bool
answer_one(struct lr_caller *caller, lr_call_answer *make, void *arg)
{
	uint8_t answer[2 + LR_NOTIFY_ANSWER_MAX];
	size_t size = size_of(caller);
	size_t length = make(arg, &caller->from, caller->buffer + 2, size, answer + 2);
	caller->filled -= 2 + size;
	memmove(caller->buffer, caller->buffer + 2 + size, caller->filled);
	answer[0] = (uint8_t)(length >> 8 & 0xff);
	answer[1] = (uint8_t)(length & 0xff);
	/* A caller whose socket does not take the answer at once does not read. */
	return length && send(caller->fd, answer, 2 + length, MSG_NOSIGNAL | MSG_DONTWAIT) ==
			     (ssize_t)(2 + length);
}

void
lr_callers_hear(
    struct lr_callers *callers, size_t i, lr_call_answer *answer, void *arg, int64_t now_ms)
{
	struct lr_caller *caller = &callers->list[i];
	ssize_t size = recv(caller->fd, caller->buffer + caller->filled,
	    sizeof(caller->buffer) - caller->filled, MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	bool good = size > 0;
	if (good)
		caller->filled += (size_t)size;
	while (good && is_whole(caller)) {
		good = answer_one(caller, answer, arg);
		caller->since_ms = now_ms;
	}
	if (!good || (caller->filled >= 2 && size_of(caller) > LR_CALL_MAX))
		hang_up(caller);
}

void
lr_callers_hang_up(struct lr_callers *callers, int64_t since_ms)
{
	for (size_t i = 0; i < LR_CALLERS_MAX; i++)
		if (callers->list[i].since_ms <= since_ms)
			hang_up(&callers->list[i]);
}
