#include "lend.h"
#include "packed.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

static uint8_t root_name[] = {0};

struct lr_lend {
	struct auth_zones *zones;
	pthread_mutex_t lock; /* of changing anything below; taken before Unbound's own */
	_Atomic(struct auth_zone *) zone; /* the one we put there; it may be gone by now */
	_Atomic bool on;                  /* the iterator is to use it */
	_Atomic size_t octets;
};

struct lr_lend *
lr_lend_new(struct auth_zones *zones)
{
	struct lr_lend *lend = calloc(1, sizeof(*lend));
	if (!lend)
		return NULL;
	pthread_mutex_init(&lend->lock, NULL);
	lend->zones = zones;
	return lend;
}

/* What auth_zone_delete() does with the contents, which has no function of its own. */
static void
data_free(struct auth_data *data)
{
	struct auth_rrset *rrset = data->rrsets;
	while (rrset) {
		struct auth_rrset *next = rrset->next;
		free(rrset->data);
		free(rrset);
		rrset = next;
	}
	free(data->name);
	free(data);
}

static void
free_node(rbnode_type *node, void *unused)
{
	(void)unused;
	data_free((struct auth_data *)(uintptr_t)node->key);
}

static void
tree_free(rbtree_type *tree)
{
	traverse_postorder(tree, free_node, NULL);
}

static struct auth_data *
add_name(
    rbtree_type *tree, const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *octets)
{
	size_t length;
	const uint8_t *owner = lr_rrset_owner(zone, rrset, &length);
	struct auth_data *data = calloc(1, sizeof(*data));
	if (!data)
		return NULL;
	data->name = memdup((void *)(uintptr_t)owner, length);
	if (!data->name) {
		free(data);
		return NULL;
	}
	data->namelen = length;
	data->namelabs = dname_count_labels(data->name);
	data->node.key = data;
	*octets += malloc_usable_size(data) + malloc_usable_size(data->name);
	(void)rbtree_insert(tree, &data->node);
	return data;
}

/* What a root server's answer would make of it: the child's own NS and addresses replace what the
 * parent says of them (RFC 2181 section 5.4.1). */
static enum rrset_trust
trust_of(const struct lr_rrset *rrset)
{
	if (rrset->signatures)
		return rrset_trust_prim_noglue;
	return rrset->type == LDNS_RR_TYPE_NS ? rrset_trust_auth_noAA : rrset_trust_add_noAA;
}

static struct auth_rrset *
make_rrset(const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *octets)
{
	struct auth_rrset *made = calloc(1, sizeof(*made));
	struct packed_rrset_data *data = malloc(lr_packed_size(rrset));
	if (!made || !data) {
		free(made);
		free(data);
		return NULL;
	}
	/* The iterator asks for the SOA as part of denials only, for which its TTL is another. */
	lr_packed_fill(data, zone, rrset, rrset->type == LDNS_RR_TYPE_SOA);
	data->trust = trust_of(rrset);
	made->type = rrset->type;
	made->data = data;
	*octets += malloc_usable_size(made) + malloc_usable_size(data);
	return made;
}

/* The whole zone as Unbound keeps one. False: out of memory, and nothing is left. */
static bool
make_tree(const struct lr_zone *zone, rbtree_type *tree, size_t *octets)
{
	struct auth_data *data = NULL;
	struct auth_rrset **end = NULL;
	uint32_t node = UINT32_MAX;

	rbtree_init(tree, &auth_data_cmp);
	*octets = 0;
	for (size_t i = 0; i < lr_zone_rrset_count(zone); i++) {
		const struct lr_rrset *rrset = lr_zone_rrset(zone, i);
		if (!data || rrset->node != node) {
			node = rrset->node;
			data = add_name(tree, zone, rrset, octets);
			if (!data)
				break;
			end = &data->rrsets;
		}
		*end = make_rrset(zone, rrset, octets);
		if (!*end) {
			data = NULL;
			break;
		}
		end = &(*end)->next;
	}
	if (!data)
		tree_free(tree);
	return data != NULL;
}

