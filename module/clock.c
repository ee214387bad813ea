#include "clock.h"

#include <time.h>

#include <openssl/rand.h>

/* On Linux the time of a machine that sleeps counts too: a copy ages meanwhile. */
#ifdef CLOCK_BOOTTIME
#define STEADY CLOCK_BOOTTIME
#else
#define STEADY CLOCK_MONOTONIC
#endif

static int64_t
nanoseconds(clockid_t id)
{
	struct timespec at;
	clock_gettime(id, &at);
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

int64_t
lr_clock_wall(void)
{
	return nanoseconds(CLOCK_REALTIME) / 1000000000;
}

int64_t
lr_clock_monotonic_ms(void *unused)
{
	(void)unused;
	return nanoseconds(STEADY) / 1000000;
}

int64_t
lr_clock_cpu_ns(void)
{
	return nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

uint16_t
lr_clock_random16(void *unused)
{
	(void)unused;
	uint16_t number = 0;
	(void)RAND_bytes((unsigned char *)&number, sizeof(number));
	return number;
}
