/*
 * changes.h -- the differences of an IXFR (RFC 1995), gathered over the zone that they start from.
 *
 * Each costs the logarithm of their number, in whatever order a source sends them, and nothing of
 * the zone is copied before lr_changes_apply(), once. One thread's.
 */
#ifndef LR_CHANGES_H
#define LR_CHANGES_H

#include "draft.h"
#include "zone.h"

struct lr_changes;

/*
 * BASE and STOP (or NULL) outlive the changes. LIMITS are those of the zone that comes of it, and
 * of the changes that are in force at any time.
 */
enum lr_code lr_changes_new(const struct lr_zone *base, const struct lr_draft_limits *limits,
    struct lr_stop *stop, struct lr_changes **changes, struct lr_error *err);
void lr_changes_free(struct lr_changes *changes); /* NULL is allowed */

/*
 * Takes out the record equal to RECORD: owner, type and RDATA, letter case aside; the TTL does not
 * count. LR_EFORMAT where there is none; LR_ELIMIT, LR_ENOMEM, and what STOP says.
 */
enum lr_code lr_changes_remove(
    struct lr_changes *changes, const struct lr_record *record, struct lr_error *err);

/* Puts a copy of the record in, unless its equal is there. As lr_draft_add(). */
enum lr_code lr_changes_add(
    struct lr_changes *changes, const struct lr_record *record, struct lr_error *err);

/* The zone with its changes: a draft, the caller's, in no order. LR_ELIMIT, LR_ENOMEM, and what
 * STOP says. */
enum lr_code lr_changes_apply(
    const struct lr_changes *changes, struct lr_draft **draft, struct lr_error *err);

#endif
