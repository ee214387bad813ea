/*
 * anchors.h -- Unbound's trust anchors for ".", as the validation takes them.
 */
#ifndef LR_ANCHORS_H
#define LR_ANCHORS_H

#include "anchor.h"
#include "unbound.h"

/*
 * The anchors that the configuration gives, read afresh: for init's thread, when the validator has
 * not read them yet. NULL where there is none, or no validator. The caller frees the result.
 */
struct lr_anchors *lr_anchors_of_config(struct config_file *cfg);

/* The anchors that the validator holds now (they follow RFC 5011), under its locks; any thread.
 * NULL: none. */
struct lr_anchors *lr_anchors_of_validator(struct val_anchors *anchors);

#endif
