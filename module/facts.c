#include "facts.h"
#include "clock.h"

#include <stdlib.h>

static void
gather_sources(const struct lr_status *status, struct lr_facts *facts)
{
	const struct lr_held_facts *copy = &facts->copy;
	bool known = copy->held && copy->state.confirmed;
	const struct lr_picking picking = {.fresh = known && facts->now < copy->horizon,
	    .retry = copy->held ? copy->retry : 0,
	    .now_ms = facts->now_ms};
	facts->sources = calloc(status->settings->source_count + 1, sizeof(*facts->sources));
	facts->source_count = facts->sources ? status->settings->source_count : 0;
	int64_t next_ms =
	    lr_refresher_facts(status->refresher, &picking, &facts->folder, facts->sources);
	if (!lr_reason_rests(facts->reason) && status->settings->source_count)
		facts->next =
		    lr_facts_wall(facts, next_ms > facts->now_ms ? next_ms : facts->now_ms);
}

static void
gather_listener(const struct lr_status *status, struct lr_facts *facts)
{
	facts->places = calloc(status->settings->notify_count + 1, sizeof(*facts->places));
	if (!facts->places)
		return;
	facts->place_count = status->settings->notify_count;
	lr_listener_facts(status->listener, &facts->listener, facts->places);
}

void
lr_facts_gather(const struct lr_status *status, struct lr_facts *facts)
{
	*facts = (struct lr_facts){.now = lr_clock_wall(),
	    .now_ms = lr_clock_monotonic_ms(NULL),
	    .started = status->started,
	    .passed_over = status->settings->passed_over,
	    .upstream_bytes = lr_upstream_bytes(status->upstream)};
	lr_mirror_facts(status->mirror, &facts->copy);
	facts->reason = lr_status_reason(status, facts->copy.reason);
	facts->why = lr_reason_text(facts->reason);
	lr_stats_read(status->stats, LR_SINCE_START, &facts->counts);
	gather_sources(status, facts);
	gather_listener(status, facts);
}

void
lr_facts_end(struct lr_facts *facts)
{
	facts->reason = LR_ENDED;
	facts->why = lr_reason_text(LR_ENDED);
	facts->started = facts->next = 0;
	facts->copy.since = facts->now;
}

void
lr_facts_of_none(enum lr_reason reason, const char *why, struct lr_facts *facts)
{
	*facts = (struct lr_facts){.now = lr_clock_wall(),
	    .now_ms = lr_clock_monotonic_ms(NULL),
	    .reason = reason,
	    .why = why,
	    .passed_over = ""};
}

void
lr_facts_clear(struct lr_facts *facts)
{
	free(facts->sources);
	free(facts->places);
}

int64_t
lr_facts_wall(const struct lr_facts *facts, int64_t monotonic_ms)
{
	return facts->now - (facts->now_ms - monotonic_ms) / 1000;
}

const char *
lr_limit_word(enum lr_limit limit)
{
	static const char *const words[LR_LIMITS] = {
	    [LR_LIMIT_SOA] = "soa_expire",
	    [LR_LIMIT_EDNS] = "edns_expire",
	    [LR_LIMIT_AGE] = "max_age",
	    [LR_LIMIT_SIGNATURES] = "rrsig_expiration",
	};
	return words[limit];
}
