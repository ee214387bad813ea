/*
 * A machine that refuses things: a library to preload, which test/lab/shim.py builds. The
 * environment says what: LR_REFUSE="boottime monotonic random"; or a file does, which may change:
 * LR_REFUSE="/tmp/words".
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
	char words[256];
	if (list && list[0] == '/') {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, list, O_RDONLY | O_CLOEXEC, 0);
		ssize_t length = fd < 0 ? 0 : syscall(SYS_read, fd, words, sizeof(words) - 1);
		words[length > 0 ? length : 0] = '\0';
		list = words;
		if (fd >= 0)
			syscall(SYS_close, fd);
	}
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

/* RLIMIT_NPROC */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
	    (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
		RTLD_NEXT, "pthread_create");
	return refused("threads") ? EAGAIN : next(thread, attributes, run, arg);
}

/* RLIMIT_NOFILE */
int
eventfd(unsigned count, int flags)
{
	if (refused("eventfd")) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_eventfd2, count, flags);
}
