#include "thread.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

/* Bytes: a stack of 8 MiB, the 64 MiB of addresses that the C library sets aside for a thread
 * that allocates, up to 40 MiB for a zone that is fetched and verified; the rest is the host's
 * reserve. */
#define ROOM ((size_t)160 << 20)

/* Whether limits (setrlimit(2), the kernel's on memory that is promised) allow for it. */
static bool
has_room(void)
{
	void *room = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return room != MAP_FAILED && munmap(room, ROOM) == 0;
}

enum lr_code
lr_thread_start(pthread_t *thread, void *(*run)(void *), void *arg, struct lr_error *err)
{
	sigset_t all, before;
	if (!has_room())
		return lr_fail(err, LR_ENOMEM,
		    "cannot start a thread: out of memory, less than %zu MiB are left", ROOM >> 20);
	sigfillset(&all);
	int failed = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!failed) {
		failed = pthread_create(thread, NULL, run, arg);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	return failed ? lr_fail(err, LR_EIO, "cannot start a thread: %s", strerror(failed)) : LR_OK;
}
