#include "handover.h"
#include "loaded.h"

static struct {
	bool any;
	const struct lr_zone *zone;
	struct lr_state state;
} left;

void
lr_handover_leave(const struct lr_zone *zone, const struct lr_state *state)
{
	if (!lr_loaded_stay())
		return;
	lr_zone_unref(left.zone);
	left.any = true;
	left.zone = zone ? lr_zone_ref(zone) : NULL;
	left.state = *state;
}

bool
lr_handover_take(const struct lr_zone **zone, struct lr_state *state)
{
	if (!left.any)
		return false;
	*zone = left.zone;
	*state = left.state;
	left.any = false;
	left.zone = NULL;
	return true;
}
