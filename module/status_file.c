#include "status_file.h"
#include "aside.h"
#include "clock.h"
#include "folder.h"
#include "said.h"
#include "text_stream.h"
#include "unbound.h"

/* Milliseconds without an end after which its file system is said to hang. */
#define HANGS_MS 5000

/* One writing. */
struct job {
	char *path, *metrics;
	char *json_path, *json;
	enum lr_code code;
	struct lr_error error;
};

struct lr_status_file {
	char *path;
	struct lr_status_text text;
	int notify_fd;
	struct job *job; /* under way, or NULL */
	struct lr_aside *aside;
	int64_t since_ms;
	struct lr_said said;
};

static void
leave(void *arg)
{
	struct job *job = arg;
	free(job->metrics);
	free(job->path);
	free(job->json);
	free(job->json_path);
	free(job);
}

static enum lr_code
print_text(FILE *out, const void *what)
{
	return fputs(what, out) < 0 ? LR_EIO : LR_OK;
}

static void
run(void *arg)
{
	struct job *job = arg;
	job->code = lr_folder_replace_path(job->path, print_text, job->metrics, &job->error);
	if (job->code == LR_OK)
		job->code =
		    lr_folder_replace_path(job->json_path, print_text, job->json, &job->error);
}

struct lr_status_file *
lr_status_file_new(const char *path, const struct lr_status_text *text, int notify_fd)
{
	struct lr_status_file *file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->text = *text;
	file->notify_fd = notify_fd;
	file->path = strdup(path);
	if (file->path)
		return file;
	free(file);
	return NULL;
}

static void
note(struct lr_status_file *file, enum lr_code code, const char *text)
{
	if (code != LR_OK && lr_said_first(&file->said))
		log_warn("localroot: %s: the status file is not up to date", text);
	else if (code == LR_OK && lr_said_over(&file->said))
		log_info("localroot: %s is written again", file->path);
}

static void
take(struct lr_status_file *file)
{
	lr_aside_end(file->aside);
	note(file, file->job->code, file->job->error.text);
	leave(file->job);
	file->job = NULL;
}

void
lr_status_file_work(struct lr_status_file *file)
{
	if (!file->job)
		return;
	if (lr_aside_wait(file->aside, 0)) {
		take(file);
	} else if (lr_clock_monotonic_ms(NULL) - file->since_ms >= HANGS_MS) {
		struct lr_error err;
		note(file,
		    lr_fail(&err, LR_ETIMEOUT, "%s cannot be written: its disk does not answer",
			file->path),
		    err.text);
	}
}

/* NULL: out of memory. */
static char *
make_text(const struct lr_status_file *file, bool running,
    void (*print)(const void *arg, bool running, FILE *out))
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	print(file->text.arg, running, out);
	return lr_text_end(out, &text);
}

static enum lr_code
begin(struct lr_status_file *file, struct job *job, bool running, struct lr_error *err)
{
	job->path = strdup(file->path);
	if (asprintf(&job->json_path, "%s.json", file->path) < 0)
		job->json_path = NULL;
	job->metrics = make_text(file, running, file->text.print_metrics);
	job->json = make_text(file, running, file->text.print_json);
	if (!job->path || !job->json_path || !job->metrics || !job->json)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	const struct lr_work work = {run, leave, job};
	return lr_aside_start(&work, file->notify_fd, &file->aside, err);
}

static void
begin_to_write(struct lr_status_file *file, bool running)
{
	struct lr_error err;
	if (file->job)
		return;
	struct job *job = calloc(1, sizeof(*job));
	enum lr_code code =
	    job ? begin(file, job, running, &err) : lr_fail(&err, LR_ENOMEM, "out of memory");
	if (code == LR_OK) {
		file->job = job;
		file->since_ms = lr_clock_monotonic_ms(NULL);
	} else {
		note(file, code, err.text);
		if (job)
			leave(job);
	}
}

void
lr_status_file_write(struct lr_status_file *file)
{
	begin_to_write(file, true);
}

/* Waits for the writing under way, if there is one. */
static void
wait_until(struct lr_status_file *file, int64_t until_ms)
{
	int64_t left = until_ms - lr_clock_monotonic_ms(NULL);
	if (file->job && lr_aside_wait(file->aside, left > 0 ? (int)left : 0))
		take(file);
}

void
lr_status_file_end(struct lr_status_file *file, int64_t until_ms)
{
	if (!file)
		return;
	wait_until(file, until_ms);
	begin_to_write(file, false);
}

void
lr_status_file_free(struct lr_status_file *file, int64_t until_ms)
{
	if (!file)
		return;
	wait_until(file, until_ms);
	if (file->job)
		lr_aside_abandon(file->aside);
	free(file->path);
	free(file);
}
