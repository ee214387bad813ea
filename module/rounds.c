#include "rounds.h"
#include "clock.h"
#include "inquiry.h"
#include "said.h"
#include "schedule.h"

#define HURRY_MS 15000  /* a hurried round does not wait longer before it asks the next */
#define BESIDE_MAX 3    /* and has so many asked at a time */
#define TURN_MS 120000  /* what a source gets in a hurried round while others wait for its place */
#define ROUND_MS 300000 /* no further source is begun after that */
#define GRACE_MS 5000   /* after its limits, or its cancelling: then a fetch hangs */

/* For whoever has set the serial back on purpose. */
#define ADVICE " (if that is to be taken: localroot_forget, unbound-localroot(8))"

/* What is under way with one source. */
struct asking {
	struct lr_inquiry *inquiry; /* or NULL */
	bool counts;                /* for the round under way */
	bool hangs;                 /* it should have ended, and has not */
	int64_t since_ms, limit_ms; /* when it was begun, and from when on it hangs */
};

struct lr_rounds {
	struct lr_rounds_uses uses;
	struct lr_sources *sources;
	size_t count; /* of sources */
	struct asking *asking;
	int notify_fd;
	struct lr_said said_thread, said_out_of_turn;
	/* the round under way: */
	bool going, good, hurried, out_of_turn;
	bool thorough; /* one that is good is not enough */
	int64_t begun_ms;
	size_t *picked, picked_count, at;
	size_t running;        /* inquiries that count */
	int64_t last_begun_ms; /* the latest of them */
};

static int64_t
now_ms(void)
{
	return lr_clock_monotonic_ms(NULL);
}

enum lr_code
lr_rounds_new(
    const struct lr_rounds_uses *uses, int notify_fd, struct lr_rounds **out, struct lr_error *err)
{
	const struct lr_settings *settings = uses->settings;
	const struct lr_source_options options = {.ca_bundle = settings->ca_bundle,
	    .client_certificate = settings->client_certificate,
	    .keys = settings->tsig_keys,
	    .network = settings->network,
	    .dir = settings->dir};
	struct lr_rounds *rounds = calloc(1, sizeof(*rounds));
	if (!rounds)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	rounds->uses = *uses;
	rounds->notify_fd = notify_fd;
	rounds->picked = calloc(settings->source_count + 1, sizeof(*rounds->picked));
	rounds->asking = calloc(settings->source_count + 1, sizeof(*rounds->asking));
	enum lr_code code = rounds->picked && rounds->asking
				? lr_sources_new(settings->sources, settings->source_count,
				      settings->ordered, &options, &rounds->sources, err)
				: lr_fail(err, LR_ENOMEM, "out of memory");
	if (code == LR_OK) {
		rounds->count = settings->source_count;
		*out = rounds;
	} else {
		lr_rounds_free(rounds, 0);
	}
	return code;
}

static const char *
name_of(const struct lr_rounds *rounds, size_t i)
{
	return lr_source_uri(lr_sources_get(rounds->sources, i))->text;
}

static void
cancel_one(struct lr_rounds *rounds, struct asking *asking)
{
	if (!asking->counts)
		return;
	asking->counts = false;
	asking->limit_ms = now_ms() + GRACE_MS;
	rounds->running--;
	lr_inquiry_cancel(asking->inquiry);
}

void
lr_rounds_cancel(struct lr_rounds *rounds)
{
	for (size_t i = 0; i < rounds->count; i++)
		cancel_one(rounds, &rounds->asking[i]);
	rounds->going = false;
}

