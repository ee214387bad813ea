/* t_snapshot.c -- one zone is published; who reads it has it until it lets go. */
#include "sealed.h"
#include "snapshot.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#define READERS 4
#define PUBLISHED 3000 /* even */

static void
publish(struct lr_snapshot *snapshot, uint32_t serial, int64_t horizon)
{
	lr_snapshot_publish(snapshot, sealed_zone(serial), horizon);
}

static void
one_thread(void **state)
{
	(void)state;
	struct lr_snapshot *snapshot = lr_snapshot_new(2);
	assert_non_null(snapshot);
	assert_null(lr_snapshot_peek(snapshot));
	assert_null(lr_snapshot_acquire(snapshot, 0, 0));
	publish(snapshot, 5, 100);
	const struct lr_zone *zone = lr_snapshot_acquire(snapshot, 0, 99);
	assert_non_null(zone);
	assert_int_equal(lr_zone_facts(zone)->serial, 5);
	/* another worker has it at the same time */
	assert_ptr_equal(lr_snapshot_acquire(snapshot, 1, 0), zone);
	lr_snapshot_release(snapshot, 1);
	lr_snapshot_release(snapshot, 0);
	/* at the horizon it is no more, but the publisher still sees it */
	assert_true(lr_snapshot_fresh(snapshot, 99));
	assert_false(lr_snapshot_fresh(snapshot, 100));
	assert_null(lr_snapshot_acquire(snapshot, 0, 100));
	assert_null(lr_snapshot_acquire(snapshot, 0, INT64_MAX));
	assert_ptr_equal(lr_snapshot_peek(snapshot), zone);
	/* who was turned away holds nothing up */
	publish(snapshot, 6, 200);
	assert_int_equal(lr_zone_facts(lr_snapshot_peek(snapshot))->serial, 6);
	/* a worker that there is none of */
	assert_null(lr_snapshot_acquire(snapshot, 2, 0));
	lr_snapshot_publish(snapshot, NULL, 0);
	assert_null(lr_snapshot_peek(snapshot));
	assert_false(lr_snapshot_fresh(snapshot, INT64_MIN));
	publish(snapshot, 7, 200);
	lr_snapshot_free(snapshot);
	lr_snapshot_free(NULL);
}

/* Confirmed, it is served for longer; taken out of service, no more: without another copy. */
static void
horizon_moves(void **state)
{
	(void)state;
	struct lr_snapshot *snapshot = lr_snapshot_new(1);
	lr_snapshot_set_horizon(snapshot, 100); /* of nothing */
	assert_false(lr_snapshot_fresh(snapshot, 0));
	publish(snapshot, 1, 100);
	const struct lr_zone *zone = lr_snapshot_peek(snapshot);
	lr_snapshot_set_horizon(snapshot, 200);
	assert_ptr_equal(lr_snapshot_acquire(snapshot, 0, 199), zone);
	lr_snapshot_release(snapshot, 0);
	lr_snapshot_set_horizon(snapshot, 50);
	assert_null(lr_snapshot_acquire(snapshot, 0, 50));
	assert_ptr_equal(lr_snapshot_peek(snapshot), zone);
	lr_snapshot_free(snapshot);
}

struct hammer {
	struct lr_snapshot *snapshot;
	unsigned worker;
	_Atomic bool *ending;
	_Atomic unsigned *started;
	uint64_t read, none;
	uint32_t last;
	bool backwards, mixed, stale;
};

/* The time by which the readers go: zones with an even serial are past it. */
#define NOW 1000

static int64_t
horizon_for(uint32_t serial)
{
	return serial % 2 ? NOW + INT64_C(10) : NOW;
}

