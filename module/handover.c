#include "handover.h"
#include "loaded.h"

#include <stdlib.h>
#include <string.h>

static struct {
	bool any;
	const struct lr_zone *zone;
	struct lr_state state;
	char *path; /* where the disk has it; or NULL */
} left;

static void
clear(void)
{
	lr_zone_unref(left.zone);
	free(left.path);
	left.any = false;
	left.zone = NULL;
	left.path = NULL;
}

void
lr_handover_leave(const struct lr_zone *zone, const struct lr_state *state, const char *path)
{
	if (!lr_loaded_stay())
		return;
	clear();
	left.any = true;
	left.zone = zone ? lr_zone_ref(zone) : NULL;
	left.state = *state;
	left.path = path ? strdup(path) : NULL; /* without memory: as if the disk had it not */
}

bool
lr_handover_take(const char *path, const struct lr_zone **zone, struct lr_state *state)
{
	bool wanted = left.any && !(left.path && strcmp(left.path, path) == 0);
	if (wanted) {
		*zone = left.zone;
		*state = left.state;
		left.zone = NULL;
	}
	clear();
	return wanted;
}
