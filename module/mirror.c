#include "mirror.h"
#include "cached.h"
#include "clock.h"
#include "draft_from_zone.h"
#include "freshness.h"
#include "host_anchors.h"
#include "packed_rrset.h"
#include "said.h"
#include "schedule.h"
#include "semantics.h"
#include "ttl.h"
#include "validate.h"

#include <inttypes.h>
#include <pthread.h>

/* Milliseconds that a new zone waits for the disk before it is served. */
#define STORED_FIRST_MS 1000

struct lr_mirror {
	struct lr_mirror_uses uses;
	struct lr_store_queue *queue;     /* or NULL */
	const struct lr_anchors *anchors; /* those that the copy held was verified with */
	bool host_ready;
	bool verdict_due;     /* but for want of memory the copy was not verified with them */
	bool serving;         /* as the log was told */
	bool has_floor;       /* a zone was accepted before: its serial is the state's */
	struct lr_stop *stop; /* or NULL */
	int64_t horizon_ms;   /* by the monotonic clock: a clock set back does not stretch it */
	struct lr_said said_memory;
	struct lr_cached_place swept;
	unsigned ttls; /* the edition of the limits on TTLs that the copy was packed with */

	pthread_mutex_t lock; /* of what follows, which others look at */
	struct lr_state state;
	int64_t horizon, since;
	enum lr_limit limit;
	uint32_t retry;
	struct lr_key_tags keys;
	size_t zone_bytes; /* 0: no copy */
	bool outdated;     /* so, for the root's current one is not understood here */
};

struct lr_mirror *
lr_mirror_new(const struct lr_mirror_uses *uses)
{
	struct lr_mirror *mirror = calloc(1, sizeof(*mirror));
	if (!mirror)
		return NULL;
	mirror->uses = *uses;
	mirror->since = lr_clock_wall();
	pthread_mutex_init(&mirror->lock, NULL);
	return mirror;
}

void
lr_mirror_free(struct lr_mirror *mirror)
{
	if (!mirror)
		return;
	pthread_mutex_destroy(&mirror->lock);
	free(mirror);
}

void
lr_mirror_heed(struct lr_mirror *mirror, struct lr_stop *stop)
{
	mirror->stop = stop;
}

void
lr_mirror_store_in(struct lr_mirror *mirror, struct lr_store_queue *queue)
{
	mirror->queue = queue;
}

void
lr_mirror_host_ready(struct lr_mirror *mirror)
{
	mirror->host_ready = true;
}

static enum lr_code
verify(struct lr_mirror *mirror, struct lr_draft *draft, bool has_floor,
    const struct lr_zone **zone, struct lr_report *report)
{
	int32_t override = mirror->uses.settings->date_override;
	const struct lr_validate_options options = {
	    .anchors = mirror->anchors,
	    .dnssec = true,
	    .now = override > 0 ? (uint32_t) override : (uint32_t)lr_clock_wall(),
	    .check_time = override != -1,
	    .understood = true,
	    .has_floor = has_floor,
	    .serial_floor = mirror->state.serial,
	    .room = &lr_packed_room,
	    .cpu_ns = lr_clock_cpu_ns,
	};
	int64_t start = lr_clock_cpu_ns();
	enum lr_code code = lr_validate(draft, &options, zone, report);
	lr_stats_verified(mirror->uses.stats, lr_clock_cpu_ns() - start);
	return code;
}

static void
log_verified(const char *source, const struct lr_report *report)
{
	log_info("localroot: %s: serial %" PRIu32 " verified: ZONEMD %s, %" PRIu32
		 " signatures, key tag %u; %zu records, %zu delegations",
	    source, report->serial, lr_zonemd_hash(&report->zonemd), report->dnssec.signatures,
	    report->dnssec.key_tag, report->records, report->delegations);
}

static int64_t
limited_by(const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    enum lr_limit *limit)
{
	const struct lr_settings *settings = mirror->uses.settings;
	/* Under an overridden date, signatures stay in their time as long as Unbound runs. */
	return lr_horizon(lr_zone_facts(zone), state->confirmed, state->expire, settings->max_age,
	    settings->date_override == 0, limit);
}

static int64_t
horizon_of(const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state)
{
	return limited_by(mirror, zone, state, NULL);
}

