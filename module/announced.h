/*
 * announced.h -- what NOTIFY has announced, until the source is asked. To announce it again
 * meanwhile changes nothing.
 *
 * What is signed (proven) counts at once. Anything else may be forged: of that, one announcement
 * every ten seconds counts, for all sources together, and the sources take turns.
 */
#ifndef LR_ANNOUNCED_H
#define LR_ANNOUNCED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_announced;

#define LR_FORGED_MS 10000 /* between two that are not proven */

/* For COUNT sources, and one place for all announcers that are no source. NULL: out of memory. */
struct lr_announced *lr_announced_new(size_t count);
void lr_announced_free(struct lr_announced *announced); /* NULL is allowed */

/* SOURCE is below COUNT, or any other number for an announcer that is no source (of
 * localroot-allow-notify). PROVEN: signed with a key of ours. True: that is new, and worth a look;
 * otherwise it changes nothing, however often it comes. Any thread. */
bool lr_announced_add(struct lr_announced *announced, size_t source, bool proven);

/* True: *source is to be asked now, and no longer announced; COUNT stands for the announcers that
 * are no source. One thread; NOW_MS is monotonic. */
bool lr_announced_take(struct lr_announced *announced, int64_t now_ms, size_t *source);

#endif
