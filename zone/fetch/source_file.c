/* source_file.c -- the zone from a master file. */
#include "source_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lr_code
refused(struct lr_error *err)
{
	return lr_fail(err, lr_code_of_errno(errno), "%s", strerror(errno));
}

/* Whether it is a file that is small enough. */
static enum lr_code
check_file(int fd, size_t max, struct stat *status, struct lr_error *err)
{
	if (fstat(fd, status) != 0)
		return refused(err);
	if (!S_ISREG(status->st_mode))
		return lr_fail(err, LR_EIO, "not a regular file");
	if ((uintmax_t)status->st_size > max)
		return lr_fail(err, LR_ELIMIT, "larger than %zu octets", max);
	return LR_OK;
}

static enum lr_code
open_file(const char *path, size_t max, FILE **stream, struct stat *status, struct lr_error *err)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum lr_code code = fd < 0 ? refused(err) : check_file(fd, max, status, err);
	if (code == LR_OK && !(*stream = fdopen(fd, "r")))
		code = refused(err);
	if (code != LR_OK && fd >= 0)
		close(fd);
	return code;
}

static enum lr_code
read_file(const struct lr_uri *uri, const struct lr_request *request, struct lr_fetched *fetched,
    struct lr_error *err)
{
	size_t max = request->budget->limits->wire_octets;
	struct lr_draft *draft;
	struct stat status = {.st_size = 0};
	FILE *stream;
	enum lr_code code = lr_budget_check(request->budget, err);
	if (code == LR_OK)
		code = open_file(uri->path, max, &stream, &status, err);
	if (code != LR_OK)
		return code;
	code = lr_read_master_file(stream, request, &draft, err);
	fclose(stream);
	if (code == LR_OK)
		*fetched = (struct lr_fetched){.draft = draft,
		    .octets = (size_t)status.st_size,
		    .changed = status.st_mtime > 0 ? status.st_mtime : 1};
	return code;
}

enum lr_code
lr_fetch_file(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	return read_file(&source->uri, request, fetched, err);
}

enum lr_code
lr_source_file(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_budget budget;
	const struct lr_request request = {origin, NULL, &budget};
	lr_budget_start(&budget, io, limits);
	enum lr_code code = read_file(uri, &request, fetched, err);
	if (code == LR_OK)
		lr_draft_heed(fetched->draft, NULL); /* the budget ends here */
	return code;
}
