#include "anchors.h"
#include "clock.h"
#include "keep_parts.h"
#include "schedule.h"
#include "freshness.h"
#include "semantics.h"
#include "draft_from_zone.h"

#include <inttypes.h>

/* Milliseconds that a new zone waits for the disk before it is served. */
#define STORED_FIRST_MS 1000

struct lr_keep *
lr_keep_new(struct lr_localroot *module)
{
	struct lr_keep *keep = calloc(1, sizeof(*keep));
	if (!keep)
		return NULL;
	keep->module = module;
	pthread_mutex_init(&keep->lock, NULL);
	return keep;
}

void
lr_keep_free(struct lr_keep *keep)
{
	if (!keep)
		return;
	lr_anchors_free(keep->anchors);
	pthread_mutex_destroy(&keep->lock);
	free(keep);
}

void
lr_keep_heed(struct lr_keep *keep, struct lr_stop *stop)
{
	keep->stop = stop;
}

enum lr_code
lr_keep_verify(struct lr_keep *keep, struct lr_draft *draft, bool has_floor,
    const struct lr_zone **zone, struct lr_report *report)
{
	int32_t override = keep->module->settings.date_override;
	const struct lr_validate_options options = {
	    .anchors = keep->anchors,
	    .dnssec = true,
	    .now = override > 0 ? (uint32_t) override : (uint32_t)lr_clock_wall(),
	    .check_time = override != -1,
	    .understood = true,
	    .has_floor = has_floor,
	    .serial_floor = keep->state.serial,
	    .cpu_ns = lr_clock_cpu_ns,
	};
	int64_t start = lr_clock_cpu_ns();
	enum lr_code code = lr_validate(draft, &options, zone, report);
	lr_stats_verified(keep->module->stats, lr_clock_cpu_ns() - start);
	return code;
}

void
lr_keep_log_verified(const char *source, const struct lr_report *report)
{
	log_info("localroot: %s: serial %" PRIu32 " verified: ZONEMD %s, %" PRIu32
		 " signatures, key tag %u; %zu records, %zu delegations",
	    source, report->serial, lr_zonemd_hash(&report->zonemd), report->dnssec.signatures,
	    report->dnssec.key_tag, report->records, report->delegations);
}

int64_t
lr_keep_horizon(
    const struct lr_keep *keep, const struct lr_zone *zone, const struct lr_state *state)
{
	const struct lr_settings *settings = &keep->module->settings;
	/* Under an overridden date, signatures stay in their time as long as Unbound runs. */
	return lr_horizon(lr_zone_facts(zone), state->confirmed, state->expire, settings->max_age,
	    settings->date_override == 0);
}

/* What stands from now on: ZONE is what the workers have, confirmed as STATE says. */
static void
note(
    struct lr_keep *keep, const struct lr_zone *zone, const struct lr_state *state, int64_t horizon)
{
	keep->horizon_ms = lr_clock_monotonic_ms(NULL) + (horizon - lr_clock_wall()) * 1000;
	keep->has_floor = true;
	pthread_mutex_lock(&keep->lock);
	keep->state = *state;
	keep->horizon = horizon;
	keep->zone_octets = lr_zone_facts(zone)->octets;
	pthread_mutex_unlock(&keep->lock);
}

static void
sweep(struct lr_keep *keep, const struct lr_zone *zone)
{
	struct lr_localroot *module = keep->module;
	lr_cached_sweep(module->env, atomic_load(&module->host_ready), zone);
}

void
lr_keep_publish(struct lr_keep *keep, const struct lr_zone *zone, const struct lr_state *state)
{
	int64_t horizon = lr_keep_horizon(keep, zone, state);
	lr_snapshot_publish(keep->module->snapshot, lr_zone_ref(zone), horizon);
	sweep(keep, zone);
	note(keep, zone, state, horizon);
}

