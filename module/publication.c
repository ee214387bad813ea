#include "publication.h"
#include "packed_rrset.h"
#include "ttl.h"

void
lr_publication_host_ready(struct lr_publication *publication)
{
	publication->host_ready = true;
}

void
lr_publication_pack(struct lr_publication *publication, const struct lr_zone *zone)
{
	publication->packed = lr_ttl_edition();
	lr_packed_fill(zone);
}

/* The names of the zone first: what they are asked for is older than what is asked beside it for no
 * longer than a moment, and not for as long as a whole cache takes. */
static void
sweep(struct lr_publication *publication, const struct lr_zone *zone)
{
	if (publication->host_ready)
		lr_cached_look(publication->env, zone);
	lr_cached_sweep(publication->env, publication->host_ready, zone);
}

/* What can fail comes first. */
static enum lr_code
replace(struct lr_publication *publication, const struct lr_zone *zone, int64_t horizon)
{
	enum lr_code code = lr_upstream_offer(publication->upstream, zone);
	if (code != LR_OK)
		return code;
	publication->ttls = publication->packed;
	lr_snapshot_publish(publication->snapshot, lr_zone_ref(zone), horizon);
	return LR_OK;
}

enum lr_code
lr_publication_set(struct lr_publication *publication, const struct lr_zone *zone, int64_t horizon)
{
	enum lr_code code = replace(publication, zone, horizon);
	if (code == LR_OK)
		sweep(publication, zone);
	return code;
}

void
lr_publication_prolong(struct lr_publication *publication, int64_t now, int64_t horizon)
{
	bool served = lr_publication_fresh(publication, now);
	lr_snapshot_set_horizon(publication->snapshot, horizon);
	if (!served)
		sweep(publication, lr_publication_zone(publication));
}

void
lr_publication_set_horizon(struct lr_publication *publication, int64_t horizon)
{
	lr_snapshot_set_horizon(publication->snapshot, horizon);
}

void
lr_publication_drop(struct lr_publication *publication)
{
	lr_snapshot_publish(publication->snapshot, NULL, 0);
}

/* The iterator is to go by them, too. Without memory this is tried at the next look. */
void
lr_publication_follow_limits(struct lr_publication *publication, int64_t horizon)
{
	if (publication->ttls == lr_ttl_edition())
		return;
	const struct lr_zone *copy = lr_zone_copy(lr_publication_zone(publication));
	if (!copy)
		return;
	lr_publication_pack(publication, copy);
	(void)replace(publication, copy, horizon);
	lr_zone_unref(copy);
}

/* Before workers run, Unbound still chooses what its hashes start from. Then the caches can get
 * what is older from unbound-control's load_cache, and from queries that were on their way. */
void
lr_publication_look_at_caches(struct lr_publication *publication)
{
	const struct lr_zone *zone = lr_publication_zone(publication);
	if (publication->host_ready &&
	    !lr_cached_sweep_on(publication->env, zone, &publication->swept))
		lr_cached_look(publication->env, zone);
}

const struct lr_zone *
lr_publication_zone(const struct lr_publication *publication)
{
	return lr_snapshot_peek(publication->snapshot);
}

bool
lr_publication_fresh(const struct lr_publication *publication, int64_t now)
{
	return lr_snapshot_fresh(publication->snapshot, now);
}
