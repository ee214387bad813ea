/*
 * failing.c -- makes one allocation fail, or some in a row.
 *
 * Preloaded (LD_PRELOAD) into a program, or linked into a test, it stands before malloc(), its
 * relatives, and mmap(). Counted is what one object of the program asks for, from its own code or
 * through libc (strdup, fopen); with LR_FAILING_BELOW also what libraries ask for on its behalf.
 * Environment:
 *
 *     LR_FAILING_IN      the end of the object's path; empty: the program itself
 *     LR_FAILING_BELOW   set: everything that is called from there
 *     LR_FAILING_ASIDE   set: in threads other than the first only
 *     LR_FAILING_FILE    a file with struct failing, for others to read and write meanwhile
 *     LR_FAILING_AT      the number of the allocation that fails
 *     LR_FAILING_ALL     set: and all that follow
 *     LR_FAILING_ENDS    set: it does not fail, but ends the process, as kill -9 does
 *     LR_FAILING_TELL    set: each failure on standard error, with the way that led to it
 */
#include "failing.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#define SHOWN __attribute__((visibility("default")))

struct range {
	uintptr_t start, end;
};

static struct failing own;
struct failing *failing = &own;
_Atomic uint32_t failing_counts;

static struct range object, libc, loader, self; /* where code is */
static bool below, aside, tells, ends, set_up_done;
static _Thread_local bool inside; /* of this file: unwinding may allocate */

static struct {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void (*free)(void *);
	void *(*mmap)(void *, size_t, int, int, int, off_t);
	void *(*mremap)(void *, size_t, size_t, int, ...);
	void *(*dlopen)(const char *, int);
} next;

/* What dlsym() itself asks for, before malloc() is found. */
static char early[1 << 14];
static size_t early_used;

static bool
is_early(const void *at)
{
	return (const char *)at >= early && (const char *)at < early + sizeof(early);
}

static void *
get_early(size_t size)
{
	void *at = early + early_used;
	early_used += (size + 15) & ~(size_t)15;
	return early_used <= sizeof(early) ? at : NULL;
}

static void
find(const char *name, void *place)
{
	void *symbol = dlsym(RTLD_NEXT, name);
	memcpy(place, &symbol, sizeof(symbol));
}

static void
find_next(void)
{
	static bool finding;
	if (next.malloc || finding)
		return;
	finding = true;
	find("calloc", &next.calloc);
	find("realloc", &next.realloc);
	find("aligned_alloc", &next.aligned_alloc);
	find("posix_memalign", &next.posix_memalign);
	find("free", &next.free);
	find("mmap", &next.mmap);
	find("mremap", &next.mremap);
	find("dlopen", &next.dlopen);
	find("malloc", &next.malloc);
	finding = false;
}

static bool
holds(const struct range *range, uintptr_t at)
{
	return at >= range->start && at < range->end;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static int
look_at(struct dl_phdr_info *info, size_t size, void *wanted)
{
	struct range range = {UINTPTR_MAX, 0};
	(void)size;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + part->p_vaddr;
		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
			continue;
		range.start = start < range.start ? start : range.start;
		range.end = start + part->p_memsz > range.end ? start + part->p_memsz : range.end;
	}
	const char *name = info->dlpi_name;
	if (*(const char *)wanted ? ends_with(name, wanted) : !*name)
		object = range;
	if (strstr(name, "/libc.so") || strstr(name, "/libasan.so") || strstr(name, "/libtsan.so"))
		libc = range;
	if (strstr(name, "/ld-linux"))
		loader = range;
	if (holds(&range, (uintptr_t)look_at))
		self = range;
	return 0;
}

