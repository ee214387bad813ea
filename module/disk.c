#include "disk.h"
#include "clock.h"
#include "disk_job.h"
#include "said.h"
#include "unbound.h"

#include <pthread.h>

/* Seconds: a confirmation further in the future than that tells nothing of the copy's age. */
#define CLOCK_TOLERANCE 3600

/* Milliseconds without an end after which the disk is said to hang. */
#define HANGS_MS 5000

struct lr_disk {
	char *dir, *zone_path;
	int notify_fd;
	struct lr_disk_job *job; /* under way, or NULL */
	struct lr_aside *aside;
	int64_t since_ms;
	struct lr_disk_job *next; /* to be kept after that, or NULL */
	bool holds;               /* the zone there is the one held */
	bool newer;               /* or it is a newer one */
	struct lr_said said_failed, said_hangs;

	pthread_mutex_t lock; /* of what follows */
	struct lr_error trouble;
};

struct lr_disk *
lr_disk_new(const char *dir, int notify_fd)
{
	struct lr_disk *disk = calloc(1, sizeof(*disk));
	if (!disk)
		return NULL;
	pthread_mutex_init(&disk->lock, NULL);
	disk->notify_fd = notify_fd;
	disk->dir = strdup(dir);
	disk->zone_path = lr_store_zone_path(dir);
	if (disk->dir && disk->zone_path)
		return disk;
	lr_disk_free(disk);
	return NULL;
}

const char *
lr_disk_path(const struct lr_disk *disk)
{
	return disk->zone_path;
}

static void
set_trouble(struct lr_disk *disk, enum lr_code code, const char *text)
{
	pthread_mutex_lock(&disk->lock);
	if (code == LR_OK)
		disk->trouble.code = LR_OK;
	else
		lr_fail(&disk->trouble, code, "%s", text);
	pthread_mutex_unlock(&disk->lock);
}

bool
lr_disk_trouble(struct lr_disk *disk, struct lr_error *trouble)
{
	pthread_mutex_lock(&disk->lock);
	*trouble = disk->trouble;
	pthread_mutex_unlock(&disk->lock);
	return trouble->code != LR_OK;
}

static void
note_hanging(struct lr_disk *disk)
{
	char text[sizeof(disk->trouble.text)];
	snprintf(text, sizeof(text), "%s does not answer", disk->dir);
	set_trouble(disk, LR_ETIMEOUT, text);
	if (lr_said_first(&disk->said_hangs))
		log_warn(
		    "localroot: %s: no copy is read from there or kept there until it does", text);
}

static void
note_result(struct lr_disk *disk, enum lr_code code, const char *text)
{
	set_trouble(disk, code, text);
	if (code != LR_OK && lr_said_first(&disk->said_failed))
		log_warn("localroot: %s: no copy is kept over a restart", text);
	else if (code == LR_OK && lr_said_over(&disk->said_failed))
		log_info("localroot: the copy is kept in %s again", disk->dir);
}

/* LR_OK: the job is under way, and not the caller's any more. */
static enum lr_code
begin(struct lr_disk *disk, struct lr_disk_job *job, struct lr_error *err)
{
	const struct lr_work work = lr_disk_job_work(job);
	enum lr_code code = lr_aside_start(&work, disk->notify_fd, &disk->aside, err);
	if (code != LR_OK)
		return code;
	disk->job = job;
	disk->since_ms = lr_clock_monotonic_ms(NULL);
	return LR_OK;
}

static void
begin_next(struct lr_disk *disk)
{
	struct lr_disk_job *next = disk->next;
	struct lr_error err;
	disk->next = NULL;
	enum lr_code code = begin(disk, next, &err);
	if (code == LR_OK)
		return;
	disk->holds &= !next->renewed;
	note_result(disk, code, err.text);
	lr_disk_job_free(next);
}

/* Takes the job that has ended: the caller's. */
static struct lr_disk_job *
take(struct lr_disk *disk)
{
	struct lr_disk_job *job = disk->job;
	lr_aside_end(disk->aside);
	disk->job = NULL;
	set_trouble(disk, LR_OK, "");
	/* What has ended at last may have taken its time: the next one tells. */
	if (lr_clock_monotonic_ms(NULL) - disk->since_ms < HANGS_MS &&
	    lr_said_over(&disk->said_hangs))
		log_info("localroot: %s answers again", disk->dir);
	return job;
}

static void
wait_for_saving(struct lr_disk *disk, int64_t until_ms)
{
	for (;;) {
		if (!disk->job && disk->next)
			begin_next(disk);
		if (!disk->job)
			return;
		int64_t left = until_ms - lr_clock_monotonic_ms(NULL);
		if (!lr_aside_wait(disk->aside, left > 0 ? (int)left : 0) || !disk->job->zone)
			return;
		struct lr_disk_job *job = take(disk);
		disk->holds = job->holds;
		disk->newer = job->newer;
		note_result(disk, job->code, job->error.text);
		lr_disk_job_free(job);
	}
}

void
lr_disk_save(struct lr_disk *disk, const struct lr_zone *zone, bool renewed,
    const struct lr_state *state, int patience_ms)
{
	struct lr_disk_job *job = lr_disk_job_new(disk->dir, zone);
	if (!job) {
		disk->holds &= !renewed;
		disk->newer &= !renewed;
		note_result(disk, LR_ENOMEM, "out of memory");
		return;
	}
	job->state = *state;
	job->renewed = renewed || !disk->holds;
	disk->holds &= !renewed;
	disk->newer &= !renewed;
	lr_disk_job_free(disk->next);
	disk->next = job;
	wait_for_saving(disk, lr_clock_monotonic_ms(NULL) + patience_ms);
}

void
lr_disk_work(struct lr_disk *disk)
{
	int64_t now = lr_clock_monotonic_ms(NULL);
	wait_for_saving(disk, now);
	if (disk->job && now - disk->since_ms >= HANGS_MS)
		note_hanging(disk);
}

void
lr_disk_settle(struct lr_disk *disk, int64_t until_ms)
{
	wait_for_saving(disk, until_ms);
}

void
lr_disk_free(struct lr_disk *disk)
{
	if (!disk)
		return;
	if (disk->job) {
		if (!lr_aside_wait(disk->aside, 0))
			note_hanging(disk);
		lr_aside_abandon(disk->aside);
	}
	lr_disk_job_free(disk->next);
	pthread_mutex_destroy(&disk->lock);
	free(disk->zone_path);
	free(disk->dir);
	free(disk);
}

void
lr_disk_holds(struct lr_disk *disk)
{
	disk->holds = true;
}

bool
lr_disk_lags(const struct lr_disk *disk)
{
	return !disk->holds && !disk->newer;
}

enum lr_code
lr_disk_load(struct lr_disk *disk, struct lr_error *err)
{
	struct lr_disk_job *job = lr_disk_job_new(disk->dir, NULL);
	if (!job)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = begin(disk, job, err);
	if (code != LR_OK)
		lr_disk_job_free(job);
	return code;
}

static void
judge_state(struct lr_disk_job *job, struct lr_loaded *loaded)
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
lr_disk_loaded(struct lr_disk *disk, int patience_ms, struct lr_loaded *loaded)
{
	if (!disk->job || disk->job->zone)
		return false;
	if (!lr_aside_wait(disk->aside, patience_ms)) {
		if (patience_ms > 0)
			note_hanging(disk);
		return false;
	}
	struct lr_disk_job *job = take(disk);
	*loaded = (struct lr_loaded){.code = job->code, .error = job->error, .draft = job->draft};
	job->draft = NULL;
	judge_state(job, loaded);
	lr_disk_job_free(job);
	return true;
}
