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
 * the delegation. True: qstate holds the answer. False: the iterator is to go on; *event is
 * LR_REFERRED where the name lies under a delegation, else LR_EVENTS. The zone is not needed after
 * the call. Worker's thread.
 */
bool lr_answer(struct module_qstate *qstate, const struct lr_zone *zone, enum lr_event *event);

#endif