static void
find_objects(void)
{
	const char *wanted = getenv("LR_FAILING_IN");
	inside = true;
	dl_iterate_phdr(look_at, (void *)(uintptr_t)(wanted ? wanted : ""));
	inside = false;
}

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("LR_FAILING_FILE"), *at = getenv("LR_FAILING_AT");
	void *here[4];
	find_next();
	inside = true;
	(void)backtrace(here, 4); /* loads what it needs */
	inside = false;
	if (path) {
		int fd = open(path, O_RDWR | O_CLOEXEC);
		void *map = mmap(NULL, sizeof(*failing), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map != MAP_FAILED)
			failing = map;
		close(fd);
	}
	if (at) {
		failing->first = strtoull(at, NULL, 10);
		failing->last = getenv("LR_FAILING_ALL") ? UINT64_MAX : failing->first;
	}
	below = getenv("LR_FAILING_BELOW");
	aside = getenv("LR_FAILING_ASIDE");
	tells = getenv("LR_FAILING_TELL");
	ends = getenv("LR_FAILING_ENDS");
	failing_counts = path || at;
	find_objects();
	set_up_done = true;
}

struct way {
	bool ours;
};

static _Unwind_Reason_Code
step(struct _Unwind_Context *context, void *arg)
{
	struct way *way = arg;
	uintptr_t at = _Unwind_GetIP(context);
	if (holds(&object, at - 1))
		way->ours = true;
	else if (below || holds(&libc, at - 1) || holds(&loader, at - 1) || holds(&self, at - 1))
		return _URC_NO_REASON;
	return _URC_END_OF_STACK;
}

static void
tell(uint64_t number)
{
	void *way[32];
	char text[64];
	int length = snprintf(
	    text, sizeof(text), "failing: allocation %llu of\n", (unsigned long long)number);
	if (write(STDERR_FILENO, text, (size_t)length) == length)
		backtrace_symbols_fd(way, backtrace(way, 32), STDERR_FILENO);
}

/* Counts this allocation if it is to be counted; whether it is to fail. */
static bool
fails(void)
{
	struct way way = {false};
	if (!set_up_done || inside || !atomic_load(&failing_counts) ||
	    (aside && gettid() == getpid()))
		return false;
	inside = true;
	if (self.start == object.start) /* linked in: the test says when to count */
		way.ours = true;
	else
		(void)_Unwind_Backtrace(step, &way);
	bool failed = false;
	if (way.ours) {
		uint64_t number = atomic_fetch_add(&failing->counted, 1) + 1;
		uint64_t first = atomic_load(&failing->first);
		failed = first && number >= first && number <= atomic_load(&failing->last);
		if (failed) {
			atomic_fetch_add(&failing->failed, 1);
			if (tells)
				tell(number);
			if (ends)
				(void)kill(getpid(), SIGKILL);
		}
	}
	inside = false;
	if (failed)
		errno = ENOMEM;
	return failed;
}

SHOWN void *
malloc(size_t size)
{
	find_next();
	if (!next.malloc)
		return get_early(size);
	return fails() ? NULL : next.malloc(size);
}

SHOWN void *
calloc(size_t count, size_t size)
{
	find_next();
	if (!next.malloc)
		return get_early(count * size);
	return fails() ? NULL : next.calloc(count, size);
}

SHOWN void *
realloc(void *before, size_t size)
{
	if (is_early(before)) {
		void *now = malloc(size);
		return now ? memcpy(now, before, size) : NULL;
	}
	find_next();
	return fails() ? NULL : next.realloc(before, size);
}

SHOWN void *
aligned_alloc(size_t alignment, size_t size)
{
	find_next();
	return fails() ? NULL : next.aligned_alloc(alignment, size);
}

SHOWN int
posix_memalign(void **at, size_t alignment, size_t size)
{
	find_next();
	return fails() ? ENOMEM : next.posix_memalign(at, alignment, size);
}

SHOWN void
free(void *at)
{
	if (at && !is_early(at))
		next.free(at);
}

SHOWN void *
mmap(void *wanted, size_t size, int protection, int flags, int fd, off_t offset)
{
	find_next();
	return fd == -1 && fails() ? MAP_FAILED
				   : next.mmap(wanted, size, protection, flags, fd, offset);
}

/* Without MREMAP_FIXED. */
SHOWN void *
mremap(void *before, size_t size_before, size_t size, int flags, ...)
{
	return fails() ? MAP_FAILED : next.mremap(before, size_before, size, flags);
}

/* A library that is loaded, or loaded again, may be the one looked for. */
SHOWN void *
dlopen(const char *path, int mode)
{
	void *handle = next.dlopen(path, mode);
	if (set_up_done)
		find_objects();
	return handle;
}
