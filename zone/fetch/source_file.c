/* source_file.c -- the zone from a master file. */
#include "source_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lr_code
read_file(const struct lr_uri *uri, const struct lr_request *request, struct lr_fetched *fetched,
    struct lr_error *err)
{
	size_t max = request->budget->limits->wire_octets;
	struct lr_draft *draft = NULL;
	FILE *stream = NULL;
	struct stat status;
	enum lr_code code = lr_budget_check(request->budget, err);

	if (code != LR_OK)
		return code;
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int fd = open(uri->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0) {
		code = lr_fail(err, errno == ENOMEM ? LR_ENOMEM : LR_EIO, "%s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(status.st_mode)) {
		code = lr_fail(err, LR_EIO, "not a regular file");
		goto out;
	}
	if ((uintmax_t)status.st_size > max) {
		code = lr_fail(err, LR_ELIMIT, "larger than %zu octets", max);
		goto out;
	}
	stream = fdopen(fd, "r");
	if (!stream) {
		code = lr_fail(err, errno == ENOMEM ? LR_ENOMEM : LR_EIO, "%s", strerror(errno));
		goto out;
	}
	fd = -1;
	code = lr_read_master_file(stream, request, &draft, err);
	if (code == LR_OK) {
		*fetched = (struct lr_fetched){.draft = draft,
		    .octets = (size_t)status.st_size,
		    .changed = status.st_mtime > 0 ? status.st_mtime : 1};
		draft = NULL;
	}
out:
	lr_draft_free(draft);
	if (stream)
		fclose(stream);
	if (fd >= 0)
		close(fd);
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
