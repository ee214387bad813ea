/*
 * freshness.h -- which serials are taken, and how long a zone is good for.
 */
#ifndef LR_FRESHNESS_H
#define LR_FRESHNESS_H

#include "lr_error.h"
#include "zone.h"

/* LR_ESERIAL where SERIAL is older than FLOOR by RFC 1982. */
enum lr_code lr_check_floor(uint32_t serial, uint32_t floor, struct lr_error *err);

/* What decides that. */
enum lr_limit {
	LR_LIMIT_SOA,        /* its expire */
	LR_LIMIT_EDNS,       /* EDNS EXPIRE, of the source */
	LR_LIMIT_AGE,        /* localroot-max-age */
	LR_LIMIT_SIGNATURES, /* the first to expire */
	LR_LIMITS
};

/*
 * Until when a zone may be served, in seconds since 1970 by the clock of CONFIRMED: the smallest of
 * confirmed + SOA expire, confirmed + EDNS_EXPIRE (0: none given), confirmed + MAX_AGE (0: none
 * set), and the earliest signature expiration where SIGNATURES counts (RFC 8806 section 2; RFC
 * 7314). *LIMIT is which of them that is, of several the first in that order; or LIMIT is NULL.
 */
int64_t lr_horizon(const struct lr_zone_facts *facts, int64_t confirmed, uint32_t edns_expire,
    uint32_t max_age, bool signatures, enum lr_limit *limit);

#endif
