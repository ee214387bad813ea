#include "cached.h"

#include "sldns/sbuffer.h"

/* Names that are looked for, and bins of a cache that are read, under the guard at a time. */
#define STEP 64

/* The most rrsets that are taken out of a bin at a time: it has one or two entries. */
#define FOUND_MAX 8

/* An rrset of the root's: its owner has a label at most. */
struct found {
	uint8_t owner[2 + LDNS_MAX_LABELLEN];
	size_t length;
	uint16_t type;
	uint32_t flags;
};

static bool
is_roots(const struct packed_rrset_key *key)
{
	const uint8_t *owner = key->dname;
	if (key->rrset_class != htons(LDNS_RR_CLASS_IN))
		return false;
	if (*owner == 0)
		return true;
	if (owner[1 + *owner] != 0)
		return false;
	return key->type == htons(LDNS_RR_TYPE_DS) ||
	       (key->type == htons(LDNS_RR_TYPE_NSEC) && !(key->flags & PACKED_RRSET_NSEC_AT_APEX));
}

/* Whether one of DATA's records FROM to UNTIL is this one, with its length in front. */
static bool
has_record(const struct packed_rrset_data *data, size_t from, size_t until, const uint8_t *record,
    size_t size)
{
	for (size_t i = from; i < until; i++)
		if (data->rr_len[i] == size && memcmp(data->rr_data[i], record, size) == 0)
			return true;
	return false;
}

static bool
is_older(const struct packed_rrset_key *key, const struct packed_rrset_data *data,
    const struct lr_zone *zone)
{
	const struct lr_rrset *rrset =
	    zone ? lr_zone_lookup(zone, key->dname, ntohs(key->type)) : NULL;
	if (!rrset || data->count != rrset->count || data->rrsig_count != rrset->signatures)
		return true;
	const uint8_t *record = lr_rrset_data(zone, rrset);
	size_t total = data->count + data->rrsig_count;
	for (size_t i = 0; i < total; i++) {
		bool signature = i >= data->count;
		size_t size = 2 + (size_t)sldns_read_uint16(record);
		if (!has_record(data, signature ? data->count : 0, signature ? total : data->count,
			record, size))
			return true;
		record += size;
	}
	return false;
}

static struct daemon *
daemon_of(const struct module_env *env)
{
	return (struct daemon *)(void *)((char *)env->alloc - offsetof(struct daemon, superalloc));
}

bool
lr_cached_fits(const struct module_env *env)
{
	const struct daemon *daemon = daemon_of(env);
	return daemon->env == env && daemon->cfg == env->cfg && daemon->local_zones;
}

/*
 * A reload may delete the caches while threads of ours still run: it ends them later, with the
 * module. Before that, daemon_cleanup() takes local_zones away, and then the lock of the auth zones
 * for writing. Who holds that and finds local_zones in place has the caches until it lets go, even
 * if the pointer is changing at that moment, of which the thread sanitizer need not know.
 */
__attribute__((no_sanitize("thread"))) static bool
host_runs(const struct module_env *env)
{
	return ((volatile struct daemon *)daemon_of(env))->local_zones != NULL;
}

static bool
enter(struct module_env *env)
{
	lock_rw_rdlock(&env->auth_zones->lock);
	if (host_runs(env))
		return true;
	lock_rw_unlock(&env->auth_zones->lock);
	return false;
}

static void
leave(struct module_env *env)
{
	lock_rw_unlock(&env->auth_zones->lock);
}

/* The bin where that hash belongs, locked. */
static struct lruhash_bin *
lock_bin(struct lruhash *table, size_t hash)
{
	lock_quick_lock(&table->lock);
	struct lruhash_bin *bin = &table->array[hash & (size_t)table->size_mask];
	lock_quick_lock(&bin->lock);
	lock_quick_unlock(&table->lock);
	return bin;
}

static size_t
find_older(struct lruhash *table, size_t hash, const struct lr_zone *zone, struct found *found)
{
	size_t count = 0;
	struct lruhash_bin *bin = lock_bin(table, hash);
	for (struct lruhash_entry *entry = bin->overflow_list; entry && count < FOUND_MAX;
	     entry = entry->overflow_next) {
		const struct packed_rrset_key *key =
		    &((struct ub_packed_rrset_key *)entry->key)->rk;
		if (!is_roots(key))
			continue;
		lock_rw_rdlock(&entry->lock);
		if (is_older(key, entry->data, zone)) {
			found[count].length = key->dname_len;
			memcpy(found[count].owner, key->dname, key->dname_len);
			found[count].type = ntohs(key->type);
			found[count++].flags = key->flags;
		}
		lock_rw_unlock(&entry->lock);
	}
	lock_quick_unlock(&bin->lock);
	return count;
}

