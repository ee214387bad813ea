#include "refresher.h"
#include "clock.h"
#include "localroot.h"
#include "schedule.h"
#include "source.h"
#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds between two looks at the anchors and the clock, and two writings of the status file.
 */
#define TICK_MS 10000

static const uint8_t root_name[] = {0};

/* What came of a source when it was last asked. */
struct health {
	int64_t when; /* seconds since 1970; 0: not asked yet */
	struct lr_error error;
};

struct lr_refresher {
	struct lr_localroot *module;
	struct lr_source **fetchers; /* in the order of the settings' */
	pthread_t thread;
	bool running;
	int stop_fd;       /* readable: end */
	int wake_fd;       /* readable: a round is wanted now */
	unsigned failures; /* consecutive rounds */
	int64_t next_ms;   /* monotonic: when the next round is due */

	pthread_mutex_t lock;   /* of what follows, which others look at */
	struct health *sources; /* in the order of the settings' */
	int64_t due;            /* the next round, seconds since 1970 */
};

static bool
readable(int fd)
{
	struct pollfd at = {.fd = fd, .events = POLLIN};
	return poll(&at, 1, 0) > 0;
}

static void
note_health(struct lr_refresher *r, size_t source, const struct lr_error *err)
{
	pthread_mutex_lock(&r->lock);
	r->sources[source].when = lr_clock_wall();
	r->sources[source].error = *err;
	pthread_mutex_unlock(&r->lock);
}

