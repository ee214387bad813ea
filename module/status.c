#include "status.h"
#include "facts.h"
#include "facts_text.h"

enum lr_reason
lr_status_reason(const struct lr_status *status, enum lr_reason of_copy)
{
	enum lr_reason reason = lr_lead_overridden(status->lead);
	if (reason == LR_NO_REASON)
		reason = lr_anchor_watch_reason(status->anchors);
	return reason == LR_NO_REASON ? of_copy : reason;
}

static void
get_gauges(const struct lr_status *status, struct lr_gauges *gauges)
{
	lr_mirror_gauges(status->mirror, gauges);
	gauges->upstream_octets = lr_upstream_octets(status->upstream);
	if (lr_lead_overridden(status->lead)) {
		gauges->serving = false;
		gauges->left = 0;
	}
}

size_t
lr_status_octets(const struct lr_status *status)
{
	struct lr_gauges gauges;
	get_gauges(status, &gauges);
	return gauges.zone_octets + gauges.upstream_octets;
}

void
lr_status_numbers(const struct lr_status *status, enum lr_format format, bool reset, FILE *out)
{
	struct lr_gauges gauges;
	get_gauges(status, &gauges);
	lr_stats_print(status->stats, &gauges, format, reset, out);
}

void
lr_status_print(const struct lr_status *status, FILE *out)
{
	struct lr_facts facts;
	lr_facts_gather(status, &facts);
	lr_facts_print(&facts, out);
	lr_facts_clear(&facts);
}
