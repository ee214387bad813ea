#include "store_queue.h"
#include "clock.h"
#include "store_job.h"
#include "said.h"
#include "unbound.h"

#include <pthread.h>

/* Seconds: a confirmation further in the future than that tells nothing of the copy's age. */
#define CLOCK_TOLERANCE 3600

/* Milliseconds without an end after which the disk is said to hang. */
#define HANGS_MS 5000

struct lr_store_queue {
	char *dir, *zone_path;
	int notify_fd;
	struct lr_store_job *job; /* under way, or NULL */
	struct lr_aside *aside;
	int64_t since_ms;
	struct lr_store_job *next; /* to be kept after that, or NULL */
	bool holds;                /* the zone there is the one held */
	bool newer;                /* or it is a newer one */
	bool anew;                 /* what is there is to be forgotten first */
	bool unwanted;             /* what the job reads has been forgotten meanwhile */
	struct lr_said said_failed, said_hangs;

	pthread_mutex_t lock; /* of what follows */
	struct lr_folder_facts facts;
};

struct lr_store_queue *
lr_store_queue_new(const char *dir, int notify_fd)
{
	struct lr_store_queue *queue = calloc(1, sizeof(*queue));
	if (!queue)
		return NULL;
	pthread_mutex_init(&queue->lock, NULL);
	queue->notify_fd = notify_fd;
	queue->dir = strdup(dir);
	queue->zone_path = lr_store_zone_path(dir);
	if (queue->dir && queue->zone_path)
		return queue;
	lr_store_queue_free(queue);
	return NULL;
}

const char *
lr_store_queue_path(const struct lr_store_queue *queue)
{
	return queue->zone_path;
}

static void
set_trouble(struct lr_store_queue *queue, enum lr_code code, const char *text)
{
	pthread_mutex_lock(&queue->lock);
	if (code == LR_OK)
		queue->facts.trouble.code = LR_OK;
	else
		lr_fail(&queue->facts.trouble, code, "%s", text);
	pthread_mutex_unlock(&queue->lock);
}

void
lr_store_queue_facts(struct lr_store_queue *queue, struct lr_folder_facts *facts)
{
	pthread_mutex_lock(&queue->lock);
	*facts = queue->facts;
	pthread_mutex_unlock(&queue->lock);
	facts->path = queue->dir;
}

/* What reading or writing has shown of the folder. */
static void
set_facts(struct lr_store_queue *queue, bool writable, int64_t stored)
{
	pthread_mutex_lock(&queue->lock);
	queue->facts.known = true;
	queue->facts.writable = writable;
	queue->facts.stored = stored;
	pthread_mutex_unlock(&queue->lock);
}

static void
note_hanging(struct lr_store_queue *queue)
{
	char text[sizeof(queue->facts.trouble.text)];
	snprintf(text, sizeof(text), "%s does not answer", queue->dir);
	set_trouble(queue, LR_ETIMEOUT, text);
	if (lr_said_first(&queue->said_hangs))
		log_warn(
		    "localroot: %s: no copy is read from there or kept there until it does", text);
}

static void
note_result(struct lr_store_queue *queue, enum lr_code code, const char *text)
{
	set_trouble(queue, code, text);
	if (code != LR_OK && lr_said_first(&queue->said_failed))
		log_warn("localroot: %s: no copy is kept over a restart", text);
	else if (code == LR_OK && lr_said_over(&queue->said_failed))
		log_info("localroot: the copy is kept in %s again", queue->dir);
}

/* LR_OK: the job is under way, and not the caller's any more. */
static enum lr_code
begin(struct lr_store_queue *queue, struct lr_store_job *job, struct lr_error *err)
{
	const struct lr_work work = lr_store_job_work(job);
	enum lr_code code = lr_aside_start(&work, queue->notify_fd, &queue->aside, err);
	if (code != LR_OK)
		return code;
	queue->job = job;
	queue->since_ms = lr_clock_monotonic_ms(NULL);
	return LR_OK;
}

static void
begin_next(struct lr_store_queue *queue)
{
	struct lr_store_job *next = queue->next;
	struct lr_error err;
	queue->next = NULL;
	next->anew = queue->anew;
	enum lr_code code = begin(queue, next, &err);
	if (code == LR_OK) {
		queue->anew = false;
		return;
	}
	queue->holds &= !next->renewed;
	note_result(queue, code, err.text);
	lr_store_job_free(next);
}

/* Takes the job that has ended: the caller's. */
static struct lr_store_job *
take(struct lr_store_queue *queue)
{
	struct lr_store_job *job = queue->job;
	lr_aside_end(queue->aside);
	queue->job = NULL;
	set_trouble(queue, LR_OK, "");
	/* Work that has ended only after hanging is no sign of a disk that is well again: the next
	 * is. */
	if (lr_clock_monotonic_ms(NULL) - queue->since_ms < HANGS_MS &&
	    lr_said_over(&queue->said_hangs))
		log_info("localroot: %s answers again", queue->dir);
	return job;
}

static void
note_saved(struct lr_store_queue *queue, const struct lr_store_job *job)
{
	bool good = job->code == LR_OK;
	int64_t stored = queue->facts.stored;
	if (job->removed && job->kind == LR_STORE_NONE)
		stored = 0;
	else if (good && job->holds)
		stored = lr_clock_wall();
	set_facts(queue, good, stored);
}

