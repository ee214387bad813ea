#include "save.h"
#include "print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lr_code
failed(const char *path, struct lr_error *err)
{
	enum lr_code code = errno == ENOMEM ? LR_ENOMEM : LR_EIO;
	return lr_fail(err, code, "%.150s: %s", path, strerror(errno));
}

/* The mode that open() would give: mkostemp() gives 0600. */
static mode_t
usual_mode(void)
{
	mode_t mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

/* Consumes the descriptor. */
static enum lr_code
write_to(int fd, const struct lr_zone *zone, const char *path, struct lr_error *err)
{
	FILE *out = fdopen(fd, "w");
	if (!out) {
		enum lr_code code = failed(path, err);
		close(fd);
		return code;
	}
	bool ok = lr_zone_print(zone, out) == LR_OK && fflush(out) == 0 && fsync(fd) == 0 &&
		  fchmod(fd, usual_mode()) == 0;
	enum lr_code code = ok ? LR_OK : failed(path, err);
	if (fclose(out) != 0 && code == LR_OK)
		code = failed(path, err);
	return code;
}

/* What replaces a path would replace a device (/dev/null), a FIFO or a link by a file. */
static bool
is_replaceable(const char *path, struct lr_error *err)
{
	struct stat there;
	if (lstat(path, &there) != 0 || S_ISREG(there.st_mode))
		return true;
	(void)lr_fail(err, LR_EIO, "%.150s: not a regular file", path);
	return false;
}

enum lr_code
lr_save(const struct lr_zone *zone, const char *path, struct lr_error *err)
{
	if (!is_replaceable(path, err))
		return LR_EIO;
	size_t size = strlen(path) + sizeof(".XXXXXX");
	char *temporary = malloc(size);
	if (!temporary)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	snprintf(temporary, size, "%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	enum lr_code code = fd < 0 ? failed(path, err) : write_to(fd, zone, path, err);
	if (code == LR_OK && rename(temporary, path) != 0)
		code = failed(path, err);
	if (code != LR_OK && fd >= 0)
		(void)unlink(temporary);
	free(temporary);
	return code;
}
