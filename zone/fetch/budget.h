/*
 * budget.h -- what one fetch may still use of its time and its octets, and the wait that heeds it.
 * For the sources alone.
 */
#ifndef LR_BUDGET_H
#define LR_BUDGET_H

#include "io.h"

#include <poll.h>
#include <sys/socket.h>

struct lr_budget {
	const struct lr_io *io;
	const struct lr_limits *limits;
	const struct lr_network *network; /* NULL at first: every way is open */
	int64_t deadline;                 /* monotonic milliseconds */
	size_t octets;                    /* read so far, over all connections of the fetch */
	int64_t last_ms;                  /* when something was read */
	/* The rate is counted from here; begun with the first octets of an answer. */
	bool paced;
	int64_t pace_ms;
	size_t pace_octets;
	char peer[LR_PEER_TEXT]; /* connected to last, or tried; empty: nobody */
	struct lr_stop stop;     /* for work that does not wait: asks lr_budget_check() */
};

/* IO and LIMITS outlive the budget, which stays where it is. */
void lr_budget_start(
    struct lr_budget *budget, const struct lr_io *io, const struct lr_limits *limits);

/* Milliseconds until the fetch has to be over; zero: it is. */
int lr_budget_left(const struct lr_budget *budget);

/* LR_ECANCELLED; LR_ETIMEOUT: the fetch takes too long, or the work on what it has read. */
enum lr_code lr_budget_check(const struct lr_budget *budget, struct lr_error *err);

enum lr_wait { LR_WAIT_READY, LR_WAIT_LATE, LR_WAIT_CANCELLED, LR_WAIT_FAILED };

/*
 * Waits until FD is ready for EVENTS, no longer than PATIENCE ms nor than the fetch may take:
 * LR_WAIT_LATE. LR_WAIT_FAILED with errno.
 */
enum lr_wait lr_budget_wait(const struct lr_budget *budget, int fd, short events, int patience);

#define LR_SOCKETS_MAX 16

/* The same for COUNT sockets, LR_SOCKETS_MAX at the most; their revents say which are ready. */
enum lr_wait lr_budget_poll(
    const struct lr_budget *budget, struct pollfd *sockets, nfds_t count, int patience);

/* Notes whom the fetch has come to: an IPv4 or IPv6 address. */
void lr_budget_peer(struct lr_budget *budget, const struct sockaddr *address);

/* Octets that may still be read. */
size_t lr_budget_room(const struct lr_budget *budget);

/* A question was asked: the wait for its answer does not count for the rate. */
void lr_budget_asked(struct lr_budget *budget);

/* So many OCTETS have been read by now. LR_ETIMEOUT: they come too slowly. */
enum lr_code lr_budget_pace(struct lr_budget *budget, size_t octets, struct lr_error *err);

/* Counts octets that were read. LR_ELIMIT: they are too many; LR_ETIMEOUT: they are too slow. */
enum lr_code lr_budget_read(struct lr_budget *budget, size_t octets, struct lr_error *err);

/* For long work on what was fetched: it ends as a
 * fetch does, with LR_ECANCELLED. IO outlives it. */
struct lr_stop lr_io_stop(const struct lr_io *io);

enum lr_code lr_cancelled(struct lr_error *err);

#endif