/* Under the lock of the tree: what is at ".", and whether it is what we put there. */
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

/* Puts the tree where the iterator finds it; what was there before, if anything, is in the tree
 * afterwards. */
static enum lr_code
install(struct lr_lend *lend, rbtree_type *tree, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	bool ours;
	rbtree_type before;
	rbtree_init(&before, &auth_data_cmp);

	lock_rw_wrlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (zone && !ours) {
		code = lr_fail(err, LR_EUNSUPPORTED, "there is an auth-zone \".\" already");
	} else {
		if (zone)
			lock_rw_wrlock(&zone->lock);
		else /* comes back locked */
			zone = auth_zone_create(
			    lend->zones, root_name, sizeof(root_name), LDNS_RR_CLASS_IN);
		if (zone) {
			before = zone->data;
			zone->data = *tree;
			zone->for_downstream = 0;
			zone->for_upstream = 1;
			/* With fallback, retries would go to the real root servers. */
			zone->fallback_enabled = 0;
			lock_rw_unlock(&zone->lock);
			*tree = before;
			atomic_store(&lend->zone, zone);
			atomic_store(&lend->on, true);
		} else {
			code = lr_fail(err, LR_ENOMEM, "out of memory");
		}
	}
	lock_rw_unlock(&lend->zones->lock);
	return code;
}

static enum lr_code
lend_anew(struct lr_lend *lend, const struct lr_zone *zone, struct lr_error *err)
{
	rbtree_type tree;
	size_t octets;
	if (!make_tree(zone, &tree, &octets))
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = install(lend, &tree, err);
	if (code == LR_OK)
		atomic_store(&lend->octets, octets);
	tree_free(&tree);
	return code;
}

/* Whether the zone is where we put it; turns it on or off. */
static bool
toggle(struct lr_lend *lend, bool on)
{
	bool ours;
	lock_rw_rdlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (ours && atomic_load(&lend->on) != on) {
		lock_rw_wrlock(&zone->lock);
		zone->for_upstream = on;
		lock_rw_unlock(&zone->lock);
		atomic_store(&lend->on, on);
	}
	lock_rw_unlock(&lend->zones->lock);
	return ours;
}

static bool
is_lent(struct lr_lend *lend)
{
	bool ours;
	lock_rw_rdlock(&lend->zones->lock);
	(void)find_root(lend, &ours);
	lock_rw_unlock(&lend->zones->lock);
	return ours && atomic_load(&lend->on);
}

enum lr_code
lr_lend_ensure(struct lr_lend *lend, const struct lr_zone *zone, struct lr_error *err)
{
	if (is_lent(lend))
		return LR_OK;
	pthread_mutex_lock(&lend->lock);
	enum lr_code code = toggle(lend, true) ? LR_OK : lend_anew(lend, zone, err);
	pthread_mutex_unlock(&lend->lock);
	return code;
}

enum lr_code
lr_lend_renew(struct lr_lend *lend, const struct lr_zone *zone, struct lr_error *err)
{
	if (!atomic_load(&lend->zone))
		return LR_OK;
	pthread_mutex_lock(&lend->lock);
	enum lr_code code = lend_anew(lend, zone, err);
	pthread_mutex_unlock(&lend->lock);
	return code;
}

void
lr_lend_withdraw(struct lr_lend *lend)
{
	if (!atomic_load(&lend->on))
		return;
	pthread_mutex_lock(&lend->lock);
	(void)toggle(lend, false);
	pthread_mutex_unlock(&lend->lock);
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
	bool ours;
	lock_rw_wrlock(&lend->zones->lock);
	struct auth_zone *zone = find_root(lend, &ours);
	if (ours)
		(void)rbtree_delete(&lend->zones->ztree, &zone->node);
	lock_rw_unlock(&lend->zones->lock);
	if (ours) { /* auth_zone_delete() is not ours to call */
		lock_rw_destroy(&zone->lock);
		tree_free(&zone->data);
		free(zone->name);
		free(zone);
	}
	pthread_mutex_destroy(&lend->lock);
	free(lend);
}
