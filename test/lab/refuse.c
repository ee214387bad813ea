/*
 * A machine that refuses things: a library to preload, which test/lab/shim.py builds. The
 * environment says what: LR_REFUSE="boottime monotonic random".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int
refused(const char *what)
{
	const char *list = getenv("LR_REFUSE");
	return list && strstr(list, what);
}

int
clock_gettime(clockid_t id, struct timespec *at)
{
	if ((id == CLOCK_BOOTTIME && refused("boottime")) ||
	    (id == CLOCK_MONOTONIC && refused("monotonic")) ||
	    (id == CLOCK_THREAD_CPUTIME_ID && refused("cputime"))) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_clock_gettime, id, at);
}

/* OpenSSL's, without its header. */
int RAND_bytes(unsigned char *octets, int count);

int
RAND_bytes(unsigned char *octets, int count)
{
	return !refused("random") && syscall(SYS_getrandom, octets, (size_t)count, 0) == count;
}

ssize_t
getrandom(void *octets, size_t count, unsigned flags)
{
	if (refused("random")) {
		errno = ENOSYS;
		return -1;
	}
	return syscall(SYS_getrandom, octets, count, flags);
}
