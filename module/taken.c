#include "taken.h"

enum lr_reason
lr_taken_seen(const struct lr_taken *taken)
{
	return atomic_load_explicit(&taken->by, memory_order_relaxed);
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
lr_taken_start(struct lr_taken *taken, const struct config_file *cfg)
{
	enum lr_reason by = lr_precedence_root_configured(cfg);
	atomic_store(&taken->by, by);
	if (by)
		say(by);
}

enum lr_reason
lr_taken_look(struct lr_taken *taken, struct module_env *env, int64_t now)
{
	enum lr_reason by = lr_precedence_root(env);
	if (by != lr_taken_seen(taken) && atomic_exchange(&taken->by, by) != by)
		say(by);
	atomic_store_explicit(&taken->seen_at, now, memory_order_release);
	return by;
}

bool
lr_taken_is_due(const struct lr_taken *taken, int64_t now)
{
	return lr_taken_seen(taken) == LR_FORWARDED ||
	       atomic_load_explicit(&taken->seen_at, memory_order_acquire) != now;
}