/* What stands from now on: ZONE is what the workers have, confirmed as STATE says. */
static void
note(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state)
{
	enum lr_limit limit;
	int64_t horizon = limited_by(mirror, zone, state, &limit);
	mirror->horizon_ms = lr_clock_monotonic_ms(NULL) + (horizon - lr_clock_wall()) * 1000;
	mirror->has_floor = true;
	pthread_mutex_lock(&mirror->lock);
	mirror->state = *state;
	mirror->horizon = horizon;
	mirror->limit = limit;
	mirror->retry = lr_zone_facts(zone)->retry;
	lr_key_tags_read(zone, state->key, state->key_length, &mirror->keys);
	mirror->zone_bytes = lr_zone_facts(zone)->bytes;
	mirror->outdated = false;
	pthread_mutex_unlock(&mirror->lock);
}

/* The names of the zone first: what they are asked for is older than what is asked beside it for no
 * longer than a moment, and not for as long as a whole cache takes. */
static void
sweep(struct lr_mirror *mirror, const struct lr_zone *zone)
{
	if (mirror->host_ready)
		lr_cached_look(mirror->uses.env, zone);
	lr_cached_sweep(mirror->uses.env, mirror->host_ready, zone);
}

/* Before anybody else has the zone. The edition of the limits that it is packed with. */
static unsigned
pack(const struct lr_zone *zone)
{
	unsigned ttls = lr_ttl_edition();
	lr_packed_fill(zone);
	return ttls;
}

/* To the iterator, before it is published. */
static enum lr_code
offer(struct lr_mirror *mirror, const struct lr_zone *zone, unsigned ttls)
{
	enum lr_code code = lr_upstream_offer(mirror->uses.upstream, zone);
	if (code == LR_OK)
		mirror->ttls = ttls;
	return code;
}

static void
publish(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state)
{
	int64_t horizon = horizon_of(mirror, zone, state);
	lr_snapshot_publish(mirror->uses.snapshot, lr_zone_ref(zone), horizon);
	sweep(mirror, zone);
	note(mirror, zone, state);
}

static void
drop(struct lr_mirror *mirror)
{
	lr_snapshot_publish(mirror->uses.snapshot, NULL, 0);
	pthread_mutex_lock(&mirror->lock);
	mirror->zone_bytes = 0;
	pthread_mutex_unlock(&mirror->lock);
}

static void
store(struct lr_mirror *mirror, const struct lr_zone *zone, bool renewed,
    const struct lr_state *state, int patience_ms)
{
	if (mirror->queue)
		lr_store_queue_save(mirror->queue, zone, renewed, state, patience_ms);
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
	snprintf(state.peer, sizeof(state.peer), "%s", origin->peer);
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
	if (horizon_of(mirror, zone, &just_now) <= now)
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
	int64_t horizon = horizon_of(mirror, held, &state);
	if (horizon <= now)
		return too_old(mirror, held, &state, err);
	bool served = lr_snapshot_fresh(mirror->uses.snapshot, now);
	lr_snapshot_set_horizon(mirror->uses.snapshot, horizon);
	if (!served)
		sweep(mirror, held);
	note(mirror, held, &state);
	lr_say(VERB_OPS, "localroot: %s: serial %" PRIu32 " is current", origin->source, serial);
	lr_stats_round(mirror->uses.stats, LR_ROUND_CURRENT);
	store(mirror, held, false, &state, 0);
	return LR_OK;
}

static enum lr_code
renew(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_origin *origin,
    struct lr_error *err)
{
	struct lr_state state = state_of(mirror, zone, origin);
	if (horizon_of(mirror, zone, &state) <= lr_clock_wall())
		return too_old(mirror, zone, &state, err);
	unsigned ttls = pack(zone);
	/* What was answered once is on disk already, so that a restart goes on from there. */
	store(mirror, zone, true, &state, STORED_FIRST_MS);
	/* What can fail comes first. */
	if (offer(mirror, zone, ttls) != LR_OK)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	publish(mirror, zone, &state);
	mirror->verdict_due = false;
	lr_stats_round(mirror->uses.stats, LR_ROUND_RENEWED);
	return LR_OK;
}

/* Nobody is served what is older than a zone that is verified, nor what we do not understand of
 * it: STATE is of such a zone. */
static void
step_aside(struct lr_mirror *mirror, const char *source, const struct lr_state *state,
    const struct lr_error *why)
{
	bool told = mirror->outdated;
	drop(mirror);
	lr_mirror_set_floor(mirror, state);
	pthread_mutex_lock(&mirror->lock);
	mirror->outdated = true;
	pthread_mutex_unlock(&mirror->lock);
	if (!told)
		log_err("localroot: %s: serial %" PRIu32
			" is verified, but not understood, and nothing is served: %s",
		    source, state->serial, why->text);
}

