/*
 * How long an event loop is away from those who ask: a library to preload, which test/lab/shim.py
 * builds. A turn is what a thread does from one epoll_wait(2) that found something to the next one,
 * less what it waited for a processor meanwhile (/proc/thread-self/schedstat). The file $LR_TURNS
 * counts them, as 32-bit numbers, in classes of 100 ns.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CLASSES = 1 << 22, CLASS_NS = 100 };

static _Atomic uint32_t *turns;
static __thread int schedstat = -1;
static __thread int64_t began;

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("LR_TURNS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, CLASSES * sizeof(*turns), PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, 0);
	turns = at == MAP_FAILED ? NULL : at;
}

/* Nanoseconds of this thread's time that it did not spend waiting for a processor. */
static int64_t
own_time(void)
{
	char text[96];
	struct timespec now;
	long long ran, waited;
	if (schedstat < 0)
		schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	ssize_t length = pread(schedstat, text, sizeof(text) - 1, 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (length <= 0)
		return -1;
	text[length] = '\0';
	if (sscanf(text, "%lld %lld", &ran, &waited) != 2)
		return -1;
	return now.tv_sec * 1000000000LL + now.tv_nsec - waited;
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	static int (*real)(int, struct epoll_event *, int, int);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
	if (turns && began > 0) {
		int64_t took = (own_time() - began) / CLASS_NS;
		if (took >= 0)
			turns[took < CLASSES ? took : CLASSES - 1]++;
	}
	int found = real(fd, events, max, timeout);
	began = turns && found > 0 ? own_time() : 0;
	return found;
}
