#include "clock.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

#include <openssl/rand.h>

/*
 * The steady clocks, the best first: on Linux the time of a machine that sleeps counts too, since a
 * copy ages meanwhile. Old kernels and sandboxes refuse it; the last one is there everywhere,
 * though somebody may set it.
 */
static const clockid_t steady[] = {
#ifdef CLOCK_BOOTTIME
    CLOCK_BOOTTIME,
#endif
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
};

#define STEADY_COUNT (sizeof(steady) / sizeof(*steady))

static bool
read_clock(clockid_t id, int64_t *nanoseconds)
{
	struct timespec at;
	if (clock_gettime(id, &at) != 0)
		return false;
	*nanoseconds = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
	return true;
}

int64_t
lr_clock_wall(void)
{
	int64_t now;
	return read_clock(CLOCK_REALTIME, &now) ? now / 1000000000 : (int64_t)time(NULL);
}

/* Two clocks never agree: whichever could not be read once is not asked again, by no thread. */
int64_t
lr_clock_monotonic_ms(void *unused)
{
	static atomic_size_t chosen;
	size_t i = atomic_load_explicit(&chosen, memory_order_relaxed);
	int64_t now;
	(void)unused;
	while (i < STEADY_COUNT) {
		if (read_clock(steady[i], &now))
			return now / 1000000;
		/* Where another thread was first, I becomes what it chose. */
		if (atomic_compare_exchange_strong(&chosen, &i, i + 1))
			i++;
	}
	return lr_clock_wall() * 1000;
}

int64_t
lr_clock_cpu_ns(void)
{
	int64_t used;
	return read_clock(CLOCK_THREAD_CPUTIME_ID, &used) ? used : 0;
}

bool
lr_clock_random16(void *unused, uint16_t *number)
{
	uint16_t made;
	(void)unused;
	if (RAND_bytes((unsigned char *)&made, sizeof(made)) != 1 &&
	    getrandom(&made, sizeof(made), GRND_NONBLOCK) != sizeof(made))
		return false;
	*number = made;
	return true;
}

uint16_t
lr_clock_jitter(void)
{
	uint16_t number;
	if (!lr_clock_random16(NULL, &number))
		number =
		    (uint16_t)(lr_clock_monotonic_ms(NULL) * 40503); /* scatters what is close */
	return number;
}
