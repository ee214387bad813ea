#include "held.h"
#include "clock.h"

void
lr_held_init(struct lr_held *held, int64_t since)
{
	*held = (struct lr_held){.facts.since = since};
	pthread_mutex_init(&held->lock, NULL);
}

void
lr_held_destroy(struct lr_held *held)
{
	pthread_mutex_destroy(&held->lock);
}

void
lr_held_set(struct lr_held *held, const struct lr_zone *zone, const struct lr_state *state,
    int64_t horizon, enum lr_limit limit)
{
	struct lr_held_facts *facts = &held->facts;
	pthread_mutex_lock(&held->lock);
	facts->held = true;
	facts->state = *state;
	facts->horizon = horizon;
	facts->limit = limit;
	facts->refresh = lr_zone_facts(zone)->refresh;
	facts->retry = lr_zone_facts(zone)->retry;
	lr_key_tags_read(zone, state->key, state->key_length, &facts->keys);
	facts->zone_bytes = lr_zone_facts(zone)->bytes;
	held->outdated = false;
	pthread_mutex_unlock(&held->lock);
}

void
lr_held_drop(struct lr_held *held, bool outdated)
{
	pthread_mutex_lock(&held->lock);
	held->facts.held = false;
	held->facts.zone_bytes = 0;
	held->outdated = outdated;
	pthread_mutex_unlock(&held->lock);
}

void
lr_held_set_state(struct lr_held *held, const struct lr_state *state)
{
	pthread_mutex_lock(&held->lock);
	held->facts.state = *state;
	pthread_mutex_unlock(&held->lock);
}

void
lr_held_set_horizon(struct lr_held *held, int64_t horizon)
{
	pthread_mutex_lock(&held->lock);
	held->facts.horizon = horizon;
	pthread_mutex_unlock(&held->lock);
}

void
lr_held_set_since(struct lr_held *held, int64_t since)
{
	pthread_mutex_lock(&held->lock);
	held->facts.since = since;
	pthread_mutex_unlock(&held->lock);
}

/* Under the lock. */
static enum lr_reason
reason_of(const struct lr_held *held)
{
	if (!held->facts.held)
		return held->outdated ? LR_UPDATE : LR_NO_COPY;
	if (!held->facts.state.confirmed)
		return LR_UNCONFIRMED;
	return lr_clock_wall() >= held->facts.horizon ? LR_STALE : LR_NO_REASON;
}

void
lr_held_read(struct lr_held *held, struct lr_held_facts *facts)
{
	pthread_mutex_lock(&held->lock);
	*facts = held->facts;
	facts->reason = reason_of(held);
	pthread_mutex_unlock(&held->lock);
}
