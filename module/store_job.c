#include "store_job.h"
#include "clock.h"
#include "source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds that another server may take to write. */
#define LOCK_SAVE_MS 2000
#define LOCK_LOAD_MS 1000

struct lr_store_job *
lr_store_job_new(const char *dir, enum lr_store_kind kind, const struct lr_zone *zone)
{
	struct lr_store_job *job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	job->kind = kind;
	job->dir = strdup(dir);
	job->zone_path = lr_store_zone_path(dir);
	job->zone = zone ? lr_zone_ref(zone) : NULL;
	if (job->dir && job->zone_path)
		return job;
	lr_store_job_free(job);
	return NULL;
}

void
lr_store_job_free(struct lr_store_job *job)
{
	if (!job)
		return;
	lr_draft_free(job->draft);
	lr_zone_unref(job->zone);
	free(job->zone_path);
	free(job->dir);
	free(job);
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void
read_zone(struct lr_store_job *job)
{
	static const uint8_t root_name[] = {0};
	const struct lr_io io = {
	    .cancel_fd = -1, .monotonic_ms = lr_clock_monotonic_ms, .random16 = lr_clock_random16};
	struct lr_uri uri = {.scheme = LR_FILE};
	struct lr_fetched fetched = {.draft = NULL};
	size_t length = strlen(job->zone_path);
	if (length >= sizeof(uri.path)) {
		job->code = lr_fail(&job->error, LR_EUSAGE, "the path is too long");
		return;
	}
	memcpy(uri.path, job->zone_path, length + 1);
	if (is_there(job->zone_path))
		job->code =
		    lr_source_file(&uri, root_name, &io, &lr_limits_default, &fetched, &job->error);
	if (job->code == LR_OK)
		job->draft = fetched.draft;
}

/* Under the folder's lock, if it is to be had, so that zone and state belong together. */
static void
load(struct lr_store_job *job)
{
	struct lr_folder folder;
	job->access_code = lr_folder_open(job->dir, LOCK_LOAD_MS, &folder, &job->access_error);
	if (job->access_code != LR_OK)
		return; /* as if nothing were there; the log is told when something is to be kept */
	job->access_code = lr_folder_writable(&folder, &job->access_error);
	job->state_code =
	    lr_store_read_state(&folder, &job->found_state, &job->state, &job->state_error);
	job->stored = lr_store_when(&folder);
	read_zone(job);
	lr_folder_close(&folder);
}

static void
write_both(struct lr_store_job *job, const struct lr_folder *folder)
{
	struct lr_state there;
	struct lr_error err;
	bool found;
	bool superseded = lr_store_read_state(folder, &found, &there, NULL) == LR_OK && found &&
			  lr_store_supersedes(&there, &job->state, lr_clock_wall());
	job->newer = superseded && there.serial != job->state.serial;
	if (job->newer)
		return;
	if (job->zone && (job->renewed || !is_there(job->zone_path)))
		job->code = lr_store_write_zone(folder, job->zone, &job->error);
	job->holds = job->zone && job->code == LR_OK;
	job->holds |= job->kind == LR_STORE_FLOOR && superseded;
	if (superseded)
		return;
	enum lr_code code = lr_store_write_state(folder, &job->state, &err);
	if (job->code == LR_OK && code != LR_OK) {
		job->code = code;
		job->error = err;
	}
	job->holds |= job->kind == LR_STORE_FLOOR && code == LR_OK;
}

/* What is to be forgotten goes first: its serial must not be a floor for what is kept next. */
static void
replace(struct lr_store_job *job, const struct lr_folder *folder)
{
	if (job->anew)
		job->code = lr_store_remove(folder, &job->error);
	job->removed = job->code == LR_OK;
	if (job->removed && job->kind != LR_STORE_NONE)
		write_both(job, folder);
}

static void
save(struct lr_store_job *job)
{
	struct lr_folder folder;
	job->code = lr_folder_open(job->dir, LOCK_SAVE_MS, &folder, &job->error);
	if (job->code != LR_OK)
		return;
	if (folder.lock == LR_LOCK_TAKEN)
		job->code =
		    lr_fail(&job->error, LR_EIO, "%s is locked by another program", job->dir);
	else
		replace(job, &folder);
	lr_folder_close(&folder);
}

static void
run(void *arg)
{
	struct lr_store_job *job = arg;
	if (job->kind == LR_STORE_LOAD)
		load(job);
	else
		save(job);
}

static void
leave(void *arg)
{
	lr_store_job_free(arg);
}

struct lr_work
lr_store_job_work(struct lr_store_job *job)
{
	return (struct lr_work){run, leave, job};
}