static void
drop(struct lr_keep *keep)
{
	lr_snapshot_publish(keep->module->snapshot, NULL, 0);
	pthread_mutex_lock(&keep->lock);
	keep->zone_octets = 0;
	pthread_mutex_unlock(&keep->lock);
}

static struct lr_state
state_of(const struct lr_keep *keep, const struct lr_zone *zone, const struct lr_origin *origin)
{
	bool same = keep->state.serial == lr_zone_facts(zone)->serial;
	struct lr_state state = {.serial = lr_zone_facts(zone)->serial,
	    .confirmed = origin->when,
	    .renewed = same && keep->state.renewed ? keep->state.renewed : origin->when,
	    .expire = origin->expire};
	snprintf(state.source, sizeof(state.source), "%s", origin->source);
	state.key_length = lr_anchors_key(keep->anchors, zone, state.key, sizeof(state.key));
	return state;
}

/* Why it has no time left: that of its signatures, or, for a file, that since it was changed. */
static enum lr_code
too_old(const struct lr_keep *keep, const struct lr_zone *zone, const struct lr_state *state,
    struct lr_error *err)
{
	struct lr_state just_now = *state;
	int64_t now = lr_clock_wall(), ago = now - state->confirmed;
	just_now.confirmed = now;
	if (lr_keep_horizon(keep, zone, &just_now) <= now)
		return lr_fail(err, LR_EEXPIRED,
		    "serial %" PRIu32 " is its current one, but signatures in it have expired",
		    state->serial);
	return lr_fail(err, LR_ESTALE,
	    "serial %" PRIu32 " is of a file that has not changed for %" PRId64 " s", state->serial,
	    ago);
}

enum lr_code
lr_keep_confirm(
    struct lr_keep *keep, uint32_t serial, const struct lr_origin *origin, struct lr_error *err)
{
	const struct lr_zone *held = lr_keep_zone(keep);
	if (!held || keep->state.serial != serial)
		return lr_fail(err, LR_ESERIAL, "serial %" PRIu32 " is not the one held", serial);
	struct lr_state state = state_of(keep, held, origin);
	int64_t now = lr_clock_wall();
	if (state.confirmed < keep->state.confirmed && keep->state.confirmed <= now)
		state = keep->state; /* a file that has not changed since says nothing new */
	int64_t horizon = lr_keep_horizon(keep, held, &state);
	if (horizon <= now)
		return too_old(keep, held, &state, err);
	bool served = lr_snapshot_fresh(keep->module->snapshot, now);
	lr_snapshot_set_horizon(keep->module->snapshot, horizon);
	if (!served)
		sweep(keep, held);
	note(keep, held, &state, horizon);
	lr_say(VERB_OPS, "localroot: %s: serial %" PRIu32 " is current", origin->source, serial);
	lr_stats_round(keep->module->stats, LR_ROUND_CURRENT);
	lr_disk_save(keep->disk, held, false, &state, 0);
	return LR_OK;
}

static enum lr_code
renew(struct lr_keep *keep, const struct lr_zone *zone, const struct lr_origin *origin,
    struct lr_error *err)
{
	struct lr_state state = state_of(keep, zone, origin);
	if (lr_keep_horizon(keep, zone, &state) <= lr_clock_wall())
		return too_old(keep, zone, &state, err);
	/* What was answered once is on disk already, so that a restart goes on from there. */
	lr_disk_save(keep->disk, zone, true, &state, STORED_FIRST_MS);
	/* What can fail comes first. */
	if (lr_lend_offer(keep->module->lend, zone) != LR_OK)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	lr_keep_publish(keep, zone, &state);
	keep->verdict_due = false;
	lr_stats_round(keep->module->stats, LR_ROUND_RENEWED);
	return LR_OK;
}