/* What a source has, taken, confirmed or refused. *increment: it was refused as an increment. */
static enum lr_code
ask_source(struct lr_refresher *r, struct lr_source *source, bool *increment, struct lr_error *err)
{
	struct lr_keep *keep = r->module->keep;
	const char *name = lr_source_uri(source)->text;
	const struct lr_io io = {.cancel_fd = r->stop_fd,
	    .monotonic_ms = lr_clock_monotonic_ms,
	    .random16 = lr_clock_random16};
	struct lr_fetched fetched;
	*increment = false;
	enum lr_code code = lr_source_fetch(
	    source, root_name, lr_keep_zone(keep), &io, &lr_limits_default, &fetched, err);
	if (code != LR_OK)
		return code;
	const struct lr_origin origin = {.source = name,
	    .when = lr_clock_wall(),
	    .expire = fetched.has_expire ? fetched.expire : 0};
	if (!fetched.draft) {
		verbose(
		    VERB_OPS, "localroot: %s: serial %" PRIu32 " is current", name, fetched.serial);
		return lr_keep_confirm(keep, fetched.serial, &origin, err);
	}
	verbose(VERB_OPS, "localroot: %s: fetched %zu octets", name, fetched.octets);
	code = lr_keep_take(keep, fetched.draft, &origin, err);
	*increment = code != LR_OK && fetched.increment;
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

/* Each source in turn until one gives a usable zone. False: none did, or asked to stop. */
static bool
run_round(struct lr_refresher *r)
{
	const struct lr_settings *settings = &r->module->settings;
	for (size_t i = 0; i < settings->source_count; i++) {
		struct lr_error err = {LR_OK, ""};
		enum lr_code code = try_source(r, r->fetchers[i], &err);
		if (code == LR_ECANCELLED)
			return false;
		note_health(r, i, &err);
		if (code == LR_OK)
			return true;
		lr_stats_failure(r->module->stats, code);
		log_warn("localroot: %s: %s", settings->sources[i].text, err.text);
	}
	lr_stats_round(r->module->stats, LR_ROUND_FAILED);
	return false;
}

static void
set_next(struct lr_refresher *r, int64_t seconds)
{
	r->next_ms = lr_clock_monotonic_ms(NULL) + seconds * 1000;
	pthread_mutex_lock(&r->lock);
	r->due = lr_clock_wall() + seconds;
	pthread_mutex_unlock(&r->lock);
}

static void
schedule_next(struct lr_refresher *r, bool succeeded)
{
	r->failures = succeeded ? 0 : r->failures + 1;
	struct lr_schedule schedule = {
	    .succeeded = succeeded, .failures = r->failures, .random = lr_clock_random16(NULL)};
	const struct lr_zone *zone = lr_keep_zone(r->module->keep);
	if (zone) {
		schedule.refresh = lr_zone_facts(zone)->refresh;
		schedule.retry = lr_zone_facts(zone)->retry;
	}
	set_next(r, lr_schedule_next(&schedule));
	if (!succeeded && !readable(r->stop_fd))
		log_warn("localroot: no source gave a usable zone; next try in %" PRId64 " s",
		    (r->next_ms - lr_clock_monotonic_ms(NULL) + 999) / 1000);
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
	if (path && lr_store_replace(path, print_status_file, r, &err) != LR_OK)
		verbose(VERB_OPS, "localroot: %s", err.text);
}

/* Until the earliest of the next round, the horizon and a tick; sooner when woken. False: asked to
 * stop. */
static bool
sleep_well(struct lr_refresher *r)
{
	int64_t wait = r->next_ms - lr_clock_monotonic_ms(NULL);
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
		bool wanted =
		    woken(r) || (was_fresh && !fresh) || lr_clock_monotonic_ms(NULL) >= r->next_ms;
		if (anchored && wanted) {
			schedule_next(r, run_round(r));
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
first_round(struct lr_localroot *module)
{
	const struct lr_zone *zone = lr_keep_zone(module->keep);
	struct lr_state state;
	int64_t horizon, now = lr_clock_wall();
	if (!zone || !lr_keep_state(module->keep, &state, &horizon))
		return 0;
	int64_t due = state.confirmed + lr_zone_facts(zone)->refresh;
	return now < due && now < horizon ? due - now : 0;
}

static enum lr_code
make_fetchers(struct lr_refresher *r, struct lr_error *err)
{
	const struct lr_settings *settings = &r->module->settings;
	const struct lr_source_options options = {.ca_bundle = NULL};
	enum lr_code code = LR_OK;
	r->fetchers = calloc(settings->source_count, sizeof(struct lr_source *));
	if (!r->fetchers)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	for (size_t i = 0; i < settings->source_count && code == LR_OK; i++)
		code = lr_source_new(&settings->sources[i], &options, &r->fetchers[i], err);
	return code;
}

enum lr_code
lr_refresher_start(struct lr_localroot *module, struct lr_refresher **out, struct lr_error *err)
{
	struct lr_refresher *r = calloc(1, sizeof(*r));
	if (!r)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	*out = r;
	r->module = module;
	pthread_mutex_init(&r->lock, NULL);
	r->sources = calloc(module->settings.source_count, sizeof(*r->sources));
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!r->sources)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	if (r->stop_fd < 0 || r->wake_fd < 0)
		return lr_fail(err, LR_EIO, "eventfd: %s", strerror(errno));
	enum lr_code code = make_fetchers(r, err);
	if (code != LR_OK)
		return code;
	if (lr_keep_anchors(module->keep))
		lr_keep_load(module->keep, r->stop_fd);
	set_next(r, first_round(module));
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
	for (size_t i = 0; r->fetchers && i < r->module->settings.source_count; i++)
		lr_source_free(r->fetchers[i]);
	free(r->fetchers);
	free(r->sources);
	pthread_mutex_destroy(&r->lock);
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
	const struct lr_settings *settings = &r->module->settings;
	int64_t now = lr_clock_wall();
	const struct health *refused = NULL;
	size_t refused_by = 0;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < settings->source_count; i++) {
		const struct health *h = &r->sources[i];
		fprintf(out, "source %s: ", settings->sources[i].text);
		if (h->when == 0)
			fprintf(out, "not asked yet\n");
		else if (h->error.code == LR_OK)
			fprintf(out, "good, %" PRId64 " s ago\n", now - h->when);
		else
			fprintf(
			    out, "failed, %" PRId64 " s ago: %s\n", now - h->when, h->error.text);
		if (h->when && h->error.code != LR_OK && (!refused || h->when >= refused->when)) {
			refused = h;
			refused_by = i;
		}
	}
	if (refused)
		fprintf(out, "last refusal: %s: %s\n", settings->sources[refused_by].text,
		    refused->error.text);
	if (r->due > now)
		fprintf(out, "next look in %" PRId64 " s\n", r->due - now);
	pthread_mutex_unlock(&r->lock);
}
