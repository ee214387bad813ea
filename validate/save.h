/*
 * save.h -- a verified zone as a file that others serve from: replaced as a whole, or not at all.
 */
#ifndef LR_SAVE_H
#define LR_SAVE_H

#include "lr_error.h"
#include "zone.h"

/*
 * Writes ZONE as a master file (print.h) to PATH, which is on disk when this returns. Who has it
 * open goes on reading what it was; after an error it is what it was. A new file can be read by
 * everybody that the umask lets. LR_EIO, LR_ENOMEM.
 */
enum lr_code lr_save(const struct lr_zone *zone, const char *path, struct lr_error *err);

#endif
