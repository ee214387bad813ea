/*
 * dial.h -- a TCP connection to whichever of some addresses answers first (RFC 8305): the next one
 * is tried beside those that have not answered for a quarter of a second, so that a dead address
 * or family costs no more than that. For the sources alone.
 */
#ifndef LR_DIAL_H
#define LR_DIAL_H

#include "budget.h"
#include "resolve.h"

/*
 * *FD is the caller's, and does not block. The address that it is connected to is moved to the
 * front of the list, and the budget notes it; where none answers the list is empty afterwards. Each
 * has the limits' connect_ms. LR_EUNREACHABLE, LR_ETIMEOUT (of the whole fetch), LR_EIO,
 * LR_ECANCELLED.
 */
enum lr_code lr_dial(
    struct lr_addresses *addresses, struct lr_budget *budget, int *fd, struct lr_error *err);

#endif