static void
wait_for_saving(struct lr_store_queue *queue, int64_t until_ms)
{
	for (;;) {
		if (!queue->job && queue->next)
			begin_next(queue);
		if (!queue->job)
			return;
		int64_t left = until_ms - lr_clock_monotonic_ms(NULL);
		if (!lr_aside_wait(queue->aside, left > 0 ? (int)left : 0) ||
		    queue->job->kind == LR_STORE_LOAD)
			return;
		struct lr_store_job *job = take(queue);
		queue->holds = job->holds;
		queue->newer = job->newer;
		queue->anew |= job->anew && !job->removed;
		note_saved(queue, job);
		note_result(queue, job->code, job->error.text);
		lr_store_job_free(job);
	}
}

/* Has JOB (NULL: out of memory) done next, in place of what waited so far. STATE may be NULL. */
static void
save(struct lr_store_queue *queue, struct lr_store_job *job, bool renewed,
    const struct lr_state *state, int patience_ms)
{
	bool held = queue->holds && !renewed;
	queue->holds &= !renewed;
	queue->newer &= !renewed;
	if (!job) {
		note_result(queue, LR_ENOMEM, "out of memory");
		return;
	}
	if (state)
		job->state = *state;
	job->renewed = !held;
	lr_store_job_free(queue->next);
	queue->next = job;
	wait_for_saving(queue, lr_clock_monotonic_ms(NULL) + patience_ms);
}

void
lr_store_queue_save(struct lr_store_queue *queue, const struct lr_zone *zone, bool renewed,
    const struct lr_state *state, int patience_ms)
{
	save(queue, lr_store_job_new(queue->dir, LR_STORE_ZONE, zone), renewed, state, patience_ms);
}

void
lr_store_queue_save_floor(struct lr_store_queue *queue, const struct lr_state *state)
{
	save(queue, lr_store_job_new(queue->dir, LR_STORE_FLOOR, NULL), true, state, 0);
}

void
lr_store_queue_forget(struct lr_store_queue *queue)
{
	queue->anew = true;
	queue->unwanted = queue->job && queue->job->kind == LR_STORE_LOAD;
	save(queue, lr_store_job_new(queue->dir, LR_STORE_NONE, NULL), true, NULL, 0);
}

void
lr_store_queue_work(struct lr_store_queue *queue)
{
	int64_t now = lr_clock_monotonic_ms(NULL);
	wait_for_saving(queue, now);
	if (queue->job && now - queue->since_ms >= HANGS_MS)
		note_hanging(queue);
}

void
lr_store_queue_settle(struct lr_store_queue *queue, int64_t until_ms)
{
	wait_for_saving(queue, until_ms);
}

void
lr_store_queue_free(struct lr_store_queue *queue)
{
	if (!queue)
		return;
	if (queue->job) {
		if (!lr_aside_wait(queue->aside, 0))
			note_hanging(queue);
		lr_aside_abandon(queue->aside);
	}
	lr_store_job_free(queue->next);
	pthread_mutex_destroy(&queue->lock);
	free(queue->zone_path);
	free(queue->dir);
	free(queue);
}

void
lr_store_queue_holds(struct lr_store_queue *queue)
{
	queue->holds = true;
}

bool
lr_store_queue_lags(const struct lr_store_queue *queue)
{
	return !queue->holds && !queue->newer;
}

enum lr_code
lr_store_queue_load(struct lr_store_queue *queue, struct lr_error *err)
{
	struct lr_store_job *job = lr_store_job_new(queue->dir, LR_STORE_LOAD, NULL);
	if (!job)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = begin(queue, job, err);
	if (code != LR_OK)
		lr_store_job_free(job);
	return code;
}

static void
judge_state(struct lr_store_job *job, struct lr_loaded *loaded)
{
	int64_t now = lr_clock_wall();
	loaded->state = job->state;
	loaded->has_state = job->found_state && job->state_code == LR_OK;
	if (job->state_code != LR_OK)
		log_warn("localroot: %s: a source has to confirm the copy on disk first",
		    job->state_error.text);
	if (loaded->state.confirmed > now + CLOCK_TOLERANCE)
		loaded->state.confirmed = 0;
	else if (loaded->state.confirmed > now)
		loaded->state.confirmed = now; /* the clock was set back a little */
}

bool
lr_store_queue_loaded(struct lr_store_queue *queue, int patience_ms, struct lr_loaded *loaded)
{
	if (!queue->job || queue->job->kind != LR_STORE_LOAD)
		return false;
	if (!lr_aside_wait(queue->aside, patience_ms)) {
		if (patience_ms > 0)
			note_hanging(queue);
		return false;
	}
	struct lr_store_job *job = take(queue);
	if (queue->unwanted) {
		queue->unwanted = false;
		lr_store_job_free(job);
		return false;
	}
	set_facts(queue, job->access_code == LR_OK, job->stored);
	set_trouble(queue, job->access_code, job->access_error.text);
	*loaded = (struct lr_loaded){.code = job->code, .error = job->error, .draft = job->draft};
	job->draft = NULL;
	judge_state(job, loaded);
	lr_store_job_free(job);
	return true;
}
