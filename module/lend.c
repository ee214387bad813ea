#include "lend.h"
#include "lent.h"
#include "ttl.h"

#include <pthread.h>
#include <stdatomic.h>

/* fast_reload deletes what is lent at any time. */
#define CAN_VANISH (LR_UNBOUND_NUMBER >= 123)

static uint8_t root_name[] = {0};

struct lr_lend {
	struct auth_zones *zones;
	const struct lr_snapshot *snapshot;
	pthread_mutex_t lock;             /* of what follows */
	const struct lr_zone *offered;    /* last, a reference of our own; or NULL */
	struct lr_lent ready;             /* written from it and in no auth zone; or empty */
	unsigned edition;                 /* of the limits on TTLs that it was written with */
	_Atomic(struct auth_zone *) zone; /* the one we put there; it may be gone by now */
	_Atomic bool on;                  /* the iterator is to use it */
	size_t standing;                  /* octets of its contents */
	_Atomic size_t octets;            /* all together */
};

struct lr_lend *
lr_lend_new(struct auth_zones *zones, const struct lr_snapshot *snapshot)
{
	struct lr_lend *lend = calloc(1, sizeof(*lend));
	if (!lend)
		return NULL;
	pthread_mutex_init(&lend->lock, NULL);
	lr_lent_init(&lend->ready);
	lend->zones = zones;
	lend->snapshot = snapshot;
	return lend;
}

/* Under the lock of the tree: the auth zone at ".", and whether it is the one that we put there. */
static struct auth_zone *
find_root(struct lr_lend *lend, bool *ours)
{
	struct auth_zone *zone =
	    auth_zone_find(lend->zones, root_name, sizeof(root_name), LDNS_RR_CLASS_IN);
	/* The address may have been given to a zone of the user's, but that has a file or
	 * primaries. */
	*ours = zone && zone == atomic_load(&lend->zone) && !zone->zonefile &&
		!zone->zone_is_slave && !zone->for_downstream;
	return zone;
}

static void
count_octets(struct lr_lend *lend)
{
	atomic_store(&lend->octets, lend->standing + lend->ready.octets);
}

/* Puts the contents into the auth zone, which is locked; *lent has those from before afterwards. */
static void
exchange(struct lr_lend *lend, struct auth_zone *zone, struct lr_lent *lent)
{
	rbtree_type before = zone->data;
	size_t octets = lend->standing;
	zone->data = lent->tree;
	lend->standing = lent->octets;
	lent->tree = before;
	lent->octets = octets;
}

/* False: no auth zone of ours stands. */
static bool
exchange_standing(struct lr_lend *lend, struct lr_lent *lent)
{
	bool ours;
	lock_rw_rdlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (ours) {
		lock_rw_wrlock(&zone->lock);
		exchange(lend, zone, lent);
		lock_rw_unlock(&zone->lock);
	}
	lock_rw_unlock(&lend->zones->lock);
	return ours;
}

enum lr_code
lr_lend_offer(struct lr_lend *lend, const struct lr_zone *zone)
{
	struct lr_lent written, stock;
	unsigned edition = lr_ttl_edition();
	if (!lr_lent_write(&written, zone))
		return LR_ENOMEM;
	pthread_mutex_lock(&lend->lock);
	const struct lr_zone *before = lend->offered;
	lend->offered = lr_zone_ref(zone);
	lend->edition = edition;
	stock = lend->ready;
	lr_lent_init(&lend->ready);
	if (!exchange_standing(lend, &written)) {
		lend->ready = written;
		lr_lent_init(&written);
	}
	count_octets(lend);
	pthread_mutex_unlock(&lend->lock);
	lr_lent_clear(&written);
	lr_lent_clear(&stock);
	lr_zone_unref(before);
	return LR_OK;
}

/* What is to be written, with a reference; NULL: nothing. */
static const struct lr_zone *
missing(struct lr_lend *lend, bool can_vanish)
{
	const struct lr_zone *zone = NULL;
	pthread_mutex_lock(&lend->lock);
	if (lend->offered && lr_lent_is_empty(&lend->ready) &&
	    (can_vanish || !atomic_load(&lend->zone)))
		zone = lr_zone_ref(lend->offered);
	pthread_mutex_unlock(&lend->lock);
	return zone;
}

static enum lr_code
stock(struct lr_lend *lend, bool can_vanish)
{
	struct lr_lent written;
	const struct lr_zone *zone = missing(lend, can_vanish);
	if (!zone)
		return LR_OK;
	enum lr_code code = lr_lent_write(&written, zone) ? LR_OK : LR_ENOMEM;
	pthread_mutex_lock(&lend->lock);
	/* Somebody else may have been faster, or a newer one may have been offered. */
	if (lr_lent_is_empty(&lend->ready) && lend->offered == zone) {
		lend->ready = written;
		lr_lent_init(&written);
		count_octets(lend);
	}
	pthread_mutex_unlock(&lend->lock);
	lr_lent_clear(&written);
	lr_zone_unref(zone);
	return code;
}