void
lr_rounds_free(struct lr_rounds *rounds, int64_t until_ms)
{
	if (!rounds)
		return;
	lr_rounds_cancel(rounds);
	for (size_t i = 0; i < rounds->count; i++) {
		struct lr_inquiry *inquiry = rounds->asking[i].inquiry;
		struct lr_fetched fetched;
		struct lr_error err;
		int64_t left = until_ms - now_ms();
		if (!inquiry)
			continue;
		if (lr_inquiry_over(inquiry, left > 0 ? (int)left : 0)) {
			if (lr_inquiry_end(inquiry, &fetched, &err) == LR_OK)
				lr_draft_free(fetched.draft);
			continue;
		}
		if (!rounds->asking[i].hangs)
			log_warn("localroot: %s: hangs, and is left alone", name_of(rounds, i));
		lr_sources_forget(rounds->sources, i);
		lr_inquiry_abandon(inquiry);
	}
	lr_sources_free(rounds->sources);
	free(rounds->asking);
	free(rounds->picked);
	free(rounds);
}

/* Begins a round of those that are picked. */
static void
begin(struct lr_rounds *rounds)
{
	rounds->at = 0;
	rounds->going = true;
	rounds->good = rounds->hurried = rounds->thorough = rounds->out_of_turn = false;
	rounds->begun_ms = now_ms();
}

void
lr_rounds_begin(struct lr_rounds *rounds, bool all, bool fresh, bool hurried)
{
	const struct lr_zone *zone = lr_mirror_zone(rounds->uses.mirror);
	const struct lr_picking picking = {.all = all,
	    .fresh = fresh,
	    .retry = zone ? lr_zone_facts(zone)->retry : 0,
	    .random = lr_clock_jitter(),
	    .now_ms = now_ms()};
	rounds->picked_count = lr_sources_pick(rounds->sources, &picking, rounds->picked);
	begin(rounds);
	rounds->hurried = hurried;
	rounds->thorough = lr_mirror_stands_still(rounds->uses.mirror);
}

void
lr_rounds_begin_with(struct lr_rounds *rounds, size_t source)
{
	rounds->picked[0] = source;
	rounds->picked_count = 1;
	begin(rounds);
	rounds->out_of_turn = true;
}

/* A failure out of turn does not count for the back-off. PEER as lr_source_peer(); empty where the
 * source is still being asked. */
static void
note(struct lr_rounds *rounds, size_t i, enum lr_code code, const struct lr_error *err,
    const char *peer)
{
	bool aside = rounds->out_of_turn && code != LR_OK;
	bool news = aside ? lr_said_first(&rounds->said_out_of_turn)
			  : lr_sources_note(rounds->sources, i, err, peer, now_ms());
	if (code == LR_OK) {
		(void)lr_said_over(&rounds->said_out_of_turn);
		return;
	}
	lr_stats_failure(rounds->uses.stats, code);
	const char *advice = code == LR_ESERIAL ? ADVICE : "";
	if (news && code != LR_EUPDATE) /* the mirror has told of that */
		log_warn("localroot: %s: %s%s", name_of(rounds, i), err->text, advice);
	else
		lr_say(VERB_DETAIL, "localroot: %s: %s", name_of(rounds, i), err->text);
}

static enum lr_code
start(struct lr_rounds *rounds, size_t i, bool fresh, struct lr_error *err)
{
	struct asking *asking = &rounds->asking[i];
	struct lr_source *source = lr_sources_get(rounds->sources, i);
	const struct lr_limits *limits = &rounds->uses.settings->limits;
	enum lr_code code =
	    lr_inquiry_start(source, fresh ? lr_mirror_zone(rounds->uses.mirror) : NULL, limits,
		rounds->notify_fd, &asking->inquiry, err);
	if (code != LR_OK)
		return code;
	/* A file needs no time for a network. */
	bool file = lr_source_uri(source)->scheme == LR_FILE;
	asking->counts = true;
	asking->hangs = false;
	asking->since_ms = rounds->last_begun_ms = now_ms();
	asking->limit_ms =
	    asking->since_ms + (file ? limits->work_ms : limits->total_ms) + GRACE_MS;
	rounds->running++;
	return LR_OK;
}

/* No thread or no memory for an inquiry: no source's fault, and the others would fare no better. */
static void
break_off(struct lr_rounds *rounds, const struct lr_error *err)
{
	lr_stats_failure(rounds->uses.stats, err->code);
	if (lr_said_first(&rounds->said_thread))
		log_warn("localroot: no source can be asked: %s", err->text);
	rounds->at = rounds->picked_count;
}