enum lr_code
lr_keep_take(struct lr_keep *keep, struct lr_draft *draft, const struct lr_origin *origin,
    struct lr_error *err)
{
	uint32_t serial;
	lr_draft_heed(draft, keep->stop);
	enum lr_code code = lr_draft_sort(draft, err);
	if (code == LR_OK)
		code = lr_semantic_checks(draft, &serial, err);
	if (code != LR_OK || lr_keep_confirm(keep, serial, origin, NULL) == LR_OK) {
		lr_draft_free(draft);
		return code;
	}
	const struct lr_zone *zone;
	struct lr_report report;
	code = lr_keep_verify(keep, draft, keep->has_floor, &zone, &report);
	if (code != LR_OK) {
		*err = report.error;
		return code;
	}
	lr_keep_log_verified(origin->source, &report);
	code = renew(keep, zone, origin, err);
	lr_zone_unref(zone);
	return code;
}

/* The anchors have changed (RFC 5011, or a new configuration): the copy held is good only if it
 * verifies with these. Without memory there is no verdict, and the next look tries again. */
static void
verify_again(struct lr_keep *keep)
{
	const struct lr_zone *held = lr_keep_zone(keep);
	keep->verdict_due = false;
	if (!held)
		return;
	struct lr_draft *draft;
	const struct lr_zone *zone;
	struct lr_report report;
	enum lr_code code = lr_draft_from_zone(held, &draft, &report.error);
	if (code == LR_OK) {
		lr_draft_heed(draft, keep->stop);
		code = lr_keep_verify(keep, draft, false, &zone, &report);
	}
	if (code == LR_ECANCELLED)
		return;
	keep->verdict_due = code == LR_ENOMEM;
	if (keep->verdict_due) {
		if (lr_said_first(&keep->said_memory))
			log_err("localroot: out of memory: the copy held is not verified with the "
				"new trust anchors yet");
		return;
	}
	(void)lr_said_over(&keep->said_memory);
	if (code == LR_OK) {
		log_info("localroot: the trust anchors changed: serial %" PRIu32 " verified again",
		    keep->state.serial);
		lr_zone_unref(zone);
		return;
	}
	log_warn("localroot: the trust anchors changed: serial %" PRIu32
		 " is not served any more: %s",
	    keep->state.serial, report.error.text);
	drop(keep);
}

static enum lr_reason
unanchored(const struct lr_keep *keep)
{
	return keep->has_validator ? LR_NO_ANCHOR : LR_NO_VALIDATOR;
}

bool
lr_keep_anchors(struct lr_keep *keep)
{
	bool ready = atomic_load_explicit(&keep->module->host_ready, memory_order_acquire);
	bool first = !keep->anchors_looked_at;
	/* Until every module is set up, those of the configuration are all that is known. */
	if (!first && !ready)
		return keep->anchors != NULL;
	struct module_env *env = keep->module->env;
	struct lr_anchors *anchors;
	enum lr_code code = first ? lr_anchors_of_config(env->cfg, &anchors)
				  : lr_anchors_of_validator(env->anchors, &anchors);
	if (first)
		keep->has_validator = strstr(env->cfg->module_conf, "validator") != NULL;
	keep->anchors_looked_at = true;
	if (code != LR_OK) { /* not known to have changed */
		if (lr_said_first(&keep->said_anchors))
			log_err("localroot: out of memory: cannot read the trust anchors");
		return keep->anchors != NULL;
	}
	(void)lr_said_over(&keep->said_anchors);
	if (anchors && keep->anchors && lr_anchors_equal(anchors, keep->anchors)) {
		lr_anchors_free(anchors);
		if (keep->verdict_due)
			verify_again(keep);
		return true;
	}
	if (!anchors && (first || keep->anchors))
		log_warn("localroot: %s: not serving", lr_reason_text(unanchored(keep)));
	lr_anchors_free(keep->anchors);
	keep->anchors = anchors;
	pthread_mutex_lock(&keep->lock);
	keep->anchored = anchors != NULL;
	pthread_mutex_unlock(&keep->lock);
	if (anchors)
		verify_again(keep);
	else
		drop(keep);
	return anchors != NULL;
}

