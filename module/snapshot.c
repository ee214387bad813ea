#include "snapshot.h"

#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* Looks at a reader before the publisher sleeps between two, and nanoseconds of that sleep: a
 * reader that was put off the processor may be gone for long. */
enum { LOOKS = 100, SLEEP_NS = 100000 };

/* What one worker is reading, on a cache line of its own. */
struct reader {
	alignas(64) _Atomic(const struct lr_zone *) reading;
};

struct lr_snapshot {
	_Atomic(const struct lr_zone *) published;
	_Atomic int64_t horizon; /* of it; INT64_MIN where there is none */
	unsigned workers;
	struct reader *readers;
};

struct lr_snapshot *
lr_snapshot_new(unsigned workers)
{
	struct lr_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct reader *readers = aligned_alloc(alignof(struct reader), workers * sizeof(*readers));
	if (!snapshot || !readers) {
		free(snapshot);
		free(readers);
		return NULL;
	}
	for (unsigned i = 0; i < workers; i++)
		atomic_init(&readers[i].reading, NULL);
	atomic_init(&snapshot->published, NULL);
	atomic_init(&snapshot->horizon, INT64_MIN);
	snapshot->readers = readers;
	snapshot->workers = workers;
	return snapshot;
}

void
lr_snapshot_free(struct lr_snapshot *snapshot)
{
	if (!snapshot)
		return;
	lr_zone_unref(atomic_load(&snapshot->published));
	free(snapshot->readers);
	free(snapshot);
}

/* A worker reads a zone for the microsecond that copying an answer takes, unless it loses the
 * processor in it. */
static void
wait_for_readers(struct lr_snapshot *snapshot, const struct lr_zone *zone)
{
	const struct timespec nap = {0, SLEEP_NS};
	for (unsigned i = 0; i < snapshot->workers; i++)
		for (unsigned looks = 0; atomic_load(&snapshot->readers[i].reading) == zone;
		     looks++) {
			if (looks < LOOKS)
				sched_yield();
			else
				(void)nanosleep(&nap, NULL);
		}
}

/* Zone and horizon are two stores. A shorter time is told before the zone that it belongs to, a
 * longer one after it, so that neither zone is served in the other's time (see acquire). */
void
lr_snapshot_publish(struct lr_snapshot *snapshot, const struct lr_zone *zone, int64_t horizon)
{
	if (!zone)
		horizon = INT64_MIN;
	if (horizon < atomic_load(&snapshot->horizon))
		atomic_store(&snapshot->horizon, horizon);
	const struct lr_zone *old = atomic_exchange(&snapshot->published, zone);
	atomic_store(&snapshot->horizon, horizon);
	if (old && old != zone)
		wait_for_readers(snapshot, old);
	lr_zone_unref(old);
}

void
lr_snapshot_set_horizon(struct lr_snapshot *snapshot, int64_t horizon)
{
	if (atomic_load(&snapshot->published))
		atomic_store(&snapshot->horizon, horizon);
}

const struct lr_zone *
lr_snapshot_peek(const struct lr_snapshot *snapshot)
{
	return atomic_load(&snapshot->published);
}

bool
lr_snapshot_fresh(const struct lr_snapshot *snapshot, int64_t now)
{
	return now < atomic_load(&snapshot->horizon);
}

const struct lr_zone *
lr_snapshot_acquire(struct lr_snapshot *snapshot, unsigned worker, int64_t now)
{
	if (worker >= snapshot->workers)
		return NULL;
	struct reader *reader = &snapshot->readers[worker];
	const struct lr_zone *zone = atomic_load(&snapshot->published), *again;
	int64_t horizon;
	for (;; zone = again) {
		/* Announced first, and only then known to be still the published one. The horizon
		 * is its own then, or a shorter one: a longer one follows its zone. */
		atomic_store(&reader->reading, zone);
		horizon = atomic_load(&snapshot->horizon);
		again = atomic_load(&snapshot->published);
		if (again == zone)
			break;
	}
	if (zone && now < horizon)
		return zone;
	atomic_store_explicit(&reader->reading, NULL, memory_order_release);
	return NULL;
}

void
lr_snapshot_release(struct lr_snapshot *snapshot, unsigned worker)
{
	atomic_store_explicit(&snapshot->readers[worker].reading, NULL, memory_order_release);
}
