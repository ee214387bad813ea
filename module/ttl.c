#include "ttl.h"

#include <stdatomic.h>

/* The names are Unbound's. */
enum limit { MIN, MAX, MIN_NEGATIVE, MAX_NEGATIVE, ORIGINAL, EXPIRED, LIMITS };

static _Atomic time_t limits[LIMITS];
static _Atomic unsigned edition;

static void
read_limits(time_t *read)
{
	read[MIN] = MIN_TTL;
	read[MAX] = MAX_TTL;
	read[MAX_NEGATIVE] = MAX_NEG_TTL;
	read[ORIGINAL] = SERVE_ORIGINAL_TTL;
	read[EXPIRED] = SERVE_EXPIRED_TTL;
#if LR_UNBOUND_NUMBER >= 120
	read[MIN_NEGATIVE] = MIN_NEG_TTL;
#else
	read[MIN_NEGATIVE] = 0;
#endif
}

void
lr_ttl_look(struct auth_zones *auth_zones)
{
	time_t now[LIMITS];
	bool changed = false;
	lock_rw_rdlock(&auth_zones->lock);
	read_limits(now);
	lock_rw_unlock(&auth_zones->lock);
	for (unsigned i = 0; i < LIMITS; i++)
		changed |= atomic_exchange(&limits[i], now[i]) != now[i];
	if (changed)
		atomic_fetch_add(&edition, 1);
}

unsigned
lr_ttl_edition(void)
{
	return atomic_load(&edition);
}

static time_t
limit(enum limit which)
{
	return atomic_load_explicit(&limits[which], memory_order_relaxed);
}

static time_t
within(time_t ttl, time_t least, time_t most)
{
	if (ttl < least)
		ttl = least;
	return ttl > most ? most : ttl;
}

/* What rdata_copy() in util/data/msgreply.c does. */
time_t
lr_ttl_positive(time_t ttl)
{
	return limit(ORIGINAL) ? ttl : within(ttl, limit(MIN), limit(MAX));
}

time_t
lr_ttl_negative(time_t ttl)
{
	time_t least = limit(MIN_NEGATIVE);
	if (!limit(ORIGINAL))
		ttl = within(ttl, least > 0 ? 0 : limit(MIN), limit(MAX));
	if (ttl > limit(MAX_NEGATIVE))
		ttl = limit(MAX_NEGATIVE);
	return ttl < least ? least : ttl;
}

time_t
lr_ttl_most(void)
{
	return limit(MAX);
}

time_t
lr_ttl_expired(void)
{
	return limit(EXPIRED);
}
