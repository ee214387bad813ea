/*
 * conf.h -- the localroot options in an unbound.conf, for beside a stock Unbound, whose
 * unbound-checkconf does not know them.
 */
#ifndef LR_CONF_H
#define LR_CONF_H

#include "lr_error.h"

#include <stdio.h>

/*
 * Reads the file and what it includes. Looked at are the dynlib-file entries, what of module-config
 * decides which of them are libraries, and the localroot options of a patched Unbound's server
 * clause; for each that cannot be used a line "FILE:LINE: error: ..." goes to OUT. *errors counts
 * them. As in Unbound, what is included by a relative name is looked for in the working directory,
 * which directory: changes, for this process, too. One thread. LR_EIO: a file cannot be read;
 * LR_ELIMIT: files include others more than 16 deep, as one does that includes itself; LR_ENOMEM.
 */
enum lr_code lr_conf_check(const char *path, FILE *out, unsigned *errors, struct lr_error *err);

#endif
