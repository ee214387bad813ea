/* source_file.c -- the zone from a master file. */
#include "source.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum lr_code
lr_source_file(const struct lr_uri *uri, const uint8_t *origin, const struct lr_io *io,
    const struct lr_limits *limits, struct lr_fetched *fetched, struct lr_error *err)
{
	struct pollfd cancel = {.fd = io->cancel_fd, .events = POLLIN};
	struct lr_draft *draft = NULL;
	FILE *stream = NULL;
	struct stat status;
	enum lr_code code = LR_OK;

	/* Once is enough: a file within the limits is read in well under a second. */
	if (io->cancel_fd >= 0 && poll(&cancel, 1, 0) > 0)
		return lr_fail(err, LR_ECANCELLED, "cancelled");
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int fd = open(uri->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0) {
		code = lr_fail(err, LR_EIO, "%s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(status.st_mode)) {
		code = lr_fail(err, LR_EIO, "not a regular file");
		goto out;
	}
	if ((uintmax_t)status.st_size > limits->wire_octets) {
		code = lr_fail(err, LR_ELIMIT, "larger than %zu octets", limits->wire_octets);
		goto out;
	}
	stream = fdopen(fd, "r");
	if (!stream) {
		code = lr_fail(err, LR_EIO, "%s", strerror(errno));
		goto out;
	}
	fd = -1;
	code = lr_draft_new(origin, &limits->draft, &draft, err);
	if (code == LR_OK)
		code = lr_text_read(stream, draft, err);
	if (code == LR_OK) {
		*fetched = (struct lr_fetched){.draft = draft, .octets = (size_t)status.st_size};
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
