#include "announced.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { NOTHING, UNPROVEN, PROVEN };

struct lr_announced {
	size_t count;      /* with the place for announcers that are no source */
	size_t next;       /* whose turn it is */
	int64_t forged_ms; /* monotonic: before that, none counts that is not proven */
	_Atomic unsigned char said[];
};

struct lr_announced *
lr_announced_new(size_t count)
{
	struct lr_announced *a = calloc(1, sizeof(*a) + count + 1);
	if (a)
		a->count = count + 1;
	return a;
}

void
lr_announced_free(struct lr_announced *announced)
{
	free(announced);
}

bool
lr_announced_add(struct lr_announced *a, size_t source, bool proven)
{
	_Atomic unsigned char *said = &a->said[source < a->count ? source : a->count - 1];
	unsigned char nothing = NOTHING;
	if (proven)
		return atomic_exchange(said, PROVEN) != PROVEN;
	return atomic_compare_exchange_strong(said, &nothing, UNPROVEN);
}

bool
lr_announced_take(struct lr_announced *a, int64_t now_ms, size_t *source)
{
	for (size_t n = 0; n < a->count; n++) {
		size_t i = (a->next + n) % a->count;
		unsigned char said = atomic_load(&a->said[i]);
		if (said == NOTHING || (said == UNPROVEN && now_ms < a->forged_ms))
			continue;
		if (atomic_exchange(&a->said[i], NOTHING) == UNPROVEN)
			a->forged_ms = now_ms + LR_FORGED_MS;
		a->next = i + 1;
		*source = i;
		return true;
	}
	return false;
}
