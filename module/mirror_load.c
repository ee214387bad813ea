/* mirror_load.c -- the copy on disk, taken at the start or as soon as the disk gives it. */
#include "clock.h"
#include "draft_from_zone.h"
#include "handover.h"
#include "mirror_parts.h"

#include <inttypes.h>

/* What the state file says of the highest serial counts, whatever becomes of the zone beside it;
 * unless it is another root's. */
static bool
take_state(struct lr_mirror *mirror, const struct lr_loaded *loaded)
{
	const struct lr_state *state = &loaded->state;
	if (mirror->anchors && state->key_length &&
	    lr_anchors_match(mirror->anchors, state->key, state->key_length) == LR_EANCHOR) {
		log_warn(
		    "localroot: the state on disk is of another trust anchor: its serial %" PRIu32
		    " does not count",
		    state->serial);
		return false;
	}
	pthread_mutex_lock(&mirror->lock);
	mirror->state = *state;
	pthread_mutex_unlock(&mirror->lock);
	return loaded->has_state;
}

/* Where it was kept. */
struct place {
	const char *name, *done; /* for people */
	bool disk;
};

/* A verified zone from there: served for what is left of its time, if that is known. */
static void
hold_loaded(struct lr_mirror *mirror, const struct lr_zone *zone, const struct place *place)
{
	int64_t now = lr_clock_wall();
	struct lr_state state = mirror->state;
	/* The writing may have been cut short between the zone and its state. */
	state.serial = lr_zone_facts(zone)->serial;
	if (!mirror->has_floor)
		snprintf(state.source, sizeof(state.source), "%s", place->name);
	if (lr_upstream_offer(mirror->module->upstream, zone) != LR_OK) {
		log_err("localroot: %s: out of memory", place->name);
		return;
	}
	lr_mirror_publish(mirror, zone, &state);
	if (place->disk)
		lr_store_queue_holds(mirror->queue);
	if (state.confirmed == 0)
		log_info(
		    "localroot: %s: not known when it was confirmed: not served yet", place->name);
	else
		log_info("localroot: %s, confirmed %" PRId64 " s ago at %s%s", place->done,
		    now - state.confirmed, state.source,
		    now < lr_mirror_horizon(mirror, zone, &state) ? "" : ": stale, not served");
	(void)lr_mirror_watch(mirror);
}

/* Consumes the draft. */
static void
take_zone(struct lr_mirror *mirror, struct lr_loaded *loaded, const struct place *place)
{
	const struct lr_zone *zone;
	struct lr_report report = {.error = loaded->error};
	enum lr_code code = loaded->code;
	if (code == LR_OK && !loaded->draft) {
		log_info("localroot: no copy at %s yet", place->name);
		return;
	}
	if (code == LR_OK) {
		lr_draft_heed(loaded->draft, mirror->stop);
		code = lr_mirror_verify(mirror, loaded->draft, mirror->has_floor, &zone, &report);
	}
	if (code != LR_OK) {
		lr_stats_failure(mirror->module->stats, code);
		log_warn("localroot: %s: %s", place->name, report.error.text);
		return;
	}
	lr_mirror_log_verified(place->name, &report);
	hold_loaded(mirror, zone, place);
	lr_zone_unref(zone);
}

/* Consumes the draft. */
static void
take(struct lr_mirror *mirror, struct lr_loaded *loaded, const struct place *place)
{
	mirror->has_floor = take_state(mirror, loaded);
	if (mirror->anchors)
		take_zone(mirror, loaded, place);
	else /* the log knows */
		lr_draft_free(loaded->draft);
}

static void
take_loaded(struct lr_mirror *mirror, int patience_ms)
{
	const struct place disk = {lr_store_queue_path(mirror->queue), "loaded from disk", true};
	struct lr_loaded loaded;
	if (!lr_store_queue_loaded(mirror->queue, patience_ms, &loaded))
		return;
	if (mirror->has_floor) /* one that is no older is held already, or was */
		lr_draft_free(loaded.draft);
	else
		take(mirror, &loaded, &disk);
}

/* Whatever the disk has is not newer. */
static void
take_handed_over(struct lr_mirror *mirror)
{
	static const struct place memory = {
	    "the copy held before the reload", "kept over the reload", false};
	struct lr_loaded loaded = {.has_state = true};
	const struct lr_zone *zone = lr_handover_take(&loaded.state);
	if (!zone)
		return;
	loaded.code = lr_draft_from_zone(zone, &loaded.draft, &loaded.error);
	take(mirror, &loaded, &memory);
	lr_zone_unref(zone);
}

enum lr_code
lr_mirror_load(struct lr_mirror *mirror, int notify_fd, int patience_ms, struct lr_error *err)
{
	mirror->queue = lr_store_queue_new(mirror->module->settings.dir, notify_fd);
	if (!mirror->queue)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	take_handed_over(mirror);
	enum lr_code code = lr_store_queue_load(mirror->queue, err);
	if (code == LR_OK)
		take_loaded(mirror, mirror->has_floor ? 0 : patience_ms);
	return code;
}

void
lr_mirror_work(struct lr_mirror *mirror)
{
	take_loaded(mirror, 0);
	lr_store_queue_work(mirror->queue);
}

void
lr_mirror_end(struct lr_mirror *mirror, int64_t until_ms)
{
	if (!mirror->queue)
		return;
	lr_store_queue_settle(mirror->queue, until_ms);
	const struct lr_zone *held = lr_mirror_zone(mirror);
	if (held && lr_store_queue_lags(mirror->queue))
		lr_handover_leave(held, &mirror->state);
	lr_store_queue_free(mirror->queue);
	mirror->queue = NULL;
}

void
lr_mirror_print(struct lr_mirror *mirror, FILE *out)
{
	struct lr_error trouble;
	if (lr_store_queue_trouble(mirror->queue, &trouble))
		fprintf(out, "no copy is kept over a restart: %s\n", trouble.text);
}
