/*
 * aside.h -- work that may hang, in a thread of its own: what is read from and written to disks and
 * network file systems, and everything that is asked of sources.
 *
 * Who starts it waits no longer than it wants to: it takes the work back when that has ended, or
 * lets it go. Work that was let go is freed by its own thread when it does end; the module may be
 * unloaded meanwhile, so the work touches nothing but what it owns, and its code stays in memory.
 */
#ifndef LR_ASIDE_H
#define LR_ASIDE_H

#include "lr_error.h"

#include <stdbool.h>

struct lr_aside;

struct lr_work {
	void (*run)(void *job);
	void (*free)(void *job); /* for a job that was let go */
	void *job;
};

/*
 * Starts a thread (thread.h) for the work. NOTIFY_FD, an eventfd that does not block, becomes
 * readable when it has ended, unless it was let go before. LR_ENOMEM, LR_EIO: the job stays the
 * caller's and was not run.
 */
enum lr_code lr_aside_start(
    const struct lr_work *work, int notify_fd, struct lr_aside **aside, struct lr_error *err);

/* Waits, PATIENCE_MS at the most. True: the work has ended. NOTIFY_FD must be one that no other
 * thread reads; what other work has notified there stays to be read. */
bool lr_aside_wait(struct lr_aside *aside, int patience_ms);

/* The work has ended: the job is the caller's again, and the rest is freed. */
void lr_aside_end(struct lr_aside *aside);

/* Lets it go, whether it has ended or not. */
void lr_aside_abandon(struct lr_aside *aside);

#endif
