/*
 * save.h -- a verified zone as a file that others serve from: replaced as a whole, or not at all.
 */
#ifndef LR_SAVE_H
#define LR_SAVE_H

#include "lr_error.h"
#include "zone.h"

/*
 * Writes ZONE as a master file (print.h) to PATH. The contents are on disk before they take the
 * place of what was there, so that after a failure of power there is the old file or the new one.
 * Who has it open goes on reading what it was; after an error it is what it was. One thread: the
 * umask changes for a moment. A new file can be read by everybody that the umask lets. LR_EIO: also
 * where there is something else than a file, links included. LR_ENOMEM.
 */
enum lr_code lr_save(const struct lr_zone *zone, const char *path, struct lr_error *err);

#endif
