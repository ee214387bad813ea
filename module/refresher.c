#include "refresher.h"
#include "clock.h"
#include "localroot.h"
#include "schedule.h"
#include "sources.h"
#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds between two looks at the anchors and the clock, and two writings of the status file.
 */
#define TICK_MS 10000

/* Milliseconds by which the wall clock moves against the monotonic one when it has been set. */
#define JUMP_MS 30000

static const uint8_t root_name[] = {0};

struct lr_refresher {
	struct lr_localroot *module;
	struct lr_sources *sources;
	size_t *picked; /* room for the sources of one round */
	pthread_t thread;
	bool running;
	int stop_fd;              /* readable: end */
	int wake_fd;              /* readable: a round is wanted now */
	struct lr_io io;
	struct lr_stop stop; /* of what is done with what came */
	unsigned failures;        /* consecutive rounds */
	int64_t ahead_ms;         /* of the wall clock, as it was last looked at */
	_Atomic(int64_t) next_ms; /* monotonic: when the next round is due */
};

static bool
readable(int fd)
{
	struct pollfd at = {.fd = fd, .events = POLLIN};
	return poll(&at, 1, 0) > 0;
}

static int64_t
now_ms(void)
{
	return lr_clock_monotonic_ms(NULL);
}

/* What a source has, taken, confirmed or refused. *increment: it was refused as an increment. */
static enum lr_code
ask_source(struct lr_refresher *r, struct lr_source *source, bool *increment, struct lr_error *err)
{
	struct lr_keep *keep = r->module->keep;
	const char *name = lr_source_uri(source)->text;
	struct lr_fetched fetched;
	*increment = false;
	enum lr_code code = lr_source_fetch(
	    source, root_name, lr_keep_zone(keep), &r->io, &lr_limits_default, &fetched, err);
	if (code != LR_OK)
		return code;
	const struct lr_origin origin = {.source = name,
	    .when = lr_clock_wall(),
	    .expire = fetched.has_expire ? fetched.expire : 0};
	if (fetched.has_expire && fetched.expire == 0) { /* RFC 7314 section 4 */
		lr_draft_free(fetched.draft);
		return lr_fail(err, LR_ESTALE, "its own copy has expired (EDNS EXPIRE 0)");
	}
	if (!fetched.draft)
		return lr_keep_confirm(keep, fetched.serial, &origin, err);
	verbose(VERB_OPS, "localroot: %s: fetched %zu octets", name, fetched.octets);
	code = lr_keep_take(keep, fetched.draft, &origin, err);
	*increment = code != LR_OK && code != LR_ECANCELLED && fetched.increment;
	return code;
}

/* An increment that does not verify is followed by a full transfer, once. */
static enum lr_code
try_source(struct lr_refresher *r, struct lr_source *source, struct lr_error *err)
{
	bool increment;
	enum lr_code code = ask_source(r, source, &increment, err);
	if (increment) {
		log_warn("localroot: %s: the increment is not good: %s; asking for the whole zone",
		    lr_source_uri(source)->text, err->text);
		lr_stats_failure(r->module->stats, code);
		lr_source_distrust(source);
		*err = (struct lr_error){LR_OK, ""};
		code = ask_source(r, source, &increment, err);
	}
	return code;
}

/* The sources in turn, ALL or those that are due, until one gives a usable zone. False: none did,
 * or asked to stop. */
static bool
run_round(struct lr_refresher *r, bool all, bool fresh)
{
	const struct lr_zone *zone = lr_keep_zone(r->module->keep);
	const struct lr_picking picking = {.all = all,
	    .fresh = fresh,
	    .retry = zone ? lr_zone_facts(zone)->retry : 0,
	    .random = lr_clock_jitter(),
	    .now_ms = now_ms()};
	size_t count = lr_sources_pick(r->sources, &picking, r->picked);
	for (size_t i = 0; i < count; i++) {
		struct lr_source *source = lr_sources_get(r->sources, r->picked[i]);
		struct lr_error err = {LR_OK, ""};
		enum lr_code code = try_source(r, source, &err);
		if (code == LR_ECANCELLED)
			return false;
		bool news = lr_sources_note(r->sources, r->picked[i], &err, now_ms());
		if (code == LR_OK)
			return true;
		lr_stats_failure(r->module->stats, code);
		if (news)
			log_warn("localroot: %s: %s", lr_source_uri(source)->text, err.text);
		else
			verbose(VERB_DETAIL, "localroot: %s: %s", lr_source_uri(source)->text,
			    err.text);
	}
	lr_stats_round(r->module->stats, LR_ROUND_FAILED);
	return false;
}

static uint32_t
seconds_between(int64_t from, int64_t to)
{
	return to <= from ? 0 : to - from > UINT32_MAX ? UINT32_MAX : (uint32_t)(to - from);
}

/* Seconds from FROM (since 1970) to the next round. */
static uint32_t
interval(struct lr_refresher *r, bool succeeded, int64_t from)
{
	const struct lr_zone *zone = lr_keep_zone(r->module->keep);
	struct lr_schedule schedule = {.succeeded = succeeded,
	    .failures = r->failures,
	    .minimum_refresh = r->module->settings.refresh,
	    .random = lr_clock_jitter()};
	struct lr_state state;
	int64_t horizon;
	if (zone && lr_keep_state(r->module->keep, &state, &horizon)) {
		schedule.refresh = lr_zone_facts(zone)->refresh;
		schedule.retry = lr_zone_facts(zone)->retry;
		schedule.left = seconds_between(from, horizon);
	}
	return lr_schedule_next(&schedule);
}

static void
set_next(struct lr_refresher *r, int64_t seconds)
{
	atomic_store(&r->next_ms, now_ms() + seconds * 1000);
}

