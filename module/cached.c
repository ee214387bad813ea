#include "cached.h"

#include <sched.h>

/* So many names are looked for, or bins read, before the guard (enter()) is left for a moment. */
#define STEP 64

/* So many steps are a piece: more bins than a cache of the default size gets, and some milliseconds
 * of reading when it is full. */
#define PIECE 640

/* Of most keys this reads no more than the type and the length of the name. */
static bool
is_roots(const struct packed_rrset_key *key)
{
	bool delegation =
	    key->type == htons(LDNS_RR_TYPE_DS) ||
	    (key->type == htons(LDNS_RR_TYPE_NSEC) && !(key->flags & PACKED_RRSET_NSEC_AT_APEX));
	if (key->rrset_class != htons(LDNS_RR_CLASS_IN))
		return false;
	return key->dname_len == 1 || (delegation && key->dname_len == 2 + (size_t)key->dname[0]);
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

/* A reload writes the value that env->alloc has already, which the thread sanitizer takes for a
 * race. */
__attribute__((no_sanitize("thread"))) static struct daemon *
daemon_of(const struct module_env *env)
{
	char *alloc = (char *)__atomic_load_n(&env->alloc, __ATOMIC_RELAXED);
	return (struct daemon *)(void *)(alloc - offsetof(struct daemon, superalloc));
}

bool
lr_cached_fits(const struct module_env *env)
{
	const struct daemon *daemon = daemon_of(env);
	return daemon->env == env && daemon->cfg == env->cfg && daemon->local_zones;
}

/*
 * A reload may delete the caches while threads of ours still run: those end later, with the module.
 * Before that, daemon_cleanup() takes local_zones away, then the lock of the auth zones for
 * writing, then the workers away; the local zones come back before the module ends, the workers
 * after that. Who holds the lock and finds both in place has the caches until it lets go, even if
 * the pointers are changing at that moment, of which the thread sanitizer need not know. When the
 * module starts there are no workers yet.
 */
__attribute__((no_sanitize("thread"))) static bool
host_runs(const struct module_env *env, bool workers)
{
	const struct daemon *daemon = daemon_of(env);
	return __atomic_load_n(&daemon->local_zones, __ATOMIC_ACQUIRE) &&
	       (!workers || __atomic_load_n(&daemon->workers, __ATOMIC_ACQUIRE));
}

static bool
enter(struct module_env *env, bool workers)
{
	lock_rw_rdlock(&env->auth_zones->lock);
	if (host_runs(env, workers))
		return true;
	lock_rw_unlock(&env->auth_zones->lock);
	return false;
}

static void
leave(struct module_env *env)
{
	lock_rw_unlock(&env->auth_zones->lock);
}

/*
 * Nothing waits for a lock of the cache while the guard (the lock that enter() takes) is held: a
 * worker may hold that one while it waits for one that fast_reload holds while it waits for the
 * guard (an entry's lock, the response IPs', the auth zones'). What is busy is tried again later.
 * All of the host's functions wait, lruhash_remove() too: hence take_out().
 *
 * Under the table's lock alone a bin can be read, but not changed.
 */

/* As lruhash_remove() does it, but frees nothing. Table and bin are locked, and the entry for
 * writing. */
static void
take_out(struct lruhash *table, struct lruhash_bin *bin, struct lruhash_entry *entry)
{
	bin_overflow_remove(bin, entry);
	lru_remove(table, entry);
	table->num--;
	table->space_used -= (*table->sizefunc)(entry->key, entry->data);
	if (table->markdelfunc)
		(*table->markdelfunc)(entry->key);
}

static const struct packed_rrset_key *
key_of(const struct lruhash_entry *entry)
{
	return &((const struct ub_packed_rrset_key *)entry->key)->rk;
}

/* Takes what is older out of the bin, which is locked, into *out. False: something was busy. */
static bool
filter_bin(struct lruhash *table, struct lruhash_bin *bin, const struct lr_zone *zone,
    struct lruhash_entry **out)
{
	bool all = true;
	for (struct lruhash_entry *entry = bin->overflow_list, *next; entry; entry = next) {
		next = entry->overflow_next;
		if (!is_roots(key_of(entry)))
			continue;
		if (!LR_RW_TRYWRLOCK(&entry->lock)) {
			all = false;
			continue;
		}
		if (is_older(key_of(entry), entry->data, zone)) {
			take_out(table, bin, entry);
			entry->overflow_next = *out;
			*out = entry;
		}
		lock_rw_unlock(&entry->lock);
	}
	return all;
}

/* The same where the table alone is locked. */
static bool
clean_bin(struct lruhash *table, struct lruhash_bin *bin, const struct lr_zone *zone,
    struct lruhash_entry **out)
{
	const struct lruhash_entry *entry = bin->overflow_list;
	while (entry && !is_roots(key_of(entry)))
		entry = entry->overflow_next;
	if (!entry)
		return true;
	if (!LR_QUICK_TRYLOCK(&bin->lock))
		return false;
	bool all = filter_bin(table, bin, zone, out);
	lock_quick_unlock(&bin->lock);
	return all;
}

static void
free_entries(struct lruhash *table, struct lruhash_entry *entry)
{
	for (struct lruhash_entry *next; entry; entry = next) {
		void *data = entry->data;
		next = entry->overflow_next;
		(*table->delkeyfunc)(entry->key, table->cb_arg);
		(*table->deldatafunc)(data, table->cb_arg);
	}
}

/* Reads the bins of one table on, COUNT of them at the most. False: something was busy. */
static bool
read_bins(
    struct lruhash *table, struct lr_cached_place *place, size_t *count, const struct lr_zone *zone)
{
	struct lruhash_entry *out = NULL;
	bool all = true;
	if (!LR_QUICK_TRYLOCK(&table->lock))
		return false;
	for (; *count && place->bin < table->size; --*count, place->bin++) {
		all = clean_bin(table, &table->array[place->bin], zone, &out);
		if (!all)
			break;
	}
	if (place->bin >= table->size) {
		place->table++;
		place->bin = 0;
	}
	lock_quick_unlock(&table->lock);
	free_entries(table, out);
	return all;
}

/* Reads up to STEP bins on. False: that was all, or Unbound reloads. */
static bool
sweep_step(
    struct module_env *env, bool workers, const struct lr_zone *zone, struct lr_cached_place *place)
{
	size_t count = STEP;
	bool all = true;
	if (!enter(env, workers))
		return false;
	struct slabhash *cache = &env->rrset_cache->table;
	while (all && count && place->table < cache->size)
		all = read_bins(cache->array[place->table], place, &count, zone);
	bool done = place->table >= cache->size;
	leave(env);
	if (!all)
		sched_yield();
	return !done;
}

void
lr_cached_sweep(struct module_env *env, bool workers, const struct lr_zone *zone)
{
	struct lr_cached_place place = {0, 0};
	while (sweep_step(env, workers, zone, &place))
		;
}

bool
lr_cached_sweep_on(
    struct module_env *env, const struct lr_zone *zone, struct lr_cached_place *place)
{
	bool whole = place->table == 0 && place->bin == 0;
	for (size_t steps = 0; steps < PIECE; steps++)
		if (!sweep_step(env, true, zone, place)) {
			*place = (struct lr_cached_place){0, 0};
			return whole;
		}
	return false;
}

/* False: something was busy. */
static bool
look_for(struct module_env *env, const struct lr_zone *zone, const struct lr_rrset *rrset,
    uint32_t flags)
{
	struct packed_rrset_key key = {
	    .flags = flags, .type = htons(rrset->type), .rrset_class = htons(LDNS_RR_CLASS_IN)};
	key.dname = (uint8_t *)(uintptr_t)lr_rrset_owner(zone, rrset, &key.dname_len);
	hashvalue_type hash = rrset_key_hash(&key);
	struct lruhash *table = slabhash_gettable(&env->rrset_cache->table, hash);
	struct lruhash_entry *out = NULL;
	if (!LR_QUICK_TRYLOCK(&table->lock))
		return false;
	bool all = clean_bin(table, &table->array[hash & (size_t)table->size_mask], zone, &out);
	lock_quick_unlock(&table->lock);
	free_entries(table, out);
	return all;
}

static bool
look_for_all(struct module_env *env, const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	if (!look_for(env, zone, rrset, 0))
		return false;
	if (rrset->type == LDNS_RR_TYPE_SOA)
		return look_for(env, zone, rrset, PACKED_RRSET_SOA_NEG);
	if (rrset->type == LDNS_RR_TYPE_NSEC && rrset->node == 0)
		return look_for(env, zone, rrset, PACKED_RRSET_NSEC_AT_APEX);
	return true;
}

void
lr_cached_look(struct module_env *env, const struct lr_zone *zone)
{
	size_t count = lr_zone_rrset_count(zone), i = 0;
	while (i < count && enter(env, true)) {
		bool all = true;
		for (size_t looks = 0; all && i < count && looks < STEP; looks++) {
			const struct lr_rrset *rrset = lr_zone_rrset(zone, i);
			all = !rrset->signatures || look_for_all(env, zone, rrset);
			i += all;
		}
		leave(env);
		if (!all)
			sched_yield();
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
