#include "mirror.h"
#include "clock.h"
#include "draft_from_zone.h"
#include "freshness.h"
#include "host_anchors.h"
#include "packed_rrset.h"
#include "publication.h"
#include "said.h"
#include "schedule.h"
#include "semantics.h"
#include "validate.h"

#include <inttypes.h>

/* Milliseconds that a new zone waits for the disk before it is served. */
#define STORED_FIRST_MS 1000

/* Milliseconds from one line that the copy is current to the next:
 * whoever forges NOTIFY has that asked every ten seconds. */
#define TOLD_MS 60000

struct lr_mirror {
	const struct lr_settings *settings;
	struct lr_stats *stats;
	struct lr_publication publication;
	struct lr_held held;
	struct lr_store_queue *queue;     /* or NULL */
	const struct lr_anchors *anchors; /* those that the copy held was verified with */
	bool verdict_due;                 /* but for want of memory it was not verified with them */
	bool serving;                     /* as the log was told */
	bool has_floor;       /* a zone was accepted before: its serial is the state's */
	struct lr_stop *stop; /* or NULL */
	int64_t horizon_ms;   /* by the monotonic clock: a clock set back does not stretch it */
	int64_t told_ms;      /* monotonic: when the log was last told that it is current */
	struct lr_said said_memory;
};

struct lr_mirror *
lr_mirror_new(const struct lr_mirror_uses *uses)
{
	struct lr_mirror *mirror = calloc(1, sizeof(*mirror));
	if (!mirror)
		return NULL;
	mirror->settings = uses->settings;
	mirror->stats = uses->stats;
	mirror->publication = (struct lr_publication){
	    .env = uses->env, .snapshot = uses->snapshot, .upstream = uses->upstream};
	lr_held_init(&mirror->held, lr_clock_wall());
	return mirror;
}

void
lr_mirror_free(struct lr_mirror *mirror)
{
	if (!mirror)
		return;
	lr_held_destroy(&mirror->held);
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
	lr_publication_host_ready(&mirror->publication);
}

