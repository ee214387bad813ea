#include "host_anchors.h"
#include "clock.h"
#include "mirror_parts.h"
#include "schedule.h"
#include "freshness.h"
#include "semantics.h"
#include "draft_from_zone.h"

#include <inttypes.h>

/* Milliseconds that a new zone waits for the disk before it is served. */
#define STORED_FIRST_MS 1000

struct lr_mirror *
lr_mirror_new(struct lr_localroot *module)
{
	struct lr_mirror *mirror = calloc(1, sizeof(*mirror));
	if (!mirror)
		return NULL;
	mirror->module = module;
	pthread_mutex_init(&mirror->lock, NULL);
	return mirror;
}

void
lr_mirror_free(struct lr_mirror *mirror)
{
	if (!mirror)
		return;
	lr_anchors_free(mirror->anchors);
	pthread_mutex_destroy(&mirror->lock);
	free(mirror);
}

void
lr_mirror_heed(struct lr_mirror *mirror, struct lr_stop *stop)
{
	mirror->stop = stop;
}

enum lr_code
lr_mirror_verify(struct lr_mirror *mirror, struct lr_draft *draft, bool has_floor,
    const struct lr_zone **zone, struct lr_report *report)
{
	int32_t override = mirror->module->settings.date_override;
	const struct lr_validate_options options = {
	    .anchors = mirror->anchors,
	    .dnssec = true,
	    .now = override > 0 ? (uint32_t) override : (uint32_t)lr_clock_wall(),
	    .check_time = override != -1,
	    .understood = true,
	    .has_floor = has_floor,
	    .serial_floor = mirror->state.serial,
	    .cpu_ns = lr_clock_cpu_ns,
	};
	int64_t start = lr_clock_cpu_ns();
	enum lr_code code = lr_validate(draft, &options, zone, report);
	lr_stats_verified(mirror->module->stats, lr_clock_cpu_ns() - start);
	return code;
}

void
lr_mirror_log_verified(const char *source, const struct lr_report *report)
{
	log_info("localroot: %s: serial %" PRIu32 " verified: ZONEMD %s, %" PRIu32
		 " signatures, key tag %u; %zu records, %zu delegations",
	    source, report->serial, lr_zonemd_hash(&report->zonemd), report->dnssec.signatures,
	    report->dnssec.key_tag, report->records, report->delegations);
}

int64_t
lr_mirror_horizon(
    const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state)
{
	const struct lr_settings *settings = &mirror->module->settings;
	/* Under an overridden date, signatures stay in their time as long as Unbound runs. */
	return lr_horizon(lr_zone_facts(zone), state->confirmed, state->expire, settings->max_age,
	    settings->date_override == 0);
}

/* What stands from now on: ZONE is what the workers have, confirmed as STATE says. */
static void
note(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    int64_t horizon)
{
	mirror->horizon_ms = lr_clock_monotonic_ms(NULL) + (horizon - lr_clock_wall()) * 1000;
	mirror->has_floor = true;
	pthread_mutex_lock(&mirror->lock);
	mirror->state = *state;
	mirror->horizon = horizon;
	mirror->zone_octets = lr_zone_facts(zone)->octets;
	pthread_mutex_unlock(&mirror->lock);
}

static void
sweep(struct lr_mirror *mirror, const struct lr_zone *zone)
{
	struct lr_localroot *module = mirror->module;
	lr_cached_sweep(module->env, atomic_load(&module->host_ready), zone);
}

void
lr_mirror_publish(
    struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state)
{
	int64_t horizon = lr_mirror_horizon(mirror, zone, state);
	lr_snapshot_publish(mirror->module->snapshot, lr_zone_ref(zone), horizon);
	sweep(mirror, zone);
	note(mirror, zone, state, horizon);
}

static void
drop(struct lr_mirror *mirror)
{
	lr_snapshot_publish(mirror->module->snapshot, NULL, 0);
	pthread_mutex_lock(&mirror->lock);
	mirror->zone_octets = 0;
	pthread_mutex_unlock(&mirror->lock);
}

