/* module/clock.c: where the machine refuses clocks and random numbers. The functions that it calls
 * are replaced here. */
#include "clock.h"

#include "unit.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <openssl/rand.h>

static bool refused[32]; /* clocks */
static bool no_openssl, no_kernel;
static unsigned asked[32];

/* Each clock has its own time, in seconds: its number times a thousand. */
int
clock_gettime(clockid_t id, struct timespec *at)
{
	asked[id]++;
	if (refused[id])
		return -1; /* and AT stays what it was */
	at->tv_sec = 1000 * (id + 1);
	at->tv_nsec = 5000000;
	return 0;
}

time_t
time(time_t *unused)
{
	(void)unused;
	return 99;
}

int
RAND_bytes(unsigned char *octets, int count)
{
	memset(octets, 0x11, (size_t)count);
	return no_openssl ? 0 : 1;
}

ssize_t
getrandom(void *octets, size_t count, unsigned flags)
{
	(void)flags;
	if (no_kernel)
		return -1;
	memset(octets, 0x22, count);
	return (ssize_t)count;
}

static int64_t
ms_of(clockid_t id)
{
	return (int64_t)1000000 * (id + 1) + 5;
}

/* One after the other they fail, and each is asked no more than once after that. */
static void
steady_clock_falls_back(void **state)
{
	(void)state;
	assert_int_equal(lr_clock_monotonic_ms(NULL), ms_of(CLOCK_BOOTTIME));
	refused[CLOCK_BOOTTIME] = true;
	assert_int_equal(lr_clock_monotonic_ms(NULL), ms_of(CLOCK_MONOTONIC));
	refused[CLOCK_BOOTTIME] = false; /* it is back, but the times would not agree */
	assert_int_equal(lr_clock_monotonic_ms(NULL), ms_of(CLOCK_MONOTONIC));
	assert_int_equal(asked[CLOCK_BOOTTIME], 2);
	refused[CLOCK_MONOTONIC] = true;
	assert_int_equal(lr_clock_monotonic_ms(NULL), ms_of(CLOCK_REALTIME));
	refused[CLOCK_REALTIME] = true;
	assert_int_equal(lr_clock_monotonic_ms(NULL), 99000);
	assert_int_equal(lr_clock_wall(), 99);
	refused[CLOCK_REALTIME] = false;
	assert_int_equal(lr_clock_wall(), 1000);
}

static void
cpu_time_refused(void **state)
{
	(void)state;
	assert_int_equal(lr_clock_cpu_ns(), ms_of(CLOCK_THREAD_CPUTIME_ID) * 1000000);
	refused[CLOCK_THREAD_CPUTIME_ID] = true;
	assert_int_equal(lr_clock_cpu_ns(), 0);
}

static void
random_numbers_refused(void **state)
{
	uint16_t number = 0;
	(void)state;
	assert_true(lr_clock_random16(NULL, &number));
	assert_int_equal(number, 0x1111);
	no_openssl = true;
	assert_true(lr_clock_random16(NULL, &number));
	assert_int_equal(number, 0x2222);
	no_kernel = true;
	number = 7;
	assert_false(lr_clock_random16(NULL, &number));
	assert_int_equal(number, 7); /* outputs on success only */
	(void)lr_clock_jitter();
}

UNIT_TESTS(
    NULL, NULL, TEST(steady_clock_falls_back), TEST(cpu_time_refused), TEST(random_numbers_refused))