bool
lr_keep_stands_still(const struct lr_keep *keep)
{
	int64_t renewed = keep->state.renewed;
	return lr_keep_zone(keep) && renewed && lr_clock_wall() - renewed >= LR_STILL_SECONDS;
}

bool
lr_keep_watch(struct lr_keep *keep)
{
	struct lr_localroot *module = keep->module;
	int64_t now = lr_clock_wall();
	if (lr_snapshot_fresh(module->snapshot, now) &&
	    lr_clock_monotonic_ms(NULL) >= keep->horizon_ms) {
		/* The clock was set back: workers go by it, so tell them what time has really
		 * passed. */
		lr_snapshot_set_horizon(module->snapshot, now);
		pthread_mutex_lock(&keep->lock);
		keep->horizon = now;
		pthread_mutex_unlock(&keep->lock);
	}
	bool fresh = lr_snapshot_fresh(module->snapshot, now);
	bool taken = lr_localroot_look(module, NULL) != LR_NO_REASON;
	if (fresh)
		(void)lr_lend_stock(module->lend); /* without memory: at the next look */
	/* Before workers run, Unbound still chooses what its hashes start from. Then the caches can
	 * get what is older from unbound-control's load_cache, and from queries that were on their
	 * way. */
	if (fresh && !taken && atomic_load_explicit(&module->host_ready, memory_order_acquire) &&
	    !lr_cached_sweep_on(module->env, lr_keep_zone(keep), &keep->swept))
		lr_cached_look(module->env, lr_keep_zone(keep));
	if (fresh && !taken && !keep->serving)
		log_info("localroot: serving the root zone, serial %" PRIu32 ", for %" PRId64
			 " s unless confirmed before",
		    keep->state.serial, keep->horizon - now);
	if (!fresh && keep->serving && lr_keep_zone(keep))
		log_warn("localroot: the copy with serial %" PRIu32 " is stale since %" PRId64
			 " s: queries go to the root servers",
		    keep->state.serial, now - keep->horizon);
	keep->serving = fresh && !taken;
	return fresh;
}

int64_t
lr_keep_left_ms(const struct lr_keep *keep)
{
	if (!keep->serving)
		return INT64_MAX;
	int64_t left = keep->horizon_ms - lr_clock_monotonic_ms(NULL);
	return left > 0 ? left : 0;
}

const struct lr_zone *
lr_keep_zone(const struct lr_keep *keep)
{
	return lr_snapshot_peek(keep->module->snapshot);
}

bool
lr_keep_state(struct lr_keep *keep, struct lr_state *state, int64_t *horizon)
{
	pthread_mutex_lock(&keep->lock);
	bool held = keep->zone_octets > 0;
	*state = keep->state;
	*horizon = keep->horizon;
	pthread_mutex_unlock(&keep->lock);
	return held;
}

enum lr_reason
lr_keep_reason(struct lr_keep *keep)
{
	enum lr_reason reason = LR_NO_REASON;
	pthread_mutex_lock(&keep->lock);
	if (!keep->anchored)
		reason = unanchored(keep);
	else if (!keep->zone_octets)
		reason = LR_NO_COPY;
	else if (!keep->state.confirmed)
		reason = LR_UNCONFIRMED;
	else if (lr_clock_wall() >= keep->horizon)
		reason = LR_STALE;
	pthread_mutex_unlock(&keep->lock);
	return reason;
}

void
lr_keep_gauges(struct lr_keep *keep, struct lr_gauges *gauges)
{
	int64_t now = lr_clock_wall();
	memset(gauges, 0, sizeof(*gauges));
	pthread_mutex_lock(&keep->lock);
	if (keep->zone_octets) {
		gauges->serving = now < keep->horizon;
		gauges->serial = keep->state.serial;
		if (now > keep->state.confirmed) /* else the clock was set back */
			gauges->age = now - keep->state.confirmed;
		gauges->left = gauges->serving ? keep->horizon - now : 0;
		gauges->zone_octets = keep->zone_octets;
	}
	pthread_mutex_unlock(&keep->lock);
}
