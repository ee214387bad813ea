#include "pages.h"

#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WATCHED 1
#endif
#endif

#if defined(WATCHED)

void *
lr_pages_new(size_t size)
{
	return calloc(1, size);
}

void *
lr_pages_resize(void *pages, size_t before, size_t size)
{
	(void)before;
	return realloc(pages, size);
}

void
lr_pages_free(void *pages, size_t size)
{
	(void)size;
	free(pages);
}

#else

static void *
or_null(void *pages)
{
	return pages == MAP_FAILED ? NULL : pages;
}

void *
lr_pages_new(size_t size)
{
	return or_null(
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

void *
lr_pages_resize(void *pages, size_t before, size_t size)
{
	return pages ? or_null(mremap(pages, before, size, MREMAP_MAYMOVE)) : lr_pages_new(size);
}

void
lr_pages_free(void *pages, size_t size)
{
	if (pages)
		(void)munmap(pages, size);
}

#endif
