#include "upstream_zone.h"
#include "packed_rrset.h"
#include "pages.h"

#include <malloc.h>

void
lr_upstream_zone_init(struct lr_upstream_zone *contents)
{
	memset(contents, 0, sizeof(*contents));
	rbtree_init(&contents->tree, &auth_data_cmp);
}

bool
lr_upstream_zone_is_empty(const struct lr_upstream_zone *contents)
{
	return !contents->zone;
}

static void
free_key(struct auth_data *key)
{
	if (key)
		free(key->name);
	free(key);
}

void
lr_upstream_zone_let_go(struct lr_upstream_zone *contents)
{
	lr_pages_free(contents->pages, contents->size);
	lr_zone_unref(contents->zone);
	lr_upstream_zone_init(contents);
}

void
lr_upstream_zone_clear(struct lr_upstream_zone *contents)
{
	if (LR_HAS_FAST_RELOAD) {
		const struct auth_data *names = contents->pages;
		for (size_t i = 0; i < contents->tree.count; i++)
			free_key((struct auth_data *)(uintptr_t)names[i].node.key);
	}
	lr_upstream_zone_let_go(contents);
}

/* What Unbound goes by to find the name, and may delete. NULL: out of memory. */
static const struct auth_data *
make_key(const struct auth_data *name, size_t *bytes)
{
	if (!LR_HAS_FAST_RELOAD)
		return name;
	struct auth_data *key = calloc(1, sizeof(*key));
	if (key)
		key->name = memdup(name->name, name->namelen);
	if (!key || !key->name) {
		free_key(key);
		return NULL;
	}
	key->namelen = name->namelen;
	key->namelabs = name->namelabs;
	*bytes += malloc_usable_size(key) + malloc_usable_size(key->name);
	return key;
}

static bool
set_name(
    struct auth_data *name, const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *bytes)
{
	name->name = (uint8_t *)(uintptr_t)lr_rrset_owner(zone, rrset, &name->namelen);
	name->namelabs = dname_count_labels(name->name);
	name->node.key = make_key(name, bytes);
	return name->node.key != NULL;
}

static size_t
count_names(const struct lr_zone *zone)
{
	size_t names = 0;
	uint32_t node = UINT32_MAX;
	for (size_t i = 0; i < lr_zone_rrset_count(zone); i++) {
		names += lr_zone_rrset(zone, i)->node != node;
		node = lr_zone_rrset(zone, i)->node;
	}
	return names;
}

/* A tree of names that are in order. Nobody adds to it or takes from it: its colours do not
 * matter. */
static rbnode_type *
grow(struct auth_data *names, size_t count, rbnode_type *none, rbnode_type *parent)
{
	size_t middle = count / 2;
	if (count == 0)
		return none;
	rbnode_type *node = &names[middle].node;
	node->parent = parent;
	node->left = grow(names, middle, none, node);
	node->right = grow(names + middle + 1, count - middle - 1, none, node);
	return node;
}

bool
lr_upstream_zone_write(struct lr_upstream_zone *contents, const struct lr_zone *zone)
{
	size_t names = count_names(zone), rrsets = lr_zone_rrset_count(zone);
	bool done = true;
	lr_upstream_zone_init(contents);
	contents->size = names * sizeof(struct auth_data) + rrsets * sizeof(struct auth_rrset);
	contents->pages = lr_pages_new(contents->size);
	if (!contents->pages)
		return false;
	contents->bytes = contents->size;
	contents->zone = lr_zone_ref(zone);
	contents->tree.count = names;

	struct auth_data *name = contents->pages;
	struct auth_rrset *made = (struct auth_rrset *)(name + names), **end = &name->rrsets;
	rbnode_type *none = contents->tree.root;
	contents->tree.root = grow(name, names, none, none);
	uint32_t node = UINT32_MAX;
	for (size_t i = 0; i < rrsets && done; i++, made++) {
		const struct lr_rrset *rrset = lr_zone_rrset(zone, i);
		if (rrset->node != node) {
			node = rrset->node;
			end = &name->rrsets;
			done = set_name(name++, zone, rrset, &contents->bytes);
		}
		made->type = rrset->type;
		made->data = lr_packed(zone, rrset);
		*end = made;
		end = &made->next;
	}
	if (!done)
		lr_upstream_zone_clear(contents);
	return done;
}
