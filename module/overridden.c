#include "overridden.h"

enum lr_reason
lr_overridden_seen(const struct lr_overridden *overridden)
{
	return atomic_load_explicit(&overridden->by, memory_order_relaxed);
}

static void
say(enum lr_reason by)
{
	if (by)
		log_warn("localroot: %s: not serving", lr_reason_text(by));
	else
		log_info("localroot: nothing else decides for \".\" any more");
}

void
lr_overridden_start(struct lr_overridden *overridden, const struct config_file *cfg)
{
	enum lr_reason by = lr_precedence_root_configured(cfg);
	atomic_store(&overridden->by, by);
	if (by)
		say(by);
}

enum lr_reason
lr_overridden_look(struct lr_overridden *overridden, struct module_env *env, int64_t now)
{
	enum lr_reason by = lr_precedence_root(env);
	if (by != lr_overridden_seen(overridden) && atomic_exchange(&overridden->by, by) != by)
		say(by);
	atomic_store_explicit(&overridden->seen_at, now, memory_order_release);
	return by;
}

bool
lr_overridden_is_due(const struct lr_overridden *overridden, int64_t now)
{
	return lr_overridden_seen(overridden) == LR_FORWARDED ||
	       atomic_load_explicit(&overridden->seen_at, memory_order_acquire) != now;
}
