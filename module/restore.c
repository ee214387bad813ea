#include "restore.h"
#include "clock.h"
#include "draft_from_zone.h"
#include "handover.h"

#include <inttypes.h>

/* Where it was kept. */
struct place {
	const char *name, *done;      /* for people */
	struct lr_store_queue *queue; /* or NULL */
};

static bool
is_anothers(const struct lr_anchors *anchors, const struct lr_state *state)
{
	return anchors && state->key_length &&
	       lr_anchors_match(anchors, state->key, state->key_length) == LR_EANCHOR;
}

/* What the state file says of the highest serial counts, whatever becomes of the zone beside it. */
static void
take_state(const struct lr_restore *r, struct lr_loaded *loaded)
{
	if (loaded->has_state && is_anothers(r->anchors, &loaded->state)) {
		log_warn(
		    "localroot: the state on disk is of another trust anchor: its serial %" PRIu32
		    " does not count",
		    loaded->state.serial);
		loaded->has_state = false;
	}
	if (loaded->has_state)
		lr_mirror_set_floor(r->mirror, &loaded->state);
	else
		loaded->state = (struct lr_state){.serial = 0};
}

/* It is served for what is left of its time, if that is known. */
static void
say_restored(struct lr_mirror *mirror, const struct place *place, const struct lr_state *state)
{
	struct lr_held_facts copy;
	int64_t now = lr_clock_wall();
	lr_mirror_facts(mirror, &copy);
	if (state->confirmed == 0)
		log_info(
		    "localroot: %s: not known when it was confirmed: not served yet", place->name);
	else
		log_info("localroot: %s, confirmed %" PRId64 " s ago at %s%s", place->done,
		    now - state->confirmed, state->source,
		    copy.reason == LR_NO_REASON ? "" : ": stale, not served");
}

/* Consumes the draft. */
static void
take_zone(const struct lr_restore *r, struct lr_loaded *loaded, const struct place *place)
{
	struct lr_state *state = &loaded->state;
	struct lr_error err = loaded->error;
	enum lr_code code = loaded->code;
	if (code == LR_OK && !loaded->draft) {
		log_info("localroot: no copy at %s yet", place->name);
		return;
	}
	if (!loaded->has_state)
		snprintf(state->source, sizeof(state->source), "%s", place->name);
	if (code == LR_OK)
		code = lr_mirror_restore(r->mirror, loaded->draft, place->name, state, &err);
	if ((code == LR_OK || code == LR_EUPDATE) && place->queue)
		lr_store_queue_holds(place->queue);
	if (code != LR_OK) {
		lr_stats_failure(r->stats, code);
		if (code != LR_EUPDATE) /* the log was told */
			log_warn("localroot: %s: %s", place->name, err.text);
		return;
	}
	say_restored(r->mirror, place, state);
}

/* Consumes the draft. */
static void
take(const struct lr_restore *r, struct lr_loaded *loaded, const struct place *place)
{
	take_state(r, loaded);
	if (r->anchors)
		take_zone(r, loaded, place);
	else /* the log was told that there are none */
		lr_draft_free(loaded->draft);
}

static void
take_from_disk(const struct lr_restore *r, int patience_ms)
{
	const struct place disk = {lr_store_queue_path(r->queue), "loaded from disk", r->queue};
	struct lr_loaded loaded;
	if (!lr_store_queue_loaded(r->queue, patience_ms, &loaded))
		return;
	if (lr_mirror_has_floor(r->mirror)) /* one that is no older is held already, or was */
		lr_draft_free(loaded.draft);
	else
		take(r, &loaded, &disk);
}

/* Whatever the disk has is not newer. */
static void
take_handed_over(const struct lr_restore *r)
{
	static const struct place memory = {
	    "the copy held before the reload", "kept over the reload", NULL};
	struct lr_loaded loaded = {.has_state = true};
	const struct lr_zone *zone;
	if (!lr_handover_take(lr_store_queue_path(r->queue), &zone, &loaded.state))
		return;
	if (!zone) {
		take_state(r, &loaded);
		return;
	}
	loaded.code = lr_draft_from_zone(zone, &loaded.draft, &loaded.error);
	take(r, &loaded, &memory);
	lr_zone_unref(zone);
}

enum lr_code
lr_restore_start(const struct lr_restore *restore, int patience_ms, struct lr_error *err)
{
	take_handed_over(restore);
	enum lr_code code = lr_store_queue_load(restore->queue, err);
	if (code == LR_OK)
		take_from_disk(restore, lr_mirror_has_floor(restore->mirror) ? 0 : patience_ms);
	return code;
}

void
lr_restore_go_on(const struct lr_restore *restore)
{
	take_from_disk(restore, 0);
}

void
lr_restore_leave(struct lr_mirror *mirror, struct lr_store_queue *queue)
{
	struct lr_held_facts copy;
	lr_mirror_facts(mirror, &copy);
	/* Without a copy there may still be a serial. */
	if (copy.held || lr_mirror_has_floor(mirror))
		lr_handover_leave(lr_mirror_zone(mirror), &copy.state,
		    lr_store_queue_lags(queue) ? NULL : lr_store_queue_path(queue));
}
