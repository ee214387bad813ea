/*
 * overridden.h -- what has taken the root from the module, as last seen: looked at again when
 * somebody asks, and said in the log once each time that it changes.
 */
#ifndef LR_OVERRIDDEN_H
#define LR_OVERRIDDEN_H

#include "precedence.h"

#include <stdatomic.h>

struct lr_overridden {
	_Atomic(enum lr_reason) by; /* or LR_NO_REASON */
	_Atomic int64_t seen_at;    /* by the clock of whoever looked */
};

/* What the configuration says, for init. */
void lr_overridden_start(struct lr_overridden *overridden, const struct config_file *cfg);

/* As last seen. Any thread. */
enum lr_reason lr_overridden_seen(const struct lr_overridden *overridden);

/* Looks. Worker's thread and env; NOW in seconds since 1970. */
enum lr_reason lr_overridden_look(
    struct lr_overridden *overridden, struct module_env *env, int64_t now);

/* Whether a query has to look first: once a second, and as long as there is a forward-zone, whose
 * end is seen at once. */
bool lr_overridden_is_due(const struct lr_overridden *overridden, int64_t now);

#endif
