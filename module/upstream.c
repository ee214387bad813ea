#include "upstream.h"
#include "upstream_zone.h"

#include <pthread.h>
#include <stdatomic.h>

static uint8_t root_name[] = {0};

struct lr_upstream {
	struct auth_zones *zones;
	const struct lr_snapshot *snapshot;
	pthread_mutex_t lock;             /* of what follows */
	const struct lr_zone *offered;    /* last, a reference of our own; or NULL */
	struct lr_upstream_zone ready;    /* written from it and in no auth zone; or empty */
	struct lr_upstream_zone standing; /* in ours; Unbound may have deleted that since */
	struct lr_upstream_zone gone;     /* what fast_reload has taken away; or empty */
	_Atomic(struct auth_zone *) zone; /* the one we put there; it may be gone by now */
	_Atomic bool on;                  /* the iterator is to use it */
	_Atomic size_t bytes;             /* all together */
};

struct lr_upstream *
lr_upstream_new(struct auth_zones *zones, const struct lr_snapshot *snapshot)
{
	struct lr_upstream *upstream = calloc(1, sizeof(*upstream));
	if (!upstream)
		return NULL;
	pthread_mutex_init(&upstream->lock, NULL);
	lr_upstream_zone_init(&upstream->ready);
	lr_upstream_zone_init(&upstream->standing);
	lr_upstream_zone_init(&upstream->gone);
	upstream->zones = zones;
	upstream->snapshot = snapshot;
	return upstream;
}

/* Under the lock of the tree: the auth zone at ".", and whether it is the one that we put there. */
static struct auth_zone *
find_root(struct lr_upstream *upstream, bool *ours)
{
	struct auth_zone *zone =
	    auth_zone_find(upstream->zones, root_name, sizeof(root_name), LDNS_RR_CLASS_IN);
	/* The address may have been given to a zone of
	 * the user's, but that has a file or primaries. */
	*ours = zone && zone == atomic_load(&upstream->zone) && !zone->zonefile &&
		!zone->zone_is_slave && !zone->for_downstream;
	return zone;
}

static void
count_bytes(struct lr_upstream *upstream)
{
	const struct lr_zone *old = upstream->gone.zone;
	atomic_store(&upstream->bytes,
	    upstream->ready.bytes + upstream->standing.bytes + upstream->gone.bytes +
		(old && old != upstream->offered ? lr_zone_facts(old)->bytes : 0));
}

/* Puts the contents into the auth zone, which is
 * locked; *contents has those from before afterwards. */
static void
exchange(struct lr_upstream *upstream, struct auth_zone *zone, struct lr_upstream_zone *contents)
{
	struct lr_upstream_zone before = upstream->standing;
	upstream->standing = *contents;
	zone->data = contents->tree;
	*contents = before;
}

/* False: no auth zone of ours stands. */
static bool
exchange_standing(struct lr_upstream *upstream, struct lr_upstream_zone *contents)
{
	bool ours;
	lock_rw_rdlock(&upstream->zones->lock);
	struct auth_zone *zone = find_root(upstream, &ours);
	if (ours) {
		lock_rw_wrlock(&zone->lock);
		exchange(upstream, zone, contents);
		lock_rw_unlock(&zone->lock);
	}
	lock_rw_unlock(&upstream->zones->lock);
	return ours;
}

enum lr_code
lr_upstream_offer(struct lr_upstream *upstream, const struct lr_zone *zone)
{
	struct lr_upstream_zone written, stock;
	if (!lr_upstream_zone_write(&written, zone))
		return LR_ENOMEM;
	pthread_mutex_lock(&upstream->lock);
	const struct lr_zone *before = upstream->offered;
	upstream->offered = lr_zone_ref(zone);
	stock = upstream->ready;
	lr_upstream_zone_init(&upstream->ready);
	if (!exchange_standing(upstream, &written)) {
		upstream->ready = written;
		lr_upstream_zone_init(&written);
	}
	count_bytes(upstream);
	pthread_mutex_unlock(&upstream->lock);
	lr_upstream_zone_clear(&written);
	lr_upstream_zone_clear(&stock);
	lr_zone_unref(before);
	return LR_OK;
}

/* What is to be written, with a reference; NULL: nothing. */
static const struct lr_zone *
missing(struct lr_upstream *upstream)
{
	const struct lr_zone *zone = NULL;
	pthread_mutex_lock(&upstream->lock);
	if (upstream->offered && lr_upstream_zone_is_empty(&upstream->ready))
		zone = lr_zone_ref(upstream->offered);
	pthread_mutex_unlock(&upstream->lock);
	return zone;
}

static enum lr_code
write_again(struct lr_upstream *upstream)
{
	struct lr_upstream_zone written;
	const struct lr_zone *zone = missing(upstream);
	if (!zone)
		return LR_OK;
	enum lr_code code = lr_upstream_zone_write(&written, zone) ? LR_OK : LR_ENOMEM;
	pthread_mutex_lock(&upstream->lock);
	/* Somebody else may have been faster, or a newer one may have been offered. */
	if (lr_upstream_zone_is_empty(&upstream->ready) && upstream->offered == zone) {
		upstream->ready = written;
		lr_upstream_zone_init(&written);
		count_bytes(upstream);
	}
	pthread_mutex_unlock(&upstream->lock);
	lr_upstream_zone_clear(&written);
	lr_zone_unref(zone);
	return code;
}

/* fast_reload has taken the auth zone before away. It may still be deleting the names, and where
 * it waits for nobody (+p) workers may still read all of it: that stays until the next one. *OVER
 * is what to let go, without a lock. */
