/*
 * pages.h -- large pieces of memory, each on pages of its own, which go back to the system when it
 * is freed. What malloc() gives for them does so at first only: after some have been freed, the C
 * library takes the next ones from its heaps, and keeps what is freed there below something that
 * is still in use.
 *
 * Any thread. Under sanitizers it is malloc() after all: the one for addresses watches its ends,
 * and the one for threads does not see who had the pages before that mremap() takes.
 */
#ifndef LR_PAGES_H
#define LR_PAGES_H

#include <stddef.h>

/* SIZE zeros, not none. NULL: out of memory. */
void *lr_pages_new(size_t size);

/* The same pages with another size, maybe elsewhere; NULL of size 0: new ones. NULL: out of memory,
 * and they are as before. */
void *lr_pages_resize(void *pages, size_t before, size_t size);

/* NULL is allowed. */
void lr_pages_free(void *pages, size_t size);

#endif
