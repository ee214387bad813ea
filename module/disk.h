/*
 * disk.h -- the module's own folder: what is kept of the copy there, and read back at start.
 *
 * Nothing that goes wrong here costs more than the copy's outlasting a restart; the log is told
 * once. The refresher's thread (init's before it starts).
 */
#ifndef LR_DISK_H
#define LR_DISK_H

#include "draft.h"
#include "lr_error.h"
#include "store.h"

#include <stdbool.h>

struct lr_disk;

/* DIR outlives it. NULL: out of memory. */
struct lr_disk *lr_disk_new(const char *dir);
void lr_disk_free(struct lr_disk *disk);

/* The zone's path, for people. */
const char *lr_disk_path(const struct lr_disk *disk);

/* False: there is no state, or none that can be used, which the log is told. What was confirmed in
 * the future was so at a time not known: 0. */
bool lr_disk_read_state(struct lr_disk *disk, struct lr_state *state);

/* *DRAFT is the caller's; NULL with LR_OK: there is none. Otherwise as lr_source_file(). */
enum lr_code lr_disk_read_zone(
    struct lr_disk *disk, int cancel_fd, struct lr_draft **draft, struct lr_error *err);

/* The zone on disk is the one held. */
void lr_disk_holds(struct lr_disk *disk);

/*
 * Keeps the state, and the zone where it is RENEWED or not on disk. The state is written even where
 * the zone cannot be: the highest serial is in it.
 */
void lr_disk_save(
    struct lr_disk *disk, const struct lr_zone *zone, bool renewed, const struct lr_state *state);

#endif