/* When what was fetched was the source's current zone. A file of the future counts as of now. */
static int64_t
when_of(const struct lr_fetched *fetched)
{
	int64_t now = lr_clock_wall();
	return fetched->changed && fetched->changed < now ? fetched->changed : now;
}

/* Takes the zone that the source has sent, has the copy confirmed, or refuses both. */
static enum lr_code
use(struct lr_rounds *rounds, size_t i, struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_mirror *mirror = rounds->uses.mirror;
	const struct lr_origin origin = {.source = name_of(rounds, i),
	    .peer = lr_source_peer(lr_sources_get(rounds->sources, i)),
	    .when = when_of(fetched),
	    .expire = fetched->has_expire ? fetched->expire : 0};
	/* RFC 7314 section 4. What ends before the next round may come is as good as over. */
	if (fetched->has_expire && fetched->expire < LR_LEAST_SECONDS) {
		lr_draft_free(fetched->draft);
		return lr_fail(err, LR_ESTALE, "its own copy %s (EDNS EXPIRE %" PRIu32 ")",
		    fetched->expire ? "is about to expire" : "has expired", fetched->expire);
	}
	if (!fetched->draft)
		return lr_mirror_confirm(mirror, fetched->serial, &origin, err);
	lr_say(VERB_OPS, "localroot: %s: fetched %zu octets", origin.source, fetched->octets);
	return lr_mirror_take(mirror, fetched->draft, &origin, err);
}

/* Whether the contents are to blame, which a full transfer may bring better. */
static bool
is_of_contents(enum lr_code code)
{
	switch (code) {
	case LR_EFORMAT:
	case LR_ENOZONEMD:
	case LR_EDIGEST:
	case LR_EANCHOR:
	case LR_EBOGUS:
	case LR_EEXPIRED:
		return true;
	default:
		return false;
	}
}

/* An increment that does not verify is followed by a full transfer. */
static void
ask_for_the_whole(struct lr_rounds *rounds, size_t i, bool fresh, const struct lr_error *why)
{
	struct lr_error err;
	if (lr_sources_note_increment(rounds->sources, i, false))
		log_warn("localroot: %s: the increment is not good: %s; asking for the whole zone",
		    name_of(rounds, i), why->text);
	lr_stats_failure(rounds->uses.stats, why->code);
	lr_source_distrust(lr_sources_get(rounds->sources, i));
	if (start(rounds, i, fresh, &err) != LR_OK)
		break_off(rounds, &err);
}

/* Source I's inquiry is over. */
static void
take(struct lr_rounds *rounds, size_t i, bool fresh)
{
	struct asking *asking = &rounds->asking[i];
	struct lr_fetched fetched = {.draft = NULL};
	struct lr_error err = {LR_OK, ""};
	enum lr_code code = lr_inquiry_end(asking->inquiry, &fetched, &err);
	asking->inquiry = NULL;
	if (!asking->counts) {
		if (code == LR_OK)
			lr_draft_free(fetched.draft);
		return;
	}
	asking->counts = false;
	rounds->running--;
	if (code == LR_OK)
		code = use(rounds, i, &fetched, &err);
	if (code == LR_ECANCELLED) /* the module was told to end while it was verified */
		return;
	if (fetched.increment && is_of_contents(code)) {
		ask_for_the_whole(rounds, i, fresh, &err);
		return;
	}
	/* LR_EUPDATE is of a zone that has verified, so the increment was good. */
	if ((code == LR_OK || code == LR_EUPDATE) && fetched.increment)
		(void)lr_sources_note_increment(rounds->sources, i, true);
	note(rounds, i, code, &err, lr_source_peer(lr_sources_get(rounds->sources, i)));
	rounds->good |= code == LR_OK;
}