static void
part_with(struct lr_upstream *upstream, struct lr_upstream_zone *over)
{
	*over = upstream->gone; /* what an earlier one took: it has ended, or this had not begun */
	upstream->gone = upstream->standing;
	upstream->gone.bytes =
	    upstream->gone.size; /* without the keys, which are Unbound's by now */
	lr_upstream_zone_init(&upstream->standing);
}

/* Makes an auth zone of what is ready; comes back locked. *OVER as above. NULL: out of memory. */
static struct auth_zone *
create(struct lr_upstream *upstream, struct lr_upstream_zone *over)
{
	struct auth_zone *zone =
	    auth_zone_create(upstream->zones, root_name, sizeof(root_name), LDNS_RR_CLASS_IN);
	if (!zone)
		return NULL;
	zone->for_downstream = 0;
	/* With fallback, retries would go to the real root servers. */
	zone->fallback_enabled = 0;
	part_with(upstream, over);
	exchange(upstream, zone, &upstream->ready);
	count_bytes(upstream);
	atomic_store(&upstream->zone, zone);
	return zone;
}

/* LR_ESTALE: nothing is ready. */
static enum lr_code
turn_on(struct lr_upstream *upstream, struct lr_upstream_zone *over)
{
	enum lr_code code = LR_OK;
	bool ours;
	lock_rw_wrlock(&upstream->zones->lock);
	struct auth_zone *zone = find_root(upstream, &ours);
	if (zone && !ours) {
		code = LR_EUNSUPPORTED;
	} else if (!zone && lr_upstream_zone_is_empty(&upstream->ready)) {
		code = LR_ESTALE;
	} else {
		if (zone)
			lock_rw_wrlock(&zone->lock);
		else
			zone = create(upstream, over);
		if (zone) {
			zone->for_upstream = 1;
			lock_rw_unlock(&zone->lock);
			atomic_store(&upstream->on, true);
		} else {
			code = LR_ENOMEM;
		}
	}
	lock_rw_unlock(&upstream->zones->lock);
	return code;
}

static void
turn_off(struct lr_upstream *upstream)
{
	bool ours;
	lock_rw_rdlock(&upstream->zones->lock);
	struct auth_zone *zone = find_root(upstream, &ours);
	if (ours) {
		lock_rw_wrlock(&zone->lock);
		zone->for_upstream = 0;
		lock_rw_unlock(&zone->lock);
	}
	lock_rw_unlock(&upstream->zones->lock);
	atomic_store(&upstream->on, false);
}

static bool
is_wanted(const struct lr_upstream *upstream, int64_t now, bool overridden)
{
	return !overridden && lr_snapshot_fresh(upstream->snapshot, now);
}

static bool
is_settled(struct lr_upstream *upstream, bool wanted)
{
	bool ours;
	if (!wanted || !atomic_load(&upstream->on))
		return wanted == atomic_load(&upstream->on);
	lock_rw_rdlock(&upstream->zones->lock);
	(void)find_root(upstream, &ours);
	lock_rw_unlock(&upstream->zones->lock);
	return ours;
}

static enum lr_code
settle(struct lr_upstream *upstream, int64_t now, bool overridden)
{
	enum lr_code code = LR_OK;
	struct lr_upstream_zone twice, over;
	lr_upstream_zone_init(&twice);
	lr_upstream_zone_init(&over);
	pthread_mutex_lock(&upstream->lock);
	/* Asked again: it may have been published meanwhile. */
	if (!is_wanted(upstream, now, overridden)) {
		turn_off(upstream);
	} else {
		code = turn_on(upstream, &over);
		if (code == LR_OK) { /* another thread may have written it as well */
			twice = upstream->ready;
			lr_upstream_zone_init(&upstream->ready);
			count_bytes(upstream);
		}
	}
	pthread_mutex_unlock(&upstream->lock);
	lr_upstream_zone_clear(&twice);
	lr_upstream_zone_let_go(&over);
	return code;
}

enum lr_code
lr_upstream_follow(struct lr_upstream *upstream, int64_t now, bool overridden)
{
	if (is_settled(upstream, is_wanted(upstream, now, overridden)))
		return LR_OK;
	enum lr_code code = settle(upstream, now, overridden);
	/* fast_reload has taken it away: rather a millisecond of this thread than a question to the
	 * root. */
	if (code == LR_ESTALE) {
		code = write_again(upstream);
		if (code == LR_OK)
			code = settle(upstream, now, overridden);
	}
	return code == LR_ESTALE ? LR_OK : code;
}

size_t
lr_upstream_bytes(struct lr_upstream *upstream)
{
	return atomic_load(&upstream->bytes);
}

void
lr_upstream_free(struct lr_upstream *upstream)
{
	if (!upstream)
		return;
	bool ours;
	lock_rw_wrlock(&upstream->zones->lock);
	struct auth_zone *zone = find_root(upstream, &ours);
	if (ours)
		(void)rbtree_delete(&upstream->zones->ztree, &zone->node);
	lock_rw_unlock(&upstream->zones->lock);
	if (ours) { /* auth_zone_delete() is not ours to call */
		lock_rw_destroy(&zone->lock);
		free(zone->name);
		free(zone);
		lr_upstream_zone_clear(&upstream->standing);
	}
	lr_upstream_zone_let_go(&upstream->standing);
	lr_upstream_zone_let_go(&upstream->gone);
	lr_upstream_zone_clear(&upstream->ready);
	lr_zone_unref(upstream->offered);
	pthread_mutex_destroy(&upstream->lock);
	free(upstream);
}