static struct lr_state
state_of(const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_origin *origin)
{
	bool same = mirror->state.serial == lr_zone_facts(zone)->serial;
	struct lr_state state = {.serial = lr_zone_facts(zone)->serial,
	    .confirmed = origin->when,
	    .renewed = same && mirror->state.renewed ? mirror->state.renewed : origin->when,
	    .expire = origin->expire};
	snprintf(state.source, sizeof(state.source), "%s", origin->source);
	state.key_length = lr_anchored_key(mirror->anchors, zone, state.key, sizeof(state.key));
	return state;
}

/* Why it has no time left: that of its signatures, or, for a file, that since it was changed. */
static enum lr_code
too_old(const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    struct lr_error *err)
{
	struct lr_state just_now = *state;
	int64_t now = lr_clock_wall(), ago = now - state->confirmed;
	just_now.confirmed = now;
	if (lr_mirror_horizon(mirror, zone, &just_now) <= now)
		return lr_fail(err, LR_EEXPIRED,
		    "serial %" PRIu32 " is its current one, but signatures in it have expired",
		    state->serial);
	return lr_fail(err, LR_ESTALE,
	    "serial %" PRIu32 " is of a file that has not changed for %" PRId64 " s", state->serial,
	    ago);
}

enum lr_code
lr_mirror_confirm(
    struct lr_mirror *mirror, uint32_t serial, const struct lr_origin *origin, struct lr_error *err)
{
	const struct lr_zone *held = lr_mirror_zone(mirror);
	if (!held || mirror->state.serial != serial)
		return lr_fail(err, LR_ESERIAL, "serial %" PRIu32 " is not the one held", serial);
	struct lr_state state = state_of(mirror, held, origin);
	int64_t now = lr_clock_wall();
	if (state.confirmed < mirror->state.confirmed && mirror->state.confirmed <= now)
		state = mirror->state; /* a file that has not changed since says nothing new */
	int64_t horizon = lr_mirror_horizon(mirror, held, &state);
	if (horizon <= now)
		return too_old(mirror, held, &state, err);
	bool served = lr_snapshot_fresh(mirror->module->snapshot, now);
	lr_snapshot_set_horizon(mirror->module->snapshot, horizon);
	if (!served)
		sweep(mirror, held);
	note(mirror, held, &state, horizon);
	lr_say(VERB_OPS, "localroot: %s: serial %" PRIu32 " is current", origin->source, serial);
	lr_stats_round(mirror->module->stats, LR_ROUND_CURRENT);
	lr_store_queue_save(mirror->queue, held, false, &state, 0);
	return LR_OK;
}

static enum lr_code
renew(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_origin *origin,
    struct lr_error *err)
{
	struct lr_state state = state_of(mirror, zone, origin);
	if (lr_mirror_horizon(mirror, zone, &state) <= lr_clock_wall())
		return too_old(mirror, zone, &state, err);
	/* What was answered once is on disk already, so that a restart goes on from there. */
	lr_store_queue_save(mirror->queue, zone, true, &state, STORED_FIRST_MS);
	/* What can fail comes first. */
	if (lr_upstream_offer(mirror->module->upstream, zone) != LR_OK)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	lr_mirror_publish(mirror, zone, &state);
	mirror->verdict_due = false;
	lr_stats_round(mirror->module->stats, LR_ROUND_RENEWED);
	return LR_OK;
}

enum lr_code
lr_mirror_take(struct lr_mirror *mirror, struct lr_draft *draft, const struct lr_origin *origin,
    struct lr_error *err)
{
	uint32_t serial;
	lr_draft_heed(draft, mirror->stop);
	enum lr_code code = lr_draft_sort(draft, err);
	if (code == LR_OK)
		code = lr_semantic_checks(draft, &serial, err);
	if (code != LR_OK || lr_mirror_confirm(mirror, serial, origin, NULL) == LR_OK) {
		lr_draft_free(draft);
		return code;
	}
	const struct lr_zone *zone;
	struct lr_report report;
	code = lr_mirror_verify(mirror, draft, mirror->has_floor, &zone, &report);
	if (code != LR_OK) {
		*err = report.error;
		return code;
	}
	lr_mirror_log_verified(origin->source, &report);
	code = renew(mirror, zone, origin, err);
	lr_zone_unref(zone);
	return code;
}