static enum lr_code
verify(struct lr_mirror *mirror, struct lr_draft *draft, bool has_floor,
    const struct lr_zone **zone, struct lr_report *report)
{
	int32_t override = mirror->settings->date_override;
	const struct lr_validate_options options = {
	    .anchors = mirror->anchors,
	    .dnssec = true,
	    .now = override > 0 ? (uint32_t) override : (uint32_t)lr_clock_wall(),
	    .check_time = override != -1,
	    .understood = true,
	    .has_floor = has_floor,
	    .serial_floor = mirror->held.facts.state.serial,
	    .room = &lr_packed_room,
	    .cpu_ns = lr_clock_cpu_ns,
	};
	int64_t start = lr_clock_cpu_ns();
	enum lr_code code = lr_validate(draft, &options, zone, report);
	lr_stats_verified(mirror->stats, lr_clock_cpu_ns() - start);
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
horizon_of(const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    enum lr_limit *limit)
{
	const struct lr_settings *settings = mirror->settings;
	/* Under an overridden date, signatures stay in their time as long as Unbound runs. */
	return lr_horizon(lr_zone_facts(zone), state->confirmed, state->expire, settings->max_age,
	    settings->date_override == 0, limit);
}

/* What stands from now on: ZONE is what the workers have, confirmed as STATE says. */
static void
note(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    int64_t horizon, enum lr_limit limit)
{
	mirror->horizon_ms = lr_clock_monotonic_ms(NULL) + (horizon - lr_clock_wall()) * 1000;
	mirror->has_floor = true;
	lr_held_set(&mirror->held, zone, state, horizon, limit);
}

/* ZONE is packed. */
static enum lr_code
publish(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    struct lr_error *err)
{
	enum lr_limit limit;
	int64_t horizon = horizon_of(mirror, zone, state, &limit);
	if (lr_publication_set(&mirror->publication, zone, horizon) != LR_OK)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	note(mirror, zone, state, horizon, limit);
	return LR_OK;
}

static void
drop(struct lr_mirror *mirror, bool outdated)
{
	lr_publication_drop(&mirror->publication);
	lr_held_drop(&mirror->held, outdated);
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
	const struct lr_state *before = &mirror->held.facts.state;
	bool same = before->serial == lr_zone_facts(zone)->serial;
	/* What is of the future is of before the clock was set back. */
	bool known = same && before->renewed && before->renewed <= origin->when;
	struct lr_state state = {.serial = lr_zone_facts(zone)->serial,
	    .confirmed = origin->when,
	    .renewed = known ? before->renewed : origin->when,
	    .expire = origin->expire};
	snprintf(state.source, sizeof(state.source), "%s", origin->source);
	snprintf(state.peer, sizeof(state.peer), "%s", origin->peer);
	state.key_length = lr_anchored_key(mirror->anchors, zone, state.key, sizeof(state.key));
	return state;
}

/* Why it has no time left: that of its signatures, that which its SOA gives, or, for a file, that
 * since it was changed. */
static enum lr_code
too_old(const struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_state *state,
    struct lr_error *err)
{
	struct lr_state just_now = *state;
	int64_t now = lr_clock_wall(), ago = now - state->confirmed;
	enum lr_limit limit;
	just_now.confirmed = now;
	bool even_now = horizon_of(mirror, zone, &just_now, &limit) <= now;
	if (even_now && limit == LR_LIMIT_SIGNATURES)
		return lr_fail(err, LR_EEXPIRED,
		    "serial %" PRIu32 " is its current one, but signatures in it have expired",
		    state->serial);
	if (even_now)
		return lr_fail(err, LR_ESTALE,
		    "serial %" PRIu32 " is its current one, but expires at once by its SOA",
		    state->serial);
	return lr_fail(err, LR_ESTALE,
	    "serial %" PRIu32 " is of a file that has not changed for %" PRId64 " s", state->serial,
	    ago);
}

static void
tell_current(struct lr_mirror *mirror, uint32_t serial, const struct lr_origin *origin)
{
	int64_t now_ms = lr_clock_monotonic_ms(NULL);
	bool news = mirror->told_ms == 0 || now_ms - mirror->told_ms >= TOLD_MS;
	if (news)
		mirror->told_ms = now_ms;
	lr_say(news ? VERB_OPS : VERB_DETAIL, "localroot: %s: serial %" PRIu32 " is current",
	    origin->source, serial);
}

enum lr_code
lr_mirror_confirm(
    struct lr_mirror *mirror, uint32_t serial, const struct lr_origin *origin, struct lr_error *err)
{
	const struct lr_zone *zone = lr_mirror_zone(mirror);
	const struct lr_state *before = &mirror->held.facts.state;
	if (!zone || before->serial != serial)
		return lr_fail(err, LR_ESERIAL, "serial %" PRIu32 " is not the one held", serial);
	struct lr_state state = state_of(mirror, zone, origin);
	int64_t now = lr_clock_wall();
	enum lr_limit limit;
	int64_t horizon = horizon_of(mirror, zone, &state, &limit);
	/* A file that has not changed since says nothing new; and a source with an older copy of
	 * its own takes no time away (RFC 7314 section 4: the later of the two). */
	if (before->confirmed <= now && (state.confirmed < before->confirmed ||
					    horizon < horizon_of(mirror, zone, before, NULL))) {
		state = *before;
		horizon = horizon_of(mirror, zone, &state, &limit);
	}
	if (horizon <= now)
		return too_old(mirror, zone, &state, err);
	lr_publication_prolong(&mirror->publication, now, horizon);
	note(mirror, zone, &state, horizon, limit);
	tell_current(mirror, serial, origin);
	lr_stats_round(mirror->stats, LR_ROUND_CURRENT);
	store(mirror, zone, false, &state, 0);
	return LR_OK;
}

static enum lr_code
renew(struct lr_mirror *mirror, const struct lr_zone *zone, const struct lr_origin *origin,
    struct lr_error *err)
{
	struct lr_state state = state_of(mirror, zone, origin);
	if (horizon_of(mirror, zone, &state, NULL) <= lr_clock_wall())
		return too_old(mirror, zone, &state, err);
	lr_publication_pack(&mirror->publication, zone);
	/* What was answered once is on disk already, so that a restart goes on from there. */
	store(mirror, zone, true, &state, STORED_FIRST_MS);
	enum lr_code code = publish(mirror, zone, &state, err);
	if (code != LR_OK)
		return code;
	mirror->verdict_due = false;
	lr_stats_round(mirror->stats, LR_ROUND_RENEWED);
	return LR_OK;
}

/* Nobody is served what is older than a zone that is verified, nor what we do not understand of
 * it: STATE is of such a zone. */
static void
step_aside(struct lr_mirror *mirror, const char *source, const struct lr_state *state,
    const struct lr_error *why)
{
	bool told = mirror->held.outdated;
	drop(mirror, true);
	lr_mirror_set_floor(mirror, state);
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
	bool news = !mirror->held.outdated || mirror->held.facts.state.serial != report->serial;
	snprintf(state.source, sizeof(state.source), "%s", origin->source);
	/* What vouched for the copy before vouches for this one. */
	state.key_length = mirror->held.facts.state.key_length;
	memcpy(state.key, mirror->held.facts.state.key, state.key_length);
	step_aside(mirror, origin->source, &state, &report->error);
	if (news && mirror->queue)
		lr_store_queue_save_floor(mirror->queue, &state);
}

void
lr_mirror_forget(struct lr_mirror *mirror)
{
	log_info("localroot: the copy held and the serials accepted before are forgotten: the next "
		 "verified zone is taken");
	drop(mirror, false);
	mirror->has_floor = false;
	lr_held_set_state(&mirror->held, &(struct lr_state){.serial = 0});
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
		    mirror->held.facts.state.serial);
		lr_zone_unref(zone);
		return;
	}
	log_warn("localroot: the trust anchors changed: serial %" PRIu32
		 " is not served any more: %s",
	    mirror->held.facts.state.serial, report.error.text);
	drop(mirror, false);
}

