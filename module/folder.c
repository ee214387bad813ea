#include "folder.h"
#include "copy_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEMPORARIES 100 /* names that are tried */
#define NAME_ROOM 256
#define LOCK_STEP_MS 50
#define LOCK_PATH_MS 1000
#define OLD 3600 /* seconds: no writer takes so long */

static enum lr_code
failed(struct lr_error *err, const char *doing, const struct lr_folder *folder, const char *name)
{
	return lr_fail(err, lr_code_of_errno(errno), "cannot %s %s/%s: %s", doing, folder->path,
	    name, strerror(errno));
}

static enum lr_lock
take_lock(int fd, int patience_ms)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return LR_LOCK_UNSUPPORTED;
		if (patience_ms <= 0)
			return LR_LOCK_TAKEN;
		(void)poll(NULL, 0, LOCK_STEP_MS);
		patience_ms -= LOCK_STEP_MS;
	}
	return LR_LOCKED;
}

enum lr_code
lr_folder_open(const char *path, int patience_ms, struct lr_folder *folder, struct lr_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return lr_fail(
		    err, lr_code_of_errno(errno), "cannot open %s: %s", path, strerror(errno));
	*folder = (struct lr_folder){path, fd, take_lock(fd, patience_ms)};
	return LR_OK;
}

void
lr_folder_close(struct lr_folder *folder)
{
	close(folder->fd); /* and with it the lock */
}

enum lr_code
lr_folder_writable(const struct lr_folder *folder, struct lr_error *err)
{
	if (faccessat(folder->fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return LR_OK;
	return lr_fail(err, LR_EIO, "cannot write to %s: %s", folder->path, strerror(errno));
}

static bool
is_old(const struct lr_folder *folder, const char *name)
{
	struct stat status;
	return fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_mtime < time(NULL) - OLD;
}

/* Removes the temporary files of writers that died: with the lock, which other writers wait for,
 * all that are there; without it, those that are old. */
static void
remove_left_overs(const struct lr_folder *folder, const char *prefix)
{
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	if (!names && fd >= 0)
		close(fd);
	while (names && (entry = readdir(names)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    (folder->lock == LR_LOCKED || is_old(folder, entry->d_name)))
			(void)unlinkat(folder->fd, entry->d_name, 0);
	if (names)
		closedir(names);
}

/* A new file whose NAME nobody else has; NULL with errno. */
static FILE *
open_temporary(const struct lr_folder *folder, const char *prefix, char name[NAME_ROOM])
{
	int fd = -1;
	for (unsigned i = 0; fd < 0 && i < TEMPORARIES; i++) {
		if (snprintf(name, NAME_ROOM, "%s%u", prefix, i) >= NAME_ROOM) {
			errno = ENAMETOOLONG;
			return NULL;
		}
		/* Whatever has the name already is left alone, be it a link or a FIFO. */
		fd = openat(
		    folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd < 0 && errno != EEXIST)
			return NULL;
	}
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out && fd >= 0) {
		int why = errno;
		close(fd);
		(void)unlinkat(folder->fd, name, 0);
		errno = why;
	}
	return out;
}

enum lr_code
lr_folder_replace(const struct lr_folder *folder, const char *name,
    enum lr_code (*print)(FILE *out, const void *what), const void *what, bool durable,
    struct lr_error *err)
{
	char prefix[NAME_ROOM], temporary[NAME_ROOM];
	snprintf(prefix, sizeof(prefix), "%s" LR_SCRATCH, name);
	remove_left_overs(folder, prefix);
	FILE *out = open_temporary(folder, prefix, temporary);
	if (!out)
		return failed(err, "write", folder, name);

	errno = 0;
	enum lr_code code = print(out, what);
	bool refused = code == LR_EIO && errno; /* by the system */
	if (code == LR_OK)
		refused = fflush(out) != 0 || (durable && fsync(fileno(out)) != 0);
	if (refused)
		code = failed(err, "write", folder, name);
	else if (code != LR_OK)
		lr_fail(
		    err, code, "cannot write %s/%s: %s", folder->path, name, lr_code_word(code));
	if (fclose(out) != 0 && code == LR_OK)
		code = failed(err, "write", folder, name);
	if (code == LR_OK && renameat(folder->fd, temporary, folder->fd, name) != 0)
		code = failed(err, "replace", folder, name);
	if (code != LR_OK)
		(void)unlinkat(folder->fd, temporary, 0);
	else if (durable)
		(void)fsync(folder->fd); /* the rename itself */
	return code;
}

enum lr_code
lr_folder_remove(const struct lr_folder *folder, const char *name, struct lr_error *err)
{
	if (unlinkat(folder->fd, name, 0) == 0)
		(void)fsync(folder->fd);
	else if (errno != ENOENT)
		return failed(err, "remove", folder, name);
	return LR_OK;
}

enum lr_code
lr_folder_replace_path(const char *path, enum lr_code (*print)(FILE *out, const void *what),
    const void *what, struct lr_error *err)
{
	struct lr_folder folder = {.fd = -1};
	const char *slash = strrchr(path, '/');
	char *parent =
	    !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!parent)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_folder_open(parent, LOCK_PATH_MS, &folder, err);
	if (code == LR_OK) {
		code =
		    lr_folder_replace(&folder, slash ? slash + 1 : path, print, what, false, err);
		lr_folder_close(&folder);
	}
	free(parent);
	return code;
}