static void
schedule_next(struct lr_refresher *r, bool succeeded)
{
	r->failures = succeeded ? 0 : r->failures + 1;
	uint32_t seconds = interval(r, succeeded, lr_clock_wall());
	set_next(r, seconds);
	if (lr_schedule_notable(r->failures) && !readable(r->stop_fd))
		log_warn("localroot: no source gave a usable zone, %u time%s in a row; next try in "
			 "%" PRIu32 " s",
		    r->failures, r->failures > 1 ? "s" : "", seconds);
}

static enum lr_code
print_status_file(FILE *out, const void *what)
{
	struct lr_localroot *module = ((const struct lr_refresher *)what)->module;
	lr_localroot_stats(module, LR_FORMAT_PROMETHEUS, false, out);
	return LR_OK;
}

static void
write_status_file(struct lr_refresher *r)
{
	struct lr_error err;
	const char *path = r->module->settings.status_file;
	if (path && lr_store_replace(path, print_status_file, r, false, &err) != LR_OK)
		verbose(VERB_OPS, "localroot: %s", err.text);
}

/* Until the earliest of the next round, the horizon and a tick; sooner when woken. False: asked to
 * stop. */
static bool
sleep_well(struct lr_refresher *r)
{
	int64_t wait = atomic_load(&r->next_ms) - now_ms();
	int64_t left = lr_keep_left_ms(r->module->keep);
	if (wait > TICK_MS)
		wait = TICK_MS;
	if (wait > left)
		wait = left;
	struct pollfd fds[2] = {
	    {.fd = r->stop_fd, .events = POLLIN}, {.fd = r->wake_fd, .events = POLLIN}};
	(void)poll(fds, 2, wait > 0 ? (int)wait : 0);
	return !fds[0].revents;
}

static bool
woken(struct lr_refresher *r)
{
	eventfd_t count;
	return eventfd_read(r->wake_fd, &count) == 0;
}

/* Whether somebody has set the clock since this was last asked: what was refused for the date may
 * be good now. */
static bool
clock_was_set(struct lr_refresher *r)
{
	int64_t ahead = lr_clock_wall() * 1000 - now_ms();
	bool set = ahead - r->ahead_ms > JUMP_MS || r->ahead_ms - ahead > JUMP_MS;
	r->ahead_ms = ahead;
	return set;
}

static void *
run(void *arg)
{
	struct lr_refresher *r = arg;
	struct lr_keep *keep = r->module->keep;
	ub_thread_blocksigs();
	bool was_fresh = lr_keep_watch(keep);
	do {
		bool anchored = lr_keep_anchors(keep);
		bool fresh = lr_keep_watch(keep);
		bool set = clock_was_set(r);
		bool all = woken(r) || (!fresh && (was_fresh || set));
		bool wanted = all || now_ms() >= atomic_load(&r->next_ms);
		if (anchored && wanted) {
			schedule_next(r, run_round(r, all, fresh));
			fresh = lr_keep_watch(keep);
		} else if (wanted) {
			set_next(r, TICK_MS / 1000); /* an anchor may yet come */
		}
		was_fresh = fresh;
		write_status_file(r);
	} while (sleep_well(r));
	return NULL;
}

/* What was loaded from disk is looked after when its own timer runs out, not at each start. */
static int64_t
first_round(struct lr_refresher *r)
{
	struct lr_state state;
	int64_t horizon, now = lr_clock_wall();
	if (!lr_keep_state(r->module->keep, &state, &horizon) || now >= horizon)
		return 0;
	int64_t due = state.confirmed + interval(r, true, state.confirmed);
	return now < due ? due - now : 0;
}

static enum lr_code
prepare(struct lr_refresher *r, struct lr_error *err)
{
	const struct lr_settings *settings = &r->module->settings;
	const struct lr_source_options options = {.ca_bundle = settings->ca_bundle};
	r->picked = calloc(settings->source_count + 1, sizeof(*r->picked));
	if (!r->picked)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	if (r->stop_fd < 0 || r->wake_fd < 0)
		return lr_fail(err, LR_EIO, "eventfd: %s", strerror(errno));
	return lr_sources_new(
	    settings->sources, settings->source_count, settings->named, &options, &r->sources, err);
}

enum lr_code
lr_refresher_start(struct lr_localroot *module, struct lr_refresher **out, struct lr_error *err)
{
	struct lr_refresher *r = calloc(1, sizeof(*r));
	if (!r)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	*out = r;
	r->module = module;
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->io = (struct lr_io){.cancel_fd = r->stop_fd,
	    .monotonic_ms = lr_clock_monotonic_ms,
	    .random16 = lr_clock_random16};
	r->stop = lr_io_stop(&r->io);
	lr_keep_heed(module->keep, &r->stop);
	enum lr_code code = prepare(r, err);
	if (code != LR_OK)
		return code;
	(void)lr_keep_anchors(module->keep);
	lr_keep_load(module->keep, r->stop_fd);
	set_next(r, first_round(r));
	(void)clock_was_set(r);
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
	if (r->wake_fd >= 0)
		close(r->wake_fd);
	lr_sources_free(r->sources);
	free(r->picked);
	free(r);
}

void
lr_refresher_wake(struct lr_refresher *r)
{
	(void)eventfd_write(r->wake_fd, 1);
}

void
lr_refresher_print(struct lr_refresher *r, FILE *out)
{
	int64_t now = now_ms(), next = atomic_load(&r->next_ms);
	lr_sources_print(r->sources, now, out);
	if (next > now)
		fprintf(out, "next look in %" PRId64 " s\n", (next - now) / 1000);
}