/* The anchors have changed (RFC 5011, or a new configuration): the copy held is good only if it
 * verifies with these. Without memory there is no verdict, and the next look tries again. */
static void
verify_again(struct lr_mirror *mirror)
{
	const struct lr_zone *held = lr_mirror_zone(mirror);
	mirror->verdict_due = false;
	if (!held)
		return;
	struct lr_draft *draft;
	const struct lr_zone *zone;
	struct lr_report report;
	enum lr_code code = lr_draft_from_zone(held, &draft, &report.error);
	if (code == LR_OK) {
		lr_draft_heed(draft, mirror->stop);
		code = lr_mirror_verify(mirror, draft, false, &zone, &report);
	}
	if (code == LR_ECANCELLED)
		return;
	mirror->verdict_due = code == LR_ENOMEM;
	if (mirror->verdict_due) {
		if (lr_said_first(&mirror->said_memory))
			log_err("localroot: out of memory: the copy held is not verified with the "
				"new trust anchors yet");
		return;
	}
	(void)lr_said_over(&mirror->said_memory);
	if (code == LR_OK) {
		log_info("localroot: the trust anchors changed: serial %" PRIu32 " verified again",
		    mirror->state.serial);
		lr_zone_unref(zone);
		return;
	}
	log_warn("localroot: the trust anchors changed: serial %" PRIu32
		 " is not served any more: %s",
	    mirror->state.serial, report.error.text);
	drop(mirror);
}

static enum lr_reason
unanchored(const struct lr_mirror *mirror)
{
	return mirror->has_validator ? LR_NO_ANCHOR : LR_NO_VALIDATOR;
}

bool
lr_mirror_anchors(struct lr_mirror *mirror)
{
	bool ready = atomic_load_explicit(&mirror->module->host_ready, memory_order_acquire);
	bool first = !mirror->anchors_looked_at;
	/* Until every module is set up, those of the configuration are all that is known. */
	if (!first && !ready)
		return mirror->anchors != NULL;
	struct module_env *env = mirror->module->env;
	struct lr_anchors *anchors;
	enum lr_code code = first ? lr_host_anchors_configured(env->cfg, &anchors)
				  : lr_host_anchors_validator(env->anchors, &anchors);
	if (first)
		mirror->has_validator = strstr(env->cfg->module_conf, "validator") != NULL;
	mirror->anchors_looked_at = true;
	if (code != LR_OK) { /* not known to have changed */
		if (lr_said_first(&mirror->said_anchors))
			log_err("localroot: out of memory: cannot read the trust anchors");
		return mirror->anchors != NULL;
	}
	(void)lr_said_over(&mirror->said_anchors);
	if (anchors && mirror->anchors && lr_anchors_equal(anchors, mirror->anchors)) {
		lr_anchors_free(anchors);
		if (mirror->verdict_due)
			verify_again(mirror);
		return true;
	}
	if (!anchors && (first || mirror->anchors))
		log_warn("localroot: %s: not serving", lr_reason_text(unanchored(mirror)));
	lr_anchors_free(mirror->anchors);
	mirror->anchors = anchors;
	pthread_mutex_lock(&mirror->lock);
	mirror->anchored = anchors != NULL;
	pthread_mutex_unlock(&mirror->lock);
	if (anchors)
		verify_again(mirror);
	else
		drop(mirror);
	return anchors != NULL;
}

bool
lr_mirror_stands_still(const struct lr_mirror *mirror)
{
	int64_t renewed = mirror->state.renewed;
	return lr_mirror_zone(mirror) && renewed && lr_clock_wall() - renewed >= LR_STILL_SECONDS;
}

