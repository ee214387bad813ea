/*
 * announced.h -- what NOTIFY has announced, until the source is asked: any number of times is once.
 *
 * What is proven counts at once. What anybody may have sent counts every ten seconds at the most,
 * whatever it is said of; the sources have their turns.
 */
#ifndef LR_ANNOUNCED_H
#define LR_ANNOUNCED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_announced;

#define LR_FORGED_MS 10000

/* Of COUNT sources, and of those that are none as well. NULL: out of memory. */
struct lr_announced *lr_announced_new(size_t count);
void lr_announced_free(struct lr_announced *announced); /* NULL is allowed */

/* SOURCE is below COUNT, or any other number for one that is none. Any thread. */
void lr_announced_add(struct lr_announced *announced, size_t source, bool proven);

/* One that is to be asked now; *source is COUNT for
 * one that is none. One thread; NOW_MS is monotonic. */
bool lr_announced_take(struct lr_announced *announced, int64_t now_ms, size_t *source);

#endif
