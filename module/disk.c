#include "disk.h"
#include "clock.h"
#include "source.h"
#include "unbound.h"

#include <unistd.h>

/* Seconds: a confirmation further in the future than that tells nothing of the copy's age. */
#define CLOCK_TOLERANCE 3600

struct lr_disk {
	const char *dir;
	char *zone_path, *state_path;
	bool holds;  /* the zone there is the one held */
	bool failed; /* as the log was told */
};

struct lr_disk *
lr_disk_new(const char *dir)
{
	struct lr_disk *disk = calloc(1, sizeof(*disk));
	if (!disk)
		return NULL;
	disk->dir = dir;
	disk->zone_path = lr_store_zone_path(dir);
	disk->state_path = lr_store_state_path(dir);
	if (disk->zone_path && disk->state_path)
		return disk;
	lr_disk_free(disk);
	return NULL;
}

void
lr_disk_free(struct lr_disk *disk)
{
	if (!disk)
		return;
	free(disk->zone_path);
	free(disk->state_path);
	free(disk);
}

const char *
lr_disk_path(const struct lr_disk *disk)
{
	return disk->zone_path;
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
lr_disk_read_state(struct lr_disk *disk, struct lr_state *state)
{
	struct lr_error err;
	if (!is_there(disk->state_path))
		return false;
	if (lr_store_read_state(disk->dir, state, &err) != LR_OK) {
		log_warn("localroot: %s: a source has to confirm the copy on disk first", err.text);
		return false;
	}
	int64_t now = lr_clock_wall();
	if (state->confirmed > now + CLOCK_TOLERANCE)
		state->confirmed = 0;
	else if (state->confirmed > now)
		state->confirmed = now; /* the clock was set back a little */
	return true;
}

enum lr_code
lr_disk_read_zone(
    struct lr_disk *disk, int cancel_fd, struct lr_draft **draft, struct lr_error *err)
{
	static const uint8_t root_name[] = {0};
	const struct lr_io io = {.cancel_fd = cancel_fd,
	    .monotonic_ms = lr_clock_monotonic_ms,
	    .random16 = lr_clock_random16};
	struct lr_uri uri = {.scheme = LR_FILE};
	struct lr_fetched fetched = {0};
	enum lr_code code = LR_OK;
	size_t length = strlen(disk->zone_path);
	if (length >= sizeof(uri.path))
		return lr_fail(err, LR_EUSAGE, "the path is too long");
	memcpy(uri.path, disk->zone_path, length + 1);
	if (is_there(disk->zone_path))
		code = lr_source_file(&uri, root_name, &io, &lr_limits_default, &fetched, err);
	if (code == LR_OK)
		*draft = fetched.draft;
	return code;
}

void
lr_disk_holds(struct lr_disk *disk)
{
	disk->holds = true;
}

void
lr_disk_save(
    struct lr_disk *disk, const struct lr_zone *zone, bool renewed, const struct lr_state *state)
{
	struct lr_error err, err_state;
	enum lr_code code = LR_OK;
	if (renewed || !disk->holds || !is_there(disk->zone_path)) {
		code = lr_store_write_zone(disk->dir, zone, &err);
		disk->holds = code == LR_OK;
	}
	enum lr_code code_state = lr_store_write_state(disk->dir, state, &err_state);
	if (code == LR_OK && code_state != LR_OK) {
		code = code_state;
		err = err_state;
	}
	if (code != LR_OK && !disk->failed)
		log_warn("localroot: %s: no copy is kept over a restart", err.text);
	else if (code == LR_OK && disk->failed)
		log_info("localroot: the copy is kept in %s again", disk->dir);
	disk->failed = code != LR_OK;
}
