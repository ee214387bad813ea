#include "lead.h"
#include "clock.h"
#include "overridden.h"
#include "said.h"
#include "ttl.h"

/* Seconds that Unbound waits for an answer at the most (RTT_MAX_TIMEOUT). */
#define TIMEOUT_MAX 120

struct lr_lead {
	struct lr_upstream *upstream;
	struct lr_overridden overridden;
	_Atomic bool host_ready;
	_Atomic int64_t sent_at; /* seconds since 1970: when something was last sent upstream */
	struct lr_said said_memory;
};

struct lr_lead *
lr_lead_new(struct module_env *env, struct lr_upstream *upstream)
{
	struct lr_lead *lead = calloc(1, sizeof(*lead));
	if (!lead)
		return NULL;
	lead->upstream = upstream;
	lr_overridden_start(&lead->overridden, env->cfg);
	lr_ttl_look(env->auth_zones);
	return lead;
}

void
lr_lead_free(struct lr_lead *lead)
{
	free(lead);
}

void
lr_lead_host_ready(struct lr_lead *lead)
{
	if (!atomic_load_explicit(&lead->host_ready, memory_order_relaxed))
		atomic_store_explicit(&lead->host_ready, true, memory_order_release);
}

bool
lr_lead_is_host_ready(const struct lr_lead *lead)
{
	return atomic_load_explicit(&lead->host_ready, memory_order_acquire);
}

enum lr_reason
lr_lead_overridden(const struct lr_lead *lead)
{
	return lr_overridden_seen(&lead->overridden);
}

/* What fast_reload or unbound-control may have changed. */
static enum lr_reason
look(struct lr_lead *lead, struct module_env *env, int64_t now)
{
	lr_ttl_look(env->auth_zones);
	return lr_overridden_look(&lead->overridden, env, now);
}

enum lr_reason
lr_lead_look(struct lr_lead *lead, struct module_env *env)
{
	int64_t now = lr_clock_wall();
	if (env)
		(void)look(lead, env, now);
	lr_lead_follow(lead, now);
	return lr_lead_overridden(lead);
}

enum lr_reason
lr_lead_check(struct lr_lead *lead, struct module_env *env, bool doubtful)
{
	int64_t now = *env->now;
	if (doubtful || lr_overridden_is_due(&lead->overridden, now))
		return look(lead, env, now);
	return lr_lead_overridden(lead);
}

void
lr_lead_follow(struct lr_lead *lead, int64_t now)
{
	/* Unbound deletes the auth zones that are not configured when every module is set up. */
	if (!lr_lead_is_host_ready(lead))
		return;
	bool overridden = lr_lead_overridden(lead) != LR_NO_REASON;
	bool failed = lr_upstream_follow(lead->upstream, now, overridden) == LR_ENOMEM;
	if (!failed)
		(void)lr_said_over(&lead->said_memory);
	else if (lr_said_first(&lead->said_memory))
		log_err("localroot: out of memory: the iterator cannot use the local root");
}

bool
lr_lead_sent(struct lr_lead *lead, int64_t now)
{
	int64_t before = atomic_load_explicit(&lead->sent_at, memory_order_relaxed);
	if (before != now)
		atomic_store_explicit(&lead->sent_at, now, memory_order_relaxed);
	return now - before > TIMEOUT_MAX;
}

bool
lr_lead_awaits(const struct lr_lead *lead)
{
	/* What the iterator goes by vanishes by fast_reload alone. */
	return LR_HAS_FAST_RELOAD &&
	       lr_clock_wall() - atomic_load_explicit(&lead->sent_at, memory_order_relaxed) <=
		   TIMEOUT_MAX;
}