/* Freed memory would say something else, and the sanitizers look on. */
static void *
read_on(void *arg)
{
	struct hammer *h = arg;
	atomic_fetch_add(h->started, 1);
	while (!atomic_load(h->ending)) {
		const struct lr_zone *zone = lr_snapshot_acquire(h->snapshot, h->worker, NOW);
		if (!zone) {
			h->none++;
			continue;
		}
		uint32_t serial = lr_zone_facts(zone)->serial;
		h->mixed |= lr_zone_rrset_count(zone) != 3;
		h->stale |= horizon_for(serial) <= NOW;
		h->backwards |= serial < h->last;
		h->last = serial;
		h->read++;
		lr_snapshot_release(h->snapshot, h->worker);
	}
	return NULL;
}

static void
many_threads(void **state)
{
	(void)state;
	struct lr_snapshot *snapshot = lr_snapshot_new(READERS);
	struct hammer hammers[READERS];
	pthread_t threads[READERS];
	_Atomic bool ending = false;
	_Atomic unsigned started = 0;
	for (unsigned i = 0; i < READERS; i++) {
		hammers[i] = (struct hammer){
		    .snapshot = snapshot, .worker = i, .ending = &ending, .started = &started};
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &hammers[i]), 0);
	}
	while (atomic_load(&started) < READERS)
		sched_yield();
	for (uint32_t serial = 1; serial <= PUBLISHED; serial++) {
		publish(snapshot, serial, horizon_for(serial));
		if (serial % 7 == 0)
			lr_snapshot_publish(snapshot, NULL, 0);
	}
	/* the last one stands while they go on for a while */
	publish(snapshot, PUBLISHED + 1, horizon_for(PUBLISHED + 1));
	for (unsigned i = 0; i < 200; i++)
		sched_yield();
	atomic_store(&ending, true);
	uint64_t read = 0;
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(hammers[i].mixed);
		assert_false(hammers[i].stale);
		assert_false(hammers[i].backwards);
		read += hammers[i].read;
	}
	assert_true(read > 0);
	lr_snapshot_free(snapshot);
}

/* The publisher waits for who reads the zone that goes,
 * and for nobody else: without using up the processor. */
struct holder {
	struct lr_snapshot *snapshot;
	_Atomic bool published;
};

static void *
publish_next(void *arg)
{
	struct holder *holder = arg;
	publish(holder->snapshot, 2, 10);
	atomic_store(&holder->published, true);
	return NULL;
}

static void
publisher_waits(void **state)
{
	(void)state;
	struct holder holder = {lr_snapshot_new(2), false};
	clockid_t clock;
	pthread_t thread;
	publish(holder.snapshot, 1, 10);
	const struct lr_zone *zone = lr_snapshot_acquire(holder.snapshot, 0, 1);
	assert_int_equal(pthread_create(&thread, NULL, publish_next, &holder), 0);
	/* the other worker has the new one while the first still reads the old */
	uint32_t serial = 1;
	while (serial == 1) {
		const struct lr_zone *other = lr_snapshot_acquire(holder.snapshot, 1, 1);
		serial = lr_zone_facts(other)->serial;
		lr_snapshot_release(holder.snapshot, 1);
	}
	assert_int_equal(serial, 2);
	/* a reader that is put off the processor for half a second costs no time of it */
	struct timespec start, end;
	assert_int_equal(pthread_getcpuclockid(thread, &clock), 0);
	clock_gettime(clock, &start);
	(void)nanosleep(&(struct timespec){0, 500000000}, NULL);
	clock_gettime(clock, &end);
	assert_true(
	    (end.tv_sec - start.tv_sec) * 1000000000 + end.tv_nsec - start.tv_nsec < 100000000);
	assert_false(atomic_load(&holder.published));
	assert_int_equal(lr_zone_facts(zone)->serial, 1);
	lr_snapshot_release(holder.snapshot, 0);
	pthread_join(thread, NULL);
	assert_true(atomic_load(&holder.published));
	lr_snapshot_free(holder.snapshot);
}

UNIT_TESTS(
    NULL, NULL, TEST(one_thread), TEST(horizon_moves), TEST(many_threads), TEST(publisher_waits))
