/*
 * path.h -- paths in the options, with and without a chroot.
 */
#ifndef LR_PATH_H
#define LR_PATH_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	LR_PATH_MAX = 1024, /* octets with the end of the string, as in struct lr_uri */
	LR_PLACE_MAX = 2 * LR_PATH_MAX
};

/*
 * Where the options' paths lead. As Unbound takes its own: a path under its chroot directory is
 * named from there, and every other one is meant inside of it as well.
 */
struct lr_paths {
	const char *chroot; /* Unbound's directory, or NULL or empty */
	bool outside;       /* the process that looks has not gone into it: a checker */
};

/* The path as it is called inside of the chroot, which
 * PATH may or may not name. Part of PATH, or static. */
const char *lr_path_inside(const struct lr_paths *paths, const char *path);

/* The same as the process that looks calls it. False: too long. */
bool lr_path_place(const struct lr_paths *paths, const char *path, char place[LR_PLACE_MAX]);

/* A regular file, opened, or NULL and why not, in errno too. Does not wait for a FIFO's writer. */
FILE *lr_path_open(const struct lr_paths *paths, const char *path, const char **why);

/* The kind of file that is there (S_IFMT); 0: none that can be seen. */
mode_t lr_path_kind(const struct lr_paths *paths, const char *path);
bool lr_path_is_folder(const struct lr_paths *paths, const char *path);

#endif
