#include "handover.h"
#include "loaded.h"

static struct {
	const struct lr_zone *zone;
	struct lr_state state;
} left;

void
lr_handover_leave(const struct lr_zone *zone, const struct lr_state *state)
{
	if (!lr_loaded_stay())
		return;
	lr_zone_unref(left.zone);
	left.zone = lr_zone_ref(zone);
	left.state = *state;
}

const struct lr_zone *
lr_handover_take(struct lr_state *state)
{
	const struct lr_zone *zone = left.zone;
	left.zone = NULL;
	if (zone)
		*state = left.state;
	return zone;
}
