#include "refresher.h"
#include "anchors.h"
#include "localroot.h"
#include "policy.h"
#include "schedule.h"
#include "source.h"
#include "store.h"
#include "thaw.h"
#include "validate.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

/* Seconds between two looks at the anchors and the clock, and two writings of the status file. */
#define TICK 10

static const uint8_t root_name[] = {0};

struct lr_refresher {
	struct lr_localroot *module;
	pthread_t thread;
	bool running;
	int stop_fd;                /* readable: end */
	struct lr_anchors *anchors; /* those that the copy held was verified with */
	unsigned failures;          /* consecutive rounds */
	bool serving;               /* as the log was told */
	bool disk_failed;           /* as the log was told */
	int64_t horizon_ms; /* of the copy held, by the monotonic clock: a clock set back does not
			       stretch it */

	pthread_mutex_t lock;  /* of what follows, which others look at */
	struct lr_state state; /* of the copy held */
	int64_t horizon;
	size_t zone_octets; /* 0: no copy */
};

static int64_t
clock_ns(clockid_t id)
{
	struct timespec at;
	clock_gettime(id, &at);
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static int64_t
cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t
monotonic_ms(void *unused)
{
	(void)unused;
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static int64_t
wall_seconds(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000000;
}

static uint16_t
random16(void *unused)
{
	(void)unused;
	uint16_t number = 0;
	(void)RAND_bytes((unsigned char *)&number, sizeof(number));
	return number;
}

/* The validator's anchors once it has them; before that, those of the configuration. */
static struct lr_anchors *
current_anchors(const struct lr_localroot *module)
{
	if (atomic_load_explicit(&module->host_ready, memory_order_acquire))
		return lr_anchors_of_validator(module->env->anchors);
	return NULL;
}

static enum lr_code
verify(struct lr_refresher *r, struct lr_draft *draft, const struct lr_anchors *anchors,
    bool has_floor, uint32_t floor, const struct lr_zone **zone, struct lr_report *report)
{
	int32_t override = r->module->settings.date_override;
	const struct lr_policy policy = {
	    .anchors = anchors,
	    .dnssec = true,
	    .now = override > 0 ? (uint32_t) override : (uint32_t)wall_seconds(),
	    .check_time = override != -1,
	    .has_floor = has_floor,
	    .serial_floor = floor,
	    .cpu_ns = cpu_ns,
	};
	int64_t start = cpu_ns();
	enum lr_code code = lr_validate(draft, &policy, zone, report);
	lr_stats_verified(r->module->stats, cpu_ns() - start);
	return code;
}

/* A round's failures leave a line and a count, and nothing else. */
static void
refuse(struct lr_refresher *r, const char *source, const struct lr_error *err)
{
	if (err->code == LR_ECANCELLED)
		return;
	lr_stats_failure(r->module->stats, err->code);
	log_warn("localroot: %s: %s", source, err->text);
}

static void
log_verified(const char *source, const struct lr_report *report)
{
	log_info("localroot: %s: serial %" PRIu32 " verified: ZONEMD %s, %" PRIu32
		 " signatures, key tag %u; %zu records, %zu delegations",
	    source, report->serial, report->zonemd.algorithm == 2 ? "SHA-512" : "SHA-384",
	    report->dnssec.signatures, report->dnssec.key_tag, report->records,
	    report->delegations);
}

static void
save(struct lr_refresher *r, const struct lr_zone *zone)
{
	const char *dir = r->module->settings.dir;
	struct lr_error err;
	enum lr_code code = zone ? lr_store_write_zone(dir, zone, &err) : LR_OK;
	if (code == LR_OK)
		code = lr_store_write_state(dir, &r->state, &err);
	if (code != LR_OK && !r->disk_failed)
		log_warn("localroot: %s: no copy is kept over a restart", err.text);
	r->disk_failed = code != LR_OK;
}

/* Publishes ZONE (a reference of ours), confirmed as STATE says, until its horizon. */
static enum lr_code
publish(struct lr_refresher *r, const struct lr_zone *zone, const struct lr_state *state)
{
	const struct lr_settings *settings = &r->module->settings;
	/* Under an overridden date, signatures stay in their time as long as Unbound runs. */
	int64_t horizon = lr_policy_horizon(lr_zone_facts(zone), state->confirmed, state->expire,
	    settings->max_age, settings->date_override == 0);
	const struct lr_copy copy = {zone, state->confirmed, horizon};

	lr_zone_ref(zone);
	if (!lr_snapshot_publish(r->module->snapshot, &copy)) {
		lr_zone_unref(zone);
		return LR_ENOMEM;
	}
	r->horizon_ms = monotonic_ms(NULL) + (horizon - wall_seconds()) * 1000;
	pthread_mutex_lock(&r->lock);
	r->state = *state;
	r->horizon = horizon;
	r->zone_octets = lr_zone_facts(zone)->octets;
	pthread_mutex_unlock(&r->lock);
	return LR_OK;
}

static void
drop_copy(struct lr_refresher *r)
{
	(void)lr_snapshot_publish(r->module->snapshot, NULL);
	pthread_mutex_lock(&r->lock);
	r->zone_octets = 0;
	pthread_mutex_unlock(&r->lock);
}

/* Tells the log when serving begins and ends; returns whether the copy held is fresh. */
static bool
watch_horizon(struct lr_refresher *r)
{
	const struct lr_copy *copy = lr_snapshot_peek(r->module->snapshot);
	int64_t now = wall_seconds();
	if (copy && now < copy->horizon && monotonic_ms(NULL) >= r->horizon_ms) {
		/* The clock was set back: workers go by it, so tell them what time has really
		 * passed. */
		struct lr_copy stale = {lr_zone_ref(copy->zone), copy->confirmed, now};
		if (!lr_snapshot_publish(r->module->snapshot, &stale))
			lr_zone_unref(stale.zone);
		copy = lr_snapshot_peek(r->module->snapshot);
		pthread_mutex_lock(&r->lock);
		r->horizon = now;
		pthread_mutex_unlock(&r->lock);
	}
	bool fresh = copy && now < copy->horizon;
	if (fresh && !r->serving)
		log_info("localroot: serving the root zone, serial %" PRIu32 ", for %" PRId64
			 " s unless confirmed before",
		    r->state.serial, copy->horizon - now);
	if (!fresh && r->serving) {
		log_warn("localroot: the copy with serial %" PRIu32 " is stale since %" PRId64
			 " s: queries go to the root servers",
		    r->state.serial, copy ? now - copy->horizon : 0);
		lr_lend_withdraw(r->module->lend);
	}
	r->serving = fresh;
	return fresh;
}

/* A source delivered the serial that we hold: the copy is current. */
static enum lr_code
confirm(struct lr_refresher *r, const struct lr_zone *zone, const struct lr_state *state)
{
	enum lr_code code = publish(r, zone, state);
	if (code != LR_OK)
		return code;
	lr_stats_round(r->module->stats, LR_ROUND_CURRENT);
	verbose(
	    VERB_OPS, "localroot: %s: serial %" PRIu32 " is current", state->source, state->serial);
	save(r, NULL);
	return LR_OK;
}

static enum lr_code
renew(struct lr_refresher *r, const struct lr_zone *zone, const struct lr_state *state)
{
	/* The iterator's before the workers': both change within milliseconds, and either may be
	 * the newer. */
	if (lr_lend_renew(r->module->lend, zone, NULL) == LR_ENOMEM)
		return LR_ENOMEM;
	enum lr_code code = publish(r, zone, state);
	if (code != LR_OK)
		return code;
	lr_stats_round(r->module->stats, LR_ROUND_RENEWED);
	save(r, zone);
	return LR_OK;
}

/* One source's zone, taken or refused. */
static enum lr_code
try_source(struct lr_refresher *r, const struct lr_uri *uri, const struct lr_anchors *anchors,
    struct lr_error *err)
{
	const struct lr_io io = {
	    .cancel_fd = r->stop_fd, .monotonic_ms = monotonic_ms, .random16 = random16};
	struct lr_fetched fetched;
	enum lr_code code = lr_source_fetch(uri, root_name, &io, &lr_limits_default, &fetched, err);
	if (code != LR_OK)
		return code;
	verbose(VERB_OPS, "localroot: %s: fetched %zu octets", uri->text, fetched.octets);

	uint32_t serial;
	code = lr_draft_sort(fetched.draft, err);
	if (code == LR_OK)
		code = lr_policy_shape(fetched.draft, &serial, err);
	if (code != LR_OK) {
		lr_draft_free(fetched.draft);
		return code;
	}
	struct lr_state state = {.serial = serial,
	    .confirmed = wall_seconds(),
	    .expire = fetched.has_expire ? fetched.expire : 0};
	snprintf(state.source, sizeof(state.source), "%s", uri->text);

	const struct lr_copy *held = lr_snapshot_peek(r->module->snapshot);
	if (held && r->state.serial == serial) {
		lr_draft_free(fetched.draft);
		code = confirm(r, held->zone, &state);
	} else {
		const struct lr_zone *zone;
		struct lr_report report;
		/* The highest serial accepted is that of the state, whether its zone is still held
		 * or not. */
		code = verify(r, fetched.draft, anchors, r->state.confirmed != 0, r->state.serial,
		    &zone, &report);
		if (code != LR_OK) {
			*err = report.error;
			return code;
		}
		log_verified(uri->text, &report);
		code = renew(r, zone, &state);
		lr_zone_unref(zone);
	}
	return code == LR_OK ? code : lr_fail(err, code, "out of memory");
}

/* Each source in turn until one gives a usable zone. False: none did, or asked to stop. */
static bool
run_round(struct lr_refresher *r, const struct lr_anchors *anchors)
{
	const struct lr_settings *settings = &r->module->settings;
	struct lr_error err;
	for (size_t i = 0; i < settings->source_count; i++) {
		enum lr_code code = try_source(r, &settings->sources[i], anchors, &err);
		if (code == LR_OK)
			return true;
		refuse(r, settings->sources[i].text, &err);
		if (code == LR_ECANCELLED)
			return false;
	}
	lr_stats_round(r->module->stats, LR_ROUND_FAILED);
	return false;
}

static int64_t
seconds_to_next(struct lr_refresher *r, bool succeeded)
{
	struct lr_schedule schedule = {
	    .succeeded = succeeded, .failures = r->failures, .random = random16(NULL)};
	const struct lr_copy *copy = lr_snapshot_peek(r->module->snapshot);
	if (copy) {
		schedule.refresh = lr_zone_facts(copy->zone)->refresh;
		schedule.retry = lr_zone_facts(copy->zone)->retry;
	}
	return lr_schedule_next(&schedule);
}

static void
replace_anchors(struct lr_refresher *r, struct lr_anchors *anchors)
{
	lr_anchors_free(r->anchors);
	r->anchors = anchors;
}

/* The anchors have changed (RFC 5011, or a new configuration): the copy held is good only if it
 * verifies with these. */
static void
verify_again(struct lr_refresher *r, const struct lr_anchors *anchors)
{
	const struct lr_copy *held = lr_snapshot_peek(r->module->snapshot);
	if (!held)
		return;
	struct lr_draft *draft;
	const struct lr_zone *zone;
	struct lr_report report;
	enum lr_code code = lr_zone_thaw(held->zone, &draft, &report.error);
	if (code == LR_OK)
		code = verify(r, draft, anchors, false, 0, &zone, &report);
	if (code == LR_OK) {
		log_info("localroot: the trust anchors changed: serial %" PRIu32 " verified again",
		    r->state.serial);
		lr_zone_unref(zone);
		return;
	}
	log_warn("localroot: the trust anchors changed: serial %" PRIu32
		 " is not served any more: %s",
	    r->state.serial, report.error.text);
	drop_copy(r);
}

static void
print_status(FILE *out, struct lr_refresher *r)
{
	struct lr_gauges gauges;
	lr_localroot_gauges(r->module, &gauges);
	lr_stats_print(r->module->stats, &gauges, LR_FORMAT_PROMETHEUS, false, out);
}

static enum lr_code
print_status_file(FILE *out, const void *what)
{
	print_status(out, (struct lr_refresher *)(uintptr_t)what);
	return LR_OK;
}

static void
write_status(struct lr_refresher *r)
{
	struct lr_error err;
	if (r->module->settings.status_file &&
	    lr_store_replace(r->module->settings.status_file, print_status_file, r, &err) != LR_OK)
		verbose(VERB_OPS, "localroot: %s", err.text);
}

/* Until the earliest of: the next round, the horizon, a tick. False: asked to stop. */
static bool
sleep_until(struct lr_refresher *r, int64_t next_ms)
{
	int64_t now = monotonic_ms(NULL);
	int64_t wake = now + TICK * 1000;
	if (next_ms < wake)
		wake = next_ms;
	if (r->serving && r->horizon_ms < wake)
		wake = r->horizon_ms;
	struct pollfd stop = {.fd = r->stop_fd, .events = POLLIN};
	return poll(&stop, 1, wake > now ? (int)(wake - now) : 0) <= 0;
}

/* Looks after anchors, horizon and status; returns the anchors to work with, or NULL. */
static const struct lr_anchors *
look_after(struct lr_refresher *r)
{
	struct lr_anchors *anchors = current_anchors(r->module);
	bool ready = atomic_load(&r->module->host_ready);
	if (anchors && r->anchors && lr_anchors_equal(anchors, r->anchors)) {
		lr_anchors_free(anchors);
	} else if (anchors) {
		verify_again(r, anchors);
		replace_anchors(r, anchors);
	} else if (ready && r->anchors) {
		log_warn("localroot: there is no trust anchor for \".\" any more: not serving");
		drop_copy(r);
		replace_anchors(r, NULL);
	}
	watch_horizon(r);
	write_status(r);
	return r->anchors;
}

static void *
run(void *arg)
{
	struct lr_refresher *r = arg;
	ub_thread_blocksigs();
	/* What was loaded from disk is looked after when its own timer runs out, not at each start.
	 */
	int64_t next = monotonic_ms(NULL);
	const struct lr_copy *copy = lr_snapshot_peek(r->module->snapshot);
	if (copy) {
		int64_t due = copy->confirmed + lr_zone_facts(copy->zone)->refresh - wall_seconds();
		next += due > 0 ? due * 1000 : 0;
	}
	bool was_fresh = copy != NULL;
	do {
		const struct lr_anchors *anchors = look_after(r);
		bool turned_stale = was_fresh && !r->serving;
		was_fresh = r->serving;
		if (!anchors || (!turned_stale && monotonic_ms(NULL) < next))
			continue;
		bool succeeded = run_round(r, anchors);
		r->failures = succeeded ? 0 : r->failures + 1;
		int64_t seconds = seconds_to_next(r, succeeded);
		if (!succeeded &&
		    poll(&(struct pollfd){.fd = r->stop_fd, .events = POLLIN}, 1, 0) == 0)
			log_warn("localroot: no source gave a usable zone; next try in %" PRId64
				 " s",
			    seconds);
		next = monotonic_ms(NULL) + seconds * 1000;
		was_fresh = watch_horizon(r);
		write_status(r);
	} while (sleep_until(r, next));
	return NULL;
}

/* The copy on disk, if it is good, is served from the first query on. */
static void
load_from_disk(struct lr_refresher *r)
{
	const char *dir = r->module->settings.dir;
	char *path = lr_store_zone_path(dir);
	struct lr_uri uri = {.scheme = LR_FILE};
	if (!path || access(path, F_OK) != 0) {
		if (path)
			log_info("localroot: no copy at %s yet", path);
		free(path);
		return;
	}
	snprintf(uri.path, sizeof(uri.path), "%s", path);
	snprintf(uri.text, sizeof(uri.text), "%s", path);
	free(path);

	const struct lr_io io = {
	    .cancel_fd = r->stop_fd, .monotonic_ms = monotonic_ms, .random16 = random16};
	struct lr_fetched fetched;
	struct lr_report report = {0};
	struct lr_state state;
	const struct lr_zone *zone;
	enum lr_code code = lr_store_read_state(dir, &state, &report.error);
	if (code == LR_OK) {
		/* It is known from here on, even where the zone itself cannot be used. */
		r->state = state;
		code = lr_source_fetch(
		    &uri, root_name, &io, &lr_limits_default, &fetched, &report.error);
	}
	if (code == LR_OK)
		code = verify(r, fetched.draft, r->anchors, true, state.serial, &zone, &report);
	if (code != LR_OK) {
		refuse(r, uri.text, &report.error);
		return;
	}
	/* A newer zone than its state: the writing was cut short between the two. */
	if (report.serial != state.serial || state.confirmed > wall_seconds())
		state.confirmed =
		    state.confirmed < wall_seconds() ? state.confirmed : wall_seconds();
	state.serial = report.serial;
	log_verified(uri.text, &report);
	if (publish(r, zone, &state) == LR_OK)
		log_info("localroot: loaded from disk, confirmed %" PRId64 " s ago at %s",
		    wall_seconds() - state.confirmed, state.source);
	lr_zone_unref(zone);
	watch_horizon(r);
}

enum lr_code
lr_refresher_start(struct lr_localroot *module, struct lr_refresher **out, struct lr_error *err)
{
	struct lr_refresher *r = calloc(1, sizeof(*r));
	if (!r)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	r->module = module;
	pthread_mutex_init(&r->lock, NULL);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*out = r;
	if (r->stop_fd < 0)
		return lr_fail(err, LR_EIO, "eventfd: %s", strerror(errno));

	r->anchors = lr_anchors_of_config(module->env->cfg);
	if (r->anchors)
		load_from_disk(r);
	else
		log_warn("localroot: no trust anchor for \".\": not serving");
	int failed = pthread_create(&r->thread, NULL, run, r);
	if (failed)
		return lr_fail(err, LR_EIO, "cannot start the refresher: %s", strerror(failed));
	r->running = true;
	return LR_OK;
}

void
lr_refresher_stop(struct lr_refresher *r)
{
	if (!r)
		return;
	if (r->running) {
		(void)eventfd_write(r->stop_fd, 1);
		pthread_join(r->thread, NULL);
	}
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	lr_anchors_free(r->anchors);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
lr_refresher_gauges(struct lr_refresher *r, struct lr_gauges *gauges)
{
	int64_t now = wall_seconds();
	memset(gauges, 0, sizeof(*gauges));
	pthread_mutex_lock(&r->lock);
	if (r->zone_octets) {
		gauges->serving = now < r->horizon;
		gauges->serial = r->state.serial;
		gauges->age = now - r->state.confirmed;
		gauges->left = gauges->serving ? r->horizon - now : 0;
		gauges->zone_octets = r->zone_octets;
	}
	pthread_mutex_unlock(&r->lock);
}
