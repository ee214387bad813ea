/*
 * text.h -- reader for master files (RFC 1035 section 5).
 *
 * The types of a root zone go straight into wire form (text_field.h), all others through ldns where
 * the caller wants that, one record at a time. Nothing is kept from one call to the next: any
 * thread.
 */
#ifndef LR_TEXT_H
#define LR_TEXT_H

#include "draft.h"

#include <stdio.h>

struct lr_text_options {
	/* As files of trust anchors are: records need no TTL, and there may be none. */
	bool loose;
	/* Types whose fields are not read here are ldns' to read. It ends the process where it gets
	 * no memory: nothing for a process that others depend on. Else they are taken in the
	 * generic form (RFC 3597) alone. */
	bool ldns;
};

/*
 * Adds every record of the file to the draft. $TTL and $ORIGIN are taken, $INCLUDE is not; class IN
 * alone; letter case stays. LR_EFORMAT (also where there is no record), LR_EUNSUPPORTED (a type
 * that is not read here) and LR_ELIMIT name the line; LR_EIO; LR_ENOMEM; what the draft's STOP
 * says. After an error the draft holds the records before it. The stream stays the caller's.
 */
enum lr_code lr_text_read(FILE *stream, struct lr_draft *draft, struct lr_error *err);
enum lr_code lr_text_read_as(FILE *stream, struct lr_draft *draft,
    const struct lr_text_options *options, struct lr_error *err);

#endif
