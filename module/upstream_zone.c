#include "upstream_zone.h"
#include "packed_rrset.h"

#include <malloc.h>

void
lr_upstream_zone_init(struct lr_upstream_zone *contents)
{
	rbtree_init(&contents->tree, &auth_data_cmp);
	contents->bytes = 0;
}

bool
lr_upstream_zone_is_empty(const struct lr_upstream_zone *contents)
{
	return contents->tree.count == 0;
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

void
lr_upstream_zone_clear(struct lr_upstream_zone *contents)
{
	traverse_postorder(&contents->tree, free_node, NULL);
	lr_upstream_zone_init(contents);
}

static struct auth_data *
add_name(rbtree_type *tree, const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *bytes)
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
	*bytes += malloc_usable_size(data) + malloc_usable_size(data->name);
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
make_rrset(const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *bytes)
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
	*bytes += malloc_usable_size(made) + malloc_usable_size(data);
	return made;
}

bool
lr_upstream_zone_write(struct lr_upstream_zone *contents, const struct lr_zone *zone)
{
	rbtree_type *tree = &contents->tree;
	size_t *bytes = &contents->bytes;
	struct auth_data *data = NULL;
	struct auth_rrset **end = NULL;
	uint32_t node = UINT32_MAX;

	lr_upstream_zone_init(contents);
	for (size_t i = 0; i < lr_zone_rrset_count(zone); i++) {
		const struct lr_rrset *rrset = lr_zone_rrset(zone, i);
		if (!data || rrset->node != node) {
			node = rrset->node;
			data = add_name(tree, zone, rrset, bytes);
			if (!data)
				break;
			end = &data->rrsets;
		}
		*end = make_rrset(zone, rrset, bytes);
		if (!*end) {
			data = NULL;
			break;
		}
		end = &(*end)->next;
	}
	if (!data)
		lr_upstream_zone_clear(contents);
	return data != NULL;
}
