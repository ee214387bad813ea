/* keep_load.c -- the copy on disk, taken at the start or as soon as the disk gives it. */
#include "clock.h"
#include "draft_from_zone.h"
#include "handover.h"
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

/* Where it was kept. */
struct place {
	const char *name, *done; /* for people */
	bool disk;
};

/* A verified zone from there: served for what is left of its time, if that is known. */
static void
hold_loaded(struct lr_keep *keep, const struct lr_zone *zone, const struct place *place)
{
	int64_t now = lr_clock_wall();
	struct lr_state state = keep->state;
	/* The writing may have been cut short between the zone and its state. */
	state.serial = lr_zone_facts(zone)->serial;
	if (!keep->has_floor)
		snprintf(state.source, sizeof(state.source), "%s", place->name);
	if (lr_lend_offer(keep->module->lend, zone) != LR_OK) {
		log_err("localroot: %s: out of memory", place->name);
		return;
	}
	lr_keep_publish(keep, zone, &state);
	if (place->disk)
		lr_disk_holds(keep->disk);
	if (state.confirmed == 0)
		log_info(
		    "localroot: %s: not known when it was confirmed: not served yet", place->name);
	else
		log_info("localroot: %s, confirmed %" PRId64 " s ago at %s%s", place->done,
		    now - state.confirmed, state.source,
		    now < lr_keep_horizon(keep, zone, &state) ? "" : ": stale, not served");
	(void)lr_keep_watch(keep);
}

/* Consumes the draft. */
static void
take_zone(struct lr_keep *keep, struct lr_loaded *loaded, const struct place *place)
{
	const struct lr_zone *zone;
	struct lr_report report = {.error = loaded->error};
	enum lr_code code = loaded->code;
	if (code == LR_OK && !loaded->draft) {
		log_info("localroot: no copy at %s yet", place->name);
		return;
	}
	if (code == LR_OK) {
		lr_draft_heed(loaded->draft, keep->stop);
		code = lr_keep_verify(keep, loaded->draft, keep->has_floor, &zone, &report);
	}
	if (code != LR_OK) {
		lr_stats_failure(keep->module->stats, code);
		log_warn("localroot: %s: %s", place->name, report.error.text);
		return;
	}
	lr_keep_log_verified(place->name, &report);
	hold_loaded(keep, zone, place);
	lr_zone_unref(zone);
}

/* Consumes the draft. */
static void
take(struct lr_keep *keep, struct lr_loaded *loaded, const struct place *place)
{
	keep->has_floor = take_state(keep, loaded);
	if (keep->anchors)
		take_zone(keep, loaded, place);
	else /* the log knows */
		lr_draft_free(loaded->draft);
}

static void
take_loaded(struct lr_keep *keep, int patience_ms)
{
	const struct place disk = {lr_disk_path(keep->disk), "loaded from disk", true};
	struct lr_loaded loaded;
	if (!lr_disk_loaded(keep->disk, patience_ms, &loaded))
		return;
	if (keep->has_floor) /* one that is no older is held already, or was */
		lr_draft_free(loaded.draft);
	else
		take(keep, &loaded, &disk);
}

/* Whatever the disk has is not newer. */
static void
take_handed_over(struct lr_keep *keep)
{
	static const struct place memory = {
	    "the copy held before the reload", "kept over the reload", false};
	struct lr_loaded loaded = {.has_state = true};
	const struct lr_zone *zone = lr_handover_take(&loaded.state);
	if (!zone)
		return;
	loaded.code = lr_draft_from_zone(zone, &loaded.draft, &loaded.error);
	take(keep, &loaded, &memory);
	lr_zone_unref(zone);
}

enum lr_code
lr_keep_load(struct lr_keep *keep, int notify_fd, int patience_ms, struct lr_error *err)
{
	keep->disk = lr_disk_new(keep->module->settings.dir, notify_fd);
	if (!keep->disk)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	take_handed_over(keep);
	enum lr_code code = lr_disk_load(keep->disk, err);
	if (code == LR_OK)
		take_loaded(keep, keep->has_floor ? 0 : patience_ms);
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
	const struct lr_zone *held = lr_keep_zone(keep);
	if (held && lr_disk_lags(keep->disk))
		lr_handover_leave(held, &keep->state);
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
