/*
 * A disk that hangs: a library to preload, which test/lab/shim.py builds. While the file
 * $LR_HANG_WHILE exists, the calls named in $LR_HANG_CALLS ("open fsync ...") do not return for
 * what lies under the folder $LR_HANG_UNDER.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int
meant(const char *call, const char *path)
{
	const char *calls = getenv("LR_HANG_CALLS"), *under = getenv("LR_HANG_UNDER");
	return calls && under && strstr(calls, call) && strncmp(path, under, strlen(under)) == 0;
}

static void
hang(const char *call, const char *path)
{
	const char *flag = getenv("LR_HANG_WHILE");
	const struct timespec nap = {0, 10000000};
	while (flag && meant(call, path) && syscall(SYS_faccessat, AT_FDCWD, flag, F_OK) == 0)
		nanosleep(&nap, NULL);
}

static void
hang_at(const char *call, int fd)
{
	char link[64], path[4096];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	hang(call, path);
}

static mode_t
mode_of(int flags, va_list more)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	hang("open", path);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int
openat(int at, const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = mode_of(flags, more);
	va_end(more);
	if (at == AT_FDCWD)
		hang("open", path);
	else
		hang_at("open", at);
	return (int)syscall(SYS_openat, at, path, flags, mode);
}

int
fsync(int fd)
{
	hang_at("fsync", fd);
	return (int)syscall(SYS_fsync, fd);
}

ssize_t
read(int fd, void *octets, size_t count)
{
	hang_at("read", fd);
	return syscall(SYS_read, fd, octets, count);
}

/* stdio reads and writes without the calls that can be put in front of: here it begins. */
FILE *
fdopen(int fd, const char *mode)
{
	FILE *(*next)(int, const char *) =
	    (FILE * (*)(int, const char *)) dlsym(RTLD_NEXT, "fdopen");
	hang_at(mode[0] == 'r' ? "read" : "write", fd);
	return next(fd, mode);
}
