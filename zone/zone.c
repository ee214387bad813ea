#include "zone_layout.h"

#include <stdlib.h>

const struct lr_zone *
lr_zone_ref(const struct lr_zone *zone)
{
	/* The count is the one field that changes in a sealed zone. */
	struct lr_zone *counted = (struct lr_zone *)(uintptr_t)zone;
	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
	return zone;
}

void
lr_zone_unref(const struct lr_zone *zone)
{
	if (!zone)
		return;
	struct lr_zone *counted = (struct lr_zone *)(uintptr_t)zone;
	if (atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) == 1)
		free(counted);
}

const struct lr_zone_facts *
lr_zone_facts(const struct lr_zone *zone)
{
	return &zone->facts;
}

const uint8_t *
lr_zone_origin(const struct lr_zone *zone)
{
	return zone->arena + zone->nodes[0].name;
}

size_t
lr_zone_rrset_count(const struct lr_zone *zone)
{
	return zone->rrset_count;
}

const struct lr_rrset *
lr_zone_rrset(const struct lr_zone *zone, size_t index)
{
	return &zone->rrsets[index];
}

bool
lr_node_search(const struct lr_zone *zone, const uint8_t *name, uint32_t *position)
{
	uint64_t key = lr_name_key(name, zone->origin_labels);
	uint32_t low = 0, high = zone->node_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct lr_node *node = &zone->nodes[middle];
		int order;
		if (key != node->key)
			order = key < node->key ? -1 : 1;
		else if ((order = lr_name_compare(name, zone->arena + node->name)) == 0) {
			*position = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*position = low;
	return false;
}

const struct lr_rrset *
lr_node_rrset(const struct lr_zone *zone, const struct lr_node *node, uint16_t type)
{
	const struct lr_rrset *rrset = &zone->rrsets[node->rrset];
	for (unsigned i = 0; i < node->rrsets; i++)
		if (rrset[i].type == type)
			return &rrset[i];
	return NULL;
}

const struct lr_rrset *
lr_zone_lookup(const struct lr_zone *zone, const uint8_t *name, uint16_t type)
{
	uint32_t position;
	if (!lr_node_search(zone, name, &position))
		return NULL;
	return lr_node_rrset(zone, &zone->nodes[position], type);
}

const uint8_t *
lr_rrset_owner(const struct lr_zone *zone, const struct lr_rrset *rrset, size_t *length)
{
	const struct lr_node *node = &zone->nodes[rrset->node];
	*length = node->name_length;
	return zone->arena + node->name;
}

const uint8_t *
lr_rrset_data(const struct lr_zone *zone, const struct lr_rrset *rrset)
{
	return zone->arena + rrset->data;
}
