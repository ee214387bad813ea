/*
 * store_queue.h -- the module's own folder: what is kept of the copy there, and read back at start.
 *
 * The disk may hang (a network file system, a broken drive): everything that touches it is done in
 * a thread of its own, one thing after the other, and nobody waits for it longer than they say.
 * Whatever goes wrong here, the worst is that the copy does not outlast a restart; the log is told
 * once. For the refresher's thread (init's before that starts), but for lr_store_queue_facts().
 */
#ifndef LR_STORE_QUEUE_H
#define LR_STORE_QUEUE_H

#include "draft.h"
#include "lr_error.h"
#include "store.h"

#include <stdbool.h>

struct lr_store_queue;

/* DIR is copied. NOTIFY_FD, an eventfd, becomes readable when something has been done. NULL: out of
 * memory. */
struct lr_store_queue *lr_store_queue_new(const char *dir, int notify_fd);

/* Waits until what is to be kept is there, until UNTIL_MS (monotonic) at the latest. */
void lr_store_queue_settle(struct lr_store_queue *queue, int64_t until_ms);

/* What still hangs is left behind, which the log is told. NULL is allowed. */
void lr_store_queue_free(struct lr_store_queue *queue);

/* The zone's path, for people. */
const char *lr_store_queue_path(const struct lr_store_queue *queue);

/* What was read back. */
struct lr_loaded {
	bool has_state;        /* of one that cannot be used the log was told */
	struct lr_state state; /* confirmed: 0 where it is far in the future: not known */
	enum lr_code code;     /* of reading the zone, as lr_source_file() */
	struct lr_error error;
	struct lr_draft *draft; /* the caller's; NULL: there is none */
};

/* Begins to read; to be called before anything else is asked for. LR_EIO, LR_ENOMEM: there is no
 * thread for it. */
enum lr_code lr_store_queue_load(struct lr_store_queue *queue, struct lr_error *err);

/* Waits for what is read, PATIENCE_MS at the most. True, once: *loaded is the caller's. */
bool lr_store_queue_loaded(struct lr_store_queue *queue, int patience_ms, struct lr_loaded *loaded);

/* Says that the zone on disk is the one held: what was read has been taken. */
void lr_store_queue_holds(struct lr_store_queue *queue);

/* Whether what was last to be kept is missing there, and no newer zone of another server stands in
 * its place. */
bool lr_store_queue_lags(const struct lr_store_queue *queue);

/*
 * Keeps the state, and the zone where it is RENEWED or not on disk (a reference of its own to ZONE,
 * a copy of STATE); what was to be kept before and is not yet written is forgotten. Waits until it
 * is there, PATIENCE_MS at the most. The state is written even where the zone cannot be: the
 * highest serial is in it. What another server has written there stays where it is newer.
 */
void lr_store_queue_save(struct lr_store_queue *queue, const struct lr_zone *zone, bool renewed,
    const struct lr_state *state, int patience_ms);

/* Keeps the state alone: its serial is the highest accepted, and no zone of it is held. */
void lr_store_queue_save_floor(struct lr_store_queue *queue, const struct lr_state *state);

/* Forgets what is there, what is being read from there, and what is to be kept and not yet written.
 * What cannot be removed now is removed before something is kept next. */
void lr_store_queue_forget(struct lr_store_queue *queue);

/* Goes on with what is to be kept, and tells the log of a disk that hangs. To be called now and
 * then, and when notified. */
void lr_store_queue_work(struct lr_store_queue *queue);

/* How things stand with the folder. */
struct lr_folder_facts {
	const char *path;     /* the queue's */
	bool known, writable; /* not known before it was looked at or written to */
	int64_t stored;       /* seconds since 1970: when the state there was written; 0: not known,
				 or there is none */
	struct lr_error trouble; /* what is wrong, or LR_OK */
};

/* Any thread. */
void lr_store_queue_facts(struct lr_store_queue *queue, struct lr_folder_facts *facts);

#endif
