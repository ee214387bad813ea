/* keep_load.c -- the copy on disk, taken at the start or as soon as the disk gives it. */
#include "clock.h"
#include "keep_parts.h"

#include <inttypes.h>

/* What the state file says of the highest serial counts, whatever becomes of the zone beside it;
 * unless it is another root's. */
static bool
take_state(struct lr_keep *keep, const struct lr_loaded *loaded)
{
	const struct lr_state *state = &loaded->state;
	if (keep->anchors && state->key_length &&
	    lr_anchors_match(keep->anchors, state->key, state->key_length) == LR_EANCHOR) {
		log_warn(
		    "localroot: the state on disk is of another trust anchor: its serial %" PRIu32
		    " does not count",
		    state->serial);
		return false;
	}
	pthread_mutex_lock(&keep->lock);
	keep->state = *state;
	pthread_mutex_unlock(&keep->lock);
	return loaded->has_state;
}

/* A verified zone from disk: served for what is left of its time, if that is known. */
static void
hold_loaded(struct lr_keep *keep, const struct lr_zone *zone)
{
	const char *path = lr_disk_path(keep->disk);
	int64_t now = lr_clock_wall();
	struct lr_state state = keep->state;
	/* The writing may have been cut short between the zone and its state. */
	state.serial = lr_zone_facts(zone)->serial;
	if (!keep->has_floor)
		snprintf(state.source, sizeof(state.source), "%s", path);
	if (lr_lend_offer(keep->module->lend, zone) != LR_OK) {
		log_err("localroot: %s: out of memory", path);
		return;
	}
	lr_keep_publish(keep, zone, &state);
	lr_disk_holds(keep->disk);
	if (state.confirmed == 0)
		log_info("localroot: %s: not known when it was confirmed: not served yet", path);
	else
		log_info("localroot: loaded from disk, confirmed %" PRId64 " s ago at %s%s",
		    now - state.confirmed, state.source,
		    now < lr_keep_horizon(keep, zone, &state) ? "" : ": stale, not served");
	(void)lr_keep_watch(keep);
}

/* Consumes the draft. */
static void
take_zone(struct lr_keep *keep, struct lr_loaded *loaded)
{
	const char *path = lr_disk_path(keep->disk);
	const struct lr_zone *zone;
	struct lr_report report = {.error = loaded->error};
	enum lr_code code = loaded->code;
	if (code == LR_OK && !loaded->draft) {
		log_info("localroot: no copy at %s yet", path);
		return;
	}
	if (code == LR_OK) {
		lr_draft_heed(loaded->draft, keep->stop);
		code = lr_keep_verify(keep, loaded->draft, keep->has_floor, &zone, &report);
	}
	if (code != LR_OK) {
		lr_stats_failure(keep->module->stats, code);
		log_warn("localroot: %s: %s", path, report.error.text);
		return;
	}
	lr_keep_log_verified(path, &report);
	hold_loaded(keep, zone);
	lr_zone_unref(zone);
}

static void
take_loaded(struct lr_keep *keep, int patience_ms)
{
	struct lr_loaded loaded;
	if (!lr_disk_loaded(keep->disk, patience_ms, &loaded))
		return;
	if (keep->has_floor) { /* it came so late that a source's is held already */
		lr_draft_free(loaded.draft);
		return;
	}
	keep->has_floor = take_state(keep, &loaded);
	if (keep->anchors)
		take_zone(keep, &loaded);
	else /* the log knows */
		lr_draft_free(loaded.draft);
}

enum lr_code
lr_keep_load(struct lr_keep *keep, int notify_fd, int patience_ms, struct lr_error *err)
{
	keep->disk = lr_disk_new(keep->module->settings.dir, notify_fd);
	if (!keep->disk)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_disk_load(keep->disk, err);
	if (code == LR_OK)
		take_loaded(keep, patience_ms);
	return code;
}

void
lr_keep_work(struct lr_keep *keep)
{
	take_loaded(keep, 0);
	lr_disk_work(keep->disk);
}

void
lr_keep_end(struct lr_keep *keep, int64_t until_ms)
{
	if (!keep->disk)
		return;
	lr_disk_settle(keep->disk, until_ms);
	lr_disk_free(keep->disk);
	keep->disk = NULL;
}

void
lr_keep_print(struct lr_keep *keep, FILE *out)
{
	struct lr_error trouble;
	if (lr_disk_trouble(keep->disk, &trouble))
		fprintf(out, "no copy is kept over a restart: %s\n", trouble.text);
}
