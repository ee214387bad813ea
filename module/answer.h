/*
 * answer.h -- from what the zone says to Unbound's reply.
 */
#ifndef LR_ANSWER_H
#define LR_ANSWER_H

#include "stats.h"
#include "unbound.h"
#include "zone.h"

/*
 * Answers a query, into its own region, where the zone decides with authority, and without RD with
 * the delegation. What came of it: where lr_event_answers(), qstate holds the answer; otherwise the
 * iterator is to go on: LR_REFERRED where the name lies under a delegation, or LR_NOT_DECIDED. The
 * zone is not needed after the call. Worker's thread.
 */
enum lr_event lr_answer(struct module_qstate *qstate, const struct lr_zone *zone);

#endif
