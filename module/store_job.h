/*
 * store_job.h -- what is done in the module's folder, by the thread that may hang with it. While
 * that runs, the job is its alone; before and after, the queue's.
 */
#ifndef LR_STORE_JOB_H
#define LR_STORE_JOB_H

#include "aside.h"
#include "store_queue.h"

enum lr_store_kind {
	LR_STORE_LOAD,  /* reads zone and state */
	LR_STORE_ZONE,  /* keeps zone and state */
	LR_STORE_FLOOR, /* keeps the state alone */
	LR_STORE_NONE   /* keeps nothing: only what was there is forgotten */
};

struct lr_store_job {
	enum lr_store_kind kind;
	char *dir, *zone_path;
	/* What is to be kept: */
	bool anew;                  /* what is there is forgotten first */
	const struct lr_zone *zone; /* LR_STORE_ZONE's, else NULL */
	bool renewed;               /* the zone is written even where one is there */
	struct lr_state state;
	/* What came of it: */
	enum lr_code code;
	struct lr_error error;
	bool removed;             /* anew: it has been forgotten */
	bool holds;               /* kept: the zone there is this one; of a floor, its state */
	bool newer;               /* or it is a newer one, of another server */
	enum lr_code access_code; /* read: whether the folder can be written */
	struct lr_error access_error;
	int64_t stored; /* when the state there was written, or 0 */
	bool found_state;
	enum lr_code state_code;
	struct lr_error state_error;
	struct lr_draft *draft; /* read, or NULL */
};

/* DIR is copied, and ZONE (or NULL) gets another reference. NULL: out of memory. */
struct lr_store_job *lr_store_job_new(
    const char *dir, enum lr_store_kind kind, const struct lr_zone *zone);
void lr_store_job_free(struct lr_store_job *job);

/* The work of the job, which its own thread does. */
struct lr_work lr_store_job_work(struct lr_store_job *job);

#endif
