/*
 * whole_file.h -- a small text file, read as a whole. Any thread.
 */
#ifndef LR_WHOLE_FILE_H
#define LR_WHOLE_FILE_H

#include "lr_error.h"

#include <stddef.h>
#include <stdio.h>

/*
 * Reads all of IN, which stays the caller's, to TEXT, which has room for MAX + 2 octets, and ends
 * it with a NUL. LR_ELIMIT: it is longer than MAX; LR_EFORMAT: there are NULs in it; LR_EIO,
 * LR_ENOMEM. Whatever comes of it, TEXT is a string, of what was read.
 */
enum lr_code lr_whole_file_read(FILE *in, char *text, size_t max, struct lr_error *err);

#endif
