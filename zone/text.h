/*
 * text.h -- reader for master files (RFC 1035 section 5); ldns parses them, one record at a time.
 */
#ifndef LR_TEXT_H
#define LR_TEXT_H

#include "draft.h"

#include <stdio.h>

/*
 * Adds every record of the file to the draft. No $INCLUDE. LR_EFORMAT names the line; LR_ELIMIT; LR_EIO.
 * The stream stays the caller's.
 */
enum lr_code lr_text_read(FILE *stream, struct lr_draft *draft, struct lr_error *err);

#endif
