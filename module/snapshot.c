#include "snapshot.h"

#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

/* What one worker is reading, on a cache line of its own. */
struct reader {
	alignas(64) _Atomic(const struct lr_copy *) reading;
};

struct lr_snapshot {
	_Atomic(const struct lr_copy *) published;
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
	snapshot->readers = readers;
	snapshot->workers = workers;
	return snapshot;
}

static void
copy_free(const struct lr_copy *copy)
{
	if (!copy)
		return;
	lr_zone_unref(copy->zone);
	free((void *)(uintptr_t)copy);
}

void
lr_snapshot_free(struct lr_snapshot *snapshot)
{
	if (!snapshot)
		return;
	copy_free(atomic_load(&snapshot->published));
	free(snapshot->readers);
	free(snapshot);
}

bool
lr_snapshot_publish(struct lr_snapshot *snapshot, const struct lr_copy *copy)
{
	struct lr_copy *fresh = NULL;
	if (copy) {
		fresh = malloc(sizeof(*fresh));
		if (!fresh)
			return false;
		*fresh = *copy;
	}
	const struct lr_copy *old = atomic_exchange(&snapshot->published, fresh);
	/* A worker holds a copy for a microsecond, the time that it takes to write one answer. */
	for (unsigned i = 0; old && i < snapshot->workers; i++)
		while (atomic_load(&snapshot->readers[i].reading) == old)
			sched_yield();
	copy_free(old);
	return true;
}

const struct lr_copy *
lr_snapshot_peek(const struct lr_snapshot *snapshot)
{
	return atomic_load(&snapshot->published);
}

const struct lr_copy *
lr_snapshot_acquire(struct lr_snapshot *snapshot, unsigned worker, int64_t now)
{
	if (worker >= snapshot->workers)
		return NULL;
	struct reader *reader = &snapshot->readers[worker];
	const struct lr_copy *copy = atomic_load(&snapshot->published), *again;
	for (;; copy = again) {
		/* Announced first, and only then known to be still the published one. */
		atomic_store(&reader->reading, copy);
		again = atomic_load(&snapshot->published);
		if (again == copy)
			break;
	}
	if (copy && now < copy->horizon)
		return copy;
	atomic_store_explicit(&reader->reading, NULL, memory_order_release);
	return NULL;
}

void
lr_snapshot_release(struct lr_snapshot *snapshot, unsigned worker)
{
	atomic_store_explicit(&snapshot->readers[worker].reading, NULL, memory_order_release);
}
