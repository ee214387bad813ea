/*
 * callers.h -- connections on which messages come, each with its length before it (RFC 1035 section
 * 4.2.2), and are answered. No more than LR_CALLERS_MAX: then the oldest gives way. For one thread;
 * none of it blocks. Times are monotonic milliseconds.
 */
#ifndef LR_CALLERS_H
#define LR_CALLERS_H

#include "notify_message.h"

#include <sys/socket.h>

#define LR_CALLERS_MAX 8
#define LR_CALL_MAX 4096 /* octets of a message */

/* A connection, or a place for one: then its fd is -1. */
struct lr_caller {
	int fd;
	int64_t since_ms; /* when it began, or was answered last */
	struct sockaddr_storage from;
	size_t filled;
	uint8_t buffer[2 + LR_CALL_MAX];
};

struct lr_callers {
	struct lr_caller list[LR_CALLERS_MAX];
};

void lr_callers_init(struct lr_callers *callers);

/* FD, which does not block, is theirs from now on. */
void lr_callers_add(
    struct lr_callers *callers, int fd, const struct sockaddr_storage *from, int64_t now_ms);

/* Makes the answer to a message; its octets, or 0: there is none. */
typedef size_t lr_call_answer(void *arg, const struct sockaddr_storage *from,
    const uint8_t *request, size_t size, uint8_t answer[LR_NOTIFY_ANSWER_MAX]);

/* Something has come on connection number CALLER: each message that is whole is answered. A message
 * that gets no answer ends the connection. */
void lr_callers_hear(
    struct lr_callers *callers, size_t caller, lr_call_answer *answer, void *arg, int64_t now_ms);

/* Ends those that began, or got their last answer, at SINCE_MS or before; octets of a message that
 * is not whole do not count. */
void lr_callers_hang_up(struct lr_callers *callers, int64_t since_ms);

#endif