/* Takes what is older out of the bin. */
static void
clean_bin(struct rrset_cache *cache, struct lruhash *table, size_t hash, const struct lr_zone *zone)
{
	struct found found[FOUND_MAX];
	size_t count;
	do {
		count = find_older(table, hash, zone, found);
		for (size_t i = 0; i < count; i++)
			rrset_cache_remove(cache, found[i].owner, found[i].length, found[i].type,
			    LDNS_RR_CLASS_IN, found[i].flags);
	} while (count == FOUND_MAX);
}

/* How far the cache has been read. Bins that it gets meanwhile come after those that it has. */
struct place {
	size_t table, bin;
};

/* The next bin's table; NULL: that was the last. */
static struct lruhash *
next_bin(struct slabhash *cache, struct place *place, size_t *bin)
{
	while (place->table < cache->size) {
		struct lruhash *table = cache->array[place->table];
		lock_quick_lock(&table->lock);
		size_t size = table->size;
		lock_quick_unlock(&table->lock);
		if (place->bin < size) {
			*bin = place->bin++;
			return table;
		}
		place->table++;
		place->bin = 0;
	}
	return NULL;
}

/* Reads on. False: done. */
static bool
sweep_on(struct module_env *env, const struct lr_zone *zone, struct place *place)
{
	struct lruhash *table = NULL;
	if (!enter(env))
		return false;
	struct rrset_cache *cache = env->rrset_cache;
	for (size_t i = 0, bin; i < STEP && (table = next_bin(&cache->table, place, &bin)); i++)
		clean_bin(cache, table, bin, zone);
	leave(env);
	return table != NULL;
}

void
lr_cached_sweep(struct module_env *env, const struct lr_zone *zone)
{
	struct place place = {0, 0};
	while (sweep_on(env, zone, &place))
		;
}

static void
look_for(struct module_env *env, const struct lr_zone *zone, const struct lr_rrset *rrset,
    uint32_t flags)
{
	struct packed_rrset_key key = {
	    .flags = flags, .type = htons(rrset->type), .rrset_class = htons(LDNS_RR_CLASS_IN)};
	key.dname = (uint8_t *)(uintptr_t)lr_rrset_owner(zone, rrset, &key.dname_len);
	hashvalue_type hash = rrset_key_hash(&key);
	clean_bin(env->rrset_cache, slabhash_gettable(&env->rrset_cache->table, hash), hash, zone);
}

void
lr_cached_look(struct module_env *env, const struct lr_zone *zone)
{
	size_t count = lr_zone_rrset_count(zone), i = 0;
	while (i < count && enter(env)) {
		for (size_t looks = 0; i < count && looks < STEP; i++) {
			const struct lr_rrset *rrset = lr_zone_rrset(zone, i);
			if (!rrset->signatures)
				continue;
			look_for(env, zone, rrset, 0);
			if (rrset->type == LDNS_RR_TYPE_SOA)
				look_for(env, zone, rrset, PACKED_RRSET_SOA_NEG);
			if (rrset->type == LDNS_RR_TYPE_NSEC && rrset->node == 0)
				look_for(env, zone, rrset, PACKED_RRSET_NSEC_AT_APEX);
			looks++;
		}
		leave(env);
	}
}

bool
lr_cached_concerns(const struct reply_info *rep)
{
	for (size_t i = 0; i < rep->rrset_count; i++)
		if (is_roots(&rep->rrsets[i]->rk))
			return true;
	return false;
}

bool
lr_cached_older(const struct reply_info *rep, const struct lr_zone *zone)
{
	for (size_t i = 0; i < rep->rrset_count; i++)
		if (is_roots(&rep->rrsets[i]->rk) &&
		    is_older(&rep->rrsets[i]->rk, rep->rrsets[i]->entry.data, zone))
			return true;
	return false;
}

void
lr_cached_forget(struct module_env *env, const struct reply_info *rep)
{
	for (size_t i = 0; i < rep->rrset_count; i++) {
		const struct packed_rrset_key *key = &rep->rrsets[i]->rk;
		if (is_roots(key))
			rrset_cache_remove(env->rrset_cache, key->dname, key->dname_len,
			    ntohs(key->type), LDNS_RR_CLASS_IN, key->flags);
	}
}
