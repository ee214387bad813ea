#include "refresher.h"
#include "announced.h"
#include "clock.h"
#include "restore.h"
#include "rounds.h"
#include "schedule.h"
#include "budget.h"
#include "source.h"
#include "thread.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds between two looks at the anchors, the clock and what decides for ".", and between
 * two writings of the status file. */
#define LOOK_MS 1000
#define STATUS_MS 10000

/* Milliseconds between two looks at what the iterator goes by, while queries are on their way: a
 * time-out tells nobody that fast_reload has taken it away. */
#define LEND_MS 100

/* Milliseconds that the start waits for the copy on disk, and the end for what hangs. */
#define LOAD_MS 3000
#define END_MS 2000

/* Milliseconds from one round to the next that a timer brings about, at the least. */
#define LEAST_MS (INT64_C(1000) * LR_LEAST_SECONDS)

struct lr_refresher {
	struct lr_refresher_uses uses;
	struct lr_rounds *rounds;
	struct lr_store_queue *queue;
	struct lr_status_file *status_file; /* or NULL */
	pthread_t thread;
	bool running;
	int stop_fd;         /* readable: end */
	int wake_fd;         /* readable: a round is wanted now */
	atomic_bool forgets; /* the copy is to be forgotten */
	int work_fd;         /* readable: something has been done aside */
	struct lr_io io;
	struct lr_stop stop;            /* of what is done with what came */
	bool was_fresh;                 /* the copy, when last looked at */
	bool urgent;                    /* it has become stale, and no round has begun since */
	bool all_wanted;                /* a round of all sources, as soon as none is under way */
	unsigned failures;              /* consecutive rounds */
	int64_t ahead_ms;               /* of the wall clock, as it was last looked at */
	int64_t status_ms;              /* monotonic: when the status file is due */
	int64_t begun_ms;               /* monotonic: when the last round began */
	_Atomic(int64_t) next_ms;       /* monotonic: when the next round is due */
	struct lr_announced *announced; /* by NOTIFY */
	bool heeds;                     /* the round under way is for one */
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

static uint32_t
seconds_between(int64_t from, int64_t to)
{
	return to <= from ? 0 : to - from > UINT32_MAX ? UINT32_MAX : (uint32_t)(to - from);
}

/* Seconds from FROM (since 1970) to the next round. */
static uint32_t
interval(struct lr_refresher *r, bool succeeded, int64_t from)
{
	struct lr_schedule schedule = {.succeeded = succeeded,
	    .failures = r->failures,
	    .minimum_refresh = r->uses.settings->refresh,
	    .random = lr_clock_jitter()};
	struct lr_held_facts copy;
	lr_mirror_facts(r->uses.mirror, &copy);
	if (copy.held) {
		schedule.refresh = copy.refresh;
		schedule.retry = copy.retry;
		schedule.left = seconds_between(from, copy.horizon);
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
	if (!lr_schedule_notable(r->failures) || readable(r->stop_fd))
		return;
	if (r->failures == 1)
		log_warn(
		    "localroot: no source gave a usable zone; next try in %" PRIu32 " s", seconds);
	else
		log_warn("localroot: no source gave a usable zone, %u times in a row; next try in "
			 "%" PRIu32 " s",
		    r->failures, seconds);
}

/* Until the earliest of the next round, the horizon and a look; sooner when there is something to
 * do. False: asked to stop. */
static bool
wait_for_work(struct lr_refresher *r)
{
	int64_t wait = atomic_load(&r->next_ms) - now_ms();
	int64_t left = lr_mirror_left_ms(r->uses.mirror);
	eventfd_t count;
	if (wait <= 0 || wait > LOOK_MS) /* one that is due waits for something else */
		wait = LOOK_MS;
	if (wait > left)
		wait = left;
	struct pollfd fds[3] = {{.fd = r->stop_fd, .events = POLLIN},
	    {.fd = r->wake_fd, .events = POLLIN}, {.fd = r->work_fd, .events = POLLIN}};
	while (wait > LEND_MS && lr_lead_awaits(r->uses.lead) && poll(fds, 3, LEND_MS) == 0) {
		(void)lr_lead_look(r->uses.lead, NULL);
		wait -= LEND_MS;
	}
	(void)poll(fds, 3, (int)wait);
	(void)eventfd_read(r->work_fd, &count);
	return !readable(r->stop_fd);
}

static bool
refresh_wanted(struct lr_refresher *r)
{
	eventfd_t count;
	return eventfd_read(r->wake_fd, &count) == 0;
}

/* Whether somebody has set the clock since this was last
 * asked: what was refused for the date may be good now. */
static bool
clock_was_set(struct lr_refresher *r)
{
	int64_t ahead = lr_clock_wall() * 1000 - now_ms();
	bool set = ahead - r->ahead_ms > LR_CLOCK_SET_MS || r->ahead_ms - ahead > LR_CLOCK_SET_MS;
	r->ahead_ms = ahead;
	return set;
}

static void
begin(struct lr_refresher *r, bool fresh)
{
	/* Without a fresh copy there is no time, with one there is; after a failure by turns. */
	bool hurried = r->failures % 2 == (fresh ? 1 : 0);
	lr_rounds_begin(r->rounds, r->all_wanted, fresh, hurried);
	r->all_wanted = r->heeds = r->urgent = false;
	r->begun_ms = now_ms();
}

/* RFC 1996 section 3.11: the one that has sent it is asked. */
static void
begin_notified(struct lr_refresher *r, size_t source, bool fresh)
{
	const struct lr_settings *settings = r->uses.settings;
	bool known = source < settings->source_count;
	if (known)
		lr_rounds_begin_with(r->rounds, source);
	else
		lr_rounds_begin(r->rounds, false, fresh, false);
	/* Whoever forges has a line of this every ten seconds. */
	lr_say(VERB_DETAIL, "localroot: asks %s for what NOTIFY has announced",
	    known ? settings->sources[source].text : "the sources");
	r->heeds = true;
}

/* Goes on with the round under way, or begins one that is due. True: one has ended. */
static bool
go_on(struct lr_refresher *r, bool fresh)
{
	enum lr_course course = lr_rounds_go_on(r->rounds, fresh);
	size_t source;
	if (course == LR_COURSE_IDLE) {
		if (r->all_wanted || now_ms() >= atomic_load(&r->next_ms))
			begin(r, fresh);
		else if (lr_announced_take(r->announced, now_ms(), &source))
			begin_notified(r, source, fresh);
		else
			return false;
		course = lr_rounds_go_on(r->rounds, fresh); /* over at once with nobody to ask */
	}
	if (course != LR_COURSE_GOOD && course != LR_COURSE_BAD)
		return false;
	/* A NOTIFY may be forged: a round for one that failed does not put off the next. */
	if (course == LR_COURSE_GOOD || !r->heeds)
		schedule_next(r, course == LR_COURSE_GOOD);
	return true;
}

static struct lr_restore
restore(const struct lr_refresher *r)
{
	return (struct lr_restore){.mirror = r->uses.mirror,
	    .queue = r->queue,
	    .stats = r->uses.stats,
	    .anchors = lr_anchor_watch_anchors(r->uses.anchors)};
}

/* Whether there are trust anchors. */
static bool
look_at_anchors(struct lr_refresher *r)
{
	bool ready = lr_lead_is_host_ready(r->uses.lead);
	bool changed = lr_anchor_watch_look(r->uses.anchors, ready);
	const struct lr_anchors *anchors = lr_anchor_watch_anchors(r->uses.anchors);
	if (ready)
		lr_mirror_host_ready(r->uses.mirror);
	lr_mirror_trust(r->uses.mirror, anchors, changed);
	return anchors != NULL;
}

/* Whether the copy is fresh. */
static bool
watch(struct lr_refresher *r)
{
	return lr_mirror_watch(r->uses.mirror, lr_lead_look(r->uses.lead, NULL) != LR_NO_REASON);
}

/* A round that is under way may still bring what was to be forgotten. */
static void
forget(struct lr_refresher *r)
{
	lr_rounds_cancel(r->rounds);
	lr_mirror_forget(r->uses.mirror);
	r->all_wanted = true;
}

/* Whatever is to be seen or done now; nothing in it waits
 * for a source, and for a disk a second at the most. */
static void
look(struct lr_refresher *r)
{
	const struct lr_restore restoring = restore(r);
	bool ended = false;
	if (atomic_exchange(&r->forgets, false))
		forget(r);
	lr_restore_go_on(&restoring);
	lr_store_queue_work(r->queue);
	bool anchored = look_at_anchors(r);
	bool fresh = watch(r);
	bool set = clock_was_set(r);
	r->urgent = !fresh && (r->urgent || r->was_fresh || set);
	bool soon = now_ms() - r->begun_ms < LEAST_MS;
	r->all_wanted |= refresh_wanted(r) || (r->urgent && !soon);
	/* A module that may not serve asks nobody. */
	if (anchored && lr_lead_overridden(r->uses.lead) == LR_NO_REASON)
		ended = go_on(r, fresh);
	else
		lr_rounds_cancel(r->rounds);
	r->was_fresh = ended ? watch(r) : fresh;
	if (!r->status_file)
		return;
	lr_status_file_work(r->status_file);
	if (ended || now_ms() >= r->status_ms) {
		lr_status_file_write(r->status_file);
		r->status_ms = now_ms() + STATUS_MS;
	}
}

static void *
run(void *arg)
{
	struct lr_refresher *r = arg;
	r->was_fresh = watch(r);
	do
		look(r);
	while (wait_for_work(r));
	return NULL;
}

/* What was loaded from disk is looked after when its own timer runs out, not at each start. */
static int64_t
first_round(struct lr_refresher *r)
{
	struct lr_held_facts copy;
	int64_t now = lr_clock_wall();
	lr_mirror_facts(r->uses.mirror, &copy);
	if (!copy.held || now >= copy.horizon)
		return 0;
	int64_t due = copy.state.confirmed + interval(r, true, copy.state.confirmed);
	return now < due ? due - now : 0;
}

static enum lr_code
prepare(struct lr_refresher *r, struct lr_error *err)
{
	const char *status_file = r->uses.settings->status_file;
	if (r->stop_fd < 0 || r->wake_fd < 0 || r->work_fd < 0)
		return lr_fail(err, LR_EIO, "eventfd: %s", strerror(errno));
	if (status_file) {
		r->status_file = lr_status_file_new(status_file, &r->uses.status_text, r->work_fd);
		if (!r->status_file)
			return lr_fail(err, LR_ENOMEM, "out of memory");
	}
	r->announced = lr_announced_new(r->uses.settings->source_count);
	if (!r->announced)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	const struct lr_rounds_uses uses = {r->uses.settings, r->uses.stats, r->uses.mirror};
	enum lr_code code = lr_rounds_new(&uses, r->work_fd, &r->rounds, err);
	if (code != LR_OK)
		return code;
	r->queue = lr_store_queue_new(r->uses.settings->dir, r->work_fd);
	if (!r->queue)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	lr_mirror_store_in(r->uses.mirror, r->queue);
	(void)look_at_anchors(r);
	const struct lr_restore restoring = restore(r);
	return lr_restore_start(&restoring, LOAD_MS, err);
}

enum lr_code
lr_refresher_start(
    const struct lr_refresher_uses *uses, struct lr_refresher **out, struct lr_error *err)
{
	struct lr_refresher *r = calloc(1, sizeof(*r));
	if (!r)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	*out = r;
	r->uses = *uses;
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->work_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->io = (struct lr_io){.cancel_fd = r->stop_fd,
	    .monotonic_ms = lr_clock_monotonic_ms,
	    .random16 = lr_clock_random16};
	r->stop = lr_io_stop(&r->io);
	lr_mirror_heed(uses->mirror, &r->stop);
	enum lr_code code = prepare(r, err);
	if (code != LR_OK)
		return code;
	set_next(r, first_round(r));
	(void)clock_was_set(r);
	r->begun_ms = now_ms() - LEAST_MS;
	code = lr_thread_start(&r->thread, run, r, err);
	r->running = code == LR_OK;
	return code;
}

/* What is to be kept on disk is waited for until UNTIL_MS (monotonic), then left behind. */
static void
end_storing(struct lr_refresher *r, int64_t until_ms)
{
	if (!r->queue)
		return;
	lr_store_queue_settle(r->queue, until_ms);
	lr_restore_leave(r->uses.mirror, r->queue);
	lr_mirror_store_in(r->uses.mirror, NULL);
}

/* What is done aside writes to work_fd as long as it is not left behind: that closes last. */
void
lr_refresher_stop(struct lr_refresher *r)
{
	if (!r)
		return;
	if (r->running) {
		(void)eventfd_write(r->stop_fd, 1);
		pthread_join(r->thread, NULL);
	}
	/* The disks first: what a source that hangs leaves of the time would not be enough. */
	int64_t until = now_ms() + END_MS;
	end_storing(r, until);
	if (r->running)
		lr_status_file_end(r->status_file, until);
	lr_status_file_free(r->status_file, until);
	lr_rounds_free(r->rounds, until);
	lr_store_queue_free(r->queue);
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	if (r->wake_fd >= 0)
		close(r->wake_fd);
	if (r->work_fd >= 0)
		close(r->work_fd);
	lr_announced_free(r->announced);
	free(r);
}

void
lr_refresher_wake(struct lr_refresher *r)
{
	(void)eventfd_write(r->wake_fd, 1);
}

void
lr_refresher_forget(struct lr_refresher *r)
{
	atomic_store(&r->forgets, true);
	lr_refresher_look(r);
}

void
lr_refresher_look(struct lr_refresher *r)
{
	(void)eventfd_write(r->work_fd, 1);
}

void
lr_refresher_notify(struct lr_refresher *r, size_t source, bool authentic)
{
	if (lr_announced_add(r->announced, source, authentic))
		lr_refresher_look(r);
}

int64_t
lr_refresher_facts(struct lr_refresher *r, const struct lr_picking *picking,
    struct lr_folder_facts *folder, struct lr_source_facts *sources)
{
	int64_t next_ms = atomic_load(&r->next_ms);
	lr_store_queue_facts(r->queue, folder);
	if (sources)
		lr_rounds_facts(r->rounds, picking, next_ms, sources);
	return next_ms;
}
