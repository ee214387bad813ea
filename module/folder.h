/*
 * folder.h -- files that are replaced as a whole, in a folder that other servers may write to too.
 *
 * Who has a file open goes on reading what it was; who opens it finds the old contents or the new.
 * Each writer has a temporary file of its own, and what writers that died have left is removed. One
 * thread at a time; everything here may hang with the disk.
 */
#ifndef LR_FOLDER_H
#define LR_FOLDER_H

#include "lr_error.h"

#include <stdbool.h>
#include <stdio.h>

/* The lock that writers take: an flock(2) of the folder itself. */
enum lr_lock {
	LR_LOCKED,
	LR_LOCK_TAKEN,      /* another holds it */
	LR_LOCK_UNSUPPORTED /* there is none to be had: some network file systems */
};

struct lr_folder {
	const char *path; /* the caller's, which outlives it */
	int fd;
	enum lr_lock lock;
};

/* Opens it, and waits for its lock, PATIENCE_MS at the most; not to get that is no failure. LR_EIO,
 * LR_ENOMEM. What is open has to be closed. */
enum lr_code lr_folder_open(
    const char *path, int patience_ms, struct lr_folder *folder, struct lr_error *err);
void lr_folder_close(struct lr_folder *folder);

/* Whether files may be made in it: LR_EIO says why not. */
enum lr_code lr_folder_writable(const struct lr_folder *folder, struct lr_error *err);

/*
 * Writes what PRINT prints to the file NAME. DURABLE: also over a power failure, which costs a wait
 * for the disk. LR_EIO and LR_ENOMEM name the file and the reason; or what PRINT returned.
 */
enum lr_code lr_folder_replace(const struct lr_folder *folder, const char *name,
    enum lr_code (*print)(FILE *out, const void *what), const void *what, bool durable,
    struct lr_error *err);

/* Removes the file NAME, if it is there, for good. LR_EIO names the file and the reason. */
enum lr_code lr_folder_remove(
    const struct lr_folder *folder, const char *name, struct lr_error *err);

/* As lr_folder_replace(), for one file by its path, in whatever folder it is; not durable. Waits
 * for the lock, a second at the most. */
enum lr_code lr_folder_replace_path(const char *path,
    enum lr_code (*print)(FILE *out, const void *what), const void *what, struct lr_error *err);

#endif