bool
lr_mirror_watch(struct lr_mirror *mirror)
{
	struct lr_localroot *module = mirror->module;
	int64_t now = lr_clock_wall();
	if (lr_snapshot_fresh(module->snapshot, now) &&
	    lr_clock_monotonic_ms(NULL) >= mirror->horizon_ms) {
		/* The clock was set back: workers go by it, so tell them what time has really
		 * passed. */
		lr_snapshot_set_horizon(module->snapshot, now);
		pthread_mutex_lock(&mirror->lock);
		mirror->horizon = now;
		pthread_mutex_unlock(&mirror->lock);
	}
	bool fresh = lr_snapshot_fresh(module->snapshot, now);
	bool overridden = lr_localroot_look(module, NULL) != LR_NO_REASON;
	if (fresh)
		(void)lr_upstream_stock(module->upstream); /* without memory: at the next look */
	/* Before workers run, Unbound still chooses what its hashes start from. Then the caches can
	 * get what is older from unbound-control's load_cache, and from queries that were on their
	 * way. */
	if (fresh && !overridden &&
	    atomic_load_explicit(&module->host_ready, memory_order_acquire) &&
	    !lr_cached_sweep_on(module->env, lr_mirror_zone(mirror), &mirror->swept))
		lr_cached_look(module->env, lr_mirror_zone(mirror));
	if (fresh && !overridden && !mirror->serving)
		log_info("localroot: serving the root zone, serial %" PRIu32 ", for %" PRId64
			 " s unless confirmed before",
		    mirror->state.serial, mirror->horizon - now);
	if (!fresh && mirror->serving && lr_mirror_zone(mirror))
		log_warn("localroot: the copy with serial %" PRIu32 " is stale since %" PRId64
			 " s: queries go to the root servers",
		    mirror->state.serial, now - mirror->horizon);
	mirror->serving = fresh && !overridden;
	return fresh;
}

int64_t
lr_mirror_left_ms(const struct lr_mirror *mirror)
{
	if (!mirror->serving)
		return INT64_MAX;
	int64_t left = mirror->horizon_ms - lr_clock_monotonic_ms(NULL);
	return left > 0 ? left : 0;
}

const struct lr_zone *
lr_mirror_zone(const struct lr_mirror *mirror)
{
	return lr_snapshot_peek(mirror->module->snapshot);
}

bool
lr_mirror_state(struct lr_mirror *mirror, struct lr_state *state, int64_t *horizon)
{
	pthread_mutex_lock(&mirror->lock);
	bool held = mirror->zone_octets > 0;
	*state = mirror->state;
	*horizon = mirror->horizon;
	pthread_mutex_unlock(&mirror->lock);
	return held;
}

enum lr_reason
lr_mirror_reason(struct lr_mirror *mirror)
{
	enum lr_reason reason = LR_NO_REASON;
	pthread_mutex_lock(&mirror->lock);
	if (!mirror->anchored)
		reason = unanchored(mirror);
	else if (!mirror->zone_octets)
		reason = LR_NO_COPY;
	else if (!mirror->state.confirmed)
		reason = LR_UNCONFIRMED;
	else if (lr_clock_wall() >= mirror->horizon)
		reason = LR_STALE;
	pthread_mutex_unlock(&mirror->lock);
	return reason;
}

void
lr_mirror_gauges(struct lr_mirror *mirror, struct lr_gauges *gauges)
{
	int64_t now = lr_clock_wall();
	memset(gauges, 0, sizeof(*gauges));
	pthread_mutex_lock(&mirror->lock);
	if (mirror->zone_octets) {
		gauges->serving = now < mirror->horizon;
		gauges->serial = mirror->state.serial;
		if (now > mirror->state.confirmed) /* else the clock was set back */
			gauges->age = now - mirror->state.confirmed;
		gauges->left = gauges->serving ? mirror->horizon - now : 0;
		gauges->zone_octets = mirror->zone_octets;
	}
	pthread_mutex_unlock(&mirror->lock);
}