void
lr_mirror_trust(struct lr_mirror *mirror, const struct lr_anchors *anchors, bool changed)
{
	mirror->anchors = anchors;
	if (!anchors)
		drop(mirror, mirror->held.outdated);
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
	lr_held_set_state(&mirror->held, state);
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
	lr_publication_pack(&mirror->publication, zone);
	code = publish(mirror, zone, state, err);
	lr_zone_unref(zone);
	return code;
}

bool
lr_mirror_stands_still(const struct lr_mirror *mirror)
{
	int64_t renewed = mirror->held.facts.state.renewed;
	return lr_mirror_zone(mirror) && renewed && lr_clock_wall() - renewed >= LR_STILL_SECONDS;
}

/* Milliseconds by the monotonic clock until what is held goes stale. */
static int64_t
left_ms(const struct lr_mirror *mirror)
{
	int64_t left = mirror->horizon_ms - lr_clock_monotonic_ms(NULL);
	return left > 0 ? left : 0;
}

/* The clock was set back: workers go by it, so they are told what time has really passed, and the
 * status is told when that will be. */
static void
end_in_time(struct lr_mirror *mirror, int64_t now)
{
	if (!lr_publication_fresh(&mirror->publication, now))
		return;
	int64_t left = left_ms(mirror);
	if (left > 0 && (mirror->held.facts.horizon - now) * 1000 <= left + LR_CLOCK_SET_MS)
		return;
	int64_t horizon = now + (left + 999) / 1000;
	lr_publication_set_horizon(&mirror->publication, horizon);
	lr_held_set_horizon(&mirror->held, horizon);
}

bool
lr_mirror_watch(struct lr_mirror *mirror, bool overridden)
{
	int64_t now = lr_clock_wall();
	end_in_time(mirror, now);
	bool fresh = lr_publication_fresh(&mirror->publication, now);
	bool serving = fresh && !overridden;
	if (fresh)
		lr_publication_follow_limits(&mirror->publication, mirror->held.facts.horizon);
	if (serving)
		lr_publication_look_at_caches(&mirror->publication);
	if (serving && !mirror->serving)
		log_info("localroot: serving the root zone, serial %" PRIu32 ", for %" PRId64
			 " s unless confirmed before",
		    mirror->held.facts.state.serial, mirror->held.facts.horizon - now);
	if (!fresh && mirror->serving && lr_mirror_zone(mirror))
		log_warn("localroot: the copy with serial %" PRIu32 " is stale since %" PRId64
			 " s: queries go to the root servers",
		    mirror->held.facts.state.serial, now - mirror->held.facts.horizon);
	if (serving != mirror->serving)
		lr_held_set_since(&mirror->held, now);
	mirror->serving = serving;
	return fresh;
}

int64_t
lr_mirror_left_ms(const struct lr_mirror *mirror)
{
	return mirror->serving ? left_ms(mirror) : INT64_MAX;
}

const struct lr_zone *
lr_mirror_zone(const struct lr_mirror *mirror)
{
	return lr_publication_zone(&mirror->publication);
}

void
lr_mirror_facts(struct lr_mirror *mirror, struct lr_held_facts *facts)
{
	lr_held_read(&mirror->held, facts);
}
