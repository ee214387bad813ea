#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

const char *
lr_path_inside(const struct lr_paths *paths, const char *path)
{
	size_t length = paths->chroot ? strlen(paths->chroot) : 0;
	while (length && paths->chroot[length - 1] == '/')
		length--;
	if (length == 0 || strncmp(path, paths->chroot, length) != 0)
		return path;
	return path[length] == '/' ? path + length : path[length] == '\0' ? "/" : path;
}

bool
lr_path_place(const struct lr_paths *paths, const char *path, char place[LR_PLACE_MAX])
{
	const char *chroot = paths->chroot && paths->outside ? paths->chroot : "";
	int length = snprintf(place, LR_PLACE_MAX, "%s%s", chroot, lr_path_inside(paths, path));
	return length >= 0 && length < LR_PLACE_MAX;
}

FILE *
lr_path_open(const struct lr_paths *paths, const char *path, const char **why)
{
	char place[LR_PLACE_MAX];
	struct stat status;
	errno = ENAMETOOLONG;
	*why = "too long";
	if (!lr_path_place(paths, path, place))
		return NULL;
	int fd = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO may have no writer */
	bool regular = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	FILE *file = regular ? fdopen(fd, "r") : NULL;
	if (file)
		return file;
	int number = fd >= 0 && !regular ? EINVAL : errno;
	*why = fd >= 0 && !regular ? "not a regular file" : strerror(number);
	if (fd >= 0)
		close(fd);
	errno = number;
	return NULL;
}

mode_t
lr_path_kind(const struct lr_paths *paths, const char *path)
{
	char place[LR_PLACE_MAX];
	struct stat status;
	return lr_path_place(paths, path, place) && stat(place, &status) == 0
		   ? status.st_mode & S_IFMT
		   : 0;
}

bool
lr_path_is_folder(const struct lr_paths *paths, const char *path)
{
	return lr_path_kind(paths, path) == S_IFDIR;
}