/* What was offered if it was written with other limits on TTLs than there are now; or NULL. */
static const struct lr_zone *
outdated(struct lr_lend *lend)
{
	const struct lr_zone *zone = NULL;
	pthread_mutex_lock(&lend->lock);
	if (lend->offered && lend->edition != lr_ttl_edition())
		zone = lr_zone_ref(lend->offered);
	pthread_mutex_unlock(&lend->lock);
	return zone;
}

enum lr_code
lr_lend_stock(struct lr_lend *lend)
{
	const struct lr_zone *zone = outdated(lend);
	if (zone) {
		enum lr_code code = lr_lend_offer(lend, zone);
		lr_zone_unref(zone);
		if (code != LR_OK)
			return code;
	}
	return stock(lend, CAN_VANISH);
}

/* Makes an auth zone of what is ready; comes back locked. NULL: out of memory. */
static struct auth_zone *
create(struct lr_lend *lend)
{
	struct auth_zone *zone =
	    auth_zone_create(lend->zones, root_name, sizeof(root_name), LDNS_RR_CLASS_IN);
	if (!zone)
		return NULL;
	zone->for_downstream = 0;
	/* With fallback, retries would go to the real root servers. */
	zone->fallback_enabled = 0;
	lend->standing = 0; /* fast_reload has taken the one before away */
	exchange(lend, zone, &lend->ready);
	count_octets(lend);
	atomic_store(&lend->zone, zone);
	return zone;
}

/* LR_ESTALE: nothing is ready. */
static enum lr_code
turn_on(struct lr_lend *lend)
{
	enum lr_code code = LR_OK;
	bool ours;
	lock_rw_wrlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (zone && !ours) {
		code = LR_EUNSUPPORTED;
	} else if (!zone && lr_lent_is_empty(&lend->ready)) {
		code = LR_ESTALE;
	} else {
		if (zone)
			lock_rw_wrlock(&zone->lock);
		else
			zone = create(lend);
		if (zone) {
			zone->for_upstream = 1;
			lock_rw_unlock(&zone->lock);
			atomic_store(&lend->on, true);
		} else {
			code = LR_ENOMEM;
		}
	}
	lock_rw_unlock(&lend->zones->lock);
	return code;
}

static void
turn_off(struct lr_lend *lend)
{
	bool ours;
	lock_rw_rdlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (ours) {
		lock_rw_wrlock(&zone->lock);
		zone->for_upstream = 0;
		lock_rw_unlock(&zone->lock);
	}
	lock_rw_unlock(&lend->zones->lock);
	atomic_store(&lend->on, false);
}

static bool
is_wanted(const struct lr_lend *lend, int64_t now, bool taken)
{
	return !taken && lr_snapshot_fresh(lend->snapshot, now);
}

static bool
is_settled(struct lr_lend *lend, bool wanted)
{
	bool ours;
	if (!wanted || !atomic_load(&lend->on))
		return wanted == atomic_load(&lend->on);
	lock_rw_rdlock(&lend->zones->lock);
	(void)find_root(lend, &ours);
	lock_rw_unlock(&lend->zones->lock);
	return ours;
}

static enum lr_code
settle(struct lr_lend *lend, int64_t now, bool taken)
{
	enum lr_code code = LR_OK;
	pthread_mutex_lock(&lend->lock);
	/* Asked again: it may have been published meanwhile. */
	if (is_wanted(lend, now, taken))
		code = turn_on(lend);
	else
		turn_off(lend);
	pthread_mutex_unlock(&lend->lock);
	return code;
}

enum lr_code
lr_lend_follow(struct lr_lend *lend, int64_t now, bool taken)
{
	if (is_settled(lend, is_wanted(lend, now, taken)))
		return LR_OK;
	enum lr_code code = settle(lend, now, taken);
	/* Gone twice within a second, before the refresher has written the next: rather a few
	 * milliseconds of this thread than a question to the root. */
	if (code == LR_ESTALE) {
		code = stock(lend, true);
		if (code == LR_OK)
			code = settle(lend, now, taken);
	}
	return code == LR_ESTALE ? LR_OK : code;
}

size_t
lr_lend_octets(struct lr_lend *lend)
{
	return atomic_load(&lend->octets);
}

void
lr_lend_free(struct lr_lend *lend)
{
	if (!lend)
		return;
	struct lr_lent taken;
	bool ours;
	lr_lent_init(&taken);
	lock_rw_wrlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (ours)
		(void)rbtree_delete(&lend->zones->ztree, &zone->node);
	lock_rw_unlock(&lend->zones->lock);
	if (ours) { /* auth_zone_delete() is not ours to call */
		lock_rw_destroy(&zone->lock);
		exchange(lend, zone, &taken);
		free(zone->name);
		free(zone);
	}
	lr_lent_clear(&taken);
	lr_lent_clear(&lend->ready);
	lr_zone_unref(lend->offered);
	pthread_mutex_destroy(&lend->lock);
	free(lend);
}