/* Past its limits: a file system that does not answer. */
static void
give_up(struct lr_rounds *rounds, size_t i)
{
	struct asking *asking = &rounds->asking[i];
	struct lr_error err;
	if (asking->hangs || now_ms() < asking->limit_ms)
		return;
	asking->hangs = true;
	if (!asking->counts)
		return;
	cancel_one(rounds, asking);
	note(rounds, i, lr_fail(&err, LR_ETIMEOUT, "hangs: not asked again before it ends"), &err,
	    "");
}

static bool
is_enough(const struct lr_rounds *rounds)
{
	return rounds->good && !rounds->thorough;
}

/* Whether others are still to be asked. */
static bool
others_wait(const struct lr_rounds *rounds)
{
	return !is_enough(rounds) && rounds->at < rounds->picked_count &&
	       now_ms() - rounds->begun_ms < ROUND_MS;
}

/* In a hurried round, and every place is taken: the one begun first makes room. */
static void
make_room(struct lr_rounds *rounds)
{
	size_t first = rounds->count;
	struct lr_error err;
	if (!rounds->hurried || rounds->running < BESIDE_MAX || !others_wait(rounds))
		return;
	for (size_t i = 0; i < rounds->count; i++)
		if (rounds->asking[i].counts &&
		    (first == rounds->count ||
			rounds->asking[i].since_ms < rounds->asking[first].since_ms))
			first = i;
	if (now_ms() - rounds->asking[first].since_ms < TURN_MS)
		return;
	cancel_one(rounds, &rounds->asking[first]);
	note(rounds, first,
	    lr_fail(&err, LR_ETIMEOUT, "not finished within %d s, and others wait", TURN_MS / 1000),
	    &err, "");
}

static bool
may_begin(const struct lr_rounds *rounds)
{
	if (!others_wait(rounds))
		return false;
	const struct asking *next = &rounds->asking[rounds->picked[rounds->at]];
	if (next->inquiry && !next->hangs)
		return false; /* cancelled a moment ago */
	return rounds->running == 0 || (rounds->hurried && rounds->running < BESIDE_MAX &&
					   now_ms() - rounds->last_begun_ms >= HURRY_MS);
}

static void
begin_next(struct lr_rounds *rounds, bool fresh)
{
	size_t i = rounds->picked[rounds->at++];
	struct lr_error err;
	if (rounds->asking[i].inquiry)
		note(rounds, i, lr_fail(&err, LR_ETIMEOUT, "still hangs"), &err, "");
	else if (start(rounds, i, fresh, &err) == LR_OK)
		(void)lr_said_over(&rounds->said_thread);
	else
		break_off(rounds, &err);
}

static bool
is_over(const struct lr_rounds *rounds)
{
	bool late = now_ms() - rounds->begun_ms >= ROUND_MS;
	if (is_enough(rounds) || rounds->at == rounds->picked_count)
		return is_enough(rounds) || rounds->running == 0;
	return late && (rounds->running == 0 || rounds->hurried);
}

enum lr_course
lr_rounds_go_on(struct lr_rounds *rounds, bool fresh)
{
	for (size_t i = 0; i < rounds->count; i++) {
		struct asking *asking = &rounds->asking[i];
		if (asking->inquiry && lr_inquiry_over(asking->inquiry, 0))
			take(rounds, i, fresh);
		else if (asking->inquiry)
			give_up(rounds, i);
	}
	if (!rounds->going)
		return LR_COURSE_IDLE;
	make_room(rounds);
	while (may_begin(rounds))
		begin_next(rounds, fresh);
	if (!is_over(rounds))
		return LR_COURSE_GOING;
	bool good = rounds->good;
	lr_rounds_cancel(rounds);
	if (!good)
		lr_stats_round(rounds->uses.stats, LR_ROUND_FAILED);
	return good ? LR_COURSE_GOOD : LR_COURSE_BAD;
}

void
lr_rounds_facts(struct lr_rounds *rounds, const struct lr_picking *picking, int64_t next_ms,
    struct lr_source_facts *facts)
{
	lr_sources_facts(rounds->sources, picking, next_ms, facts);
}