/* A restart is not to serve what is older, either. */
static void
yield_to(struct lr_mirror *mirror, const struct lr_origin *origin, const struct lr_report *report)
{
	struct lr_state state = {.serial = report->serial};
	bool news = !mirror->outdated || mirror->state.serial != report->serial;
	snprintf(state.source, sizeof(state.source), "%s", origin->source);
	/* What vouched for the copy before vouches for this one. */
	state.key_length = mirror->state.key_length;
	memcpy(state.key, mirror->state.key, state.key_length);
	step_aside(mirror, origin->source, &state, &report->error);
	if (news && mirror->queue)
		lr_store_queue_save_floor(mirror->queue, &state);
}

void
lr_mirror_forget(struct lr_mirror *mirror)
{
	log_info("localroot: the copy held and the serials accepted before are forgotten: the next "
		 "verified zone is taken");
	drop(mirror);
	mirror->has_floor = false;
	pthread_mutex_lock(&mirror->lock);
	mirror->state = (struct lr_state){.serial = 0};
	mirror->outdated = false;
	pthread_mutex_unlock(&mirror->lock);
	if (mirror->queue)
		lr_store_queue_forget(mirror->queue);
}

enum lr_code
lr_mirror_take(struct lr_mirror *mirror, struct lr_draft *draft, const struct lr_origin *origin,
    struct lr_error *err)
{
	uint32_t serial;
	lr_draft_heed(draft, mirror->stop);
	/* The serial may be that of the copy held, which needs no more than to be confirmed. Where
	 * it is another, lr_validate() checks again, for it trusts nobody's draft: that costs one
	 * millisecond of sixty, and telling it what to leave out would cost more words. */
	enum lr_code code = lr_draft_sort(draft, err);
	if (code == LR_OK)
		code = lr_semantic_checks(draft, &serial, err);
	if (code != LR_OK || lr_mirror_confirm(mirror, serial, origin, NULL) == LR_OK) {
		lr_draft_free(draft);
		return code;
	}
	const struct lr_zone *zone;
	struct lr_report report;
	code = verify(mirror, draft, mirror->has_floor, &zone, &report);
	if (code != LR_OK)
		*err = report.error;
	if (code == LR_EUPDATE)
		yield_to(mirror, origin, &report);
	if (code != LR_OK)
		return code;
	log_verified(origin->source, &report);
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
		code = verify(mirror, draft, false, &zone, &report);
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

void
lr_mirror_trust(struct lr_mirror *mirror, const struct lr_anchors *anchors, bool changed)
{
	mirror->anchors = anchors;
	if (!anchors)
		drop(mirror);
	else if (changed || mirror->verdict_due)
		verify_again(mirror);
}

bool
lr_mirror_has_floor(const struct lr_mirror *mirror)
{
	return mirror->has_floor;
}

void
lr_mirror_set_floor(struct lr_mirror *mirror, const struct lr_state *state)
{
	mirror->has_floor = true;
	pthread_mutex_lock(&mirror->lock);
	mirror->state = *state;
	pthread_mutex_unlock(&mirror->lock);
}

enum lr_code
lr_mirror_restore(struct lr_mirror *mirror, struct lr_draft *draft, const char *name,
    struct lr_state *state, struct lr_error *err)
{
	const struct lr_zone *zone;
	struct lr_report report;
	lr_draft_heed(draft, mirror->stop);
	enum lr_code code = verify(mirror, draft, mirror->has_floor, &zone, &report);
	/* The writing may have been cut short between the zone and its state. */
	if (code == LR_OK || code == LR_EUPDATE)
		state->serial = report.serial;
	if (code != LR_OK)
		*err = report.error;
	if (code == LR_EUPDATE)
		step_aside(mirror, name, state, err);
	if (code != LR_OK)
		return code;
	log_verified(name, &report);
	if (offer(mirror, zone, pack(zone)) == LR_OK)
		publish(mirror, zone, state);
	else
		code = lr_fail(err, LR_ENOMEM, "out of memory");
	lr_zone_unref(zone);
	return code;
}

bool
lr_mirror_stands_still(const struct lr_mirror *mirror)
{
	int64_t renewed = mirror->state.renewed;
	return lr_mirror_zone(mirror) && renewed && lr_clock_wall() - renewed >= LR_STILL_SECONDS;
}

/* The clock was set back: workers go by it, so they are told what time has really passed. */
static void
end_in_time(struct lr_mirror *mirror, int64_t now)
{
	if (!lr_snapshot_fresh(mirror->uses.snapshot, now) ||
	    lr_clock_monotonic_ms(NULL) < mirror->horizon_ms)
		return;
	lr_snapshot_set_horizon(mirror->uses.snapshot, now);
	pthread_mutex_lock(&mirror->lock);
	mirror->horizon = now;
	pthread_mutex_unlock(&mirror->lock);
}

/* Before workers run, Unbound still chooses what its hashes start from. Then the caches can get
 * what is older from unbound-control's load_cache, and from queries that were on their way. */
static void
look_at_caches(struct lr_mirror *mirror)
{
	const struct lr_zone *held = lr_mirror_zone(mirror);
	if (mirror->host_ready && !lr_cached_sweep_on(mirror->uses.env, held, &mirror->swept))
		lr_cached_look(mirror->uses.env, held);
}

/* The limits on TTLs have changed, which the iterator is to go by, too. Without memory this is
 * tried at the next look. */
static void
offer_again(struct lr_mirror *mirror)
{
	const struct lr_zone *copy = lr_zone_copy(lr_mirror_zone(mirror));
	if (!copy)
		return;
	if (offer(mirror, copy, pack(copy)) == LR_OK)
		lr_snapshot_publish(mirror->uses.snapshot, lr_zone_ref(copy), mirror->horizon);
	lr_zone_unref(copy);
}

static void
set_serving(struct lr_mirror *mirror, bool serving, int64_t now)
{
	if (serving != mirror->serving) {
		pthread_mutex_lock(&mirror->lock);
		mirror->since = now;
		pthread_mutex_unlock(&mirror->lock);
	}
	mirror->serving = serving;
}

bool
lr_mirror_watch(struct lr_mirror *mirror, bool overridden)
{
	int64_t now = lr_clock_wall();
	end_in_time(mirror, now);
	bool fresh = lr_snapshot_fresh(mirror->uses.snapshot, now);
	if (fresh && mirror->ttls != lr_ttl_edition())
		offer_again(mirror);
	if (fresh && !overridden)
		look_at_caches(mirror);
	if (fresh && !overridden && !mirror->serving)
		log_info("localroot: serving the root zone, serial %" PRIu32 ", for %" PRId64
			 " s unless confirmed before",
		    mirror->state.serial, mirror->horizon - now);
	if (!fresh && mirror->serving && lr_mirror_zone(mirror))
		log_warn("localroot: the copy with serial %" PRIu32 " is stale since %" PRId64
			 " s: queries go to the root servers",
		    mirror->state.serial, now - mirror->horizon);
	set_serving(mirror, fresh && !overridden, now);
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
	return lr_snapshot_peek(mirror->uses.snapshot);
}

bool
lr_mirror_state(struct lr_mirror *mirror, struct lr_state *state, int64_t *horizon)
{
	pthread_mutex_lock(&mirror->lock);
	bool held = mirror->zone_bytes > 0;
	*state = mirror->state;
	*horizon = mirror->horizon;
	pthread_mutex_unlock(&mirror->lock);
	return held;
}

/* Under the lock. */
static enum lr_reason
reason_of(const struct lr_mirror *mirror)
{
	if (!mirror->zone_bytes)
		return mirror->outdated ? LR_UPDATE : LR_NO_COPY;
	if (!mirror->state.confirmed)
		return LR_UNCONFIRMED;
	return lr_clock_wall() >= mirror->horizon ? LR_STALE : LR_NO_REASON;
}

enum lr_reason
lr_mirror_reason(struct lr_mirror *mirror)
{
	pthread_mutex_lock(&mirror->lock);
	enum lr_reason reason = reason_of(mirror);
	pthread_mutex_unlock(&mirror->lock);
	return reason;
}

void
lr_mirror_facts(struct lr_mirror *mirror, struct lr_mirror_facts *facts)
{
	pthread_mutex_lock(&mirror->lock);
	*facts = (struct lr_mirror_facts){.reason = reason_of(mirror),
	    .since = mirror->since,
	    .held = mirror->zone_bytes > 0,
	    .state = mirror->state,
	    .horizon = mirror->horizon,
	    .limit = mirror->limit,
	    .retry = mirror->retry,
	    .keys = mirror->keys,
	    .zone_bytes = mirror->zone_bytes};
	pthread_mutex_unlock(&mirror->lock);
}
