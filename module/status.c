#include "status.h"
#include "facts.h"
#include "facts_json.h"
#include "facts_text.h"

enum lr_reason
lr_status_reason(const struct lr_status *status, enum lr_reason of_copy)
{
	enum lr_reason reason = lr_lead_overridden(status->lead);
	if (reason == LR_NO_REASON)
		reason = lr_anchor_watch_reason(status->anchors);
	return reason == LR_NO_REASON ? of_copy : reason;
}

size_t
lr_status_bytes(const struct lr_status *status)
{
	struct lr_held_facts copy;
	lr_mirror_facts(status->mirror, &copy);
	return copy.zone_bytes + lr_upstream_bytes(status->upstream);
}

static void
get_copy(const struct lr_facts *facts, struct lr_numbers *numbers)
{
	const struct lr_held_facts *copy = &facts->copy;
	numbers->bytes[LR_MEMORY_ZONE] = (int64_t)copy->zone_bytes;
	numbers->bytes[LR_MEMORY_LENT] = (int64_t)facts->upstream_bytes;
	if (!copy->held)
		return;
	numbers->serial = copy->state.serial;
	numbers->source = copy->state.source;
	numbers->renewed = copy->state.renewed;
	if (copy->keys.has_anchored) {
		numbers->anchored = true;
		numbers->key_tag = copy->keys.anchored;
	}
	if (!copy->state.confirmed)
		return;
	numbers->confirmed = copy->state.confirmed;
	numbers->expires = copy->horizon;
	numbers->limit = lr_limit_word(copy->limit);
	if (facts->now > copy->state.confirmed) /* else the clock was set back */
		numbers->age = facts->now - copy->state.confirmed;
	if (numbers->serving)
		numbers->left = copy->horizon - facts->now;
}

/* All but the counts. It points into the facts. */
static struct lr_numbers
numbers_of(const struct lr_facts *facts)
{
	struct lr_numbers numbers = {.version = LR_VERSION,
	    .host_version = LR_UNBOUND_VERSION,
	    .started = facts->started,
	    .written = facts->now,
	    .serving = facts->reason == LR_NO_REASON,
	    .since = facts->copy.since,
	    .next = facts->next,
	    .stored = facts->folder.stored,
	    .writable = facts->folder.path && facts->folder.trouble.code == LR_OK &&
			(facts->folder.writable || !facts->folder.known),
	    .source_count = facts->source_count,
	    .sources = facts->sources};
	numbers.reasons[facts->reason] = 1;
	get_copy(facts, &numbers);
	return numbers;
}

void
lr_status_stats(const struct lr_status *status, bool reset, FILE *out)
{
	struct lr_facts facts;
	lr_facts_gather(status, &facts);
	struct lr_numbers numbers = numbers_of(&facts);
	lr_stats_read(
	    status->stats, reset ? LR_SINCE_RESET_AND_RESET : LR_SINCE_RESET, &numbers.counts);
	lr_metrics_print(&numbers, LR_FORMAT_CONTROL, out);
	lr_facts_clear(&facts);
}

static void
gather(const struct lr_status *status, bool running, struct lr_facts *facts)
{
	lr_facts_gather(status, facts);
	if (!running)
		lr_facts_end(facts);
}

void
lr_status_metrics(const struct lr_status *status, bool running, FILE *out)
{
	struct lr_facts facts;
	gather(status, running, &facts);
	struct lr_numbers numbers = numbers_of(&facts);
	numbers.counts = facts.counts;
	lr_metrics_print(&numbers, LR_FORMAT_PROMETHEUS, out);
	lr_facts_clear(&facts);
}

void
lr_status_metrics_of_none(enum lr_reason reason, FILE *out)
{
	struct lr_facts facts;
	lr_facts_of_none(reason, "", &facts);
	const struct lr_numbers numbers = numbers_of(&facts);
	lr_metrics_print(&numbers, LR_FORMAT_PROMETHEUS, out);
}

void
lr_status_print(const struct lr_status *status, FILE *out)
{
	struct lr_facts facts;
	lr_facts_gather(status, &facts);
	lr_facts_print(&facts, out);
	lr_facts_clear(&facts);
}

void
lr_status_print_json(const struct lr_status *status, bool running, size_t room, FILE *out)
{
	struct lr_facts facts;
	gather(status, running, &facts);
	lr_facts_print_json(&facts, room, out);
	lr_facts_clear(&facts);
}
