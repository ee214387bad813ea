/*
 * request.h -- one fetch, as every kind of source sees it. For the sources alone.
 */
#ifndef LR_REQUEST_H
#define LR_REQUEST_H

#include "budget.h"
#include "zone.h"

struct lr_request {
	const uint8_t *origin;
	const struct lr_zone *held; /* or NULL */
	struct lr_budget *budget;
};

/* Whether the serial that a source announces is the held zone's. LR_ESERIAL: it is older. */
enum lr_code lr_check_announced(
    const struct lr_request *request, uint32_t serial, bool *current, struct lr_error *err);

/* The serial of the draft's SOA; false where there is none, which is for validate/ to say. */
bool lr_draft_serial(const struct lr_draft *draft, const uint8_t *origin, uint32_t *serial);

/* An empty draft that heeds the fetch's budget. */
enum lr_code lr_new_draft(
    const struct lr_request *request, struct lr_draft **draft, struct lr_error *err);

#endif
